/* SPDX-License-Identifier: MIT */
/*
 * The shape of page tables: making, splitting, promoting, collecting and destroying tables, walks and the audit. These
 * are seldom, so they read the format at run time. Locks as in pagetable.c.
 *
 * A table's frame has use FRAME_PAGE_TABLE, the level in `index`, and counts its entries. A table of a populated root
 * entry counts one more (TABLE_PINNED), so that it is never collected and never promoted.
 */
#include "base/string.h"
#include "kernel/assert.h"
#include "walk.h"

#define TABLE_PINNED       0x100u /* in frame.index: below a populated root entry */
#define TABLE_UPPER_SHARED 0x200u /* of a root: its upper half belongs to another table */

static unsigned root_frames(const struct pt_format *f) {
    return 1u << (f->root_bits - PT_ENTRY_BITS);
}

static struct frame *table_alloc(struct pagetable *pt, unsigned level) {
    struct frame *frame = frame_alloc(FRAME_PAGE_TABLE, FRAME_ANY);
    if (frame != NULL) {
        frame->owner = pt;
        frame->index = level;
        pt->table_count++;
    }
    return frame;
}

/* Release: the walks of other CPUs that see the entry see the table's contents. */
static void table_link(const struct pt_format *f, uint64_t *slot, uint64_t table) {
    __atomic_store_n(slot, f->table_bits | entry_place(f, table), __ATOMIC_RELEASE);
}

