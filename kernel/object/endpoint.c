/* SPDX-License-Identifier: MIT */
/*
 * Synchronous messages. Whoever finds the other side waiting claims its wait, and from then on is the only one that
 * touches its frame, its buffer and its handles; so messages are copied with no lock held. A caller that is moved from
 * the queue to "waits for reply" keeps waiting: its claim is given back afterwards (task_unclaim).
 */
#include "kernel/endpoint.h"

#include "abi/rights.h"
#include "arch/context.h"
#include "arch/time.h"
#include "base/string.h"
#include "gen/syscalls.h"
#include "kernel/assert.h"
#include "kernel/heap.h"
#include "kernel/port.h"
#include "kernel/trace.h"

/* Positions of arguments in the frames of call, reply_wait and reply_send. */
enum { ARGUMENT_TAG = 1, ARGUMENT_WORDS = 2, ARGUMENT_DEADLINE = 8, ARGUMENT_OPTIONS = 9 };

/* Positions of results: a request has a badge between tag and words. */
enum { RESULT_TAG = 0, RESULT_BADGE = 1, RESULT_REQUEST_WORDS = 2, RESULT_REPLY_WORDS = 1 };

static SLAB_CACHE(endpoint_cache, struct endpoint);

/* --- messages --- */

static void clear_results(struct arch_frame *frame) {
    for (unsigned i = 0; i < RESULT_REQUEST_WORDS + TS_MESSAGE_REGISTER_WORDS; i++) {
        arch_frame_set_value(frame, i, 0);
    }
}

/* Ends the call of a thread that waits; counted by who knows which call it is. */
static void set_result(struct thread *thread, ts_status_t status) {
    clear_results(thread->task.context.frame);
    arch_frame_set_status(thread->task.context.frame, status);
}

static void close_transfer(struct thread *thread) {
    for (unsigned i = 0; i < thread->transfer_count; i++) {
        handle_entry_close(&thread->transfer[i]);
    }
    thread->transfer_count = 0;
}

/* Takes the message's handles out of the running thread's table. All are consumed, also when one is bad (C2). */
static ts_status_t collect_handles(struct thread *thread, uint64_t tag) {
    unsigned count = ts_tag_handles(tag);
    if (ts_tag_words(tag) > TS_MESSAGE_WORDS || count > TS_MESSAGE_HANDLES) {
        user_error("message: %u words and %u handles are too many", ts_tag_words(tag), count);
        return TS_ERR_OUT_OF_RANGE;
    }
    ts_status_t status = TS_OK;
    thread->transfer_count = count;
    for (unsigned i = 0; i < count; i++) {
        ts_handle_t value = thread->buffer->handles[i];
        ts_status_t taken = handle_take(&thread->process->handles, value, TS_RIGHT_TRANSFER, &thread->transfer[i]);
        if (taken != TS_OK) {
            (void)handle_close(&thread->process->handles, value);
            status = status == TS_OK ? taken : status;
        }
    }
    if (status != TS_OK) {
        close_transfer(thread);
    }
    return status;
}

/* Copies words and handles from the sender's frame and buffer to the receiver's. The caller controls both. */
static void copy_message(struct thread *from, struct thread *to, unsigned first_result) {
    struct arch_frame *source = from->task.context.frame;
    struct arch_frame *target = to->task.context.frame;
    uint64_t tag = arch_frame_argument(source, ARGUMENT_TAG) & ~TS_TAG_FLAGS_MASK;
    unsigned words = ts_tag_words(tag);
    if (words > TS_MESSAGE_REGISTER_WORDS) {
        memcpy(to->buffer->words, from->buffer->words, words * sizeof(uint64_t));
        for (unsigned i = 0; i < TS_MESSAGE_REGISTER_WORDS; i++) {
            arch_frame_set_value(target, first_result + i, from->buffer->words[i]);
        }
    } else {
        for (unsigned i = 0; i < TS_MESSAGE_REGISTER_WORDS; i++) {
            uint64_t word = i < words ? arch_frame_argument(source, ARGUMENT_WORDS + i) : 0;
            arch_frame_set_value(target, first_result + i, word);
        }
    }
    for (unsigned i = 0; i < from->transfer_count; i++) {
        (void)handle_put(&to->process->handles, &from->transfer[i], &to->buffer->handles[i]);
    }
    from->transfer_count = 0;
    arch_frame_set_value(target, RESULT_TAG, tag);
    arch_frame_set_status(target, TS_OK);
}

