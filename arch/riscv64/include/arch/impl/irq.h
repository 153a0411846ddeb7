/* SPDX-License-Identifier: MIT */
/* RISC-V: sstatus.SIE masks and unmasks all interrupts of this CPU. */
#pragma once

#include "abi/types.h"

#define ARCH_SSTATUS_SIE 2

static inline void arch_irq_disable(void) {
    __asm__ volatile("csrci sstatus, %0" ::"i"(ARCH_SSTATUS_SIE) : "memory");
}

static inline void arch_irq_enable(void) {
    __asm__ volatile("csrsi sstatus, %0" ::"i"(ARCH_SSTATUS_SIE) : "memory");
}

static inline bool arch_irq_enabled(void) {
    uint64_t status;
    __asm__ volatile("csrr %0, sstatus" : "=r"(status)::"memory");
    return (status & ARCH_SSTATUS_SIE) != 0;
}
