/* SPDX-License-Identifier: MIT */
/*
 * Entry from user mode and from interrupted kernel code. Every entry stores a whole struct
 * arch_frame; from user mode it lies at the top of the thread's kernel stack. GS holds the per-CPU
 * block while in the kernel, and nothing (zero) in user mode: user mode cannot write GS base,
 * because CR4.FSGSBASE stays clear.
 */
#include "arch/impl/layout.h"

/* Sites of stac and clac are no-ops that init.c overwrites where the CPU has SMAP. */
.macro SMAP_CLEAR
800:
    .byte 0x0f, 0x1f, 0x00
    .pushsection .smap_sites, "a"
    .quad 800b
    .quad 0xca
    .popsection
.endm

.macro PUSH_REGISTERS
    pushq %rdi
    pushq %rsi
    pushq %rdx
    pushq %rcx
    pushq %rax
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
.endm

.macro POP_REGISTERS
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rax
    popq %rcx
    popq %rdx
    popq %rsi
    popq %rdi
    addq $16, %rsp
.endm

    .section .text
/*
 * SYSCALL: rcx is the user's rip, r11 its flags; FMASK cleared IF, DF, TF, AC. The straight return
 * loads what the call may change and leaves rbx and r15, which C preserves. rip in the frame is
 * canonical (context.c sees to it), so that sysret cannot fault.
 */
    .balign 64
    .globl entry_syscall
entry_syscall:
    swapgs
    movq %rsp, %gs:PERCPU_SCRATCH
    movq %gs:PERCPU_KERNEL_STACK, %rsp
    pushq $SELECTOR_USER_DATA
    pushq %gs:PERCPU_SCRATCH
    pushq %r11
    pushq $SELECTOR_USER_CODE
    pushq %rcx
    pushq $-1
    pushq $-1
    PUSH_REGISTERS
    movq %rsp, %rdi
    xorl %ebp, %ebp
    call kernel_syscall
    movq FRAME_RAX(%rsp), %rax
    movq FRAME_RDI(%rsp), %rdi
    movq FRAME_RSI(%rsp), %rsi
    movq FRAME_RDX(%rsp), %rdx
    movq FRAME_R10(%rsp), %r10
    movq FRAME_R8(%rsp), %r8
    movq FRAME_R9(%rsp), %r9
    movq FRAME_R12(%rsp), %r12
    movq FRAME_R13(%rsp), %r13
    movq FRAME_R14(%rsp), %r14
    movq FRAME_RBP(%rsp), %rbp
    movq FRAME_RIP(%rsp), %rcx
    movq FRAME_RFLAGS(%rsp), %r11
    movq FRAME_RSP(%rsp), %rsp
    swapgs
    sysretq

#define VECTORS_WITH_ERROR 0x60227d00 /* 8, 10-14, 17, 21, 29, 30: the CPU stores an error code */

/* 256 stubs of 16 bytes: every event has a vector and an error code on the stack. */
    .balign 16
    .globl entry_vectors
entry_vectors:
    .set vector, 0
    .rept 256
    .balign 16
    .if vector > 31
    pushq $0
    .elseif !(VECTORS_WITH_ERROR >> vector & 1)
    pushq $0
    .endif
    pushq $vector
    .if vector == VECTOR_NMI || vector == VECTOR_DOUBLE_FAULT || vector == VECTOR_MACHINE_CHECK
    jmp entry_emergency
    .else
    jmp entry_trap
    .endif
    .set vector, vector + 1
    .endr

    .balign 16
entry_trap:
    testb $3, (FRAME_CS - FRAME_VECTOR)(%rsp)
    jz entry_trap_kernel
    swapgs
    PUSH_REGISTERS
    SMAP_CLEAR
    cld
    movq %rsp, %rdi
    xorl %ebp, %ebp
    call trap_dispatch

/* Return to user mode by the frame at rsp, everything restored. */
    .globl entry_user_return
entry_user_return:
    POP_REGISTERS
    swapgs
    iretq

/* rbp stays, so that a backtrace goes on into what was interrupted. */
entry_trap_kernel:
    PUSH_REGISTERS
    SMAP_CLEAR
    cld
    movq %rsp, %rdi
    call trap_dispatch
    POP_REGISTERS
    iretq

/*
 * NMI, double fault, machine check: may strike anywhere, also between the first instructions of an
 * entry or the last of a return, so neither stack nor GS is trusted. Their own stack has the per-
 * CPU block's address at its top.
 */
entry_emergency:
    PUSH_REGISTERS
    SMAP_CLEAR
    cld
    movl $MSR_GS_BASE, %ecx
    rdmsr
    movl %eax, %r12d
    movl %edx, %r13d
    movl FRAME_SIZE(%rsp), %eax
    movl (FRAME_SIZE + 4)(%rsp), %edx
    wrmsr
    movq %rsp, %rdi
    call trap_dispatch
    movl $MSR_GS_BASE, %ecx
    movl %r12d, %eax
    movl %r13d, %edx
    wrmsr
    POP_REGISTERS
    iretq

    .section .note.GNU-stack, "", @progbits
