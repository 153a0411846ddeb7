/* SPDX-License-Identifier: MIT */
/*
 * Shared by the files of this room. Order of locks: an address space's lock, a family's lock, a table's lock (which
 * spins). Whoever changes what a mapping shows holds the first two; so either is enough to read it. Translations of a
 * mapping change only with its family's lock held, so that a page's owner knows that nobody is about to map it.
 */
#pragma once

#include "abi/options.h"
#include "arch/cpu.h"
#include "family.h"
#include "kernel/vmar.h"

#define VM_PERMISSIONS (TS_VMAR_READ | TS_VMAR_WRITE | TS_VMAR_EXECUTE)

ts_status_t vmar_new_root(struct address_space *space, uint64_t base, uint64_t size, struct vmar **root);
void address_space_reference(struct address_space *space);

/* No region of the range touches [base, base+size), which lies inside it. */
bool space_range_is_free(const struct vmar *vmar, uint64_t base, uint64_t size);

/* Puts a small region at a random place next to others; false: it found none at once. */
bool space_place_small(struct vmar *vmar, struct region *region);

/* A place for `size` bytes, a multiple of `alignment`, which is a power of two; false: none. */
bool space_find_room(struct vmar *vmar, uint64_t size, uint64_t alignment, uint64_t *base);

/* A tag for a new space; PT_ASID_SHARED when all are taken. */
uint32_t asid_allocate(void);
/* No CPU runs in the space any more; `cpus` did. */
void asid_release(uint32_t asid, uint64_t cpus);

/* Page tables are memory of the space's account: charges what came, ends the charge of what went. Table lock held.
 * NO_MEMORY: nothing was charged. */
ts_status_t space_charge_tables(struct address_space *space);

/* The first mapping below `top` that reaches beyond an address; null: none. Preemption points. */
struct mapping *vmar_next_mapping(const struct vmar *top, uint64_t address);

/* The mapping at an address, by the space's lock; null: none. */
struct mapping *vmar_find_mapping(const struct vmar *top, uint64_t address);

/* --- mapping.c --- */

/* At the end of a space: the mapping that was freed last, which it is charged for and keeps for the next. */
void mapping_free_spare(struct address_space *space);

/* The mapping is where its region says, and shows its VMO's view from now on. Both locks held. */
static inline void mapping_link(struct mapping *mapping, struct view *view) {
    list_add_tail(&view->mappings, &mapping->view_link);
}

/* Of mapping.c, for mapping_unmap() alone. */
void mapping_unmap_range(struct mapping *mapping, uint64_t start, uint64_t end);

/* Removes its translations in [start, end), on all CPUs. Family lock held. */
static inline void mapping_unmap(struct mapping *mapping, uint64_t start, uint64_t end) {
    struct address_space *space = mapping->space;
    if (end - start == TS_PAGE_SIZE) {
        spinlock_acquire(&space->table_lock);
        bool done = pagetable_unmap_recent(&space->table, start);
        spinlock_release(&space->table_lock);
        if (done) {
            pagetable_flush_pages(&space->table, start, 1);
            return;
        }
    }
    mapping_unmap_range(mapping, start, end);
}

/* Gives what is mapped in [start, end) these permissions, which are not more than before, or W where it stays
 * withheld from pages that are not the VMO's own. Family lock held. */
void mapping_protect(struct mapping *mapping, uint64_t start, uint64_t end, uint32_t permissions);

/* What mapping_install() does if it takes a walk. Table lock held, which it releases. */
ts_status_t mapping_install_more(struct mapping *mapping, uint64_t va, uint64_t pa, uint32_t flags, uint32_t access);

/* One page, or what is there of it already. access: PT_ flags of the access that wants it. Both locks held.
 * NO_MEMORY. */
static inline ts_status_t mapping_install(struct mapping *mapping, uint64_t va, uint64_t pa, uint32_t flags,
                                          uint32_t access) {
    struct address_space *space = mapping->space;
    spinlock_acquire(&space->table_lock);
    if (!pagetable_install_recent(&space->table, va, pa, flags)) {
        return mapping_install_more(mapping, va, pa, flags, access);
    }
    spinlock_release(&space->table_lock);
    return TS_OK;
}

/* Memory in one piece: all of it that the mapping shows, with pages as large as fit. Both locks held. NO_MEMORY: nothing
 * is mapped. */
ts_status_t mapping_install_piece(struct mapping *mapping);

_Static_assert(PT_READ == TS_VMAR_READ && PT_WRITE == TS_VMAR_WRITE && PT_EXECUTE == TS_VMAR_EXECUTE,
               "permissions of mappings are those of pages");

/* The flags of its pages. */
static inline uint32_t mapping_flags(const struct mapping *mapping) {
    return PT_USER | mapping->vmo->memory_type | mapping->permissions;
}

