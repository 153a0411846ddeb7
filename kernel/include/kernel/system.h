/* SPDX-License-Identifier: MIT */
/* The system as a whole: self-tests, audit, counters. */
#pragma once

#include "abi/status.h"
#include "arch/usercopy.h"

struct job;

/* Runs every self-test, KTAP into the log; number of failed ones. In a thread, no lock held. */
uint64_t selftest_run(void);

/* Checks frames, heap, page tables and objects against each other; number of problems, each in the log. */
uint64_t audit_run(void);

/* TS_DEBUG_COUNTER: enum ts_debug_counter, except TS_COUNTER_CALLS, which is the dispatcher's. INVALID_ARGS. */
ts_status_t system_counter(uint64_t counter, uint64_t *value);
void system_boot_done(void);

/* Debug builds: the nth allocation from now on in system calls and page faults of the job's processes, or of jobs below
 * it, fails; 0: none. What was left to count of the one before. */
uint64_t system_fail_allocation(const struct job *job, uint64_t nth);

/* The records of a topic (lib/abi/inspect.h). Sleeps, and has preemption points. INVALID_ARGS, NOT_FOUND. */
ts_status_t system_inspect(uint32_t topic, uint64_t object, uint64_t start, uaddr_t buffer, size_t size,
                           size_t *actual, uint64_t *next);

/* Threads into the log; their number. */
uint64_t system_dump_threads(void);

/* What a panic tells of the system: its threads. Takes no lock; the other CPUs are stopped. */
void system_panic_dump(void);
