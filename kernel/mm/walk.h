/* SPDX-License-Identifier: MIT */
/*
 * The steps of the walker, as templates: always inlined, with the format a constant where the caller's is one.
 * Private to this room.
 *
 * A leaf is attributes(flags, level) ^ address, so that the attributes of a run of leaves are made once. A leaf that
 * must fault on every access is hidden: invalid to the hardware, its flags in the top bits, a mark, and its address
 * inverted, so that no CPU that speculates past the invalid bit finds memory there.
 */
#pragma once

#include "abi/status.h"
#include "kernel/frames.h"
#include "kernel/pagetable.h"

#define TEMPLATE static inline __attribute__((always_inline))

#define HIDDEN_MARK  (1ul << 3)
#define HIDDEN_SHIFT 54

#define TABLE_LEVEL_MASK 0xffu /* in frame.index of a table: its level */

/* Where a walk ended: an entry that is no table. */
struct spot {
    uint64_t *slot;
    uint64_t entry;
    unsigned level;
};

/* One access of the whole entry, which hardware may read or change at the same time. */
TEMPLATE uint64_t entry_load(const uint64_t *slot) {
    return *(const volatile uint64_t *)slot;
}

TEMPLATE void entry_store(uint64_t *slot, uint64_t entry) {
    *(volatile uint64_t *)slot = entry;
}

TEMPLATE unsigned level_shift(unsigned level) {
    return TS_PAGE_SHIFT + PT_ENTRY_BITS * level;
}

TEMPLATE uint64_t level_size(unsigned level) {
    return (uint64_t)1 << level_shift(level);
}

TEMPLATE unsigned level_of_size(size_t size) {
    return size == PT_SIZE_4K ? 0 : size == PT_SIZE_2M ? 1 : 2;
}

TEMPLATE unsigned level_top(const struct pt_format *f) {
    return f->levels - 1u;
}

TEMPLATE unsigned level_entries(const struct pt_format *f, unsigned level) {
    return level == level_top(f) ? 1u << f->root_bits : PT_ENTRIES;
}

TEMPLATE bool entry_is_table(const struct pt_format *f, uint64_t entry, unsigned level) {
    return level > 0 && (entry & f->table_mask) == f->table_value;
}

/* An address as it stands in an entry. */
TEMPLATE uint64_t entry_place(const struct pt_format *f, uint64_t pa) {
    return pa >> f->address_shift;
}

TEMPLATE uint64_t entry_table(const struct pt_format *f, uint64_t entry) {
    return (entry & f->address_mask) << f->address_shift;
}

TEMPLATE uint64_t entry_leaf(const struct pt_format *f, uint64_t entry, unsigned level) {
    uint64_t address = (entry & f->valid_mask) != 0 ? entry : ~entry;
    return ((address & f->address_mask) << f->address_shift) & ~(level_size(level) - 1);
}

TEMPLATE unsigned slot_index(const struct pt_format *f, uint64_t va, unsigned level) {
    return (unsigned)(va >> level_shift(level)) & (level_entries(f, level) - 1);
}

TEMPLATE uint64_t *slot_of(const struct pt_format *f, uint64_t table, uint64_t va, unsigned level) {
    return (uint64_t *)phys_to_virt(table) + slot_index(f, va, level);
}

/* The frame of the table that a slot lies in. */
TEMPLATE struct frame *slot_frame(const uint64_t *slot) {
    return frame_from_phys(virt_to_phys(slot));
}

TEMPLATE uint64_t entry_attributes(const struct pt_format *f, uint32_t flags, unsigned level) {
    if ((flags & PT_READ) == 0 || (pagetable_soft_ad && (flags & PT_ACCESSED) == 0)) {
        uint64_t compact = (flags & PT_KEPT_STAGE1) | (flags & PT_TYPE_MASK) >> 1;
        return compact << HIDDEN_SHIFT | HIDDEN_MARK | f->address_mask;
    }
    bool clean = (flags & (PT_WRITE | PT_DIRTY)) == PT_WRITE && (f->dirty_by_fault || pagetable_soft_ad);
    return f->attributes(clean ? flags & ~(uint32_t)PT_WRITE : flags, level) | (clean ? f->soft_write : 0);
}

