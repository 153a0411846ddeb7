/* SPDX-License-Identifier: MIT */
/* Exceptions told apart: faults, first use of vector registers, interrupts. Called from entry.S,
 * interrupts off. */
#include "abi/status.h"
#include "arch/smp.h"
#include "arch/time.h"
#include "arch/upcall.h"
#include "arm64/arm64_priv.h"

/* Exception classes of ESR_EL1. */
enum esr_class {
    CLASS_FP_TRAP = 0x07,
    CLASS_ILLEGAL_STATE = 0x0e,
    CLASS_SYSTEM_REGISTER = 0x18,
    CLASS_INSTRUCTION_USER = 0x20,
    CLASS_INSTRUCTION_KERNEL = 0x21,
    CLASS_PC_ALIGNMENT = 0x22,
    CLASS_DATA_USER = 0x24,
    CLASS_DATA_KERNEL = 0x25,
    CLASS_SP_ALIGNMENT = 0x26,
    CLASS_FP_EXCEPTION = 0x2c,
    CLASS_BREAKPOINT_USER = 0x30,
    CLASS_WATCHPOINT_KERNEL = 0x35,
    CLASS_BRK = 0x3c,
};

#define ESR_CLASS_SHIFT 26
#define ESR_FAR_INVALID (1u << 10)
#define ESR_CACHE       (1u << 8)
#define ESR_WRITE       (1u << 6)
#define ESR_STATUS_MASK 0x3fu
#define STATUS_TYPES_PAGE                                                                          \
    4u /* address size, translation, access flag, permission: four levels each */
#define STATUS_ALIGNMENT 0x21u
#define STATUS_EXTERNAL  0x10u
#define INSTRUCTION_SIZE 4u

static enum fault_kind abort_kind(uint64_t esr) {
    unsigned status = esr & ESR_STATUS_MASK;
    if (status >> 2 < STATUS_TYPES_PAGE) {
        return FAULT_PAGE;
    }
    return status == STATUS_ALIGNMENT ? FAULT_ALIGNMENT : FAULT_GENERAL;
}

static void decode_abort(struct fault *fault, uint64_t esr, bool data) {
    fault->kind = abort_kind(esr);
    bool external = (esr & ESR_STATUS_MASK) == STATUS_EXTERNAL;
    fault->address = external && (esr & ESR_FAR_INVALID) != 0 ? 0 : ARM_READ(far_el1);
    /* Cache maintenance reports a write, but asks for no more than a read. */
    bool write = (esr & (ESR_WRITE | ESR_CACHE)) == ESR_WRITE;
    fault->access = !data ? FAULT_EXECUTE : write ? FAULT_WRITE : FAULT_READ;
}

static void decode(struct fault *fault, uint64_t esr, const struct arch_frame *frame) {
    fault->address = frame->pc;
    switch (esr >> ESR_CLASS_SHIFT & 0x3f) {
    case CLASS_INSTRUCTION_USER:
    case CLASS_INSTRUCTION_KERNEL:
        decode_abort(fault, esr, false);
        break;
    case CLASS_DATA_USER:
    case CLASS_DATA_KERNEL:
        decode_abort(fault, esr, true);
        break;
    case CLASS_PC_ALIGNMENT:
        fault->kind = FAULT_ALIGNMENT;
        fault->access = FAULT_EXECUTE;
        break;
    case CLASS_SP_ALIGNMENT:
        fault->kind = FAULT_ALIGNMENT;
        fault->address = frame->sp;
        break;
    case CLASS_FP_EXCEPTION:
        fault->kind = FAULT_ARITHMETIC;
        break;
    case CLASS_BRK:
        fault->kind = FAULT_BREAKPOINT;
        break;
    case CLASS_ILLEGAL_STATE:
    case CLASS_SYSTEM_REGISTER:
        fault->kind = FAULT_GENERAL;
        break;
    default:
        fault->kind = (esr >> ESR_CLASS_SHIFT) >= CLASS_BREAKPOINT_USER &&
                              (esr >> ESR_CLASS_SHIFT) <= CLASS_WATCHPOINT_KERNEL
                          ? FAULT_BREAKPOINT
                          : FAULT_ILLEGAL;
        break;
    }
}

void arm_trap_user(struct arch_frame *frame) {
    uint64_t esr = ARM_READ(esr_el1);
    struct arch_context *context = arch_percpu()->context;
    if (esr >> ESR_CLASS_SHIFT == CLASS_FP_TRAP && context->fpu_used == 0) {
        arm_fpu_first_use(context);
        return;
    }
    struct fault fault = {.code = esr, .from_user = true};
    decode(&fault, esr, frame);
    if (fault.kind != FAULT_PAGE || !kernel_user_page_fault(fault.address, fault.access)) {
        kernel_fault(frame, &fault);
    }
}

static bool in_user_copy(const struct arch_frame *frame, const struct fault *fault) {
    return frame->pc >= (uint64_t)usercopy_start && frame->pc < (uint64_t)usercopy_end &&
           fault->address < KERNEL_SPACE_BASE && (fault->access & FAULT_EXECUTE) == 0;
}

void arm_trap_kernel(struct arch_frame *frame) {
    if (frame->pc == (uint64_t)arm_semihosting_stop) {
        arm_semihosting_forget();
        frame->pc += INSTRUCTION_SIZE;
        return;
    }
    uint64_t esr = ARM_READ(esr_el1);
    struct fault fault = {.code = esr};
    decode(&fault, esr, frame);
    fault.in_user_copy = in_user_copy(frame, &fault);
    if (!kernel_fault(frame, &fault) && fault.in_user_copy) {
        frame->pc = (uint64_t)arm_usercopy_fault;
    }
}

/* SError, and vectors that nothing should reach. */
void arm_trap_machine(struct arch_frame *frame) {
    struct fault fault = {
        .kind = FAULT_MACHINE,
        .address = frame->pc,
        .code = ARM_READ(esr_el1),
        .from_user = arch_frame_is_user(frame),
    };
    kernel_fault(frame, &fault);
}

/* A trap while an overflow is being reported ends the report. */
_Noreturn void arm_trap_stack(struct arch_frame *frame) {
    if (arm_on_emergency_stack(frame->sp)) {
        if (frame->pc == (uint64_t)arm_semihosting_stop) {
            arm_semihosting_forget();
        }
        arch_reset(ARCH_RESET_OFF, 1);
    }
    struct fault fault = {
        .kind = FAULT_STACK,
        .access = FAULT_WRITE,
        .address = frame->sp,
        .code = ARM_READ(esr_el1),
    };
    kernel_fault(frame, &fault);
    arch_halt();
}

void arm_trap_interrupt(struct arch_frame *frame) {
    (void)frame;
    uint32_t token;
    uint32_t line = arm_gic_acknowledge(&token);
    if (line == ARM_IRQ_NONE) {
        return;
    }
    if (line < ARCH_IPI_COUNT) {
        kernel_ipi(line);
    } else if (line == ARM_IRQ_TIMER) {
        arch_time_cancel();
        kernel_timer();
    } else if (line >= ARM_IRQ_PRIVATE) {
        kernel_irq(line);
    }
    arm_gic_end(token);
    kernel_interrupt_exit();
}
