/* SPDX-License-Identifier: MIT */
/*
 * What the source of a VMO does to it: supplies pages, lets clean ones be written, writes dirty ones back. A page of the
 * source's view is clean, dirty (FRAME_DIRTY), or being written back (FRAME_WRITEBACK). Only dirty ones are mapped with
 * WRITE, so that the first write of any other is noticed.
 */
#include "abi/options.h"
#include "arch/cpu.h"
#include "kernel/assert.h"
#include "reclaim.h"
#include "swap.h"
#include "vm_private.h"

#define PAGE_BATCH 16u

/* A page that came back was written through the cache. Where mappings reach it past that, nobody else sees it. */
static ts_status_t bring_in(struct view *view, uint64_t page, struct swap_slot *slot, struct page_wait *wait) {
    ts_status_t status = swap_in(view->family, slot, wait);
    const struct frame *frame = status == TS_OK ? view_page(view, page) : NULL;
    if (frame != NULL && container_of(view, const struct vmo, own)->memory_type != PT_TYPE_CACHED) {
        arch_cache_clean(frame_to_virt(frame), TS_PAGE_SIZE);
    }
    return status;
}

ts_status_t view_ask(struct view *view, uint64_t page, struct page_wait *wait) {
    struct family *family = view->family;
    uint64_t index = view->first + page;
    struct swap_slot *slot = page_tree_slot(page_tree_find(&view->tree, index));
    struct frame *frame;
    if (slot != NULL) {
        return bring_in(view, page, slot, wait);
    }
    if (view_find(view, page, &frame) == TS_ERR_SHOULD_WAIT) {
        return page_source_ask(family->source, index, TS_PAGE_REQUEST_READ, wait);
    }
    if (family->source != NULL && view_must_ask_dirty(view, page)) {
        return page_source_ask(family->source, index, TS_PAGE_REQUEST_DIRTY, wait);
    }
    return reclaim_ask(view->payer->account, wait);
}

static bool is_aligned(uint64_t value) {
    return (value & (TS_PAGE_SIZE - 1)) == 0;
}

static ts_status_t check_pages(const struct vmo *vmo, uint64_t offset, uint64_t length) {
    uint64_t end;
    if (!is_aligned(offset | length)) {
        return TS_ERR_INVALID_ARGS;
    }
    return __builtin_add_overflow(offset, length, &end) || end > vmo->size ? TS_ERR_OUT_OF_RANGE : TS_OK;
}

static void acquire(struct vmo *vmo) {
    mutex_acquire(&vmo->view->family->lock);
}

static void release(struct vmo *vmo) {
    mutex_release(&vmo->view->family->lock);
}

/* --- supply --- */

/* Whether pages of this VMO can be moved at all: that does not change. */
static bool has_movable_pages(const struct vmo *vmo) {
    return !vmo->is_physical && !vmo->is_borrowed && !vmo->is_contiguous && vmo->view->family->source == NULL &&
           vmo->memory_type == PT_TYPE_CACHED;
}

/* G3. Family lock held. */
static bool is_alone(const struct vmo *vmo) {
    struct family *family = vmo->view->family;
    spinlock_acquire(&family->links_lock);
    bool has_children = !list_is_empty(&vmo->children);
    spinlock_release(&family->links_lock);
    return !has_children && vmo->sliced == NULL && family->view_count == 1 && vmo->view->pins == 0 &&
           list_is_empty(&vmo->view->mappings);
}

/* What is there already stays, and what lies beyond the source's part is zeros already. */
static ts_status_t supply_page(struct view *view, uint64_t page, struct view *from, uint64_t from_page,
                               const struct reclaim_miss *miss) {
    if (view->family->swap != NULL) {
        return swap_supply(view, page, from, from_page);
    }
    bool absent = page < view->limit && page_tree_find(&view->tree, page) == PAGE_ABSENT;
    if (absent) {
        ts_status_t status = view_move_page(from, from_page, view, page);
        struct frame *frame = view_page(view, page);
        if (status == TS_OK && frame != NULL) {
            reclaim_enter(frame, miss);
        }
        return status;
    }
    view_drop_page(from, from_page);
    return TS_OK;
}

struct supply {
    struct vmo *vmo, *from;
    uint64_t offset, length, from_offset; /* what is left */
    struct page_wait wait;                /* after SHOULD_WAIT: swap has a page of `from` */
};

/* Pages up to `end`. Both locks held. */
static ts_status_t supply_pages(struct supply *supply, uint64_t end, const struct reclaim_miss *miss) {
    struct view *view = supply->vmo->view, *from = supply->from->view;
    uint64_t first = supply->offset >> TS_PAGE_SHIFT, from_first = supply->from_offset >> TS_PAGE_SHIFT;
    ts_status_t status = TS_OK;
    uint64_t page = first;
    while (status == TS_OK && page < end) {
        status = supply_page(view, page, from, from_first + (page - first), miss);
        page += status == TS_OK ? 1 : 0;
        if (page % PAGE_BATCH == 0) {
            sched_preemption_point();
        }
    }
    page_source_answer(view->family->source, first, page, TS_PAGE_REQUEST_READ, TS_OK);
    uint64_t done = (page - first) << TS_PAGE_SHIFT;
    supply->offset += done;
    supply->from_offset += done;
    supply->length -= done;
    return status;
}

