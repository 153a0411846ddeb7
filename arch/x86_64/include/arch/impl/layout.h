/* SPDX-License-Identifier: MIT */
/* Numbers that C and assembly share. init.c asserts that they agree with the structures. */
#pragma once

#define LAYOUT_IMAGE_BASE   0xffffffff80000000 /* KERNEL_IMAGE_BASE */
#define LAYOUT_USER_TOP     0x00007ffffffff000 /* ARCH_USER_TOP */
#define LAYOUT_INVALID_ARGS -10                /* TS_ERR_INVALID_ARGS */

#define SELECTOR_KERNEL_CODE 0x08
#define SELECTOR_KERNEL_DATA 0x10
#define SELECTOR_USER_DATA   0x23
#define SELECTOR_USER_CODE   0x2b
#define SELECTOR_TSS         0x30

/* struct arch_percpu */
#define PERCPU_SELF         0
#define PERCPU_KERNEL_STACK 8
#define PERCPU_SCRATCH      16

/* struct arch_frame */
#define FRAME_R15    0
#define FRAME_R14    8
#define FRAME_R13    16
#define FRAME_R12    24
#define FRAME_RBP    32
#define FRAME_RBX    40
#define FRAME_R11    48
#define FRAME_R10    56
#define FRAME_R9     64
#define FRAME_R8     72
#define FRAME_RAX    80
#define FRAME_RCX    88
#define FRAME_RDX    96
#define FRAME_RSI    104
#define FRAME_RDI    112
#define FRAME_VECTOR 120
#define FRAME_ERROR  128
#define FRAME_RIP    136
#define FRAME_CS     144
#define FRAME_RFLAGS 152
#define FRAME_RSP    160
#define FRAME_SS     168
#define FRAME_SIZE   176

/* struct arch_context */
#define CONTEXT_FRAME 0
#define CONTEXT_SP    8

/* struct smp_start, one per local APIC id */
#define SMP_START_PERCPU 0
#define SMP_START_STACK  8
#define SMP_START_SHIFT  4

#define VECTOR_NMI           2
#define VECTOR_DOUBLE_FAULT  8
#define VECTOR_MACHINE_CHECK 18

#define MSR_EFER    0xc0000080
#define MSR_GS_BASE 0xc0000101

#define EFER_SYSCALL    0x001
#define EFER_LONG_MODE  0x100
#define EFER_NO_EXECUTE 0x800

#define CR0_PROTECTED 0x00000001
#define CR0_WRITE     0x00010000
#define CR0_PAGING    0x80000000
#define CR4_PAE       0x00000020
#define CR4_GLOBAL    0x00000080
