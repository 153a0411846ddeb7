/* SPDX-License-Identifier: MIT */
/*
 * Pagers. The source of each VMO is referenced by the VMO, by its packet while that is queued, by the pager's list, and
 * by the port that it watches; the last two until it is detached. Its lock protects what is here of it too, and is
 * held while its packet is queued or taken back: so that packets are in the order of what happened.
 */
#include "kernel/pager.h"

#include "abi/options.h"
#include "kernel/assert.h"
#include "kernel/heap.h"

/* The packet that says that there will be no more. */
enum completion { COMPLETION_NONE, COMPLETION_DUE, COMPLETION_SENT };

struct pager_source {
    struct page_source source;
    struct list_node link;       /* in pager->sources; its lock */
    struct port_watcher watcher;
    struct port_packet packet;   /* what it says stays as long as it is queued */
    struct pager *pager;         /* referenced */
    struct port *port;           /* referenced */
    struct account *account;     /* charged for this structure */
    uint64_t size;               /* of the VMO when it was made, bytes */
    bool told_to_write;          /* the last packet was about write-back */
    bool queued;                 /* the packet, until packet_taken() or until it was taken back */
    uint8_t completion;          /* enum completion */
};

static SLAB_CACHE(pager_cache, struct pager);
static SLAB_CACHE(source_cache, struct pager_source);

static struct pager_source *of_source(struct page_source *source) {
    return container_of(source, struct pager_source, source);
}

/* --- requests; source lock held --- */

static void send(struct pager_source *source, uint32_t command, uint64_t offset, uint64_t length) {
    source->packet.packet.page_request =
        (struct ts_packet_page_request){.command = command, .offset = offset, .length = length};
    source->queued = true;
    page_source_reference(&source->source);
    if (!port_enqueue(source->port, &source->packet)) { /* its end fails all waits, or has done so */
        source->queued = false;
        page_source_release(&source->source);
    }
}

/* Requests for pages and for write-back take turns: neither can keep the other from being sent. */
static void send_next(struct pager_source *source) {
    bool due = source->source.writeback_due && !source->told_to_write;
    const struct page_wait *wait = due ? NULL : page_source_next(&source->source);
    source->told_to_write = wait == NULL && source->source.writeback_due;
    if (source->told_to_write) {
        source->source.writeback_due = false;
        send(source, TS_PAGE_REQUEST_WRITEBACK, 0, source->size);
    } else if (wait != NULL) {
        send(source, wait->command, wait->page << TS_PAGE_SHIFT, TS_PAGE_SIZE);
    } else if (source->completion == COMPLETION_DUE) {
        source->completion = COMPLETION_SENT;
        send(source, TS_PAGE_REQUEST_COMPLETE, 0, 0);
    }
}

/* A request that nobody waits for any more is taken back, if the pager has not got it yet. Whoever calls has a reference
 * of its own. */
static bool take_back(struct pager_source *source) {
    const struct ts_packet_page_request *request = &source->packet.packet.page_request;
    if (request->command == TS_PAGE_REQUEST_COMPLETE || request->command == TS_PAGE_REQUEST_WRITEBACK ||
        page_source_is_wanted(&source->source, request->offset >> TS_PAGE_SHIFT, request->command) ||
        !port_dequeue(source->port, &source->packet)) {
        return false;
    }
    source->queued = false;
    page_source_release(&source->source);
    return true;
}

static void source_update(struct page_source *base) {
    struct pager_source *source = of_source(base);
    if (!source->queued || take_back(source)) {
        send_next(source);
    }
}

/* No lock held. */
static void packet_taken(struct port_packet *packet) {
    struct pager_source *source = container_of(packet, struct pager_source, packet);
    spinlock_acquire(&source->source.lock);
    source->queued = false;
    send_next(source);
    spinlock_release(&source->source.lock);
    page_source_release(&source->source);
}

/* --- the end of sources --- */

static void leave_pager(struct pager_source *source) {
    spinlock_acquire(&source->pager->lock);
    bool listed = list_is_linked(&source->link);
    if (listed) {
        list_remove(&source->link);
    }
    spinlock_release(&source->pager->lock);
    if (listed) {
        page_source_release(&source->source);
    }
}

static void leave_port(struct pager_source *source) {
    if (port_unwatch(source->port, &source->watcher)) {
        page_source_release(&source->source);
    }
}

/* The caller has a reference. */
static void detach(struct pager_source *source, enum completion completion) {
    spinlock_acquire(&source->source.lock);
    if (!source->source.detached) {
        source->completion = completion;
        page_source_detach_locked(&source->source);
    }
    spinlock_release(&source->source.lock);
    leave_pager(source);
    leave_port(source);
}

static void source_close(struct page_source *source) {
    detach(of_source(source), COMPLETION_DUE);
}

/* G7. The port's reference goes. */
static void port_closed(struct port_watcher *watcher) {
    struct pager_source *source = container_of(watcher, struct pager_source, watcher);
    detach(source, COMPLETION_NONE);
    page_source_release(&source->source);
}

