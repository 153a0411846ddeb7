/* SPDX-License-Identifier: MIT */
#pragma once

#include "abi/types.h"

#define ARCH_SYSCALL_ARGUMENTS 10
#define ARCH_SYSCALL_VALUES    9
#define ARCH_FPU_AREA_SIZE     832 /* XSAVE, standard form: legacy area, header, AVX */
#define ARCH_FPU_AREA_ALIGN    64

/* Registers in the order in which entry code stores them (layout.h has the offsets). */
struct arch_frame {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    uint64_t vector; /* all ones: system call */
    uint64_t error;
    uint64_t rip, cs, rflags, rsp, ss;
};

struct arch_ports;

/* Written by the CPU that switches from or to it. sp is meaningful while the thread does not run.
 */
struct arch_context {
    struct arch_frame *frame; /* null: a kernel thread */
    uint64_t sp;
    uint64_t stack_top;
    uint64_t tls; /* FS base */
    bool fpu_used;
    const struct arch_ports *ports;                                 /* null: none (arch/ports.h) */
    uint8_t fpu_area[ARCH_FPU_AREA_SIZE + ARCH_FPU_AREA_ALIGN - 1]; /* aligned inside */
};

static inline uint64_t arch_frame_syscall_number(const struct arch_frame *frame) {
    return frame->rax;
}

static inline uint64_t arch_frame_argument(const struct arch_frame *frame, unsigned i) {
    switch (i) {
    case 0: return frame->rdi;
    case 1: return frame->rsi;
    case 2: return frame->rdx;
    case 3: return frame->r10;
    case 4: return frame->r8;
    case 5: return frame->r9;
    case 6: return frame->r12;
    case 7: return frame->r13;
    case 8: return frame->r14;
    default: return frame->r15;
    }
}

static inline void arch_frame_set_status(struct arch_frame *frame, ts_status_t status) {
    frame->rax = (uint64_t)(int64_t)status;
}

static inline void arch_frame_set_value(struct arch_frame *frame, unsigned i, uint64_t value) {
    switch (i) {
    case 0: frame->rdi = value; break;
    case 1: frame->rsi = value; break;
    case 2: frame->rdx = value; break;
    case 3: frame->r10 = value; break;
    case 4: frame->r8 = value; break;
    case 5: frame->r9 = value; break;
    case 6: frame->r12 = value; break;
    case 7: frame->r13 = value; break;
    default: frame->r14 = value; break;
    }
}

static inline uint64_t arch_frame_ip(const struct arch_frame *frame) {
    return frame->rip;
}

static inline uint64_t arch_frame_sp(const struct arch_frame *frame) {
    return frame->rsp;
}

static inline bool arch_frame_is_user(const struct arch_frame *frame) {
    return (frame->cs & 3) != 0;
}
