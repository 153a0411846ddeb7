/* SPDX-License-Identifier: MIT */
/*
 * The kernel's page table. Text is executable and read-only, also through the direct map; everything else is never
 * executable. Root entries of what grows later exist from
 * the beginning, so that user tables can share them.
 */
#include "kernel/kernelspace.h"

#include "kernel/assert.h"
#include "abi/status.h"
#include "base/string.h"
#include "kernel/frames.h"
#include "kernel/kasan.h"
#include "kernel/spinlock.h"

extern char kernel_image_start[], kernel_text_start[], kernel_text_end[], kernel_rodata_start[], kernel_rodata_end[],
    kernel_data_start[], kernel_data_end[], kernel_image_end[];

struct pagetable kernel_pagetable;
struct spinlock kernelspace_lock = SPINLOCK(LOCK_KERNEL_SPACE);

static void must(ts_status_t status, const char *what) {
    if (status != TS_OK) {
        panic("kernel page table: %s: %d", what, status);
    }
}

static uint64_t image_phys(const struct boot_info *bi, const char *address) {
    return bi->kernel.base + (uint64_t)(address - kernel_image_start);
}

/* Of the kernel's own pages: nothing of it faults, so accessed and dirty are set from the beginning. */
static uint32_t kernel_flags(uint32_t flags) {
    return flags | PT_GLOBAL | PT_ACCESSED | ((flags & PT_WRITE) != 0 ? PT_DIRTY : 0);
}

static void map_image(const struct boot_info *bi, const char *start, const char *end, uint32_t flags) {
    must(pagetable_map_range(&kernel_pagetable, (uint64_t)start, image_phys(bi, start), (uint64_t)(end - start),
                             kernel_flags(flags)),
         "image");
}

static void map_direct(uint64_t base, uint64_t end, uint32_t flags) {
    if (base < end) {
        must(pagetable_map_range(&kernel_pagetable, KERNEL_DIRECT_BASE + base, base, end - base, kernel_flags(flags)),
             "direct map");
    }
}

/* Runs of RAM in one piece, so that large leaves are used; the kernel's text is left out and mapped read-only. */
static void map_memory(const struct boot_info *bi) {
    uint64_t text = image_phys(bi, kernel_text_start);
    uint64_t text_end = image_phys(bi, kernel_text_end);
    for (uint32_t i = 0; i < bi->memory_count;) {
        const struct boot_memory *first = &bi->memory[i];
        bool device = first->kind == BOOT_MEMORY_DEVICE;
        uint64_t end = first->base + first->length;
        i++;
        if (first->kind == BOOT_MEMORY_RESERVED) {
            continue;
        }
        while (i < bi->memory_count && bi->memory[i].base == end && bi->memory[i].kind != BOOT_MEMORY_RESERVED &&
               (bi->memory[i].kind == BOOT_MEMORY_DEVICE) == device) {
            end += bi->memory[i++].length;
        }
        uint64_t limit = KERNEL_DIRECT_SIZE;
        if (first->base >= limit) {
            continue;
        }
        end = end > limit ? limit : end;
        uint32_t flags = PT_READ | PT_WRITE | (device ? PT_TYPE_DEVICE : PT_TYPE_CACHED);
        if (text >= first->base && text_end <= end) {
            map_direct(first->base, text, flags);
            map_direct(text, text_end, PT_READ);
            map_direct(text_end, end, flags);
        } else {
            map_direct(first->base, end, flags);
        }
    }
}

void kernelspace_init(const struct boot_info *bi) {
    pagetable_range_level = arch_mmu_leaf_level();
    pagetable_soft_ad = string_has_word(bi->command_line, "adbits=soft");
    must(pagetable_new(&kernel_pagetable, arch_mmu_format(), 0), "root");
    kernel_pagetable.cpus = UINT64_MAX; /* every CPU that ever runs; arch_tlb_flush gets the online ones */
    map_memory(bi);
    map_image(bi, kernel_text_start, kernel_text_end, PT_READ | PT_EXECUTE);
    map_image(bi, kernel_rodata_start, kernel_rodata_end, PT_READ);
    map_image(bi, kernel_data_start, kernel_data_end, PT_READ | PT_WRITE);
    must(pagetable_populate_roots(&kernel_pagetable, KERNEL_STACKS_BASE, KERNEL_STACKS_SIZE), "stacks");
    must(pagetable_populate_roots(&kernel_pagetable, KERNEL_PERCPU_BASE, KERNEL_PERCPU_SIZE), "per-CPU areas");
    must(pagetable_populate_roots(&kernel_pagetable, KERNEL_HEAP_BASE, KERNEL_HEAP_SIZE), "heap");
    if (CONFIG_KASAN) {
        kasan_map(bi);
    }
    arch_mmu_set_kernel(pagetable_phys(&kernel_pagetable));
    if (CONFIG_KASAN) {
        kasan_start();
    }
}

ts_status_t kernelspace_map_page(uint64_t va, uint64_t pa) {
    spinlock_acquire(&kernelspace_lock);
    ts_status_t status = CONFIG_KASAN ? kasan_map_page(va) : TS_OK;
    if (status == TS_OK) {
        status = pagetable_map(&kernel_pagetable, va, pa, PT_SIZE_4K, kernel_flags(PT_READ | PT_WRITE));
    }
    arch_mmu_publish();
    spinlock_release(&kernelspace_lock);
    return status;
}

void kernelspace_unmap_page(uint64_t va) {
    struct pt_mapping mapping;
    struct pt_flush flush;
    pt_flush_init(&flush);
    spinlock_acquire(&kernelspace_lock);
    must(pagetable_query(&kernel_pagetable, va, &mapping), "unmap of a hole");
    must(pagetable_unmap(&kernel_pagetable, va, PT_SIZE_4K, &flush), "unmap");
    pagetable_flush(&kernel_pagetable, &flush);
    spinlock_release(&kernelspace_lock);
    frame_free(frame_from_phys(mapping.pa));
}

const char *kernelspace_area(uint64_t va) {
    static const struct {
        uint64_t base, size;
        const char *name;
    } areas[] = {{KERNEL_DIRECT_BASE, KERNEL_DIRECT_SIZE, "direct map"},
                 {KERNEL_SHADOW_BASE, KERNEL_STACKS_BASE - KERNEL_SHADOW_BASE, "KASAN shadow"},
                 {KERNEL_STACKS_BASE, KERNEL_STACKS_SIZE, "kernel stacks"},
                 {KERNEL_PERCPU_BASE, KERNEL_PERCPU_SIZE, "per-CPU areas"},
                 {KERNEL_HEAP_BASE, KERNEL_HEAP_SIZE, "kernel heap"},
                 {KERNEL_IMAGE_BASE, 0 - KERNEL_IMAGE_BASE, "kernel image"}};
    for (size_t i = 0; i < sizeof(areas) / sizeof(areas[0]); i++) {
        if (va - areas[i].base < areas[i].size) {
            return areas[i].name;
        }
    }
    return va < ARCH_USER_TOP ? "user" : "nothing";
}
