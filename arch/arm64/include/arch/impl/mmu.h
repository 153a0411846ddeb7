/* SPDX-License-Identifier: MIT */
/* Constants of arch/mmu.h. Tables have three levels; TTBR0 is the user half, TTBR1 the kernel's. */
#pragma once

#include "abi/types.h"
#include "base/string.h"

#define ARCH_USER_TOP      0x0000004000000000ul /* 256 GiB, as under Sv39 */
#define ARCH_ASID_BITS     16                   /* a CPU with 8 bits runs untagged: mmu.c */
#define ARCH_TLB_BROADCAST 1

static inline void arch_tlb_forget_here(uint64_t va) {
    __asm__ volatile("dsb nshst\n\ttlbi vaae1, %0\n\tdsb nsh\n\tisb" ::"r"(va >> 12 & 0xffffffffffful) : "memory");
}

static inline void arch_mmu_publish(void) {
    __asm__ volatile("dsb ishst\n\tisb" : : : "memory");
}

extern uint64_t arm_zero_block; /* bytes that one DC ZVA clears; 0: not to be used */

static inline void arch_page_zero(void *page) {
    uint64_t block = arm_zero_block;
    if (block == 0) {
        memset(page, 0, TS_PAGE_SIZE);
        return;
    }
    for (uint64_t at = (uint64_t)page, end = at + TS_PAGE_SIZE; at != end; at += block) {
        __asm__ volatile("dc zva, %0" ::"r"(at) : "memory");
    }
}

static inline void arch_page_copy(void *to, const void *from) {
    memcpy(to, from, TS_PAGE_SIZE);
}
