/* SPDX-License-Identifier: MIT */
/*
 * Inline part of arch/context.h. The layouts are read by assembly; arm64_priv.h has the offsets,
 * and context.c asserts that they agree. A system call preserves x18-x30, sp and the vector
 * registers; x8 and x11-x17 are lost.
 */
#pragma once

#include "abi/types.h"

#define ARCH_SYSCALL_ARGUMENTS 10
#define ARCH_SYSCALL_VALUES    9

struct arch_frame {
    uint64_t x[31];
    uint64_t sp;
    uint64_t pc;
    uint64_t pstate;
    uint64_t record[2]; /* of a trap from the kernel: a link of the chain of frame pointers */
};

struct arch_fpu {
    uint64_t q[64];
    uint64_t fpsr;
    uint64_t fpcr;
} __attribute__((aligned(16)));

struct arch_context {
    struct arch_frame *frame;
    uint64_t callee[12]; /* x19-x30 of a thread that does not run; x30 is where it continues */
    uint64_t sp;
    uint64_t tls;      /* TPIDR_EL0 while it does not run */
    uint64_t fpu_used; /* not 0: has vector state, which moves with the thread */
    struct arch_fpu fpu;
};

static inline uint64_t arch_frame_syscall_number(const struct arch_frame *frame) {
    return frame->x[8];
}

/* Arguments and values leave out x8, which holds the number. */
static inline uint64_t arch_frame_argument(const struct arch_frame *frame, unsigned i) {
    return frame->x[i < 8 ? i : i + 1];
}

static inline void arch_frame_set_status(struct arch_frame *frame, ts_status_t status) {
    frame->x[0] = (uint64_t)(int64_t)status;
}

static inline void arch_frame_set_value(struct arch_frame *frame, unsigned i, uint64_t value) {
    frame->x[i < 7 ? i + 1 : i + 2] = value;
}

static inline uint64_t arch_frame_ip(const struct arch_frame *frame) {
    return frame->pc;
}

static inline uint64_t arch_frame_sp(const struct arch_frame *frame) {
    return frame->sp;
}

/* PSTATE.M: exception level 0. */
static inline bool arch_frame_is_user(const struct arch_frame *frame) {
    return (frame->pstate & 0xf) == 0;
}
