/* SPDX-License-Identifier: MIT */
/*
 * Mappings: their translations in page tables, and the way from a view to all that show it. Translations of memory can
 * be dropped at any time, because a fault brings them back; so nothing here fails for want of memory but what makes
 * translations.
 */
#include "abi/options.h"
#include "kernel/assert.h"
#include "kernel/heap.h"
#include "vm_private.h"

/* --- tables --- */

/* Room for the tables of one split, charged before they are made; ends the charge of what is not needed. */
static bool charge_split(struct address_space *space) {
    if (account_charge(space->account, TS_CEILING_MEMORY, TS_PAGE_SIZE) != TS_OK) {
        return false;
    }
    space->charged_tables++;
    return true;
}

/* No large page lies across the address any more. If there is no memory to split it, it goes: all of it can come back
 * by faults. Table lock held. */
static void cut_large_page(struct address_space *space, uint64_t va, struct pt_flush *flush) {
    struct pt_mapping leaf;
    while (pagetable_is_inside_large(&space->table, va) && pagetable_query(&space->table, va, &leaf) == TS_OK) {
        ts_status_t status =
            charge_split(space) ? pagetable_split_large_page(&space->table, va, flush) : TS_ERR_NO_MEMORY;
        if (status != TS_OK) {
            status = pagetable_unmap(&space->table, va & ~(leaf.size - 1), leaf.size, flush);
            ASSERT(status == TS_OK);
        }
    }
    (void)space_charge_tables(space); /* no more than was charged */
}

/* The range can be changed without changing anything beyond it. Table lock held. */
static void cut_large_pages(struct address_space *space, uint64_t start, uint64_t stop, struct pt_flush *flush) {
    if (pagetable_is_inside_large(&space->table, start)) {
        cut_large_page(space, start, flush);
    }
    if (pagetable_is_inside_large(&space->table, stop)) {
        cut_large_page(space, stop, flush);
    }
}

/* The end of the part that begins at `start`: what one stretch with the lock held does. One table of pages, or one large
 * page if it lies in the range as a whole. Table lock held. */
static uint64_t part_end(const struct address_space *space, uint64_t start, uint64_t end) {
    struct pt_mapping leaf;
    uint64_t size = PT_SIZE_2M;
    if (end - start >= PT_SIZE_1G && (start & (PT_SIZE_1G - 1)) == 0 &&
        pagetable_query(&space->table, start, &leaf) == TS_OK) {
        size = leaf.size == PT_SIZE_1G ? PT_SIZE_1G : PT_SIZE_2M;
    }
    uint64_t boundary = (start | (size - 1)) + 1;
    return boundary < end ? boundary : end;
}

void mapping_unmap_range(struct mapping *mapping, uint64_t start, uint64_t end) {
    struct address_space *space = mapping->space;
    while (start < end) {
        struct pt_flush flush;
        pt_flush_init(&flush);
        spinlock_acquire(&space->table_lock);
        uint64_t stop = part_end(space, start, end);
        cut_large_pages(space, start, stop, &flush);
        ts_status_t status = pagetable_unmap_range(&space->table, start, stop - start, &flush);
        ASSERT(status == TS_OK);
        if (space->table.table_count != space->charged_tables) {
            (void)space_charge_tables(space); /* no more than before */
        }
        spinlock_release(&space->table_lock);
        pagetable_flush(&space->table, &flush);
        start = stop;
        if (start < end) {
            sched_preemption_point();
        }
    }
}

/* WRITE is withheld from [start, end) until it faults. */
static void mapping_withhold_write(struct mapping *mapping, uint64_t start, uint64_t end) {
    struct address_space *space = mapping->space;
    while (start < end) {
        struct pt_flush flush;
        pt_flush_init(&flush);
        spinlock_acquire(&space->table_lock);
        uint64_t stop = part_end(space, start, end);
        cut_large_pages(space, start, stop, &flush);
        pagetable_withhold_write(&space->table, start, stop - start, &flush);
        spinlock_release(&space->table_lock);
        pagetable_flush(&space->table, &flush);
        start = stop;
        if (start < end) {
            sched_preemption_point();
        }
    }
}

