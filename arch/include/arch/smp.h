/* SPDX-License-Identifier: MIT */
/* Other CPUs. */
#pragma once

#include "abi/types.h"
#include "arch/cpu.h"

enum arch_ipi { ARCH_IPI_RESCHEDULE, ARCH_IPI_STOP, ARCH_IPI_COUNT };

/* Starts CPU number p->cpu (index into boot_info.cpu) on the given stack; it calls kernel_main_secondary(p->cpu)
 * with the kernel's page table live and arch_percpu() set. Returns at once. */
ts_status_t arch_cpu_start(const struct boot_info *bi, struct arch_percpu *p, void *stack_top);

/* Raises kernel_ipi(kind) on each CPU of the set (not the sender). */
void arch_ipi_send(uint64_t cpus, enum arch_ipi kind);
