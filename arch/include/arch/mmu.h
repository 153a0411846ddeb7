/* SPDX-License-Identifier: MIT */
/* Address spaces as the CPU sees them. The walker that edits tables is generic: kernel/pagetable.h. */
#pragma once

#include "abi/types.h"

/* arch/<a>/include/arch/impl/mmu.h: ARCH_USER_TOP (first address that user mode cannot have), ARCH_ASID_BITS (0:
 * untagged, every switch flushes), ARCH_TLB_BROADCAST (1: arch_tlb_flush reaches other CPUs by hardware or firmware),
 * arch_mmu_publish(): orders table writes before the walks that follow on this CPU, after an entry went from invalid to
 * valid; arch_tlb_forget_here(va): this CPU forgets the translation of a user's page, in every space; table writes come first.
 * arch_page_zero(page), arch_page_copy(to, from): one page of the direct map, in the way that suits the CPU best. */
#include "arch/impl/mmu.h"

/*
 * The kernel's address layout, the same on every architecture; it fits the upper half of Sv39.
 * docs/memory.md draws it.
 */
#define KERNEL_SPACE_BASE    0xffffffc000000000ul
#ifndef KERNEL_DIRECT_BASE /* the build machine has its own */
#define KERNEL_DIRECT_BASE   0xffffffc000000000ul /* direct map: all RAM, and registers the kernel drives */
#endif
#define KERNEL_DIRECT_SIZE   0x0000002000000000ul /* 128 GiB of physical addresses */
#define KERNEL_SHADOW_BASE   0xffffffe000000000ul /* KASAN shadow, one eighth of the space: 32 GiB */
#define KERNEL_STACKS_BASE   0xffffffe800000000ul /* thread stacks between guard pages */
#define KERNEL_STACKS_SIZE   0x0000000400000000ul
#define KERNEL_PERCPU_BASE   0xffffffec00000000ul /* per-CPU areas */
#define KERNEL_PERCPU_SIZE   0x0000000040000000ul
#define KERNEL_HEAP_BASE     0xffffffed00000000ul /* kernel heap */
#define KERNEL_HEAP_SIZE     0x0000000400000000ul
#define KERNEL_IMAGE_BASE    0xffffffff80000000ul /* kernel image: the last 2 GiB */

static inline void *phys_to_virt(uint64_t pa) {
    return (void *)(KERNEL_DIRECT_BASE + pa);
}

static inline uint64_t virt_to_phys(const void *direct) {
    return (uint64_t)direct - KERNEL_DIRECT_BASE;
}

struct pt_format;

/* The format of the kernel's own table and of new user address spaces on this CPU. */
const struct pt_format *arch_mmu_format(void);

/* The highest level of a leaf that this CPU knows: 2 for 1 GiB, 1 for 2 MiB. */
unsigned arch_mmu_leaf_level(void);

/* Physical address of the table that the boot code made live; the kernel replaces it. */
uint64_t arch_mmu_boot_root(void);

/* Makes `root` this CPU's kernel table (upper half), everything of the boot table forgotten. */
void arch_mmu_set_kernel(uint64_t root);

/* Makes `root` the user half of this CPU. asid 0 is the kernel's: no user mappings at all. */
void arch_mmu_switch(uint64_t root, uint32_t asid);

/* Forgets translations of [va, va + pages*4096) in asid on all CPUs of the set `cpus` (this one included if in the
 * set); pages 0 means all of asid, or, if va is a kernel address, everything. Kernel addresses are global: any asid.
 * Cached entries of the tables on the way to a flushed page are forgotten too, on architectures whose format does not
 * set table_flush_all. Returns when every CPU has done it. */
void arch_tlb_flush(uint64_t cpus, uint32_t asid, uint64_t va, size_t pages);
