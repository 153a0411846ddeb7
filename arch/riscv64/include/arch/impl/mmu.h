/* SPDX-License-Identifier: MIT */
/* RISC-V: the user half is that of Sv39, also under Sv48, so that programs see one layout. */
#pragma once

#define ARCH_USER_TOP      0x0000004000000000ul
#define ARCH_ASID_BITS     16
#define ARCH_TLB_BROADCAST 1 /* by SBI */
