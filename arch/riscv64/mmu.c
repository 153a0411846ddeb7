/* SPDX-License-Identifier: MIT */
/*
 * satp and the TLB. Sv39 unless the command line says satp=sv48. Under Sv48 the same tables hang
 * one level lower: the boot table, an Sv39 root, becomes the last entry's table. Kernel mappings
 * are global: flushing an ASID keeps them.
 */
#include "arch/mmu.h"

#include "base/string.h"
#include "formats/format.h"
#include "riscv64/riscv64_priv.h"

#define SATP_MODE_SHIFT 60
#define SATP_MODE_SV39  8ul
#define SATP_MODE_SV48  9ul
#define SATP_ASID_SHIFT 44
#define SATP_ASID_MASK  (0xfffful << SATP_ASID_SHIFT)
#define PTE_VALID       1ul
#define PTE_PPN_SHIFT   10

/* Beyond so many pages a flush of everything is cheaper, and short. */
#define FLUSH_PAGES_MAX 32

/* Constant after mmu_init(), kernel_root after arch_mmu_set_kernel(). */
static uint64_t mode = SATP_MODE_SV39;
static bool asids;
static uint64_t kernel_root;
static uint64_t boot_table_sv48[512] __attribute__((aligned(4096)));

static inline uint64_t satp_value(uint64_t root, uint64_t asid) {
    return mode << SATP_MODE_SHIFT | asid << SATP_ASID_SHIFT | root >> TS_PAGE_SHIFT;
}

static inline void flush_all(void) {
    __asm__ volatile("sfence.vma" ::: "memory");
}

/* A CPU without Sv48 ignores the write. */
static void enter_sv48(void) {
    boot_table_sv48[511] = image_to_phys(boot_table) >> TS_PAGE_SHIFT << PTE_PPN_SHIFT | PTE_VALID;
    flush_all();
    csr_write(satp,
              SATP_MODE_SV48 << SATP_MODE_SHIFT | image_to_phys(boot_table_sv48) >> TS_PAGE_SHIFT);
    flush_all();
    if (csr_read(satp) >> SATP_MODE_SHIFT == SATP_MODE_SV48) {
        mode = SATP_MODE_SV48;
    }
}

void mmu_init(const struct boot_info *bi) {
    if (string_has_word(bi->command_line, "satp=sv48")) {
        enter_sv48();
    }
    kernel_root = arch_mmu_boot_root();
    csr_set(satp, SATP_ASID_MASK);
    asids = (csr_read(satp) & SATP_ASID_MASK) == SATP_ASID_MASK;
    csr_write(satp, satp_value(kernel_root, 0));
    flush_all();
}

const char *mmu_mode_name(void) {
    return mode == SATP_MODE_SV48 ? "Sv48" : "Sv39";
}

bool mmu_has_asids(void) {
    return asids;
}

const struct pt_format *arch_mmu_format(void) {
    return mode == SATP_MODE_SV48 ? &pt_format_sv48 : &pt_format_sv39;
}

uint64_t mmu_kernel_satp(void) {
    return satp_value(kernel_root, 0);
}

unsigned arch_mmu_leaf_level(void) {
    return 2;
}

uint64_t arch_mmu_boot_root(void) {
    return mode == SATP_MODE_SV48 ? image_to_phys(boot_table_sv48) : image_to_phys(boot_table);
}

void arch_mmu_set_kernel(uint64_t root) {
    kernel_root = root;
    flush_all();
    csr_write(satp, satp_value(root, 0));
    flush_all();
}

void arch_mmu_switch(uint64_t root, uint32_t asid) {
    if (__builtin_expect(!asids, 0)) {
        csr_write(satp, satp_value(root, 0));
        flush_all();
        return;
    }
    csr_write(satp, satp_value(root, asid));
}

static void flush_local(uint64_t asid, uint64_t va, size_t pages) {
    bool kernel = va >= KERNEL_SPACE_BASE || !asids;
    if (pages == 0 || pages > FLUSH_PAGES_MAX) {
        if (kernel) {
            flush_all();
        } else {
            __asm__ volatile("sfence.vma zero, %0" ::"r"(asid) : "memory");
        }
        return;
    }
    for (; pages > 0; pages--, va += TS_PAGE_SIZE) {
        if (kernel) {
            __asm__ volatile("sfence.vma %0, zero" ::"r"(va) : "memory");
        } else {
            __asm__ volatile("sfence.vma %0, %1" ::"r"(va), "r"(asid) : "memory");
        }
    }
}

/* SBI returns when every hart has done it: it interrupts them in M mode, also in spin loops. */
void arch_tlb_flush(uint64_t cpus, uint32_t asid, uint64_t va, size_t pages) {
    uint64_t self = 1ul << arch_percpu()->cpu;
    if ((cpus & self) != 0) {
        flush_local(asid, va, pages);
    }
    if ((cpus & ~self) == 0) {
        return;
    }
    bool all = pages == 0 || pages > FLUSH_PAGES_MAX;
    uint64_t start = all ? 0 : va;
    uint64_t size = all ? UINT64_MAX : pages * TS_PAGE_SIZE;
    bool kernel = va >= KERNEL_SPACE_BASE || !asids;
    smp_call_set(cpus & ~self, SBI_RFENCE, kernel ? SBI_RFENCE_VMA : SBI_RFENCE_VMA_ASID,
                 (const uint64_t[3]){start, size, asid});
}

void arch_cache_sync_code(const void *va, size_t size) {
    (void)va;
    (void)size;
    __asm__ volatile("fence rw, rw\n\tfence.i" ::: "memory");
    smp_call_set(~(1ul << arch_percpu()->cpu), SBI_RFENCE, SBI_RFENCE_CODE, (const uint64_t[3]){0});
}

/* Memory is coherent, with devices too, and there is no instruction for it in the base. */
void arch_cache_clean(const void *va, size_t size) {
    (void)va;
    (void)size;
    __asm__ volatile("fence iorw, iorw" ::: "memory");
}
