/* SPDX-License-Identifier: MIT */
/*
 * The page-table walker: map, unmap, protect and query, written once as templates over a constant struct pt_format
 * and instantiated for every format by a switch on the format's number. What changes the shape of a tree is in
 * tables.c. The caller holds the table's lock; struct frame.entry_count of a table's frame counts its entries that are
 * not zero, under the same lock.
 */
#include "kernel/pagetable.h"

#include "formats/arm_stage1.h"
#include "formats/arm_stage2.h"
#include "formats/ept.h"
#include "formats/sv39.h"
#include "formats/sv39x4.h"
#include "formats/sv48.h"
#include "formats/sv48x4.h"
#include "formats/x86_64.h"
#include "kernel/assert.h"
#include "kernel/percpu.h"
#include "walk.h"

const struct pt_format pt_format_x86_64 = PT_FORMAT_X86_64;
const struct pt_format pt_format_ept = PT_FORMAT_EPT;
const struct pt_format pt_format_arm_stage1 = PT_FORMAT_ARM_STAGE1;
const struct pt_format pt_format_arm_stage1_39 = PT_FORMAT_ARM_STAGE1_39;
const struct pt_format pt_format_arm_stage2 = PT_FORMAT_ARM_STAGE2;
const struct pt_format pt_format_sv39 = PT_FORMAT_SV39;
const struct pt_format pt_format_sv48 = PT_FORMAT_SV48;
const struct pt_format pt_format_sv39x4 = PT_FORMAT_SV39X4;
const struct pt_format pt_format_sv48x4 = PT_FORMAT_SV48X4;

bool pagetable_soft_ad;
unsigned pagetable_range_level = PT_LEVEL_MAX;

/* Returns template(format, ...) of the table's format. */
#define RETURN_BY_FORMAT(table, template, ...)                                                     \
    switch ((table)->format->id) {                                                                 \
    case PT_FORMAT_ID_X86_64:                                                                      \
        return template(&pt_format_x86_64, __VA_ARGS__);                                           \
    case PT_FORMAT_ID_ARM_STAGE1_39:                                                               \
        return template(&pt_format_arm_stage1_39, __VA_ARGS__);                                    \
    case PT_FORMAT_ID_SV39:                                                                        \
        return template(&pt_format_sv39, __VA_ARGS__);                                             \
    case PT_FORMAT_ID_SV48:                                                                        \
        return template(&pt_format_sv48, __VA_ARGS__);                                             \
    case PT_FORMAT_ID_ARM_STAGE1:                                                                  \
        return template(&pt_format_arm_stage1, __VA_ARGS__);                                       \
    case PT_FORMAT_ID_EPT:                                                                         \
        return template(&pt_format_ept, __VA_ARGS__);                                              \
    case PT_FORMAT_ID_ARM_STAGE2:                                                                  \
        return template(&pt_format_arm_stage2, __VA_ARGS__);                                       \
    case PT_FORMAT_ID_SV39X4:                                                                      \
        return template(&pt_format_sv39x4, __VA_ARGS__);                                           \
    case PT_FORMAT_ID_SV48X4:                                                                      \
        return template(&pt_format_sv48x4, __VA_ARGS__);                                           \
    default:                                                                                       \
        panic("pagetable: format %u", (table)->format->id);                                        \
    }

/* va's slot of `level`, with the tables above it made where they are missing. */
TEMPLATE ts_status_t walk_make(const struct pt_format *f, struct pagetable *pt, uint64_t va, unsigned to,
                               uint64_t **slot) {
    uint64_t table = pt->root;
#pragma GCC unroll 4
    for (unsigned level = level_top(f); level > to; level--) {
        uint64_t *at = slot_of(f, table, va, level);
        uint64_t entry = entry_load(at);
        if (!entry_is_table(f, entry, level)) {
            return entry != 0 ? TS_ERR_ALREADY_EXISTS : tables_make(pt, at, va, level, to, slot);
        }
        table = entry_table(f, entry);
    }
    *slot = slot_of(f, table, va, to);
    return TS_OK;
}

/* `count` entries of slot's table were made (negative: removed). True if it is empty now. */
TEMPLATE bool table_count_add(const struct pt_format *f, const uint64_t *slot, unsigned level, int count) {
    if (level == level_top(f)) {
        return false;
    }
    struct frame *frame = slot_frame(slot);
    frame->entry_count = (uint16_t)(frame->entry_count + count);
    return frame->entry_count == 0;
}