void mapping_protect(struct mapping *mapping, uint64_t start, uint64_t end, uint32_t permissions) {
    struct address_space *space = mapping->space;
    while (start < end) {
        struct pt_flush flush;
        pt_flush_init(&flush);
        spinlock_acquire(&space->table_lock);
        uint64_t stop = part_end(space, start, end);
        cut_large_pages(space, start, stop, &flush);
        ts_status_t status = pagetable_protect(&space->table, start, stop - start, permissions, &flush);
        ASSERT(status == TS_OK);
        spinlock_release(&space->table_lock);
        pagetable_flush(&space->table, &flush);
        start = stop;
        if (start < end) {
            sched_preemption_point();
        }
    }
}

/* A large page is mapped at va. What permits the access stays; for another frame or permission it is cut. */
static ts_status_t install_in_large(struct address_space *space, uint64_t va, uint64_t pa, uint32_t flags,
                                    uint32_t access) {
    struct pt_flush flush;
    struct pt_mapping leaf;
    ts_status_t status = pagetable_query(&space->table, va, &leaf);
    if (status == TS_OK && leaf.pa == pa && (leaf.flags & access) == access) {
        return access != 0 ? pagetable_touch(&space->table, va, access) : TS_OK;
    }
    pt_flush_init(&flush);
    cut_large_pages(space, va, va + TS_PAGE_SIZE, &flush);
    pagetable_flush(&space->table, &flush);
    return pagetable_install(&space->table, va, pa, flags, access);
}

ts_status_t mapping_install_more(struct mapping *mapping, uint64_t va, uint64_t pa, uint32_t flags, uint32_t access) {
    struct address_space *space = mapping->space;
    ts_status_t status = pagetable_install(&space->table, va, pa, flags, access);
    if (status == TS_ERR_ALREADY_EXISTS) {
        status = install_in_large(space, va, pa, flags, access);
    }
    if (status == TS_OK && space->table.table_count != space->charged_tables) {
        status = space_charge_tables(space);
    }
    spinlock_release(&space->table_lock);
    if (status == TS_ERR_NO_MEMORY) {
        mapping_unmap(mapping, va, va + TS_PAGE_SIZE);
    }
    return status;
}

/* In parts of at most one table of each size: where large pages do not fit, a part is 2 MiB. */
ts_status_t mapping_install_piece(struct mapping *mapping) {
    struct address_space *space = mapping->space;
    uint64_t va = mapping->region.base;
    uint64_t there = mapping->vmo_offset < mapping->vmo->size ? mapping->vmo->size - mapping->vmo_offset : 0;
    uint64_t end = va + (there < mapping->region.size ? there : mapping->region.size); /* M8: the rest faults */
    uint64_t pa = mapping->vmo->physical_base + mapping->vmo_offset;
    uint64_t part = ((va ^ pa) & (PT_SIZE_2M - 1)) == 0 ? PT_SIZE_1G : PT_SIZE_2M;
    ts_status_t status = TS_OK;
    while (status == TS_OK && va < end) {
        uint64_t boundary = (va | (part - 1)) + 1;
        uint64_t length = (boundary < end ? boundary : end) - va;
        spinlock_acquire(&space->table_lock);
        status = pagetable_map_range(&space->table, va, pa, length, mapping_flags(mapping));
        if (status == TS_OK) {
            status = space_charge_tables(space);
        }
        spinlock_release(&space->table_lock);
        va += length;
        pa += length;
        sched_preemption_point();
    }
    if (status != TS_OK) {
        mapping_unmap(mapping, mapping->region.base, end);
    }
    return status;
}

/* --- all mappings of a view --- */

/* The addresses at which a mapping shows pages [first, end) of its view; false: it does not. */
static bool mapping_part(const struct mapping *mapping, uint64_t first, uint64_t end, uint64_t *start, uint64_t *stop) {
    uint64_t begins = mapping_page(mapping, mapping->region.base);
    uint64_t ends = begins + (mapping->region.size >> TS_PAGE_SHIFT);
    uint64_t low = first > begins ? first : begins;
    uint64_t high = end < ends ? end : ends;
    *start = mapping->region.base + ((low - begins) << TS_PAGE_SHIFT);
    *stop = mapping->region.base + ((high - begins) << TS_PAGE_SHIFT);
    return low < high;
}

