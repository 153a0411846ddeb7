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
    struct list_node sibling;      /* in parent->children */
    struct handle_table *table;    /* where its handle is; null: in flight, or closed */
    struct handle_entry *in_flight;
    uint32_t index;                /* of the slot in the table */
    uint8_t lock_index;            /* the tree's lock */
    bool closed;                   /* its handle is gone */
    bool revoking;                 /* nothing can be derived from it now */
    uint32_t child_count;
    struct grace_node grace;
};

struct spinlock *capability_lock(const struct capability *capability);

/* A node without handle; not linked. No lock. Null: no memory. */
struct capability *capability_new(ts_koid_t root_koid);
/* Frees one that was never linked. */
void capability_discard(struct capability *capability);

/* Nodes that exist. No lock. */
uint64_t capability_count(void);

/* BAD_STATE if the parent is closed or being revoked. */
ts_status_t capability_link(struct capability *child, struct capability *parent);

/* The handle of the node is gone: prunes. */
void capability_close(struct capability *capability);

/* Makes the first grandchild a child of `top`, or returns a child without children; null when there are no
 * children. For revoke: repeated calls see every descendant once. */
struct capability *capability_next_victim(struct capability *top);
