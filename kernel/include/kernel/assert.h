/* SPDX-License-Identifier: MIT */
/* Assertions and panic. Never on user input. */
#pragma once

#include "kernel/log.h"

_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One line of a backtrace on the debug console. */
void panic_print_address(uint64_t ip);

/* What a panic calls to tell the state of the system; it takes no lock and may fault (which ends the panic). */
void panic_set_dump(void (*dump)(void));

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