TEMPLATE ts_status_t map_leaf(const struct pt_format *f, struct pagetable *pt, uint64_t va, uint64_t pa,
                              unsigned level, uint32_t flags) {
    uint64_t size = level_size(level);
    if (((va | pa) & (size - 1)) != 0 || !range_valid(f, va, size) || !phys_valid(f, pa, size)) {
        return TS_ERR_INVALID_ARGS;
    }
    uint64_t *slot;
    ts_status_t status = walk_make(f, pt, va, level, &slot);
    if (status != TS_OK) {
        return status;
    }
    if (entry_load(slot) != 0) {
        return TS_ERR_ALREADY_EXISTS;
    }
    entry_store(slot, entry_attributes(f, flags_new(f, flags), level) ^ entry_place(f, pa));
    table_count_add(f, slot, level, 1);
    arch_mmu_publish();
    return TS_OK;
}

ts_status_t pagetable_map(struct pagetable *pt, uint64_t va, uint64_t pa, size_t size, uint32_t flags) {
    if (!flags_valid(flags)) {
        return TS_ERR_INVALID_ARGS;
    }
    if (size == PT_SIZE_4K) {
        RETURN_BY_FORMAT(pt, map_leaf, pt, va, pa, 0, flags);
    }
    if (size != PT_SIZE_2M && size != PT_SIZE_1G) {
        return TS_ERR_INVALID_ARGS;
    }
    RETURN_BY_FORMAT(pt, map_leaf, pt, va, pa, level_of_size(size), flags);
}