static bool is_detached(const struct vmo *vmo) {
    struct page_source *source = vmo->view->family->source;
    spinlock_acquire(&source->lock);
    bool detached = source->detached;
    spinlock_release(&source->lock);
    return detached;
}

/* Part of a supply: all checks are for the whole of what is left. A family with a source is locked after one without:
 * nobody does it the other way round. */
static ts_status_t supply_part(struct supply *supply, uint64_t part, const struct reclaim_miss *miss) {
    acquire(supply->from);
    acquire(supply->vmo);
    ts_status_t status = check_pages(supply->vmo, supply->offset, supply->length);
    if (status == TS_OK) {
        status = check_pages(supply->from, supply->from_offset, supply->length);
    }
    if (status == TS_OK) {
        status = is_alone(supply->from) && !is_detached(supply->vmo) ? TS_OK : TS_ERR_BAD_STATE;
    }
    if (status == TS_OK) {
        status = supply_pages(supply, (supply->offset + part) >> TS_PAGE_SHIFT, miss);
    }
    release(supply->vmo);
    if (status == TS_ERR_SHOULD_WAIT) { /* that may take the lock just released, where it is a swap VMO's */
        status = view_ask(supply->from->view, supply->from_offset >> TS_PAGE_SHIFT, &supply->wait);
    }
    release(supply->from);
    return status;
}

/* Page by page where a reclaim domain has to make room for each. */
ts_status_t vmo_supply(struct vmo *vmo, uint64_t offset, uint64_t length, struct vmo *from, uint64_t from_offset) {
    DEBUG_ASSERT(vmo_source(vmo) != NULL);
    if (!is_aligned(from_offset)) {
        return TS_ERR_INVALID_ARGS;
    }
    if (!has_movable_pages(from)) {
        return TS_ERR_NOT_SUPPORTED;
    }
    reclaim_fill_reserve();
    struct family *family = vmo->view->family;
    struct supply supply = {.vmo = vmo, .from = from, .offset = offset, .length = length, .from_offset = from_offset};
    ts_status_t status;
    do {
        struct reclaim_miss miss;
        bool limited = family->swap == NULL && reclaim_make_room(family, supply.offset >> TS_PAGE_SHIFT, &miss);
        uint64_t part = limited && supply.length > TS_PAGE_SIZE ? TS_PAGE_SIZE : supply.length;
        status = supply_part(&supply, part, limited ? &miss : NULL);
        status = status == TS_ERR_SHOULD_WAIT ? page_wait_finish(&supply.wait) : status;
    } while (status == TS_OK && supply.length > 0);
    return status;
}

ts_status_t vmo_fail(struct vmo *vmo, uint64_t offset, uint64_t length, ts_status_t error) {
    DEBUG_ASSERT(vmo_source(vmo) != NULL);
    acquire(vmo);
    ts_status_t status = check_pages(vmo, offset, length);
    if (status == TS_OK) {
        page_source_answer(vmo_source(vmo), offset >> TS_PAGE_SHIFT, (offset + length) >> TS_PAGE_SHIFT,
                           PAGE_REQUEST_ANY, error);
    }
    release(vmo);
    return status;
}

ts_status_t vmo_ask_again(struct vmo *vmo, uint64_t offset, uint64_t length) {
    struct page_source *source = vmo_source(vmo);
    DEBUG_ASSERT(source != NULL);
    acquire(vmo);
    ts_status_t status = check_pages(vmo, offset, length);
    bool is_swap = vmo->view->family->swap != NULL;
    release(vmo);
    if (status == TS_OK) {
        page_source_ask_again(source, offset >> TS_PAGE_SHIFT, (offset + length) >> TS_PAGE_SHIFT);
    }
    if (status == TS_OK && is_swap) {
        page_source_request_writeback(source);
    }
    return status;
}

/* --- dirty pages --- */

static void rest(uint64_t page) {
    if (page % PAGE_BATCH == PAGE_BATCH - 1) {
        sched_preemption_point();
    }
}

static ts_status_t check_present(const struct view *view, uint64_t first, uint64_t end) {
    struct frame *frame;
    ts_status_t status = TS_OK;
    for (uint64_t page = first; status == TS_OK && page < end; page++) {
        status = view_find(view, page, &frame) == TS_OK ? TS_OK : TS_ERR_NOT_FOUND;
        rest(page);
    }
    return status;
}