static void unmap_from_view(struct view *view, uint64_t first, uint64_t end, const struct mapping *except) {
    uint64_t start, stop;
    LIST_FOR_EACH(node, &view->mappings) {
        struct mapping *mapping = container_of(node, struct mapping, view_link);
        if (mapping != except && mapping_part(mapping, first, end, &start, &stop)) {
            mapping_unmap(mapping, start, stop);
        }
        if (mapping != except || end - first > 1) {
            sched_preemption_point();
        }
    }
}

/* The others show pages of the source's view too. Those begin at index 0. */
void view_unmap(struct view *view, uint64_t first, uint64_t end, const struct mapping *except) {
    struct family *family = view->family;
    if (view != family->source_view) {
        unmap_from_view(view, first, end, except);
        return;
    }
    LIST_FOR_EACH(node, &family->views) {
        struct view *relative = container_of(node, struct view, link);
        uint64_t low = first > relative->first ? first - relative->first : 0;
        if (end > relative->first) {
            unmap_from_view(relative, low, end - relative->first, except);
        }
    }
}

void view_write_protect(struct view *view, uint64_t first, uint64_t end) {
    uint64_t start, stop;
    LIST_FOR_EACH(node, &view->mappings) {
        struct mapping *mapping = container_of(node, struct mapping, view_link);
        if ((mapping->permissions & TS_VMAR_WRITE) != 0 && mapping_part(mapping, first, end, &start, &stop)) {
            mapping_withhold_write(mapping, start, stop);
        }
        sched_preemption_point();
    }
}

/* One flush for all the accessed bits that were cleared since the last: then CPUs tell of accesses again. */
static void forget_cleared(struct view *view) {
    LIST_FOR_EACH(node, &view->mappings) {
        struct address_space *space = container_of(node, struct mapping, view_link)->space;
        spinlock_acquire(&space->table_lock);
        bool needed = space->accessed_cleared;
        space->accessed_cleared = false;
        spinlock_release(&space->table_lock);
        if (needed) {
            arch_tlb_flush(__atomic_load_n(&space->table.cpus, __ATOMIC_SEQ_CST), space->table.asid, 0, 0);
        }
        sched_preemption_point();
    }
}

void family_unmap(struct family *family, uint64_t index, const struct frame *frame) {
    LIST_FOR_EACH(node, &family->views) {
        struct view *view = container_of(node, struct view, link);
        if (view_shows(view, index, frame)) {
            unmap_from_view(view, index - view->first, index - view->first + 1, NULL);
            forget_cleared(view);
        }
    }
}

static bool mapping_was_accessed(struct mapping *mapping, uint64_t va) {
    struct address_space *space = mapping->space;
    spinlock_acquire(&space->table_lock);
    bool accessed = pagetable_clear_accessed(&space->table, va);
    space->accessed_cleared = space->accessed_cleared || accessed;
    spinlock_release(&space->table_lock);
    return accessed;
}

static bool view_was_accessed(struct view *view, uint64_t page) {
    bool accessed = false;
    uint64_t start, stop;
    LIST_FOR_EACH(node, &view->mappings) {
        struct mapping *mapping = container_of(node, struct mapping, view_link);
        if (mapping_part(mapping, page, page + 1, &start, &stop)) {
            accessed = mapping_was_accessed(mapping, start) || accessed;
        }
        sched_preemption_point();
    }
    return accessed;
}

bool family_was_accessed(struct family *family, uint64_t index, const struct frame *frame) {
    bool accessed = false;
    LIST_FOR_EACH(node, &family->views) {
        struct view *view = container_of(node, struct view, link);
        accessed = (view_shows(view, index, frame) && view_was_accessed(view, index - view->first)) || accessed;
    }
    return accessed;
}

uint64_t view_count_mappings(const struct view *view, const struct vmo *vmo) {
    uint64_t count = 0;
    LIST_FOR_EACH(node, &view->mappings) {
        count += container_of(node, const struct mapping, view_link)->vmo == vmo ? 1 : 0;
    }
    return count;
}

ts_status_t view_clear(struct view *view, uint64_t first, uint64_t end) {
    ts_status_t status = view_prepare_cut(view, first, end);
    if (status == TS_OK) {
        view_unmap(view, first, end, NULL);
        view_cut(view, first, end);
    }
    return status;
}
