/* SPDX-License-Identifier: MIT */
/*
 * Page faults, one a page: the pages lie so far apart that no fault maps the next one's page, and the page table and
 * the VMO's node that they need are there. The system's counter of faults is compared with the pages.
 */
#include "abi/info.h"
#include "abi/options.h"
#include "abi/status.h"
#include "bench/benchmarks.h"
#include "bench/measure.h"
#include "gen/os_calls.h"
#include "os/start.h"

#define COUNT       80u
#define PAGES       (4u * COUNT) /* of the three runs of measure() */
#define STRIDE      17u          /* pages; more than what a fault maps around */
#define TABLE_PAGES 512u         /* of one page table */
#define PER_TABLE   30u          /* pages at that stride, without the first, which brings the table */
#define TABLES      ((PAGES + PER_TABLE - 1) / PER_TABLE)
#define SIZE        ((uint64_t)TABLES * TABLE_PAGES * TS_PAGE_SIZE)

static ts_handle_t vmo, child;
static uint64_t base;
static volatile uint64_t *far_page[PAGES]; /* found in advance: the loops that are measured only touch them */
static uint64_t next_page; /* number of the next to be touched, from 0 */

static volatile uint64_t *page_at(uint64_t index) {
    return (volatile uint64_t *)(base + index * TS_PAGE_SIZE);
}

static void find_far_pages(void) {
    for (uint64_t i = 0; i < PAGES; i++) {
        far_page[i] = page_at(i / PER_TABLE * TABLE_PAGES + (i % PER_TABLE + 1) * STRIDE);
    }
}

static void run_write(uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        *far_page[next_page++] = i;
    }
}

static void run_read(uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        (void)*far_page[next_page++];
    }
}

static void run_write_in_order(uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        *page_at(next_page++) = i;
    }
}

static void write_first_of_tables(uint64_t value) {
    for (uint64_t table = 0; table < TABLES; table++) {
        *page_at(table * TABLE_PAGES) = value;
    }
}

static void begin(void) {
    measure_must(ts_vmo_create(SIZE, 0, &vmo), "vmo");
    measure_must(ts_vmar_map(ts_startup_handle("vmar"), TS_VMAR_READ | TS_VMAR_WRITE, 0, vmo, 0, SIZE, &base),
                 "mapping");
    find_far_pages();
    next_page = 0;
}

static void end(void) {
    measure_must(ts_vmar_unmap(ts_startup_handle("vmar"), base, SIZE), "mapping");
    measure_must(ts_handle_close(vmo), "vmo");
}

static void measure_pages(const char *name, measure_run *run) {
    uint64_t faults = measure_faults();
    measure(name, run, COUNT, 1);
    measure_must(measure_faults() - faults == PAGES ? TS_OK : TS_ERR_BAD_STATE, name);
}

/* All pages written, and seen by a child since; what is not measured of the copying is done. */
static void begin_snapshot(void) {
    begin();
    write_first_of_tables(0);
    run_write(PAGES);
    measure_must(ts_vmo_create_child(vmo, TS_VMO_CHILD_SNAPSHOT, 0, SIZE, &child), "snapshot");
    next_page = 0;
}

static void measure_cow(void) {
    begin_snapshot();
    write_first_of_tables(1);
    measure_pages("fault_cow", run_write);
    measure_must(ts_handle_close(child), "snapshot");
    end();
}

static void measure_cow_last(void) {
    struct ts_info_vmo info = {0};
    size_t actual, available;
    begin_snapshot();
    measure_must(ts_handle_close(child), "snapshot");
    do { /* the child is taken apart a moment later */
        measure_must(ts_object_get_info(vmo, TS_INFO_VMO, &info, sizeof(info), &actual, &available), "info");
    } while (info.part != info.committed);
    write_first_of_tables(1);
    measure_pages("fault_cow_last", run_write);
    end();
}

void bench_faults(void) {
    begin();
    write_first_of_tables(0);
    measure_pages("fault_anon", run_write);
    end();
    begin();
    write_first_of_tables(0);
    measure_pages("fault_zero_read", run_read);
    end();
    begin();
    measure_pages("fault_anon_seq", run_write_in_order);
    end();
    measure_cow();
    measure_cow_last();
}
