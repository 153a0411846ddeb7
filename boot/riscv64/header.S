/* SPDX-License-Identifier: MIT */
/*
 * Entry from OpenSBI: S mode, paging off, interrupts off, a0 = hart id, a1 = physical address of
 * the devicetree. Any hart may be the one. Switches to the boot page table, goes to the high half,
 * and calls boot_main(hart, devicetree) on the boot stack, with the boot CPU's percpu block and the
 * trap vector in place.
 */
#include "arch/impl/layout.h"

    .section .text.boot, "ax"
    .globl boot_entry
boot_entry:
    la      t0, boot_taken
    li      t1, 1
    amoswap.w.aq t1, t1, (t0)
    bnez    t1, 3f
    csrw    sie, zero
    csrw    sip, zero
    csrw    sscratch, zero
    la      t0, boot_table          /* physical: this code runs where it was loaded */
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
    la      t0, kernel_bss_start
    la      t1, kernel_bss_end
2:  sd      zero, 0(t0)
    addi    t0, t0, 8
    bltu    t0, t1, 2b
    la      sp, arch_boot_stack_top
    la      t0, arch_trap_entry
    csrw    stvec, t0
    mv      s2, a0
    mv      s3, a1
    li      s0, 0                   /* the end of backtraces */
    call    kernel_percpu_boot
    mv      tp, a0
    mv      a0, s2
    mv      a1, s3
    call    boot_main
    unimp
3:  tail    arch_secondary_entry    /* start.S tells why another hart may come here */

/*
 * The boot table, Sv39, in leaves of 1 GiB. All are readable, writable and executable, accessed and
 * dirty; the kernel replaces the table by one that is strict. Memory types come from the machine's
 * physical memory attributes.
 */
#define LEAF(gib) (((gib) << 28) | 0xcf)
#define LEAF_GLOBAL(gib) (((gib) << 28) | 0xef)
    .data
    .balign 4
boot_taken:                         /* 1: a hart is on its way; not in .bss, which it clears */
    .word   0
    .balign 4096
    .globl boot_table
boot_table:
    .quad   0, 0, LEAF(2), 0        /* the image where it is, for the moment of switching */
    .fill   256 - 4, 8, 0
    .set    .Lgib, 0
    .rept   128                     /* the direct map */
    .quad   LEAF_GLOBAL(.Lgib)
    .set    .Lgib, .Lgib + 1
    .endr
    .fill   510 - 256 - 128, 8, 0
    .quad   LEAF_GLOBAL(2)          /* the image: 0xffffffff80000000 */
    .quad   0
