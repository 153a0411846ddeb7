/* SPDX-License-Identifier: MIT */
/* In-kernel self-tests: each room exports suites from its test/ folder; kernel/selftest.c lists them. */
#pragma once

#include "abi/types.h"
#include "kernel/log.h"

struct selftest {
    const char *name;   /* unique in the suite, printed after the suite's name; starts with the rule it holds, if any */
    bool (*run)(void);  /* interrupts off, in a kernel thread */
};

struct selftest_suite {
    const char *name;
    const struct selftest *tests;
    size_t count;
};

/* Ends the test as failed, and says where. */
#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            log_line("# %s:%d: not so: %s", __FILE__, __LINE__, #condition);                       \
            return false;                                                                          \
        }                                                                                          \
    } while (0)

struct task;

/* For tests of several tasks (kernel/sched/test/support.c). A test ends with selftest_join(). */

/* A task of this priority on these CPUs; panics without memory. It is ready when this returns. */
struct task *selftest_spawn(void (*fn)(void *), void *argument, unsigned priority, uint64_t cpus);
/* Waits, at most five seconds, until all spawned tasks have returned; false: they did not. */
bool selftest_join(void);
void selftest_sleep(ts_time_t nanoseconds);
/* Sleeps until the word has at least this value, at most five seconds. */
bool selftest_await(const uint32_t *word, uint32_t value);
uint64_t selftest_random(uint64_t *state);
