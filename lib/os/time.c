/* SPDX-License-Identifier: MIT */
/* The clock. The page is written before the first process starts and never changes, so reading
 * needs no care. */
#include "os/time.h"

#include "abi/options.h"
#include "abi/status.h"
#include "abi/timepage.h"
#include "gen/os_calls.h"
#include "os/impl/cpu.h"
#include "os/start.h"

static const struct ts_time_page *time_page;

void ts_time_init(void) {
    ts_handle_t page = ts_startup_handle("time");
    uint64_t address;
    if (page != TS_HANDLE_INVALID && ts_vmar_map(ts_startup_handle("vmar"), TS_VMAR_READ, 0, page,
                                                 0, TS_PAGE_SIZE, &address) == TS_OK) {
        time_page = (const struct ts_time_page *)address;
    }
}

const void *ts_time_page_address(void) {
    return time_page;
}

ts_time_t ts_time_now(void) {
    ts_time_t now = 0;
    if (time_page == NULL) {
        return ts_clock_read(&now) == TS_OK ? now : 0;
    }
    uint64_t ticks = ts_counter_read() - time_page->base;
    unsigned __int128 product = (unsigned __int128)ticks * time_page->multiplier;
    unsigned shift = time_page->shift & 63u;
    uint64_t low = (uint64_t)product;
    uint64_t high = (uint64_t)(product >> 64);
    return (ts_time_t)(shift == 0 ? low : low >> shift | high << (64 - shift));
}

ts_time_t ts_time_after(ts_time_t duration) {
    ts_time_t deadline;
    return __builtin_add_overflow(ts_time_now(), duration, &deadline) ? TS_TIME_INFINITE : deadline;
}
