/* SPDX-License-Identifier: MIT */
#pragma once

/* The last page of the lower half stays empty, so that a system call in it could not return beyond
 * the half. */
#define ARCH_USER_TOP      0x00007ffffffff000ul
#define ARCH_ASID_BITS     0
#define ARCH_TLB_BROADCAST 0
