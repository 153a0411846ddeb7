/* SPDX-License-Identifier: MIT */
/* RISC-V: the user half is that of Sv39, also under Sv48, so that programs see one layout. */
#pragma once

#include "abi/types.h"
#include "base/string.h"

#define ARCH_USER_TOP      0x0000004000000000ul
#define ARCH_ASID_BITS     16
#define ARCH_TLB_BROADCAST 1 /* by SBI */

static inline void arch_tlb_forget_here(uint64_t va) {
    __asm__ volatile("sfence.vma %0, zero" ::"r"(va) : "memory");
}

/* A CPU may remember that an entry was invalid. */
static inline void arch_mmu_publish(void) {
    __asm__ volatile("sfence.vma" ::: "memory");
}

static inline void arch_page_zero(void *page) {
    memset(page, 0, TS_PAGE_SIZE);
}

/* By the function, whose loop is longer than the one that compilers put here. */
static inline void arch_page_copy(void *to, const void *from) {
    (memcpy)(to, from, TS_PAGE_SIZE);
}
