/* SPDX-License-Identifier: MIT */
/* System calls and switches. */
#include "abi/status.h"
#include "bench/benchmarks.h"
#include "bench/measure.h"
#include "bench/peer.h"
#include "gen/os_calls.h"

#define COUNT 1000u

static ts_handle_t vmo;

static void run_null(uint64_t count) {
    ts_status_t failures = TS_OK;
    for (uint64_t i = 0; i < count; i++) {
        failures |= ts_null();
    }
    measure_must(failures, __func__);
}

static void run_look_up(uint64_t count) {
    ts_status_t failures = TS_OK;
    uint64_t size;
    for (uint64_t i = 0; i < count; i++) {
        failures |= ts_vmo_get_size(vmo, &size);
    }
    measure_must(failures, __func__);
}

/* Every yield is a switch, and so is every yield of the other side. */
static void run_yield(uint64_t count) {
    ts_status_t failures = TS_OK;
    for (uint64_t i = 0; i < count; i++) {
        failures |= ts_thread_yield();
    }
    measure_must(failures, __func__);
}

void bench_calls(void) {
    uint64_t null = measure_ticks(run_null, COUNT);
    measure_keep("syscall_null", null, COUNT);
    measure_must(ts_vmo_create(TS_PAGE_SIZE, 0, &vmo), "vmo");
    measure_keep("handle_lookup", measure_ticks(run_look_up, COUNT) - null, COUNT);
    measure_must(ts_handle_close(vmo), "vmo");
    peer_start(PEER_YIELD, TS_HANDLE_INVALID);
    measure("thread_switch", run_yield, COUNT, 2);
    peer_stop();
}
