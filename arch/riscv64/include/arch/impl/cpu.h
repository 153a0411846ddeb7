/* SPDX-License-Identifier: MIT */
/*
 * RISC-V: the per-CPU block of the architecture, and what reads the CPU inline. In the kernel, tp
 * points to the block and sscratch is 0; in user mode, sscratch points to the block and tp is the
 * program's.
 */
#pragma once

#include "abi/types.h"

#define ARCH_ELF_MACHINE 243u /* e_machine of programs */
#define ARCH_CACHE_LINE 64

struct arch_context;
struct arch_frame;

/* Written by its own CPU with interrupts off, unless a member says otherwise. */
struct arch_percpu {
    struct arch_frame *frame;     /* of the next trap from user mode: top of the thread's stack */
    uint64_t user_sp;             /* entry code only: the sp that trapped */
    uint64_t scratch;             /* entry code only: a register to check the stack with */
    struct arch_context *context; /* of the running thread; null before the first switch */
    uint32_t cpu;
    uint32_t ipi_pending;         /* atomic, any CPU: bit per enum arch_ipi */
};

/* The register itself: after a call or a preemption point it is that of the CPU that runs then. */
register struct arch_percpu *arch_percpu_register __asm__("tp");

static inline struct arch_percpu *arch_percpu(void) {
    return arch_percpu_register;
}

/* The instruction pause, which is an empty fence to CPUs that do not know it. */
static inline void arch_cpu_pause(void) {
    __asm__ volatile(".insn i 0x0f, 0, x0, x0, 0x010" ::: "memory");
}

static inline uint64_t arch_cycle_count(void) {
    uint64_t cycles;
    __asm__ volatile("rdcycle %0" : "=r"(cycles));
    return cycles;
}

/* The end of the boot code: the boot CPU runs high, on the boot stack, with its percpu block and
 * trap vector set. Notes how to leave the machine, for panics, and calls kernel_main(). */
struct boot_info;
_Noreturn void arch_start(const struct boot_info *bi);