static bool source_any_account(const struct page_source *base,
                               bool (*test)(const struct account *charged, const struct account *context),
                               const struct account *context) {
    const struct pager_source *source = container_of(base, const struct pager_source, source);
    return test(source->account, context) || test(source->pager->object.account, context) ||
           test(source->port->object.account, context);
}

static void source_free(struct page_source *base) {
    struct pager_source *source = of_source(base);
    object_release(&source->pager->object);
    object_release(&source->port->object);
    account_release(source->account, TS_CEILING_MEMORY, sizeof(*source));
    account_drop(source->account);
    slab_free(&source_cache, source);
}

static const struct page_source_ops source_ops = {
    .update = source_update, .close = source_close, .any_account = source_any_account, .free = source_free};

/* --- pagers --- */

/* G6: as if all its VMOs were detached, but nobody is told. */
static void pager_last_handle_closed(struct object *object) {
    struct pager *pager = container_of(object, struct pager, object);
    struct list_node *node;
    spinlock_acquire(&pager->lock);
    pager->closed = true;
    while ((node = list_pop_head(&pager->sources)) != NULL) {
        struct pager_source *source = container_of(node, struct pager_source, link);
        spinlock_release(&pager->lock);
        detach(source, COMPLETION_NONE);
        page_source_release(&source->source);
        spinlock_acquire(&pager->lock);
    }
    spinlock_release(&pager->lock);
}

static void pager_free(struct object *object) {
    object_uncharge(object);
    slab_free(&pager_cache, container_of(object, struct pager, object));
}

static const struct object_ops pager_ops = {.last_handle_closed = pager_last_handle_closed, .free = pager_free};

ts_status_t pager_create(struct account *account, struct pager **result) {
    struct pager *pager = slab_alloc(&pager_cache);
    if (pager == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    ts_status_t status = object_init(&pager->object, TS_OBJECT_PAGER, &pager_ops, account, sizeof(*pager));
    if (status != TS_OK) {
        slab_free(&pager_cache, pager);
        return status;
    }
    pager->object.waitable = false;
    spinlock_init(&pager->lock, LOCK_PAGER);
    list_init(&pager->sources);
    *result = pager;
    return TS_OK;
}

/* With one reference, and in nobody's list yet. NO_MEMORY. */
static struct pager_source *source_new(struct pager *pager, struct account *account, struct port *port, uint64_t key,
                                       uint64_t size, bool traps_dirty) {
    if (account_charge(account, TS_CEILING_MEMORY, sizeof(struct pager_source)) != TS_OK) {
        return NULL;
    }
    struct pager_source *source = slab_alloc(&source_cache);
    if (source == NULL) {
        account_release(account, TS_CEILING_MEMORY, sizeof(*source));
        return NULL;
    }
    page_source_init(&source->source, &source_ops, traps_dirty);
    account_hold(account);
    object_reference(&pager->object);
    object_reference(&port->object);
    source->account = account;
    source->pager = pager;
    source->port = port;
    source->size = (size + TS_PAGE_SIZE - 1) & ~(uint64_t)(TS_PAGE_SIZE - 1);
    source->packet.taken = packet_taken;
    source->packet.packet.key = key;
    source->packet.packet.type = TS_PACKET_PAGE_REQUEST;
    source->watcher.closed = port_closed;
    return source;
}

static bool join_pager(struct pager_source *source) {
    spinlock_acquire(&source->pager->lock);
    bool open = !source->pager->closed;
    if (open) {
        page_source_reference(&source->source);
        list_add_tail(&source->pager->sources, &source->link);
    }
    spinlock_release(&source->pager->lock);
    return open;
}

static bool join_port(struct pager_source *source) {
    page_source_reference(&source->source);
    bool open = port_watch(source->port, &source->watcher);
    if (!open) {
        page_source_release(&source->source);
    }
    return open;
}

ts_status_t pager_create_vmo(struct pager *pager, struct account *account, uint32_t options, struct port *port,
                             uint64_t key, uint64_t size, struct vmo **result) {
    DEBUG_ASSERT(pager->object.kind == TS_OBJECT_PAGER);
    if ((options & ~(TS_VMO_RESIZABLE | TS_VMO_TRAP_DIRTY)) != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    struct pager_source *source = source_new(pager, account, port, key, size, (options & TS_VMO_TRAP_DIRTY) != 0);
    if (source == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    ts_status_t status = vmo_create_paged(account, size, options & TS_VMO_RESIZABLE, &source->source, result);
    if (status != TS_OK) {
        page_source_release(&source->source);
        return status;
    }
    if (!join_pager(source) || !join_port(source)) {
        detach(source, COMPLETION_NONE);
        object_release(&(*result)->object);
        return TS_ERR_BAD_HANDLE;
    }
    return TS_OK;
}

bool pager_has_vmo(const struct pager *pager, const struct vmo *vmo) {
    struct page_source *source = vmo_source(vmo);
    return source != NULL && of_source(source)->pager == pager;
}

void pager_detach_vmo(struct vmo *vmo) {
    detach(of_source(vmo_source(vmo)), COMPLETION_DUE);
}

void pager_forget_vmo(struct vmo *vmo) {
    detach(of_source(vmo_source(vmo)), COMPLETION_NONE);
}