/* --- who holds whose request --- */

/* N11: the server is as urgent as its caller. The lock keeps an earlier caller's late end from undoing it. */
static void attach_request(struct thread *caller, struct thread *server) {
    spinlock_acquire(&caller->call_lock);
    caller->holder = &server->request;
    spinlock_release(&caller->call_lock);
    server->request.taken = true;
    unsigned priority = caller->task.priority;
    if (priority <= server->task.base_priority) {
        __atomic_store_n(&server->request.caller, caller, __ATOMIC_RELEASE);
        return;
    }
    spinlock_acquire(&server->call_lock);
    __atomic_store_n(&server->request.caller, caller, __ATOMIC_RELEASE);
    server->inherited_priority = (uint8_t)priority;
    if (priority > server->task.base_priority) {
        task_set_priority(&server->task, priority);
    }
    spinlock_release(&server->call_lock);
}

/* The server has no caller any more, unless it has a new one. */
static void drop_priority(struct thread *server) {
    if (__atomic_load_n(&server->inherited_priority, __ATOMIC_RELAXED) == 0) {
        return;
    }
    spinlock_acquire(&server->call_lock);
    if (__atomic_load_n(&server->request.caller, __ATOMIC_RELAXED) == NULL && server->inherited_priority != 0) {
        server->inherited_priority = 0;
        task_set_priority(&server->task, server->task.base_priority);
    }
    spinlock_release(&server->call_lock);
}

/* Takes the caller out of the slot with its wait claimed; null if it is gone. The thread's memory stays valid while
 * this CPU does not switch, because threads are freed after a grace period. */
static struct thread *claim_caller(struct reply_slot *slot) {
    slot->taken = false;
    struct thread *caller = __atomic_exchange_n(&slot->caller, NULL, __ATOMIC_ACQ_REL);
    if (caller == NULL) {
        return NULL;
    }
    spinlock_acquire(&caller->call_lock);
    bool ours = caller->holder == slot && task_claim(&caller->task);
    if (ours) {
        caller->holder = NULL;
    }
    spinlock_release(&caller->call_lock);
    return ours ? caller : NULL;
}

/* The caller leaves: its holder finds nobody to answer, and has no claim to its priority. The holder's memory is valid
 * for a grace period after it let go of the caller, which needs this lock. */
static void detach_holder(struct thread *caller) {
    struct thread *server = NULL;
    spinlock_acquire(&caller->call_lock);
    if (caller->holder != NULL) {
        struct thread *expected = caller;
        if (__atomic_compare_exchange_n(&caller->holder->caller, &expected, NULL, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED)) {
            server = caller->holder->server;
        }
        caller->holder = NULL;
    }
    spinlock_release(&caller->call_lock);
    if (server != NULL) {
        drop_priority(server);
    }
}

/* --- waiting --- */

/* Timeout or kill of a caller, claimed. */
static void call_cleanup(struct task *task) {
    struct thread *thread = thread_of_task(task);
    if (thread->call_state == CALL_QUEUED) {
        spinlock_acquire(&thread->endpoint->lock);
        if (tree_contains(&thread->caller_node)) {
            tree_remove(&thread->endpoint->callers, &thread->caller_node);
        }
        spinlock_release(&thread->endpoint->lock);
        object_release(&thread->endpoint->object);
        close_transfer(thread);
    } else {
        detach_holder(thread);
    }
    thread->call_state = CALL_NONE;
    trace_count_call(TS_SYSCALL_CALL, task->wait_status);
    set_result(thread, task->wait_status);
}

