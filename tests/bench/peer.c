/* SPDX-License-Identifier: MIT */
/* The roles, and how a peer gets its handle. */
#include "bench/peer.h"

#include "abi/rights.h"
#include "abi/status.h"
#include "base/format.h"
#include "base/string.h"
#include "bench/cpu.h"
#include "bench/interrupts.h"
#include "bench/measure.h"
#include "gen/os_calls.h"
#include "os/message.h"
#include "os/programs.h"
#include "os/start.h"
#include "os/thread.h"

#define ROLE_ARGUMENT "role"

struct thread_part {
    enum peer_role role;
    ts_handle_t handle;
};

static struct thread_part thread_part;
static uint64_t peer_id;

static void yield_for_ever(void) {
    while (ts_thread_yield() == TS_OK) {
    }
}

/* The request's length stands in the answer's tag too. */
static void answer(ts_handle_t endpoint) {
    struct ts_message message;
    ts_message_begin(&message, 0);
    if (ts_reply_wait(endpoint, &message, TS_TIME_INFINITE, TS_REPLY_NONE) == TS_OK) {
        uint64_t tag = message.tag;
        while (cpu_reply_wait(endpoint, tag, 0) == TS_OK) {
        }
    }
}

static void wake(ts_handle_t event) {
    ts_signals_t observed;
    for (uint64_t i = 0; ts_object_wait_one(event, peer_signal(i), TS_TIME_INFINITE, &observed) == TS_OK; i++) {
    }
}

static void echo(ts_handle_t event) {
    ts_signals_t observed;
    for (uint64_t i = 0; ts_object_wait_one(event, peer_signal(i), TS_TIME_INFINITE, &observed) == TS_OK; i++) {
        if (ts_object_signal(event, peer_signal_back(i + 1), peer_signal_back(i)) != TS_OK) {
            return;
        }
    }
}

static void play(enum peer_role role, ts_handle_t handle) {
    switch (role) {
    case PEER_YIELD:
        yield_for_ever();
        break;
    case PEER_ANSWER:
        answer(handle);
        break;
    case PEER_WAKE:
        wake(handle);
        break;
    case PEER_ECHO:
        echo(handle);
        break;
    case PEER_NS16550:
    case PEER_PL011:
        interrupts_peer(role == PEER_PL011);
        break;
    }
}

/* Asks for its handle, and says with a second call that it is ready (the role begins right after). */
int peer_main(enum peer_role role) {
    struct ts_message message;
    if (role == PEER_WAKE &&
        ts_thread_set_priority(ts_startup_handle("thread"), PEER_WAKE_PRIORITY) != TS_OK) {
        return 1;
    }
    ts_message_begin(&message, 0);
    if (ts_message_call(ts_startup_handle("bench"), &message, TS_TIME_INFINITE) != TS_OK) {
        return 1;
    }
    play(role, ts_message_handle(&message, 0));
    return 0;
}

void peer_hand_over(ts_handle_t handle) {
    struct ts_message message;
    ts_handle_t reply;
    ts_handle_t copy = TS_HANDLE_INVALID;
    ts_message_begin(&message, 0);
    measure_must(ts_reply_wait(ts_startup_handle("endpoint"), &message, TS_TIME_INFINITE, TS_REPLY_NONE),
                 "request of the peer");
    measure_must(ts_reply_save(0, &reply), "reply for the peer");
    ts_message_status(&message, TS_OK);
    if (handle != TS_HANDLE_INVALID) {
        measure_must(ts_handle_duplicate(handle, TS_RIGHT_SAME_RIGHTS, &copy), "handle for the peer");
        (void)ts_message_put_handle(&message, copy);
    }
    measure_must(ts_reply_send(reply, &message), "answer to the peer");
}

/* Lets the peer run until it waits: nobody else of this priority is ready. */
static void settle(void) {
    for (unsigned i = 0; i < 8; i++) {
        (void)!ts_thread_yield();
    }
}

void peer_start(enum peer_role role, ts_handle_t handle) {
    char arguments[48] = "bench-peer";
    size_t length = strlen(arguments) + 1;
    length += format_text(arguments + length, sizeof(arguments) - length, ROLE_ARGUMENT "=%u", role) + 1;
    measure_must(ts_program_spawn(arguments, length, &peer_id), "start of the peer");
    peer_hand_over(handle);
    settle();
}

void peer_stop(void) {
    int64_t code;
    measure_must(ts_program_kill(peer_id), "end of the peer");
    measure_must(ts_program_wait(peer_id, &code), "end of the peer");
}

static void thread_main(void *argument) {
    struct thread_part *part = argument;
    play(part->role, part->handle);
}

void peer_start_thread(enum peer_role role, ts_handle_t handle) {
    ts_handle_t thread;
    thread_part = (struct thread_part){role, handle};
    measure_must(ts_thread_spawn("peer", thread_main, &thread_part, TS_STACK_SIZE, &thread), "thread");
    measure_must(ts_handle_close(thread), "thread");
    settle();
}
