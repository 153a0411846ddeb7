/* SPDX-License-Identifier: MIT */
/* The boot order, one call per line. */
#include "arch/cpu.h"
#include "arch/upcall.h"
#include "kernel/assert.h"
#include "kernel/log.h"

_Noreturn void kernel_main(const struct boot_info *bi) {
    log_init(&bi->uart);
    log_line("Tessera on %s", bi->firmware);
    if (bi->error != NULL) {
        panic("%s", bi->error);
    }
    arch_init_early(bi);
    arch_reset(ARCH_RESET_OFF, 0);
}

_Noreturn void kernel_main_secondary(unsigned cpu) {
    (void)cpu;
    arch_halt();
}

void kernel_syscall(struct arch_frame *frame) {
    (void)frame;
}

bool kernel_fault(struct arch_frame *frame, const struct fault *fault) {
    (void)frame;
    if (fault->in_user_copy) {
        return false;
    }
    panic("fault %u at %lx", fault->kind, fault->address);
}

void kernel_irq(unsigned line) {
    (void)line;
}

void kernel_timer(void) {
}

void kernel_ipi(unsigned kind) {
    (void)kind;
}

void kernel_interrupt_exit(void) {
}
