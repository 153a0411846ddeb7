/* SPDX-License-Identifier: MIT */
/*
 * Where the shadow's own memory comes from. All RAM has shadow, from the start; registers share one page that permits
 * everything; stacks and per-CPU areas get theirs when they are mapped. Other kernel addresses have none: who touches
 * them faults at the address of their shadow. Built without sanitizers.
 */
#include "kasan_private.h"

#include "formats/format.h"
#include "kernel/assert.h"
#include "kernel/frames.h"
#include "kernel/kernelspace.h"

#define EARLY_TABLES 6u
#define EARLY_PAGES  2u /* the boot stack's shadow may lie across the border of two */
#define READ_ONLY    (PT_READ | PT_GLOBAL | PT_ACCESSED) /* nothing of the kernel's faults for an accessed or dirty bit */
#define READ_WRITE   (READ_ONLY | PT_WRITE | PT_DIRTY)

extern char kernel_image_start[], kernel_image_end[];

static uint64_t early_tables[EARLY_TABLES][PT_ENTRIES] __attribute__((aligned(TS_PAGE_SIZE)));
static uint8_t early_pages[EARLY_PAGES][TS_PAGE_SIZE] __attribute__((aligned(TS_PAGE_SIZE)));

static uint64_t entry_to(const struct pt_format *format, uint64_t pa, uint64_t bits) {
    return ((pa >> format->address_shift) & format->address_mask) | bits;
}

/* Enters one page into the boot table. Its tables and ours are reached by the direct map and the image, both mapped. */
static void early_map(uint64_t image_phys, uint64_t va, const uint8_t *page) {
    static unsigned tables_used;
    const struct pt_format *format = arch_mmu_format();
    uint64_t *table = phys_to_virt(arch_mmu_boot_root());
    for (unsigned level = format->levels - 1u; level > 0; level--) {
        uint64_t *entry = &table[(va >> (TS_PAGE_SHIFT + level * PT_ENTRY_BITS)) % PT_ENTRIES];
        if ((*entry & format->valid_mask) == 0) {
            ASSERT(tables_used < EARLY_TABLES);
            uint64_t offset = (uint64_t)early_tables[tables_used++] - (uint64_t)kernel_image_start;
            *entry = entry_to(format, image_phys + offset, format->table_bits);
        }
        table = phys_to_virt((*entry & format->address_mask) << format->address_shift);
    }
    uint64_t leaf = format->attributes(READ_WRITE, 0);
    table[(va >> TS_PAGE_SHIFT) % PT_ENTRIES] =
        entry_to(format, image_phys + ((uint64_t)page - (uint64_t)kernel_image_start), leaf);
}

void kasan_early(uint64_t image_phys) {
    uint64_t here = (uint64_t)kasan_shadow_of((uint64_t)__builtin_frame_address(0)) & ~(TS_PAGE_SIZE - 1);
    for (unsigned i = 0; i < EARLY_PAGES; i++) {
        early_map(image_phys, here - i * TS_PAGE_SIZE, early_pages[i]);
    }
    arch_mmu_publish();
}

static bool is_mapped(uint64_t va) {
    struct pt_mapping mapping;
    return pagetable_query(&kernel_pagetable, va, &mapping) == TS_OK;
}

static ts_status_t map_frames(uint64_t va, size_t size) {
    size_t count = size >> TS_PAGE_SHIFT;
    struct frame *first = frame_alloc_run(count, count, 0, FRAME_KERNEL, FRAME_ANY);
    if (first == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    ts_status_t status = pagetable_map(&kernel_pagetable, va, frame_to_phys(first), size, READ_WRITE);
    if (status != TS_OK) {
        frame_free_run(first, count);
    }
    return status;
}

/* Shadow of [start, end), in large leaves where it can be. */
static void map_memory(uint64_t start, uint64_t end) {
    uint64_t va = (uint64_t)kasan_shadow_of(start) & ~(TS_PAGE_SIZE - 1);
    uint64_t last = (uint64_t)kasan_shadow_of(end - 1);
    while (va <= last) {
        bool large = va % PT_SIZE_2M == 0 && last - va >= PT_SIZE_2M - 1;
        if (large && map_frames(va, PT_SIZE_2M) == TS_OK) {
            va += PT_SIZE_2M;
            continue;
        }
        if (!is_mapped(va) && map_frames(va, TS_PAGE_SIZE) != TS_OK) {
            panic("kasan: no memory for the shadow of %lx", start);
        }
        va += TS_PAGE_SIZE;
    }
}

static void map_registers(uint64_t start, uint64_t end, uint64_t shared) {
    uint64_t va = (uint64_t)kasan_shadow_of(start) & ~(TS_PAGE_SIZE - 1);
    for (; va <= (uint64_t)kasan_shadow_of(end - 1); va += TS_PAGE_SIZE) {
        if (!is_mapped(va) && pagetable_map(&kernel_pagetable, va, shared, PT_SIZE_4K, READ_ONLY) != TS_OK) {
            panic("kasan: no memory for the shadow of registers");
        }
    }
}

/* RAM first: at a border its shadow has to be its own. */
static void map_direct(const struct boot_info *bi, bool device, uint64_t shared) {
    for (uint32_t i = 0; i < bi->memory_count; i++) {
        const struct boot_memory *memory = &bi->memory[i];
        if (memory->kind == BOOT_MEMORY_RESERVED || (memory->kind == BOOT_MEMORY_DEVICE) != device ||
            memory->base >= KERNEL_DIRECT_SIZE) {
            continue;
        }
        uint64_t end = memory->base + memory->length;
        end = end > KERNEL_DIRECT_SIZE ? KERNEL_DIRECT_SIZE : end;
        if (device) {
            map_registers(KERNEL_DIRECT_BASE + memory->base, KERNEL_DIRECT_BASE + end, shared);
        } else {
            map_memory(KERNEL_DIRECT_BASE + memory->base, KERNEL_DIRECT_BASE + end);
        }
    }
}

void kasan_map(const struct boot_info *bi) {
    struct frame *shared = frame_alloc(FRAME_KERNEL, FRAME_ANY);
    ts_status_t roots = pagetable_populate_roots(&kernel_pagetable, (uint64_t)kasan_shadow_of(KERNEL_STACKS_BASE),
                                                 KERNEL_STACKS_SIZE / KASAN_GRANULE);
    if (shared == NULL || roots != TS_OK ||
        pagetable_populate_roots(&kernel_pagetable, (uint64_t)kasan_shadow_of(KERNEL_PERCPU_BASE),
                                 KERNEL_PERCPU_SIZE / KASAN_GRANULE) != TS_OK) {
        panic("kasan: no memory for page tables");
    }
    map_direct(bi, false, 0);
    map_memory((uint64_t)kernel_image_start, (uint64_t)kernel_image_end);
    map_direct(bi, true, frame_to_phys(shared));
}

/* A page of shadow serves eight neighbours, and stays when they go. */
ts_status_t kasan_map_page(uint64_t va) {
    uint64_t shadow = (uint64_t)kasan_shadow_of(va) & ~(TS_PAGE_SIZE - 1);
    return is_mapped(shadow) ? TS_OK : map_frames(shadow, TS_PAGE_SIZE);
}
