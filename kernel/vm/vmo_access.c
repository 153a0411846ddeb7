/* SPDX-License-Identifier: MIT */
/*
 * Reads, writes and operations on ranges of VMOs. User memory is copied with the family's lock held, so that the page
 * stays; when that faults, the lock is given back, the fault is resolved, and the page is looked for again.
 */
#include "abi/options.h"
#include "arch/cpu.h"
#include "base/string.h"
#include "kernel/assert.h"
#include "kernel/fault.h"
#include "reclaim.h"
#include "vm_private.h"

#define PAGE_BATCH 32u

enum direction { FROM_VMO, TO_VMO };

/* A part of one page. */
struct piece {
    uint64_t page;
    size_t offset, length;
};

static uint64_t page_of(const struct vmo *vmo, uint64_t offset) {
    return (vmo->offset + offset) >> TS_PAGE_SHIFT;
}

static struct piece first_piece(const struct vmo *vmo, uint64_t offset, uint64_t length) {
    size_t in_page = offset & (TS_PAGE_SIZE - 1);
    size_t rest = TS_PAGE_SIZE - in_page;
    return (struct piece){page_of(vmo, offset), in_page, rest < length ? rest : length};
}

static ts_status_t check_range(const struct vmo *vmo, uint64_t offset, uint64_t length) {
    uint64_t end;
    return __builtin_add_overflow(offset, length, &end) || end > vmo->size ? TS_ERR_OUT_OF_RANGE : TS_OK;
}

/* Kernel alias of a page to be read, or written; it stays while the lock is held. SHOULD_WAIT: view_ask(). */
static ts_status_t page_alias(struct vmo *vmo, uint64_t page, enum direction direction, char **alias) {
    if (vmo->is_borrowed) {
        *alias = phys_to_virt(vmo->physical_base + (page << TS_PAGE_SHIFT) - vmo->offset);
        return TS_OK;
    }
    struct frame *frame = NULL;
    bool changed = false;
    ts_status_t status = direction == TO_VMO ? vmo_own_page(vmo, page, &frame, &changed)
                                             : view_find(vmo->view, page, &frame);
    if (status != TS_OK) {
        return status;
    }
    if (changed) {
        view_unmap(vmo->view, page, page + 1, NULL);
    }
    if (frame != NULL && vmo->view->family->swap == NULL) { /* a server that writes back is no user */
        reclaim_note_access(frame);
    }
    *alias = frame != NULL ? frame_to_virt(frame) : phys_to_virt(fault_zero_page());
    return TS_OK;
}

static ts_status_t copy_piece(struct vmo *vmo, uaddr_t buffer, uint64_t offset, struct piece piece,
                              enum direction direction) {
    char *alias = NULL;
    ts_status_t status = check_range(vmo, offset, piece.length); /* it may have become smaller meanwhile */
    if (status == TS_OK) {
        status = page_alias(vmo, piece.page, direction, &alias);
    }
    if (status == TS_OK) {
        task_current()->copy_access = 0;
        status = direction == FROM_VMO ? arch_copy_to_user(buffer, alias + piece.offset, piece.length)
                                       : arch_copy_from_user(alias + piece.offset, buffer, piece.length);
    }
    return status;
}

/* Has the source asked for a page, with the family's lock given back meanwhile. OK: it may be there now. */
static ts_status_t wait_for_page(struct vmo *vmo, uint64_t page) {
    struct family *family = vmo->view->family;
    struct page_wait wait;
    ts_status_t status = view_ask(vmo->view, page, &wait);
    if (status == TS_ERR_SHOULD_WAIT) {
        mutex_release(&family->lock);
        status = page_wait_finish(&wait);
        mutex_acquire(&family->lock);
    }
    return status;
}

