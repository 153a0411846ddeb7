/* SPDX-License-Identifier: MIT */
/* The build machine: physical memory is one anonymous mapping, which host_memory_create() makes. */
#pragma once

#include "abi/types.h"
#include "base/string.h"

#define ARCH_USER_TOP      0x0000008000000000ul
#define ARCH_ASID_BITS     16
#define ARCH_TLB_BROADCAST 1

/* Added to a physical address: where it is mapped. */
extern uint64_t host_direct_base;
#define KERNEL_DIRECT_BASE host_direct_base

/* Maps physical memory [base, base+size), zeroed; what was there before is gone. */
void host_memory_create(uint64_t base, uint64_t size);

/* Called by arch_tlb_flush(), if set: tests watch the flushes. */
extern void (*host_tlb_flush_hook)(uint64_t cpus, uint32_t asid, uint64_t va, size_t pages);

static inline void arch_tlb_forget_here(uint64_t va) {
    (void)va;
}

static inline void arch_mmu_publish(void) {
}

static inline void arch_page_zero(void *page) {
    memset(page, 0, TS_PAGE_SIZE);
}

static inline void arch_page_copy(void *to, const void *from) {
    memcpy(to, from, TS_PAGE_SIZE);
}
