/* SPDX-License-Identifier: MIT */
/*
 * VMOs: how they are made, cloned, resized, and taken apart. The pages themselves are family.c's; reads, writes and
 * operations on ranges are in vmo_access.c.
 */
#include "kernel/vmo.h"

#include "abi/options.h"
#include "base/string.h"
#include "family.h"
#include "swap.h"
#include "kernel/assert.h"
#include "kernel/heap.h"
#include "vm_private.h"

#define PIECE_BATCH 16u
#define CHILD_KINDS                                                                                \
    (TS_VMO_CHILD_SNAPSHOT | TS_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE | TS_VMO_CHILD_SNAPSHOT_MODIFIED | TS_VMO_CHILD_SLICE)

static SLAB_CACHE(vmo_cache, struct vmo);

/* All VMOs that are made and not yet released, for inspection. */
static struct spinlock registry_lock = SPINLOCK(LOCK_VMO);
static LIST_HEAD(vmo_registry);

/* VMOs whose end takes longer than a moment, or needs a lock: a task takes them apart. */
static struct wait_queue ended_queue;
static struct list_node ended_vmos; /* of vmo.sibling; ended_queue.lock */

/* --- all VMOs --- */

/* From now on others can find it: nothing of it is changed without its family's lock. */
static void vmo_register(struct vmo *vmo) {
    spinlock_acquire(&registry_lock);
    list_add_tail(&vmo_registry, &vmo->registered);
    spinlock_release(&registry_lock);
}

struct vmo *vmo_next(struct vmo *vmo) {
    struct vmo *next = NULL;
    spinlock_acquire(&registry_lock);
    struct list_node *node = vmo != NULL ? vmo->registered.next : vmo_registry.next;
    for (; node != &vmo_registry && next == NULL; node = node->next) {
        struct vmo *candidate = container_of(node, struct vmo, registered);
        next = object_try_reference(&candidate->object) ? candidate : NULL;
    }
    spinlock_release(&registry_lock);
    if (vmo != NULL) {
        object_release(&vmo->object);
    }
    return next;
}

struct vmo *vmo_find(ts_koid_t koid) {
    struct vmo *vmo = NULL;
    while ((vmo = vmo_next(vmo)) != NULL && vmo->object.koid != koid) {
        sched_preemption_point();
    }
    return vmo;
}

/* --- the end of VMOs --- */

/* Gone from its parent's children; its own children have no parent any more. Any context. */
static void vmo_released(struct object *object) {
    struct vmo *vmo = container_of(object, struct vmo, object);
    struct family *family = vmo->view->family;
    if (vmo->is_discardable) {
        discard_remove(vmo);
    }
    spinlock_acquire(&registry_lock);
    if (list_is_linked(&vmo->registered)) {
        list_remove(&vmo->registered);
    }
    spinlock_release(&registry_lock);
    spinlock_acquire(&family->links_lock);
    struct list_node *node;
    while ((node = list_pop_head(&vmo->children)) != NULL) {
        container_of(node, struct vmo, sibling)->parent = NULL;
    }
    struct vmo *parent = vmo->parent;
    if (parent != NULL) {
        list_remove(&vmo->sibling);
        parent->copies -= vmo->is_copy ? 1 : 0;
        if (list_is_empty(&parent->children)) {
            object_update_signals(&parent->object, 0, TS_SIGNAL_ZERO_CHILDREN);
        }
    }
    spinlock_release(&family->links_lock);
    struct page_source *source = vmo_source(vmo);
    if (source != NULL) {
        source->ops->close(source);
    }
}

static void vmo_destroy(struct vmo *vmo) {
    struct page_source *source = vmo_source(vmo);
    struct swap_space *swap = vmo->sliced == NULL ? vmo->own.family->swap : NULL;
    if (vmo->sliced != NULL) {
        object_release(&vmo->sliced->object);
    } else {
        view_destroy(&vmo->own);
    }
    if (swap != NULL) {
        swap_space_free(swap);
    }
    if (source != NULL) {
        page_source_release(source);
    }
    if (vmo->backing != NULL) {
        object_release(&vmo->backing->object);
    }
    object_uncharge(&vmo->object);
    slab_free(&vmo_cache, vmo);
}

