/* SPDX-License-Identifier: MIT */
/*
 * Page faults of user mode and of the kernel's copies from and to it. What was never written is mapped as a frame of
 * zeros without WRITE; the first write gives the VMO a page of its own.
 */
#include "kernel/fault.h"

#include "abi/options.h"
#include "arch/cpu.h"
#include "kernel/assert.h"
#include "reclaim.h"
#include "vm_private.h"

#define AROUND_PAGES 16u /* aligned window in which pages that are there are mapped with the one that is wanted */

static struct frame *zero_frame;

void fault_init(void) {
    zero_frame = frame_alloc(FRAME_KERNEL, FRAME_ANY);
    if (zero_frame == NULL) {
        panic("no memory for a page of zeros");
    }
}

uint64_t fault_zero_page(void) {
    return frame_to_phys(zero_frame);
}

static bool is_one_piece(const struct vmo *vmo) {
    return vmo->is_physical || vmo->is_borrowed || vmo->is_contiguous;
}

static inline ts_status_t install_frame(struct mapping *mapping, uint64_t va, const struct frame *frame,
                                        uint32_t flags, uint32_t access) {
    if ((flags & PT_EXECUTE) != 0) {
        arch_cache_sync_code(frame_to_virt(frame), TS_PAGE_SIZE);
    }
    return mapping_install(mapping, va, frame_to_phys(frame), flags | PT_ACCESSED, access);
}

/* A page that is there, writable if it is the VMO's own. */
static ts_status_t install_present(struct mapping *mapping, uint64_t va, const struct frame *frame, uint32_t access) {
    uint32_t flags = mapping_flags(mapping);
    if ((flags & PT_WRITE) != 0 && !view_owns_page(mapping->vmo->view, mapping_page(mapping, va))) {
        flags &= ~(uint32_t)PT_WRITE;
    }
    return install_frame(mapping, va, frame, flags, access);
}

/* A page that is not known to be the view's own becomes it. */
static __attribute__((noinline)) struct frame *make_own(struct mapping *mapping, uint64_t page,
                                                        ts_status_t *status) {
    struct view *view = mapping->vmo->view;
    struct frame *frame = NULL;
    bool changed = false;
    *status = vmo_own_page(mapping->vmo, page, &frame, &changed);
    if (*status != TS_OK) {
        return NULL;
    }
    if (changed && (!mapping_is_only(mapping) || view == view->family->source_view)) {
        view_unmap(view, page, page + 1, mapping); /* others still show what was there before */
    }
    return frame;
}

static inline ts_status_t fault_write(struct mapping *mapping, uint64_t va, uint32_t access) {
    struct view *view = mapping->vmo->view;
    uint64_t page = mapping_page(mapping, va);
    struct frame *frame = view->family->source == NULL ? page_tree_known_own(&view->tree, view->first + page) : NULL;
    if (frame == NULL) {
        ts_status_t status = TS_OK;
        frame = make_own(mapping, page, &status);
        if (frame == NULL) {
            return status;
        }
    }
    return install_frame(mapping, va, frame, mapping_flags(mapping) | PT_DIRTY, access);
}

/* Pages beside the one that is wanted, if they are there: they will be wanted too. Best effort. */
static void fault_around(struct mapping *mapping, uint64_t va) {
    const struct region *region = &mapping->region;
    uint64_t window = AROUND_PAGES * TS_PAGE_SIZE;
    uint64_t at = va & ~(window - 1);
    uint64_t end = at + window;
    at = at > region->base ? at : region->base;
    end = end < region->base + region->size ? end : region->base + region->size;
    (void)fault_map_range(mapping, at, end);
}

static ts_status_t fault_read(struct mapping *mapping, uint64_t va, uint32_t access) {
    struct view *view = mapping->vmo->view;
    struct frame *frame;
    ts_status_t status = view_find(view, mapping_page(mapping, va), &frame);
    if (status != TS_OK) {
        return status;
    }
    if (frame != NULL) {
        status = install_present(mapping, va, frame, access);
        if (status == TS_OK) {
            fault_around(mapping, va);
        }
        return status;
    }
    if (mapping->vmo->memory_type != PT_TYPE_CACHED) {
        return fault_write(mapping, va, access); /* the frame of zeros is not reached in two ways at once */
    }
    return install_frame(mapping, va, zero_frame, mapping_flags(mapping) & ~(uint32_t)PT_WRITE, access);
}

/* Both locks held. */
static inline ts_status_t fault_in(struct mapping *mapping, uint64_t va, uint32_t access) {
    const struct vmo *vmo = mapping->vmo;
    uint64_t offset = mapping->vmo_offset + (va - mapping->region.base);
    if (offset >= vmo->size) {
        return TS_ERR_OUT_OF_RANGE; /* M9 */
    }
    if (is_one_piece(vmo)) {
        return mapping_install(mapping, va, vmo->physical_base + offset, mapping_flags(mapping) | PT_ACCESSED | PT_DIRTY,
                               access);
    }
    return (access & PT_WRITE) != 0 ? fault_write(mapping, va, access) : fault_read(mapping, va, access);
}

