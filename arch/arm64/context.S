/* SPDX-License-Identifier: MIT */
/* Switching between kernel stacks, the first steps of a thread, and the vector registers. */
#include "arm64/arm64_priv.h"

    .text

/* void arch_context_switch(struct arch_context *from, struct arch_context *to)
 * SP_EL0 and x18 belong to user mode and come back from the frame. */
    .global arch_context_switch
arch_context_switch:
    ldr     x2, [x0, #ARM_CONTEXT_FPU_USED]
    ldr     x3, [x1, #ARM_CONTEXT_FPU_USED]
    orr     x2, x2, x3
    cbnz    x2, 2f
1:  mov     x9, sp
    mrs     x10, tpidr_el0
    stp     x19, x20, [x0, #(ARM_CONTEXT_CALLEE + 0)]
    stp     x21, x22, [x0, #(ARM_CONTEXT_CALLEE + 16)]
    stp     x23, x24, [x0, #(ARM_CONTEXT_CALLEE + 32)]
    stp     x25, x26, [x0, #(ARM_CONTEXT_CALLEE + 48)]
    stp     x27, x28, [x0, #(ARM_CONTEXT_CALLEE + 64)]
    stp     x29, x30, [x0, #(ARM_CONTEXT_CALLEE + 80)]
    stp     x9, x10, [x0, #ARM_CONTEXT_SP]
    ldp     x9, x10, [x1, #ARM_CONTEXT_SP]
    mrs     x11, tpidr_el1
    ldp     x19, x20, [x1, #(ARM_CONTEXT_CALLEE + 0)]
    ldp     x21, x22, [x1, #(ARM_CONTEXT_CALLEE + 16)]
    ldp     x23, x24, [x1, #(ARM_CONTEXT_CALLEE + 32)]
    ldp     x25, x26, [x1, #(ARM_CONTEXT_CALLEE + 48)]
    ldp     x27, x28, [x1, #(ARM_CONTEXT_CALLEE + 64)]
    ldp     x29, x30, [x1, #(ARM_CONTEXT_CALLEE + 80)]
    str     x1, [x11, #ARM_PERCPU_CONTEXT]
    msr     tpidr_el0, x10
    mov     sp, x9
    ret
2:  stp     x29, x30, [sp, #-32]!
    mov     x29, sp
    stp     x0, x1, [sp, #16]
    bl      arm_fpu_switch
    ldp     x0, x1, [sp, #16]
    ldp     x29, x30, [sp], #32
    b       1b

/* A kernel thread begins: x19 its function, x20 the argument. */
    .global arm_thread_start
arm_thread_start:
    mov     x0, x20
    blr     x19
    brk     #0

.macro each_pair instruction
    \instruction q0, q1, [x0, #0]
    \instruction q2, q3, [x0, #32]
    \instruction q4, q5, [x0, #64]
    \instruction q6, q7, [x0, #96]
    \instruction q8, q9, [x0, #128]
    \instruction q10, q11, [x0, #160]
    \instruction q12, q13, [x0, #192]
    \instruction q14, q15, [x0, #224]
    \instruction q16, q17, [x0, #256]
    \instruction q18, q19, [x0, #288]
    \instruction q20, q21, [x0, #320]
    \instruction q22, q23, [x0, #352]
    \instruction q24, q25, [x0, #384]
    \instruction q26, q27, [x0, #416]
    \instruction q28, q29, [x0, #448]
    \instruction q30, q31, [x0, #480]
.endm

    .arch_extension fp
    .arch_extension simd
    .global arm_fpu_save
arm_fpu_save:
    each_pair stp
    mrs     x1, fpsr
    mrs     x2, fpcr
    add     x0, x0, #512
    stp     x1, x2, [x0]
    ret

    .global arm_fpu_load
arm_fpu_load:
    each_pair ldp
    add     x0, x0, #512
    ldp     x1, x2, [x0]
    msr     fpsr, x1
    msr     fpcr, x2
    ret
