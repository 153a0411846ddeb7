/* SPDX-License-Identifier: MIT */
/* Inline part of arch/irq.h: the I bit of DAIF. FIQs are never used and stay masked. */
#pragma once

#include "abi/types.h"

#define ARM_DAIF_I 0x80u

static inline void arch_irq_disable(void) {
    __asm__ volatile("msr daifset, #2" : : : "memory");
}

/* What is pending is taken before this returns. */
static inline void arch_irq_enable(void) {
    __asm__ volatile("msr daifclr, #2\n\tisb" : : : "memory");
}

static inline bool arch_irq_enabled(void) {
    uint64_t daif;
    __asm__ volatile("mrs %0, daif" : "=r"(daif) : : "memory");
    return (daif & ARM_DAIF_I) == 0;
}