static void receive_cleanup(struct task *task) {
    struct thread *thread = thread_of_task(task);
    spinlock_acquire(&thread->endpoint->lock);
    if (list_is_linked(&task->wait_link)) {
        list_remove(&task->wait_link);
    }
    spinlock_release(&thread->endpoint->lock);
    object_release(&thread->endpoint->object);
    thread->call_state = CALL_NONE;
    trace_count_call(TS_SYSCALL_REPLY_WAIT, task->wait_status);
    set_result(thread, task->wait_status);
}

/* The first receiver, claimed; endpoint lock held. */
static struct thread *pop_receiver(struct endpoint *endpoint) {
    DEBUG_ASSERT(spinlock_is_held(&endpoint->lock));
    struct list_node *node;
    while ((node = list_pop_head(&endpoint->receivers)) != NULL) {
        struct thread *receiver = thread_of_task(container_of(node, struct task, wait_link));
        if (task_claim(&receiver->task)) {
            return receiver;
        }
    }
    return NULL;
}

/* The most urgent caller, claimed; endpoint lock held. */
static struct thread *pop_caller(struct endpoint *endpoint) {
    DEBUG_ASSERT(spinlock_is_held(&endpoint->lock));
    struct tree_node *node;
    while ((node = tree_first(&endpoint->callers)) != NULL) {
        tree_remove(&endpoint->callers, node);
        struct thread *caller = container_of(node, struct thread, caller_node);
        if (task_claim(&caller->task)) {
            return caller;
        }
    }
    return NULL;
}

/* Ends a claimed receiver's wait; its endpoint reference goes. */
static void wake_receiver(struct thread *receiver, ts_status_t status) {
    object_release(&receiver->endpoint->object);
    receiver->call_state = CALL_NONE;
    trace_count_call(TS_SYSCALL_REPLY_WAIT, status);
    task_wake(&receiver->task, status);
}

void endpoint_notify(struct endpoint *endpoint) {
    DEBUG_ASSERT(endpoint->object.kind == TS_OBJECT_ENDPOINT);
    spinlock_acquire(&endpoint->lock);
    struct thread *receiver = pop_receiver(endpoint);
    spinlock_release(&endpoint->lock);
    if (receiver != NULL) {
        set_result(receiver, TS_OK);
        arch_frame_set_value(receiver->task.context.frame, RESULT_TAG, TS_TAG_NOTIFIED);
        wake_receiver(receiver, TS_OK);
    }
}

/* --- call --- */

static uint64_t caller_key(const struct endpoint *endpoint, const struct thread *thread) {
    return (uint64_t)(PRIORITY_MAX - thread->task.priority) << 56 | (endpoint->arrivals & (((uint64_t)1 << 56) - 1));
}

static void request_to(struct thread *caller, struct thread *server) {
    copy_message(caller, server, RESULT_REQUEST_WORDS);
    arch_frame_set_value(server->task.context.frame, RESULT_BADGE, caller->call_badge);
    caller->call_state = CALL_WAITS_FOR_REPLY;
    attach_request(caller, server);
}

ts_status_t endpoint_call(struct endpoint *endpoint, uint64_t badge, struct arch_frame *frame) {
    DEBUG_ASSERT(endpoint->object.kind == TS_OBJECT_ENDPOINT);
    struct thread *thread = thread_current();
    ts_time_t deadline = (ts_time_t)arch_frame_argument(frame, ARGUMENT_DEADLINE);
    ts_status_t status = collect_handles(thread, arch_frame_argument(frame, ARGUMENT_TAG));
    if (status != TS_OK) {
        return status;
    }
    thread->call_badge = badge;
    spinlock_acquire(&endpoint->lock);
    if (endpoint->closed) {
        spinlock_release(&endpoint->lock);
        close_transfer(thread);
        return TS_ERR_PEER_CLOSED;
    }
    struct thread *receiver = pop_receiver(endpoint);
    if (receiver == NULL) {
        object_reference(&endpoint->object);
        thread->endpoint = endpoint;
        thread->call_state = CALL_QUEUED;
        task_wait_begin(call_cleanup);
        endpoint->arrivals++;
        tree_insert(&endpoint->callers, &thread->caller_node, caller_key(endpoint, thread));
        spinlock_release(&endpoint->lock);
        task_block_empty(deadline);
    }
    spinlock_release(&endpoint->lock);
    request_to(thread, receiver);
    task_wait_begin(call_cleanup);
    wake_receiver(receiver, TS_OK);
    task_block_empty(deadline);
}

