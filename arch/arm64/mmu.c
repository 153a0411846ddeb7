/* SPDX-License-Identifier: MIT */
/*
 * Roots, ASIDs and TLB maintenance. The hardware broadcasts invalidations; a set that is this CPU
 * alone is served without. A CPU with 8-bit ASIDs cannot hold the kernel's 16-bit numbers: it runs
 * all user tables under ASID 1 and forgets everything at each switch.
 */
#include "arch/mmu.h"

#include "arm64/arm64_priv.h"
#include "base/string.h"
#include "formats/arm_stage1.h"

_Static_assert(ARM_MAIR == PT_ARM_MAIR,
               "memory types mean the same to start.S and to the page tables");

#define ASID_SHIFT     48
#define ASID_UNTAGGED  1u
#define FLUSH_MAX      64u /* pages; above, the whole ASID goes */
#define TLBI_PAGE_MASK 0xfffffffffffull
#define TCR_HA_HD      (3ul << 39)

#define DCZID_SIZE_MASK  15ul /* log2 of words */
#define DCZID_PROHIBITED 16ul

uint64_t
    arm_kernel_root; /* written by arch_mmu_set_kernel on the boot CPU, read by arch_cpu_start */
static bool untagged;
static bool software_bits; /* adbits=soft: the CPU must not set accessed flags, so that software
                              sees the faults */
static unsigned data_line; /* bytes of the smallest data cache line */
uint64_t arm_zero_block;   /* the same on all CPUs */

/* One invalidation instruction, on this CPU or on all of the inner shareable domain. */
#define TLBI(local, operation, operand)                                                            \
    do {                                                                                           \
        if (local) {                                                                               \
            __asm__ volatile("tlbi " operation ", %0" : : "r"(operand) : "memory");                \
        } else {                                                                                   \
            __asm__ volatile("tlbi " operation "is, %0" : : "r"(operand) : "memory");              \
        }                                                                                          \
    } while (0)

/* Bytes that DC ZVA clears on this CPU; 0: it is prohibited. */
static uint64_t zero_block_here(void) {
    uint64_t id = ARM_READ(dczid_el0);
    return (id & DCZID_PROHIBITED) == 0 ? 4ul << (id & DCZID_SIZE_MASK) : 0;
}

void arm_mmu_init(void) {
    software_bits = string_has_word(arm_boot_info->command_line, "adbits=soft");
    untagged = arm_field(ARM_READ(id_aa64mmfr0_el1), 4) < 2;
    data_line = 4u << arm_field(ARM_READ(ctr_el0), 16);
    arm_zero_block = zero_block_here();
}

const struct pt_format *arch_mmu_format(void) {
    return &pt_format_arm_stage1_39;
}

void arm_mmu_init_cpu(void) {
    if (zero_block_here() != arm_zero_block) {
        arm_zero_block = 0;
    }
    if (software_bits) {
        ARM_WRITE(tcr_el1, ARM_READ(tcr_el1) & ~TCR_HA_HD);
        __asm__ volatile("isb\n\ttlbi vmalle1\n\tdsb nsh\n\tisb" : : : "memory");
    }
}

unsigned arch_mmu_leaf_level(void) {
    return 2;
}

uint64_t arch_mmu_boot_root(void) {
    return ARM_READ(ttbr1_el1) & ~(TS_PAGE_SIZE - 1);
}

/* While there is no kernel table, code runs where the boot code's identity mapping has it. */
void arch_mmu_set_kernel(uint64_t root) {
    void (*exchange)(uint64_t, uint64_t) =
        (void (*)(uint64_t, uint64_t))arm_image_to_phys(arm_table_exchange);
    uint64_t lower = ARM_READ(ttbr0_el1);
    arm_kernel_root = root;
    __asm__ volatile("dsb ishst" : : : "memory");
    ARM_WRITE(ttbr0_el1, arm_image_to_phys(boot_table_identity));
    arm_isb();
    exchange(root, arm_image_to_phys(arm_table_empty));
    ARM_WRITE(ttbr0_el1, lower);
    __asm__ volatile("isb\n\ttlbi vmalle1\n\tdsb nsh\n\tisb" : : : "memory");
}

void arch_mmu_switch(uint64_t root, uint32_t asid) {
    uint64_t tag = asid;
    if (asid == 0) {
        root = arm_image_to_phys(arm_table_empty);
    } else if (untagged) {
        tag = ASID_UNTAGGED;
    }
    ARM_WRITE(ttbr0_el1, root | tag << ASID_SHIFT);
    arm_isb();
    if (untagged) {
        __asm__ volatile("tlbi vmalle1\n\tdsb nsh\n\tisb" : : : "memory");
    }
}

static void flush_all(bool local, bool kernel, uint64_t tag) {
    if (!kernel) {
        TLBI(local, "aside1", tag << ASID_SHIFT);
    } else if (local) {
        __asm__ volatile("tlbi vmalle1" : : : "memory");
    } else {
        __asm__ volatile("tlbi vmalle1is" : : : "memory");
    }
}

static void flush_pages(bool local, bool kernel, uint64_t tag, uint64_t va, size_t pages) {
    uint64_t operand = va >> TS_PAGE_SHIFT & TLBI_PAGE_MASK;
    for (size_t i = 0; i < pages; i++) {
        if (kernel) {
            TLBI(local, "vaae1", operand + i);
        } else {
            TLBI(local, "vae1", (operand + i) | tag << ASID_SHIFT);
        }
    }
}

void arch_tlb_flush(uint64_t cpus, uint32_t asid, uint64_t va, size_t pages) {
    bool local = cpus == (uint64_t)1 << arch_percpu()->cpu;
    bool kernel = va >= KERNEL_SPACE_BASE;
    uint64_t tag = untagged ? ASID_UNTAGGED : asid;
    __asm__ volatile("dsb ishst" : : : "memory");
    if (pages == 0 || pages > FLUSH_MAX) {
        flush_all(local, kernel, tag);
    } else {
        flush_pages(local, kernel, tag, va, pages);
    }
    __asm__ volatile("dsb ish\n\tisb" : : : "memory");
}

/* The instruction cache is dropped whole: lines may lie there under other addresses of the same
 * memory. */
void arch_cache_sync_code(const void *va, size_t size) {
    uint64_t end = (uint64_t)va + size;
    for (uint64_t line = (uint64_t)va & ~(uint64_t)(data_line - 1); line < end; line += data_line) {
        __asm__ volatile("dc cvau, %0" : : "r"(line) : "memory");
    }
    __asm__ volatile("dsb ish\n\tic ialluis\n\tdsb ish\n\tisb" : : : "memory");
}

void arch_cache_clean(const void *va, size_t size) {
    uint64_t end = (uint64_t)va + size;
    for (uint64_t line = (uint64_t)va & ~(uint64_t)(data_line - 1); line < end; line += data_line) {
        __asm__ volatile("dc cvac, %0" : : "r"(line) : "memory");
    }
    __asm__ volatile("dsb sy" : : : "memory");
}
