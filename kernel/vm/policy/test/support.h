/* SPDX-License-Identifier: MIT */
/* What the tests of this room share: random numbers that repeat, sets with their memory, panics
 * that are expected. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/reclaim_policy.h"

#define SUPPORT_POLICIES 5
extern const struct reclaim_policy *const support_policies[SUPPORT_POLICIES];

/* A set with memory for its ghosts from malloc, in a block of the exact size. support_set_free()
 * frees it. */
void support_set_init(struct reclaim_set *set, const struct reclaim_policy *policy,
                      uint32_t capacity);
void support_set_free(struct reclaim_set *set);

/* Memory for ghosts; null if none is needed. */
void *support_history(const struct reclaim_policy *policy, uint32_t capacity);

/* Prints a fault that an audit found. */
void support_report(const char *format, ...);

/* The same numbers on every machine. */
uint64_t support_random(uint64_t *state, uint64_t below);

/* TEST_SEED of the environment, or the fixed one; printed. TEST_ROUNDS, or `usual`. */
uint64_t support_seed(uint64_t fixed);
uint64_t support_rounds(uint64_t usual);

extern jmp_buf support_panic_jump;
extern bool support_panic_expected;

/* The statement must panic. */
#define EXPECT_PANIC(statement)                                                                    \
    do {                                                                                           \
        support_panic_expected = true;                                                             \
        if (setjmp(support_panic_jump) == 0) {                                                     \
            statement;                                                                             \
            fail_msg("no panic");                                                                  \
        }                                                                                          \
    } while (0)
