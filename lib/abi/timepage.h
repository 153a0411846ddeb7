/* SPDX-License-Identifier: MIT */
/* The time page: mapped read-only into every process, so that clocks are read without a call. */
#pragma once

#include "abi/types.h"

/* ns = ((counter - base) * multiplier) >> shift, in 128-bit arithmetic. The counter is TSC, CNTVCT_EL0 or time. */
struct ts_time_page {
    uint64_t base;
    uint64_t multiplier;
    uint32_t shift;
    uint32_t reserved;
    uint64_t frequency; /* Hz, for information */
};
