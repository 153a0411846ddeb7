/* SPDX-License-Identifier: MIT */
/* A user half for tests, built by hand: the walker is not what is tested here. */
#include "arch/mmu.h"
#include "base/string.h"
#include "riscv64/riscv64_priv.h"
#include "riscv64/test/selftest_priv.h"

#define SPACE_ASID 0xfffeu
#define SATP_PPN   0xffffffffffful
#define SATP_SV48  9ul

#define PTE_TABLE 0x01ul
#define PTE_CODE  0xc9ul /* V X A D */
#define PTE_USER  0xd7ul /* V R W U A D */

static uint64_t tables[4][512] __attribute__((aligned(4096))); /* root first */
static uint64_t pages[2][512] __attribute__((aligned(4096)));
static uint64_t saved;

static uint64_t entry(const void *page, uint64_t bits) {
    return image_to_phys(page) >> TS_PAGE_SHIFT << 10 | bits;
}

uint8_t *space_enter(void) {
    saved = csr_read(satp);
    unsigned levels = saved >> 60 == SATP_SV48 ? 4 : 3;
    memset(tables, 0, sizeof(tables));
    memcpy(tables[0], phys_to_virt((saved & SATP_PPN) << TS_PAGE_SHIFT), TS_PAGE_SIZE);
    for (unsigned i = 0; i + 1 < levels; i++) {
        tables[i][0] = entry(tables[i + 1], PTE_TABLE);
    }
    tables[levels - 1][SPACE_USER >> TS_PAGE_SHIFT] = entry(pages[0], PTE_USER);
    tables[levels - 1][SPACE_CODE >> TS_PAGE_SHIFT] = entry(pages[1], PTE_CODE);
    arch_mmu_switch(image_to_phys(tables[0]), SPACE_ASID);
    arch_tlb_flush(1ul << arch_percpu()->cpu, SPACE_ASID, 0, 0);
    return (uint8_t *)pages[0];
}

void space_leave(void) {
    csr_write(satp, saved);
    arch_tlb_flush(1ul << arch_percpu()->cpu, SPACE_ASID, 0, 0);
}
