/* SPDX-License-Identifier: MIT */
/* The derivation tree. Nodes are freed after a grace period, because look-ups hand out pointers without a lock. */
#include "kernel/capability.h"

#include "kernel/assert.h"
#include "kernel/heap.h"

struct spinlock capability_locks[CAPABILITY_LOCKS] = {[0 ... CAPABILITY_LOCKS - 1] = SPINLOCK(LOCK_CAPABILITY)};
static SLAB_CACHE(capability_cache, struct capability);

uint64_t capability_count(void) {
    return __atomic_load_n(&capability_cache.used, __ATOMIC_RELAXED);
}

struct capability *capability_new(struct account *account, ts_koid_t root_koid) {
    if (account_charge(account, TS_CEILING_MEMORY, sizeof(struct capability)) != TS_OK) {
        return NULL;
    }
    struct capability *capability = slab_alloc(&capability_cache);
    if (capability == NULL) {
        account_release(account, TS_CEILING_MEMORY, sizeof(*capability));
        return NULL;
    }
    list_init(&capability->children);
    list_init(&capability->dependents);
    capability->lock_index = (uint8_t)(root_koid % CAPABILITY_LOCKS);
    capability->account = account;
    account_hold(account);
    return capability;
}

void capability_discard(struct capability *capability) {
    struct account *account = capability->account;
    slab_free(&capability_cache, capability);
    account_release(account, TS_CEILING_MEMORY, sizeof(*capability));
    account_drop(account);
}

static void free_capability(struct grace_node *node) {
    capability_discard(container_of(node, struct capability, grace));
}

static void defer_free(struct capability *capability) {
    capability->grace.free = free_capability;
    grace_defer(&capability->grace);
}

/* A grace period after the close. The node may have left the tree meanwhile. */
static void release_object(struct grace_node *node) {
    struct capability *capability = container_of(node, struct capability, grace);
    object_release(capability->object);
    struct spinlock *lock = capability_lock(capability);
    spinlock_acquire(lock);
    capability->release_pending = false;
    bool unlinked = capability->unlinked;
    spinlock_release(lock);
    if (unlinked) {
        defer_free(capability);
    }
}

/* The same for a node that had left the tree when the grace period began: it ends too. */
static void release_both(struct grace_node *node) {
    struct capability *capability = container_of(node, struct capability, grace);
    object_release(capability->object);
    capability_discard(capability);
}

ts_status_t capability_link(struct capability *child, struct capability *parent) {
    DEBUG_ASSERT(spinlock_is_held(capability_lock(parent)));
    if (parent->closed || parent->revoking != 0 || (parent->parent != NULL && parent->parent->revoking != 0)) {
        return TS_ERR_BAD_STATE;
    }
    child->parent = parent;
    list_add_tail(&parent->children, &child->sibling);
    parent->child_count++;
    return TS_OK;
}

static void unlink_from_parent(struct capability *capability) {
    DEBUG_ASSERT(capability == NULL || spinlock_is_held(capability_lock(capability)));
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
    DEBUG_ASSERT(capability == NULL || spinlock_is_held(capability_lock(capability)));
    while (capability != NULL && capability->closed && capability->child_count <= 1 && capability->revoking == 0 &&
           capability->pins == 0 && list_is_empty(&capability->dependents)) {
        struct capability *parent = capability->parent;
        if (capability->child_count == 1) {
            move_to(container_of(capability->children.next, struct capability, sibling), parent);
        }
        unlink_from_parent(capability);
        capability->unlinked = true;
        if (!capability->release_pending) {
            defer_free(capability);
        }
        capability = parent;
    }
}

void capability_close(struct capability *capability, struct object *object) {
    DEBUG_ASSERT(spinlock_is_held(capability_lock(capability)));
    ASSERT(!capability->closed);
    capability->closed = true;
    capability->object = object;
    capability->release_pending = true;
    capability->table = NULL;
    capability->in_flight = NULL;
    prune(capability);
    capability->grace.free = capability->unlinked ? release_both : release_object;
    grace_defer(&capability->grace);
}

void capability_finish_revoke(struct capability *capability) {
    DEBUG_ASSERT(capability == NULL || spinlock_is_held(capability_lock(capability)));
    ASSERT(capability->revoking > 0);
    capability->revoking--;
    prune(capability);
}

void capability_orphan(struct capability *capability) {
    DEBUG_ASSERT(capability == NULL || spinlock_is_held(capability_lock(capability)));
    unlink_from_parent(capability);
}

ts_status_t dependent_attach(struct dependent *dependent, struct capability *capability) {
    struct spinlock *lock = capability_lock(capability);
    spinlock_acquire(lock);
    bool possible = !capability->closed && capability->revoking == 0;
    if (possible) {
        list_add_tail(&capability->dependents, &dependent->link);
        __atomic_store_n(&dependent->capability, capability, __ATOMIC_RELEASE);
    }
    spinlock_release(lock);
    return possible ? TS_OK : TS_ERR_BAD_STATE;
}

bool dependent_join(struct dependent *dependent, struct dependent *other) {
    struct capability *capability = __atomic_load_n(&other->capability, __ATOMIC_ACQUIRE);
    if (capability == NULL) {
        return false;
    }
    spinlock_acquire(capability_lock(capability));
    bool attached = other->capability == capability;
    if (attached) {
        list_add_tail(&capability->dependents, &dependent->link);
        __atomic_store_n(&dependent->capability, capability, __ATOMIC_RELEASE);
    }
    spinlock_release(capability_lock(capability));
    return attached;
}

/* Nodes are freed a grace period after they left the tree, so the pointer may be followed to the lock. */
bool dependent_detach(struct dependent *dependent) {
    struct capability *capability = __atomic_load_n(&dependent->capability, __ATOMIC_ACQUIRE);
    if (capability == NULL) {
        return false;
    }
    struct spinlock *lock = capability_lock(capability);
    spinlock_acquire(lock);
    bool attached = dependent->capability == capability;
    if (attached) {
        list_remove(&dependent->link);
        dependent->capability = NULL;
        if (capability->closed) {
            prune(capability);
        }
    }
    spinlock_release(lock);
    return attached;
}

void capability_pin(struct capability *capability) {
    spinlock_acquire(capability_lock(capability));
    capability->pins++;
    spinlock_release(capability_lock(capability));
}

void capability_unpin(struct capability *capability) {
    struct spinlock *lock = capability_lock(capability);
    spinlock_acquire(lock);
    ASSERT(capability->pins > 0);
    capability->pins--;
    prune(capability);
    spinlock_release(lock);
}

struct dependent *capability_take_dependent(struct capability *capability, bool all) {
    DEBUG_ASSERT(capability == NULL || spinlock_is_held(capability_lock(capability)));
    LIST_FOR_EACH(node, &capability->dependents) {
        struct dependent *dependent = container_of(node, struct dependent, link);
        if (all || dependent->ends_with_handle) {
            dependent->hold(dependent);
            list_remove(node);
            __atomic_store_n(&dependent->capability, NULL, __ATOMIC_RELEASE);
            return dependent;
        }
    }
    return NULL;
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
