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

static inline uint64_t recent_number(uint64_t va) {
    return (va >> level_shift(1)) + 1;
}

/* Whether a page is in the table that was used last, and its slot there. */
static inline bool is_recent(const struct pagetable *pt, uint64_t va) {
    return pt->recent_number == recent_number(va);
}

static inline uint64_t *recent_slot(const struct pagetable *pt, uint64_t va) {
    return &pt->recent_slots[va >> TS_PAGE_SHIFT & (PT_ENTRIES - 1)];
}

/* The table of 4 KiB pages that va's slot lies in. */
TEMPLATE void remember(const struct pt_format *f, struct pagetable *pt, uint64_t va, uint64_t *slot) {
    pt->recent_frame = slot_frame(slot);
    pt->recent_slots = slot - slot_index(f, va, 0);
    pt->recent_number = recent_number(va);
}

/* Remembers it, if there is one. */
TEMPLATE uint64_t *walk_to_page(const struct pt_format *f, struct pagetable *pt, uint64_t va) {
    struct spot spot = walk_find(f, pt->root, va);
    if (spot.level != 0) {
        return NULL;
    }
    remember(f, pt, va, spot.slot);
    return spot.slot;
}

static __attribute__((noinline)) uint64_t *find_page_slot(struct pagetable *pt, uint64_t va) {
    RETURN_BY_FORMAT(pt, walk_to_page, pt, va);
}

/* The slot of a page; null: no table of pages covers it. */
static inline uint64_t *page_slot(struct pagetable *pt, uint64_t va) {
    return is_recent(pt, va) ? recent_slot(pt, va) : find_page_slot(pt, va);
}

bool pagetable_unmap_recent(struct pagetable *pt, uint64_t va) {
    if (!is_recent(pt, va)) {
        return false;
    }
    uint64_t *slot = recent_slot(pt, va);
    if (entry_load(slot) == 0 || pt->recent_frame->entry_count == 1) {
        return false;
    }
    entry_store(slot, 0);
    pt->recent_frame->entry_count--;
    return true;
}

