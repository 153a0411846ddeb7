/* SPDX-License-Identifier: MIT */
/*
 * Start of other harts, and the static stacks. SBI enters a hart at arch_secondary_entry in S mode,
 * paging off, interrupts off, a0 = hart id. There is a race in OpenSBI before 1.3: a hart that wakes
 * up while it is being started may see the start before it sees where to and with which argument,
 * and then comes to boot_entry (header.S), or here with the boot hart's argument. So boot_entry
 * sends every hart but the first here, and the argument is not looked at: the struct start_block
 * (smp.c) is where arch_start_block says. A hart that it is not for stays here.
 */
#include "riscv64/offsets.h"

    .section .text.entry, "ax"
    .balign 4
    .globl arch_secondary_entry
arch_secondary_entry:
    csrw    sie, zero
    la      t0, arch_start_block
    ld      a1, 0(t0)               /* physical */
    beqz    a1, 2f
    ld      t0, START_HART(a1)
    bne     t0, a0, 2f
    ld      s1, START_SATP(a1)
    ld      s2, START_PERCPU(a1)
    ld      s3, START_STACK(a1)
    la      t0, boot_table          /* it maps this code where it is, and where it will be */
    srli    t0, t0, 12
    li      t1, ARCH_SATP_SV39
    or      t0, t0, t1
    sfence.vma
    csrw    satp, t0
    sfence.vma
    la      t0, 1f
    li      t1, ARCH_IMAGE_OFFSET
    add     t0, t0, t1
    jr      t0
1:
    csrw    satp, s1
    sfence.vma
    mv      tp, s2
    mv      sp, s3
    csrw    sscratch, zero
    la      t0, arch_trap_entry
    csrw    stvec, t0
    li      s0, 0                   /* the end of backtraces */
    call    arch_secondary_main
    unimp
2:  wfi
    j       2b

    .bss
    .balign 16
    .globl arch_boot_stack, arch_boot_stack_top
arch_boot_stack:
    .skip   BOOT_STACK_SIZE
arch_boot_stack_top:

/* Kernel stack overflow is reported here. It is fatal, so one stack does: the first CPU takes
 * it, others stop. */
    .globl arch_emergency_stack, arch_emergency_stack_top
arch_emergency_stack:
    .skip   EMERGENCY_SIZE
arch_emergency_stack_top:
