/* SPDX-License-Identifier: MIT */
/* Constants of arch/mmu.h. Tables have three levels; TTBR0 is the user half, TTBR1 the kernel's. */
#pragma once

#define ARCH_USER_TOP      0x0000004000000000ul /* 256 GiB, as under Sv39 */
#define ARCH_ASID_BITS     16                   /* a CPU with 8 bits runs untagged: mmu.c */
#define ARCH_TLB_BROADCAST 1
