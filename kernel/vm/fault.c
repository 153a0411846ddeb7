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
#define NO_ACCESS    0u  /* so that what is mapped already does not count as accessed */

/* The way of every fault, in one function, though the one after a wait goes it too. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

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

static inline ts_status_t install_frame(struct mapping *mapping, uint64_t va, const struct frame *frame,
                                        uint32_t flags, uint32_t access) {
    if ((flags & PT_EXECUTE) != 0) {
        arch_cache_sync_code(frame_to_virt(frame), TS_PAGE_SIZE);
    }
    return mapping_install(mapping, va, frame_to_phys(frame), flags | PT_ACCESSED, access);
}

/* A page that is there, writable if it is the view's own. */
static ts_status_t install_present(struct mapping *mapping, uint64_t va, const struct frame *frame, uint32_t access) {
    uint32_t flags = mapping_flags(mapping);
    if ((flags & PT_WRITE) != 0 && !view_owns_page(mapping->vmo->view, mapping_page(mapping, va))) {
        flags &= ~(uint32_t)PT_WRITE;
    }
    return install_frame(mapping, va, frame, flags, access);
}

/* A page that was the view's own all the time, to be written: whether it is mapped now, by a large page. */
static __attribute__((noinline)) bool write_large(struct mapping *mapping, uint64_t va, const struct frame *frame) {
    return large_may_fit(frame, va) && large_install(mapping, va, PT_USER | PT_READ | PT_WRITE);
}