static ts_status_t copy_user(struct vmo *vmo, uaddr_t buffer, uint64_t offset, uint64_t length,
                             enum direction direction) {
    struct family *family = vmo->view->family;
    mutex_acquire(&family->lock);
    ts_status_t status = check_range(vmo, offset, length);
    if (status == TS_OK && direction == TO_VMO && family->swap != NULL) {
        status = TS_ERR_NOT_SUPPORTED;
    }
    if (status == TS_OK && vmo->memory_type != PT_TYPE_CACHED) {
        status = TS_ERR_BAD_STATE; /* the kernel's copy goes through the cache */
    }
    while (status == TS_OK && length > 0) {
        struct piece piece = first_piece(vmo, offset, length);
        status = copy_piece(vmo, buffer, offset, piece, direction);
        if (status == TS_OK) {
            buffer += piece.length;
            offset += piece.length;
            length -= piece.length;
            sched_preemption_point();
        } else if (status == TS_ERR_SHOULD_WAIT) {
            status = wait_for_page(vmo, piece.page);
        } else if (status == TS_ERR_INVALID_ARGS) {
            mutex_release(&family->lock);
            status = fault_resolve_copy() ? TS_OK : status;
            mutex_acquire(&family->lock);
        }
    }
    mutex_release(&family->lock);
    return status;
}

ts_status_t vmo_read_user(struct vmo *vmo, uaddr_t buffer, uint64_t offset, uint64_t length) {
    DEBUG_ASSERT(vmo->object.kind == TS_OBJECT_VMO);
    return vmo->is_physical ? TS_ERR_NOT_SUPPORTED : copy_user(vmo, buffer, offset, length, FROM_VMO);
}

ts_status_t vmo_write_user(struct vmo *vmo, uaddr_t buffer, uint64_t offset, uint64_t length) {
    DEBUG_ASSERT(vmo->object.kind == TS_OBJECT_VMO);
    return vmo->is_physical || vmo->is_borrowed ? TS_ERR_NOT_SUPPORTED
                                                : copy_user(vmo, buffer, offset, length, TO_VMO);
}

ts_status_t vmo_write_kernel(struct vmo *vmo, const void *data, uint64_t offset, uint64_t length) {
    DEBUG_ASSERT(vmo->object.kind == TS_OBJECT_VMO);
    const char *from = data;
    mutex_acquire(&vmo->view->family->lock);
    ts_status_t status = check_range(vmo, offset, length);
    while (status == TS_OK && length > 0) {
        struct piece piece = first_piece(vmo, offset, length);
        char *alias = NULL;
        status = page_alias(vmo, piece.page, TO_VMO, &alias);
        if (status == TS_OK) {
            memcpy(alias + piece.offset, from, piece.length);
            from += piece.length;
            offset += piece.length;
            length -= piece.length;
        } else if (status == TS_ERR_SHOULD_WAIT) {
            status = wait_for_page(vmo, piece.page);
        }
    }
    mutex_release(&vmo->view->family->lock);
    return status;
}

void *vmo_pin_page(struct vmo *vmo, uint64_t page) {
    DEBUG_ASSERT(vmo->object.kind == TS_OBJECT_VMO && page < vmo->own.pages);
    char *alias = NULL;
    ts_status_t status, asked = TS_OK;
    mutex_acquire(&vmo->view->family->lock);
    do {
        status = page_alias(vmo, page, TO_VMO, &alias);
        asked = status == TS_ERR_SHOULD_WAIT ? wait_for_page(vmo, page) : status;
    } while (status == TS_ERR_SHOULD_WAIT && asked == TS_OK);
    vmo->view->pins += asked == TS_OK ? 1 : 0;
    mutex_release(&vmo->view->family->lock);
    return asked == TS_OK ? alias : NULL;
}

/* --- operations on ranges --- */

static void advance(struct vmo_op *op, uint64_t length) {
    op->offset += length;
    op->length -= length;
}

/* V28: a clone needs the page of the pager's VMO for its own. In that VMO to be there is enough: to be written would make
 * it dirty. */
static ts_status_t commit_page(struct vmo *vmo, uint64_t page) {
    char *alias;
    struct frame *frame = NULL;
    if (vmo->view != vmo->view->family->source_view) {
        return page_alias(vmo, page, TO_VMO, &alias);
    }
    return view_find(vmo->view, page, &frame);
}

