/* SPDX-License-Identifier: MIT */
/* The audit, and the system's counters. */
#include "kernel/assert.h"
#include "kernel/capability.h"
#include "kernel/frames.h"
#include "kernel/heap.h"
#include "kernel/kernelspace.h"
#include "kernel/object.h"
#include "kernel/process.h"
#include "kernel/system.h"

#include "arch/time.h"

static uint64_t faults;         /* atomic: of user mode */
static ts_time_t boot_time;     /* ns from the kernel's start to the first process; set once */

void system_count_fault(void) {
    __atomic_fetch_add(&faults, 1, __ATOMIC_RELAXED);
}

void system_boot_done(void) {
    boot_time = arch_time_now();
}

/* Every address space's table, one after the other, each under its own lock. */
static uint64_t audit_spaces(void) {
    uint64_t problems = 0;
    ts_koid_t koid = 0;
    struct process *process;
    while ((process = process_after(koid)) != NULL) {
        koid = process->object.koid;
        mutex_acquire(&process->space->lock);
        problems += pagetable_audit(&process->space->table, log_line);
        mutex_release(&process->space->lock);
        object_release(&process->object);
        sched_preemption_point();
    }
    return problems;
}

uint64_t audit_run(void) {
    grace_synchronize();
    uint64_t problems = frames_audit(log_line) + heap_audit(log_line) + slab_audit(log_line);
    problems += audit_spaces();
    spinlock_acquire(&kernelspace_lock);
    problems += pagetable_audit(&kernel_pagetable, log_line);
    spinlock_release(&kernelspace_lock);
    if (log_console_bytes_after_release() != 0) {
        log_line("audit: the kernel wrote %lu bytes to the console after it gave it away",
                 log_console_bytes_after_release());
        problems++;
    }
    return problems;
}

ts_status_t system_counter(uint64_t counter, uint64_t *value) {
    uint64_t switches = 0;
    for (unsigned i = 0; i < percpu_count(); i++) {
        switches += percpu_of(i)->switches;
    }
    switch (counter) {
    case TS_COUNTER_INTERRUPTS_OFF_MAX:
        *value = (uint64_t)irq_off_max();
        return CONFIG_DEBUG ? TS_OK : TS_ERR_NOT_SUPPORTED;
    case TS_COUNTER_SWITCHES:
        *value = switches;
        return TS_OK;
    case TS_COUNTER_FAULTS:
        *value = __atomic_load_n(&faults, __ATOMIC_RELAXED);
        return TS_OK;
    case TS_COUNTER_BOOT_NS:
        *value = (uint64_t)boot_time;
        return TS_OK;
    case TS_COUNTER_OBJECTS:
        *value = object_count();
        return TS_OK;
    case TS_COUNTER_CAPABILITIES:
        *value = capability_count();
        return TS_OK;
    default:
        return TS_ERR_INVALID_ARGS;
    }
}

#define DUMP_MAX 512u /* threads told of: a list that was damaged must not loop for ever */

typedef void (*print_fn)(const char *format, ...) __attribute__((format(printf, 1, 2)));

static unsigned dump_process(const struct process *process, print_fn print, const char *end) {
    unsigned count = 0;
    LIST_FOR_EACH(node, &process->threads) {
        const struct thread *thread = container_of(node, struct thread, process_link);
        print("%s/%s: state %u call %u priority %u CPU %u%s", process->name, thread->task.name, thread->task.state,
              thread->call_state, thread->task.priority, thread->task.cpu, end);
        if (++count == DUMP_MAX) {
            break;
        }
    }
    return count;
}

/* task_tree_lock held, or the other CPUs stopped. */
static unsigned dump_jobs(print_fn print, const char *end) {
    unsigned count = 0;
    for (struct job *job = job_next(NULL); job != NULL && count < DUMP_MAX; job = job_next(job)) {
        LIST_FOR_EACH(node, &job->processes) {
            count += dump_process(container_of(node, struct process, job_link), print, end);
        }
    }
    return count;
}

uint64_t system_dump_threads(void) {
    spinlock_acquire(&task_tree_lock);
    uint64_t count = dump_jobs(log_line, "");
    spinlock_release(&task_tree_lock);
    return count;
}

static void dump_cpus(void) {
    for (unsigned i = 0; i < percpu_count(); i++) {
        const struct task *task = percpu_of(i)->current;
        log_emergency("CPU %u runs %s\n", i, task != NULL ? task->name : "nothing");
    }
}

void system_panic_dump(void) {
    dump_cpus();
    if (job_root() != NULL) {
        log_emergency("threads:\n");
        (void)dump_jobs(log_emergency, "\n");
    }
}
