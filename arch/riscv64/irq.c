/* SPDX-License-Identifier: MIT */
/*
 * The PLIC. A line is enabled in the context of the hart that it goes to, for ever; it is masked by
 * priority 0, since the completion of a claim may be lost while a line is not enabled. enable_lock
 * protects the enable words, which lines share; the rest of a line is its own, and the kernel
 * serialises calls for one line.
 */
#include "arch/irq.h"

#include "arch/io.h"
#include "arch/mmu.h"
#include "arch/upcall.h"
#include "riscv64/riscv64_priv.h"

#define LINES_MAX          1024u
#define PRIORITY(line)     (4u * (line))
#define ENABLE(context)    (0x2000u + 0x80u * (context))
#define THRESHOLD(context) (0x200000u + 0x1000u * (context))
#define CLAIM(context)     (THRESHOLD(context) + 4u)

/* Constant after irq_init(), but for the arrays. */
static uint8_t *plic; /* null: no PLIC, no lines */
static unsigned line_count;
static uint32_t priority_max;
static uint32_t contexts[TS_CPU_COUNT_MAX];
static uint8_t priorities[LINES_MAX]; /* of the line when it is not masked */
static uint8_t targets[LINES_MAX];    /* CPU */
static uint32_t enable_lock;          /* atomic: 0 or 1; held for two register accesses */

static uint32_t plic_read(unsigned offset) {
    return arch_mmio_read32(plic + offset);
}

static void plic_write(unsigned offset, uint32_t value) {
    arch_mmio_write32(plic + offset, value);
}

/* Priorities are the powers of two below some limit: the unused bits stay zero. */
static uint32_t probe_priority_max(void) {
    plic_write(PRIORITY(1), UINT32_MAX);
    uint32_t max = plic_read(PRIORITY(1));
    plic_write(PRIORITY(1), 0);
    return max == 0 ? 1 : max > 255 ? 255 : max;
}

static void write_enable(unsigned cpu, unsigned line, bool enable) {
    unsigned offset = ENABLE(contexts[cpu]) + 4 * (line / 32);
    while (__atomic_exchange_n(&enable_lock, 1, __ATOMIC_ACQUIRE) != 0) {
        arch_spin_wait();
    }
    uint32_t word = plic_read(offset);
    uint32_t bit = 1u << line % 32;
    plic_write(offset, enable ? word | bit : word & ~bit);
    __atomic_store_n(&enable_lock, 0, __ATOMIC_RELEASE);
}

/* All lines go to CPU 0, masked. */
void irq_init(const struct boot_info *bi) {
    if (bi->controller.kind != BOOT_CONTROLLER_PLIC || bi->controller.range_count == 0) {
        return;
    }
    plic = phys_to_virt(bi->controller.range[0].base);
    uint32_t last = bi->controller.line_count; /* sources count from 1 */
    line_count = last == 0 || last >= LINES_MAX ? LINES_MAX : last + 1;
    for (unsigned cpu = 0; cpu < bi->cpu_count; cpu++) {
        contexts[cpu] = bi->cpu[cpu].controller_context;
        for (unsigned word = 0; word * 32 < line_count; word++) {
            plic_write(ENABLE(contexts[cpu]) + 4 * word, cpu == 0 ? UINT32_MAX : 0);
        }
    }
    for (unsigned line = 1; line < line_count; line++) {
        plic_write(PRIORITY(line), 0);
        priorities[line] = 1;
    }
    priority_max = probe_priority_max();
}

void irq_init_cpu(void) {
    if (plic != NULL) {
        plic_write(THRESHOLD(contexts[arch_percpu()->cpu]), 0);
        csr_set(sie, SIE_EXTERNAL);
    }
}

/* One line at a time: others that are pending trap again. */
void irq_interrupt(void) {
    unsigned claim = CLAIM(contexts[arch_percpu()->cpu]);
    uint32_t line = plic_read(claim);
    if (line != 0 && line < line_count) {
        kernel_irq(line);
        plic_write(claim, line);
    }
}

unsigned arch_irq_line_count(void) {
    return line_count;
}

bool arch_irq_line_usable(unsigned line) {
    return line > 0 && line < line_count;
}

void arch_irq_mask(unsigned line) {
    plic_write(PRIORITY(line), 0);
}

void arch_irq_unmask(unsigned line) {
    plic_write(PRIORITY(line), priorities[line]);
}

/* The gateway of each source is wired for what its device does. */
void arch_irq_set_trigger(unsigned line, enum arch_irq_trigger trigger) {
    (void)line;
    (void)trigger;
}

/* 0-255 becomes 1-priority_max, in force from the next arch_irq_unmask() on. */
void arch_irq_set_priority(unsigned line, unsigned priority) {
    uint32_t clipped = priority > 255 ? 255 : priority;
    priorities[line] = (uint8_t)(1 + clipped * (priority_max - 1) / 255);
}

void arch_irq_set_target(unsigned line, unsigned cpu) {
    if (targets[line] != cpu) {
        write_enable(targets[line], line, false);
        targets[line] = (uint8_t)cpu;
        write_enable(cpu, line, true);
    }
}

uint32_t irq_priority_in_force(unsigned line) {
    return plic_read(PRIORITY(line));
}

bool arch_irq_raise(unsigned line) {
    (void)line;
    return false;
}
