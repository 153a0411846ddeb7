/* SPDX-License-Identifier: MIT */
/* Ports: one queue of packets to wait on for many things. */
#pragma once

#include "kernel/object.h"

struct endpoint;

#define PORT_USER_PACKETS_MAX 2048u

/* A packet, in memory of its source, which `taken` tells that it left the queue (port lock not held). */
struct port_packet {
    struct list_node link;       /* in port->packets, protected by the port's lock */
    struct ts_packet packet;
    void (*taken)(struct port_packet *);
};

/* A source of packets that wants to know when nobody can take them any more. */
struct port_watcher {
    struct list_node link; /* in port->watchers, protected by the port's lock */
    void (*closed)(struct port_watcher *watcher); /* called once, unlinked, no lock held */
};

struct port {
    struct object object;
    struct wait_queue queue;     /* LOCK_PORT: protects all below, and holds waiting threads */
    struct list_node packets;
    struct list_node observers;  /* asynchronous waits that deliver here */
    struct list_node watchers;
    uint32_t packet_count;       /* atomic for readers without lock */
    uint32_t user_packets;
    bool closed;
    struct endpoint *endpoint;   /* whose receivers wake for packets; it detaches itself before it goes */
};

ts_status_t port_create(struct account *account, struct port **port);
/* Queues a packet of a kernel source, not queued at the moment. False: the port is closed. Object lock may be held. */
bool port_enqueue(struct port *port, struct port_packet *packet);
/* Takes a packet of a source out again; false if it is not queued. */
bool port_dequeue(struct port *port, struct port_packet *packet);
/* False: the port is closed already. */
bool port_watch(struct port *port, struct port_watcher *watcher);
/* False: it was called, or is about to be. */
bool port_unwatch(struct port *port, struct port_watcher *watcher);
ts_status_t port_queue_user(struct port *port, const struct ts_packet *packet, struct account *account);
/* TIMED_OUT, CANCELED. The caller holds a reference. */
ts_status_t port_wait(struct port *port, ts_time_t deadline, struct ts_packet *packet);
ts_status_t port_wait_async(struct port *port, struct object *object, const struct capability *capability,
                            uint64_t key, ts_signals_t signals, uint32_t options, struct account *account);
ts_status_t port_cancel(struct port *port, const struct object *source, uint64_t key);
