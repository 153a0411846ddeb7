/* SPDX-License-Identifier: MIT */
/* The doors from arch and boot code into the kernel, which implements them. Interrupts are off in all. */
#pragma once

#include "abi/bootinfo.h"

struct arch_frame;
struct arch_percpu;

enum fault_kind {
    FAULT_PAGE,        /* translation or permission; address and access are valid */
    FAULT_ILLEGAL,     /* undefined or privileged instruction */
    FAULT_BREAKPOINT,
    FAULT_ARITHMETIC,  /* division, floating point */
    FAULT_ALIGNMENT,
    FAULT_GENERAL,     /* x86 #GP, unknown system register, external abort */
    FAULT_STACK,       /* kernel stack overflow: fatal */
    FAULT_MACHINE,     /* machine check, SError, NMI: fatal when from the kernel */
};

enum fault_access { FAULT_READ = 1, FAULT_WRITE = 2, FAULT_EXECUTE = 4 };

struct fault {
    enum fault_kind kind;
    uint32_t access;     /* enum fault_access */
    uint64_t address;
    uint64_t code;       /* the CPU's own syndrome, for reports */
    bool from_user;
    bool in_user_copy;   /* taken inside arch_copy_from_user/to_user */
};

/* The boot CPU's percpu block, before anything else of the kernel runs. */
struct arch_percpu *kernel_percpu_boot(void);

_Noreturn void kernel_main(const struct boot_info *bi);
_Noreturn void kernel_main_secondary(unsigned cpu);

/* A system call: reads number and arguments from the frame and writes status and values into it. */
void kernel_syscall(struct arch_frame *frame);

/* An access of user mode (enum fault_access) that translations do not permit. True: it may be tried again. False: it is
 * a fault, and goes to kernel_fault() next. */
bool kernel_user_page_fault(uint64_t address, uint32_t access);

/* True: resolved, resume at the frame. False (only with in_user_copy): the copy ends with INVALID_ARGS.
 * A fault of user mode that nobody handles does not return. */
bool kernel_fault(struct arch_frame *frame, const struct fault *fault);

/* A device line fired. The kernel masks the line; the arch then signals end of interrupt. */
void kernel_irq(unsigned line);
void kernel_timer(void);
void kernel_ipi(unsigned kind);

/* First thing on the kernel stack of a thread that was switched to without saved kernel state (new, or discarded by
 * arch_context_discard): called by the arch before it returns to user mode by the thread's frame. May not return. */
void kernel_user_entry(void);

/* Last thing of every interrupt, after end of interrupt was signalled: may switch threads. */
void kernel_interrupt_exit(void);
