/* SPDX-License-Identifier: MIT */
/* Start-up, identity, idle and the way out; and the SBI call. */
#include "abi/status.h"
#include "arch/cpu.h"
#include "arch/io.h"
#include "arch/irq.h"
#include "arch/mmu.h"
#include "arch/upcall.h"
#include "base/format.h"
#include "riscv64/riscv64_priv.h"

#define SRST_SHUTDOWN    0ul
#define SRST_COLD_REBOOT 1ul
#define SRST_NO_REASON   0ul
#define SRST_FAILURE     1ul

/* sifive_test: commands in the low half word, an exit code above. */
#define TEST_PASS   0x5555u
#define TEST_FAIL   0x3333u
#define TEST_REBOOT 0x7777u

static struct boot_power power; /* constant after arch_start() */

struct sbi_result sbi_call(uint64_t extension, uint64_t function, const uint64_t argument[5]) {
    /* Loaded before the first register is set: a sanitizer calls a function at each load. */
    uint64_t first = argument[0], second = argument[1], third = argument[2], fourth = argument[3], fifth = argument[4];
    register uint64_t a0 __asm__("a0") = first;
    register uint64_t a1 __asm__("a1") = second;
    register uint64_t a2 __asm__("a2") = third;
    register uint64_t a3 __asm__("a3") = fourth;
    register uint64_t a4 __asm__("a4") = fifth;
    register uint64_t a6 __asm__("a6") = function;
    register uint64_t a7 __asm__("a7") = extension;
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1)
                     : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7)
                     : "memory");
    return (struct sbi_result){.error = (int64_t)a0, .value = a1};
}

void arch_percpu_set(struct arch_percpu *p) {
    arch_percpu_register = p;
    smp_note_percpu(p);
}

_Noreturn void arch_start(const struct boot_info *bi) {
    power = bi->power;
    arch_percpu_set(arch_percpu());
    kernel_main(bi);
}

/* What each CPU sets up for itself. SUM off: user memory is reached in the copy functions only. */
static void init_cpu(void) {
    csr_clear(sstatus, SSTATUS_SUM | SSTATUS_FS | SSTATUS_VS);
    arch_time_user_counters(false);
    time_init_cpu();
    csr_write(sie, SIE_SOFTWARE);
}

void arch_init_early(const struct boot_info *bi) {
    smp_init(bi);
    mmu_init(bi);
    time_init(bi);
    init_cpu();
}

void arch_init_interrupts(const struct boot_info *bi) {
    irq_init(bi);
    irq_init_cpu();
}

void arch_init_secondary(void) {
    init_cpu();
    irq_init_cpu();
}

void arch_cpu_describe(char *buffer, size_t size) {
    struct sbi_result firmware = sbi(SBI_BASE, SBI_BASE_IMPL_ID);
    struct sbi_result version = sbi(SBI_BASE, SBI_BASE_IMPL_VERSION);
    format_text(buffer, size,
                "RISC-V hart %lu, %s, %s, timer by %s, PLIC with %u lines, SBI %lu/%lx",
                smp_hart(arch_percpu()->cpu), mmu_mode_name(),
                mmu_has_asids() ? "16-bit ASIDs" : "no ASIDs", time_has_sstc() ? "Sstc" : "SBI",
                arch_irq_line_count(), firmware.value, version.value);
}

/* wfi also ends at an interrupt that is masked; it is taken between the two writes. */
void arch_idle(void) {
    __asm__ volatile("wfi" ::: "memory");
    arch_irq_enable();
    arch_irq_disable();
}

_Noreturn void arch_halt(void) {
    arch_irq_disable();
    csr_write(sie, 0);
    for (;;) {
        __asm__ volatile("wfi" ::: "memory");
    }
}

_Noreturn void arch_reset(enum arch_reset_kind kind, unsigned code) {
    bool off = kind == ARCH_RESET_OFF;
    if (off && power.kind == BOOT_POWER_TEST_DEVICE) {
        uint32_t failure = (uint32_t)(code & 0xff) << 16 | TEST_FAIL;
        arch_mmio_write32(phys_to_virt(power.base), code == 0 ? TEST_PASS : failure);
    }
    sbi(SBI_SRST, 0, off ? SRST_SHUTDOWN : SRST_COLD_REBOOT,
        code == 0 ? SRST_NO_REASON : SRST_FAILURE);
    if (!off && power.kind == BOOT_POWER_TEST_DEVICE) {
        arch_mmio_write32(phys_to_virt(power.base), TEST_REBOOT);
    }
    arch_halt();
}

void arch_spin_wait(void) {
    arch_cpu_pause();
}

/* The seed CSR is not for S mode on the machines we know; the devicetree's seed is the kernel's. */
bool arch_entropy(uint64_t *value) {
    (void)value;
    return false;
}
