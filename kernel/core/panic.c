/* SPDX-License-Identifier: MIT */
/* The end: stops the other CPUs, tells what is known, and leaves QEMU with a status of its own. */
#include "kernel/assert.h"

#include "arch/cpu.h"
#include "arch/debug.h"
#include "arch/irq.h"
#include "arch/smp.h"
#include "base/format.h"
#include "kernel/percpu.h"
#include "kernel/symbols.h"
#include "kernel/trace.h"

#define PANIC_EXIT_CODE 101u

#define NOBODY UINT32_MAX

static uint32_t panicking = NOBODY; /* atomic: the CPU that panics; the first wins */

static void (*dump_system)(void);

void panic_set_dump(void (*dump)(void)) {
    dump_system = dump;
}

void panic_print_address(uint64_t ip) {
    uint64_t offset = 0;
    const char *name = symbol_find(ip, &offset);
    log_emergency("  %lx %s+0x%lx\n", ip, name != NULL ? name : "?", offset);
}

_Noreturn void panic(const char *format, ...) {
    arch_irq_disable();
    uint32_t first = NOBODY;
    if (!__atomic_compare_exchange_n(&panicking, &first, percpu_cpu(), false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        if (first == percpu_cpu()) {
            arch_reset(ARCH_RESET_OFF, PANIC_EXIT_CODE); /* a fault while panicking */
        }
        arch_halt();
    }
    arch_ipi_send(~CPU_BIT(percpu_cpu()), ARCH_IPI_STOP);
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    format_va(text, sizeof(text), format, arguments);
    va_end(arguments);
    log_emergency("\nPANIC on CPU %u: %s\n", percpu_cpu(), text);
    arch_backtrace(NULL, panic_print_address);
    trace_dump(log_emergency);
    if (dump_system != NULL) {
        dump_system();
    }
    arch_reset(ARCH_RESET_OFF, PANIC_EXIT_CODE);
}
