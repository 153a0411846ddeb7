/* SPDX-License-Identifier: MIT */
/* In-kernel self-tests: each room exports suites from its test/ folder; kernel/selftest.c lists them. */
#pragma once

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
