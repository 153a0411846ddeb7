/* SPDX-License-Identifier: MIT */
/*
 * Ports. The queue's lock protects packets, observers and waiters. Sources own the memory of their packets; user
 * packets and asynchronous waits are allocated here and freed when their packet is taken or cancelled.
 */
#include "kernel/port.h"

#include "arch/time.h"
#include "kernel/assert.h"
#include "kernel/endpoint.h"
#include "kernel/heap.h"

struct user_packet {
    struct port_packet packet;
    struct port *port;
    struct account *account;
};

/* One asynchronous wait: observes `object` until it fires, then its packet is in the port. */
struct port_observer {
    struct observer observer;
    struct port_packet packet;
    struct list_node port_link;  /* in port->observers while observing or queued */
    struct port *port;
    struct object *object;       /* referenced */
    struct account *account;
    uint64_t key;
    uint32_t options;
    bool cancelled;              /* port lock: whoever cancels frees */
    struct grace_node grace;
};

static SLAB_CACHE(port_cache, struct port);
static SLAB_CACHE(user_packet_cache, struct user_packet);
static SLAB_CACHE(observer_cache, struct port_observer);

static void observer_free(struct port_observer *observer) {
    object_release(observer->object);
    account_release(observer->account, TS_CEILING_MEMORY, sizeof(*observer));
    account_drop(observer->account);
    slab_free(&observer_cache, observer);
}

/* An endpoint whose port nobody can read may be bound again: by the successor of a server that died. As long as this
 * port names it, the endpoint is there: its end waits for the lock. */
static void leave_endpoint(struct port *port) {
    spinlock_acquire(&port->queue.lock);
    bool bound = port->endpoint != NULL;
    if (bound) {
        __atomic_store_n(&port->endpoint->port, NULL, __ATOMIC_RELEASE);
        port->endpoint = NULL;
    }
    spinlock_release(&port->queue.lock);
    if (bound) {
        object_release(&port->object);
    }
}

static void observer_gone(struct grace_node *node) {
    observer_free(container_of(node, struct port_observer, grace));
}

/* Another CPU may have taken the packet and be about to look whether it was cancelled: the memory stays for a while. */
static void observer_defer_free(struct port_observer *observer) {
    observer->grace.free = observer_gone;
    grace_defer(&observer->grace);
}

/* The last handle is gone: nobody can take packets any more. Observers are unlinked one by one, because their objects'
 * locks come before the port's. */
static void port_last_handle_closed(struct object *object) {
    struct port *port = container_of(object, struct port, object);
    spinlock_acquire(&port->queue.lock);
    port->closed = true;
    wait_queue_wake_all(&port->queue, TS_ERR_CANCELED);
    struct list_node *node;
    while ((node = list_pop_head(&port->observers)) != NULL) {
        struct port_observer *observer = container_of(node, struct port_observer, port_link);
        observer->cancelled = true;
        spinlock_release(&port->queue.lock);
        (void)object_unobserve(observer->object, &observer->observer);
        (void)port_dequeue(port, &observer->packet);
        observer_defer_free(observer);
        spinlock_acquire(&port->queue.lock);
    }
    while ((node = list_pop_head(&port->watchers)) != NULL) {
        struct port_watcher *watcher = container_of(node, struct port_watcher, link);
        spinlock_release(&port->queue.lock);
        watcher->closed(watcher);
        spinlock_acquire(&port->queue.lock);
    }
    while ((node = list_pop_head(&port->packets)) != NULL) {
        struct port_packet *packet = container_of(node, struct port_packet, link);
        port->packet_count--;
        spinlock_release(&port->queue.lock);
        packet->taken(packet);
        spinlock_acquire(&port->queue.lock);
    }
    spinlock_release(&port->queue.lock);
    leave_endpoint(port);
}

static void port_free(struct object *object) {
    object_uncharge(object);
    slab_free(&port_cache, container_of(object, struct port, object));
}

static const struct object_ops port_ops = {.last_handle_closed = port_last_handle_closed, .free = port_free};

