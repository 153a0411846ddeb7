/* SPDX-License-Identifier: MIT */
/* Measuring and keeping of results. */
#include "bench/measure.h"

#include "abi/options.h"
#include "abi/status.h"
#include "bench/cpu.h"
#include "gen/os_calls.h"
#include "os/print.h"
#include "os/start.h"

#define RESULTS_MAX 64u

struct result {
    const char *name;
    uint64_t instructions;
    bool marked; /* three marked runs belong to it */
};

static struct result results[RESULTS_MAX];
static unsigned result_count;
static bool was_marked; /* since the last result */

/* The marks let the counting plugin see each of the three runs. */
static uint64_t run_once(measure_run *run, uint64_t count) {
    uint64_t start = cpu_cycles();
    CPU_MARK_BEGIN();
    run(count);
    CPU_MARK_END();
    return cpu_cycles() - start;
}

uint64_t measure_ticks(measure_run *run, uint64_t count) {
    (void)run_once(run, count);
    uint64_t once = run_once(run, count);
    was_marked = true;
    return run_once(run, 2 * count) - once;
}

void measure_keep(const char *name, uint64_t ticks, uint64_t operations) {
    if (result_count < RESULTS_MAX) {
        results[result_count].name = name;
        results[result_count].marked = was_marked;
        results[result_count++].instructions = (ticks + operations / 2) / operations;
    }
    was_marked = false;
}

void measure(const char *name, measure_run *run, uint64_t count, unsigned per_count) {
    measure_keep(name, measure_ticks(run, count), count * per_count);
}

void measure_must(ts_status_t status, const char *what) {
    if (status != TS_OK) {
        ts_print("bench: %s: %s\n", what, ts_status_name(status));
        (void)!ts_system_power(ts_startup_handle("power"), TS_POWER_OFF, 1);
        ts_exit(1);
    }
}

uint64_t measure_faults(void) {
    uint64_t faults = 0;
    measure_must(ts_system_debug(ts_startup_handle("debug"), TS_DEBUG_COUNTER, TS_COUNTER_FAULTS, &faults), "faults");
    return faults;
}

void measure_print(void) {
    for (unsigned i = 0; i < result_count; i++) {
        ts_print("result %s %lu%s\n", results[i].name, results[i].instructions,
                 results[i].marked ? " marked" : "");
    }
}