ts_status_t fault_map_range(struct mapping *mapping, uint64_t start, uint64_t end) {
    struct view *view = mapping->vmo->view;
    uint64_t first = mapping_page(mapping, start);
    uint64_t last = mapping_page(mapping, end);
    uint64_t limit = (mapping->vmo->offset + mapping->vmo->size) >> TS_PAGE_SHIFT; /* of a slice: not the view's */
    last = last < limit ? last : limit;
    struct frame *frame;
    ts_status_t status = TS_OK;
    if (last - first == 1) {
        frame = view_page(view, first);
        return frame != NULL ? install_present(mapping, start, frame, PT_USER | PT_READ) : TS_OK;
    }
    for (uint64_t page = first; status == TS_OK && view_next_page(view, &page, last, &frame); page++) {
        status = install_present(mapping, start + ((page - first) << TS_PAGE_SHIFT), frame, PT_USER | PT_READ);
        if (page % AROUND_PAGES == AROUND_PAGES - 1) {
            sched_preemption_point();
        }
    }
    return status;
}

/* The mapping at va; null: none. Space lock held. */
static struct mapping *find_mapping(struct address_space *space, uint64_t va) {
    struct mapping *mapping = space->recent;
    if (mapping == NULL || va - mapping->region.base >= mapping->region.size) {
        mapping = va < ARCH_USER_TOP ? vmar_find_mapping(space->root, va) : NULL;
        space->recent = mapping;
    }
    return mapping;
}

static uint32_t access_of(uint32_t access) {
    return PT_USER | PT_READ | ((access & FAULT_WRITE) != 0 ? PT_WRITE : 0) |
           ((access & FAULT_EXECUTE) != 0 ? PT_EXECUTE : 0);
}

/* What a fault that was not resolved waits for. OK: look again. */
static ts_status_t ask(struct mapping *mapping, uint64_t va, ts_status_t status, struct page_wait *wait) {
    if (status == TS_ERR_SHOULD_WAIT) {
        return view_ask(mapping->vmo->view, mapping_page(mapping, va), wait);
    }
    const struct address_space *space = mapping->space;
    if (status == TS_ERR_NO_MEMORY && space->tables_refused && reclaim_is_limited(space->account)) {
        return reclaim_ask_below_ceiling(space->account, space->table.format->levels - 1u, wait);
    }
    return status;
}

/* SHOULD_WAIT: `wait` has to be finished, and then the fault tried again. OK: it is, or look again. */
static ts_status_t try_to_resolve(struct address_space *space, uint64_t address, uint32_t access,
                                  struct page_wait *wait) {
    uint64_t va = address & ~(uint64_t)(TS_PAGE_SIZE - 1);
    mutex_acquire(&space->lock);
    space->tables_refused = false;
    struct mapping *mapping = find_mapping(space, va);
    ts_status_t status = mapping == NULL ? TS_ERR_NOT_FOUND : TS_OK;
    if (status == TS_OK && (mapping_flags(mapping) & access) != access) {
        status = TS_ERR_ACCESS_DENIED;
    }
    if (status == TS_OK) {
        struct family *family = mapping->vmo->view->family;
        mutex_acquire(&family->lock);
        status = fault_in(mapping, va, access);
        if (status != TS_OK) {
            status = ask(mapping, va, status, wait);
        }
        mutex_release(&family->lock);
    }
    mutex_release(&space->lock);
    return status;
}

ts_status_t fault_resolve(struct address_space *space, uint64_t address, uint32_t access) {
    struct page_wait wait;
    ts_status_t status, answer = TS_OK;
    do {
        status = try_to_resolve(space, address, access_of(access), &wait);
        answer = status == TS_ERR_SHOULD_WAIT ? page_wait_finish(&wait) : TS_OK;
    } while (status == TS_ERR_SHOULD_WAIT && answer == TS_OK);
    return answer != TS_OK ? answer : status;
}

/* --- copies from and to user memory --- */

bool fault_resolve_copy(void) {
    struct task *task = task_current();
    if (task->copy_access == 0) {
        return false; /* no fault: the addresses themselves were refused */
    }
    struct address_space *space = container_of(task->space, struct address_space, table);
    ts_status_t status = fault_resolve(space, task->copy_address, task->copy_access);
    task->copy_access = 0;
    sched_preemption_point();
    return status == TS_OK;
}

ts_status_t user_copy_in(void *destination, uaddr_t source, size_t size) {
    ts_status_t status;
    do {
        task_current()->copy_access = 0;
        status = arch_copy_from_user(destination, source, size);
    } while (status != TS_OK && fault_resolve_copy());
    return status;
}

ts_status_t user_copy_out(uaddr_t destination, const void *source, size_t size) {
    ts_status_t status;
    do {
        task_current()->copy_access = 0;
        status = arch_copy_to_user(destination, source, size);
    } while (status != TS_OK && fault_resolve_copy());
    return status;
}
