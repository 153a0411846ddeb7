/* SPDX-License-Identifier: MIT */
/* What outlives a swap server: init keeps it, and gives it to the next. */
#pragma once

#include "abi/types.h"

struct swap_objects {
    ts_handle_t pager;
    ts_handle_t port;  /* where the pager's requests arrive */
    ts_handle_t vmo;   /* where pages go that leave memory */
    ts_handle_t store; /* what the server keeps of them */
};

/* Makes them, for so many pages; 0: there is no swap. */
ts_status_t swap_make(uint64_t pages);

const struct swap_objects *swap_objects(void);
