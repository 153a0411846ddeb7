/* SPDX-License-Identifier: MIT */
/* Monotonic time without a system call, by the time page. */
#pragma once

#include "abi/types.h"

#define TS_MICROSECOND ((ts_time_t)1000)
#define TS_MILLISECOND ((ts_time_t)1000000)
#define TS_SECOND      ((ts_time_t)1000000000)

/* Called once by crt0: maps the time page. */
void ts_time_init(void);

/* Where the time page is mapped; null if it is not. For who builds an address space like its own. */
const void *ts_time_page_address(void);

/* Nanoseconds since boot. */
ts_time_t ts_time_now(void);

/* The deadline that is so far away. */
ts_time_t ts_time_after(ts_time_t duration);
