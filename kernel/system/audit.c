/* SPDX-License-Identifier: MIT */
/* The audit, and the system's counters. */
#include "kernel/assert.h"
#include "kernel/capability.h"
#include "kernel/frames.h"
#include "kernel/heap.h"
#include "kernel/kernelspace.h"
#include "kernel/object.h"
#include "kernel/process.h"
#include "kernel/reclaim.h"
#include "kernel/system.h"
#include "kernel/vm_audit.h"

#include "arch/time.h"

static ts_time_t boot_time;     /* ns from the kernel's start to the first process; set once */

void system_boot_done(void) {
    boot_time = arch_time_now();
}

#define TRIES 50u /* a millisecond apart: what others are about to free is freed by then */

static void quiet(const char *format, ...) {
    (void)format;
}

/* Every address space, one after the other. */
static uint64_t audit_spaces(void) {
    uint64_t problems = 0;
    ts_koid_t koid = 0;
    struct process *process;
    while ((process = process_after(koid)) != NULL) {
        koid = process->object.koid;
        problems += vm_audit_space(process->space, log_line);
        object_release(&process->object);
        sched_preemption_point();
    }
    return problems;
}

/* All jobs' books start anew. */
static void forget_found(void) {
    spinlock_acquire(&task_tree_lock);
    for (struct job *job = job_next(NULL); job != NULL; job = job_next(job)) {
        job->account.found = 0;
    }
    spinlock_release(&task_tree_lock);
}

/* A job is charged at least for what its children are, and for the memory that was found. task_tree_lock held. */
static uint64_t audit_account(const struct job *job, audit_report report) {
    uint64_t problems = 0;
    uint64_t memory = __atomic_load_n(&job->account.used[TS_CEILING_MEMORY], __ATOMIC_RELAXED);
    if (memory < job->account.found) {
        report("audit: job %s is charged %lu bytes, %lu were found", job->name, memory, job->account.found);
        problems++;
    }
    for (unsigned kind = 0; kind < TS_CEILING_COUNT; kind++) {
        uint64_t children = 0;
        LIST_FOR_EACH(node, &job->children) {
            const struct job *child = container_of(node, const struct job, sibling);
            children += __atomic_load_n(&child->account.used[kind], __ATOMIC_RELAXED);
        }
        uint64_t used = __atomic_load_n(&job->account.used[kind], __ATOMIC_RELAXED);
        if (used < children) {
            report("audit: job %s uses %lu of %u, its children %lu", job->name, used, kind, children);
            problems++;
        }
    }
    return problems;
}

/* What holds only while nobody allocates or frees. */
static uint64_t audit_sums(const struct vm_sums *sums, audit_report report) {
    struct frame_counts counts;
    uint64_t problems = 0;
    frames_count(&counts);
    if (counts.use[FRAME_VMO] != sums->pages) {
        report("audit: %lu frames are pages of memory objects, %lu were found", counts.use[FRAME_VMO], sums->pages);
        problems++;
    }
    uint64_t swapped = __atomic_load_n(&job_root()->account.used[TS_CEILING_SWAP], __ATOMIC_RELAXED);
    if (swapped != sums->slots * TS_PAGE_SIZE) {
        report("audit: %lu bytes of swap are charged, %lu slots were found", swapped, sums->slots);
        problems++;
    }
    spinlock_acquire(&task_tree_lock);
    for (struct job *job = job_next(NULL); job != NULL; job = job_next(job)) {
        problems += audit_account(job, report) + reclaim_audit_domain(&job->account, report);
    }
    spinlock_release(&task_tree_lock);
    return problems;
}

static void pause(void) {
    task_wait_begin(NULL);
    (void)task_block(arch_time_now() + 1000000);
}

/* Bitmaps and counts agree only while no other CPU allocates or frees. */
static uint64_t audit_frames(void) {
    for (unsigned tries = 1; tries < TRIES; tries++) {
        if (frames_audit(quiet) == 0) {
            return 0;
        }
        pause();
    }
    return frames_audit(log_line);
}

static uint64_t audit_memory(void) {
    uint64_t problems = 0;
    vm_audit_begin();
    for (unsigned tries = 1; tries <= TRIES; tries++) {
        struct vm_sums sums;
        forget_found();
        problems = vm_audit_families(&sums, log_line) + audit_spaces();
        bool last = tries == TRIES || problems != 0;
        problems += audit_sums(&sums, last ? log_line : quiet);
        if (last || problems == 0) {
            break;
        }
        pause();
    }
    vm_audit_end();
    return problems;
}

uint64_t audit_run(void) {
    grace_synchronize();
    uint64_t problems = audit_frames() + heap_audit(log_line) + slab_audit(log_line);
    problems += audit_memory();
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
    uint64_t switches = 0, faults = 0;
    for (unsigned i = 0; i < percpu_count(); i++) {
        switches += percpu_of(i)->switches;
        faults += percpu_of(i)->faults;
    }
    switch (counter) {
    case TS_COUNTER_INTERRUPTS_OFF_MAX:
        *value = (uint64_t)irq_off_max();
        return CONFIG_DEBUG ? TS_OK : TS_ERR_NOT_SUPPORTED;
    case TS_COUNTER_SWITCHES:
        *value = switches;
        return TS_OK;
    case TS_COUNTER_FAULTS:
        *value = faults;
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
