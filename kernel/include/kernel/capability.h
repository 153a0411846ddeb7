/* SPDX-License-Identifier: MIT */
/*
 * The derivation tree: who was made from whom. A closed node stays as long as it has two children or more, so that a
 * revoke of what is above it still reaches them; with one child it is spliced, with none it goes.
 * All functions take the tree's lock held, unless they say otherwise.
 */
#pragma once

#include "kernel/handle.h"

struct capability {
    struct capability *parent;     /* null: root */
    struct list_node children;
    struct list_node dependents;   /* what was built with the handle */
    struct list_node sibling;      /* in parent->children */
    struct handle_table *table;    /* where its handle is; null: in flight, or closed */
    struct handle_entry *in_flight;
    uint32_t index;                /* of the slot in the table */
    uint8_t lock_index;            /* the tree's lock */
    bool closed;                   /* its handle is gone */
    uint32_t pins;                 /* who uses it over a preemption point: it stays */
    uint32_t revoking;             /* who is taking it apart: nothing can be derived from it, and it stays */
    uint32_t child_count;
    struct object *object;         /* of the closed handle: its reference goes a grace period later */
    bool release_pending;          /* that is still to come */
    bool unlinked;                 /* out of the tree: to be freed */
    ts_rights_t closed_rights;     /* of the closed handle, while it waits in a CPU's to_close */
    struct list_node close_link;
    struct account *account;       /* whose memory it is charged to; held */
    struct grace_node grace;
};

#define CAPABILITY_LOCKS 64u
extern struct spinlock capability_locks[CAPABILITY_LOCKS];

/* The lock of the node's tree. */
static inline struct spinlock *capability_lock(const struct capability *capability) {
    return &capability_locks[capability->lock_index];
}

/* A node without handle; not linked. No lock. Null: no memory, in the account or at all. */
struct capability *capability_new(struct account *account, ts_koid_t root_koid);
/* Frees one that was never linked. */
void capability_discard(struct capability *capability);

/* Nodes that exist. No lock. */
uint64_t capability_count(void);

/* BAD_STATE if the parent is closed, being revoked, or directly below a node that is. */
ts_status_t capability_link(struct capability *child, struct capability *parent);

/* The handle of the node is gone: prunes. The handle's reference to the object is dropped a grace period later, so that
 * whoever looked the handle up before may still take a reference. */
void capability_close(struct capability *capability, struct object *object);

/* One less that takes it apart; with the last, a closed node is pruned. */
void capability_finish_revoke(struct capability *capability);

/* Takes a closed node that somebody else still takes apart out of the tree; it has no children. */
void capability_orphan(struct capability *capability);

/* Takes the first dependent (of those that end with the handle, or of all), held; null: none. The caller ends it. */
struct dependent *capability_take_dependent(struct capability *capability, bool all);

/* Makes the first grandchild a child of `top`, or returns a child without children; null when there are no
 * children. For revoke: repeated calls see every descendant once. */
struct capability *capability_next_victim(struct capability *top);
