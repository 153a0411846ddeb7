/* SPDX-License-Identifier: MIT */
/* Other CPUs: PSCI starts them at arm_secondary_entry, which reads their struct arm_startup with
 * its caches off. */
#include "arch/smp.h"

#include "abi/status.h"
#include "arch/upcall.h"
#include "arm64/arm64_priv.h"

#define PSCI_CPU_ON     0xc4000003u
#define PSCI_ALREADY_ON (-4)
#define MPIDR_AFFINITY  0xff00fffffful

/* Its fields are read by start.S. A cache line of its own: cleaning one CPU's leaves the others
 * alone. */
struct arm_startup {
    uint64_t table;
    uint64_t stack;
    uint64_t percpu;
} __attribute__((aligned(ARCH_CACHE_LINE)));

_Static_assert(offsetof(struct arm_startup, table) == ARM_STARTUP_TABLE, "start.S");
_Static_assert(offsetof(struct arm_startup, stack) == ARM_STARTUP_STACK, "start.S");
_Static_assert(offsetof(struct arm_startup, percpu) == ARM_STARTUP_PERCPU, "start.S");

static struct arm_startup startup[TS_CPU_COUNT_MAX];

_Noreturn void arm_secondary_main(struct arch_percpu *p) {
    arch_percpu_set(p);
    kernel_main_secondary(p->cpu);
}

ts_status_t arch_cpu_start(const struct boot_info *bi, struct arch_percpu *p, void *stack_top) {
    struct arm_startup *own = &startup[p->cpu];
    own->table = arm_kernel_root != 0 ? arm_kernel_root : arch_mmu_boot_root();
    own->stack = (uint64_t)stack_top;
    own->percpu = (uint64_t)p;
    arch_cache_clean(own, sizeof(*own));
    int64_t result;
    if (!arm_psci_call(PSCI_CPU_ON, bi->cpu[p->cpu].hardware_id & MPIDR_AFFINITY,
                       arm_image_to_phys(arm_secondary_entry), arm_image_to_phys(own), &result)) {
        return TS_ERR_NOT_SUPPORTED;
    }
    if (result == PSCI_ALREADY_ON) {
        return TS_ERR_BAD_STATE;
    }
    return result == 0 ? TS_OK : TS_ERR_INVALID_ARGS;
}

void arch_ipi_send(uint64_t cpus, enum arch_ipi kind) {
    uint64_t others = cpus & ~((uint64_t)1 << arch_percpu()->cpu);
    __asm__ volatile("dsb ishst"
                     :
                     :
                     : "memory"); /* what was written for the receivers comes first */
    while (others != 0) {
        arm_gic_send((unsigned)__builtin_ctzl(others), kind);
        others &= others - 1;
    }
    arm_isb();
}