static ts_status_t commit(struct vmo *vmo, struct vmo_op *op) {
    while (op->length > 0) {
        struct piece piece = first_piece(vmo, op->offset, op->length);
        if (piece.page % FRAMES_LARGE == 0 && piece.offset == 0 && op->length >= PT_SIZE_2M &&
            large_commit(vmo, piece.page)) {
            advance(op, PT_SIZE_2M);
            continue;
        }
        ts_status_t status = commit_page(vmo, piece.page);
        if (status != TS_OK) {
            return status;
        }
        advance(op, piece.length);
        if (piece.page % PAGE_BATCH == PAGE_BATCH - 1) {
            sched_preemption_point();
        }
    }
    return TS_OK;
}

/* V6, V27: neither of a copy nor of what has copies; nor where a pager would be asked again. By what the program can
 * know: whether relatives that it has closed are taken apart already makes no difference. */
static ts_status_t decommit(const struct vmo *vmo, uint64_t first, uint64_t end) {
    const struct vmo *whole = vmo;
    while (whole->sliced != NULL) {
        whole = whole->sliced;
    }
    struct family *family = vmo->view->family;
    spinlock_acquire(&family->links_lock);
    bool refused = family->source != NULL || whole->is_copy || whole->copies > 0 || vmo->copies > 0;
    spinlock_release(&family->links_lock);
    return refused ? TS_ERR_NOT_SUPPORTED : view_clear(vmo->view, first, end);
}

/* Zeros in a part of a page; what is zero already is left alone. */
static ts_status_t zero_piece(struct vmo *vmo, struct piece piece) {
    char *alias = NULL;
    struct frame *frame = NULL;
    ts_status_t status = view_find(vmo->view, piece.page, &frame);
    if (status == TS_OK && frame != NULL) {
        status = page_alias(vmo, piece.page, TO_VMO, &alias);
    }
    if (alias != NULL) {
        memset(alias + piece.offset, 0, piece.length);
    }
    if (alias != NULL && vmo->memory_type != PT_TYPE_CACHED) {
        arch_cache_clean(alias + piece.offset, piece.length);
    }
    return status;
}

/* Whole pages are given back, unless absent ones are not zeros; others are written. */
static ts_status_t zero(struct vmo *vmo, struct vmo_op *op) {
    uint64_t end = op->offset + op->length;
    uint64_t whole = (op->offset + TS_PAGE_SIZE - 1) & ~(uint64_t)(TS_PAGE_SIZE - 1);
    uint64_t whole_end = end & ~(uint64_t)(TS_PAGE_SIZE - 1);
    if (whole > whole_end || vmo->is_contiguous || vmo->view->family->source != NULL) {
        whole = whole_end = end;
    }
    ts_status_t status = TS_OK;
    while (status == TS_OK && op->length > 0) {
        if (op->offset == whole && whole < whole_end) {
            status = view_clear(vmo->view, page_of(vmo, whole), page_of(vmo, whole_end));
            advance(op, whole_end - whole);
            continue;
        }
        struct piece piece = first_piece(vmo, op->offset, op->length);
        status = zero_piece(vmo, piece);
        if (status == TS_OK) {
            advance(op, piece.length);
        }
        sched_preemption_point();
    }
    return status;
}

/* On coherent machines only code needs anything; what a device would read is written back all the same. */
static void cache_operation(struct vmo *vmo, uint32_t op, uint64_t first, uint64_t end) {
    struct frame *frame;
    for (uint64_t page = first; view_next_page(vmo->view, &page, end, &frame); page++) {
        if (op == TS_VMO_OP_CACHE_SYNC) {
            arch_cache_sync_code(frame_to_virt(frame), TS_PAGE_SIZE);
        } else {
            arch_cache_clean(frame_to_virt(frame), TS_PAGE_SIZE);
        }
        sched_preemption_point();
    }
}

