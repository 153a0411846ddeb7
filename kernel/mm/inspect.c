/* SPDX-License-Identifier: MIT */
/*
 * Page tables as they are in memory, for whoever looks for a fault. Nothing is taken on trust: what is followed must be
 * a frame that is a page table now, so a damaged table, or a root that is none any more, is told and not believed.
 * Where the table is not locked, what is told may have changed.
 */
#include "kernel/frames.h"
#include "kernel/kernelspace.h"
#include "kernel/pagetable.h"
#include "walk.h"

#define SCAN_MAX 32u /* empty entries passed over in one go, with a lock held */

static bool is_table_frame(uint64_t pa) {
    const struct frame *frame = frame_from_phys(pa);
    return frame != NULL && (pa & (TS_PAGE_SIZE - 1)) == 0 && frame_is_allocated(frame) &&
           frame->use == FRAME_PAGE_TABLE;
}

bool pagetable_is_root(const struct pt_format *f, uint64_t root) {
    return is_table_frame(root) && (frame_from_phys(root)->index & TABLE_LEVEL_MASK) == level_top(f);
}

/* Of an address, without those that tell the range. */
static unsigned bits_of(const struct pt_format *f) {
    return level_shift(level_top(f)) + f->root_bits;
}

/* As the CPU sees an address of this table: with the upper bits that its range has. */
static uint64_t canonical(const struct pt_format *f, uint64_t root, uint64_t va) {
    unsigned bits = bits_of(f);
    bool upper = f->shared_upper ? (va >> (bits - 1) & 1) != 0 : root == kernel_pagetable.root;
    return upper && bits < 64 ? va | ~(uint64_t)0 << bits : va;
}

/* The entry of va in a table of this level. */
static void describe(const struct pt_format *f, uint64_t root, uint64_t table, uint64_t va, unsigned level,
                     struct pt_entry *entry) {
    uint64_t value = entry_load(slot_of(f, table, va, level));
    *entry = (struct pt_entry){.va = canonical(f, root, va & ~(level_size(level) - 1)),
                               .table = table,
                               .value = value,
                               .level = level};
    if (entry_is_table(f, value, level)) {
        entry->pa = entry_table(f, value);
        entry->kind = is_table_frame(entry->pa) ? PT_ENTRY_TABLE : PT_ENTRY_BROKEN;
    } else if (value != 0) {
        entry->kind = level <= PT_LEVEL_MAX ? PT_ENTRY_LEAF : PT_ENTRY_BROKEN;
        entry->pa = entry_leaf(f, value, level);
        entry->flags = entry_flags(f, value, level);
    }
}

/* va without the upper bits. */
static unsigned walk(const struct pt_format *f, uint64_t root, uint64_t va, struct pt_entry path[PT_DEPTH_MAX]) {
    uint64_t table = root;
    for (unsigned depth = 0;; depth++) {
        unsigned level = level_top(f) - depth;
        describe(f, root, table, va, level, &path[depth]);
        if (path[depth].kind != PT_ENTRY_TABLE || level == 0) {
            return depth + 1;
        }
        table = path[depth].pa;
    }
}

unsigned pagetable_path(const struct pt_format *f, uint64_t root, uint64_t va, struct pt_entry path[PT_DEPTH_MAX]) {
    uint64_t low = va & (((uint64_t)1 << bits_of(f)) - 1);
    if (canonical(f, root, low) != va) {
        path[0] = (struct pt_entry){.va = va, .table = root, .level = level_top(f)}; /* not of this table */
        return 1;
    }
    return walk(f, root, low, path);
}

/* Behind the entry of `level` at va. Where a table of this level ends, the entry after it is a level higher. */
static void advance(const struct pt_format *f, uint64_t *va, unsigned *level) {
    *va = (*va & ~(level_size(*level) - 1)) + level_size(*level);
    while (*level < level_top(f) && (*va & (level_size(*level + 1) - 1)) == 0) {
        ++*level;
    }
}

enum pt_next pagetable_next_entry(const struct pt_format *f, uint64_t root, uint64_t *va, unsigned *level,
                                  struct pt_entry *entry) {
    uint64_t end = (uint64_t)1 << bits_of(f);
    struct pt_entry path[PT_DEPTH_MAX];
    if (*level > level_top(f)) {
        *level = level_top(f);
    }
    for (unsigned scanned = 0; scanned < SCAN_MAX; scanned++) {
        if (*va >= end) {
            return PT_NEXT_END;
        }
        unsigned depth = walk(f, root, *va, path);
        unsigned wanted = level_top(f) - *level; /* depth of the entry that is wanted */
        if (wanted >= depth) {
            *level = level_top(f) - (depth - 1); /* no table leads there any more */
            advance(f, va, level);
            continue;
        }
        *entry = path[wanted];
        if (entry->kind == PT_ENTRY_TABLE && *level > 0) {
            --*level;
            return PT_NEXT_FOUND;
        }
        advance(f, va, level);
        if (entry->kind != PT_ENTRY_EMPTY) {
            return PT_NEXT_FOUND;
        }
    }
    return PT_NEXT_LATER;
}
