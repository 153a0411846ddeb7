/* SPDX-License-Identifier: MIT */
/* Where a program and its threads begin. Both C functions take the two arguments as they came, and do not return. */
    .text
    .globl _start
_start:
    mov x29, xzr
    mov x30, xzr
    bl ts_start
    brk #1

    .globl ts_thread_begin
ts_thread_begin:
    mov x29, xzr
    mov x30, xzr
    bl ts_thread_main
    brk #1

    .section .note.GNU-stack, "", %progbits
