/* SPDX-License-Identifier: MIT */
/* The audit, and the system's counters. */
#include "kernel/assert.h"
#include "kernel/capability.h"
#include "kernel/frames.h"
#include "kernel/heap.h"
#include "kernel/object.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
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

uint64_t audit_run(void) {
    uint64_t problems = frames_audit(log_line) + heap_audit(log_line);
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
    case TS_COUNTER_SWITCHES:
        *value = switches;
        return TS_OK;
    case TS_COUNTER_CALLS:
        *value = syscall_total();
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

static unsigned dump_process(const struct process *process) {
    unsigned count = 0;
    LIST_FOR_EACH(node, &process->threads) {
        const struct thread *thread = container_of(node, struct thread, process_link);
        log_line("%s/%s: state %u priority %u cpu %u", process->name, thread->task.name, thread->task.state,
                 thread->task.priority, thread->task.cpu);
        count++;
    }
    return count;
}

static unsigned dump_job(const struct job *job) {
    unsigned count = 0;
    LIST_FOR_EACH(node, &job->processes) {
        count += dump_process(container_of(node, struct process, job_link));
    }
    return count;
}

/* The root job and its children: what supervisors make. */
uint64_t system_dump_threads(void) {
    spinlock_acquire(&task_tree_lock);
    uint64_t count = dump_job(job_root());
    LIST_FOR_EACH(node, &job_root()->children) {
        count += dump_job(container_of(node, struct job, sibling));
    }
    spinlock_release(&task_tree_lock);
    return count;
}
