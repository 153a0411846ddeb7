/* SPDX-License-Identifier: MIT */
/* Where a program and its threads begin. Both C functions take the two arguments as they came, and do not return. */
    .text
    .globl _start
_start:
    mv s0, zero
    mv ra, zero
    call ts_start
    ebreak

    .globl ts_thread_begin
ts_thread_begin:
    mv s0, zero
    mv ra, zero
    call ts_thread_main
    ebreak

    .section .note.GNU-stack, "", @progbits