TEMPLATE ts_status_t unmap_leaf(const struct pt_format *f, struct pagetable *pt, uint64_t va, unsigned to,
                                struct pt_flush *flush) {
    if (!range_valid(f, va, level_size(to)) || (va & (level_size(to) - 1)) != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    struct spot spot = walk_find(f, pt->root, va);
    if (spot.level != to || spot.entry == 0) {
        return TS_ERR_NOT_FOUND;
    }
    entry_store(spot.slot, 0);
    flush_add(flush, va, va + level_size(to));
    if (table_count_add(f, spot.slot, to, -1)) {
        tables_collect(pt, va, to, flush);
    }
    return TS_OK;
}

ts_status_t pagetable_unmap(struct pagetable *pt, uint64_t va, size_t size, struct pt_flush *flush) {
    if (size == PT_SIZE_4K) {
        RETURN_BY_FORMAT(pt, unmap_leaf, pt, va, 0, flush);
    }
    if (size != PT_SIZE_2M && size != PT_SIZE_1G) {
        return TS_ERR_INVALID_ARGS;
    }
    RETURN_BY_FORMAT(pt, unmap_leaf, pt, va, level_of_size(size), flush);
}

/* Entries of the table of spot, from va's on, that [va, end) reaches. */
TEMPLATE uint64_t entries_within(const struct pt_format *f, uint64_t va, uint64_t end, unsigned level) {
    uint64_t start = va & ~(level_size(level) - 1);
    uint64_t wanted = (end - start + level_size(level) - 1) >> level_shift(level);
    uint64_t there = level_entries(f, level) - slot_index(f, va, level);
    return wanted < there ? wanted : there;
}

/* Removes every leaf that starts in [va, end). */
TEMPLATE void clear_range(const struct pt_format *f, struct pagetable *pt, uint64_t va, uint64_t end,
                          struct pt_flush *flush) {
    while (va < end) {
        struct spot spot = walk_find(f, pt->root, va);
        uint64_t size = level_size(spot.level);
        uint64_t start = va & ~(size - 1);
        uint64_t wanted = entries_within(f, va, end, spot.level);
        uint64_t i = 0, last = 0;
        int count = 0;
        for (; i < wanted; i++) {
            uint64_t entry = entry_load(&spot.slot[i]);
            if (entry_is_table(f, entry, spot.level)) {
                break;
            }
            if (entry != 0) {
                entry_store(&spot.slot[i], 0);
                last = i + 1;
                count++;
            }
        }
        if (count > 0) {
            flush_add(flush, start, start + last * size);
            if (table_count_add(f, spot.slot, spot.level, -count)) {
                tables_collect(pt, va, spot.level, flush);
            }
        }
        va = start + i * size;
        if (va == 0) {
            return;
        }
    }
}

TEMPLATE ts_status_t unmap_range(const struct pt_format *f, struct pagetable *pt, uint64_t va,
                                 uint64_t length, struct pt_flush *flush) {
    if (!range_valid(f, va, length)) {
        return TS_ERR_INVALID_ARGS;
    }
    if (length == PT_SIZE_4K && unmap_leaf(f, pt, va, 0, flush) == TS_OK) {
        return TS_OK;
    }
    ts_status_t status = tables_split_at(pt, va, PT_SPLIT_ALL, flush);
    if (status == TS_OK) {
        status = tables_split_at(pt, va + length, PT_SPLIT_ALL, flush);
    }
    if (status == TS_OK) {
        clear_range(f, pt, va, va + length, flush);
    }
    return status;
}

ts_status_t pagetable_unmap_range(struct pagetable *pt, uint64_t va, uint64_t length, struct pt_flush *flush) {
    RETURN_BY_FORMAT(pt, unmap_range, pt, va, length, flush);
}

/* The highest level up to `cap` of which a leaf fits. */
TEMPLATE unsigned leaf_level(uint64_t va, uint64_t pa, uint64_t length, unsigned cap) {
    unsigned level = cap;
    while (level > 0 && (((va | pa) & (level_size(level) - 1)) != 0 || length < level_size(level))) {
        level--;
    }
    return level;
}

/* Fills up to `wanted` empty entries; how many were empty. */
TEMPLATE uint64_t fill_leaves(const struct pt_format *f, uint64_t *slot, uint64_t pa, uint64_t wanted,
                              unsigned level, uint32_t flags) {
    uint64_t attributes = entry_attributes(f, flags_new(f, flags), level);
    uint64_t i = 0;
    for (; i < wanted && entry_load(&slot[i]) == 0; i++) {
        entry_store(&slot[i], attributes ^ entry_place(f, pa));
        pa += level_size(level);
    }
    table_count_add(f, slot, level, (int)i);
    return i;
}

/* Maps until something stands in the way; *done is what was mapped. */
TEMPLATE ts_status_t map_run(const struct pt_format *f, struct pagetable *pt, uint64_t va, uint64_t pa,
                             uint64_t length, uint32_t flags, uint64_t *done) {
    unsigned cap = pagetable_range_level;
    while (*done < length) {
        uint64_t at = va + *done;
        unsigned level = leaf_level(at, pa + *done, length - *done, cap);
        uint64_t *slot;
        ts_status_t status = walk_make(f, pt, at, level, &slot);
        if (status != TS_OK) {
            return status;
        }
        uint64_t wanted = (length - *done) >> level_shift(level);
        uint64_t there = level_entries(f, level) - slot_index(f, at, level);
        wanted = wanted < there ? wanted : there;
        uint64_t filled = fill_leaves(f, slot, pa + *done, wanted, level, flags);
        *done += filled << level_shift(level);
        cap = pagetable_range_level;
        if (filled < wanted) {
            if (!entry_is_table(f, entry_load(&slot[filled]), level)) {
                return TS_ERR_ALREADY_EXISTS;
            }
            /* A table stands where a large leaf would fit: smaller leaves go below it. */
            cap = level - 1;
        }
    }
    return TS_OK;
}

TEMPLATE ts_status_t map_range(const struct pt_format *f, struct pagetable *pt, uint64_t va, uint64_t pa,
                               uint64_t length, uint32_t flags) {
    if (!range_valid(f, va, length) || !phys_valid(f, pa, length)) {
        return TS_ERR_INVALID_ARGS;
    }
    uint64_t done = 0;
    ts_status_t status = map_run(f, pt, va, pa, length, flags, &done);
    if (status != TS_OK && done > 0) {
        struct pt_flush flush;
        pt_flush_init(&flush);
        clear_range(f, pt, va, va + done, &flush);
        pagetable_flush(pt, &flush);
    }
    arch_mmu_publish();
    return status;
}

ts_status_t pagetable_map_range(struct pagetable *pt, uint64_t va, uint64_t pa, uint64_t length, uint32_t flags) {
    if (!flags_valid(flags)) {
        return TS_ERR_INVALID_ARGS;
    }
    RETURN_BY_FORMAT(pt, map_range, pt, va, pa, length, flags);
}

/* Gives a leaf other permissions. The hardware may set accessed and dirty at the same time, so they are taken over by
 * compare-and-swap. True if the entry changed. */
TEMPLATE bool protect_leaf(const struct pt_format *f, uint64_t *slot, uint64_t entry, unsigned level,
                           uint32_t permissions) {
    uint64_t changed;
    do {
        uint32_t old = entry_flags(f, entry, level) & f->kept_flags;
        if (((old ^ permissions) & PT_PERMISSIONS & f->kept_flags) == 0) {
            return false;
        }
        uint32_t flags = flags_new(f, (old & ~(uint32_t)PT_PERMISSIONS) | permissions);
        changed = entry_attributes(f, flags, level) ^ entry_place(f, entry_leaf(f, entry, level));
    } while (!__atomic_compare_exchange_n(slot, &entry, changed, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return true;
}

TEMPLATE ts_status_t protect_range(const struct pt_format *f, struct pagetable *pt, uint64_t va,
                                   uint64_t end, uint32_t permissions, struct pt_flush *flush) {
    while (va < end) {
        struct spot spot = walk_find(f, pt->root, va);
        uint64_t size = level_size(spot.level);
        uint64_t start = va & ~(size - 1);
        uint64_t wanted = entries_within(f, va, end, spot.level);
        uint64_t i = 0;
        for (; i < wanted; i++) {
            uint64_t entry = entry_load(&spot.slot[i]);
            if (entry_is_table(f, entry, spot.level)) {
                break;
            }
            if (entry != 0 && protect_leaf(f, &spot.slot[i], entry, spot.level, permissions)) {
                flush_add(flush, start + i * size, start + (i + 1) * size);
            }
        }
        va = start + i * size;
        if (va == 0) {
            break;
        }
    }
    arch_mmu_publish();
    return TS_OK;
}

ts_status_t pagetable_protect(struct pagetable *pt, uint64_t va, uint64_t length, uint32_t flags,
                              struct pt_flush *flush) {
    if (!flags_valid(flags) || !range_valid(pt->format, va, length)) {
        return TS_ERR_INVALID_ARGS;
    }
    uint32_t permissions = flags & PT_PERMISSIONS;
    ts_status_t status = tables_split_at(pt, va, permissions, flush);
    if (status == TS_OK) {
        status = tables_split_at(pt, va + length, permissions, flush);
    }
    if (status != TS_OK) {
        return status;
    }
    RETURN_BY_FORMAT(pt, protect_range, pt, va, va + length, permissions, flush);
}

TEMPLATE ts_status_t query_leaf(const struct pt_format *f, const struct pagetable *pt, uint64_t va,
                                struct pt_mapping *mapping) {
    if (!address_valid(f, va)) {
        return TS_ERR_NOT_FOUND;
    }
    struct spot spot = walk_find(f, pt->root, va);
    if (spot.entry == 0) {
        return TS_ERR_NOT_FOUND;
    }
    mapping->size = level_size(spot.level);
    mapping->pa = entry_leaf(f, spot.entry, spot.level) | (va & (mapping->size - 1));
    mapping->flags = entry_flags(f, spot.entry, spot.level);
    return TS_OK;
}

ts_status_t pagetable_query(const struct pagetable *pt, uint64_t va, struct pt_mapping *mapping) {
    RETURN_BY_FORMAT(pt, query_leaf, pt, va, mapping);
}

ts_status_t pagetable_translate(const struct pagetable *pt, uint64_t va, uint32_t access, uint64_t *pa) {
    struct pt_mapping mapping;
    ts_status_t status = pagetable_query(pt, va, &mapping);
    if (status != TS_OK) {
        return status;
    }
    /* Readable says that there is any access at all. */
    access = (access & PT_PERMISSIONS) | PT_READ;
    if ((mapping.flags & access) != access) {
        return TS_ERR_ACCESS_DENIED;
    }
    *pa = mapping.pa;
    return TS_OK;
}

TEMPLATE ts_status_t touch_leaf(const struct pt_format *f, struct pagetable *pt, uint64_t va, uint32_t access) {
    struct spot spot = walk_find(f, pt->root, va);
    uint64_t changed;
    do {
        uint32_t flags = entry_flags(f, spot.entry, spot.level);
        flags |= PT_ACCESSED | ((access & PT_WRITE) != 0 ? PT_DIRTY : 0);
        changed = entry_attributes(f, flags & f->kept_flags, spot.level) ^
                  entry_place(f, entry_leaf(f, spot.entry, spot.level));
    } while (!__atomic_compare_exchange_n(spot.slot, &spot.entry, changed, false, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    if ((spot.entry & f->valid_mask) != 0 && pt->cpus != 0) {
        arch_tlb_flush(CPU_BIT(percpu_cpu()), pt->asid, va & ~(TS_PAGE_SIZE - 1), 1);
    }
    arch_mmu_publish();
    return TS_OK;
}

ts_status_t pagetable_touch(struct pagetable *pt, uint64_t va, uint32_t access) {
    uint64_t pa;
    ts_status_t status = pagetable_translate(pt, va, access, &pa);
    if (status != TS_OK) {
        return status;
    }
    RETURN_BY_FORMAT(pt, touch_leaf, pt, va, access);
}

TEMPLATE bool clear_accessed(const struct pt_format *f, struct pagetable *pt, uint64_t va) {
    struct spot spot = walk_find(f, pt->root, va);
    uint64_t changed;
    do {
        uint32_t flags = spot.entry != 0 ? entry_flags(f, spot.entry, spot.level) : 0;
        if ((flags & PT_ACCESSED) == 0) {
            return false;
        }
        flags &= f->kept_flags & ~(uint32_t)PT_ACCESSED;
        changed = entry_attributes(f, flags, spot.level) ^ entry_place(f, entry_leaf(f, spot.entry, spot.level));
    } while (!__atomic_compare_exchange_n(spot.slot, &spot.entry, changed, false, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    return true;
}

bool pagetable_clear_accessed(struct pagetable *pt, uint64_t va) {
    RETURN_BY_FORMAT(pt, clear_accessed, pt, va);
}

uint64_t pagetable_phys(const struct pagetable *pt) {
    return pt->root;
}
