/* SPDX-License-Identifier: MIT */
/* A user half for tests, built by hand: the walker is not what is tested here. */
#include "base/string.h"
#include "x86_64/test/selftest_priv.h"
#include "x86_64/x86_64_priv.h"

#define ENTRY_TABLE   0x007ul /* present, writable, user */
#define ENTRY_CODE    0x001ul
#define ENTRY_USER    (0x007ul | 1ul << 63)
#define ENTRY_ADDRESS 0x000ffffffffff000ul
#define LEVELS        4

static uint64_t tables[LEVELS][512] __attribute__((aligned(4096))); /* root first */
static uint64_t pages[2][512] __attribute__((aligned(4096)));
static uint64_t saved;

static uint64_t image_to_phys(const void *address) {
    return (uint64_t)address - KERNEL_IMAGE_BASE;
}

uint8_t *space_enter(void) {
    saved = cr3_read();
    memset(tables, 0, sizeof(tables));
    memcpy(tables[0], phys_to_virt(saved & ENTRY_ADDRESS), TS_PAGE_SIZE);
    for (unsigned i = 0; i + 1 < LEVELS; i++) {
        tables[i][0] = image_to_phys(tables[i + 1]) | ENTRY_TABLE;
    }
    tables[LEVELS - 1][SPACE_USER >> TS_PAGE_SHIFT] = image_to_phys(pages[0]) | ENTRY_USER;
    tables[LEVELS - 1][SPACE_CODE >> TS_PAGE_SHIFT] = image_to_phys(pages[1]) | ENTRY_CODE;
    arch_mmu_switch(image_to_phys(tables[0]), 1);
    return (uint8_t *)pages[0];
}

void space_leave(void) {
    cr3_write(saved);
}
