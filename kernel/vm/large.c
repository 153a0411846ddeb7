/* SPDX-License-Identifier: MIT */
/*
 * Large pages. Trees of pages know of none: what is large is a piece of memory whose frames are entered one by one, and
 * the mapping of a whole aligned 2 MiB that lie so. A commit tries to get such pieces; what maps a page of one looks
 * whether all of it can be mapped at once, when it is first mapped and when a fault gives back what was taken from a
 * part. Whoever changes a part splits the mapping first (mapping.c).
 *
 * Memory that a pager fills, or that swap may take, is not mapped so: accessed and written is told page by page there.
 */
#include "kernel/assert.h"
#include "vm_private.h"

#define LOOK_BATCH 64u /* pages */

_Static_assert(PT_SIZE_2M == FRAMES_LARGE * TS_PAGE_SIZE && FRAMES_LARGE == 1u << PAGE_TREE_BITS,
               "a large page is what one table and one node stand for");

/* --- memory --- */

/* No word in [page, page+512) of the view. */
static bool is_absent(const struct view *view, uint64_t page) {
    uint64_t word;
    for (uint64_t done = 0; done < FRAMES_LARGE; done += LOOK_BATCH) {
        uint64_t index = view->first + page + done;
        if (page_tree_next(&view->tree, &index, index + LOOK_BATCH, &word)) {
            return false;
        }
        sched_preemption_point();
    }
    return true;
}

bool large_commit(struct vmo *vmo, uint64_t page) {
    struct view *view = vmo->view;
    if (view->family->source != NULL || view->is_limited || vmo->memory_type != PT_TYPE_CACHED || !is_absent(view, page)) {
        return false;
    }
    struct frame *run = frame_alloc_large(FRAME_VMO);
    if (run == NULL) {
        return false;
    }
    view_unmap(view, page, page + FRAMES_LARGE, NULL); /* the frame of zeros */
    return view_adopt_run(view, page, run, FRAMES_LARGE) == TS_OK;
}

/* --- mappings --- */

/* The physical address of the 2 MiB that the mapping shows at an aligned address; false: they are not one piece of the
 * VMO's own. */
static bool find_piece(const struct mapping *mapping, uint64_t va, uint64_t *pa) {
    const struct vmo *vmo = mapping->vmo;
    const struct region *region = &mapping->region;
    uint64_t offset = mapping->vmo_offset + (va - region->base);
    if (va < region->base || va + PT_SIZE_2M > region->base + region->size || offset + PT_SIZE_2M > vmo->size) {
        return false;
    }
    if (vmo_is_one_piece(vmo)) {
        *pa = vmo->physical_base + offset;
        return (*pa & (PT_SIZE_2M - 1)) == 0;
    }
    if (vmo->view->family->source != NULL || vmo->view->is_limited || (mapping->permissions & TS_VMAR_EXECUTE) != 0) {
        return false; /* code is made visible page by page */
    }
    const struct frame *first = page_tree_run(&vmo->view->tree, vmo->view->first + mapping_page(mapping, va));
    *pa = first != NULL ? frame_to_phys(first) : 1;
    return (*pa & (PT_SIZE_2M - 1)) == 0;
}

/* A large page that permits the access is there already. */
static bool is_mapped(struct address_space *space, uint64_t va, uint32_t access) {
    struct pt_mapping leaf;
    spinlock_acquire(&space->table_lock);
    bool mapped = pagetable_query(&space->table, va, &leaf) == TS_OK && leaf.size >= PT_SIZE_2M &&
                  (leaf.flags & access) == access;
    spinlock_release(&space->table_lock);
    return mapped;
}

bool large_install(struct mapping *mapping, uint64_t va, uint32_t access) {
    struct address_space *space = mapping->space;
    uint64_t start = va & ~(PT_SIZE_2M - 1), pa;
    if (is_mapped(space, start, access) || !find_piece(mapping, start, &pa)) {
        return false;
    }
    uint32_t flags = mapping_flags(mapping) | PT_ACCESSED | ((access & PT_WRITE) != 0 ? PT_DIRTY : 0);
    struct pt_flush flush;
    pt_flush_init(&flush);
    spinlock_acquire(&space->table_lock);
    ts_status_t status = pagetable_install_large(&space->table, start, pa, flags, &flush);
    bool charged = status != TS_OK || space_charge_tables(space) == TS_OK;
    spinlock_release(&space->table_lock);
    pagetable_flush(&space->table, &flush);
    if (!charged) {
        mapping_unmap(mapping, start, start + PT_SIZE_2M);
    }
    return status == TS_OK && charged;
}

ts_status_t large_map_range(struct mapping *mapping, uint64_t start, uint64_t end) {
    struct view *view = mapping->vmo->view;
    uint64_t first = mapping_page(mapping, start);
    uint64_t last = mapping_end_page(mapping, end);
    struct frame *frame;
    ts_status_t status = TS_OK;
    for (uint64_t page = first; status == TS_OK && view_next_page(view, &page, last, &frame);) {
        uint64_t va = start + ((page - first) << TS_PAGE_SHIFT);
        uint64_t boundary = (va | (PT_SIZE_2M - 1)) + 1;
        uint64_t stop = boundary < end ? boundary : end;
        if (!large_may_fit(frame, va) || !large_install(mapping, va, PT_USER | PT_READ)) {
            status = fault_map_pages(mapping, va, stop);
        }
        page = first + ((stop - start) >> TS_PAGE_SHIFT);
        sched_preemption_point();
    }
    return status;
}
