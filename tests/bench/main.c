/* SPDX-License-Identifier: MIT */
/*
 * The benchmarks, in place of the shell. As `bench-peer role=…` the same program is the other process of those that
 * need two. Runs at the priority of ordinary programs, so the servers are done before anything is measured.
 */
#include "abi/options.h"
#include "bench/benchmarks.h"
#include "bench/measure.h"
#include "bench/peer.h"
#include "gen/os_calls.h"
#include "os/print.h"
#include "os/start.h"

#define NO_ROLE 1000u

int main(int argc, char **argv) {
    uint64_t value;
    (void)argc;
    (void)argv;
    uint64_t role = ts_argument_number("role", NO_ROLE);
    if (role != NO_ROLE) {
        return peer_main((enum peer_role)role);
    }
    measure_must(ts_system_debug(ts_startup_handle("debug"), TS_DEBUG_USER_COUNTERS, 1, &value), "counters");
    bench_calls();
    bench_messages();
    bench_signals();
    bench_memory();
    ts_print("bench: half of it is done\n"); /* silence ends it */
    bench_faults();
    bench_paging();
    bench_snapshots();
    bench_objects();
    bench_interrupts();
    measure_print();
    ts_print("tessera: end of session\n");
    (void)!ts_system_power(ts_startup_handle("power"), TS_POWER_OFF, 0);
    return 1;
}
