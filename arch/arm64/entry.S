/* SPDX-License-Identifier: MIT */
/*
 * Exceptions. From user mode the frame lies at the top of the thread's kernel stack: SP_EL1 points
 * just above it whenever user mode runs. From the kernel it is pushed on the running stack, after a
 * check that there is room. Callee-saved registers reach the frame too, because a thread may be
 * resumed from its frame alone.
 */
#include "arch/stack.h"
#include "arm64/arm64_priv.h"

#define ESR_CLASS_SHIFT 26
#define ESR_CLASS_SVC   0x15

.macro save_0_to_29
    stp     x0, x1, [sp, #0]
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    stp     x18, x19, [sp, #144]
    stp     x20, x21, [sp, #160]
    stp     x22, x23, [sp, #176]
    stp     x24, x25, [sp, #192]
    stp     x26, x27, [sp, #208]
    stp     x28, x29, [sp, #224]
.endm

.macro restore_0_to_19
    ldp     x0, x1, [sp, #0]
    ldp     x2, x3, [sp, #16]
    ldp     x4, x5, [sp, #32]
    ldp     x6, x7, [sp, #48]
    ldp     x8, x9, [sp, #64]
    ldp     x10, x11, [sp, #80]
    ldp     x12, x13, [sp, #96]
    ldp     x14, x15, [sp, #112]
    ldp     x16, x17, [sp, #128]
    ldp     x18, x19, [sp, #144]
.endm

.macro restore_20_to_29
    ldp     x20, x21, [sp, #160]
    ldp     x22, x23, [sp, #176]
    ldp     x24, x25, [sp, #192]
    ldp     x26, x27, [sp, #208]
    ldp     x28, x29, [sp, #224]
.endm

/* What an exception leaves in system registers; `stack` holds the interrupted stack pointer. */
.macro save_state stack
    stp     x30, \stack, [sp, #(ARM_FRAME_SP - 8)]
    mrs     x2, elr_el1
    mrs     x3, spsr_el1
    stp     x2, x3, [sp, #ARM_FRAME_PC]
.endm

.macro restore_user_state
    ldp     x2, x3, [sp, #ARM_FRAME_PC]
    ldp     x30, x1, [sp, #(ARM_FRAME_SP - 8)]
    msr     elr_el1, x2
    msr     spsr_el1, x3
    msr     sp_el0, x1
.endm

/* Makes room for a frame; one that would begin below the stack goes to the emergency stack. Needs
 * no free register. */
.macro kernel_vector to
    .balign 0x80
    sub     sp, sp, #ARM_FRAME_SIZE
    add     sp, sp, x0
    sub     x0, sp, x0
    tbz     x0, #ARCH_STACK_BITS, stack_overflow
    sub     x0, sp, x0
    sub     sp, sp, x0
    b       \to
.endm

.macro user_vector to
    .balign 0x80
    sub     sp, sp, #ARM_FRAME_SIZE
    b       \to
.endm

.macro kernel_trap handler
    save_0_to_29
    add     x1, sp, #ARM_FRAME_SIZE
    save_state x1
    stp     x29, x2, [sp, #ARM_FRAME_RECORD]
    add     x29, sp, #ARM_FRAME_RECORD
    mov     x0, sp
    bl      \handler
    b       kernel_resume
.endm

.macro user_trap handler
    save_0_to_29
    mrs     x1, sp_el0
    save_state x1
    mov     x0, sp
    bl      \handler
    b       user_resume
.endm

    .section .entry.text, "ax"
    .balign 2048
    .global arm_vectors
arm_vectors:
    kernel_vector kernel_machine    /* EL1 with SP_EL0: never used */
    kernel_vector kernel_machine
    kernel_vector kernel_machine
    kernel_vector kernel_machine

    kernel_vector kernel_synchronous
    kernel_vector kernel_interrupted
    kernel_vector kernel_machine
    kernel_vector kernel_machine

    .balign 0x80                    /* EL0: system calls and faults */
    sub     sp, sp, #ARM_FRAME_SIZE
    stp     x0, x1, [sp, #0]
    stp     x2, x3, [sp, #16]
    mrs     x0, esr_el1
    lsr     x0, x0, #ESR_CLASS_SHIFT
    cmp     x0, #ESR_CLASS_SVC
    b.ne    user_synchronous
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x18, x19, [sp, #144]
    stp     x20, x21, [sp, #160]
    stp     x22, x23, [sp, #176]
    stp     x24, x25, [sp, #192]
    stp     x26, x27, [sp, #208]
    stp     x28, x29, [sp, #224]
    mrs     x1, sp_el0
    save_state x1
    mov     x0, sp
    bl      kernel_syscall
    b       syscall_resume

    user_vector user_interrupted
    user_vector user_machine
    user_vector user_machine

    user_vector user_machine        /* 32-bit user mode: never entered */
    user_vector user_machine
    user_vector user_machine
    user_vector user_machine
    .balign 0x80

/* C kept x19-x29. The registers which the call may lose get what the thread's frame had: nothing
 * of the kernel's. */
syscall_resume:
    restore_user_state
    restore_0_to_19
    add     sp, sp, #ARM_FRAME_SIZE
    eret

user_synchronous:
    ldp     x0, x1, [sp, #0]
    user_trap arm_trap_user

user_interrupted:
    user_trap arm_trap_interrupt

user_machine:
    user_trap arm_trap_machine

/* sp: the frame of the thread that is to run in user mode. */
    .global arm_thread_user
arm_thread_user:
    bl      kernel_user_entry
user_resume:
    restore_user_state
    restore_20_to_29
    restore_0_to_19
    add     sp, sp, #ARM_FRAME_SIZE
    eret

    .global arch_user_return
arch_user_return:
    ldr     x0, [x0]                /* frame: the first member */
    mov     sp, x0
    b       user_resume

kernel_synchronous:
    kernel_trap arm_trap_kernel

kernel_interrupted:
    kernel_trap arm_trap_interrupt

kernel_machine:
    kernel_trap arm_trap_machine

kernel_resume:
    ldp     x2, x3, [sp, #ARM_FRAME_PC]
    ldr     x30, [sp, #(ARM_FRAME_SP - 8)]
    msr     elr_el1, x2
    msr     spsr_el1, x3
    restore_20_to_29
    restore_0_to_19
    add     sp, sp, #ARM_FRAME_SIZE
    eret

/* x0: where the frame would be, sp: that plus the interrupted x0. User mode's thread pointers
 * serve as scratch: there is no way back. */
stack_overflow:
    sub     x0, sp, x0
    sub     sp, sp, x0
    msr     tpidrro_el0, x0
    add     x0, sp, #ARM_FRAME_SIZE
    msr     tpidr_el0, x0
    mrs     x0, tpidr_el1
    ldr     x0, [x0, #ARM_PERCPU_EMERGENCY]
    sub     sp, x0, #ARM_FRAME_SIZE
    mrs     x0, tpidrro_el0
    save_0_to_29
    mrs     x1, tpidr_el0
    save_state x1
    stp     x29, x2, [sp, #ARM_FRAME_RECORD]
    add     x29, sp, #ARM_FRAME_RECORD
    mov     x0, sp
    bl      arm_trap_stack

/* uint64_t arm_semihosting(uint64_t operation, const void *block): a host's debugger takes the
 * halt instruction. Where there is none it is undefined, and arm_trap_kernel() steps over it. */
    .global arm_semihosting, arm_semihosting_stop
arm_semihosting:
arm_semihosting_stop:
    hlt     #0xf000
    ret

/* uint64_t arm_psci(uint64_t hypervisor, uint64_t function, uint64_t a1, uint64_t a2, uint64_t
 * a3) */
    .global arm_psci
arm_psci:
    mov     x9, x0
    mov     x0, x1
    mov     x1, x2
    mov     x2, x3
    mov     x3, x4
    cbz     x9, 1f
    hvc     #0
    ret
1:  smc     #0
    ret