/* --- receive and reply --- */

/* Sends the message in the running thread's frame to the caller in the slot. */
static ts_status_t reply_to(struct reply_slot *slot, struct arch_frame *frame) {
    struct thread *thread = thread_current();
    ts_status_t status = collect_handles(thread, arch_frame_argument(frame, ARGUMENT_TAG));
    if (status != TS_OK) {
        return status;
    }
    struct thread *caller = claim_caller(slot);
    if (caller == NULL) {
        close_transfer(thread);
        return TS_ERR_PEER_CLOSED;
    }
    copy_message(thread, caller, RESULT_REPLY_WORDS);
    caller->call_state = CALL_NONE;
    trace_count_call(TS_SYSCALL_CALL, TS_OK);
    task_wake(&caller->task, TS_OK);
    return TS_OK;
}

/* A caller whose time was over while its request was being taken: its wait ends as if it had not been. */
static void fail_claimed_caller(struct thread *caller, ts_status_t status) {
    caller->task.wait_status = status;
    call_cleanup(&caller->task);
    task_make_ready(&caller->task);
}

/* Takes a queued caller's request. If its time was over meanwhile, the reply will find it gone (N9). */
static void take_request(struct thread *server, struct thread *caller) {
    object_release(&caller->endpoint->object);
    request_to(caller, server);
    ts_status_t status = TS_OK;
    if (!task_unclaim(&caller->task, &status)) {
        fail_claimed_caller(caller, status);
    }
}

static bool port_has_packets(const struct endpoint *endpoint) {
    const struct port *port = __atomic_load_n(&endpoint->port, __ATOMIC_ACQUIRE);
    return port != NULL && __atomic_load_n(&port->packet_count, __ATOMIC_SEQ_CST) > 0;
}

static ts_status_t receive(struct endpoint *endpoint, struct arch_frame *frame) {
    struct thread *thread = thread_current();
    ts_time_t deadline = (ts_time_t)arch_frame_argument(frame, ARGUMENT_DEADLINE);
    clear_results(frame);
    if (port_has_packets(endpoint)) { /* before callers, who could keep a server from ever hearing of them */
        arch_frame_set_value(frame, RESULT_TAG, TS_TAG_NOTIFIED);
        return TS_OK;
    }
    spinlock_acquire(&endpoint->lock);
    if (endpoint->closed) {
        spinlock_release(&endpoint->lock);
        return TS_ERR_CANCELED; /* another thread closed the last handle since it was looked up */
    }
    struct thread *caller = pop_caller(endpoint);
    if (caller != NULL) {
        spinlock_release(&endpoint->lock);
        take_request(thread, caller);
        return TS_OK;
    }
    /* In the queue first, then the look at the port: a packet that comes in between finds this receiver. */
    object_reference(&endpoint->object);
    thread->endpoint = endpoint;
    thread->call_state = CALL_RECEIVING;
    task_wait_begin(receive_cleanup);
    list_add_tail(&endpoint->receivers, &thread->task.wait_link);
    if (port_has_packets(endpoint) && task_claim(&thread->task)) {
        list_remove(&thread->task.wait_link);
        spinlock_release(&endpoint->lock);
        object_release(&endpoint->object);
        thread->call_state = CALL_NONE;
        thread->task.state = TASK_RUNNING;
        arch_frame_set_value(frame, RESULT_TAG, TS_TAG_NOTIFIED);
        return TS_OK;
    }
    spinlock_release(&endpoint->lock);
    task_block_empty(deadline);
}

