/* SPDX-License-Identifier: MIT */
/* Frames, mappings, copies. */
#include "abi/options.h"
#include "abi/status.h"
#include "base/string.h"
#include "bench/benchmarks.h"
#include "bench/measure.h"
#include "gen/os_calls.h"
#include "os/start.h"

#define COUNT        200u
#define COPY_COUNT   4u
#define FRAME_PAIRS  512u /* of one call */
#define MEBIBYTE     ((uint64_t)1 << 20)
#define GIBIBYTE     ((uint64_t)1 << 30)
#define NO_RAM       ((uint64_t)256 << 30) /* a physical address that may be mapped: nothing reads there */

#define READ_WRITE (TS_VMAR_READ | TS_VMAR_WRITE)

static ts_handle_t vmo;
static uint64_t map_size;
static uint64_t page; /* address of a mapped page */

static void run_frames(uint64_t count) {
    ts_status_t failures = TS_OK;
    uint64_t value;
    for (uint64_t i = 0; i < count; i++) {
        failures |= ts_system_debug(ts_startup_handle("debug"), TS_DEBUG_FRAMES, FRAME_PAIRS, &value);
    }
    measure_must(failures, __func__);
}

static void run_map(uint64_t count) {
    ts_status_t failures = TS_OK;
    ts_handle_t vmar = ts_startup_handle("vmar");
    uint64_t address;
    for (uint64_t i = 0; i < count; i++) {
        failures |= ts_vmar_map(vmar, READ_WRITE | TS_VMAR_MAP_RANGE, 0, vmo, 0, map_size, &address);
        failures |= ts_vmar_unmap(vmar, address, map_size);
    }
    measure_must(failures, __func__);
}

static void run_protect(uint64_t count) {
    ts_status_t failures = TS_OK;
    ts_handle_t vmar = ts_startup_handle("vmar");
    for (uint64_t i = 0; i < count; i++) {
        failures |= ts_vmar_protect(vmar, i % 2 == 0 ? TS_VMAR_READ : READ_WRITE, page, TS_PAGE_SIZE);
    }
    measure_must(failures, __func__);
}

static void run_copy(uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        memcpy((void *)(page + MEBIBYTE), (const void *)page, MEBIBYTE);
    }
}

/* Without a page fault: what is mapped is really there. */
static void measure_map(const char *name, uint64_t size) {
    ts_handle_t vmar = ts_startup_handle("vmar");
    uint64_t address, sum = 0;
    map_size = size;
    measure(name, run_map, COUNT, 1);
    if (size < GIBIBYTE) {
        measure_must(ts_vmar_map(vmar, READ_WRITE | TS_VMAR_MAP_RANGE, 0, vmo, 0, size, &address), name);
        uint64_t faults = measure_faults();
        for (uint64_t at = 0; at < size; at += TS_PAGE_SIZE) {
            sum += *(volatile unsigned char *)(address + at);
            *(volatile unsigned char *)(address + at) = (unsigned char)sum;
        }
        measure_must(measure_faults() == faults ? TS_OK : TS_ERR_BAD_STATE, name);
        measure_must(ts_vmar_unmap(vmar, address, size), name);
    }
    measure_must(ts_handle_close(vmo), "vmo");
}

/* Page by page, so that the memory is not in one piece. */
static void make_pages(uint64_t size) {
    measure_must(ts_vmo_create(size, 0, &vmo), "vmo");
    for (uint64_t at = 0; at < size; at += TS_PAGE_SIZE) {
        measure_must(ts_vmo_op_range(vmo, TS_VMO_OP_COMMIT, at, TS_PAGE_SIZE), "pages");
    }
}

static void measure_mapped(void) {
    ts_handle_t vmar = ts_startup_handle("vmar");
    uint64_t size = 2 * MEBIBYTE;
    make_pages(size);
    measure_must(ts_vmar_map(vmar, READ_WRITE | TS_VMAR_MAP_RANGE, 0, vmo, 0, size, &page), "mapping");
    measure("copy_1m", run_copy, COPY_COUNT, 1);
    measure("protect_4k", run_protect, COUNT, 1);
    measure_must(ts_vmar_unmap(vmar, page, size), "mapping");
    measure_must(ts_handle_close(vmo), "vmo");
}

void bench_memory(void) {
    measure("frame_alloc_free", run_frames, 2, FRAME_PAIRS);
    make_pages(TS_PAGE_SIZE);
    measure_map("map_unmap_4k", TS_PAGE_SIZE);
    make_pages(MEBIBYTE);
    measure_map("map_unmap_1m", MEBIBYTE);
    measure_must(ts_vmo_create_physical(ts_startup_handle("root"), NO_RAM, GIBIBYTE, &vmo), "physical memory");
    measure_map("map_unmap_1g", GIBIBYTE);
    measure_mapped();
}
