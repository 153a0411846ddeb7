/* SPDX-License-Identifier: MIT */
/*
 * Other CPUs: INIT and STARTUP, and messages between CPUs. A CPU that starts finds its stack and
 * per-CPU block in smp_start by its local APIC id (start.S). A stop is sent as NMI, so that it
 * reaches CPUs with interrupts off.
 */
#include "x86_64_priv.h"

#include "abi/status.h"
#include "arch/impl/layout.h"
#include "arch/smp.h"
#include "arch/upcall.h"
#include "base/string.h"

#define APIC_ID_COUNT 256
#define INIT_WAIT     20000ul /* ns between the messages */

struct smp_start {
    struct arch_percpu *percpu;
    uint64_t stack_top;
};
_Static_assert(sizeof(struct smp_start) == 1 << SMP_START_SHIFT, "layout.h");

struct smp_start smp_start[APIC_ID_COUNT]; /* a CPU's entry is written before it starts */

static uint8_t apic_ids[TS_CPU_COUNT_MAX];
static struct arch_percpu *percpus[TS_CPU_COUNT_MAX]; /* atomic; null: not started */
static uint64_t trampoline;

uint32_t smp_apic_id(unsigned cpu) {
    return apic_ids[cpu];
}

/* The trampoline's page is mapped writable now, on the boot tables, and need not be later. */
void smp_init(const struct boot_info *bi) {
    for (unsigned i = 0; i < bi->cpu_count; i++) {
        apic_ids[i] = (uint8_t)bi->cpu[i].hardware_id;
    }
    percpus[0] = arch_percpu();
    smp_kernel_root = arch_mmu_boot_root();
    trampoline = bi->trampoline;
    if (trampoline != 0) {
        memcpy(phys_to_virt(trampoline), smp_trampoline,
               (size_t)(smp_trampoline_end - smp_trampoline));
    }
}

ts_status_t arch_cpu_start(const struct boot_info *bi, struct arch_percpu *p, void *stack_top) {
    if (p->cpu >= bi->cpu_count || trampoline == 0) {
        return TS_ERR_NOT_SUPPORTED;
    }
    struct smp_start *start = &smp_start[apic_ids[p->cpu]];
    start->percpu = p;
    start->stack_top = (uint64_t)stack_top;
    p->kernel_stack = start->stack_top;
    uint32_t page = (uint32_t)(trampoline >> TS_PAGE_SHIFT);
    apic_send(p->cpu, APIC_COMMAND_INIT);
    time_delay(INIT_WAIT);
    apic_send(p->cpu, APIC_COMMAND_STARTUP | page);
    time_delay(INIT_WAIT);
    apic_send(p->cpu, APIC_COMMAND_STARTUP | page);
    return TS_OK;
}

_Noreturn void smp_enter(struct arch_percpu *p) {
    __atomic_store_n(&percpus[p->cpu], p, __ATOMIC_RELEASE);
    kernel_main_secondary(p->cpu);
}

static void send_stop(unsigned cpu) {
    struct arch_percpu *p = __atomic_load_n(&percpus[cpu], __ATOMIC_ACQUIRE);
    if (p != NULL) {
        __atomic_store_n(&p->stop_requested, 1, __ATOMIC_SEQ_CST);
        apic_send(cpu, APIC_COMMAND_NMI);
    }
}

void arch_ipi_send(uint64_t cpus, enum arch_ipi kind) {
    cpus &= ~((uint64_t)1 << arch_percpu()->cpu);
    for (; cpus != 0; cpus &= cpus - 1) {
        unsigned cpu = (unsigned)__builtin_ctzl(cpus);
        if (kind == ARCH_IPI_STOP) {
            send_stop(cpu);
        } else {
            apic_send(cpu, APIC_COMMAND_FIXED | VECTOR_RESCHEDULE);
        }
    }
}

/* True: the NMI was a stop, and served. */
bool smp_nmi(void) {
    if (__atomic_exchange_n(&arch_percpu()->stop_requested, 0, __ATOMIC_ACQUIRE) == 0) {
        return false;
    }
    kernel_ipi(ARCH_IPI_STOP);
    return true;
}
