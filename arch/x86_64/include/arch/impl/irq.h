/* SPDX-License-Identifier: MIT */
/* Interrupt masking by RFLAGS.IF. */
#pragma once

#include "abi/types.h"

#define RFLAGS_INTERRUPT 0x200ul

static inline void arch_irq_disable(void) {
    __asm__ volatile("cli" ::: "memory");
}

/* sti lets interrupts in only after the next instruction: without the nop, an arch_irq_disable()
 * right behind would never let any in, and preemption points are just that. */
static inline void arch_irq_enable(void) {
    __asm__ volatile("sti; nop" ::: "memory");
}

static inline bool arch_irq_enabled(void) {
    uint64_t flags;
    __asm__ volatile("pushfq; popq %0" : "=r"(flags));
    return (flags & RFLAGS_INTERRUPT) != 0;
}
