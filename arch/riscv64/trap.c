/* SPDX-License-Identifier: MIT */
/* All traps but system calls: interrupts go to their source, exceptions become a struct fault. */
#include "abi/status.h"
#include "arch/mmu.h"
#include "arch/upcall.h"
#include "riscv64/riscv64_priv.h"

#define CAUSE_INTERRUPT (1ul << 63)

enum interrupt { INTERRUPT_SOFTWARE = 1, INTERRUPT_TIMER = 5, INTERRUPT_EXTERNAL = 9 };

enum cause {
    CAUSE_FETCH_MISALIGNED = 0,
    CAUSE_FETCH_ACCESS = 1,
    CAUSE_ILLEGAL = 2,
    CAUSE_BREAKPOINT = 3,
    CAUSE_LOAD_MISALIGNED = 4,
    CAUSE_LOAD_ACCESS = 5,
    CAUSE_STORE_MISALIGNED = 6,
    CAUSE_STORE_ACCESS = 7,
    CAUSE_FETCH_PAGE = 12,
    CAUSE_LOAD_PAGE = 13,
    CAUSE_STORE_PAGE = 15,
};

extern char usercopy_start[];
extern char usercopy_end[];
extern char usercopy_fault[];

static void handle_interrupt(uint64_t number) {
    switch (number) {
    case INTERRUPT_SOFTWARE:
        smp_interrupt();
        break;
    case INTERRUPT_TIMER:
        time_interrupt();
        break;
    case INTERRUPT_EXTERNAL:
        irq_interrupt();
        break;
    default:
        csr_clear(sie, 1ul << (number & 63)); /* not one that we enabled */
        break;
    }
    kernel_interrupt_exit();
}

/* FS is off until a thread's first use of the FPU traps. True: it is on with its state. */
static bool give_fpu(void) {
    struct arch_context *context = arch_percpu()->context;
    if (context == NULL || context->fpu_used != 0) {
        return false;
    }
    csr_set(sstatus, SSTATUS_FS);
    if ((csr_read(sstatus) & SSTATUS_FS) == 0) {
        return false;
    }
    context->fpu_used = 1;
    arch_fpu_load(context);
    return true;
}

/* The access of a page fault; 0: it is none. */
static inline uint32_t page_fault_access(uint64_t cause) {
    return cause == CAUSE_STORE_PAGE ? FAULT_WRITE
         : cause == CAUSE_LOAD_PAGE  ? FAULT_READ
         : cause == CAUSE_FETCH_PAGE ? FAULT_EXECUTE
                                     : 0;
}

static void describe_fault(const struct arch_frame *frame, struct fault *fault) {
    switch (frame->cause) {
    case CAUSE_FETCH_PAGE:
    case CAUSE_LOAD_PAGE:
    case CAUSE_STORE_PAGE:
        fault->kind = FAULT_PAGE;
        fault->access = page_fault_access(frame->cause);
        break;
    case CAUSE_ILLEGAL:
        fault->kind = FAULT_ILLEGAL;
        break;
    case CAUSE_BREAKPOINT:
        fault->kind = FAULT_BREAKPOINT;
        break;
    case CAUSE_FETCH_MISALIGNED:
    case CAUSE_LOAD_MISALIGNED:
    case CAUSE_STORE_MISALIGNED:
        fault->kind = FAULT_ALIGNMENT;
        break;
    case CAUSE_OVERFLOW:
        fault->kind = FAULT_STACK;
        break;
    default: /* access faults: nothing answers at the physical address */
        fault->kind = FAULT_GENERAL;
        break;
    }
}

static bool is_user_copy(const struct arch_frame *frame) {
    return frame->ip >= (uint64_t)usercopy_start && frame->ip < (uint64_t)usercopy_end &&
           frame->value < ARCH_USER_TOP;
}

static void handle_exception(struct arch_frame *frame) {
    struct fault fault = {
        .address = frame->value,
        .code = frame->cause,
        .from_user = arch_frame_is_user(frame),
    };
    if (fault.from_user && frame->cause == CAUSE_ILLEGAL && give_fpu()) {
        return;
    }
    describe_fault(frame, &fault);
    fault.in_user_copy = !fault.from_user && is_user_copy(frame);
    if (!kernel_fault(frame, &fault) && fault.in_user_copy) {
        frame->ip = (uint64_t)usercopy_fault;
    }
}

void trap_handle(struct arch_frame *frame) {
    uint32_t access = page_fault_access(frame->cause);
    if (access != 0 && arch_frame_is_user(frame) && kernel_user_page_fault(frame->value, access)) {
        return;
    }
    if ((frame->cause & CAUSE_INTERRUPT) != 0) {
        handle_interrupt(frame->cause & ~CAUSE_INTERRUPT);
    } else {
        handle_exception(frame);
    }
}
