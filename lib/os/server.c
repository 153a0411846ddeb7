/* SPDX-License-Identifier: MIT */
/* The server loop. One loop per process: the received handles are kept in one place. */
#include "os/server.h"

#include "abi/status.h"
#include "gen/os_calls.h"

static ts_handle_t received[TS_MESSAGE_HANDLES];
static ts_time_t next_deadline = TS_TIME_INFINITE;

void ts_server_set_deadline(ts_time_t deadline) {
    next_deadline = deadline;
}

ts_handle_t ts_server_take_handle(unsigned index) {
    ts_handle_t handle = TS_HANDLE_INVALID;
    if (index < TS_MESSAGE_HANDLES) {
        handle = received[index];
        received[index] = TS_HANDLE_INVALID;
    }
    return handle;
}

static void close_received(void) {
    for (unsigned i = 0; i < TS_MESSAGE_HANDLES; i++) {
        ts_handle_t handle = ts_server_take_handle(i);
        if (handle != TS_HANDLE_INVALID) {
            (void)!ts_handle_close(handle);
        }
    }
}

static void drain_port(const struct ts_server *server, ts_handle_t port) {
    struct ts_packet packet;
    while (ts_port_wait(port, &packet, 0) == TS_OK) {
        server->notified(&packet);
    }
}

/* Serves one request; tells how the next ts_reply_wait begins. */
static uint64_t serve(const struct ts_server *server, struct ts_message *message) {
    for (unsigned i = 0; i < TS_MESSAGE_HANDLES; i++) {
        received[i] = ts_message_handle(message, i);
    }
    enum ts_answer answer = server->call(message);
    close_received();
    return answer == TS_ANSWER_NOW ? 0 : TS_REPLY_NONE;
}

/* A reply that could not be sent (a bad handle in it) is replaced by its error; if the caller is
 * gone, so be it. */
static uint64_t recover(struct ts_message *message, ts_status_t status, bool *tried) {
    bool worth = !*tried && status != TS_ERR_PEER_CLOSED && status != TS_ERR_BAD_STATE;
    *tried = worth;
    if (worth) {
        ts_message_status(message, status);
        return 0;
    }
    return TS_REPLY_NONE;
}

ts_status_t ts_server_run(const struct ts_server *server, ts_handle_t endpoint, ts_handle_t port) {
    ts_status_t status = port != TS_HANDLE_INVALID ? ts_endpoint_bind_port(endpoint, port) : TS_OK;
    if (status == TS_OK && server->init != NULL) {
        status = server->init();
    }
    struct ts_message message;
    uint64_t options = TS_REPLY_NONE;
    bool tried = false;
    ts_message_begin(&message, 0);
    while (status == TS_OK) {
        ts_status_t got = ts_reply_wait(endpoint, &message, next_deadline, options);
        if (got == TS_ERR_TIMED_OUT) {
            next_deadline = TS_TIME_INFINITE;
            server->expired();
            options = TS_REPLY_NONE;
        } else if (got != TS_OK) {
            if (options == TS_REPLY_NONE) {
                return got;
            }
            options = recover(&message, got, &tried);
        } else if ((message.tag & TS_TAG_NOTIFIED) != 0) {
            drain_port(server, port);
            options = TS_REPLY_NONE;
        } else {
            tried = false;
            options = serve(server, &message);
        }
    }
    return status;
}
