/* SPDX-License-Identifier: MIT */
/* The interrupt descriptor table, and what each vector means. Entry code calls trap_dispatch,
 * interrupts off. */
#include "x86_64_priv.h"

#include "arch/impl/layout.h"
#include "arch/smp.h"
#include "arch/stack.h"
#include "arch/upcall.h"

enum exception {
    EXCEPTION_DIVIDE,
    EXCEPTION_DEBUG,
    EXCEPTION_NMI,
    EXCEPTION_BREAKPOINT,
    EXCEPTION_OVERFLOW,
    EXCEPTION_BOUND,
    EXCEPTION_OPCODE,
    EXCEPTION_NO_FPU,
    EXCEPTION_DOUBLE_FAULT,
    EXCEPTION_PAGE_FAULT = 14,
    EXCEPTION_X87 = 16,
    EXCEPTION_ALIGNMENT,
    EXCEPTION_MACHINE_CHECK,
    EXCEPTION_SIMD,
    EXCEPTION_COUNT = 32,
};

#define PAGE_FAULT_WRITE   2u
#define PAGE_FAULT_USER    4u
#define PAGE_FAULT_EXECUTE 16u

#define GATE_KERNEL 0x8e00ul
#define GATE_USER   0xee00ul /* may be raised by an instruction of user mode */
#define STUB_SIZE   16
#define STACK_SLOT  (2ul * ARCH_STACK_SIZE)

struct gate {
    uint64_t low, high;
};
static struct gate gates[256]; /* written once, before any other CPU runs */

static void set_gate(unsigned vector, uint64_t type, unsigned ist) {
    uint64_t target = (uint64_t)entry_vectors + vector * STUB_SIZE;
    gates[vector].low = (target & 0xffff) | (uint64_t)SELECTOR_KERNEL_CODE << 16 |
                        (uint64_t)ist << 32 | type << 32 | (target >> 16 & 0xffff) << 48;
    gates[vector].high = target >> 32;
}

void trap_init(void) {
    for (unsigned vector = 0; vector < 256; vector++) {
        set_gate(vector, vector == EXCEPTION_BREAKPOINT ? GATE_USER : GATE_KERNEL, 0);
    }
    set_gate(EXCEPTION_DOUBLE_FAULT, GATE_KERNEL, ARCH_STACK_FAULT + 1);
    set_gate(EXCEPTION_MACHINE_CHECK, GATE_KERNEL, ARCH_STACK_FAULT + 1);
    set_gate(EXCEPTION_NMI, GATE_KERNEL, ARCH_STACK_NMI + 1);
}

void trap_load(void) {
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = {sizeof(gates) - 1, (uint64_t)gates};
    __asm__ volatile("lidt %0" ::"m"(pointer) : "memory");
}

static bool is_stack_guard(uint64_t address) {
    return address >= KERNEL_STACKS_BASE && address < KERNEL_STACKS_BASE + KERNEL_STACKS_SIZE &&
           address % STACK_SLOT < ARCH_STACK_SIZE;
}

static enum fault_kind kind_of(uint64_t vector) {
    switch (vector) {
    case EXCEPTION_DIVIDE:
    case EXCEPTION_OVERFLOW:
    case EXCEPTION_X87:
    case EXCEPTION_SIMD: return FAULT_ARITHMETIC;
    case EXCEPTION_DEBUG:
    case EXCEPTION_BREAKPOINT: return FAULT_BREAKPOINT;
    case EXCEPTION_OPCODE:
    case EXCEPTION_NO_FPU: return FAULT_ILLEGAL;
    case EXCEPTION_PAGE_FAULT: return FAULT_PAGE;
    case EXCEPTION_ALIGNMENT: return FAULT_ALIGNMENT;
    case EXCEPTION_NMI:
    case EXCEPTION_MACHINE_CHECK: return FAULT_MACHINE;
    default: return FAULT_GENERAL;
    }
}

/* A push beyond the stack's end faults, and so does the CPU's attempt to store that fault: a double
 * fault. */
static void describe_double_fault(struct fault *fault) {
    fault->address = cr2_read();
    fault->kind = is_stack_guard(fault->address) ? FAULT_STACK : FAULT_MACHINE;
}

static uint32_t access_of(uint64_t error) {
    return error & PAGE_FAULT_EXECUTE ? FAULT_EXECUTE : error & PAGE_FAULT_WRITE ? FAULT_WRITE : FAULT_READ;
}

static void describe_page_fault(const struct arch_frame *frame, struct fault *fault) {
    if (fault->from_user && (frame->error & PAGE_FAULT_USER) == 0) {
        fault->kind = FAULT_GENERAL; /* an access of the CPU's own, for a descriptor: not one that can be tried again */
        return;
    }
    fault->address = cr2_read();
    fault->access = access_of(frame->error);
    fault->in_user_copy = !fault->from_user && fault->address < ARCH_USER_TOP &&
                          frame->rip >= (uint64_t)usercopy_start &&
                          frame->rip < (uint64_t)usercopy_end;
}

static void dispatch_exception(struct arch_frame *frame) {
    struct fault fault = {
        .kind = kind_of(frame->vector),
        .address = frame->rip,
        .code = frame->vector << 32 | (uint32_t)frame->error,
        .from_user = arch_frame_is_user(frame),
    };
    if (frame->vector == EXCEPTION_PAGE_FAULT) {
        describe_page_fault(frame, &fault);
    } else if (frame->vector == EXCEPTION_DOUBLE_FAULT) {
        describe_double_fault(&fault);
    }
    if (!kernel_fault(frame, &fault) && fault.in_user_copy) {
        frame->rip = (uint64_t)usercopy_fault;
    }
}

static void dispatch_interrupt(unsigned vector) {
    if (vector >= VECTOR_LINE && vector < VECTOR_LINE_END) {
        irq_line_dispatch(vector - VECTOR_LINE);
    } else if (vector == VECTOR_TIMER) {
        time_expired();
    } else if (vector == VECTOR_RESCHEDULE) {
        kernel_ipi(ARCH_IPI_RESCHEDULE);
    } else if (vector == VECTOR_FLUSH) {
        mmu_flush_serve();
    } else {
        return; /* spurious: nothing is in service */
    }
    apic_end_of_interrupt();
    kernel_interrupt_exit();
}

void trap_dispatch(struct arch_frame *frame) {
    unsigned vector = (unsigned)frame->vector;
    if (vector == EXCEPTION_PAGE_FAULT && (frame->error & PAGE_FAULT_USER) != 0 &&
        kernel_user_page_fault(cr2_read(), access_of(frame->error))) {
        return;
    }
    if (vector >= EXCEPTION_COUNT) {
        dispatch_interrupt(vector);
    } else if (vector == EXCEPTION_NO_FPU && arch_frame_is_user(frame)) {
        context_fpu_trap();
    } else if (vector != EXCEPTION_NMI || !smp_nmi()) {
        dispatch_exception(frame);
    }
}
