/* SPDX-License-Identifier: MIT */
/* Interrupt masking on this CPU, and interrupt lines of the machine's controller. */
#pragma once

#include "abi/types.h"

/* arch/<a>/include/arch/impl/irq.h: inline arch_irq_disable() arch_irq_enable() arch_irq_enabled(). */
#include "arch/impl/irq.h"

enum arch_irq_trigger { ARCH_IRQ_LEVEL_HIGH, ARCH_IRQ_LEVEL_LOW, ARCH_IRQ_EDGE_RISING, ARCH_IRQ_EDGE_FALLING };

/* Lines are numbered from 0 to arch_irq_line_count()-1: GSI on x86-64, INTID on ARM64, PLIC source on RISC-V. */
unsigned arch_irq_line_count(void);

/* False for a line that user space may not have (timers, IPIs, unwired). */
bool arch_irq_line_usable(unsigned line);

/* Lines start masked. All of these may be called in any context with interrupts off; the kernel serialises calls
 * for one line. A line delivered by kernel_irq() is masked there and unmasked when its holder acknowledges it. */
void arch_irq_mask(unsigned line);
void arch_irq_unmask(unsigned line);
void arch_irq_set_trigger(unsigned line, enum arch_irq_trigger trigger);
void arch_irq_set_priority(unsigned line, unsigned priority); /* 0 lowest .. 255 highest; clipped to what there is */
void arch_irq_set_target(unsigned line, unsigned cpu);

/* Makes a line pending as a device would, where the controller can (GIC; edges of an APIC); false otherwise. For
 * tests. */
bool arch_irq_raise(unsigned line);
