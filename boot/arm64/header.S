/* SPDX-License-Identifier: MIT */
/*
 * Entry from firmware by the arm64 Image protocol: MMU and data cache off, x0 the physical address
 * of the devicetree, at EL1 or EL2, image at any multiple of 2 MiB. Builds the boot tables, turns
 * the MMU on, and calls boot_main().
 *
 * Boot tables: boot_table_identity (TTBR0) maps the GiB of the image onto itself, for the moment of
 * switching, here and on every other CPU; it stays. boot_table_kernel (TTBR1) maps the image, and
 * of the direct map the GiB of the image, that of the devicetree, and the first as device
 * registers; adapter.c adds the rest.
 */
#include "arm64/tables.h"

#define CACHE_LINE_MIN 16 /* no smaller line exists */

    .section .head.text, "ax"
    .global boot_head
boot_head:
    b       boot_entry
    .long   0
    .quad   0                   /* text_offset */
    .quad   kernel_image_size
    .quad   0xa                 /* little-endian, 4 KiB pages, anywhere in memory */
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .long   0

    .global boot_entry
boot_entry:
    msr     daifset, #0xf
    mov     x19, x0
    bl      arm_enter_el1
    msr     spsel, #1
    adrp    x20, kernel_image_start
    bl      tables_clear
    bl      tables_fill
    bl      tables_invalidate
    adrp    x0, boot_table_identity
    adrp    x1, boot_table_kernel
    adrp    x21, arm_table_empty
    bl      arm_mmu_enable
    ldr     x0, =entry_high
    br      x0

    .text
entry_high:
    msr     ttbr0_el1, x21
    isb
    tlbi    vmalle1
    dsb     nsh
    isb
    ldr     x0, =arm_vectors
    msr     vbar_el1, x0
    ldr     x0, =boot_stack_top
    mov     sp, x0
    ldr     x0, =bss_start
    ldr     x1, =bss_end
1:  stp     xzr, xzr, [x0], #16
    cmp     x0, x1
    b.lo    1b
    mov     x0, x19
    mov     x1, x20
    mov     x29, xzr
    mov     x30, xzr
    b       boot_main

    .section .head.text, "ax"
tables_clear:
    adrp    x0, boot_tables_start
    add     x1, x0, #(boot_tables_size)
1:  stp     xzr, xzr, [x0], #16
    cmp     x0, x1
    b.lo    1b
    ret

/* x19: devicetree, x20: image. */
tables_fill:
    adrp    x0, boot_table_identity
    ldr     x2, =BOOT_IMAGE
    lsr     x3, x20, #30
    orr     x4, x2, x3, lsl #30
    str     x4, [x0, x3, lsl #3]

    adrp    x0, boot_table_kernel
    add     x1, x0, #(BOOT_DIRECT_INDEX * 8)
    ldr     x4, =BOOT_REGISTERS
    str     x4, [x1]            /* the first GiB, unless it holds the image */
    ldr     x2, =BOOT_RAM
    orr     x4, x2, x3, lsl #30
    str     x4, [x1, x3, lsl #3]
    lsr     x3, x19, #30
    cmp     x3, #BOOT_DIRECT_COUNT
    b.hs    1f
    orr     x4, x2, x3, lsl #30
    str     x4, [x1, x3, lsl #3]

1:  adrp    x1, boot_table_image
    orr     x4, x1, #BOOT_TABLE
    str     x4, [x0, #(BOOT_IMAGE_INDEX * 8)]
    ldr     x2, =BOOT_IMAGE
    orr     x2, x2, x20
    ldr     x3, =kernel_image_size
2:  str     x2, [x1], #8
    add     x2, x2, #0x200000
    subs    x3, x3, #0x200000
    b.hi    2b
    ret

/* The tables were written past the cache: lines that firmware left over them must go before the
 * walker sees them. */
tables_invalidate:
    dsb     sy
    adrp    x0, boot_tables_start
    add     x1, x0, #(boot_tables_size)
1:  dc      ivac, x0
    add     x0, x0, #CACHE_LINE_MIN
    cmp     x0, x1
    b.lo    1b
    dsb     sy
    ret

    .section .boot.tables, "aw", %nobits
    .balign 4096
    .global boot_table_kernel, boot_table_identity, arm_table_empty
boot_table_kernel:
    .skip   4096
boot_table_image:
    .skip   4096
boot_table_identity:
    .skip   4096
arm_table_empty:
    .skip   4096
    .set    boot_tables_size, 4 * 4096
