/* SPDX-License-Identifier: MIT */
/*
 * The CPU: start-up, identity, idle, reset, counters.
 * The kernel runs with interrupts off, except in arch_idle() and at its preemption points.
 */
#pragma once

#include "abi/bootinfo.h"
#include "abi/types.h"

/* arch/<a>/include/arch/impl/cpu.h defines struct arch_percpu (what entry code needs, first member of the
 * kernel's per-CPU block), ARCH_CACHE_LINE, ARCH_ELF_MACHINE, and inline: arch_percpu() arch_cpu_pause() arch_cycle_count(). */
#include "arch/impl/cpu.h"

enum arch_reset_kind { ARCH_RESET_OFF, ARCH_RESET_REBOOT };

/* The percpu block of this CPU; set by arch_percpu_set() before anything else runs. */
static inline struct arch_percpu *arch_percpu(void);

/* Makes p the running CPU's percpu block. p->cpu is its index, 0 for the boot CPU. */
void arch_percpu_set(struct arch_percpu *p);

/* Boot CPU, first thing in kernel_main: trap vectors and CPU features. No allocation; bi stays valid for ever. */
void arch_init_early(const struct boot_info *bi);

/* Boot CPU, after the kernel's page tables are live: interrupt controller and timer. */
void arch_init_interrupts(const struct boot_info *bi);

/* Another CPU, first thing in kernel_main_secondary: vectors, features, its interrupt controller part, timer. */
void arch_init_secondary(void);

/* One line that names CPU and features in use, for the log. */
void arch_cpu_describe(char *buffer, size_t size);

/* Waits for an interrupt. Entered and left with interrupts off; pending interrupts are taken inside. */
void arch_idle(void);

/* Stops this CPU for ever, interrupts off. */
_Noreturn void arch_halt(void);

/* Powers off with an exit code where the machine can carry one (0-255; 0 is success), or reboots. Falls back to
 * arch_halt(). Any context. */
_Noreturn void arch_reset(enum arch_reset_kind kind, unsigned code);

/* Called in every iteration of a spin loop with interrupts off. Serves requests of other CPUs (TLB shoot-down)
 * that would deadlock otherwise. */
void arch_spin_wait(void);

/* Makes instructions written to [va, va+size) (a kernel alias) visible to execution on every CPU. */
void arch_cache_sync_code(const void *va, size_t size);

/* Writes back what caches hold of [va, va+size), so that devices and other ways to the memory see it. */
void arch_cache_clean(const void *va, size_t size);

/* 64 bits of entropy from the CPU in *value; false if it has no source. */
bool arch_entropy(uint64_t *value);
