/* SPDX-License-Identifier: MIT */
/* Where a program and its threads begin. Both C functions take the two arguments as they came, and do not return. */
    .text
    .globl _start
_start:
    xorl %ebp, %ebp
    andq $-16, %rsp
    call ts_start
    ud2

    .globl ts_thread_begin
ts_thread_begin:
    xorl %ebp, %ebp
    andq $-16, %rsp
    call ts_thread_main
    ud2

    .section .note.GNU-stack, "", @progbits