/* A page that is not known to be the view's own becomes it. */
static ts_status_t fault_write(struct mapping *mapping, uint64_t va, uint32_t access) {
    struct view *view = mapping->vmo->view;
    uint64_t page = mapping_page(mapping, va);
    struct frame *frame = NULL;
    bool changed = false;
    ts_status_t status = vmo_own_page(mapping->vmo, page, &frame, &changed);
    if (status != TS_OK) {
        return status;
    }
    if (!changed && write_large(mapping, va, frame)) {
        return TS_OK;
    }
    if (changed && (!mapping_is_only(mapping) || view == view->family->source_view)) {
        view_unmap(view, page, page + 1, mapping); /* others still show what was there before */
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

/* A page that is there, to be read. */
static __attribute__((noinline)) ts_status_t read_present(struct mapping *mapping, uint64_t va,
                                                          const struct frame *frame, uint32_t access) {
    if (large_may_fit(frame, va) && large_install(mapping, va, access)) {
        return TS_OK;
    }
    ts_status_t status = install_present(mapping, va, frame, access);
    if (status == TS_OK) {
        fault_around(mapping, va);
    }
    return status;
}

static ts_status_t fault_read(struct mapping *mapping, uint64_t va, uint32_t access) {
    struct view *view = mapping->vmo->view;
    struct frame *frame;
    ts_status_t status = view_find(view, mapping_page(mapping, va), &frame);
    if (status != TS_OK) {
        return status;
    }
    if (frame != NULL) {
        return read_present(mapping, va, frame, access);
    }
    if (mapping->vmo->memory_type != PT_TYPE_CACHED) {
        return fault_write(mapping, va, access); /* the frame of zeros is not reached in two ways at once */
    }
    return install_frame(mapping, va, zero_frame, mapping_flags(mapping) & ~(uint32_t)PT_WRITE, access);
}

/* What is not known to be the view's own page at once. */
static __attribute__((noinline)) ts_status_t fault_in_more(struct mapping *mapping, uint64_t va, uint32_t access) {
    const struct vmo *vmo = mapping->vmo;
    if (vmo_is_one_piece(vmo)) {
        uint64_t offset = mapping->vmo_offset + (va - mapping->region.base);
        uint32_t flags = mapping_flags(mapping) | PT_ACCESSED | PT_DIRTY;
        bool large = large_install(mapping, va, access);
        return large ? TS_OK : mapping_install(mapping, va, vmo->physical_base + offset, flags, access);
    }
    return (access & PT_WRITE) != 0 ? fault_write(mapping, va, access) : fault_read(mapping, va, access);
}

/* The page of the view to be written, if its place is known at once, and nobody needs to be told of it: no other view
 * reaches it, or it is new, and nobody shows what was there before. Null: it is not that simple. Both locks held. */
static inline struct frame *page_at_hand(const struct mapping *mapping, struct view *view, uint64_t page, uint64_t va) {
    uint64_t index = view->first + page;
    uint64_t *word = view->family->source == NULL ? page_tree_remembered(&view->tree, index) : NULL;
    if (word == NULL || (*word & PAGE_WORD_BITS) != 0) {
        return NULL;
    }
    if (*word != PAGE_ABSENT) {
        struct frame *frame = (struct frame *)*word;
        return __builtin_expect(large_may_fit(frame, va), 0) ? NULL : frame;
    }
    bool simple = mapping_is_only(mapping) && mapping->vmo->memory_type == PT_TYPE_CACHED && !view->is_limited;
    return simple ? view_fill(view, index, word) : NULL;
}

ts_status_t fault_map_pages(struct mapping *mapping, uint64_t start, uint64_t end) {
    struct view *view = mapping->vmo->view;
    uint64_t first = mapping_page(mapping, start);
    uint64_t last = mapping_end_page(mapping, end);
    struct frame *frame;
    ts_status_t status = TS_OK;
    for (uint64_t page = first; status == TS_OK && view_next_page(view, &page, last, &frame); page++) {
        status = install_present(mapping, start + ((page - first) << TS_PAGE_SHIFT), frame, NO_ACCESS);
        if (page % AROUND_PAGES == AROUND_PAGES - 1) {
            sched_preemption_point();
        }
    }
    return status;
}

ts_status_t fault_map_range(struct mapping *mapping, uint64_t start, uint64_t end) {
    return end - start < PT_SIZE_2M ? fault_map_pages(mapping, start, end) : large_map_range(mapping, start, end);
}

ts_status_t fault_map_page(struct mapping *mapping, uint64_t va) {
    struct address_space *space = mapping->space;
    const struct vmo *vmo = mapping->vmo;
    uint64_t offset = mapping->vmo_offset + (va - mapping->region.base);
    uint32_t flags = mapping_flags(mapping) | PT_ACCESSED;
    bool owned = false, done = false;
    struct frame *frame =
        offset < vmo->size ? view_look(vmo->view, (vmo->offset + offset) >> TS_PAGE_SHIFT, &owned) : NULL;
    if (frame == NULL) {
        return TS_OK;
    }
    if (owned && (flags & PT_EXECUTE) == 0) {
        spinlock_acquire(&space->table_lock);
        done = pagetable_install_recent(&space->table, va, frame_to_phys(frame), flags);
        spinlock_release(&space->table_lock);
    }
    return done ? TS_OK : fault_map_range(mapping, va, va + TS_PAGE_SIZE);
}

/* The mapping at va, which is remembered; null: none. Space lock held. */
static __attribute__((noinline)) struct mapping *find_mapping(struct address_space *space, uint64_t va) {
    space->recent = va < ARCH_USER_TOP ? vmar_find_mapping(space->root, va) : NULL;
    return space->recent;
}

static uint32_t access_of(uint32_t access) {
    return PT_USER | PT_READ | ((access & FAULT_WRITE) != 0 ? PT_WRITE : 0) |
           ((access & FAULT_EXECUTE) != 0 ? PT_EXECUTE : 0);
}

/* What a fault that was not resolved waits for. OK: look again. Both locks held. */
static __attribute__((noinline)) ts_status_t fault_ask(struct mapping *mapping, uint64_t va, ts_status_t status,
                                                       struct page_wait *wait) {
    if (status == TS_ERR_SHOULD_WAIT) {
        return view_ask(mapping->vmo->view, mapping_page(mapping, va), wait);
    }
    struct address_space *space = mapping->space;
    bool refused = space->tables_refused;
    space->tables_refused = false;
    if (status == TS_ERR_NO_MEMORY && refused && reclaim_has_swap(space->account)) {
        return reclaim_ask_below_ceiling(space->account, space->table.format->levels - 1u, wait);
    }
    return status;
}

/* Both locks held. flags: of the mapping. */
static inline ts_status_t fault_in(struct mapping *mapping, struct view *view, uint64_t va, uint32_t access,
                                   uint32_t flags) {
    const struct vmo *vmo = mapping->vmo;
    uint64_t offset = mapping->vmo_offset + (va - mapping->region.base);
    if (offset >= vmo->size) {
        return TS_ERR_OUT_OF_RANGE; /* M9 */
    }
    struct frame *frame = NULL;
    if ((access & PT_WRITE) != 0) {
        frame = page_at_hand(mapping, view, (vmo->offset + offset) >> TS_PAGE_SHIFT, va);
    }
    if (frame == NULL) {
        return fault_in_more(mapping, va, access);
    }
    return mapping_install(mapping, va, frame_to_phys(frame), flags | PT_ACCESSED | PT_DIRTY, access);
}

/* Space lock held. */
ALWAYS_INLINE ts_status_t resolve_locked(struct address_space *space, uint64_t va, uint32_t access,
                                         struct page_wait *wait) {
    struct mapping *mapping = space->recent;
    if (mapping == NULL || va - mapping->region.base >= mapping->region.size) {
        mapping = find_mapping(space, va);
        if (mapping == NULL) {
            return TS_ERR_NOT_FOUND;
        }
    }
    uint32_t flags = mapping_flags(mapping);
    if ((flags & access) != access) {
        return TS_ERR_ACCESS_DENIED;
    }
    struct view *view = mapping->vmo->view;
    struct family *family = view->family;
    mutex_acquire(&family->lock);
    ts_status_t status = fault_in(mapping, view, va, access, flags);
    if (__builtin_expect(status != TS_OK, 0)) {
        status = fault_ask(mapping, va, status, wait);
    }
    mutex_release(&family->lock);
    return status;
}

/* SHOULD_WAIT: `wait` has to be finished, and then the fault tried again. OK: it is, or look again. */
ALWAYS_INLINE ts_status_t try_to_resolve(struct address_space *space, uint64_t address, uint32_t access,
                                         struct page_wait *wait) {
    mutex_acquire(&space->lock);
    ts_status_t status = resolve_locked(space, address & ~(uint64_t)(TS_PAGE_SIZE - 1), access_of(access), wait);
    mutex_release(&space->lock);
    return status;
}

static __attribute__((noinline)) ts_status_t resolve_later(struct address_space *space, uint64_t address,
                                                           uint32_t access, struct page_wait *wait) {
    ts_status_t status;
    do {
        ts_status_t answer = page_wait_finish(wait);
        if (answer != TS_OK) {
            return answer;
        }
        status = try_to_resolve(space, address, access, wait);
    } while (status == TS_ERR_SHOULD_WAIT);
    return status;
}

ts_status_t fault_resolve(struct address_space *space, uint64_t address, uint32_t access) {
    struct page_wait wait;
    ts_status_t status = try_to_resolve(space, address, access, &wait);
    return status == TS_ERR_SHOULD_WAIT ? resolve_later(space, address, access, &wait) : status;
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
