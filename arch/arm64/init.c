/* SPDX-License-Identifier: MIT */
/* A CPU's set-up after the boot code, its name, its idle loop, and the ways to switch the machine
 * off. */
#include "arm64/arm64_priv.h"
#include "arch/irq.h"
#include "arch/time.h"
#include "base/format.h"

#define CNTKCTL_EL0VCTEN 2u /* user mode may read the virtual counter, nothing else */

#define PMCR_ENABLE  1u
#define PMCR_RESET   4u /* of the cycle counter */
#define PMCR_LONG    64u
#define PMU_CYCLES   (1u << 31)
#define PMUSERENR_CR 4u

#define PSCI_SYSTEM_OFF   0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u

#define SEMIHOSTING_EXIT     0x18
#define SEMIHOSTING_FINISHED 0x20026 /* the application ended; the next word is its code */

#define EMERGENCY_STACK_SIZE 8192

bool arm_has_pmu;
uint64_t arm_image_phys;
const struct boot_info *arm_boot_info;

/* Before arch_init_early() a failure can be told to a semihosting host only. */
static struct boot_power power = {.kind = BOOT_POWER_SEMIHOSTING};

/* Where entry code goes when a kernel stack is used up. */
static uint8_t emergency_stack[TS_CPU_COUNT_MAX][EMERGENCY_STACK_SIZE] __attribute__((aligned(16)));

void arch_percpu_set(struct arch_percpu *p) {
    p->emergency_stack = (uint64_t)(emergency_stack[p->cpu] + EMERGENCY_STACK_SIZE);
    ARM_WRITE(tpidr_el1, p);
}

bool arm_on_emergency_stack(uint64_t address) {
    uint64_t start = (uint64_t)emergency_stack;
    return address >= start && address < start + sizeof(emergency_stack);
}

void arm_semihosting_forget(void) {
    power.kind = BOOT_POWER_NONE;
}

static bool pmu_present(void) {
    unsigned version = arm_field(ARM_READ(id_aa64dfr0_el1), 8);
    return version != 0 && version != 0xf;
}

static void pmu_init(void) {
    ARM_WRITE(pmuserenr_el0, 0);
    ARM_WRITE(pmccfiltr_el0, 0);
    ARM_WRITE(pmcntenset_el0, PMU_CYCLES);
    ARM_WRITE(pmcr_el0, PMCR_ENABLE | PMCR_RESET | PMCR_LONG);
}

static void init_cpu(void) {
    ARM_WRITE(cntkctl_el1, CNTKCTL_EL0VCTEN);
    ARM_WRITE(tpidrro_el0, 0);
    ARM_WRITE(tpidr_el0, 0);
    arm_mmu_init_cpu();
    if (arm_has_pmu) {
        pmu_init();
    }
    arm_isb();
}

void arch_init_early(const struct boot_info *bi) {
    arm_boot_info = bi;
    power = bi->power;
    arm_has_pmu = pmu_present();
    arm_mmu_init();
    init_cpu();
    arm_time_init(bi->timer_frequency);
}

void arch_init_interrupts(const struct boot_info *bi) {
    arm_gic_init(&bi->controller);
    arm_gic_init_cpu();
    arm_time_init_cpu();
}

void arch_init_secondary(void) {
    init_cpu();
    arm_gic_init_cpu();
    arm_time_init_cpu();
}

void arch_time_user_counters(bool enable) {
    if (arm_has_pmu) {
        ARM_WRITE(pmuserenr_el0, enable ? PMUSERENR_CR : 0);
        arm_isb();
    }
}

void arch_cpu_describe(char *buffer, size_t size) {
    uint64_t midr = ARM_READ(midr_el1);
    uint64_t mmfr1 = ARM_READ(id_aa64mmfr1_el1);
    format_text(buffer, size, "arm64 implementer %02lx part %03lx r%lup%lu%s%s%s%s%s",
                midr >> 24 & 0xff, midr >> 4 & 0xfff, midr >> 20 & 0xf, midr & 0xf,
                arm_field(ARM_READ(id_aa64mmfr0_el1), 4) >= 2 ? " asid16" : " asid8",
                arm_field(mmfr1, 20) != 0 ? " pan" : "", arm_field(mmfr1, 0) >= 2 ? " hafdbs" : "",
                arm_field(ARM_READ(id_aa64isar0_el1), 60) != 0 ? " rndr" : "",
                arm_has_pmu ? " pmu" : "");
}

void arch_idle(void) {
    __asm__ volatile("dsb sy\n\twfi" : : : "memory");
    arch_irq_enable();
    arch_irq_disable();
}

_Noreturn void arch_halt(void) {
    __asm__ volatile("msr daifset, #0xf" : : : "memory");
    for (;;) {
        __asm__ volatile("wfi");
    }
}

bool arm_psci_call(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3, int64_t *result) {
    if (power.firmware != BOOT_POWER_PSCI_HVC && power.firmware != BOOT_POWER_PSCI_SMC) {
        return false;
    }
    *result = (int64_t)arm_psci(power.firmware == BOOT_POWER_PSCI_HVC, function, a1, a2, a3);
    return true;
}

_Noreturn void arch_reset(enum arch_reset_kind kind, unsigned code) {
    int64_t result;
    if (kind == ARCH_RESET_REBOOT) {
        arm_psci_call(PSCI_SYSTEM_RESET, 0, 0, 0, &result);
    }
    if (power.kind == BOOT_POWER_SEMIHOSTING) {
        const uint64_t block[2] = {SEMIHOSTING_FINISHED, code};
        arm_semihosting(SEMIHOSTING_EXIT, block);
    }
    arm_psci_call(PSCI_SYSTEM_OFF, 0, 0, 0, &result);
    arch_halt();
}

void arch_spin_wait(void) {
    arch_cpu_pause();
}

bool arch_entropy(uint64_t *value) {
    if (arm_field(ARM_READ(id_aa64isar0_el1), 60) == 0) {
        return false;
    }
    uint64_t failed; /* RNDR sets Z when it has nothing */
    __asm__ volatile("mrs %0, S3_3_C2_C4_0\n\tcset %1, eq" : "=r"(*value), "=r"(failed) : : "cc");
    return failed == 0;
}