static void vmo_free(struct object *object) {
    struct vmo *vmo = container_of(object, struct vmo, object);
    if (vmo->sliced != NULL || view_is_small_and_alone(&vmo->own)) {
        vmo_destroy(vmo);
        return;
    }
    spinlock_acquire(&ended_queue.lock);
    list_add_tail(&ended_vmos, &vmo->sibling);
    (void)wait_queue_wake_one(&ended_queue, TS_OK);
    spinlock_release(&ended_queue.lock);
}

static void take_apart(void *context) {
    (void)context;
    for (;;) {
        spinlock_acquire(&ended_queue.lock);
        struct list_node *node = list_pop_head(&ended_vmos);
        if (node == NULL) {
            (void)wait_queue_block(&ended_queue, TS_TIME_INFINITE);
            continue;
        }
        spinlock_release(&ended_queue.lock);
        vmo_destroy(container_of(node, struct vmo, sibling));
    }
}

void vmo_init(void) {
    wait_queue_init(&ended_queue, LOCK_WAIT);
    list_init(&ended_vmos);
    fault_init();
    struct task *task = task_create_kernel("memory", take_apart, NULL, PRIORITY_TIDY);
    if (task == NULL) {
        panic("no memory for the task that frees memory");
    }
    task_make_ready(task);
}

/* --- their beginning --- */

static const struct object_ops vmo_ops = {.released = vmo_released, .free = vmo_free};