/* The page of the view that is at an address of the mapping. */
static inline uint64_t mapping_page(const struct mapping *mapping, uint64_t va) {
    return (mapping->vmo->offset + mapping->vmo_offset + (va - mapping->region.base)) >> TS_PAGE_SHIFT;
}

/* The page behind the last that a mapping shows up to an address: none is behind the VMO's end. */
static inline uint64_t mapping_end_page(const struct mapping *mapping, uint64_t end) {
    uint64_t last = mapping_page(mapping, end);
    uint64_t limit = (mapping->vmo->offset + mapping->vmo->size) >> TS_PAGE_SHIFT; /* of a slice: not the view's */
    return last < limit ? last : limit;
}

/* Whether nobody shows the view but this mapping. */
static inline bool mapping_is_only(const struct mapping *mapping) {
    const struct list_node *head = &mapping->vmo->view->mappings;
    return head->next == &mapping->view_link && head->previous == &mapping->view_link;
}

/* Family lock held, in all mappings of the view: pages [first, end) are not mapped any more (but in `except`, which
 * may be null); they are mapped without WRITE. */
void view_unmap(struct view *view, uint64_t first, uint64_t end, const struct mapping *except);
void view_write_protect(struct view *view, uint64_t first, uint64_t end);
/* The same for a page at an index of the family, in all views that show it; whether any mapping of it was used since this
 * was asked last. */
void family_unmap(struct family *family, uint64_t index, const struct frame *frame);
bool family_was_accessed(struct family *family, uint64_t index, const struct frame *frame);
uint64_t view_count_mappings(const struct view *view, const struct vmo *vmo);

/* Zeros in [first, end) of the view, mapped or not. NO_MEMORY: nothing happened. Family lock held. */
ts_status_t view_clear(struct view *view, uint64_t first, uint64_t end);

/* --- vmo_access.c --- */

/* view_own_page() of a VMO's view; what is mapped past the cache is not left in it. */
static inline ts_status_t vmo_own_page(struct vmo *vmo, uint64_t page, struct frame **frame, bool *changed) {
    ts_status_t status = view_own_page(vmo->view, page, frame, changed);
    if (status == TS_OK && *changed && vmo->memory_type != PT_TYPE_CACHED) {
        arch_cache_clean(frame_to_virt(*frame), TS_PAGE_SIZE);
    }
    return status;
}

/* --- vmo.c --- */

/* Gives the frames of a run to the view, from an absent page on, zeroed in parts. Those that find no place in its tree
 * are freed. NO_MEMORY. Preemption points. Family lock held, or nobody can reach the view. */
ts_status_t view_adopt_run(struct view *view, uint64_t first, struct frame *run, uint64_t pages);

/* --- large.c --- */

/* Gives 2 MiB in one piece to a VMO for its pages from `page` on, if there are none yet and memory has such a piece.
 * False: some or all are still missing. Preemption points. Family lock held. */
bool large_commit(struct vmo *vmo, uint64_t page);

/* Maps the 2 MiB around va by one large page, in place of what is mapped of it, if the VMO has them in one piece and
 * nobody else sees them. False: nothing happened, or they are mapped already. Both locks held. */
bool large_install(struct mapping *mapping, uint64_t va, uint32_t access);

/* fault_map_range() of a range that may contain large pages. */
ts_status_t large_map_range(struct mapping *mapping, uint64_t start, uint64_t end);

/* Whether a page that is mapped at va can be part of a large page there. */
static inline bool large_may_fit(const struct frame *frame, uint64_t va) {
    return ((frame->number ^ va >> TS_PAGE_SHIFT) & (FRAMES_LARGE - 1)) == 0;
}

static inline bool vmo_is_one_piece(const struct vmo *vmo) {
    return vmo->is_physical || vmo->is_borrowed || vmo->is_contiguous;
}

/* --- discard.c --- */

/* Into the list of what can be discarded, and out of it. */
void discard_add(struct vmo *vmo);
void discard_remove(struct vmo *vmo);

/* LOCK, TRY_LOCK, UNLOCK. Family lock held. UNAVAILABLE, BAD_STATE (not locked). */
ts_status_t discard_lock(struct vmo *vmo, uint32_t op);

/* --- fault.c --- */

/* Makes the frame of zeros. */
void fault_init(void);

/* Maps what is there already of a mapping that was just made, in [start, end) (M15). Both locks held. NO_MEMORY. */
ts_status_t fault_map_range(struct mapping *mapping, uint64_t start, uint64_t end);
ts_status_t fault_map_page(struct mapping *mapping, uint64_t va); /* of one page */

/* The same, page by page. */
ts_status_t fault_map_pages(struct mapping *mapping, uint64_t start, uint64_t end);

/* The physical address of zeros. */
uint64_t fault_zero_page(void);
