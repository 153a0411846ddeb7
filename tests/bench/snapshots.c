/* SPDX-License-Identifier: MIT */
/* Snapshots, and what they do to large pages. */
#include "abi/info.h"
#include "abi/inspect.h"
#include "abi/options.h"
#include "abi/status.h"
#include "bench/benchmarks.h"
#include "bench/cpu.h"
#include "bench/measure.h"
#include "gen/os_calls.h"
#include "os/start.h"

#define COUNT         100u
#define ROUNDS        4u
#define LEVELS_MAX    4u
#define MEBIBYTE      ((uint64_t)1 << 20)
#define GIBIBYTE      ((uint64_t)1 << 30)
#define LARGE         (2 * MEBIBYTE)
#define MAPPED_PART   (128 * MEBIBYTE) /* of memory, mapped often enough to make 1 GiB */
#define MAPPED_TIMES  (GIBIBYTE / MAPPED_PART)
#define READ_WRITE    (TS_VMAR_READ | TS_VMAR_WRITE)

static ts_handle_t vmo;
static uint64_t size;

static ts_handle_t snapshot(uint64_t length) {
    ts_handle_t child;
    measure_must(ts_vmo_create_child(vmo, TS_VMO_CHILD_SNAPSHOT, 0, length, &child), "snapshot");
    return child;
}

/* A copy that was closed is taken apart by a more urgent thread of the kernel, a moment later. */
static void wait_for_end(void) {
    struct ts_info_vmo info = {0};
    size_t actual, available;
    do {
        measure_must(ts_object_get_info(vmo, TS_INFO_VMO, &info, sizeof(info), &actual, &available), "info");
    } while (info.part != info.committed);
}

/* One page in every `step` bytes, so that they are in no order in memory. */
static void make_pages(uint64_t length, uint64_t step) {
    size = length;
    measure_must(ts_vmo_create(size, 0, &vmo), "vmo");
    for (uint64_t at = 0; at < size; at += step) {
        measure_must(ts_vmo_op_range(vmo, TS_VMO_OP_COMMIT, at, TS_PAGE_SIZE), "pages");
    }
}

static uint64_t map(uint64_t length) {
    uint64_t address;
    measure_must(ts_vmar_map(ts_startup_handle("vmar"), READ_WRITE | TS_VMAR_MAP_RANGE, 0, vmo, 0, length, &address),
                 "mapping");
    return address;
}

static void unmap(uint64_t address, uint64_t length) {
    measure_must(ts_vmar_unmap(ts_startup_handle("vmar"), address, length), "mapping");
}

static void run_snapshot(uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        measure_must(ts_handle_close(snapshot(size)), __func__);
    }
}

/* What is written after a snapshot is not seen in it: one page per GiB. */
static void check_copy(void) {
    ts_handle_t child = snapshot(size);
    for (uint64_t at = 0; at < size; at += GIBIBYTE) {
        uint64_t written = ~at, before = 0, after = 0, now = 0;
        measure_must(ts_vmo_read(vmo, &before, at, sizeof(before)), "read");
        measure_must(ts_vmo_write(vmo, &written, at, sizeof(written)), "write");
        measure_must(ts_vmo_read(child, &after, at, sizeof(after)), "read");
        measure_must(ts_vmo_read(vmo, &now, at, sizeof(now)), "read");
        measure_must(after == before && now == written ? TS_OK : TS_ERR_BAD_STATE, "snapshot's contents");
    }
    measure_must(ts_handle_close(child), "snapshot");
}

static void measure_unmapped(const char *name, uint64_t length, uint64_t step) {
    make_pages(length, step);
    measure(name, run_snapshot, COUNT, 1);
    check_copy();
    measure_must(ts_handle_close(vmo), "vmo");
}

/* Mapped anew each time, because the snapshot takes WRITE away from what is mapped. */
static void measure_mapped_2m(void) {
    uint64_t ticks = 0;
    make_pages(LARGE, TS_PAGE_SIZE);
    for (unsigned round = 0; round <= ROUNDS; round++) {
        uint64_t address = map(LARGE);
        uint64_t start = cpu_cycles();
        measure_must(ts_handle_close(snapshot(LARGE)), "snapshot");
        measure_must(ts_thread_yield(), "yield");
        ticks += round > 0 ? cpu_cycles() - start : 0;
        wait_for_end();
        unmap(address, LARGE);
    }
    measure_keep("snapshot_2m", ticks, ROUNDS);
    check_copy();
    measure_must(ts_handle_close(vmo), "vmo");
}

