/* SPDX-License-Identifier: MIT */
/*
 * The contract on the build machine, as far as the rooms that are tested there need it: threads are CPUs, physical
 * memory is an anonymous mapping, a TLB flush is a call that a test may watch.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/mmu.h"

_Thread_local struct arch_percpu *host_percpu;
_Thread_local bool host_irq_enabled;
uint64_t host_direct_base;
void (*host_tlb_flush_hook)(uint64_t cpus, uint32_t asid, uint64_t va, size_t pages);

static void *memory;
static uint64_t memory_size;

void host_memory_create(uint64_t base, uint64_t size) {
    if (memory != NULL) {
        munmap(memory, memory_size);
    }
    memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        perror("host: memory");
        exit(1);
    }
    memory_size = size;
    host_direct_base = (uint64_t)memory - base;
}

void arch_percpu_set(struct arch_percpu *p) {
    host_percpu = p;
}

void host_yield(void) {
    sched_yield();
}

void arch_spin_wait(void) {
    host_yield();
}

void arch_tlb_flush(uint64_t cpus, uint32_t asid, uint64_t va, size_t pages) {
    if (host_tlb_flush_hook != NULL) {
        host_tlb_flush_hook(cpus, asid, va, pages);
    }
}

