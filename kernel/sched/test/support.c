/* SPDX-License-Identifier: MIT */
/* Tasks for the self-tests of all rooms. `running` is atomic: tests run one at a time. */
#include "arch/time.h"
#include "kernel/assert.h"
#include "kernel/heap.h"
#include "kernel/sched.h"
#include "kernel/selftest.h"

#define PATIENCE 5000000000l

struct spawned {
    void (*fn)(void *);
    void *argument;
};

static uint32_t running; /* atomic */

static void run_spawned(void *context) {
    struct spawned spawned = *(struct spawned *)context;
    heap_free(context);
    spawned.fn(spawned.argument);
    __atomic_fetch_sub(&running, 1, __ATOMIC_RELEASE);
}

struct task *selftest_spawn(void (*fn)(void *), void *argument, unsigned priority, uint64_t cpus) {
    struct spawned *spawned = heap_alloc(sizeof(*spawned));
    ASSERT(spawned != NULL);
    *spawned = (struct spawned){fn, argument};
    struct task *task = task_create_kernel("selftest", run_spawned, spawned, priority);
    ASSERT(task != NULL);
    __atomic_fetch_add(&running, 1, __ATOMIC_RELAXED);
    task->affinity = cpus;
    task_make_ready(task);
    return task;
}

void selftest_sleep(ts_time_t nanoseconds) {
    task_wait_begin(NULL);
    (void)task_block(arch_time_now() + nanoseconds);
}

bool selftest_join(void) {
    ts_time_t end = arch_time_now() + PATIENCE;
    while (__atomic_load_n(&running, __ATOMIC_ACQUIRE) != 0) {
        if (arch_time_now() > end) {
            return false;
        }
        selftest_sleep(100000);
    }
    return true;
}

bool selftest_await(const uint32_t *word, uint32_t value) {
    ts_time_t end = arch_time_now() + PATIENCE;
    while (__atomic_load_n(word, __ATOMIC_ACQUIRE) < value) {
        if (arch_time_now() > end) {
            return false;
        }
        selftest_sleep(100000);
    }
    return true;
}

uint64_t selftest_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}
