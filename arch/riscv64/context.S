/* SPDX-License-Identifier: MIT */
/* Switching between threads' kernel stacks. Interrupts are off; tp stays: it belongs to the CPU. */
#include "riscv64/offsets.h"

    .option arch, +d

.macro each_saved_register op, base
    \op     ra, CONTEXT_RA(\base)
    \op     sp, CONTEXT_SP(\base)
    \op     s0, CONTEXT_S(0)(\base)
    \op     s1, CONTEXT_S(1)(\base)
    .irp n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    \op     s\n, CONTEXT_S(\n)(\base)
    .endr
.endm

.macro each_fpu_register op, base
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    \op     f\n, CONTEXT_F(\n)(\base)
    .endr
    .irp n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    \op     f\n, CONTEXT_F(\n)(\base)
    .endr
.endm

    .text
/* void arch_context_switch(struct arch_context *from, struct arch_context *to). FS is off for a
 * thread that has not used the FPU, clean or dirty for one that has. */
    .globl arch_context_switch
arch_context_switch:
    each_saved_register sd, a0
    csrr    t0, sstatus
    li      t1, SSTATUS_FS
    and     t0, t0, t1
    bne     t0, t1, 1f              /* not dirty */
    each_fpu_register fsd, a0
    csrr    t0, fcsr
    sd      t0, CONTEXT_FCSR(a0)
1:
    ld      t0, CONTEXT_FRAME(a1)
    ld      t1, CONTEXT_FPU_USED(a1)
    sd      t0, PERCPU_FRAME(tp)
    sd      a1, PERCPU_CONTEXT(tp)
    bnez    t1, 2f
    li      t0, SSTATUS_UXL_64 | SSTATUS_SPIE
    csrw    sstatus, t0
    each_saved_register ld, a1
    ret
2:
    mv      a0, a1
    call    arch_fpu_load
    each_saved_register ld, a1
    ret

/* void arch_fpu_load(const struct arch_context *): the FPU is on, and has the thread's state.
 * Keeps a0 and a1. */
    .globl arch_fpu_load
arch_fpu_load:
    li      t0, SSTATUS_UXL_64 | SSTATUS_SPIE | SSTATUS_FS
    csrw    sstatus, t0
    ld      t1, CONTEXT_FCSR(a0)
    each_fpu_register fld, a0
    csrw    fcsr, t1
    li      t0, SSTATUS_UXL_64 | SSTATUS_SPIE | SSTATUS_FS_CLEAN
    csrw    sstatus, t0
    ret

/* Where a new kernel thread begins: s1 = function, s2 = its argument, s0 = 0. */
    .globl arch_kernel_thread_start
arch_kernel_thread_start:
    mv      a0, s2
    jalr    s1
    unimp

/* Where a thread without kernel state begins: sp = its user frame, s0 = 0. */
    .globl arch_user_start
arch_user_start:
    call    kernel_user_entry
    j       arch_user_resume

/* _Noreturn void arch_user_return(struct arch_context *) */
    .globl arch_user_return
arch_user_return:
    ld      sp, CONTEXT_FRAME(a0)
    j       arch_user_resume
