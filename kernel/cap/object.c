/* SPDX-License-Identifier: MIT */
/* References, signals and observers of objects. */
#include "kernel/object.h"

#include "kernel/assert.h"
#include "kernel/capability.h"

static uint64_t next_koid = 1024; /* atomic */
static uint64_t live_objects;     /* atomic */

ts_koid_t object_new_koid(void) {
    return __atomic_fetch_add(&next_koid, 1, __ATOMIC_RELAXED);
}

uint64_t object_count(void) {
    return __atomic_load_n(&live_objects, __ATOMIC_RELAXED);
}

const char *object_kind_name(unsigned kind) {
#define KIND_NAME(constant, name) [TS_OBJECT_##constant] = (name),
    static const char *const names[] = {TS_OBJECT_KIND_LIST(KIND_NAME)};
#undef KIND_NAME
    return kind < sizeof(names) / sizeof(names[0]) && names[kind] != NULL ? names[kind] : "?";
}

ts_status_t object_init(struct object *object, enum ts_object_kind kind, const struct object_ops *ops,
                        struct account *account, size_t size) {
    ts_status_t status = account_charge(account, TS_CEILING_MEMORY, size);
    if (status != TS_OK) {
        return status;
    }
    account_hold(account); /* it lives as long as what it paid for */
    object->ops = ops;
    object->kind = (uint8_t)kind;
    object->waitable = true;
    object->references = 1;
    object->handles = 0;
    object->signals = 0;
    spinlock_init(&object->lock, LOCK_OBJECT);
    list_init(&object->observers);
    object->koid = object_new_koid();
    object->account = account;
    object->size = (uint32_t)size;
    __atomic_fetch_add(&live_objects, 1, __ATOMIC_RELAXED);
    return TS_OK;
}

void object_uncharge(struct object *object) {
    account_release(object->account, TS_CEILING_MEMORY, object->size);
    __atomic_fetch_sub(&live_objects, 1, __ATOMIC_RELAXED);
    account_drop(object->account);
}

static void free_object(struct grace_node *node) {
    struct object *object = container_of(node, struct object, grace);
    object->ops->free(object);
}

void object_last_release(struct object *object) {
    if (object->ops->released != NULL) {
        object->ops->released(object);
    }
    object->grace.free = free_object;
    grace_defer(&object->grace);
}

void object_update_signals(struct object *object, ts_signals_t clear, ts_signals_t set) {
    spinlock_acquire(&object->lock);
    ts_signals_t kept = object->signals & ~clear;
    ts_signals_t now = kept | set;
    __atomic_store_n(&object->signals, now, __ATOMIC_RELAXED);
    LIST_FOR_EACH_SAFE(node, after, &object->observers) {
        struct observer *observer = container_of(node, struct observer, link);
        ts_signals_t asserted = observer->edge ? now & ~kept : now;
        if ((observer->signals & asserted) != 0) {
            list_remove(node);
            observer->fire(observer, TS_OK, now);
        }
    }
    spinlock_release(&object->lock);
}

/* The end of a handle is marked in its node before its observers are looked for under the lock that is held here. */
enum observing object_observe_locked(struct object *object, struct observer *observer, ts_signals_t *observed) {
    DEBUG_ASSERT(spinlock_is_held(&object->lock));
    *observed = object->signals;
    if (observer->capability != NULL && __atomic_load_n(&observer->capability->closed, __ATOMIC_RELAXED)) {
        *observed |= TS_SIGNAL_HANDLE_CLOSED;
        return OBSERVING_CLOSED;
    }
    if (!observer->edge && (object->signals & observer->signals) != 0) {
        return OBSERVING_SATISFIED;
    }
    list_add_tail(&object->observers, &observer->link);
    return OBSERVING_WAITS;
}

enum observing object_observe(struct object *object, struct observer *observer, ts_signals_t *observed) {
    spinlock_acquire(&object->lock);
    enum observing result = object_observe_locked(object, observer, observed);
    spinlock_release(&object->lock);
    return result;
}

bool object_unobserve(struct object *object, struct observer *observer) {
    spinlock_acquire(&object->lock);
    bool linked = list_is_linked(&observer->link);
    if (linked) {
        list_remove(&observer->link);
    }
    spinlock_release(&object->lock);
    return linked;
}

void object_cancel_observers(struct object *object, const struct capability *capability) {
    if (!object->waitable) {
        return;
    }
    spinlock_acquire(&object->lock);
    LIST_FOR_EACH_SAFE(node, after, &object->observers) {
        struct observer *observer = container_of(node, struct observer, link);
        if (observer->capability == capability) {
            list_remove(node);
            observer->fire(observer, TS_ERR_CANCELED, object->signals | TS_SIGNAL_HANDLE_CLOSED);
        }
    }
    spinlock_release(&object->lock);
}
