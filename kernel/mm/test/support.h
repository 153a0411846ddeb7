/* SPDX-License-Identifier: MIT */
/* What the host tests of this room share: a machine, CPUs, and panics that can be expected. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/status.h"
#include "arch/mmu.h"
#include "kernel/frames.h"
#include "kernel/heap.h"
#include "kernel/pagetable.h"
#include "reference.h"

/* Makes the calling thread a CPU. */
void support_become_cpu(unsigned cpu);

/* Physical memory at [0, size); none of it given to frames. */
void support_memory(uint64_t size);

/* The machine of most tests, made once: 64 MiB of RAM in three arenas, 1 MiB of it kept by boot. */
void support_machine(void);

/* Prints a fault and counts it. */
void support_report(const char *format, ...);

/* Takes every frame that can be had and chains them, leaving `left` free; support_give_back() frees them again. */
struct list_node *support_exhaust(unsigned left);
void support_give_back(struct list_node *hoard);

/* Frames in use, of all kinds but boot's. */
uint64_t support_frames_used(void);

extern jmp_buf support_panic_jump;
extern int support_panic_expected;
extern char support_panic_text[256];

/* The statement must panic with a text that contains `part`. */
#define EXPECT_PANIC(statement, part)                                                              \
    do {                                                                                           \
        support_panic_expected = 1;                                                                \
        if (setjmp(support_panic_jump) == 0) {                                                     \
            statement;                                                                             \
            fail_msg("no panic");                                                                  \
        }                                                                                          \
        if (strstr(support_panic_text, part) == NULL) {                                            \
            fail_msg("another panic: %s", support_panic_text);                                     \
        }                                                                                          \
    } while (0)

/* A generator of one's own: the same numbers on every machine. */
struct random {
    uint64_t state;
};
uint64_t random_next(struct random *random);
uint64_t random_below(struct random *random, uint64_t limit);

/* The seed of a random test: TEST_SEED of the environment, or the fixed one; printed. */
uint64_t support_seed(uint64_t fixed);
/* TEST_ROUNDS of the environment, or `usual`. */
uint64_t support_rounds(uint64_t usual);

/* The formats, each with the geometry of its hardware, and places in it that a test may map. */
struct format_case {
    const struct pt_format *format;
    struct reference reference;
    uint64_t base[2];       /* starts of two stretches of 4 GiB, in both ranges if there are two */
    unsigned physical_bits;
    bool types;             /* entries carry memory types */
};
extern const struct format_case format_cases[];
extern const unsigned format_case_count;

/* What the hardware sees must be what flags (of enum pt_flags) say; false and a message otherwise. */
bool support_hardware_agrees(const struct format_case *c, uint64_t root, uint64_t va, uint64_t pa, uint32_t flags);