void view_clean_cache(struct view *view) {
    struct frame *frame;
    for (uint64_t page = 0; view_next_page(view, &page, view->pages, &frame); page++) {
        arch_cache_clean(frame_to_virt(frame), TS_PAGE_SIZE);
        sched_preemption_point();
    }
}

static bool is_lock_op(uint32_t op) {
    return op == TS_VMO_OP_LOCK || op == TS_VMO_OP_TRY_LOCK || op == TS_VMO_OP_UNLOCK;
}

static bool is_cache_op(uint32_t op) {
    return op >= TS_VMO_OP_CACHE_SYNC && op <= TS_VMO_OP_CACHE_CLEAN_INVALIDATE;
}

static ts_status_t check_op(const struct vmo *vmo, uint32_t op, uint64_t offset, uint64_t length) {
    bool known = op == TS_VMO_OP_COMMIT || op == TS_VMO_OP_DECOMMIT || op == TS_VMO_OP_ZERO || is_cache_op(op) ||
                 is_lock_op(op);
    if (!known || (is_cache_op(op) && length == 0)) {
        return TS_ERR_INVALID_ARGS;
    }
    if (op == TS_VMO_OP_DECOMMIT && ((offset | length) & (TS_PAGE_SIZE - 1)) != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    if (vmo->is_physical || vmo->is_borrowed || vmo->view->family->swap != NULL ||
        (vmo->is_contiguous && op == TS_VMO_OP_DECOMMIT) || (is_lock_op(op) && !vmo->is_discardable)) {
        return TS_ERR_NOT_SUPPORTED;
    }
    if (is_lock_op(op)) {
        return offset == 0 && length == vmo->size ? TS_OK : TS_ERR_OUT_OF_RANGE;
    }
    bool gives_back = op == TS_VMO_OP_DECOMMIT || (op == TS_VMO_OP_ZERO && length >= TS_PAGE_SIZE);
    return gives_back && vmo->view->pins != 0 ? TS_ERR_BAD_STATE : TS_OK;
}

/* Family lock held. */
static ts_status_t operate(struct vmo *vmo, struct vmo_op *op) {
    ts_status_t status = check_op(vmo, op->op, op->offset, op->length);
    if (status == TS_OK) {
        status = check_range(vmo, op->offset, op->length);
    }
    if (status != TS_OK || is_lock_op(op->op)) {
        return status == TS_OK ? discard_lock(vmo, op->op) : status;
    }
    if (op->length == 0) {
        return TS_OK;
    }
    uint64_t first = page_of(vmo, op->offset);
    uint64_t end = page_of(vmo, op->offset + op->length - 1) + 1;
    switch (op->op) {
    case TS_VMO_OP_COMMIT: return commit(vmo, op);
    case TS_VMO_OP_DECOMMIT: return decommit(vmo, first, end);
    case TS_VMO_OP_ZERO: return zero(vmo, op);
    default: cache_operation(vmo, op->op, first, end); return TS_OK;
    }
}

ts_status_t vmo_op_try(struct vmo *vmo, struct vmo_op *op) {
    DEBUG_ASSERT(vmo->object.kind == TS_OBJECT_VMO);
    struct family *family = vmo->view->family;
    ts_status_t status, asked;
    mutex_acquire(&family->lock);
    do {
        status = operate(vmo, op);
        asked = status == TS_ERR_SHOULD_WAIT ? view_ask(vmo->view, page_of(vmo, op->offset), &op->wait) : status;
    } while (status == TS_ERR_SHOULD_WAIT && asked == TS_OK);
    mutex_release(&family->lock);
    return asked;
}

ts_status_t vmo_op_range(struct vmo *vmo, uint32_t op, uint64_t offset, uint64_t length) {
    struct vmo_op state = {.op = op, .offset = offset, .length = length};
    ts_status_t status = vmo_op_try(vmo, &state);
    while (status == TS_ERR_SHOULD_WAIT) {
        status = page_wait_finish(&state.wait);
        status = status == TS_OK ? vmo_op_try(vmo, &state) : status;
    }
    return status;
}
