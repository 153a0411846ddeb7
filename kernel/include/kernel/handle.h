/* SPDX-License-Identifier: MIT */
/*
 * Handle tables and the derivation tree.
 *
 * A slot holds what a look-up needs; a capability is the slot's node in the derivation tree, and stays where it is when
 * the handle moves to another process. Look-up takes no lock: it is valid until the thread blocks, switches or passes
 * a preemption point. Each tree's nodes are protected by one lock (LOCK_CAPABILITY, chosen by the root object's koid),
 * each table by its own (LOCK_HANDLES), in this order.
 */
#pragma once

#include "kernel/object.h"

struct handle_slot {
    uint32_t generation; /* of the handle in the slot, or of the next one; 0: the slot is spent */
    ts_rights_t rights;
    struct object *object; /* atomic; null: free */
    struct capability *capability;
    uint64_t badge;        /* free: index of the next free slot */
};

_Static_assert(sizeof(struct handle_slot) == 32, "a slot is half a cache line");

struct handle_table {
    struct spinlock lock;
    struct handle_slot **directory; /* pages of slots; one frame */
    uint32_t capacity;              /* slots in all pages, atomic: grows only */
    uint32_t unused;                /* slots from here on were never used: they are used before those that are free */
    uint32_t first_free;            /* index, or FREE_END */
    uint32_t last_free;
    uint32_t count;                 /* handles in use */
    struct account *account;
    bool closed;                    /* takes no more handles */
};

/* A handle between two tables: in a message, or about to enter a table. object null: none, or revoked on the way. */
struct handle_entry {
    struct object *object;
    struct capability *capability;
    ts_rights_t rights;
    uint64_t badge;
};

struct handle_view {
    struct object *object;
    struct capability *capability;
    ts_rights_t rights;
    uint64_t badge;
};

/*
 * What was built with a handle (a mapping, the use of ports) and is no handle itself. Closing the handle leaves it
 * standing, unless it says otherwise; a revoke of the handle, or of one that it was derived from, ends it.
 */
struct dependent {
    struct list_node link;         /* in capability->dependents, protected by the tree's lock */
    struct capability *capability; /* atomic; null: not attached, or its end has begun */
    bool ends_with_handle;
    void (*hold)(struct dependent *); /* tree lock held: makes what end() needs stay */
    void (*end)(struct dependent *);  /* no lock held, may sleep; called at most once, after hold() */
};

/* Keeps a capability that was just looked up in its tree over a preemption point, though not open. */
void capability_pin(struct capability *capability);
void capability_unpin(struct capability *capability);

/* Hangs the dependent under the capability of a handle that was just looked up. BAD_STATE: closed or being revoked. */
ts_status_t dependent_attach(struct dependent *dependent, struct capability *capability);

/* Hangs the dependent where another one hangs, also if that handle is closed. False: the other is not attached. */
bool dependent_join(struct dependent *dependent, struct dependent *other);

/* The thing ends by itself. False: its end was begun by somebody else, who will call end() or has. */
bool dependent_detach(struct dependent *dependent);

ts_status_t handle_table_init(struct handle_table *table, struct account *account);
/* Closes every handle; the table takes no more. Has preemption points. */
void handle_table_close_all(struct handle_table *table);
/* Frees the memory; a grace period after the last look-up. */
void handle_table_free(struct handle_table *table);

/* kind 0: any. Errors in this order: BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED. */
ts_status_t handle_lookup(const struct handle_table *table, ts_handle_t value, uint32_t kind, ts_rights_t rights,
                          struct object **object);
ts_status_t handle_lookup_view(const struct handle_table *table, ts_handle_t value, uint32_t kind,
                               ts_rights_t rights, struct handle_view *view);

/* D10: what an object of another kind, or a part of one, may do is its kind's; but it may be passed on and looked at
 * only as far as what it was made from. */
ts_rights_t handle_child_rights(const struct handle_view *parent, ts_rights_t rights);

/* A new handle: a child of `parent` in the derivation tree, or the root of a new one (null). Takes a reference.
 * BAD_STATE: the parent was closed or is being revoked. */
ts_status_t handle_add(struct handle_table *table, struct object *object, ts_rights_t rights, uint64_t badge,
                       struct capability *parent, ts_handle_t *value);

ts_status_t handle_close(struct handle_table *table, ts_handle_t value);
ts_status_t handle_duplicate(struct handle_table *table, ts_handle_t value, ts_rights_t rights,
                             ts_handle_t *duplicate);
ts_status_t handle_replace(struct handle_table *table, ts_handle_t value, ts_rights_t rights,
                           ts_handle_t *replacement);

/* Removes all that was derived from the handle. Has preemption points. */
ts_status_t handle_revoke(struct handle_table *table, ts_handle_t value);

/* Takes a handle out of the table for a transfer; `entry` stays at its address until it is put or closed. */
ts_status_t handle_take(struct handle_table *table, ts_handle_t value, ts_rights_t rights,
                        struct handle_entry *entry);
/* Moves the entry into a table; the entry is empty afterwards, also on failure (the handle is closed then). An empty
 * entry gives value 0 and TS_OK. */
ts_status_t handle_put(struct handle_table *table, struct handle_entry *entry, ts_handle_t *value);
void handle_entry_close(struct handle_entry *entry);
/* Changes the rights of the handle on its way. */
void handle_entry_set_rights(struct handle_entry *entry, ts_rights_t rights);

/* Visits used slots from index `start`; stops when visit returns false. Takes the table's lock. */
typedef bool (*handle_visit)(void *context, ts_handle_t value, const struct handle_slot *slot);
void handle_table_visit(struct handle_table *table, handle_visit visit, void *context);
