/* SPDX-License-Identifier: MIT */
/*
 * Copies from and to user memory: the only code that runs with SUM set. A fault in [usercopy_start,
 * usercopy_end) that is not resolved continues at usercopy_fault (trap.c), with SUM cleared.
 */
#include "riscv64/offsets.h"

/*
 * Copies a2 bytes from a1 to a0: bytes up to the first aligned word of the destination, words, and
 * bytes again. Where the source is not aligned likewise, each word is put together from two; both
 * hold bytes that are asked for, so that no page is touched needlessly. Ends at usercopy_done.
 */
    .section .usercopy, "ax"
    .balign 4
copy:
    li      t6, SSTATUS_SUM
    csrs    sstatus, t6
    li      t5, 8
1:  andi    t0, a0, 7
    beqz    t0, 2f
    beqz    a2, usercopy_done
    lbu     t1, 0(a1)
    addi    a1, a1, 1
    sb      t1, 0(a0)
    addi    a0, a0, 1
    addi    a2, a2, -1
    j       1b
2:  bltu    a2, t5, copy_bytes
    andi    t0, a1, 7
    bnez    t0, copy_shifted
    li      t5, 32
    bltu    a2, t5, 4f
3:  ld      t1, 0(a1)
    ld      t2, 8(a1)
    ld      t3, 16(a1)
    ld      t4, 24(a1)
    addi    a1, a1, 32
    addi    a2, a2, -32
    sd      t1, 0(a0)
    sd      t2, 8(a0)
    sd      t3, 16(a0)
    sd      t4, 24(a0)
    addi    a0, a0, 32
    bgeu    a2, t5, 3b
4:  li      t5, 8
    bltu    a2, t5, copy_bytes
5:  ld      t1, 0(a1)
    addi    a1, a1, 8
    addi    a2, a2, -8
    sd      t1, 0(a0)
    addi    a0, a0, 8
    bgeu    a2, t5, 5b
copy_bytes:
    beqz    a2, usercopy_done
    add     a2, a2, a0              /* end of the destination */
6:  lbu     t1, 0(a1)
    addi    a1, a1, 1
    sb      t1, 0(a0)
    addi    a0, a0, 1
    bne     a0, a2, 6b
    j       usercopy_done

/* t0: bytes that the source is beyond an aligned word; t1: that word. */
copy_shifted:
    sub     a1, a1, t0
    ld      t1, 0(a1)
    slli    a3, t0, 3
    neg     a4, a3                  /* shifts take it modulo 64 */
7:  ld      t2, 8(a1)
    srl     t1, t1, a3
    sll     t3, t2, a4
    addi    a1, a1, 8
    or      t1, t1, t3
    addi    a2, a2, -8
    sd      t1, 0(a0)
    mv      t1, t2
    addi    a0, a0, 8
    bgeu    a2, t5, 7b
    add     a1, a1, t0
    j       copy_bytes

usercopy_done:
    csrc    sstatus, t6
    li      a0, 0
    ret

    .text
/* Refuses [user, user + a2) unless it lies wholly below USER_TOP, then copies. */
.macro checked_copy user
    add     t0, \user, a2
    li      t1, 1
    slli    t1, t1, USER_TOP_SHIFT
    bltu    t0, \user, usercopy_refuse
    bgtu    t0, t1, usercopy_refuse
    tail    copy /* in another section, which may be far; uses t1 */
.endm

/* ts_status_t arch_copy_from_user(void *destination, uaddr_t source, size_t size) */
    .globl arch_copy_from_user
arch_copy_from_user:
    checked_copy a1

/* ts_status_t arch_copy_to_user(uaddr_t destination, const void *source, size_t size) */
    .globl arch_copy_to_user
arch_copy_to_user:
    checked_copy a0

/* ra is still the caller's: the copy calls nothing. */
    .globl usercopy_fault
usercopy_fault:
    li      t6, SSTATUS_SUM
    csrc    sstatus, t6
usercopy_refuse:
    li      a0, STATUS_INVALID_ARGS
    ret
