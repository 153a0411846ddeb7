/* SPDX-License-Identifier: MIT */
/*
 * Endpoints: synchronous messages. Callers queue by priority, receivers in order of arrival; both wait with an empty
 * kernel stack, and whoever completes their wait writes the result into their register frame. A message is copied by
 * the one who holds the claim on the waiting side, with no lock held.
 */
#pragma once

#include "kernel/task_tree.h"

struct port;

struct endpoint {
    struct object object;
    struct spinlock lock;        /* LOCK_ENDPOINT: protects all below */
    struct tree callers;         /* by priority (highest first), then arrival */
    struct list_node receivers;  /* threads, by task.wait_link */
    uint32_t receive_handles;    /* handles with READ: 0 closes the endpoint */
    bool closed;
    struct port *port;           /* referenced; its packets wake receivers. Set once, atomic */
    uint64_t arrivals;           /* orders callers of one priority */
};

struct reply {
    struct object object;
    struct reply_slot slot;
};

ts_status_t endpoint_create(struct account *account, struct endpoint **endpoint);
ts_status_t endpoint_bind_port(struct endpoint *endpoint, struct port *port);

/* A packet has arrived at the bound port: wakes one receiver. Port lock may be held. */
void endpoint_notify(struct endpoint *endpoint);

/* The calls; their arguments are in the frame (lib/abi/syscalls.tbl). May not return: the thread then waits with an
 * empty stack, and its frame gets the result. */
ts_status_t endpoint_call(struct endpoint *endpoint, uint64_t badge, struct arch_frame *frame);
ts_status_t endpoint_reply_wait(struct endpoint *endpoint, struct arch_frame *frame);

/* An object for the right to answer the request taken last. BAD_STATE: there is none. The request moves into it by
 * reply_keep(), which cannot fail, once it has its handle. */
ts_status_t reply_create(struct account *account, struct reply **reply);
void reply_keep(struct reply *reply);
ts_status_t reply_send(struct reply *reply, struct arch_frame *frame);

/* The thread dies: whoever waits for its reply gets PEER_CLOSED. */
void endpoint_thread_dies(struct thread *thread);
