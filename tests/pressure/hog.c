/* SPDX-License-Identifier: MIT */
/* The hog. What a page should contain follows from how often it was written, which lies in memory that does not leave. */
#include "pressure/pressure.h"

#include "abi/info.h"
#include "abi/options.h"
#include "abi/status.h"
#include "gen/os_calls.h"
#include "os/print.h"
#include "os/start.h"
#include "os/time.h"

#define WORDS (TS_PAGE_SIZE / sizeof(uint64_t))
#define HOT   (HOG_PAGES / 8)

static uint32_t version[HOG_PAGES];

static uint64_t content(uint64_t page, uint64_t word) {
    return (page << 32 | version[page]) * 0x9e3779b97f4a7c15ul + word;
}

static void write_page(volatile uint64_t *memory, uint64_t page) {
    version[page]++;
    for (uint64_t word = 0; word < WORDS; word++) {
        memory[page * WORDS + word] = content(page, word);
    }
}

static bool page_is_right(const volatile uint64_t *memory, uint64_t page) {
    for (uint64_t word = 0; word < WORDS; word++) {
        if (memory[page * WORDS + word] != content(page, word)) {
            return false;
        }
    }
    return true;
}

/* Half of the accesses go to an eighth of the pages. */
static uint64_t next_page(uint64_t *state) {
    *state = *state * 6364136223846793005ul + 1442695040888963407ul;
    uint64_t random = *state >> 33;
    return random % 2 == 0 ? random / 2 % HOT : random / 2 % HOG_PAGES;
}

static void tell(uint64_t accesses, uint64_t wrong) {
    struct ts_info_reclaim info = {0};
    size_t actual, available;
    (void)!ts_object_get_info(ts_startup_handle("job"), TS_INFO_JOB_RECLAIM, &info, sizeof(info), &actual, &available);
    ts_print("# hog: %lu accesses to %u pages in %u frames, %lu wrong; hits %lu, misses %lu, evictions %lu, ghost hits "
             "%lu, target %lu\n",
             accesses, HOG_PAGES, info.frames, wrong, info.hits, info.misses, info.evictions, info.ghost_hits,
             info.target);
}

int hog_run(ts_time_t begin, ts_time_t end) {
    ts_handle_t vmo = TS_HANDLE_INVALID;
    uint64_t address = 0, state = 1, accesses = 0, wrong = 0;
    ts_status_t status = ts_vmo_create(HOG_PAGES * TS_PAGE_SIZE, 0, &vmo);
    if (status == TS_OK) {
        status = ts_vmar_map(ts_startup_handle("vmar"), TS_VMAR_READ | TS_VMAR_WRITE, 0, vmo, 0,
                             HOG_PAGES * TS_PAGE_SIZE, &address);
    }
    if (status != TS_OK) {
        ts_print("# hog: %s\n", ts_status_name(status));
        return 2;
    }
    volatile uint64_t *memory = (volatile uint64_t *)address;
    for (uint64_t page = 0; page < HOG_PAGES; page++) {
        write_page(memory, page);
    }
    (void)!ts_thread_sleep(begin);
    for (; ts_time_now() < end; accesses++) {
        uint64_t page = next_page(&state);
        wrong += page_is_right(memory, page) ? 0 : 1;
        if (accesses % 2 == 0) {
            write_page(memory, page);
        }
    }
    for (uint64_t page = 0; page < HOG_PAGES; page++) {
        wrong += page_is_right(memory, page) ? 0 : 1;
    }
    tell(accesses, wrong);
    return wrong != 0;
}
