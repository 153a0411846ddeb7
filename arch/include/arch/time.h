/* SPDX-License-Identifier: MIT */
/* The monotonic clock and this CPU's one-shot timer. */
#pragma once

#include "abi/timepage.h"
#include "abi/types.h"

/* Nanoseconds since boot, monotonic on every CPU. */
ts_time_t arch_time_now(void);

/* Calls kernel_timer() on this CPU at or after deadline (ns; the past means at once). Replaces the earlier one. */
void arch_time_set_deadline(ts_time_t deadline);
void arch_time_cancel(void);

/* Fills in how user mode computes the same time from the counter it may read. */
void arch_time_page_fill(struct ts_time_page *page);

/* Lets user mode read the cycle counter (TSC, PMCCNTR_EL0, cycle), or not; this CPU. Benchmarks need it. The
 * counter of the time page is always readable. */
void arch_time_user_counters(bool enable);
