/* SPDX-License-Identifier: MIT */
/*
 * A thread's register state. The kernel embeds struct arch_context in its thread. The user frame (struct
 * arch_frame) lies at the top of the thread's kernel stack, where entry code stores it; a thread that waits with an
 * empty kernel stack has nothing else.
 */
#pragma once

#include "abi/types.h"

/* arch/<a>/include/arch/impl/context.h defines struct arch_frame, struct arch_context (with a member
 * `struct arch_frame *frame`), ARCH_SYSCALL_ARGUMENTS (10), ARCH_SYSCALL_VALUES (9) and inline:
 *   uint64_t arch_frame_syscall_number(const struct arch_frame *);
 *   uint64_t arch_frame_argument(const struct arch_frame *, unsigned i);        i < 10
 *   void arch_frame_set_status(struct arch_frame *, ts_status_t);               sign-extended
 *   void arch_frame_set_value(struct arch_frame *, unsigned i, uint64_t);       i < 9
 *   uint64_t arch_frame_ip / arch_frame_sp(const struct arch_frame *);
 *   bool arch_frame_is_user(const struct arch_frame *);
 * x86-64:  number rax; arguments rdi rsi rdx r10 r8 r9 r12 r13 r14 r15; status rax; values rdi rsi rdx r10 r8 r9 r12 r13 r14.
 * arm64:   number x8; arguments x0-x7 x9 x10; status x0; values x1-x7 x9 x10.
 * riscv64: number a7; arguments a0-a6 t0 t1 t2; status a0; values a1-a6 t0 t1 t2. */
#include "arch/impl/context.h"

/* A thread that runs fn(arg) in the kernel, interrupts off, on the stack [stack, stack+size). fn never returns. */
void arch_context_init_kernel(struct arch_context *c, void *stack, size_t size, void (*fn)(void *), void *arg);

/* A thread that enters user mode when first switched to, after calling kernel_user_entry() (arch/upcall.h): frame at
 * the stack's top, all registers zero. */
void arch_context_init_user(struct arch_context *c, void *stack, size_t size);

/* Sets where user mode begins, and its first two C arguments. */
void arch_context_set_entry(struct arch_context *c, uint64_t ip, uint64_t sp, uint64_t arg1, uint64_t arg2);

/* The thread pointer of user mode (FS base, TPIDR_EL0, tp). */
void arch_context_set_tls(struct arch_context *c, uint64_t value);

/* Forgets what is on c's kernel stack: when next switched to, c calls kernel_user_entry() and
 * returns to user mode by its frame. c does not run. */
void arch_context_discard(struct arch_context *c);

/* Saves the running thread's callee-saved registers in `from`, continues `to`: its kernel stack becomes the one that
 * traps from user mode use; FPU state and thread pointer move with it. Interrupts off. The address space is
 * switched separately (arch_mmu_switch). */
void arch_context_switch(struct arch_context *from, struct arch_context *to);

/* Leaves the kernel by c's frame; what is on the kernel stack is gone. c is the running thread's context. */
_Noreturn void arch_user_return(struct arch_context *c);

/* Frees nothing, allocates nothing: the FPU area is inside struct arch_context. Zeroes it for a new thread. */
void arch_context_fpu_reset(struct arch_context *c);
