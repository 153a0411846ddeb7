/* SPDX-License-Identifier: MIT */
/* The kernel's own page table: image, direct map, stacks, per-CPU areas, heap. */
#pragma once

#include "abi/bootinfo.h"
#include "kernel/pagetable.h"
#include "kernel/spinlock.h"

extern struct spinlock kernelspace_lock; /* LOCK_KERNEL_SPACE */
extern struct pagetable kernel_pagetable; /* protected by kernelspace_lock */

/* Builds the table from the memory map and makes it live. Boot CPU. */
void kernelspace_init(const struct boot_info *bi);

/* Maps one page of kernel data, read-write. ALREADY_EXISTS, NO_MEMORY. */
ts_status_t kernelspace_map_page(uint64_t va, uint64_t pa);

/* Unmaps one page and frees its frame. */
void kernelspace_unmap_page(uint64_t va);

/* Name of the layout area that an address lies in, for reports. */
const char *kernelspace_area(uint64_t va);