ts_status_t endpoint_reply_wait(struct endpoint *endpoint, struct arch_frame *frame) {
    DEBUG_ASSERT(endpoint->object.kind == TS_OBJECT_ENDPOINT);
    struct thread *thread = thread_current();
    uint64_t options = arch_frame_argument(frame, ARGUMENT_OPTIONS);
    if ((options & ~TS_REPLY_NONE) != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    if ((options & TS_REPLY_NONE) == 0) {
        if (!thread->request.taken) {
            return TS_ERR_BAD_STATE;
        }
        ts_status_t status = reply_to(&thread->request, frame);
        if (!thread->request.taken) {
            drop_priority(thread);
        }
        if (status != TS_OK) {
            return status;
        }
    } else if (thread->request.taken) {
        /* Receiving again without an answer: the earlier caller will never get one. */
        endpoint_thread_dies(thread);
    }
    return receive(endpoint, frame);
}

/* --- replies kept as objects --- */

static SLAB_CACHE(reply_cache, struct reply);

static void abandon(struct reply_slot *slot, ts_status_t status) {
    struct thread *caller = claim_caller(slot);
    if (caller != NULL) {
        caller->call_state = CALL_NONE;
        trace_count_call(TS_SYSCALL_CALL, status);
        set_result(caller, status);
        task_wake(&caller->task, status);
    }
}

static void reply_last_handle_closed(struct object *object) {
    abandon(&container_of(object, struct reply, object)->slot, TS_ERR_CANCELED);
}

static void reply_free(struct object *object) {
    object_uncharge(object);
    slab_free(&reply_cache, container_of(object, struct reply, object));
}

static const struct object_ops reply_ops = {.last_handle_closed = reply_last_handle_closed, .free = reply_free};

ts_status_t reply_create(struct account *account, struct reply **result) {
    if (!thread_current()->request.taken) {
        return TS_ERR_BAD_STATE;
    }
    struct reply *reply = slab_alloc(&reply_cache);
    if (reply == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    ts_status_t status = object_init(&reply->object, TS_OBJECT_REPLY, &reply_ops, account, sizeof(*reply));
    if (status != TS_OK) {
        slab_free(&reply_cache, reply);
        return status;
    }
    reply->object.waitable = false;
    *result = reply;
    return TS_OK;
}

/* Another thread may have guessed the handle and closed it already: then nobody else gives the request up. */
void reply_keep(struct reply *reply) {
    struct thread *thread = thread_current();
    thread->request.taken = false;
    struct thread *caller = __atomic_exchange_n(&thread->request.caller, NULL, __ATOMIC_ACQ_REL);
    reply->slot.taken = true;
    if (caller != NULL) {
        spinlock_acquire(&caller->call_lock);
        if (caller->holder == &thread->request) {
            caller->holder = &reply->slot;
            __atomic_store_n(&reply->slot.caller, caller, __ATOMIC_RELEASE);
        }
        spinlock_release(&caller->call_lock);
    }
    drop_priority(thread);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (__atomic_load_n(&reply->object.handles, __ATOMIC_RELAXED) == 0) {
        abandon(&reply->slot, TS_ERR_CANCELED);
    }
}

ts_status_t reply_send(struct reply *reply, struct arch_frame *frame) {
    DEBUG_ASSERT(reply->object.kind == TS_OBJECT_REPLY);
    return reply_to(&reply->slot, frame);
}

void endpoint_thread_dies(struct thread *thread) {
    DEBUG_ASSERT(thread->object.kind == TS_OBJECT_THREAD);
    if (thread->request.taken) {
        abandon(&thread->request, TS_ERR_PEER_CLOSED);
        drop_priority(thread);
    }
}

/* --- the object --- */

static void endpoint_handle_opened(struct object *object, ts_rights_t rights) {
    struct endpoint *endpoint = container_of(object, struct endpoint, object);
    if ((rights & TS_RIGHT_READ) != 0) {
        __atomic_fetch_add(&endpoint->receive_handles, 1, __ATOMIC_RELAXED);
    }
}

/* N7: without a receive handle nobody will ever answer. Waiters are ended one at a time. */
static void endpoint_close(struct endpoint *endpoint) {
    for (;;) {
        spinlock_acquire(&endpoint->lock);
        endpoint->closed = true;
        struct thread *caller = pop_caller(endpoint);
        struct thread *receiver = caller == NULL ? pop_receiver(endpoint) : NULL;
        spinlock_release(&endpoint->lock);
        if (caller != NULL) {
            fail_claimed_caller(caller, TS_ERR_PEER_CLOSED);
        } else if (receiver != NULL) {
            set_result(receiver, TS_ERR_CANCELED);
            wake_receiver(receiver, TS_ERR_CANCELED);
        } else {
            return;
        }
    }
}

static void endpoint_handle_closed(struct object *object, ts_rights_t rights) {
    struct endpoint *endpoint = container_of(object, struct endpoint, object);
    if ((rights & TS_RIGHT_READ) != 0 &&
        __atomic_sub_fetch(&endpoint->receive_handles, 1, __ATOMIC_ACQ_REL) == 0) {
        endpoint_close(endpoint);
    }
}

/* Leaving the port waits until here, because the last reference may go while the port's lock is held. */
static void endpoint_free(struct object *object) {
    struct endpoint *endpoint = container_of(object, struct endpoint, object);
    struct port *port = __atomic_load_n(&endpoint->port, __ATOMIC_ACQUIRE);
    if (port != NULL) {
        spinlock_acquire(&port->queue.lock);
        bool bound = port->endpoint == endpoint; /* or the port's end was quicker */
        port->endpoint = bound ? NULL : port->endpoint;
        spinlock_release(&port->queue.lock);
        if (bound) {
            object_release(&port->object);
        }
    }
    object_uncharge(object);
    slab_free(&endpoint_cache, endpoint);
}

static const struct object_ops endpoint_ops = {.handle_opened = endpoint_handle_opened,
                                               .handle_closed = endpoint_handle_closed,
                                               .free = endpoint_free};

ts_status_t endpoint_create(struct account *account, struct endpoint **result) {
    struct endpoint *endpoint = slab_alloc(&endpoint_cache);
    if (endpoint == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    ts_status_t status =
        object_init(&endpoint->object, TS_OBJECT_ENDPOINT, &endpoint_ops, account, sizeof(*endpoint));
    if (status != TS_OK) {
        slab_free(&endpoint_cache, endpoint);
        return status;
    }
    endpoint->object.waitable = false;
    spinlock_init(&endpoint->lock, LOCK_ENDPOINT);
    list_init(&endpoint->receivers);
    *result = endpoint;
    return TS_OK;
}

ts_status_t endpoint_bind_port(struct endpoint *endpoint, struct port *port) {
    DEBUG_ASSERT(endpoint->object.kind == TS_OBJECT_ENDPOINT);
    DEBUG_ASSERT(port->object.kind == TS_OBJECT_PORT);
    spinlock_acquire(&port->queue.lock);
    spinlock_acquire(&endpoint->lock);
    bool closed = port->closed;
    bool bound = endpoint->port != NULL || port->endpoint != NULL;
    if (!bound && !closed) {
        object_reference(&port->object);
        __atomic_store_n(&endpoint->port, port, __ATOMIC_RELEASE);
        port->endpoint = endpoint;
    }
    spinlock_release(&endpoint->lock);
    spinlock_release(&port->queue.lock);
    return closed ? TS_ERR_BAD_HANDLE : bound ? TS_ERR_ALREADY_BOUND : TS_OK;
}
