/* SPDX-License-Identifier: MIT */
/*
 * Copies from and to user memory. The instructions that may fault lie in a section of their own;
 * when the kernel does not resolve a fault among them, trap.c goes on at usercopy_fault. SMAP is
 * lifted only there.
 */
#include "arch/impl/layout.h"

.macro SMAP_SITE last
800:
    .byte 0x0f, 0x1f, 0x00
    .pushsection .smap_sites, "a"
    .quad 800b
    .quad \last
    .popsection
.endm

/* rdi destination, rsi source, rdx size; the user's address is in \address. */
.macro CHECK_RANGE address
    movabsq $LAYOUT_USER_TOP, %rax
    subq %rdx, %rax
    jb usercopy_refuse
    cmpq %rax, \address
    ja usercopy_refuse
.endm

    .section .text
/* ts_status_t arch_copy_from_user(void *destination, uaddr_t source, size_t size); */
    .globl arch_copy_from_user
arch_copy_from_user:
    CHECK_RANGE %rsi
    jmp usercopy_move

/* ts_status_t arch_copy_to_user(uaddr_t destination, const void *source, size_t size); */
    .globl arch_copy_to_user
arch_copy_to_user:
    CHECK_RANGE %rdi
    jmp usercopy_move

    .globl usercopy_fault
usercopy_fault:
    SMAP_SITE 0xca
usercopy_refuse:
    movl $LAYOUT_INVALID_ARGS, %eax
    ret

    .section .usercopy, "ax"
usercopy_move:
    movq %rdx, %rcx
    shrq $3, %rcx
    SMAP_SITE 0xcb
    rep movsq
    movl %edx, %ecx
    andl $7, %ecx
    rep movsb
    SMAP_SITE 0xca
    xorl %eax, %eax
    ret

    .section .note.GNU-stack, "", @progbits
