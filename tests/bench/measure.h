/* SPDX-License-Identifier: MIT */
/*
 * Measuring by difference: what is measured runs N times to warm up, N times and 2N times; the difference of the last
 * two is the cost of N. Results are kept and printed when all is measured, so that no printing is measured.
 */
#pragma once

#include "abi/types.h"

/* Does `count` times what is measured. */
typedef void measure_run(uint64_t count);

/* Counter ticks of `count` times. */
uint64_t measure_ticks(measure_run *run, uint64_t count);

/* Keeps a result: ticks for so many operations. */
void measure_keep(const char *name, uint64_t ticks, uint64_t operations);

/* Both: `per_count` operations each time. */
void measure(const char *name, measure_run *run, uint64_t count, unsigned per_count);

/* A preparation that must not fail: says so and ends the program if it did. */
void measure_must(ts_status_t status, const char *what);

/* Page faults of user mode so far. */
uint64_t measure_faults(void);

/* Prints `result NAME INSTRUCTIONS` for each, and `marked` after it if measure_ticks() ran it between marks. */
void measure_print(void);
