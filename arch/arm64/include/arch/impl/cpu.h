/* SPDX-License-Identifier: MIT */
/* Inline part of arch/cpu.h. TPIDR_EL1 holds the address of the percpu block. */
#pragma once

#include "abi/types.h"

#define ARCH_ELF_MACHINE 183u /* e_machine of programs */
#define ARCH_CACHE_LINE 64

struct arch_context;

/* Written by its own CPU only; `cpu` by whoever made the block. */
struct arch_percpu {
    uint64_t emergency_stack;     /* top (offset ARM_PERCPU_EMERGENCY) */
    struct arch_context *context; /* of the running thread (offset ARM_PERCPU_CONTEXT) */
    uint32_t cpu;                 /* index into boot_info.cpu */
    volatile void *redistributor; /* GICv3 */
};

static inline struct arch_percpu *arch_percpu(void) {
    struct arch_percpu *self;
    __asm__ volatile("mrs %0, tpidr_el1" : "=r"(self));
    return self;
}

static inline void arch_cpu_pause(void) {
    __asm__ volatile("yield" : : : "memory");
}

extern bool arm_has_pmu; /* written once by the boot CPU before others start */

/* Processor cycles, or ticks of the system counter on a CPU without performance monitors. */
static inline uint64_t arch_cycle_count(void) {
    uint64_t count;
    if (arm_has_pmu) {
        __asm__ volatile("isb\n\tmrs %0, pmccntr_el0" : "=r"(count) : : "memory");
    } else {
        __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(count) : : "memory");
    }
    return count;
}
