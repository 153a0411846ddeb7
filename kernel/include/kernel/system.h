/* SPDX-License-Identifier: MIT */
/* The system as a whole: self-tests, audit, counters. */
#pragma once

#include "abi/status.h"

/* Runs every self-test, KTAP into the log; number of failed ones. In a thread, no lock held. */
uint64_t selftest_run(void);

/* Checks frames, heap, page tables and objects against each other; number of problems, each in the log. */
uint64_t audit_run(void);

/* TS_DEBUG_COUNTER: enum ts_debug_counter, except TS_COUNTER_CALLS, which is the dispatcher's. INVALID_ARGS. */
ts_status_t system_counter(uint64_t counter, uint64_t *value);
void system_boot_done(void);

/* Threads into the log; their number. */
uint64_t system_dump_threads(void);

/* What a panic tells of the system: its threads. Takes no lock; the other CPUs are stopped. */
void system_panic_dump(void);
