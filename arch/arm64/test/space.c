/* SPDX-License-Identifier: MIT */
/* A user half for tests, built by hand: the walker is not what is tested here. Tests do not run in
 * parallel. */
#include "arch/mmu.h"
#include "arm64/arm64_priv.h"
#include "arm64/test/selftest_priv.h"
#include "base/string.h"

#define SPACE_ASID 0xfffeu

#define PTE_TABLE 0x3ul
#define PTE_CODE                                                                                   \
    0x0040000000000f03ul /* page, accessed, not global, of EL1 alone, executable there */
#define PTE_USER 0x0060000000000f43ul /* the same for EL0, never executable */

static uint64_t tables[3][512] __attribute__((aligned(4096))); /* root first */
static uint64_t pages[2][512] __attribute__((aligned(4096)));
static uint64_t saved;

uint8_t *space_enter(void) {
    saved = ARM_READ(ttbr0_el1);
    memset(tables, 0, sizeof(tables));
    tables[0][0] = arm_image_to_phys(tables[1]) | PTE_TABLE;
    tables[1][0] = arm_image_to_phys(tables[2]) | PTE_TABLE;
    tables[2][SPACE_USER >> TS_PAGE_SHIFT] = arm_image_to_phys(pages[0]) | PTE_USER;
    tables[2][SPACE_CODE >> TS_PAGE_SHIFT] = arm_image_to_phys(pages[1]) | PTE_CODE;
    arch_mmu_publish();
    arch_mmu_switch(arm_image_to_phys(tables[0]), SPACE_ASID);
    arch_tlb_flush((uint64_t)1 << arch_percpu()->cpu, SPACE_ASID, 0, 0);
    return (uint8_t *)pages[0];
}

void space_leave(void) {
    ARM_WRITE(ttbr0_el1, saved);
    arm_isb();
    arch_tlb_flush((uint64_t)1 << arch_percpu()->cpu, SPACE_ASID, 0, 0);
}
