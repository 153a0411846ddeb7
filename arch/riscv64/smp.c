/* SPDX-License-Identifier: MIT */
/*
 * Other CPUs, by SBI. A CPU number is an index into boot_info.cpu; hart ids are whatever firmware
 * says. Inter-CPU interrupts share one bit of the hart: which kinds are meant stands in the
 * receiver's ipi_pending.
 */
#include "arch/smp.h"

#include "abi/status.h"
#include "arch/upcall.h"
#include "riscv64/riscv64_priv.h"

/* What arch_secondary_entry (start.S) reads with paging off. */
struct start_block {
    uint64_t satp;
    struct arch_percpu *percpu;
    void *stack_top;
    uint64_t hart;
};

_Static_assert(offsetof(struct start_block, satp) == START_SATP, "offset");
_Static_assert(offsetof(struct start_block, percpu) == START_PERCPU, "offset");
_Static_assert(offsetof(struct start_block, stack_top) == START_STACK, "offset");
_Static_assert(offsetof(struct start_block, hart) == START_HART, "offset");

static uint64_t harts[TS_CPU_COUNT_MAX];              /* constant after smp_init() */
static struct arch_percpu *percpus[TS_CPU_COUNT_MAX]; /* atomic; null: not started */
static struct start_block start_blocks[TS_CPU_COUNT_MAX];
uint64_t arch_start_block; /* atomic: physical address of the block of the hart that is being started */

void smp_init(const struct boot_info *bi) {
    for (unsigned i = 0; i < bi->cpu_count; i++) {
        harts[i] = bi->cpu[i].hardware_id;
    }
}

void smp_note_percpu(struct arch_percpu *p) {
    __atomic_store_n(&percpus[p->cpu], p, __ATOMIC_RELEASE);
}

uint64_t smp_hart(unsigned cpu) {
    return harts[cpu];
}

static struct arch_percpu *started(unsigned cpu) {
    return __atomic_load_n(&percpus[cpu], __ATOMIC_ACQUIRE);
}

/* A group is closed when a hart id does not fit its 64 bits. */
void smp_call_set(uint64_t cpus, uint64_t extension, uint64_t function,
                  const uint64_t argument[3]) {
    uint64_t mask = 0, base = 0;
    __asm__ volatile("fence iorw, iorw" ::: "memory"); /* they see what was written before */
    for (; cpus != 0; cpus &= cpus - 1) {
        unsigned cpu = (unsigned)__builtin_ctzl(cpus);
        if (started(cpu) == NULL) {
            continue;
        }
        if (mask != 0 && (harts[cpu] < base || harts[cpu] - base >= 64)) {
            sbi(extension, function, mask, base, argument[0], argument[1], argument[2]);
            mask = 0;
        }
        if (mask == 0) {
            base = harts[cpu];
        }
        mask |= 1ul << (harts[cpu] - base);
    }
    if (mask != 0) {
        sbi(extension, function, mask, base, argument[0], argument[1], argument[2]);
    }
}

ts_status_t arch_cpu_start(const struct boot_info *bi, struct arch_percpu *p, void *stack_top) {
    struct start_block *block = &start_blocks[p->cpu];
    *block = (struct start_block){.satp = mmu_kernel_satp(),
                                  .percpu = p,
                                  .stack_top = stack_top,
                                  .hart = bi->cpu[p->cpu].hardware_id};
    smp_note_percpu(p);
    __atomic_store_n(&arch_start_block, image_to_phys(block), __ATOMIC_RELEASE);
    __asm__ volatile("fence iorw, iorw" ::: "memory");
    struct sbi_result result = sbi(SBI_HSM, SBI_HSM_START, bi->cpu[p->cpu].hardware_id,
                                   image_to_phys(arch_secondary_entry), image_to_phys(block));
    if (result.error != 0) {
        __atomic_store_n(&percpus[p->cpu], NULL, __ATOMIC_RELEASE);
        return TS_ERR_UNAVAILABLE;
    }
    return TS_OK;
}

_Noreturn void arch_secondary_main(void) {
    kernel_main_secondary(arch_percpu()->cpu);
}

void arch_ipi_send(uint64_t cpus, enum arch_ipi kind) {
    for (uint64_t rest = cpus; rest != 0; rest &= rest - 1) {
        struct arch_percpu *p = started((unsigned)__builtin_ctzl(rest));
        if (p != NULL) {
            __atomic_fetch_or(&p->ipi_pending, 1u << kind, __ATOMIC_RELEASE);
        }
    }
    smp_call_set(cpus, SBI_IPI, SBI_IPI_SEND, (const uint64_t[3]){0});
}

/* The bit is cleared before the kinds are read: what is sent after the read raises it again. */
void smp_interrupt(void) {
    csr_clear(sip, SIE_SOFTWARE);
    uint32_t kinds = __atomic_exchange_n(&arch_percpu()->ipi_pending, 0, __ATOMIC_ACQ_REL);
    for (unsigned kind = 0; kind < ARCH_IPI_COUNT; kind++) {
        if ((kinds & 1u << kind) != 0) {
            kernel_ipi(kind);
        }
    }
}