TEMPLATE uint32_t entry_flags(const struct pt_format *f, uint64_t entry, unsigned level) {
    if ((entry & f->valid_mask) == 0) {
        uint32_t compact = (uint32_t)(entry >> HIDDEN_SHIFT);
        return (compact & PT_KEPT_STAGE1) | ((compact << 1) & PT_TYPE_MASK) | f->forced_flags;
    }
    return f->flags(entry, level) | pt_flag(entry, f->soft_write, PT_WRITE) | f->forced_flags;
}

/* The flags of a new leaf: the hardware need not set accessed and dirty in what the kernel just made. */
TEMPLATE uint32_t flags_new(const struct pt_format *f, uint32_t flags) {
    if (!pagetable_soft_ad) {
        flags |= PT_ACCESSED | ((flags & PT_WRITE) != 0 ? PT_DIRTY : 0);
    }
    return flags & f->kept_flags;
}

TEMPLATE bool flags_valid(uint32_t flags) {
    const uint32_t known = PT_PERMISSIONS | PT_GLOBAL | PT_ACCESSED | PT_DIRTY | PT_TYPE_MASK;
    if ((flags & ~known) != 0 || (flags & PT_TYPE_MASK) > PT_TYPE_WRITE_THROUGH) {
        return false;
    }
    uint32_t access = flags & (PT_READ | PT_WRITE | PT_EXECUTE);
    return access == 0 || access == PT_READ || access == (PT_READ | PT_WRITE) ||
           access == (PT_READ | PT_EXECUTE);
}

TEMPLATE bool address_valid(const struct pt_format *f, uint64_t va) {
    int64_t top = (int64_t)va >> f->range_bits;
    return top == 0 || (f->upper_range && top == -1);
}

/* The last page of the address space is refused with the rest, so that va + length never wraps. */
TEMPLATE bool range_valid(const struct pt_format *f, uint64_t va, uint64_t length) {
    return ((va | length) & (TS_PAGE_SIZE - 1)) == 0 && va + length > va && address_valid(f, va) &&
           (int64_t)va >> f->range_bits == (int64_t)(va + length - 1) >> f->range_bits;
}

TEMPLATE bool phys_valid(const struct pt_format *f, uint64_t pa, uint64_t length) {
    uint64_t limit = (uint64_t)1 << f->physical_bits;
    return (pa & (TS_PAGE_SIZE - 1)) == 0 && length <= limit && pa <= limit - length;
}

TEMPLATE struct spot walk_find(const struct pt_format *f, uint64_t root, uint64_t va) {
    struct spot spot = {.level = level_top(f)};
    spot.slot = slot_of(f, root, va, spot.level);
    spot.entry = entry_load(spot.slot);
#pragma GCC unroll 4
    while (entry_is_table(f, spot.entry, spot.level)) {
        spot.level--;
        spot.slot = slot_of(f, entry_table(f, spot.entry), va, spot.level);
        spot.entry = entry_load(spot.slot);
    }
    return spot;
}

TEMPLATE void flush_add(struct pt_flush *flush, uint64_t start, uint64_t end) {
    if (flush->start == flush->end) {
        flush->start = start;
        flush->end = end;
        return;
    }
    flush->start = start < flush->start ? start : flush->start;
    flush->end = end > flush->end ? end : flush->end;
}

/* tables.c: what happens seldom, with the format read at run time. */

/* Makes the tables from the empty `slot` of `level` down to level `to`; *leaf_slot is va's slot there. NO_MEMORY. */
ts_status_t tables_make(struct pagetable *pt, uint64_t *slot, uint64_t va, unsigned level, unsigned to,
                        uint64_t **leaf_slot);

/* Unlinks the empty table of `level` that covers va, and those above that become empty, into flush. */
void tables_collect(struct pagetable *pt, uint64_t va, unsigned level, struct pt_flush *flush);

/* Splits until a leaf starts at va or nothing is mapped there. A leaf whose permissions are `permissions` already is
 * left as it is; pass PT_SPLIT_ALL to split any. NO_MEMORY. */
#define PT_SPLIT_ALL UINT32_MAX
ts_status_t tables_split_at(struct pagetable *pt, uint64_t va, uint32_t permissions, struct pt_flush *flush);
