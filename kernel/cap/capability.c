/* SPDX-License-Identifier: MIT */
/* The derivation tree. Nodes are freed after a grace period, because look-ups hand out pointers without a lock. */
#include "kernel/capability.h"

#include "kernel/assert.h"
#include "kernel/heap.h"

#define TREE_LOCKS 64

static struct spinlock tree_locks[TREE_LOCKS] = {[0 ... TREE_LOCKS - 1] = SPINLOCK(LOCK_CAPABILITY)};
static SLAB_CACHE(capability_cache, struct capability);

struct spinlock *capability_lock(const struct capability *capability) {
    return &tree_locks[capability->lock_index];
}

uint64_t capability_count(void) {
    return __atomic_load_n(&capability_cache.used, __ATOMIC_RELAXED);
}

struct capability *capability_new(ts_koid_t root_koid) {
    struct capability *capability = slab_alloc(&capability_cache);
    if (capability != NULL) {
        list_init(&capability->children);
        capability->lock_index = (uint8_t)(root_koid % TREE_LOCKS);
    }
    return capability;
}

void capability_discard(struct capability *capability) {
    slab_free(&capability_cache, capability);
}

static void free_capability(struct grace_node *node) {
    slab_free(&capability_cache, container_of(node, struct capability, grace));
}

ts_status_t capability_link(struct capability *child, struct capability *parent) {
    DEBUG_ASSERT(spinlock_is_held(capability_lock(parent)));
    if (parent->closed || parent->revoking) {
        return TS_ERR_BAD_STATE;
    }
    child->parent = parent;
    list_add_tail(&parent->children, &child->sibling);
    parent->child_count++;
    return TS_OK;
}

static void unlink_from_parent(struct capability *capability) {
    if (capability->parent != NULL) {
        list_remove(&capability->sibling);
        capability->parent->child_count--;
        capability->parent = NULL;
    }
}

static void move_to(struct capability *child, struct capability *parent) {
    unlink_from_parent(child);
    child->parent = parent;
    if (parent != NULL) {
        list_add_tail(&parent->children, &child->sibling);
        parent->child_count++;
    }
}

/* Each turn frees a node; after a splice nothing above changes, so the loop ends after a few. */
static void prune(struct capability *capability) {
    while (capability != NULL && capability->closed && capability->child_count <= 1 && !capability->revoking) {
        struct capability *parent = capability->parent;
        if (capability->child_count == 1) {
            move_to(container_of(capability->children.next, struct capability, sibling), parent);
        }
        unlink_from_parent(capability);
        capability->grace.free = free_capability;
        grace_defer(&capability->grace);
        capability = parent;
    }
}

void capability_close(struct capability *capability) {
    DEBUG_ASSERT(spinlock_is_held(capability_lock(capability)));
    ASSERT(!capability->closed);
    capability->closed = true;
    capability->table = NULL;
    capability->in_flight = NULL;
    prune(capability);
}

struct capability *capability_next_victim(struct capability *top) {
    struct list_node *first = list_first(&top->children);
    if (first == NULL) {
        return NULL;
    }
    struct capability *child = container_of(first, struct capability, sibling);
    struct list_node *grandchild = list_first(&child->children);
    if (grandchild != NULL) {
        move_to(container_of(grandchild, struct capability, sibling), top);
        if (child->closed) {
            prune(child);
        }
        return top;
    }
    return child;
}