ts_status_t pagetable_new(struct pagetable *pt, const struct pt_format *format, uint64_t upper) {
    unsigned count = root_frames(format);
    struct frame *root = count == 1 ? frame_alloc(FRAME_PAGE_TABLE, FRAME_ANY)
                                    : frame_alloc_run(count, count, 0, FRAME_PAGE_TABLE, FRAME_ANY);
    if (root == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    *pt = (struct pagetable){.format = format, .root = frame_to_phys(root), .table_count = count};
    root->owner = pt;
    root->index = level_top(format);
    if (upper != 0 && format->shared_upper) {
        const size_t half = TS_PAGE_SIZE / 2;
        memcpy((char *)frame_to_virt(root) + half, (char *)phys_to_virt(upper) + half, half);
        root->index |= TABLE_UPPER_SHARED;
    }
    return TS_OK;
}

/* Frees the tables below the first `entries` entries of a table, and stops when none is left. Depth is bounded by the
 * levels. */
static void tables_free(struct pagetable *pt, uint64_t table, unsigned level, unsigned entries) {
    const struct pt_format *f = pt->format;
    const uint64_t *slots = phys_to_virt(table);
    unsigned left = table == pt->root ? entries : frame_from_phys(table)->entry_count;
    for (unsigned i = 0; level > 0 && i < entries && left > 0 && pt->table_count > root_frames(f); i++) {
        left -= slots[i] != 0 ? 1 : 0;
        if (entry_is_table(f, slots[i], level)) {
            uint64_t child = entry_table(f, slots[i]);
            tables_free(pt, child, level - 1, PT_ENTRIES);
            frame_free(frame_from_phys(child));
            pt->table_count--;
        }
    }
}

void pagetable_destroy(struct pagetable *pt) {
    struct frame *root = frame_from_phys(pt->root);
    unsigned entries = level_entries(pt->format, level_top(pt->format));
    tables_free(pt, pt->root, level_top(pt->format),
                (root->index & TABLE_UPPER_SHARED) != 0 ? entries / 2 : entries);
    if (root_frames(pt->format) == 1) {
        frame_free(root);
    } else {
        frame_free_run(root, root_frames(pt->format));
    }
    *pt = (struct pagetable){.format = pt->format};
}

ts_status_t pagetable_populate_roots(struct pagetable *pt, uint64_t va, uint64_t length) {
    const struct pt_format *f = pt->format;
    unsigned top = level_top(f);
    if (!range_valid(f, va, length)) {
        return TS_ERR_INVALID_ARGS;
    }
    uint64_t last = (va + length - 1) >> level_shift(top);
    for (uint64_t at = va >> level_shift(top); at <= last; at++) {
        uint64_t *slot = slot_of(f, pt->root, at << level_shift(top), top);
        if (entry_load(slot) == 0) {
            struct frame *frame = table_alloc(pt, top - 1);
            if (frame == NULL) {
                return TS_ERR_NO_MEMORY;
            }
            table_link(f, slot, frame_to_phys(frame));
        }
        if (entry_is_table(f, entry_load(slot), top)) {
            struct frame *frame = frame_from_phys(entry_table(f, entry_load(slot)));
            if ((frame->index & TABLE_PINNED) == 0) {
                frame->index |= TABLE_PINNED;
                frame->entry_count++;
            }
        }
    }
    arch_mmu_publish();
    return TS_OK;
}

ts_status_t tables_make(struct pagetable *pt, uint64_t *slot, uint64_t va, unsigned level, unsigned to,
                        uint64_t **leaf_slot) {
    const struct pt_format *f = pt->format;
    struct frame *child = NULL;
    /* From the bottom up, so that the tree sees the whole chain or nothing. */
    for (unsigned at = to; at < level; at++) {
        struct frame *frame = table_alloc(pt, at);
        if (frame == NULL) {
            while (child != NULL) {
                struct frame *next = child->owner;
                pt->table_count--;
                frame_free(child);
                child = next == (void *)pt ? NULL : next;
            }
            return TS_ERR_NO_MEMORY;
        }
        uint64_t *child_slot = slot_of(f, frame_to_phys(frame), va, at);
        if (child == NULL) {
            *leaf_slot = child_slot;
        } else {
            table_link(f, child_slot, frame_to_phys(child));
            frame->entry_count = 1;
            frame->owner = child; /* until the chain is linked: the way back if memory runs out */
        }
        child = frame;
    }
    table_link(f, slot, frame_to_phys(child));
    for (struct frame *frame = child; frame->owner != pt;) {
        struct frame *next = frame->owner;
        frame->owner = pt;
        frame = next;
    }
    if (level != level_top(f)) {
        slot_frame(slot)->entry_count++;
    }
    return TS_OK;
}

/* va's slot of `level`; every table above is there. */
static uint64_t *slot_at(const struct pagetable *pt, uint64_t va, unsigned level) {
    const struct pt_format *f = pt->format;
    uint64_t table = pt->root;
    for (unsigned at = level_top(f); at > level; at--) {
        table = entry_table(f, entry_load(slot_of(f, table, va, at)));
    }
    return slot_of(f, table, va, level);
}

void tables_collect(struct pagetable *pt, uint64_t va, unsigned level, struct pt_flush *flush) {
    for (; level < level_top(pt->format); level++) {
        uint64_t *slot = slot_at(pt, va, level + 1);
        struct frame *frame = frame_from_phys(entry_table(pt->format, entry_load(slot)));
        if (frame->entry_count != 0) {
            return;
        }
        entry_store(slot, 0);
        pt->recent_number = 0;
        frame->flags |= FRAME_CLEAN;
        list_add_tail(&flush->tables, &frame->link);
        pt->table_count--;
        if (level + 1 < level_top(pt->format)) {
            slot_frame(slot)->entry_count--;
        }
    }
}

void pt_flush_init(struct pt_flush *flush) {
    flush->start = 0;
    flush->end = 0;
    list_init(&flush->tables);
}

void pagetable_flush(struct pagetable *pt, struct pt_flush *flush) {
    bool tables = !list_is_empty(&flush->tables);
    if (flush->start != flush->end) {
        bool all = tables && pt->format->table_flush_all;
        pagetable_flush_pages(pt, flush->start, all ? 0 : (flush->end - flush->start) >> TS_PAGE_SHIFT);
    }
    for (struct list_node *node = list_pop_head(&flush->tables); node != NULL;
         node = list_pop_head(&flush->tables)) {
        frame_free(container_of(node, struct frame, link));
    }
    flush->start = 0;
    flush->end = 0;
}

/* Fills the table in `frame` with the leaves that `entry` of `level` stands for. */
static void split_fill(const struct pt_format *f, struct frame *frame, uint64_t entry, unsigned level) {
    uint64_t *slots = frame_to_virt(frame);
    uint64_t pa = entry_leaf(f, entry, level);
    uint32_t flags = entry_flags(f, entry, level) & f->kept_flags;
    uint64_t attributes = entry_attributes(f, flags, level - 1);
    for (unsigned i = 0; i < PT_ENTRIES; i++) {
        slots[i] = attributes ^ entry_place(f, pa);
        pa += level_size(level - 1);
    }
    frame->entry_count = PT_ENTRIES;
}

/* Splits the leaf at `spot`. The hardware may set accessed and dirty in it until it is gone. */
static ts_status_t split_leaf(struct pagetable *pt, struct spot spot, uint64_t va, struct pt_flush *flush) {
    const struct pt_format *f = pt->format;
    uint64_t start = va & ~(level_size(spot.level) - 1);
    struct frame *frame = table_alloc(pt, spot.level - 1);
    if (frame == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    if (f->break_before_make) {
        uint64_t entry = __atomic_exchange_n(spot.slot, 0, __ATOMIC_RELAXED);
        pagetable_flush_pages(pt, start, level_size(spot.level) >> TS_PAGE_SHIFT);
        split_fill(f, frame, entry, spot.level);
        table_link(f, spot.slot, frame_to_phys(frame));
    } else {
        uint64_t table = f->table_bits | entry_place(f, frame_to_phys(frame));
        do {
            split_fill(f, frame, spot.entry, spot.level);
        } while (!__atomic_compare_exchange_n(spot.slot, &spot.entry, table, false, __ATOMIC_RELEASE,
                                              __ATOMIC_RELAXED));
        flush_add(flush, start, start + level_size(spot.level));
    }
    arch_mmu_publish();
    return TS_OK;
}

ts_status_t tables_split_at(struct pagetable *pt, uint64_t va, uint32_t permissions, struct pt_flush *flush) {
    const struct pt_format *f = pt->format;
    for (;;) {
        struct spot spot = walk_find(f, pt->root, va);
        if (spot.entry == 0 || (va & (level_size(spot.level) - 1)) == 0) {
            return TS_OK;
        }
        uint32_t flags = entry_flags(f, spot.entry, spot.level);
        if (permissions != PT_SPLIT_ALL && ((flags ^ permissions) & PT_PERMISSIONS & f->kept_flags) == 0) {
            return TS_OK;
        }
        ts_status_t status = split_leaf(pt, spot, va, flush);
        if (status != TS_OK) {
            return status;
        }
    }
}

ts_status_t pagetable_split_large_page(struct pagetable *pt, uint64_t va, struct pt_flush *flush) {
    if (!address_valid(pt->format, va)) {
        return TS_ERR_INVALID_ARGS;
    }
    struct spot spot = walk_find(pt->format, pt->root, va);
    if (spot.entry == 0 || spot.level == 0) {
        return TS_ERR_BAD_STATE;
    }
    return split_leaf(pt, spot, va, flush);
}

/* The flags that one leaf in place of the whole table would have, or UINT32_MAX. */
static uint32_t promote_flags(const struct pt_format *f, uint64_t table, unsigned level) {
    const uint32_t bits = PT_ACCESSED | PT_DIRTY;
    const uint64_t *slots = phys_to_virt(table);
    uint64_t base = entry_leaf(f, slots[0], level);
    uint32_t all = entry_flags(f, slots[0], level);
    if ((base & (level_size(level + 1) - 1)) != 0) {
        return UINT32_MAX;
    }
    for (unsigned i = 0; i < PT_ENTRIES; i++) {
        uint64_t entry = entry_load(&slots[i]);
        uint32_t flags = entry_flags(f, entry, level);
        if (entry_is_table(f, entry, level) || entry_leaf(f, entry, level) != base + i * level_size(level) ||
            ((flags ^ all) & ~bits) != 0) {
            return UINT32_MAX;
        }
        all |= flags;
    }
    /* Until the flush a CPU may still set dirty in a leaf that is no longer there: take it as set. */
    if (!f->break_before_make && !pagetable_soft_ad) {
        all |= PT_ACCESSED | ((all & PT_WRITE) != 0 ? PT_DIRTY : 0);
    }
    return all & f->kept_flags;
}

/* va's slot of the lowest level, `to` or above, that there is a table of; *level is which. */
static uint64_t *slot_above(const struct pagetable *pt, uint64_t va, unsigned to, unsigned *level) {
    const struct pt_format *f = pt->format;
    uint64_t *slot = slot_of(f, pt->root, va, level_top(f));
    for (*level = level_top(f); *level > to && entry_is_table(f, entry_load(slot), *level); --*level) {
        slot = slot_of(f, entry_table(f, entry_load(slot)), va, *level - 1);
    }
    return slot;
}

/* A leaf takes the place of a table of leaves, or of a leaf. */
static void replace_entry(struct pagetable *pt, uint64_t *slot, uint64_t va, unsigned level, uint64_t entry,
                          struct pt_flush *flush) {
    const struct pt_format *f = pt->format;
    uint64_t old = entry_load(slot);
    uint64_t start = va & ~(level_size(level) - 1);
    if (f->break_before_make) {
        entry_store(slot, 0);
        pagetable_flush_pages(pt, start, level_size(level) >> TS_PAGE_SHIFT);
    }
    entry_store(slot, entry);
    flush_add(flush, start, start + level_size(level));
    if (entry_is_table(f, old, level)) {
        pt->recent_number = 0;
        list_add_tail(&flush->tables, &frame_from_phys(entry_table(f, old))->link);
        pt->table_count--;
    }
}

ts_status_t pagetable_install_large(struct pagetable *pt, uint64_t va, uint64_t pa, uint32_t flags,
                                    struct pt_flush *flush) {
    const struct pt_format *f = pt->format;
    DEBUG_ASSERT(((va | pa) & (PT_SIZE_2M - 1)) == 0 && flags_valid(flags) && range_valid(f, va, PT_SIZE_2M));
    unsigned level;
    uint64_t *slot = slot_above(pt, va, 1, &level);
    if (level > 1) {
        ts_status_t status =
            entry_load(slot) != 0 ? TS_ERR_ALREADY_EXISTS : tables_make(pt, slot, va, level, 1, &slot);
        if (status != TS_OK) {
            return status;
        }
    }
    uint64_t entry = entry_attributes(f, flags_new(f, flags), 1) ^ entry_place(f, pa);
    if (entry_load(slot) != 0) {
        replace_entry(pt, slot, va, 1, entry, flush);
    } else {
        entry_store(slot, entry);
        slot_frame(slot)->entry_count++;
    }
    arch_mmu_publish();
    return TS_OK;
}

ts_status_t pagetable_promote(struct pagetable *pt, uint64_t va, size_t size, struct pt_flush *flush) {
    const struct pt_format *f = pt->format;
    if ((size != PT_SIZE_2M && size != PT_SIZE_1G) || !address_valid(f, va)) {
        return TS_ERR_INVALID_ARGS;
    }
    unsigned at, level = level_of_size(size);
    uint64_t *slot = slot_above(pt, va, level, &at);
    if (at != level || !entry_is_table(f, entry_load(slot), level)) {
        return TS_ERR_BAD_STATE;
    }
    uint64_t table = entry_table(f, entry_load(slot));
    struct frame *frame = frame_from_phys(table);
    uint32_t flags = frame->entry_count == PT_ENTRIES ? promote_flags(f, table, level - 1) : UINT32_MAX;
    if (flags == UINT32_MAX) {
        return TS_ERR_BAD_STATE;
    }
    uint64_t pa = entry_leaf(f, entry_load(phys_to_virt(table)), level - 1);
    replace_entry(pt, slot, va, level, entry_attributes(f, flags, level) ^ entry_place(f, pa), flush);
    arch_mmu_publish();
    return TS_OK;
}

void pagetable_walk(const struct pagetable *pt, uint64_t start, uint64_t end, pagetable_visit visit, void *context) {
    const struct pt_format *f = pt->format;
    while (start < end && address_valid(f, start)) {
        struct spot spot = walk_find(f, pt->root, start);
        start &= ~(level_size(spot.level) - 1);
        if (spot.entry != 0) {
            struct pt_mapping mapping = {entry_leaf(f, spot.entry, spot.level), level_size(spot.level),
                                         entry_flags(f, spot.entry, spot.level)};
            if (!visit(context, start, &mapping)) {
                return;
            }
        }
        start += level_size(spot.level);
        if (start == 0) {
            return;
        }
    }
}

struct audit {
    const struct pagetable *pt;
    void (*report)(const char *format, ...);
    unsigned faults;
    uint64_t tables;
};

static void audit_table(struct audit *audit, uint64_t table, unsigned level, unsigned entries);

/* One entry that is not zero. */
static void audit_entry(struct audit *audit, uint64_t entry, unsigned level) {
    const struct pt_format *f = audit->pt->format;
    if (entry_is_table(f, entry, level)) {
        audit_table(audit, entry_table(f, entry), level - 1, PT_ENTRIES);
        return;
    }
    bool hidden = (entry & f->valid_mask) == 0;
    /* In a large leaf an attribute bit may stand at the lowest address bit (x86). */
    uint64_t below = entry_leaf(f, entry, 0) - entry_leaf(f, entry, level);
    if (level > PT_LEVEL_MAX || (hidden && (entry & HIDDEN_MARK) == 0) || below > TS_PAGE_SIZE ||
        !flags_valid(entry_flags(f, entry, level))) {
        audit->report("pagetable: entry %lx of level %u is malformed", entry, level);
        audit->faults++;
    }
}

/* Depth is bounded by the levels. */
static void audit_table(struct audit *audit, uint64_t table, unsigned level, unsigned entries) {
    const struct frame *frame = frame_from_phys(table);
    bool root = table == audit->pt->root;
    if (frame == NULL || frame->use != FRAME_PAGE_TABLE || (frame->index & TABLE_LEVEL_MASK) != level ||
        frame->owner != audit->pt) {
        audit->report("pagetable: %lx is no table of level %u", table, level);
        audit->faults++;
        return;
    }
    const uint64_t *slots = phys_to_virt(table);
    unsigned count = (frame->index & TABLE_PINNED) != 0 ? 1 : 0;
    for (unsigned i = 0; i < entries; i++) {
        uint64_t entry = entry_load(&slots[i]);
        if (entry != 0) {
            count++;
            audit_entry(audit, entry, level);
        }
    }
    if (!root && (frame->entry_count != count || count == 0)) {
        audit->report("pagetable: %lx counts %u entries, has %u", table, frame->entry_count, count);
        audit->faults++;
    }
    audit->tables++;
}

unsigned pagetable_audit(const struct pagetable *pt, void (*report)(const char *format, ...)) {
    struct audit audit = {.pt = pt, .report = report};
    const struct frame *root = frame_from_phys(pt->root);
    unsigned entries = level_entries(pt->format, level_top(pt->format));
    bool shared = root != NULL && (root->index & TABLE_UPPER_SHARED) != 0;
    audit_table(&audit, pt->root, level_top(pt->format), shared ? entries / 2 : entries);
    audit.tables += root_frames(pt->format) - 1;
    if (audit.tables != pt->table_count) {
        report("pagetable: counts %lu tables, has %lu", pt->table_count, audit.tables);
        audit.faults++;
    }
    return audit.faults;
}
