/* SPDX-License-Identifier: MIT */
/*
 * Allocations that fail on purpose, one at a time, so that tests reach every path on which there is no memory. Only
 * what a job's own threads make the kernel allocate is counted: the rest of the system must not suffer.
 */
#include "kernel/frames.h"
#include "kernel/system.h"
#include "kernel/task_tree.h"

static const struct job *failing_job; /* only compared; written before `left` */
static uint64_t left;                 /* atomic: allocations up to the one that fails; 0: none does */

static bool is_below(const struct job *job, const struct job *top) {
    while (job != NULL && job != top) {
        job = job->parent;
    }
    return job != NULL;
}

/* Kernel tasks have no space. Who counts from 1 to 0 fails. */
static bool refuses(void) {
    struct task *task = task_current();
    uint64_t now = __atomic_load_n(&left, __ATOMIC_ACQUIRE);
    if (now == 0 || task == NULL || task->space == NULL ||
        !is_below(thread_of_task(task)->process->job, __atomic_load_n(&failing_job, __ATOMIC_RELAXED))) {
        return false;
    }
    while (now != 0 && !__atomic_compare_exchange_n(&left, &now, now - 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        /* another CPU counted */
    }
    return now == 1;
}

uint64_t system_fail_allocation(const struct job *job, uint64_t nth) {
    uint64_t before = __atomic_exchange_n(&left, 0, __ATOMIC_RELAXED);
    memory_refuses = refuses;
    __atomic_store_n(&failing_job, job, __ATOMIC_RELAXED);
    __atomic_store_n(&left, nth, __ATOMIC_RELEASE);
    return before;
}
