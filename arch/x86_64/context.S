/* SPDX-License-Identifier: MIT */
/*
 * Changing stacks. A thread that does not run has its callee-saved registers and a return address
 * on top of its stack, and the stack pointer in its context.
 */
#include "arch/impl/layout.h"

    .section .text
/* void context_switch_stack(struct arch_context *from, struct arch_context *to); */
    .globl context_switch_stack
context_switch_stack:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, CONTEXT_SP(%rdi)
    movq CONTEXT_SP(%rsi), %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret

/* Where a new kernel thread begins: rbx(r12). Backtraces end here. */
    .globl context_start_kernel
context_start_kernel:
    xorl %ebp, %ebp
    movq %r12, %rdi
    call *%rbx
    ud2

/* Where a thread without saved kernel state continues, its frame at rsp. */
    .globl context_start_user
context_start_user:
    xorl %ebp, %ebp
    call kernel_user_entry
    jmp entry_user_return

/* _Noreturn void arch_user_return(struct arch_context *c); */
    .globl arch_user_return
arch_user_return:
    movq CONTEXT_FRAME(%rdi), %rsp
    jmp entry_user_return

    .section .note.GNU-stack, "", @progbits
