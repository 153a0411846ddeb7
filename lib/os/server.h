/* SPDX-License-Identifier: MIT */
/*
 * The server loop. A server is a few functions: init() once, call() for each request, notified()
 * for each packet of the port, expired() at its deadline. All run on the loop's thread, one at a
 * time, so a server needs no locks of its own.
 */
#pragma once

#include "abi/packet.h"
#include "os/message.h"

enum ts_answer {
    TS_ANSWER_NOW,   /* message holds the reply */
    TS_ANSWER_LATER, /* the reply right was saved (ts_reply_save): somebody will answer */
};

struct ts_server {
    /* Before the first request. May be null. An error ends the server with this status. */
    ts_status_t (*init)(void);
    /* One request in, its reply out, in place. Handles that came with it are closed afterwards
     * unless they are taken with ts_server_take_handle(). */
    enum ts_answer (*call)(struct ts_message *message);
    /* One packet. May be null if there is no port. */
    void (*notified)(const struct ts_packet *packet);
    /* The deadline has passed. May be null if none is ever set. */
    void (*expired)(void);
};

/* Serves until the endpoint is closed or fails; returns why. port 0: none. The port is bound to the
 * endpoint. */
ts_status_t ts_server_run(const struct ts_server *server, ts_handle_t endpoint, ts_handle_t port);

/* In call(): the index-th handle of the request becomes the server's own; 0 if there is none (any
 * more). Valid also after the message buffer was used for something else. */
ts_handle_t ts_server_take_handle(unsigned index);

/* expired() is called once at or after this time, INFINITE: never. Replaces the earlier deadline.
 */
void ts_server_set_deadline(ts_time_t deadline);
