/* SPDX-License-Identifier: MIT */
/*
 * Traps. In user mode sscratch points to the percpu block, in the kernel it is 0 and tp points
 * there. The frame of a trap from user mode lies at percpu->frame, that of a trap from the kernel
 * below the interrupted stack pointer. While a thread runs in the kernel outside of a trap from the
 * kernel, sstatus has SPP clear and SPIE set, so that a return to user mode needs no write to it:
 * traps from the kernel restore it, arch_context_switch() sets it.
 */
#include "arch/stack.h"
#include "riscv64/offsets.h"

/* Registers that a system call keeps or returns: all but tp, sp and t3-t6. */
.macro each_call_register op
    \op     x1, FRAME_X(1)(sp)
    \op     x3, FRAME_X(3)(sp)
    \op     x5, FRAME_X(5)(sp)
    \op     x6, FRAME_X(6)(sp)
    \op     x7, FRAME_X(7)(sp)
    \op     x8, FRAME_X(8)(sp)
    \op     x9, FRAME_X(9)(sp)
    .irp n, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
    \op     x\n, FRAME_X(\n)(sp)
    .endr
.endm

.macro each_other_register op
    \op     x28, FRAME_X(28)(sp)
    \op     x29, FRAME_X(29)(sp)
    \op     x30, FRAME_X(30)(sp)
    \op     x31, FRAME_X(31)(sp)
.endm

/* Stores what tells traps apart, and calls trap_handle(sp). t0 = scause; t1-t3 are free. */
.macro handle_trap clear_sum=0
    csrr    t1, sepc
    csrr    t2, sstatus
    csrr    t3, stval
    sd      t0, FRAME_CAUSE(sp)
    sd      t1, FRAME_IP(sp)
    sd      t2, FRAME_STATUS(sp)
    sd      t3, FRAME_VALUE(sp)
    .if \clear_sum
    li      t1, SSTATUS_SUM
    csrc    sstatus, t1
    .endif
    mv      a0, sp
    call    trap_handle
.endm

    .section .text.entry, "ax"
    .balign 64
    .globl arch_trap_entry
arch_trap_entry:
    csrrw   tp, sscratch, tp
    beqz    tp, trap_from_kernel
    sd      sp, PERCPU_USER_SP(tp)
    ld      sp, PERCPU_FRAME(tp)
    each_call_register sd
    csrrw   t0, sscratch, zero
    ld      t1, PERCPU_USER_SP(tp)
    sd      t0, FRAME_X(4)(sp)
    csrr    t0, scause
    sd      t1, FRAME_X(2)(sp)
    li      t1, CAUSE_USER_CALL
    bne     t0, t1, trap_from_user
    csrr    t0, sepc
    addi    t0, t0, 4
    sd      t0, FRAME_IP(sp)
    mv      a0, sp
    call    kernel_syscall
    /* C kept s0-s11, and the kernel does not use gp. t3-t6 must not carry its values out. */
    .globl arch_trap_call_return
arch_trap_call_return:
    ld      t0, FRAME_IP(sp)
    csrw    sscratch, tp
    csrw    sepc, t0
    ld      ra, FRAME_X(1)(sp)
    ld      a0, FRAME_X(10)(sp)
    ld      a1, FRAME_X(11)(sp)
    ld      a2, FRAME_X(12)(sp)
    ld      a3, FRAME_X(13)(sp)
    ld      a4, FRAME_X(14)(sp)
    ld      a5, FRAME_X(15)(sp)
    ld      a6, FRAME_X(16)(sp)
    ld      a7, FRAME_X(17)(sp)
    ld      t0, FRAME_X(5)(sp)
    ld      t1, FRAME_X(6)(sp)
    ld      t2, FRAME_X(7)(sp)
    li      t3, 0
    li      t4, 0
    li      t5, 0
    li      t6, 0
    ld      tp, FRAME_X(4)(sp)
    ld      sp, FRAME_X(2)(sp)
    sret

trap_from_user:
    each_other_register sd
    handle_trap
    /* Falls into: the return to user mode by the frame at sp, also from inside a kernel trap. */
    .globl arch_user_resume
arch_user_resume:
    li      t0, SSTATUS_SPP | SSTATUS_SUM
    csrc    sstatus, t0
    li      t0, SSTATUS_SPIE
    csrs    sstatus, t0
    ld      t0, FRAME_IP(sp)
    csrw    sscratch, tp
    csrw    sepc, t0
    each_call_register ld
    each_other_register ld
    ld      tp, FRAME_X(4)(sp)
    ld      sp, FRAME_X(2)(sp)
    sret

/* tp = 0, sscratch = percpu: the entry's swap has to be undone. */
trap_from_kernel:
    csrrw   tp, sscratch, zero
    sd      t0, PERCPU_SCRATCH(tp)
    srai    t0, sp, STACKS_SHIFT
    addi    t0, t0, -STACKS_PREFIX
    bnez    t0, 1f                  /* not in the region of stacks with guards */
    addi    t0, sp, -FRAME_SIZE
    slli    t0, t0, 63 - ARCH_STACK_BITS
    bgez    t0, stack_overflow
1:
    addi    sp, sp, -FRAME_SIZE
    ld      t0, PERCPU_SCRATCH(tp)
    each_call_register sd
    each_other_register sd
    addi    t0, sp, FRAME_SIZE
    sd      t0, FRAME_X(2)(sp)
    sd      tp, FRAME_X(4)(sp)
    csrr    t0, scause
    handle_trap clear_sum=1
    .globl arch_trap_kernel_return
arch_trap_kernel_return:
    /* tp is not restored: the thread may go on on another CPU. */
    ld      t0, FRAME_IP(sp)
    ld      t1, FRAME_STATUS(sp)
    csrw    sepc, t0
    csrw    sstatus, t1
    each_call_register ld
    each_other_register ld
    ld      sp, FRAME_X(2)(sp)
    sret

stack_overflow:
    la      t0, emergency_taken
    sd      sp, PERCPU_USER_SP(tp)
    li      sp, 1
    amoswap.w sp, sp, (t0)
    beqz    sp, 2f
1:  wfi                             /* another CPU reports an overflow: stop */
    j       1b
2:  la      sp, arch_emergency_stack_top - FRAME_SIZE
    ld      t0, PERCPU_SCRATCH(tp)
    each_call_register sd
    each_other_register sd
    ld      t0, PERCPU_USER_SP(tp)
    sd      t0, FRAME_X(2)(sp)
    sd      tp, FRAME_X(4)(sp)
    li      t0, CAUSE_OVERFLOW
    handle_trap
    .globl arch_trap_overflow_return
arch_trap_overflow_return:
    unimp

    .data
    .balign 4
emergency_taken:
    .word   0
