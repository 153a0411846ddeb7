/* SPDX-License-Identifier: MIT */
/*
 * Signals of jobs that tell how scarce memory is, before any is refused: PRESSURE when an eighth is left below the
 * ceiling of the job or of one above it, CRITICAL when a thirty-second is left. A job that is swapped has pressure when
 * its ceiling of swap is near; that of memory is where it should be. One task tells all, when an account notes that it
 * came near its ceiling, at most a hundred times a second, and as long as anybody has pressure.
 */
#include "kernel/task_tree.h"

#include "abi/signals.h"
#include "arch/time.h"
#include "kernel/assert.h"
#include "kernel/reclaim.h"

#define JOB_BATCH 32u                    /* jobs told with task_tree_lock held */
#define PAUSE     ((ts_time_t)10000000)  /* ns, at least, between two rounds */
#define AGAIN     ((ts_time_t)100000000) /* ns: what ends is not noted */

static unsigned own_pressure(const struct job *job) {
    enum ts_job_ceiling kind = reclaim_has_swap(&job->account) ? TS_CEILING_SWAP : TS_CEILING_MEMORY;
    return account_pressure(&job->account, kind, job->pressure);
}

/* task_tree_lock held; the parent was told before. */
static bool tell(struct job *job) {
    unsigned above = job->parent != NULL ? job->parent->pressure_told : 0;
    job->pressure = (uint8_t)own_pressure(job);
    unsigned level = job->pressure > above ? job->pressure : above;
    if (level != job->pressure_told) {
        ts_signals_t set = (level > 0 ? TS_SIGNAL_PRESSURE : 0) | (level > 1 ? TS_SIGNAL_PRESSURE_CRITICAL : 0);
        job->pressure_told = (uint8_t)level;
        object_update_signals(&job->object, (TS_SIGNAL_PRESSURE | TS_SIGNAL_PRESSURE_CRITICAL) & ~set, set);
    }
    return level > 0;
}

/* The next jobs, from one that is referenced, or null, on; the one behind them, referenced, or null. A job with a
 * reference stays in the tree. */
static struct job *tell_some(struct job *job, bool *pressed) {
    unsigned count = 0;
    spinlock_acquire(&task_tree_lock);
    job = job != NULL ? job : job_next(NULL);
    while (job != NULL && (count < JOB_BATCH || !object_try_reference(&job->object))) {
        *pressed = tell(job) || *pressed;
        job = job_next(job);
        count++;
    }
    spinlock_release(&task_tree_lock);
    return job;
}

static bool tell_all(void) {
    bool pressed = false;
    struct job *job = NULL;
    do {
        struct job *next = tell_some(job, &pressed);
        if (job != NULL) {
            object_release(&job->object);
        }
        job = next;
        sched_preemption_point();
    } while (job != NULL);
    return pressed;
}

static void tell_for_ever(void *context) {
    (void)context;
    bool pressed = false;
    for (;;) {
        account_wait_pressure(pressed ? arch_time_now() + AGAIN : TS_TIME_INFINITE);
        pressed = tell_all();
        task_wait_begin(NULL);
        (void)task_block(arch_time_now() + PAUSE);
    }
}

void job_pressure_init(void) {
    struct task *task = task_create_kernel("pressure", tell_for_ever, NULL, PRIORITY_TIDY);
    if (task == NULL) {
        panic("no memory for the task that tells of scarce memory");
    }
    task_make_ready(task);
}
