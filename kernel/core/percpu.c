/* SPDX-License-Identifier: MIT */
/* The table of per-CPU blocks. Entries are set once, before the CPU runs, and never change. */
#include "kernel/percpu.h"

#include "arch/upcall.h"

static struct percpu boot_block;
struct percpu *percpu_blocks[TS_CPU_COUNT_MAX] = {&boot_block};
static unsigned cpu_count = 1;
uint64_t percpu_online_cpus = 1;

struct arch_percpu *kernel_percpu_boot(void) {
    return &boot_block.arch;
}

void percpu_add(struct percpu *block) {
    block->arch.cpu = cpu_count;
    percpu_blocks[cpu_count++] = block;
}

unsigned percpu_count(void) {
    return cpu_count;
}

void percpu_set_online(unsigned cpu) {
    __atomic_fetch_or(&percpu_online_cpus, CPU_BIT(cpu), __ATOMIC_ACQ_REL);
}