ts_status_t port_create(struct account *account, struct port **result) {
    struct port *port = slab_alloc(&port_cache);
    if (port == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    ts_status_t status = object_init(&port->object, TS_OBJECT_PORT, &port_ops, account, sizeof(*port));
    if (status != TS_OK) {
        slab_free(&port_cache, port);
        return status;
    }
    port->object.waitable = false;
    wait_queue_init(&port->queue, LOCK_PORT);
    list_init(&port->packets);
    list_init(&port->observers);
    list_init(&port->watchers);
    *result = port;
    return TS_OK;
}

/* Port lock held. A reader of packet_count without the lock (a receiver about to wait) either sees the packet or is in
 * the endpoint's queue before endpoint_notify looks there. */
static void enqueue_locked(struct port *port, struct port_packet *packet) {
    DEBUG_ASSERT(spinlock_is_held(&port->queue.lock));
    list_add_tail(&port->packets, &packet->link);
    __atomic_store_n(&port->packet_count, port->packet_count + 1, __ATOMIC_SEQ_CST);
    if (!wait_queue_wake_one(&port->queue, TS_OK) && port->endpoint != NULL) {
        endpoint_notify(port->endpoint);
    }
}

bool port_enqueue(struct port *port, struct port_packet *packet) {
    DEBUG_ASSERT(port->object.kind == TS_OBJECT_PORT);
    spinlock_acquire(&port->queue.lock);
    bool open = !port->closed;
    if (open) {
        enqueue_locked(port, packet);
    }
    spinlock_release(&port->queue.lock);
    return open;
}

bool port_dequeue(struct port *port, struct port_packet *packet) {
    DEBUG_ASSERT(port->object.kind == TS_OBJECT_PORT);
    spinlock_acquire(&port->queue.lock);
    bool queued = list_is_linked(&packet->link);
    if (queued) {
        list_remove(&packet->link);
        port->packet_count--;
    }
    spinlock_release(&port->queue.lock);
    return queued;
}

bool port_watch(struct port *port, struct port_watcher *watcher) {
    spinlock_acquire(&port->queue.lock);
    bool open = !port->closed;
    if (open) {
        list_add_tail(&port->watchers, &watcher->link);
    }
    spinlock_release(&port->queue.lock);
    return open;
}

bool port_unwatch(struct port *port, struct port_watcher *watcher) {
    spinlock_acquire(&port->queue.lock);
    bool watching = list_is_linked(&watcher->link);
    if (watching) {
        list_remove(&watcher->link);
    }
    spinlock_release(&port->queue.lock);
    return watching;
}

static void user_packet_taken(struct port_packet *packet) {
    struct user_packet *user = container_of(packet, struct user_packet, packet);
    __atomic_fetch_sub(&user->port->user_packets, 1, __ATOMIC_RELAXED);
    account_release(user->account, TS_CEILING_MEMORY, sizeof(*user));
    account_drop(user->account);
    object_release(&user->port->object);
    slab_free(&user_packet_cache, user);
}

ts_status_t port_queue_user(struct port *port, const struct ts_packet *packet, struct account *account) {
    DEBUG_ASSERT(port->object.kind == TS_OBJECT_PORT);
    if (__atomic_fetch_add(&port->user_packets, 1, __ATOMIC_RELAXED) >= PORT_USER_PACKETS_MAX) {
        __atomic_fetch_sub(&port->user_packets, 1, __ATOMIC_RELAXED);
        return TS_ERR_SHOULD_WAIT;
    }
    ts_status_t status = account_charge(account, TS_CEILING_MEMORY, sizeof(struct user_packet));
    struct user_packet *user = status == TS_OK ? slab_alloc(&user_packet_cache) : NULL;
    if (user == NULL) {
        if (status == TS_OK) {
            account_release(account, TS_CEILING_MEMORY, sizeof(*user));
        }
        __atomic_fetch_sub(&port->user_packets, 1, __ATOMIC_RELAXED);
        return TS_ERR_NO_MEMORY;
    }
    object_reference(&port->object);
    user->packet.packet = *packet;
    user->packet.packet.type = TS_PACKET_USER;
    user->packet.taken = user_packet_taken;
    user->port = port;
    user->account = account;
    account_hold(account);
    if (!port_enqueue(port, &user->packet)) {
        user_packet_taken(&user->packet);
    }
    return TS_OK;
}

ts_status_t port_wait(struct port *port, ts_time_t deadline, struct ts_packet *result) {
    DEBUG_ASSERT(port->object.kind == TS_OBJECT_PORT);
    for (;;) {
        spinlock_acquire(&port->queue.lock);
        struct list_node *node = list_pop_head(&port->packets);
        if (node != NULL) {
            struct port_packet *packet = container_of(node, struct port_packet, link);
            port->packet_count--;
            *result = packet->packet;
            spinlock_release(&port->queue.lock);
            packet->taken(packet);
            return TS_OK;
        }
        if (port->closed || deadline <= arch_time_now()) {
            bool closed = port->closed;
            spinlock_release(&port->queue.lock);
            return closed ? TS_ERR_CANCELED : TS_ERR_TIMED_OUT;
        }
        ts_status_t status = wait_queue_block(&port->queue, deadline);
        if (status == TS_ERR_CANCELED) {
            return status;
        }
    }
}

static void observer_taken(struct port_packet *packet) {
    struct port_observer *observer = container_of(packet, struct port_observer, packet);
    spinlock_acquire(&observer->port->queue.lock);
    bool cancelled = observer->cancelled;
    if (!cancelled) {
        list_remove(&observer->port_link);
    }
    spinlock_release(&observer->port->queue.lock);
    if (!cancelled) {
        observer_free(observer);
    }
}

/* Object lock held. A wait through a handle that was closed ends without a packet (P8); its memory goes later,
 * because releasing the object needs the lock that is held here. */
static void observer_fire(struct observer *base, ts_status_t status, ts_signals_t observed) {
    struct port_observer *observer = container_of(base, struct port_observer, observer);
    if (status == TS_OK) {
        observer->packet.packet.signal.observed = observed;
        if ((observer->options & TS_WAIT_ASYNC_TIMESTAMP) != 0) {
            observer->packet.packet.signal.timestamp = arch_time_now();
        }
        (void)port_enqueue(observer->port, &observer->packet);
        return;
    }
    spinlock_acquire(&observer->port->queue.lock);
    bool cancelled = observer->cancelled;
    if (!cancelled) {
        observer->cancelled = true;
        list_remove(&observer->port_link);
    }
    spinlock_release(&observer->port->queue.lock);
    if (!cancelled) {
        observer_defer_free(observer);
    }
}

/* The object's lock is held from before the port knows the observer until the object does: whoever cancels it comes
 * before or after, and then finds it where it is. */
static ts_status_t observer_begin(struct port_observer *observer) {
    struct object *object = observer->object;
    struct port *port = observer->port;
    spinlock_acquire(&object->lock);
    spinlock_acquire(&port->queue.lock);
    bool open = !port->closed;
    if (open) {
        list_add_tail(&port->observers, &observer->port_link);
    }
    spinlock_release(&port->queue.lock);
    ts_signals_t observed = 0;
    enum observing observing = OBSERVING_WAITS;
    if (open) {
        observing = object_observe_locked(object, &observer->observer, &observed);
    }
    if (observing != OBSERVING_WAITS) {
        observer_fire(&observer->observer, observing == OBSERVING_SATISFIED ? TS_OK : TS_ERR_CANCELED, observed);
    }
    spinlock_release(&object->lock);
    if (!open) {
        observer_free(observer);
    }
    return open && observing != OBSERVING_CLOSED ? TS_OK : TS_ERR_BAD_HANDLE;
}

ts_status_t port_wait_async(struct port *port, struct object *object, const struct capability *capability,
                            uint64_t key, ts_signals_t signals, uint32_t options, struct account *account) {
    DEBUG_ASSERT(port->object.kind == TS_OBJECT_PORT);
    ts_status_t status = account_charge(account, TS_CEILING_MEMORY, sizeof(struct port_observer));
    if (status != TS_OK) {
        return status;
    }
    struct port_observer *observer = slab_alloc(&observer_cache);
    if (observer == NULL) {
        account_release(account, TS_CEILING_MEMORY, sizeof(*observer));
        return TS_ERR_NO_MEMORY;
    }
    object_reference(object);
    observer->object = object;
    observer->port = port;
    observer->account = account;
    account_hold(account);
    observer->key = key;
    observer->options = options;
    observer->observer.signals = signals;
    observer->observer.edge = (options & TS_WAIT_ASYNC_EDGE) != 0;
    observer->observer.capability = capability;
    observer->observer.fire = observer_fire;
    observer->packet.taken = observer_taken;
    observer->packet.packet.key = key;
    observer->packet.packet.type = TS_PACKET_SIGNAL_ONE;
    observer->packet.packet.signal.trigger = signals;
    observer->packet.packet.signal.count = 1;
    return observer_begin(observer);
}

/* One at a time, because taking an observer off its object needs the object's lock, which comes first. */
ts_status_t port_cancel(struct port *port, const struct object *source, uint64_t key) {
    DEBUG_ASSERT(port->object.kind == TS_OBJECT_PORT);
    ts_status_t status = TS_ERR_NOT_FOUND;
    spinlock_acquire(&port->queue.lock);
    struct list_node *node = port->observers.next;
    while (node != &port->observers) {
        struct port_observer *observer = container_of(node, struct port_observer, port_link);
        node = node->next;
        if (observer->object != source || observer->key != key) {
            continue;
        }
        observer->cancelled = true;
        list_remove(&observer->port_link);
        spinlock_release(&port->queue.lock);
        (void)object_unobserve(observer->object, &observer->observer);
        (void)port_dequeue(port, &observer->packet);
        observer_defer_free(observer);
        status = TS_OK;
        spinlock_acquire(&port->queue.lock);
        node = port->observers.next;
    }
    spinlock_release(&port->queue.lock);
    return status;
}
