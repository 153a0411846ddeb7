/* SPDX-License-Identifier: MIT */
/* The boot order, one call per line. Everything of it runs on the boot CPU, which becomes its idle task. */
#include "arch/cpu.h"
#include "arch/smp.h"
#include "arch/time.h"
#include "arch/upcall.h"
#include "base/string.h"
#include "kernel/assert.h"
#include "kernel/frames.h"
#include "kernel/heap.h"
#include "kernel/init.h"
#include "kernel/kasan.h"
#include "kernel/kernelspace.h"
#include "kernel/sched.h"
#include "kernel/syscall.h"
#include "kernel/system.h"
#include "kernel/task_tree.h"
#include "kernel/trace.h"
#include "kernel/vm_audit.h"

#define MEMORY_MIN      ((uint64_t)32 << 20)
#define PERCPU_STRIDE   ((uint64_t)1 << 16)
#define ROOT_SHARE      10u /* tenths of free memory that the root job may use */
#define ROOT_SHARE_USED 9u

static struct task boot_idle = {.name = "idle 0"};
static const struct boot_info *boot_info;

static void stage(const char *name) {
    static unsigned number;
    log_line("[%u/9] %s", ++number, name);
}

static void check_memory(const struct boot_info *bi) {
    uint64_t usable = 0;
    for (uint32_t i = 0; i < bi->memory_count; i++) {
        usable += bi->memory[i].kind == BOOT_MEMORY_USABLE ? bi->memory[i].length : 0;
    }
    if (usable < MEMORY_MIN) {
        panic("too little memory: %lu KiB are free, %lu KiB are needed", usable >> 10, MEMORY_MIN >> 10);
    }
}

static void start_console(const struct boot_info *bi) {
    log_init(&bi->uart);
    stage("console");
    log_line("Tessera, booted by %s", bi->firmware);
    if (bi->error != NULL) {
        panic("cannot start: %s", bi->error);
    }
}

/* A page of records; without memory for it the CPU is not traced. */
static void start_trace(struct percpu *block) {
    struct frame *frame = frame_alloc(FRAME_KERNEL, FRAME_ANY);
    block->trace = frame != NULL ? frame_to_virt(frame) : NULL;
}

static struct percpu *new_percpu(unsigned cpu) {
    uint64_t base = KERNEL_PERCPU_BASE + cpu * PERCPU_STRIDE;
    for (uint64_t offset = 0; offset < sizeof(struct percpu); offset += TS_PAGE_SIZE) {
        struct frame *frame = frame_alloc(FRAME_KERNEL, FRAME_ANY);
        if (frame == NULL || kernelspace_map_page(base + offset, frame_to_phys(frame)) != TS_OK) {
            panic("no memory for CPU %u", cpu);
        }
    }
    return (struct percpu *)base;
}

/* Brings up one CPU and waits for it, at most a second: a CPU that does not come is left out. */
static void start_cpu(const struct boot_info *bi, unsigned cpu) {
    struct percpu *block = new_percpu(cpu);
    struct task *idle = heap_alloc(sizeof(*idle));
    void *stack = stack_alloc();
    if (idle == NULL || stack == NULL) {
        panic("no memory for CPU %u", cpu);
    }
    percpu_add(block);
    string_copy(idle->name, sizeof(idle->name), "idle");
    idle->wait_word = 1;
    sched_init_cpu(block, idle);
    start_trace(block);
    if (arch_cpu_start(bi, &block->arch, (char *)stack + stack_size()) != TS_OK) {
        log_line("CPU %u does not start", cpu);
        return;
    }
    ts_time_t deadline = arch_time_now() + 1000000000;
    while ((percpu_online() & CPU_BIT(cpu)) == 0 && arch_time_now() < deadline) {
        arch_spin_wait();
    }
    if ((percpu_online() & CPU_BIT(cpu)) == 0) {
        log_line("CPU %u does not answer", cpu);
    }
}

static void start_cpus(const struct boot_info *bi) {
    for (unsigned cpu = 1; cpu < bi->cpu_count; cpu++) {
        start_cpu(bi, cpu);
    }
    log_line("%u CPUs of %u run", (unsigned)__builtin_popcountl(percpu_online()), bi->cpu_count);
}

static void start_jobs(void) {
    struct frame_counts counts;
    frames_count(&counts);
    uint64_t free_bytes = (counts.use[FRAME_FREE] + counts.use[FRAME_MAGAZINE]) * TS_PAGE_SIZE;
    if (job_create_root(free_bytes / ROOT_SHARE * ROOT_SHARE_USED) != TS_OK) {
        panic("no memory for the root job");
    }
}

/* The first task: tests if the command line asks for them, then the first process. */
static void boot_task(void *context) {
    const struct boot_info *bi = context;
    if (strncmp(bi->command_line, "selftest", 8) == 0) {
        uint64_t failed = selftest_run();
        arch_reset(ARCH_RESET_OFF, failed == 0 ? 0 : 1);
    }
    init_start(bi);
    crash_if_asked(bi->command_line);
}

/* Has no checked variables itself, since it runs before their shadow is there. */
KASAN_UNCHECKED _Noreturn void kernel_main(const struct boot_info *bi) {
    if (CONFIG_KASAN) {
        kasan_early(bi->kernel.base);               /* before there is a checked variable on the stack */
    }
    boot_info = bi;
    start_console(bi);                              /* so that everything below can complain */
    arch_init_early(bi);                            /* faults are reported from here on */
    check_memory(bi);
    stage("physical memory");
    frames_init(bi);                                /* arenas and bitmaps over free RAM */
    stage("virtual memory");
    log_line("kernel image %lx+%lx", bi->kernel.base, bi->kernel.length);
    stage("page tables");
    kernelspace_init(bi);                           /* the boot code's table is forgotten */
    stage("heap");
    heap_init();
    stage("interrupt controller");
    arch_init_interrupts(bi);                       /* controller and timer */
    stage("scheduler");
    boot_idle.wait_word = 1;
    sched_init_cpu(percpu_self(), &boot_idle);      /* this code is CPU 0's idle task from here on */
    start_trace(percpu_self());
    trace_start(bi->command_line);
    panic_set_dump(system_panic_dump);
    start_jobs();
    stage("idle threads");
    start_cpus(bi);                                 /* each CPU with its own */
    stage("system calls");
    syscall_set_mutation(bi->command_line);
    address_space_init();                           /* a task that takes address spaces apart */
    job_pressure_init();                            /* one that tells jobs how scarce memory is */
    vmo_init();                                     /* and one for large memory objects */
    vm_audit_init();
    struct task *first = task_create_kernel("boot", boot_task, (void *)(uintptr_t)bi, PRIORITY_DEFAULT);
    if (first == NULL) {
        panic("no memory for the first task");
    }
    task_make_ready(first);
    sched_idle();
}

_Noreturn void kernel_main_secondary(unsigned cpu) {
    arch_init_secondary();
    percpu_set_online(cpu);
    sched_idle();
}