/* Pages of zeros get a frame, which may fail half way: those before are dirty then. */
static ts_status_t make_dirty(struct view *view, uint64_t first, uint64_t end) {
    ts_status_t status = TS_OK;
    for (uint64_t page = first; status == TS_OK && page < end; page++) {
        bool changed = false;
        status = view_make_dirty(view, page, &changed);
        if (changed) {
            view_unmap(view, page, page + 1, NULL);
        }
        rest(page);
    }
    return status;
}

ts_status_t vmo_make_dirty(struct vmo *vmo, uint64_t offset, uint64_t length) {
    struct page_source *source = vmo_source(vmo);
    DEBUG_ASSERT(source != NULL);
    if (!source->traps_dirty) {
        return TS_ERR_NOT_SUPPORTED;
    }
    uint64_t first = offset >> TS_PAGE_SHIFT;
    uint64_t end = first + (length >> TS_PAGE_SHIFT);
    acquire(vmo);
    ts_status_t status = check_pages(vmo, offset, length);
    if (status == TS_OK) {
        status = check_present(vmo->view, first, end);
    }
    if (status == TS_OK) {
        status = make_dirty(vmo->view, first, end);
    }
    if (status == TS_OK) {
        page_source_answer(source, first, end, TS_PAGE_REQUEST_DIRTY, TS_OK);
    }
    release(vmo);
    return status;
}

/* The pages are written from outside from here on: mappings lose WRITE before the source reads what it writes back. */
ts_status_t vmo_writeback_begin(struct vmo *vmo, uint64_t offset, uint64_t length) {
    DEBUG_ASSERT(vmo_source(vmo) != NULL);
    struct view *view = vmo->view;
    uint64_t first = offset >> TS_PAGE_SHIFT;
    uint64_t end = first + (length >> TS_PAGE_SHIFT);
    struct frame *frame;
    acquire(vmo);
    ts_status_t status = check_pages(vmo, offset, length);
    for (uint64_t page = first; status == TS_OK && view_next_page(view, &page, end, &frame); page++) {
        if ((frame->flags & FRAME_DIRTY) != 0) {
            frame->flags = (uint8_t)((frame->flags & ~FRAME_DIRTY) | FRAME_WRITEBACK);
        }
        rest(page);
    }
    if (status == TS_OK) {
        view_write_protect(view, first, end);
    }
    release(vmo);
    return status;
}

/* What swap has is dropped. */
static void note_written(struct view *view, uint64_t page, struct frame *frame) {
    bool written = (frame->flags & FRAME_WRITEBACK) != 0;
    frame->flags = (uint8_t)(frame->flags & ~FRAME_WRITEBACK);
    if ((frame->flags & FRAME_DIRTY) != 0) {
        return;
    }
    if (view->family->swap == NULL) {
        reclaim_note_clean(frame);
    } else if (written) {
        swap_drop(view, page);
    }
}

ts_status_t vmo_writeback_end(struct vmo *vmo, uint64_t offset, uint64_t length) {
    DEBUG_ASSERT(vmo_source(vmo) != NULL);
    uint64_t end = (offset >> TS_PAGE_SHIFT) + (length >> TS_PAGE_SHIFT);
    struct frame *frame;
    acquire(vmo);
    ts_status_t status = check_pages(vmo, offset, length);
    for (uint64_t page = offset >> TS_PAGE_SHIFT; status == TS_OK && view_next_page(vmo->view, &page, end, &frame);
         page++) {
        note_written(vmo->view, page, frame);
        rest(page);
    }
    release(vmo);
    return status;
}

/* Adds a dirty page; false: it begins a range, and there is no room for one. */
static bool add_dirty(struct ts_vmo_dirty_range *ranges, unsigned *count, unsigned capacity, uint64_t offset) {
    struct ts_vmo_dirty_range *last = *count > 0 ? &ranges[*count - 1] : NULL;
    if (last != NULL && last->offset + last->length == offset) {
        last->length += TS_PAGE_SIZE;
        return true;
    }
    if (*count == capacity) {
        return false;
    }
    ranges[(*count)++] = (struct ts_vmo_dirty_range){.offset = offset, .length = TS_PAGE_SIZE};
    return true;
}

unsigned vmo_dirty_ranges(struct vmo *vmo, uint64_t *offset, uint64_t end, struct ts_vmo_dirty_range *ranges,
                          unsigned capacity) {
    DEBUG_ASSERT(vmo_source(vmo) != NULL);
    unsigned count = 0;
    uint64_t page = *offset >> TS_PAGE_SHIFT;
    struct frame *frame;
    bool room = true;
    acquire(vmo);
    while (room && view_next_page(vmo->view, &page, end >> TS_PAGE_SHIFT, &frame)) {
        bool is_dirty = (frame->flags & (FRAME_DIRTY | FRAME_WRITEBACK)) != 0;
        room = !is_dirty || add_dirty(ranges, &count, capacity, page << TS_PAGE_SHIFT);
        page += room ? 1 : 0;
        rest(page);
    }
    *offset = room ? end : page << TS_PAGE_SHIFT;
    release(vmo);
    return count;
}