/* Only the making is counted. */
static void measure_mapped_1g(void) {
    uint64_t address[MAPPED_TIMES];
    uint64_t ticks = 0;
    make_pages(MAPPED_PART, TS_PAGE_SIZE);
    for (unsigned round = 0; round <= ROUNDS; round++) {
        for (unsigned i = 0; i < MAPPED_TIMES; i++) {
            address[i] = map(MAPPED_PART);
        }
        uint64_t start = cpu_cycles();
        ts_handle_t child = snapshot(size);
        ticks += round > 0 ? cpu_cycles() - start : 0;
        uint64_t before = 1;
        *(volatile uint64_t *)address[MAPPED_TIMES - 1] = round + 1;
        measure_must(ts_vmo_read(child, &before, 0, sizeof(before)), "read");
        measure_must(before == round ? TS_OK : TS_ERR_BAD_STATE, "snapshot's contents");
        measure_must(ts_handle_close(child), "snapshot");
        wait_for_end();
        for (unsigned i = 0; i < MAPPED_TIMES; i++) {
            unmap(address[i], MAPPED_PART);
        }
    }
    measure_keep("snapshot_mapped_1g", ticks, ROUNDS * (GIBIBYTE / TS_PAGE_SIZE));
    measure_must(ts_handle_close(vmo), "vmo");
}

/* The size of the page that maps an address. */
static uint64_t size_at(uint64_t address) {
    struct ts_info_handle_basic self = {0};
    struct ts_inspect_entry entries[LEVELS_MAX] = {{0}};
    size_t actual, available;
    uint64_t next;
    measure_must(ts_object_get_info(ts_startup_handle("process"), TS_INFO_HANDLE_BASIC, &self, sizeof(self), &actual,
                                    &available),
                 "info");
    measure_must(ts_system_inspect(ts_startup_handle("debug"), TS_INSPECT_TRANSLATE, self.koid, address, entries,
                                   sizeof(entries), &actual, &next),
                 "inspection");
    return actual > 0 ? entries[actual - 1].size : 0;
}

static void expect_size(uint64_t address, uint64_t wanted, const char *name) {
    measure_must(size_at(address) == wanted ? TS_OK : TS_ERR_BAD_STATE, name);
}

/* The protection of one page splits a large page. */
static uint64_t split_once(uint64_t address) {
    uint64_t start = cpu_cycles();
    measure_must(ts_vmar_protect(ts_startup_handle("vmar"), TS_VMAR_READ, address + LARGE / 2, TS_PAGE_SIZE), "split");
    uint64_t ticks = cpu_cycles() - start;
    expect_size(address, TS_PAGE_SIZE, "split_2m");
    return ticks;
}

/* The first write of a page after a snapshot of it has gone joins it with its neighbours. */
static uint64_t promote_once(uint64_t address) {
    measure_must(ts_handle_close(snapshot(TS_PAGE_SIZE)), "snapshot");
    wait_for_end();
    expect_size(address, TS_PAGE_SIZE, "promote_2m");
    uint64_t start = cpu_cycles();
    *(volatile uint64_t *)address = start;
    uint64_t ticks = cpu_cycles() - start;
    expect_size(address, LARGE, "promote_2m");
    return ticks;
}

static void measure_large(const char *name, uint64_t (*once)(uint64_t address)) {
    uint64_t ticks = 0;
    size = LARGE;
    measure_must(ts_vmo_create(size, 0, &vmo), "vmo");
    measure_must(ts_vmo_op_range(vmo, TS_VMO_OP_COMMIT, 0, size), "pages");
    for (unsigned round = 0; round <= ROUNDS; round++) {
        uint64_t address = map(LARGE);
        expect_size(address, LARGE, name);
        uint64_t took = once(address);
        ticks += round > 0 ? took : 0;
        unmap(address, LARGE);
    }
    measure_keep(name, ticks, ROUNDS);
    measure_must(ts_handle_close(vmo), "vmo");
}

void bench_snapshots(void) {
    measure_unmapped("snapshot_4k", TS_PAGE_SIZE, TS_PAGE_SIZE);
    measure_unmapped("snapshot_1m", MEBIBYTE, TS_PAGE_SIZE);
    measure_unmapped("snapshot_1g", GIBIBYTE, LARGE);
    measure_mapped_2m();
    measure_mapped_1g();
    measure_large("split_2m", split_once);
    measure_large("promote_2m", promote_once);
}
