/* SPDX-License-Identifier: MIT */
/* The per-CPU block. Written by its own CPU with interrupts off, unless a member says otherwise. */
#pragma once

#include "arch/cpu.h"
#include "base/list.h"

struct thread;

struct percpu {
    struct arch_percpu arch; /* first: entry code finds it */
    struct thread *current;
    uint32_t pending;        /* enum percpu_pending: work before the return to user mode; others set bits by IPI only */
    uint32_t lock_depth;     /* debug builds: locks held, and their classes */
    uint8_t lock_classes[16];
};

static inline struct percpu *percpu_self(void) {
    return (struct percpu *)arch_percpu();
}

static inline unsigned percpu_cpu(void) {
    return arch_percpu()->cpu;
}

#define CPU_BIT(cpu) ((uint64_t)1 << (cpu))
