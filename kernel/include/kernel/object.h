/* SPDX-License-Identifier: MIT */
/*
 * What all kernel objects share: kind, references, signals and who waits for them. A kind's own structure begins
 * with struct object. Memory is freed a grace period after the last reference.
 */
#pragma once

#include "abi/packet.h"
#include "abi/signals.h"
#include "abi/status.h"
#include "gen/objects.h"
#include "kernel/account.h"
#include "kernel/assert.h"
#include "kernel/sched.h"

struct object;
struct capability;

/* The second door upwards: what a kind fills in. Null members do nothing. */
struct object_ops {
    void (*handle_opened)(struct object *object, ts_rights_t rights);
    void (*handle_closed)(struct object *object, ts_rights_t rights);
    void (*last_handle_closed)(struct object *object);
    /* After the last reference: takes apart what needs no grace period. May be null. */
    void (*released)(struct object *object);
    /* A grace period later: frees the memory and ends its charge. */
    void (*free)(struct object *object);
};

struct object {
    const struct object_ops *ops;
    uint8_t kind;               /* enum ts_object_kind */
    bool waitable;              /* has signals that can be waited for */
    uint32_t references;        /* atomic; at most INT32_MAX */
    uint32_t handles;           /* atomic: handles and in-flight handles */
    ts_signals_t signals;       /* written under lock; read without it as a hint */
    struct spinlock lock;       /* LOCK_OBJECT: protects signals and observers */
    struct list_node observers;
    ts_koid_t koid;
    struct account *account;    /* whose memory it is charged to; null: the kernel's */
    uint32_t size;              /* bytes charged */
    struct grace_node grace;
};

/* Something that waits for signals of an object. */
struct observer {
    struct list_node link;         /* in object->observers, protected by its lock */
    ts_signals_t signals;
    bool edge;                     /* not satisfied by what is set already */
    const struct capability *capability; /* of the handle waited through: its end ends the wait */
    /* Called once, object lock held, observer unlinked: status TS_OK, or CANCELED when the handle was closed. */
    void (*fire)(struct observer *, ts_status_t status, ts_signals_t observed);
};

/* Charges `size` bytes of memory to the account, and initialises with one reference, which is the caller's. */
ts_status_t object_init(struct object *object, enum ts_object_kind kind, const struct object_ops *ops,
                        struct account *account, size_t size);

/* Ends the charge; for the free function. */
void object_uncharge(struct object *object);

/* Of object.c, for object_release() alone. */
void object_last_release(struct object *object);

static inline void object_reference(struct object *object) {
    uint32_t before = __atomic_fetch_add(&object->references, 1, __ATOMIC_RELAXED);
    ASSERT((int32_t)before > 0);
}

/* The same for who found the object in a list, where it may be on its way out: false, and no reference. The list's lock
 * is held, under which the object leaves it. */
static inline bool object_try_reference(struct object *object) {
    uint32_t count = __atomic_load_n(&object->references, __ATOMIC_RELAXED);
    while (count != 0) {
        if (__atomic_compare_exchange_n(&object->references, &count, count + 1, true, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED)) {
            return true;
        }
    }
    return false;
}

/* Release: what was done with the object happens before its end, which acquires. */
static inline void object_release(struct object *object) {
    uint32_t before = __atomic_fetch_sub(&object->references, 1, __ATOMIC_ACQ_REL);
    ASSERT(before != 0);
    if (before == 1) {
        object_last_release(object);
    }
}

/* Clears, then sets signals, and fires the observers that are satisfied. Takes the object's lock. */
void object_update_signals(struct object *object, ts_signals_t clear, ts_signals_t set);

enum observing {
    OBSERVING_WAITS,     /* added */
    OBSERVING_SATISFIED, /* not added: satisfied at once */
    OBSERVING_CLOSED,    /* not added: the handle was closed meanwhile */
};

/* Adds an observer. *observed: the signals as they are. The second with the object's lock held. */
enum observing object_observe(struct object *object, struct observer *observer, ts_signals_t *observed);
enum observing object_observe_locked(struct object *object, struct observer *observer, ts_signals_t *observed);

/* Takes an observer away; false if it has fired already (or is firing). */
bool object_unobserve(struct object *object, struct observer *observer);

/* The handle of this capability was closed: its observers fire with CANCELED. */
void object_cancel_observers(struct object *object, const struct capability *capability);

ts_koid_t object_new_koid(void);
uint64_t object_count(void); /* objects that exist */
const char *object_kind_name(unsigned kind);
