/* SPDX-License-Identifier: MIT */
/*
 * The other side of benchmarks between threads. It plays a role, in a process of its own or as a thread of this one,
 * until it is killed or its object goes away. A process is handed its handle by the benchmark's own service.
 */
#pragma once

#include "abi/types.h"

#define PEER_WAKE_PRIORITY 129u /* above that of the benchmark */

enum peer_role {
    PEER_YIELD = 0,   /* yields for ever; no handle */
    PEER_ANSWER = 1,  /* endpoint: answers with as many words and handles as it was sent */
    PEER_WAKE = 2,    /* event, above the others' priority: waits for peer_signal() */
    PEER_ECHO = 3,    /* event: waits for peer_signal(), signals back with peer_signal_back() */
    PEER_NS16550 = 4, /* drives the UART: bench/interrupts.c; no handle */
    PEER_PL011 = 5,
};

/* Signals that alternate, so that nobody has to clear the last one: what the other side is sent and waits for in
 * round i. `back` is for the answers of PEER_ECHO. */
static inline ts_signals_t peer_signal(uint64_t i) {
    return 1u << (24 + (i & 1));
}
static inline ts_signals_t peer_signal_back(uint64_t i) {
    return 1u << (26 + (i & 1));
}

/* Starts the other process; `handle` (0: none) is duplicated for it. Returns when it has it. The first part alone:
 * waits for a peer to ask for its handle. */
void peer_hand_over(ts_handle_t handle);
void peer_start(enum peer_role role, ts_handle_t handle);
void peer_stop(void);

/* The same as a thread, which ends with the program, or PEER_ANSWER when its endpoint is closed. */
void peer_start_thread(enum peer_role role, ts_handle_t handle);

/* main() of the other process. */
int peer_main(enum peer_role role);
