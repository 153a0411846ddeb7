/* SPDX-License-Identifier: MIT */
#pragma once

#include "abi/types.h"

/* The last page of the lower half stays empty, so that a system call in it could not return beyond
 * the half. */
#define ARCH_USER_TOP      0x00007ffffffff000ul
#define ARCH_ASID_BITS     0
#define ARCH_TLB_BROADCAST 0

/* A fault forgets the translation that it met, but the thread may be on another CPU by now. */
static inline void arch_tlb_forget_here(uint64_t va) {
    __asm__ volatile("invlpg (%0)" ::"r"(va) : "memory");
}

/* Writes to tables are seen by walks in program order, and absent entries are not remembered. */
static inline void arch_mmu_publish(void) {
    __asm__ volatile("" ::: "memory");
}

static inline void arch_page_zero(void *page) {
    uint64_t words = TS_PAGE_SIZE / sizeof(uint64_t);
    __asm__ volatile("rep stosq" : "+D"(page), "+c"(words) : "a"(0ul) : "memory");
}

static inline void arch_page_copy(void *to, const void *from) {
    uint64_t words = TS_PAGE_SIZE / sizeof(uint64_t);
    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
}
