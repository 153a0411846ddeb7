/* SPDX-License-Identifier: MIT */
/*
 * RISC-V: the frame that entry code stores, and the state of a thread that does not run. entry.S
 * and context.S know both by riscv64/offsets.h, which context.c checks.
 */
#pragma once

#include "abi/types.h"

#define ARCH_SYSCALL_ARGUMENTS 10
#define ARCH_SYSCALL_VALUES    9

#define ARCH_SSTATUS_SPP 0x100ul

/* x[i] is register xi, x[0] is unused. A system call stores x[1]-x[27] and ip alone. */
struct arch_frame {
    uint64_t x[32];
    uint64_t ip;
    uint64_t status; /* sstatus; of a frame of user mode, SPP is clear since the thread was made */
    uint64_t cause;
    uint64_t value; /* stval */
};

struct arch_context {
    struct arch_frame *frame; /* null: a kernel thread */
    uint64_t ra, sp, s[12];   /* where arch_context_switch() continues */
    uint64_t fpu_used;        /* if so, f and fcsr are its state while it does not run */
    uint64_t f[32];
    uint64_t fcsr;
};

/* Registers by number: a0 is x10, t0-t2 are x5-x7. */
static inline uint64_t arch_frame_syscall_number(const struct arch_frame *frame) {
    return frame->x[17];
}

/* i < 10: a0-a6, then t0-t2. */
static inline uint64_t arch_frame_argument(const struct arch_frame *frame, unsigned i) {
    return frame->x[i < 7 ? 10 + i : i - 2];
}

static inline void arch_frame_set_status(struct arch_frame *frame, ts_status_t status) {
    frame->x[10] = (uint64_t)(int64_t)status;
}

/* i < 9: a1-a6, then t0-t2. */
static inline void arch_frame_set_value(struct arch_frame *frame, unsigned i, uint64_t value) {
    frame->x[i < 6 ? 11 + i : i - 1] = value;
}

static inline uint64_t arch_frame_ip(const struct arch_frame *frame) {
    return frame->ip;
}

static inline uint64_t arch_frame_sp(const struct arch_frame *frame) {
    return frame->x[2];
}

static inline bool arch_frame_is_user(const struct arch_frame *frame) {
    return (frame->status & ARCH_SSTATUS_SPP) == 0;
}
