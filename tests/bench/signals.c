/* SPDX-License-Identifier: MIT */
/* Signals of events and packets of ports. */
#include "abi/packet.h"
#include "abi/signals.h"
#include "abi/status.h"
#include "bench/benchmarks.h"
#include "bench/measure.h"
#include "bench/peer.h"
#include "gen/os_calls.h"

#define COUNT 500u

static ts_handle_t event;
static ts_handle_t port;
static uint64_t round_number; /* of the alternating signals, in step with the peer's */

static void run_signal(uint64_t count) {
    ts_status_t failures = TS_OK;
    for (uint64_t i = 0; i < count; i++) {
        failures |= ts_object_signal(event, TS_SIGNAL_NONE, TS_SIGNAL_SIGNALED);
    }
    measure_must(failures, __func__);
}

/* Taken: seen, and cleared by the next signal's own call, which sets the other one. */
static void run_poll(uint64_t count) {
    ts_status_t failures = TS_OK;
    ts_signals_t observed;
    for (uint64_t i = 0; i < count; i++) {
        failures |= ts_object_signal(event, peer_signal(i + 1), peer_signal(i));
        failures |= ts_object_wait_one(event, peer_signal(i), 0, &observed);
    }
    measure_must(failures, __func__);
}

static void run_wake(uint64_t count) {
    ts_status_t failures = TS_OK;
    for (uint64_t i = 0; i < count; i++, round_number++) {
        failures |= ts_object_signal(event, peer_signal(round_number + 1), peer_signal(round_number));
    }
    measure_must(failures, __func__);
}

static void run_round_trip(uint64_t count) {
    ts_status_t failures = TS_OK;
    ts_signals_t observed;
    for (uint64_t i = 0; i < count; i++, round_number++) {
        failures |= ts_object_signal(event, peer_signal(round_number + 1), peer_signal(round_number));
        failures |= ts_object_wait_one(event, peer_signal_back(round_number), TS_TIME_INFINITE, &observed);
    }
    measure_must(failures, __func__);
}

static void run_packet(uint64_t count) {
    ts_status_t failures = TS_OK;
    struct ts_packet packet = {.key = 1};
    for (uint64_t i = 0; i < count; i++) {
        failures |= ts_port_queue(port, &packet);
        failures |= ts_port_wait(port, &packet, 0);
    }
    measure_must(failures, __func__);
}

static void measure_with_peer(const char *name, enum peer_role role, measure_run *run) {
    measure_must(ts_event_create(0, &event), "event");
    round_number = 0;
    peer_start(role, event);
    measure(name, run, COUNT, 1);
    peer_stop();
    measure_must(ts_handle_close(event), "event");
}

void bench_signals(void) {
    measure_must(ts_event_create(0, &event), "event");
    measure("signal", run_signal, COUNT, 1);
    measure("signal_poll", run_poll, COUNT, 1);
    measure_must(ts_handle_close(event), "event");
    measure_must(ts_port_create(0, &port), "port");
    measure("port_packet", run_packet, COUNT, 1);
    measure_must(ts_handle_close(port), "port");
    measure_with_peer("signal_wake", PEER_WAKE, run_wake);
    measure_with_peer("signal_rt", PEER_ECHO, run_round_trip);
}
