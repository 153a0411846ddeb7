/* SPDX-License-Identifier: MIT */
/* Numbers for assembly: members of structures and addresses (context.c checks both), CSR bits. */
#pragma once

#include "arch/impl/layout.h"
#include "arch/stack.h"

#define PERCPU_FRAME   0
#define PERCPU_USER_SP 8
#define PERCPU_SCRATCH 16
#define PERCPU_CONTEXT 24

#define FRAME_X(n)   (8 * (n))
#define FRAME_IP     256
#define FRAME_STATUS 264
#define FRAME_CAUSE  272
#define FRAME_VALUE  280
#define FRAME_SIZE   288

#define CONTEXT_FRAME    0
#define CONTEXT_RA       8
#define CONTEXT_SP       16
#define CONTEXT_S(n)     (24 + 8 * (n))
#define CONTEXT_FPU_USED 120
#define CONTEXT_F(n)     (128 + 8 * (n))
#define CONTEXT_FCSR     384

#define START_SATP   0
#define START_PERCPU 8
#define START_STACK  16
#define START_HART   24

#define SSTATUS_SPIE     0x20
#define SSTATUS_SPP      0x100
#define SSTATUS_FS       0x6000 /* both bits set: dirty */
#define SSTATUS_FS_CLEAN 0x4000
#define SSTATUS_VS       0x600
#define SSTATUS_SUM      0x40000
#define SSTATUS_UXL_64   0x200000000

#define CAUSE_USER_CALL 8
#define CAUSE_OVERFLOW  24 /* ours: reserved for custom use by the architecture */

#define STATUS_INVALID_ARGS -10

#define USER_TOP_SHIFT  38
#define BOOT_STACK_SIZE ARCH_STACK_SIZE
#define EMERGENCY_SIZE  8192
#define STACKS_SHIFT    34 /* the region of kernel stacks is what has these bits: */
#define STACKS_PREFIX   -6 /* KERNEL_STACKS_BASE >> STACKS_SHIFT */