/* A page of that table goes. */
static void unmap_recent(struct pagetable *pt, uint64_t va, uint64_t *slot, struct pt_flush *flush) {
    if (entry_load(slot) != 0) {
        entry_store(slot, 0);
        flush_add(flush, va, va + PT_SIZE_4K);
        if (--pt->recent_frame->entry_count == 0) {
            tables_collect(pt, va, 0, flush);
        }
    }
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
    bool page = length == PT_SIZE_4K && range_valid(pt->format, va, length);
    uint64_t *slot = page ? page_slot(pt, va) : NULL;
    if (slot != NULL) {
        unmap_recent(pt, va, slot, flush);
        return TS_OK;
    }
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

/* One page of the table that was used last. */
TEMPLATE ts_status_t protect_recent(const struct pt_format *f, uint64_t va, uint64_t *slot, uint32_t permissions,
                                    struct pt_flush *flush) {
    uint64_t entry = entry_load(slot);
    if (entry != 0 && protect_leaf(f, slot, entry, 0, permissions)) {
        flush_add(flush, va, va + PT_SIZE_4K);
        arch_mmu_publish();
    }
    return TS_OK;
}

ts_status_t pagetable_protect(struct pagetable *pt, uint64_t va, uint64_t length, uint32_t flags,
                              struct pt_flush *flush) {
    if (!flags_valid(flags) || !range_valid(pt->format, va, length)) {
        return TS_ERR_INVALID_ARGS;
    }
    uint32_t permissions = flags & PT_PERMISSIONS;
    uint64_t *slot = length == PT_SIZE_4K ? page_slot(pt, va) : NULL;
    if (slot != NULL) {
        RETURN_BY_FORMAT(pt, protect_recent, va, slot, permissions, flush);
    }
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

TEMPLATE bool is_inside_large(const struct pt_format *f, const struct pagetable *pt, uint64_t va) {
    struct spot spot = walk_find(f, pt->root, va);
    return spot.entry != 0 && (va & (level_size(spot.level) - 1)) != 0;
}

bool pagetable_is_inside_large(const struct pagetable *pt, uint64_t va) {
    if (is_recent(pt, va)) {
        return false;
    }
    RETURN_BY_FORMAT(pt, is_inside_large, pt, va);
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

/* The attributes of a page of the table's own. */
TEMPLATE uint64_t made_attributes(const struct pt_format *f, struct pagetable *pt, uint32_t flags) {
    struct pt_leaf *made = &pt->made[(flags & PT_WRITE) != 0 ? 1 : 0];
    if (made->flags != flags) {
        *made = (struct pt_leaf){flags, entry_attributes(f, flags_new(f, flags), 0)};
    }
    return made->attributes;
}

/* More is permitted than before: other CPUs find out by a fault. */
static inline void permit_leaf(uint64_t *slot, uint64_t va, uint64_t entry) {
    entry_store(slot, entry);
    arch_tlb_forget_here(va);
}

/* `old`, which is not zero, is where `entry` shall be. Where nothing is broken first, a CPU that still has the old page
 * without WRITE faults, and finds the new one. */
TEMPLATE ts_status_t replace_leaf(const struct pt_format *f, struct pagetable *pt, uint64_t va, uint64_t *slot,
                                  uint64_t old, uint64_t entry, uint32_t flags, uint32_t access) {
    uint32_t old_flags = entry_flags(f, old, 0);
    bool same_page = entry_leaf(f, old, 0) == entry_leaf(f, entry, 0);
    if (same_page && (old_flags & access) == access) {
        return access != 0 ? pagetable_touch(pt, va, access) : TS_OK;
    }
    if (same_page && (old_flags & PT_PERMISSIONS & ~flags) == 0) {
        (void)made_attributes(f, pt, flags & ~(uint32_t)(PT_WRITE | PT_DIRTY)); /* for pagetable_install_recent() */
        permit_leaf(slot, va, entry);
        return TS_OK;
    }
    if (f->break_before_make) {
        entry_store(slot, 0);
        pagetable_flush_pages(pt, va, 1);
    }
    entry_store(slot, entry);
    if (!f->break_before_make) {
        pagetable_flush_pages(pt, va, 1);
    }
    arch_mmu_publish();
    return TS_OK;
}

TEMPLATE ts_status_t install_leaf(const struct pt_format *f, struct pagetable *pt, uint64_t va, uint64_t pa,
                                  uint32_t flags, uint32_t access) {
    uint64_t entry = made_attributes(f, pt, flags) ^ entry_place(f, pa);
    uint64_t *slot;
    if (is_recent(pt, va)) {
        slot = recent_slot(pt, va);
    } else {
        ts_status_t status = walk_make(f, pt, va, 0, &slot);
        if (status != TS_OK) {
            return status;
        }
        remember(f, pt, va, slot);
    }
    uint64_t old = entry_load(slot);
    if (old != 0) {
        return replace_leaf(f, pt, va, slot, old, entry, flags, access);
    }
    entry_store(slot, entry);
    pt->recent_frame->entry_count++;
    arch_mmu_publish();
    return TS_OK;
}

/* A hole in the table that was used last is filled, or WRITE is given to the page that is there. `made` tells how such
 * a page looks without and with it. */
bool pagetable_install_recent(struct pagetable *pt, uint64_t va, uint64_t pa, uint32_t flags) {
    DEBUG_ASSERT(flags != 0 && flags_valid(flags) && range_valid(pt->format, va, PT_SIZE_4K));
    DEBUG_ASSERT(phys_valid(pt->format, pa, PT_SIZE_4K));
    const struct pt_leaf *made = &pt->made[(flags & PT_WRITE) != 0 ? 1 : 0];
    if (!is_recent(pt, va) || made->flags != flags) {
        return false;
    }
    uint64_t *slot = recent_slot(pt, va);
    uint64_t entry = made->attributes ^ (pa >> pt->format->address_shift);
    uint64_t old = entry_load(slot);
    if (old == 0) {
        entry_store(slot, entry);
        pt->recent_frame->entry_count++;
        arch_mmu_publish();
        return true;
    }
    uint64_t writing = pt->made[0].attributes ^ pt->made[1].attributes;
    bool upgrade = ((old ^ entry) & ~writing) == 0 && old != entry &&
                   pt->made[0].flags == (flags & ~(uint32_t)(PT_WRITE | PT_DIRTY));
    if (upgrade && (flags & PT_WRITE) != 0) {
        permit_leaf(slot, va, entry);
        return true;
    }
    return false;
}

ts_status_t pagetable_install(struct pagetable *pt, uint64_t va, uint64_t pa, uint32_t flags, uint32_t access) {
    DEBUG_ASSERT(flags != 0 && flags_valid(flags) && range_valid(pt->format, va, PT_SIZE_4K));
    DEBUG_ASSERT(phys_valid(pt->format, pa, PT_SIZE_4K));
    RETURN_BY_FORMAT(pt, install_leaf, pt, va, pa, flags, access);
}

/* WRITE goes from the pages of one table, whatever an entry is: what is not valid has none. Where a bit has to be
 * cleared, the hardware may set others at the same time; where one has to be set, it never writes (dirty_by_fault). */
TEMPLATE void withhold_pages(const struct pt_format *f, uint64_t *slot, uint64_t count) {
    const uint64_t readable = f->attributes(PT_READ, 0), writable = f->attributes(PT_READ | PT_WRITE, 0);
    const uint64_t clear = (writable & ~readable) | f->soft_write;
    const uint64_t set = readable & ~writable;
    if (set == 0) {
#pragma GCC unroll 8
        for (uint64_t i = 0; i < count; i++) {
            __atomic_fetch_and(&slot[i], ~clear, __ATOMIC_RELAXED);
        }
        return;
    }
#pragma GCC unroll 8
    for (uint64_t i = 0; i < count; i++) {
        uint64_t entry = entry_load(&slot[i]);
        entry = (entry & ~set) | (entry & f->valid_mask) * (set / f->valid_mask);
        entry_store(&slot[i], entry & ~clear);
    }
}

/* One entry that is no table. */
TEMPLATE void withhold_leaf(const struct pt_format *f, uint64_t *slot, uint64_t entry, unsigned level) {
    if (entry != 0) {
        (void)protect_leaf(f, slot, entry, level, entry_flags(f, entry, level) & (PT_PERMISSIONS & ~(uint32_t)PT_WRITE));
    }
}

TEMPLATE void withhold_range(const struct pt_format *f, struct pagetable *pt, uint64_t va, uint64_t end) {
    while (va < end) {
        struct spot spot = walk_find(f, pt->root, va);
        uint64_t count = spot.level == 0 ? entries_within(f, va, end, 0) : 1;
        if (spot.level == 0 && !pagetable_soft_ad) {
            withhold_pages(f, spot.slot, count);
        } else {
            for (uint64_t i = 0; i < count; i++) {
                withhold_leaf(f, &spot.slot[i], entry_load(&spot.slot[i]), spot.level);
            }
        }
        va = (va & ~(level_size(spot.level) - 1)) + count * level_size(spot.level);
    }
    arch_mmu_publish();
}

void pagetable_withhold_write(struct pagetable *pt, uint64_t va, uint64_t length, struct pt_flush *flush) {
    DEBUG_ASSERT(range_valid(pt->format, va, length));
    flush_add(flush, va, va + length);
    RETURN_BY_FORMAT(pt, withhold_range, pt, va, va + length);
}

uint64_t pagetable_phys(const struct pagetable *pt) {
    return pt->root;
}
