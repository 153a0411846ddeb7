/* SPDX-License-Identifier: MIT */
/* Assertions and panic. Never on user input. */
#pragma once

#include "kernel/log.h"

_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define ASSERT(condition)                                                                          \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0)) {                                                   \
            panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #condition);                  \
        }                                                                                          \
    } while (0)

/* Expensive ones: debug builds only. */
#define DEBUG_ASSERT(condition)                                                                    \
    do {                                                                                           \
        if (CONFIG_DEBUG) {                                                                        \
            ASSERT(condition);                                                                     \
        }                                                                                          \
    } while (0)
