/* SPDX-License-Identifier: MIT */
/*
 * Handle tables. A look-up reads object and rights, then the generation: who closes a slot advances the generation
 * first, so a matching generation read last proves that what was read before it belongs to the handle. Free slots form
 * a queue, so that generations are used up evenly.
 */
#include "kernel/handle.h"

#include "abi/rights.h"
#include "arch/mmu.h"
#include "base/string.h"
#include "kernel/assert.h"
#include "kernel/capability.h"
#include "kernel/frames.h"
#include "kernel/heap.h"

#define SLOTS_PER_PAGE  (TS_PAGE_SIZE / sizeof(struct handle_slot))
#define DIRECTORY_PAGES (TS_PAGE_SIZE / sizeof(struct handle_slot *))
#define FREE_END        UINT32_MAX
#define BATCH           16u /* handles closed between two preemption points */

static struct handle_slot *slot_at(const struct handle_table *table, uint32_t index) {
    return &table->directory[index / SLOTS_PER_PAGE][index % SLOTS_PER_PAGE];
}

static ts_handle_t slot_value(const struct handle_slot *slot, uint32_t index) {
    return (ts_handle_t)slot->generation << 32 | index;
}

ts_status_t handle_table_init(struct handle_table *table, struct account *account) {
    spinlock_init(&table->lock, LOCK_HANDLES);
    struct frame *frame = frame_alloc(FRAME_KERNEL, FRAME_ANY);
    if (frame == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    table->directory = frame_to_virt(frame);
    table->capacity = 0;
    table->unused = 0;
    table->first_free = FREE_END;
    table->last_free = FREE_END;
    table->count = 0;
    table->account = account;
    return TS_OK;
}

void handle_table_free(struct handle_table *table) {
    for (uint32_t page = 0; page < table->capacity / SLOTS_PER_PAGE; page++) {
        frame_free(frame_from_phys(virt_to_phys(table->directory[page])));
        account_release(table->account, TS_CEILING_MEMORY, TS_PAGE_SIZE);
    }
    frame_free(frame_from_phys(virt_to_phys(table->directory)));
}

static inline ts_status_t look_up(const struct handle_table *table, ts_handle_t value, uint32_t kind,
                                  ts_rights_t rights, struct handle_view *view) {
    uint32_t index = (uint32_t)value;
    if (index >= __atomic_load_n(&table->capacity, __ATOMIC_ACQUIRE)) {
        return TS_ERR_BAD_HANDLE;
    }
    const struct handle_slot *slot = slot_at(table, index);
    struct object *object = __atomic_load_n(&slot->object, __ATOMIC_ACQUIRE);
    ts_rights_t held = slot->rights;
    *view = (struct handle_view){object, slot->capability, held, slot->badge};
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (object == NULL || __atomic_load_n(&slot->generation, __ATOMIC_RELAXED) != (uint32_t)(value >> 32)) {
        return TS_ERR_BAD_HANDLE;
    }
    if (kind != 0 && object->kind != kind) {
        return TS_ERR_WRONG_TYPE;
    }
    return (held & rights) == rights ? TS_OK : TS_ERR_ACCESS_DENIED;
}

ts_status_t handle_lookup_view(const struct handle_table *table, ts_handle_t value, uint32_t kind,
                               ts_rights_t rights, struct handle_view *view) {
    return look_up(table, value, kind, rights, view);
}

/* By itself, because what is not needed of the view is then not read. */
ts_status_t handle_lookup(const struct handle_table *table, ts_handle_t value, uint32_t kind, ts_rights_t rights,
                          struct object **object) {
    struct handle_view view;
    ts_status_t status = look_up(table, value, kind, rights, &view);
    *object = status == TS_OK ? view.object : NULL;
    return status;
}

static void push_free(struct handle_table *table, uint32_t index) {
    DEBUG_ASSERT(spinlock_is_held(&table->lock));
    slot_at(table, index)->badge = FREE_END;
    if (table->first_free == FREE_END) {
        table->first_free = index;
    } else {
        slot_at(table, table->last_free)->badge = index;
    }
    table->last_free = index;
}

/* Adds a page of slots; table lock held. */
static ts_status_t grow(struct handle_table *table) {
    DEBUG_ASSERT(spinlock_is_held(&table->lock));
    uint32_t page = table->capacity / SLOTS_PER_PAGE;
    if (page == DIRECTORY_PAGES) {
        return TS_ERR_NO_RESOURCES;
    }
    ts_status_t status = account_charge(table->account, TS_CEILING_MEMORY, TS_PAGE_SIZE);
    if (status != TS_OK) {
        return status;
    }
    struct frame *frame = frame_alloc(FRAME_KERNEL, FRAME_ANY);
    if (frame == NULL) {
        account_release(table->account, TS_CEILING_MEMORY, TS_PAGE_SIZE);
        return TS_ERR_NO_MEMORY;
    }
    table->directory[page] = frame_to_virt(frame);
    __atomic_store_n(&table->capacity, table->capacity + (uint32_t)SLOTS_PER_PAGE, __ATOMIC_RELEASE);
    return TS_OK;
}

/* Room for one more handle; table lock held. */
static ts_status_t make_room(struct handle_table *table) {
    if (table->closed) {
        return TS_ERR_BAD_STATE;
    }
    return table->unused < table->capacity || table->first_free != FREE_END ? TS_OK : grow(table);
}

/* Takes a slot; there is room. */
static uint32_t pop_free(struct handle_table *table) {
    DEBUG_ASSERT(spinlock_is_held(&table->lock));
    uint32_t index = table->unused;
    if (index < table->capacity) {
        slot_at(table, index)->generation = 1;
        table->unused++;
    } else {
        index = table->first_free;
        table->first_free = (uint32_t)slot_at(table, index)->badge;
    }
    return index;
}

/* Puts object and capability into a free slot; tree lock held if the capability is linked. */
static ts_status_t insert(struct handle_table *table, const struct handle_entry *entry, ts_handle_t *value) {
    ts_status_t status = account_charge(table->account, TS_CEILING_HANDLES, 1);
    if (status != TS_OK) {
        return status;
    }
    spinlock_acquire(&table->lock);
    status = make_room(table);
    if (status == TS_OK) {
        uint32_t index = pop_free(table);
        struct handle_slot *slot = slot_at(table, index);
        slot->rights = entry->rights;
        slot->badge = entry->badge;
        slot->capability = entry->capability;
        entry->capability->index = index;
        entry->capability->table = table;
        entry->capability->in_flight = NULL;
        __atomic_store_n(&slot->object, entry->object, __ATOMIC_RELEASE);
        *value = slot_value(slot, index);
        table->count++;
    }
    spinlock_release(&table->lock);
    if (status != TS_OK) {
        account_release(table->account, TS_CEILING_HANDLES, 1);
    }
    return status;
}

/* Empties the slot of a capability into *entry. Tree lock and table lock held. */
static void extract(struct handle_table *table, uint32_t index, struct handle_entry *entry) {
    DEBUG_ASSERT(spinlock_is_held(&table->lock));
    struct handle_slot *slot = slot_at(table, index);
    *entry = (struct handle_entry){slot->object, slot->capability, slot->rights, slot->badge};
    __atomic_store_n(&slot->generation, slot->generation + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    __atomic_store_n(&slot->object, NULL, __ATOMIC_RELAXED);
    slot->capability = NULL;
    table->count--;
    if (slot->generation != 0) {
        push_free(table, index);
    }
    entry->capability->table = NULL;
    account_release(table->account, TS_CEILING_HANDLES, 1);
}

/* Finds the handle, takes its tree's lock and the table's, and makes sure that it is still there. */
static ts_status_t lock_handle(struct handle_table *table, ts_handle_t value, struct handle_view *view) {
    ts_status_t status = handle_lookup_view(table, value, 0, 0, view);
    if (status != TS_OK) {
        return status;
    }
    spinlock_acquire(capability_lock(view->capability));
    spinlock_acquire(&table->lock);
    const struct handle_slot *slot = slot_at(table, (uint32_t)value);
    if (slot->generation != (uint32_t)(value >> 32) || slot->capability != view->capability) {
        spinlock_release(&table->lock);
        spinlock_release(capability_lock(view->capability));
        return TS_ERR_BAD_HANDLE;
    }
    return TS_OK;
}

/* The object's side of a closed handle. */
static void tell_object(struct object *object, ts_rights_t rights, const struct capability *capability) {
    object_cancel_observers(object, capability);
    if (object->ops->handle_closed != NULL) {
        object->ops->handle_closed(object, rights);
    }
    if (__atomic_sub_fetch(&object->handles, 1, __ATOMIC_ACQ_REL) == 0 && object->ops->last_handle_closed != NULL) {
        object->ops->last_handle_closed(object);
    }
}

/* No lock held. The handle's reference goes later (capability_close). A close may end messages whose handles are closed
 * in turn, in a chain as long as user mode likes: what comes while this CPU is at it waits in a list, not on the stack.
 * capability: of the closed handle; null for one that never was in a table. */
static void finish_close(struct object *object, ts_rights_t rights, struct capability *capability) {
    struct percpu *self = percpu_self();
    if (self->closing && capability != NULL) {
        capability->closed_rights = rights;
        list_add_tail(&self->to_close, &capability->close_link);
        return;
    }
    bool outermost = !self->closing;
    self->closing = true;
    tell_object(object, rights, capability);
    struct list_node *node;
    while (outermost && (node = list_pop_head(&self->to_close)) != NULL) {
        struct capability *next = container_of(node, struct capability, close_link);
        tell_object(next->object, next->closed_rights, next);
    }
    self->closing = !outermost;
}

ts_rights_t handle_child_rights(const struct handle_view *parent, ts_rights_t rights) {
    const ts_rights_t passing = TS_RIGHT_TRANSFER | TS_RIGHT_DUPLICATE | TS_RIGHT_INSPECT;
    return rights & (parent->rights | ~passing);
}

ts_status_t handle_add(struct handle_table *table, struct object *object, ts_rights_t rights, uint64_t badge,
                       struct capability *parent, ts_handle_t *value) {
    object_reference(object);
    __atomic_fetch_add(&object->handles, 1, __ATOMIC_RELAXED);
    if (object->ops->handle_opened != NULL) {
        object->ops->handle_opened(object, rights);
    }
    struct capability *capability = capability_new(table->account, object->koid);
    if (capability == NULL) {
        finish_close(object, rights, NULL); /* a new object ends as if its last handle had been closed */
        object_release(object);
        return TS_ERR_NO_MEMORY;
    }
    if (parent != NULL) {
        capability->lock_index = parent->lock_index;
    }
    struct handle_entry entry = {object, capability, rights, badge};
    spinlock_acquire(capability_lock(capability));
    ts_status_t status = parent != NULL ? capability_link(capability, parent) : TS_OK;
    bool linked = status == TS_OK;
    if (linked) {
        status = insert(table, &entry, value);
    }
    if (linked && status != TS_OK) {
        capability_close(capability, object);
    }
    spinlock_release(capability_lock(capability));
    if (status != TS_OK) {
        finish_close(object, rights, NULL);
        if (!linked) {
            capability_discard(capability);
            object_release(object);
        }
    }
    return status;
}

/* Ends what cannot outlive the handle. Tree lock held; it is dropped for each one. Returns with it held. */
static void end_dependents(struct capability *capability, bool all) {
    struct spinlock *tree_lock = capability_lock(capability);
    struct dependent *dependent;
    while ((dependent = capability_take_dependent(capability, all)) != NULL) {
        spinlock_release(tree_lock);
        dependent->end(dependent);
        spinlock_acquire(tree_lock);
    }
}

/* Tree lock held, and held again on return. The count keeps the node while its dependents end. */
static void close_capability(struct capability *capability, struct object *object) {
    if (list_is_empty(&capability->dependents)) {
        capability_close(capability, object);
        return;
    }
    capability->revoking++;
    capability_close(capability, object);
    end_dependents(capability, false);
    capability_finish_revoke(capability);
}

ts_status_t handle_close(struct handle_table *table, ts_handle_t value) {
    struct handle_view view;
    ts_status_t status = lock_handle(table, value, &view);
    if (status != TS_OK) {
        return status;
    }
    struct spinlock *tree_lock = capability_lock(view.capability);
    struct handle_entry entry;
    extract(table, (uint32_t)value, &entry);
    spinlock_release(&table->lock);
    close_capability(entry.capability, entry.object);
    spinlock_release(tree_lock);
    finish_close(entry.object, entry.rights, entry.capability);
    return TS_OK;
}

ts_status_t handle_duplicate(struct handle_table *table, ts_handle_t value, ts_rights_t rights,
                             ts_handle_t *duplicate) {
    struct handle_view view;
    ts_status_t status = handle_lookup_view(table, value, 0, TS_RIGHT_DUPLICATE, &view);
    if (status != TS_OK) {
        user_error("handle_duplicate: the handle is bad or lacks DUPLICATE");
        return status;
    }
    rights = rights == TS_RIGHT_SAME_RIGHTS ? view.rights : rights;
    if ((rights & ~view.rights) != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    return handle_add(table, view.object, rights, view.badge, view.capability, duplicate);
}

/* Objects count handles by what they permit: the new kind is counted before the old one goes. */
void handle_entry_set_rights(struct handle_entry *entry, ts_rights_t rights) {
    struct object *object = __atomic_load_n(&entry->object, __ATOMIC_RELAXED);
    if (object == NULL || entry->rights == rights) {
        return;
    }
    if (object->ops->handle_opened != NULL) {
        object->ops->handle_opened(object, rights);
    }
    struct spinlock *tree_lock = capability_lock(entry->capability);
    spinlock_acquire(tree_lock);
    bool ours = entry->object != NULL; /* or a revoke took it, and told the object with the old rights */
    ts_rights_t other = ours ? entry->rights : rights;
    entry->rights = rights;
    spinlock_release(tree_lock);
    if (object->ops->handle_closed != NULL) {
        object->ops->handle_closed(object, other);
    }
}

/* The new handle takes the old one's place in the tree: the same capability in another slot. */
ts_status_t handle_replace(struct handle_table *table, ts_handle_t value, ts_rights_t rights,
                           ts_handle_t *replacement) {
    struct handle_entry entry;
    ts_status_t status = handle_take(table, value, TS_RIGHT_NONE, &entry);
    if (status != TS_OK) {
        return status;
    }
    rights = rights == TS_RIGHT_SAME_RIGHTS ? entry.rights : rights;
    if ((rights & ~entry.rights) != 0) {
        handle_entry_close(&entry);
        return TS_ERR_INVALID_ARGS;
    }
    handle_entry_set_rights(&entry, rights);
    return handle_put(table, &entry, replacement);
}

ts_status_t handle_take(struct handle_table *table, ts_handle_t value, ts_rights_t rights,
                        struct handle_entry *entry) {
    entry->object = NULL;
    struct handle_view view;
    ts_status_t status = lock_handle(table, value, &view);
    if (status != TS_OK) {
        return status;
    }
    struct spinlock *tree_lock = capability_lock(view.capability);
    if ((slot_at(table, (uint32_t)value)->rights & rights) != rights) {
        status = TS_ERR_ACCESS_DENIED;
    } else {
        extract(table, (uint32_t)value, entry);
        entry->capability->in_flight = entry;
    }
    spinlock_release(&table->lock);
    spinlock_release(tree_lock);
    if (status == TS_OK) {
        object_cancel_observers(view.object, view.capability);
    }
    return status;
}

ts_status_t handle_put(struct handle_table *table, struct handle_entry *entry, ts_handle_t *value) {
    *value = TS_HANDLE_INVALID;
    struct capability *capability = __atomic_load_n(&entry->capability, __ATOMIC_RELAXED);
    if (__atomic_load_n(&entry->object, __ATOMIC_RELAXED) == NULL) {
        return TS_OK;
    }
    struct spinlock *tree_lock = capability_lock(capability);
    spinlock_acquire(tree_lock);
    ts_status_t status = TS_OK;
    if (entry->object != NULL) {
        status = insert(table, entry, value);
    }
    spinlock_release(tree_lock);
    if (status != TS_OK) {
        handle_entry_close(entry);
    }
    entry->object = NULL;
    return status;
}

void handle_entry_close(struct handle_entry *entry) {
    if (__atomic_load_n(&entry->object, __ATOMIC_RELAXED) == NULL) {
        return;
    }
    struct spinlock *tree_lock = capability_lock(entry->capability);
    spinlock_acquire(tree_lock);
    struct object *object = entry->object;
    if (object != NULL) {
        entry->object = NULL;
        close_capability(entry->capability, object);
    }
    spinlock_release(tree_lock);
    if (object != NULL) {
        finish_close(object, entry->rights, entry->capability);
    }
}

/* Takes the handle of a descendant away, wherever it is. Tree lock held. False: its owner is closing it already. */
static bool detach_victim(struct capability *victim, struct handle_entry *entry) {
    struct handle_table *table = victim->table;
    if (table != NULL) {
        spinlock_acquire(&table->lock);
        extract(table, victim->index, entry);
        spinlock_release(&table->lock);
    } else if (victim->in_flight != NULL) {
        *entry = *victim->in_flight;
        __atomic_store_n(&victim->in_flight->object, NULL, __ATOMIC_RELAXED);
    } else {
        return false;
    }
    capability_close(victim, entry->object);
    return true;
}

/* One descendant without children: its handle and what was built with it. A node that somebody else still
 * uses is left to him, outside of the tree. Tree lock held. Ending a dependent may sleep, and with it the grace period
 * of what was taken before may end: a taken node is pinned, and its object referenced, until finish_victim(). */
static bool take_victim(struct capability *victim, struct handle_entry *entry) {
    victim->revoking++;
    bool taken = !victim->closed && detach_victim(victim, entry);
    if (taken) {
        victim->pins++;
        object_reference(entry->object);
    }
    end_dependents(victim, true);
    if ((victim->revoking > 1 || victim->pins > 0) && victim->closed && victim->child_count == 0) {
        capability_orphan(victim);
    }
    capability_finish_revoke(victim);
    return taken;
}

/* No lock held. */
static void finish_victim(const struct handle_entry *entry) {
    finish_close(entry->object, entry->rights, entry->capability);
    capability_unpin(entry->capability);
    object_release(entry->object);
}

ts_status_t handle_revoke(struct handle_table *table, ts_handle_t value) {
    struct handle_view view;
    ts_status_t status = lock_handle(table, value, &view);
    if (status != TS_OK) {
        return status;
    }
    struct capability *top = view.capability;
    struct spinlock *tree_lock = capability_lock(top);
    spinlock_release(&table->lock);
    if ((view.rights & TS_RIGHT_DUPLICATE) == 0 || top->revoking != 0) {
        bool busy = top->revoking != 0;
        spinlock_release(tree_lock);
        return busy ? TS_ERR_BAD_STATE : TS_ERR_ACCESS_DENIED;
    }
    top->revoking++; /* also keeps it from being pruned while this runs */
    end_dependents(top, true);
    struct capability *victim;
    do {
        struct handle_entry removed[BATCH];
        unsigned count = 0;
        for (unsigned i = 0; i < BATCH && (victim = capability_next_victim(top)) != NULL; i++) {
            if (victim == top) {
                continue;
            }
            count += take_victim(victim, &removed[count]) ? 1 : 0;
        }
        victim = capability_next_victim(top);
        spinlock_release(tree_lock);
        for (unsigned i = 0; i < count; i++) {
            finish_victim(&removed[i]);
        }
        sched_preemption_point();
        spinlock_acquire(tree_lock);
    } while (victim != NULL);
    capability_finish_revoke(top);
    spinlock_release(tree_lock);
    return TS_OK;
}

void handle_table_close_all(struct handle_table *table) {
    spinlock_acquire(&table->lock);
    table->closed = true;
    spinlock_release(&table->lock);
    for (uint32_t index = 0; index < table->unused; index++) {
        const struct handle_slot *slot = slot_at(table, index);
        if (__atomic_load_n(&slot->object, __ATOMIC_ACQUIRE) != NULL) {
            (void)handle_close(table, slot_value(slot, index));
        }
        if (index % BATCH == 0) {
            sched_preemption_point();
        }
    }
}

void handle_table_visit(struct handle_table *table, handle_visit visit, void *context) {
    spinlock_acquire(&table->lock);
    for (uint32_t index = 0; index < table->unused; index++) {
        const struct handle_slot *slot = slot_at(table, index);
        if (slot->object != NULL && !visit(context, slot_value(slot, index), slot)) {
            break;
        }
    }
    spinlock_release(&table->lock);
}
