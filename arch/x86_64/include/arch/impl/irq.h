/* SPDX-License-Identifier: MIT */
#pragma once

#include "abi/types.h"

#define RFLAGS_INTERRUPT 0x200ul

static inline void arch_irq_disable(void) {
    __asm__ volatile("cli" ::: "memory");
}

static inline void arch_irq_enable(void) {
    __asm__ volatile("sti" ::: "memory");
}

static inline bool arch_irq_enabled(void) {
    uint64_t flags;
    __asm__ volatile("pushfq; popq %0" : "=r"(flags));
    return (flags & RFLAGS_INTERRUPT) != 0;
}
