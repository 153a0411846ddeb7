/* SPDX-License-Identifier: MIT */
/* Handles, and the making and ending of objects. */
#include "abi/rights.h"
#include "abi/status.h"
#include "bench/benchmarks.h"
#include "bench/cpu.h"
#include "bench/measure.h"
#include "gen/os_calls.h"
#include "os/programs.h"
#include "os/start.h"

#define COUNT       200u
#define SPAWN_COUNT 8u
#define REVOKE_COPIES 1000u
#define REVOKE_ROUNDS 4u

static ts_handle_t event;

static void run_copy(uint64_t count) {
    ts_status_t failures = TS_OK;
    ts_handle_t copy;
    for (uint64_t i = 0; i < count; i++) {
        failures |= ts_handle_duplicate(event, TS_RIGHT_SAME_RIGHTS, &copy);
        failures |= ts_handle_close(copy);
    }
    measure_must(failures, __func__);
}

static void run_revoke(uint64_t count) {
    ts_status_t failures = TS_OK;
    ts_handle_t copy;
    for (uint64_t i = 0; i < count; i++) {
        failures |= ts_handle_duplicate(event, TS_RIGHT_SAME_RIGHTS, &copy);
        failures |= ts_handle_revoke(event);
    }
    measure_must(failures, __func__);
}

/* Only the revoking is counted. */
static void measure_revoke_many(void) {
    ts_handle_t copy;
    uint64_t ticks = 0;
    for (unsigned round = 0; round <= REVOKE_ROUNDS; round++) {
        for (unsigned i = 0; i < REVOKE_COPIES; i++) {
            measure_must(ts_handle_duplicate(event, TS_RIGHT_SAME_RIGHTS, &copy), "copy");
        }
        uint64_t start = cpu_cycles();
        measure_must(ts_handle_revoke(event), "revoke");
        ticks += round > 0 ? cpu_cycles() - start : 0;
    }
    measure_keep("revoke_1000", ticks, REVOKE_ROUNDS);
}

static void run_endpoint(uint64_t count) {
    ts_status_t failures = TS_OK;
    ts_handle_t handle;
    for (uint64_t i = 0; i < count; i++) {
        failures |= ts_endpoint_create(0, &handle);
        failures |= ts_handle_close(handle);
    }
    measure_must(failures, __func__);
}

static void run_frame(uint64_t count) {
    ts_status_t failures = TS_OK;
    ts_handle_t handle;
    for (uint64_t i = 0; i < count; i++) {
        failures |= ts_vmo_create(TS_PAGE_SIZE, 0, &handle);
        failures |= ts_handle_close(handle);
    }
    measure_must(failures, __func__);
}

static void run_thread(uint64_t count) {
    ts_status_t failures = TS_OK;
    ts_handle_t process = ts_startup_handle("process");
    ts_handle_t handle;
    for (uint64_t i = 0; i < count; i++) {
        failures |= ts_thread_create(process, "thread", 6, 0, &handle);
        failures |= ts_handle_close(handle);
    }
    measure_must(failures, __func__);
}

/* Through init, as the shell does it. */
static void run_spawn(uint64_t count) {
    ts_status_t failures = TS_OK;
    static const char arguments[] = "nothing";
    for (uint64_t i = 0; i < count; i++) {
        uint64_t id;
        int64_t code;
        failures |= ts_program_spawn(arguments, sizeof(arguments), &id);
        failures |= ts_program_wait(id, &code);
    }
    measure_must(failures, __func__);
}

void bench_objects(void) {
    measure_must(ts_event_create(0, &event), "event");
    measure("cap_copy_delete", run_copy, COUNT, 1);
    measure("revoke_1", run_revoke, COUNT, 1);
    measure_revoke_many();
    measure_must(ts_handle_close(event), "event");
    measure("object_endpoint", run_endpoint, COUNT, 1);
    measure("object_frame", run_frame, COUNT, 1);
    measure("object_thread", run_thread, COUNT, 1);
    measure("spawn", run_spawn, SPAWN_COUNT, 1);
}