/* Without a view. */
static ts_status_t vmo_new(struct account *account, uint64_t size, struct vmo **result) {
    struct vmo *vmo = slab_alloc(&vmo_cache);
    if (vmo == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    ts_status_t status = object_init(&vmo->object, TS_OBJECT_VMO, &vmo_ops, account, sizeof(*vmo));
    if (status != TS_OK) {
        slab_free(&vmo_cache, vmo);
        return status;
    }
    vmo->object.signals = TS_SIGNAL_ZERO_CHILDREN;
    vmo->content_size = size;
    vmo->size = (size + TS_PAGE_SIZE - 1) & ~(uint64_t)(TS_PAGE_SIZE - 1);
    vmo->view = &vmo->own;
    list_init(&vmo->children);
    *result = vmo;
    return TS_OK;
}

/* What vmo_new() made goes; it has no view. */
static void vmo_abandon(struct vmo *vmo) {
    object_uncharge(&vmo->object);
    slab_free(&vmo_cache, vmo);
}

static ts_status_t vmo_new_family(struct account *account, uint64_t size, struct vmo **result) {
    if (size > VMO_SIZE_MAX) {
        return TS_ERR_OUT_OF_RANGE;
    }
    struct vmo *vmo = NULL;
    ts_status_t status = vmo_new(account, size, &vmo);
    if (status != TS_OK) {
        return status;
    }
    status = view_create(&vmo->own, vmo->size >> TS_PAGE_SHIFT, account);
    if (status != TS_OK) {
        vmo_abandon(vmo);
        return status;
    }
    *result = vmo;
    return TS_OK;
}

ts_status_t vmo_create(struct account *account, uint64_t size, uint32_t options, struct vmo **result) {
    if (options != 0 && options != TS_VMO_RESIZABLE && options != TS_VMO_DISCARDABLE) {
        return TS_ERR_INVALID_ARGS;
    }
    ts_status_t status = vmo_new_family(account, size, result);
    if (status != TS_OK) {
        return status;
    }
    (*result)->is_resizable = options == TS_VMO_RESIZABLE;
    if (options == TS_VMO_DISCARDABLE) {
        (*result)->is_discardable = true;
        discard_add(*result);
    }
    vmo_register(*result);
    return TS_OK;
}

ts_status_t vmo_create_paged(struct account *account, uint64_t size, uint32_t options, struct page_source *source,
                             struct vmo **result) {
    ts_status_t status = vmo_create(account, size, options, result);
    if (status == TS_OK) {
        view_set_source(&(*result)->own, source);
    }
    return status;
}

struct page_source *vmo_source(const struct vmo *vmo) {
    struct family *family = vmo->view->family;
    return vmo->sliced == NULL && family->source_view == &vmo->own ? family->source : NULL;
}

ts_status_t vmo_create_physical(struct account *account, uint64_t base, uint64_t size, struct vmo **result) {
    ts_status_t status = vmo_new_family(account, size, result);
    if (status == TS_OK) {
        (*result)->is_physical = true;
        (*result)->physical_base = base;
        (*result)->memory_type = PT_TYPE_DEVICE;
        vmo_register(*result);
    }
    return status;
}

ts_status_t vmo_create_borrowed(uint64_t base, uint64_t size, struct vmo **result) {
    ts_status_t status = vmo_new_family(NULL, size, result);
    if (status == TS_OK) {
        (*result)->is_borrowed = true;
        (*result)->physical_base = base;
        vmo_register(*result);
    }
    return status;
}

ts_status_t view_adopt_run(struct view *view, uint64_t first, struct frame *run, uint64_t pages) {
    ts_status_t status = TS_OK;
    for (uint64_t i = 0; i < pages; i++) {
        if (status == TS_OK) {
            memset(frame_to_virt(&run[i]), 0, TS_PAGE_SIZE);
            status = view_adopt(view, first + i, &run[i]);
        }
        if (status != TS_OK) {
            frame_free(&run[i]);
        }
        if (i % PIECE_BATCH == PIECE_BATCH - 1) {
            sched_preemption_point();
        }
    }
    return status;
}

ts_status_t vmo_create_contiguous(struct account *account, uint64_t size, unsigned alignment_log2,
                                  struct vmo **result) {
    if (size == 0 || alignment_log2 > 30 || (alignment_log2 != 0 && alignment_log2 < TS_PAGE_SHIFT)) {
        return TS_ERR_INVALID_ARGS;
    }
    ts_status_t status = vmo_new_family(account, size, result);
    if (status != TS_OK) {
        return status;
    }
    struct vmo *vmo = *result;
    uint64_t pages = vmo->size >> TS_PAGE_SHIFT;
    uint64_t align = alignment_log2 == 0 ? 1 : (uint64_t)1 << (alignment_log2 - TS_PAGE_SHIFT);
    struct frame *run = frame_alloc_run(pages, align, 0, FRAME_VMO, FRAME_DIRTY_OK);
    status = run != NULL ? view_adopt_run(&vmo->own, 0, run, pages) : TS_ERR_NO_MEMORY;
    if (status != TS_OK) {
        object_release(&vmo->object);
        return status;
    }
    vmo->is_contiguous = true;
    vmo->physical_base = frame_to_phys(run);
    vmo_register(vmo);
    return TS_OK;
}

/* --- children --- */

static void link_child(struct vmo *parent, struct vmo *child) {
    struct family *family = parent->view->family;
    spinlock_acquire(&family->links_lock);
    child->parent = parent;
    list_add_tail(&parent->children, &child->sibling);
    parent->copies += child->is_copy ? 1 : 0;
    object_update_signals(&parent->object, TS_SIGNAL_ZERO_CHILDREN, 0);
    spinlock_release(&family->links_lock);
}

/* V29: the parent's own pages; it must not change its size under the slice. */
static ts_status_t make_slice(struct vmo *parent, uint64_t offset, struct vmo *child) {
    uint64_t end;
    if (__builtin_add_overflow(offset, child->size, &end) || end > parent->size) {
        return TS_ERR_OUT_OF_RANGE;
    }
    if (parent->is_resizable || parent->is_discardable) {
        return TS_ERR_NOT_SUPPORTED;
    }
    if (parent->view->family->swap != NULL) {
        return TS_ERR_NOT_SUPPORTED;
    }
    object_reference(&parent->object);
    child->sliced = parent;
    child->view = parent->view;
    child->offset = parent->offset + offset;
    child->memory_type = parent->memory_type;
    child->is_physical = parent->is_physical;
    child->is_borrowed = parent->is_borrowed;
    child->is_contiguous = parent->is_contiguous;
    child->physical_base = parent->physical_base + offset;
    return TS_OK;
}

/* V13: what is pinned, or has a place of its own in memory, is not copied by sharing; nor is what the parent's mappings
 * reach past the cache, while the copy's would not. G12: nor is what a pager has not supplied yet. */
static ts_status_t check_snapshot(const struct vmo *parent, uint32_t options) {
    bool is_paged = parent->view->family->source != NULL;
    if (parent->is_physical || parent->is_borrowed || parent->is_contiguous || parent->is_discardable ||
        parent->view->family->swap != NULL || (is_paged && (options & TS_VMO_CHILD_SNAPSHOT) != 0)) {
        return TS_ERR_NOT_SUPPORTED;
    }
    return parent->view->pins != 0 || parent->memory_type != PT_TYPE_CACHED ? TS_ERR_BAD_STATE : TS_OK;
}

/* How many of `pages` pages from `offset` are the parent's: a slice ends before what it is a slice of. */
static uint64_t pages_of_parent(const struct vmo *parent, uint64_t offset, uint64_t pages) {
    uint64_t left = offset < parent->size ? (parent->size - offset) >> TS_PAGE_SHIFT : 0;
    return left < pages ? left : pages;
}

/* The VMO that a pager fills outlives its clones, which look there for what they have not written. */
static void keep_backing(struct vmo *child) {
    struct view *source_view = child->own.family->source_view;
    if (source_view != NULL) {
        child->backing = container_of(source_view, struct vmo, own);
        object_reference(&child->backing->object);
    }
}

static ts_status_t make_snapshot(struct vmo *parent, struct account *account, uint32_t options, uint64_t offset,
                                 struct vmo *child) {
    uint64_t first = (parent->offset + offset) >> TS_PAGE_SHIFT;
    uint64_t pages = child->size >> TS_PAGE_SHIFT;
    ts_status_t status = check_snapshot(parent, options);
    if (status == TS_OK) {
        uint64_t seen = pages_of_parent(parent, offset, pages);
        if (parent->view != parent->view->family->source_view) {
            view_write_protect(parent->view, first, first + seen);
        }
        status = view_snapshot(parent->view, first, seen, pages, account, &child->own);
        child->is_copy = true;
    }
    if (status == TS_OK) {
        keep_backing(child);
    }
    return status;
}

static ts_status_t check_child(const struct vmo *parent, uint32_t options, uint64_t offset, uint64_t size) {
    uint32_t kind = options & CHILD_KINDS;
    uint64_t end;
    if ((options & ~(CHILD_KINDS | TS_VMO_RESIZABLE | TS_VMO_CHILD_NO_WRITE)) != 0 || kind == 0 ||
        (kind & (kind - 1)) != 0 || (offset & (TS_PAGE_SIZE - 1)) != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    if ((options & TS_VMO_RESIZABLE) != 0 && (kind == TS_VMO_CHILD_SLICE || (options & TS_VMO_CHILD_NO_WRITE) != 0)) {
        return TS_ERR_INVALID_ARGS;
    }
    if (size > VMO_SIZE_MAX || __builtin_add_overflow(offset, parent->offset, &end) || end > VMO_SIZE_MAX) {
        return TS_ERR_OUT_OF_RANGE;
    }
    return TS_OK;
}

ts_status_t vmo_create_child(struct vmo *parent, struct account *account, uint32_t options, uint64_t offset,
                             uint64_t size, struct vmo **result) {
    DEBUG_ASSERT(parent->object.kind == TS_OBJECT_VMO);
    ts_status_t status = check_child(parent, options, offset, size);
    struct vmo *child = NULL;
    if (status == TS_OK) {
        status = vmo_new(account, size, &child);
    }
    if (status != TS_OK) {
        return status;
    }
    child->is_resizable = (options & TS_VMO_RESIZABLE) != 0;
    mutex_acquire(&parent->view->family->lock);
    status = (options & TS_VMO_CHILD_SLICE) != 0 ? make_slice(parent, offset, child)
                                                 : make_snapshot(parent, account, options, offset, child);
    if (status == TS_OK) {
        link_child(parent, child);
    }
    mutex_release(&parent->view->family->lock);
    if (status != TS_OK) {
        vmo_abandon(child);
        return status;
    }
    vmo_register(child);
    *result = child;
    return TS_OK;
}

/* --- size and policy --- */

static ts_status_t set_size_locked(struct vmo *vmo, uint64_t size, uint64_t content_size) {
    uint64_t pages = size >> TS_PAGE_SHIFT;
    if (pages < vmo->own.pages) {
        if (vmo->own.pins != 0) {
            return TS_ERR_BAD_STATE;
        }
        ts_status_t status = view_clear(&vmo->own, pages, vmo->own.pages);
        if (status != TS_OK) {
            return status;
        }
    } else if (vmo->own.first + pages > PAGE_TREE_INDEX_MAX) {
        return TS_ERR_OUT_OF_RANGE;
    }
    struct page_source *source = pages < vmo->own.pages ? vmo->own.family->source : NULL;
    vmo->own.pages = pages;
    vmo->own.limit = vmo->own.limit < pages ? vmo->own.limit : pages;
    vmo->size = size;
    vmo->content_size = content_size;
    if (source != NULL) { /* G9: who waits for what is beyond the end now looks again, and finds that */
        page_source_answer(source, vmo->own.first + pages, PAGE_TREE_INDEX_MAX + 1, PAGE_REQUEST_ANY, TS_OK);
    }
    return TS_OK;
}

ts_status_t vmo_set_size(struct vmo *vmo, uint64_t size) {
    DEBUG_ASSERT(vmo->object.kind == TS_OBJECT_VMO);
    if (!vmo->is_resizable) {
        return TS_ERR_UNAVAILABLE;
    }
    if (size > VMO_SIZE_MAX) {
        return TS_ERR_OUT_OF_RANGE;
    }
    mutex_acquire(&vmo->view->family->lock);
    ts_status_t status = set_size_locked(vmo, (size + TS_PAGE_SIZE - 1) & ~(uint64_t)(TS_PAGE_SIZE - 1), size);
    mutex_release(&vmo->view->family->lock);
    return status;
}

/* V9. What the cache still holds of cached memory is written back, so that it cannot come over what is written later
 * past the cache. */
ts_status_t vmo_set_cache_policy(struct vmo *vmo, uint32_t policy) {
    DEBUG_ASSERT(vmo->object.kind == TS_OBJECT_VMO);
    if (policy > TS_CACHE_POLICY_WRITE_THROUGH) {
        return TS_ERR_INVALID_ARGS;
    }
    struct family *family = vmo->view->family;
    mutex_acquire(&family->lock);
    spinlock_acquire(&family->links_lock);
    bool used = !list_is_empty(&vmo->view->mappings) || !list_is_empty(&vmo->children) || vmo->view->pins != 0 ||
                vmo->sliced != NULL || family->view_count > 1 || family->source != NULL;
    spinlock_release(&family->links_lock);
    if (!used) {
        if (vmo->memory_type == PT_TYPE_CACHED) {
            view_clean_cache(&vmo->own);
        }
        vmo->memory_type = policy << PT_TYPE_SHIFT;
    }
    mutex_release(&family->lock);
    return used ? TS_ERR_BAD_STATE : TS_OK;
}

void vmo_count(struct vmo *vmo, struct vmo_counts *counts) {
    DEBUG_ASSERT(vmo->object.kind == TS_OBJECT_VMO);
    struct family *family = vmo->view->family;
    *counts = (struct vmo_counts){0};
    mutex_acquire(&family->lock);
    uint64_t first = vmo->offset >> TS_PAGE_SHIFT;
    view_count(vmo->view, first, first + (vmo->size >> TS_PAGE_SHIFT), &counts->populated, &counts->part);
    counts->mappings = view_count_mappings(vmo->view, vmo);
    spinlock_acquire(&family->links_lock);
    LIST_FOR_EACH(node, &vmo->children) {
        counts->children++;
    }
    spinlock_release(&family->links_lock);
    mutex_release(&family->lock);
}
