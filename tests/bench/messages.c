/* SPDX-License-Identifier: MIT */
/* Round trips through an endpoint. */
#include "abi/status.h"
#include "bench/benchmarks.h"
#include "bench/cpu.h"
#include "bench/measure.h"
#include "bench/peer.h"
#include "gen/os_calls.h"
#include "os/message.h"

#define COUNT 500u

static ts_handle_t endpoint;
static uint64_t tag;
static ts_handle_t passed; /* goes with each call and comes back with its answer, or 0 */

static void run_call(uint64_t count) {
    ts_status_t failures = TS_OK;
    for (uint64_t i = 0; i < count; i++) {
        failures |= cpu_call(endpoint, tag);
    }
    measure_must(failures, __func__);
}

static void measure_calls(const char *name, unsigned words, unsigned handles) {
    measure_must(ts_endpoint_create(0, &endpoint), "endpoint");
    tag = ts_tag(0, words, handles);
    peer_start(PEER_ANSWER, endpoint);
    ts_message_buffer()->handles[0] = passed;
    measure_must(cpu_call(endpoint, tag), name);
    measure(name, run_call, COUNT, 1);
    passed = ts_message_buffer()->handles[0];
    peer_stop();
    measure_must(ts_handle_close(endpoint), "endpoint");
}

static void measure_same_space(void) {
    measure_must(ts_endpoint_create(0, &endpoint), "endpoint");
    tag = ts_tag(0, 0, 0);
    peer_start_thread(PEER_ANSWER, endpoint);
    measure_must(cpu_call(endpoint, tag), "call_rt_same");
    measure("call_rt_same", run_call, COUNT, 1);
    measure_must(ts_handle_close(endpoint), "endpoint");
}

void bench_messages(void) {
    measure_same_space();
    measure_calls("call_rt", 0, 0);
    measure_calls("call_rt_4w", 4, 0);
    measure_calls("call_rt_64w", 64, 0);
    measure_must(ts_event_create(0, &passed), "event");
    measure_calls("call_rt_1h", 0, 1);
    measure_must(ts_handle_close(passed), "event");
}
