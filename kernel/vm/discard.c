/* SPDX-License-Identifier: MIT */
/*
 * Discardable memory (V30): what a program can do without. While nobody has locked it, it may be taken away as a whole;
 * who locks it again learns whether it was. All such VMOs are in a list, the one that was looked at longest ago first.
 */
#include "abi/options.h"
#include "kernel/assert.h"
#include "vm_private.h"

static struct spinlock list_lock = SPINLOCK(LOCK_VMO);
static struct list_node discardable = {&discardable, &discardable}; /* of vmo.discardable_link */

void discard_add(struct vmo *vmo) {
    spinlock_acquire(&list_lock);
    list_add_tail(&discardable, &vmo->discardable_link);
    spinlock_release(&list_lock);
}

void discard_remove(struct vmo *vmo) {
    spinlock_acquire(&list_lock);
    list_remove(&vmo->discardable_link);
    spinlock_release(&list_lock);
}

ts_status_t discard_lock(struct vmo *vmo, uint32_t op) {
    DEBUG_ASSERT(vmo->is_discardable && vmo->view->family->lock.owner == task_current());
    if (op == TS_VMO_OP_UNLOCK) {
        if (vmo->discard_locks == 0) {
            return TS_ERR_BAD_STATE;
        }
        vmo->discard_locks--;
        return TS_OK;
    }
    if (op == TS_VMO_OP_TRY_LOCK && vmo->is_discarded) {
        return TS_ERR_UNAVAILABLE;
    }
    vmo->discarded = vmo->is_discarded ? vmo->size : vmo->discard_locks == 0 ? 0 : vmo->discarded;
    vmo->is_discarded = false;
    vmo->discard_locks++;
    return TS_OK;
}

/* Bytes that came free. */
static uint64_t discard(struct vmo *vmo) {
    struct view *view = &vmo->own;
    uint64_t populated = 0, part;
    mutex_acquire(&view->family->lock);
    if (vmo->discard_locks == 0 && view->pins == 0) {
        view_count(view, 0, view->pages, &populated, &part);
        /* All of the view goes: that takes no memory. */
        ts_status_t status = populated != 0 ? view_clear(view, 0, view->pages) : TS_OK;
        vmo->is_discarded = vmo->is_discarded || (status == TS_OK && populated != 0);
        populated = status == TS_OK ? populated : 0;
    }
    mutex_release(&view->family->lock);
    return populated;
}

/* The first of the list goes to its end, referenced. Null: it is about to be freed. */
static struct vmo *next_vmo(void) {
    struct vmo *vmo = NULL;
    spinlock_acquire(&list_lock);
    struct list_node *node = list_pop_head(&discardable);
    if (node != NULL) {
        list_add_tail(&discardable, node);
        vmo = container_of(node, struct vmo, discardable_link);
        vmo = object_try_reference(&vmo->object) ? vmo : NULL;
    }
    spinlock_release(&list_lock);
    return vmo;
}

static uint64_t count_vmos(void) {
    uint64_t count = 0;
    spinlock_acquire(&list_lock);
    LIST_FOR_EACH(node, &discardable) {
        count++;
    }
    spinlock_release(&list_lock);
    return count;
}

uint64_t vmo_discard_unlocked(uint64_t wanted) {
    uint64_t bytes = 0;
    for (uint64_t left = count_vmos(); left > 0 && bytes < wanted; left--) {
        struct vmo *vmo = next_vmo();
        if (vmo != NULL) {
            bytes += discard(vmo);
            object_release(&vmo->object);
        }
        sched_preemption_point();
    }
    return bytes;
}
