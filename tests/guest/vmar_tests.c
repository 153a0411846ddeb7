/* SPDX-License-Identifier: MIT */
/* Address ranges: what mappings show of VMOs that are not all there, where they are placed, operations on ranges. */
#include "guest/ceilings.h"
#include "guest/groups.h"
#include "guest/memory.h"

#define SPECIFIC  TS_VMAR_SPECIFIC
#define OVERWRITE TS_VMAR_SPECIFIC_OVERWRITE
#define FAULTS    TS_VMAR_ALLOW_FAULTS
#define CAN_ALL                                                                                                        \
    (TS_VMAR_CAN_MAP_READ | TS_VMAR_CAN_MAP_WRITE | TS_VMAR_CAN_MAP_EXECUTE | TS_VMAR_CAN_MAP_SPECIFIC)

static ts_handle_t make_range(uint64_t size, uint64_t *base) {
    ts_handle_t range = TS_HANDLE_INVALID;
    CHECK_OK(ts_vmar_allocate(guest_self.vmar, CAN_ALL, 0, size, &range, base));
    return range;
}

static void drop_range(ts_handle_t range) {
    CHECK_OK(ts_vmar_destroy(range));
    close_handle(range);
}

static uint64_t map_at(ts_handle_t range, uint32_t options, uint64_t offset, ts_handle_t vmo, uint64_t size) {
    uint64_t address = 0;
    CHECK_OK(ts_vmar_map(range, options, offset, vmo, 0, size, &address));
    return address;
}

/* --- operations on ranges --- */

static void normal_op_range(void) {
    ts_handle_t vmo = make_vmo(4 * PAGE);
    uint64_t address = map_vmo(vmo, 4 * PAGE);
    CHECK_OK(ts_vmar_op_range(guest_self.vmar, TS_VMO_OP_COMMIT, address + PAGE, 2 * PAGE));
    CHECK_EQUAL(2 * PAGE, vmo_info(vmo).committed);
    *word_in(address + PAGE) = 1;
    CHECK_OK(ts_vmar_op_range(guest_self.vmar, TS_VMO_OP_DECOMMIT, address, 4 * PAGE));
    CHECK_EQUAL(0, vmo_info(vmo).committed);
    CHECK_EQUAL(0, *word_in(address + PAGE));
    unmap(address, 4 * PAGE);
    close_handle(vmo);
}

static ts_status_t commit_in_child(void) {
    static ts_handle_t vmo;
    static uint64_t address;
    if (vmo == TS_HANDLE_INVALID) {
        vmo = make_vmo(2 * PAGE);
        address = map_vmo(vmo, 2 * PAGE);
    }
    ts_status_t status = ts_vmar_op_range(guest_self.vmar, TS_VMO_OP_COMMIT, address, 2 * PAGE);
    CHECK_OK(ts_vmar_op_range(guest_self.vmar, TS_VMO_OP_DECOMMIT, address, 2 * PAGE));
    return status;
}

static void hostile_op_range(void) {
    uint64_t base;
    ts_handle_t event = make_event();
    ts_handle_t vmo = make_vmo_with(TS_VMO_RESIZABLE, 2 * PAGE);
    ts_handle_t read_only = duplicate_without(vmo, TS_RIGHT_WRITE);
    ts_handle_t range = make_range(8 * PAGE, &base);
    ts_handle_t piece = TS_HANDLE_INVALID;
    CHECK_OK(ts_vmo_create_contiguous(PAGE, 0, &piece));
    (void)map_at(range, MAP_WRITE | SPECIFIC | FAULTS, 0, vmo, 2 * PAGE);
    (void)map_at(range, MAP_READ | SPECIFIC | FAULTS, 2 * PAGE, read_only, 2 * PAGE);
    (void)map_at(range, MAP_WRITE | SPECIFIC, 4 * PAGE, piece, PAGE);
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_op_range(range, 99, base, PAGE));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_op_range(range, TS_VMO_OP_LOCK, base, PAGE));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_op_range(range, TS_VMO_OP_COMMIT, base + 1, PAGE));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_op_range(range, TS_VMO_OP_COMMIT, base, 0));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_op_range(range, TS_VMO_OP_COMMIT, base, PAGE + 1));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_op_range(range, TS_VMO_OP_COMMIT, base - PAGE, PAGE));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_op_range(range, TS_VMO_OP_COMMIT, base, ~(PAGE - 1)));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_vmar_op_range(range, TS_VMO_OP_COMMIT, base + 2 * PAGE, PAGE));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_vmar_op_range(range, TS_VMO_OP_ZERO, base + 2 * PAGE, PAGE));
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, ts_vmar_op_range(range, TS_VMO_OP_DECOMMIT, base + 4 * PAGE, PAGE));
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmar_op_range(range, TS_VMO_OP_COMMIT, base + 5 * PAGE, PAGE));
    CHECK_OK(ts_vmo_set_size(vmo, PAGE));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_vmar_op_range(range, TS_VMO_OP_COMMIT, base + PAGE, PAGE));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_vmar_op_range(event, TS_VMO_OP_COMMIT, base, PAGE));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_vmar_op_range(0, TS_VMO_OP_COMMIT, base, PAGE));
    check_memory_ceiling(commit_in_child, TS_HANDLE_INVALID);
    CHECK_OK(ts_vmar_destroy(range));
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmar_op_range(range, TS_VMO_OP_COMMIT, base, PAGE));
    close_handle(range);
    close_handle(piece);
    close_handle(read_only);
    close_handle(vmo);
    close_handle(event);
}

static void m16_reaches_the_vmos(void) {
    uint64_t base;
    ts_handle_t first = make_vmo(4 * PAGE);
    ts_handle_t second = make_vmo(4 * PAGE);
    ts_handle_t range = make_range(8 * PAGE, &base);
    uint64_t address;
    CHECK_OK(ts_vmar_map(range, MAP_WRITE | SPECIFIC, 0, first, PAGE, 2 * PAGE, &address));
    CHECK_OK(ts_vmar_map(range, MAP_WRITE | SPECIFIC, 2 * PAGE, second, 0, 2 * PAGE, &address));
    CHECK_OK(ts_vmar_op_range(range, TS_VMO_OP_COMMIT, base + PAGE, 2 * PAGE));
    CHECK_EQUAL(PAGE, vmo_info(first).committed);
    CHECK_EQUAL(PAGE, vmo_info(second).committed);
    set_word(first, PAGE, 1); /* the first page that is mapped, outside of the next operation */
    set_word(first, 2 * PAGE, 2);
    set_word(second, 0, 3);
    CHECK_OK(ts_vmar_op_range(range, TS_VMO_OP_ZERO, base + PAGE, 2 * PAGE));
    CHECK_EQUAL(1, word_at(first, PAGE));
    CHECK_EQUAL(0, word_at(first, 2 * PAGE));
    CHECK_EQUAL(0, word_at(second, 0));
    CHECK_OK(ts_vmar_op_range(range, TS_VMO_OP_DECOMMIT, base, 4 * PAGE));
    CHECK_EQUAL(0, vmo_info(first).committed + vmo_info(second).committed);
    /* A hole ends it. What comes before it has been done. */
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmar_op_range(range, TS_VMO_OP_COMMIT, base + 3 * PAGE, 2 * PAGE));
    CHECK_OK(ts_vmar_op_range(guest_self.vmar, TS_VMO_OP_COMMIT, base, PAGE)); /* in a range within the range */
    CHECK_EQUAL(PAGE, vmo_info(first).committed);
    drop_range(range);
    close_handle(second);
    close_handle(first);
}

/* --- what mappings show --- */

static volatile bool overwrite_stop;
static volatile uint64_t overwrite_wrong;

static void watch_page(void *argument) {
    volatile uint64_t *words = argument;
    while (!overwrite_stop) {
        uint64_t value = words[0];
        overwrite_wrong += value != 1 && value != 2 ? 1 : 0;
    }
}

static void m4_overwrite_and_map_range(void) {
    uint64_t base;
    uint64_t address;
    ts_handle_t vmo = make_vmo(PAGE);
    ts_handle_t range = make_range(2 * PAGE, &base);
    CHECK_STATUS(TS_ERR_INVALID_ARGS,
                 ts_vmar_map(range, MAP_READ | OVERWRITE | TS_VMAR_MAP_RANGE, 0, vmo, 0, PAGE, &address));
    (void)map_at(range, MAP_READ | OVERWRITE, 0, vmo, PAGE); /* nothing need be there */
    drop_range(range);
    close_handle(vmo);
}

/* Nobody finds nothing there while one mapping takes the place of another. */
static void m4_overwrite_is_atomic(void) {
    uint64_t base;
    ts_handle_t vmo[2] = {make_vmo(PAGE), make_vmo(PAGE)};
    ts_handle_t range = make_range(2 * PAGE, &base);
    set_word(vmo[0], 0, 1);
    set_word(vmo[1], 0, 2);
    (void)map_at(range, MAP_READ | SPECIFIC, 0, vmo[0], PAGE);
    overwrite_stop = false;
    overwrite_wrong = 0;
    ts_handle_t watcher = guest_thread(watch_page, (void *)base);
    ts_time_t end = ts_time_after(TS_SECOND);
    for (unsigned i = 0; i < 20 || (i < 2000 && ts_time_now() < end); i++) {
        (void)map_at(range, MAP_READ | OVERWRITE, 0, vmo[i % 2], PAGE);
    }
    overwrite_stop = true;
    guest_join(watcher);
    CHECK_EQUAL(0, overwrite_wrong);
    drop_range(range);
    close_handle(vmo[1]);
    close_handle(vmo[0]);
}

static void m8_needs_allow_faults(void) {
    ts_handle_t fixed = make_vmo(PAGE);
    ts_handle_t resizable = make_vmo_with(TS_VMO_RESIZABLE, 2 * PAGE);
    uint64_t address = 0;
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, ts_vmar_map(guest_self.vmar, MAP_READ, 0, resizable, 0, PAGE, &address));
    CHECK_STATUS(TS_ERR_BUFFER_TOO_SMALL, ts_vmar_map(guest_self.vmar, MAP_READ, 0, fixed, 0, 2 * PAGE, &address));
    CHECK_STATUS(TS_ERR_BUFFER_TOO_SMALL, ts_vmar_map(guest_self.vmar, MAP_READ, 0, fixed, PAGE, PAGE, &address));
    CHECK_STATUS(TS_ERR_BUFFER_TOO_SMALL,
                 ts_vmar_map(guest_self.vmar, MAP_READ | FAULTS, 0, fixed, ~(PAGE - 1), PAGE, &address));
    CHECK_STATUS(TS_ERR_BUFFER_TOO_SMALL,
                 ts_vmar_map(guest_self.vmar, MAP_READ | FAULTS, 0, fixed, 1ul << 40, PAGE, &address));
    address = map_at(guest_self.vmar, MAP_READ | FAULTS, 0, resizable, 4 * PAGE);
    CHECK_EQUAL(0, *word_in(address + PAGE));
    unmap(address, 4 * PAGE);
    address = map_at(guest_self.vmar, MAP_WRITE | FAULTS, 0, fixed, 2 * PAGE);
    *word_in(address) = 1;
    unmap(address, 2 * PAGE);
    close_handle(resizable);
    close_handle(fixed);
}

/* What is behind a slice in its parent is not shown by a mapping that reaches beyond the slice; nor what is behind
 * memory in one piece. */
static void read_word(uint64_t address) {
    uint64_t mapped = 0;
    CHECK_OK(ts_vmar_map(guest_self.vmar, MAP_READ | FAULTS | TS_VMAR_MAP_RANGE, 0, guest_self.extra, 0, 4 * PAGE,
                         &mapped));
    (void)*word_in(mapped);
    (void)*word_in(mapped + address);
    CHECK(!"the access faulted");
}

static void check_faults(ts_handle_t vmo, uint64_t offset) {
    struct guest_child child;
    ts_handle_t extra = duplicate_with(vmo, TS_RIGHT_SAME_RIGHTS);
    if (guest_child_start(&child, guest_self.job, read_word, offset, extra)) {
        CHECK_EQUAL(TS_EXIT_EXCEPTION, guest_child_end(&child));
    }
}

static void m9_beyond_the_end(void) {
    ts_handle_t vmo = make_vmo(4 * PAGE);
    ts_handle_t piece = TS_HANDLE_INVALID;
    uint64_t word = 0;
    fill_pages(vmo, 0, 4, 1);
    ts_handle_t slice = make_slice(vmo, 0, 2 * PAGE);
    check_faults(slice, 2 * PAGE);
    CHECK_OK(ts_vmo_create_contiguous(PAGE, 0, &piece));
    check_faults(piece, PAGE);
    uint64_t address = map_at(guest_self.vmar, MAP_READ | FAULTS, 0, slice, 4 * PAGE);
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_write(vmo, (const void *)(address + 2 * PAGE), 0, sizeof(word)));
    CHECK_EQUAL(2, *word_in(address + PAGE));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_write(vmo, (const void *)(address + 2 * PAGE), 0, sizeof(word)));
    unmap(address, 4 * PAGE);
    close_handle(piece);
    close_handle(slice);
    close_handle(vmo);
}

static void m9_after_shrinking(void) {
    ts_handle_t vmo = make_vmo_with(TS_VMO_RESIZABLE, 4 * PAGE);
    fill_pages(vmo, 0, 4, 1);
    uint64_t address = map_at(guest_self.vmar, MAP_WRITE | FAULTS, 0, vmo, 4 * PAGE);
    CHECK_EQUAL(4, *word_in(address + 3 * PAGE));
    CHECK_OK(ts_vmo_set_size(vmo, 3 * PAGE));
    ts_handle_t other = make_vmo(PAGE);
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_write(other, (const void *)(address + 3 * PAGE), 0, 8));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_read(other, (void *)(address + 3 * PAGE), 0, 8));
    check_faults(vmo, 3 * PAGE);
    CHECK_OK(ts_vmo_set_size(vmo, 4 * PAGE));
    CHECK_EQUAL(0, *word_in(address + 3 * PAGE));
    unmap(address, 4 * PAGE);
    close_handle(other);
    close_handle(vmo);
}

static void m13_destroyed_range(void) {
    uint64_t base;
    uint64_t address;
    ts_handle_t inner = TS_HANDLE_INVALID;
    ts_handle_t vmo = make_vmo(PAGE);
    ts_handle_t range = make_range(4 * PAGE, &base);
    CHECK_OK(ts_vmar_allocate(range, CAN_ALL, 0, 2 * PAGE, &inner, &address));
    address = map_at(inner, MAP_WRITE, 0, vmo, PAGE);
    *word_in(address) = 1;
    uint64_t within = address; /* both of them */
    CHECK_OK(ts_vmar_destroy(range));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_write(vmo, (const void *)address, 0, 8));
    for (unsigned i = 0; i < 2; i++) {
        ts_handle_t dead = i == 0 ? range : inner;
        ts_handle_t child;
        CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmar_map(dead, MAP_READ, 0, vmo, 0, PAGE, &address));
        CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmar_allocate(dead, CAN_ALL, 0, PAGE, &child, &address));
        CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmar_unmap(dead, within, PAGE));
        CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmar_protect(dead, MAP_READ, within, PAGE));
        CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmar_op_range(dead, TS_VMO_OP_COMMIT, within, PAGE));
        CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmar_destroy(dead));
    }
    CHECK_EQUAL(0, vmo_info(vmo).mappings);
    close_handle(inner);
    close_handle(range);
    close_handle(vmo);
}

static void m14_alignment(void) {
    uint64_t base;
    uint64_t address = 0;
    ts_handle_t vmo = make_vmo(PAGE);
    ts_handle_t range = make_range(64 * PAGE, &base);
    ts_handle_t inner = TS_HANDLE_INVALID;
    for (uint32_t log2 = 12; log2 <= 31; log2++) {
        CHECK_OK(ts_vmar_map(guest_self.vmar, MAP_READ | TS_VMAR_ALIGN(log2), 0, vmo, 0, PAGE, &address));
        CHECK(address != 0);
        CHECK_EQUAL(0, address & ((1ul << log2) - 1));
        unmap(address, PAGE);
    }
    CHECK_OK(ts_vmar_allocate(guest_self.vmar, CAN_ALL | TS_VMAR_ALIGN(21), 0, 2 * PAGE, &inner, &address));
    CHECK_EQUAL(0, address & ((1ul << 21) - 1));
    drop_range(inner);
    for (uint32_t log2 = 1; log2 < 12; log2++) {
        CHECK_STATUS(TS_ERR_INVALID_ARGS,
                     ts_vmar_map(guest_self.vmar, MAP_READ | TS_VMAR_ALIGN(log2), 0, vmo, 0, PAGE, &address));
    }
    /* The place that was named must be such a one; where there is none, there is no room. */
    uint64_t odd = (base & 0x3fff) == 0 ? PAGE : 0;
    CHECK_STATUS(TS_ERR_INVALID_ARGS,
                 ts_vmar_map(range, MAP_READ | SPECIFIC | TS_VMAR_ALIGN(14), odd, vmo, 0, PAGE, &address));
    uint64_t even = (0x4000 - (base & 0x3fff)) & 0x3fff;
    CHECK_OK(ts_vmar_map(range, MAP_READ | SPECIFIC | TS_VMAR_ALIGN(14), even, vmo, 0, PAGE, &address));
    CHECK_OK(ts_vmar_unmap(range, address, PAGE));
    unsigned found = 0;
    while (ts_vmar_map(range, MAP_READ | TS_VMAR_ALIGN(14), 0, vmo, 0, PAGE, &address) == TS_OK && found <= 64) {
        CHECK_EQUAL(0, address & 0x3fff);
        found++;
    }
    CHECK(found == 15 || found == 16); /* every place is found */
    drop_range(range);
    close_handle(vmo);
}

static uint64_t faults_of_all(void) {
    uint64_t value = 0;
    CHECK_OK(ts_system_debug(resource("debug"), TS_DEBUG_COUNTER, TS_COUNTER_FAULTS, &value));
    return value;
}

#define TOUCHED 512u

/* Faults while each page is read once; the least of some, because other programs fault too. */
static uint64_t faults_of_touching(ts_handle_t vmo, uint32_t options) {
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < 5; i++) {
        uint64_t address = map_at(guest_self.vmar, MAP_READ | options, 0, vmo, TOUCHED * PAGE);
        uint64_t before = faults_of_all();
        for (uint64_t page = 0; page < TOUCHED; page++) {
            CHECK_EQUAL(page + 1, *word_in(address + page * PAGE));
        }
        uint64_t faults = faults_of_all() - before;
        least = faults < least ? faults : least;
        unmap(address, TOUCHED * PAGE);
    }
    return least;
}

static void m15_map_range(void) {
    ts_handle_t vmo = make_vmo(TOUCHED * PAGE);
    fill_pages(vmo, 0, TOUCHED, 1);
    CHECK(faults_of_touching(vmo, 0) > 0);
    CHECK_EQUAL(0, faults_of_touching(vmo, TS_VMAR_MAP_RANGE));
    close_handle(vmo);
}

/* What is not there is not made, and a copy's pages are not given away for writing. */
static void m15_only_what_is_there(void) {
    ts_handle_t vmo = make_vmo(8 * PAGE);
    fill_pages(vmo, 2, 2, 1);
    ts_handle_t copy = make_snapshot(vmo, 0, 8 * PAGE);
    uint64_t address = map_at(guest_self.vmar, MAP_WRITE | TS_VMAR_MAP_RANGE, 0, copy, 8 * PAGE);
    CHECK_EQUAL(2 * PAGE, vmo_info(copy).committed);
    *word_in(address + 2 * PAGE) = 9;
    check_pages(vmo, 2, 2, 1);
    CHECK_EQUAL(0, *word_in(address));
    unmap(address, 8 * PAGE);
    close_handle(copy);
    close_handle(vmo);
}

/* --- guard regions --- */

#define GUARD 3u /* page of the range; its neighbours are mapped */

/* Two mappings of pages of the VMO, with a guard between them that outlives its handle. */
static ts_handle_t make_guarded(ts_handle_t vmo, uint64_t *base) {
    uint64_t address = 0;
    ts_handle_t guard = TS_HANDLE_INVALID;
    ts_handle_t range = make_range(8 * PAGE, base);
    CHECK_OK(ts_vmar_map(range, MAP_WRITE | SPECIFIC, (GUARD - 1) * PAGE, vmo, 0, PAGE, &address));
    CHECK_OK(ts_vmar_map(range, MAP_WRITE | SPECIFIC, (GUARD + 1) * PAGE, vmo, PAGE, PAGE, &address));
    CHECK_OK(ts_vmar_allocate(range, SPECIFIC, GUARD * PAGE, PAGE, &guard, &address));
    CHECK_EQUAL(*base + GUARD * PAGE, address);
    close_handle(guard);
    return range;
}

/* Writes downwards from the end of the upper mapping. */
static void run_over(uint64_t unused) {
    uint64_t base = 0;
    (void)unused;
    (void)make_guarded(guest_self.extra, &base);
    for (uint64_t at = base + (GUARD + 2) * PAGE - 8; at >= base; at -= 8) {
        *word_in(at) = at;
    }
    CHECK(!"the access faulted");
}

static void guard_ends_what_runs_over(void) {
    struct guest_child child;
    ts_handle_t vmo = make_vmo(2 * PAGE);
    uint64_t lower[PAGE / sizeof(uint64_t)];
    set_word(vmo, PAGE - 8, 5);
    if (guest_child_start(&child, guest_self.job, run_over, 0, duplicate_with(vmo, TS_RIGHT_SAME_RIGHTS))) {
        CHECK_EQUAL(TS_EXIT_EXCEPTION, guest_child_end(&child));
    }
    CHECK(word_at(vmo, PAGE) != 0); /* it came to the guard */
    CHECK_OK(ts_vmo_read(vmo, lower, 0, sizeof(lower)));
    for (unsigned i = 0; i < PAGE / sizeof(uint64_t); i++) {
        CHECK_EQUAL(i == PAGE / sizeof(uint64_t) - 1 ? 5 : 0, lower[i]);
    }
    close_handle(vmo);
}

static void guard_is_nobody_elses(void) {
    uint64_t base, address = 0;
    ts_handle_t vmo = make_vmo(2 * PAGE);
    ts_handle_t range = make_guarded(vmo, &base);
    const uint64_t at = base + GUARD * PAGE;
    ts_handle_t child;
    CHECK_STATUS(TS_ERR_ALREADY_EXISTS, ts_vmar_map(range, MAP_READ | SPECIFIC, GUARD * PAGE, vmo, 0, PAGE, &address));
    CHECK_STATUS(TS_ERR_ALREADY_EXISTS, ts_vmar_allocate(range, SPECIFIC, GUARD * PAGE, PAGE, &child, &address));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmar_protect(range, MAP_READ, at, PAGE));
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmar_op_range(range, TS_VMO_OP_COMMIT, at, PAGE));
    unsigned found = 0;
    while (found < 8 && ts_vmar_map(range, MAP_READ, 0, vmo, 0, PAGE, &address) == TS_OK) {
        CHECK(address != at);
        found++;
    }
    CHECK_EQUAL(5, found); /* all that is not taken */
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_read(vmo, (void *)at, 0, 8));
    CHECK_OK(ts_vmar_unmap(range, at, PAGE));
    CHECK_OK(ts_vmar_map(range, MAP_WRITE | SPECIFIC, GUARD * PAGE, vmo, 0, PAGE, &address));
    *word_in(at) = 1;
    drop_range(range);
    close_handle(vmo);
}

/* A guard that is kept: nothing can be mapped by its handle. */
static void guard_permits_nothing(void) {
    uint64_t base = 0, address = 0;
    ts_handle_t vmo = make_vmo(PAGE);
    ts_handle_t guard = TS_HANDLE_INVALID;
    CHECK_OK(ts_vmar_allocate(guest_self.vmar, 0, 0, PAGE, &guard, &base));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_vmar_map(guard, MAP_READ, 0, vmo, 0, PAGE, &address));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_vmar_map(guard, MAP_READ | SPECIFIC, 0, vmo, 0, PAGE, &address));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_read(vmo, (void *)base, 0, 8));
    CHECK_OK(ts_vmar_map(guard, 0, 0, vmo, 0, PAGE, &address)); /* without any permission */
    CHECK_EQUAL(base, address);
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_read(vmo, (void *)base, 0, 8));
    drop_range(guard);
    close_handle(vmo);
}

/* Permissions that come back by faults: those of the mapping, not more. */
static void protect_of_copies(void) {
    ts_handle_t vmo = make_vmo(2 * PAGE);
    fill_pages(vmo, 0, 2, 1);
    ts_handle_t copy = make_snapshot(vmo, 0, 2 * PAGE);
    uint64_t address = map_vmo(copy, 2 * PAGE);
    ts_handle_t source = make_vmo(PAGE);
    CHECK_EQUAL(1, *word_in(address));
    CHECK_OK(ts_vmar_protect(guest_self.vmar, MAP_READ, address, 2 * PAGE));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_read(source, (void *)address, 0, 8));
    CHECK_OK(ts_vmar_protect(guest_self.vmar, MAP_WRITE, address, 2 * PAGE));
    *word_in(address) = 7;
    CHECK_EQUAL(1, word_at(vmo, 0));
    CHECK_EQUAL(7, word_at(copy, 0));
    unmap(address, 2 * PAGE);
    close_handle(source);
    close_handle(copy);
    close_handle(vmo);
}

static const struct guest_test tests[] = {
    {"normal: vmar_op_range commits and decommits what is mapped", normal_op_range},
    {"hostile: vmar_op_range refuses operations, ranges and rights, and at the ceiling", hostile_op_range},
    {"M4 OVERWRITE and MAP_RANGE exclude each other", m4_overwrite_and_map_range},
    {"M4 an overwritten mapping is there all the time", m4_overwrite_is_atomic},
    {"M8 a mapping that may fault needs ALLOW_FAULTS", m8_needs_allow_faults},
    {"M9 V29 an access beyond a slice or piece faults", m9_beyond_the_end},
    {"M9 an access beyond what a VMO was cut to faults", m9_after_shrinking},
    {"M13 a range that was destroyed is of no use", m13_destroyed_range},
    {"M14 addresses are aligned as was asked", m14_alignment},
    {"M15 MAP_RANGE makes faults unnecessary", m15_map_range},
    {"M15 MAP_RANGE makes no pages and copies none", m15_only_what_is_there},
    {"M12 a range without flags is a guard: what runs over into it ends", guard_ends_what_runs_over},
    {"M3 nothing else is placed where a guard is", guard_is_nobody_elses},
    {"M5 M12 nothing is mapped in a guard", guard_permits_nothing},
    {"M16 operations on a range reach the VMOs in it", m16_reaches_the_vmos},
    {"M11 V24 protect of a copy's mapping gives WRITE to its own pages only", protect_of_copies},
};

GUEST_GROUP(vmar_tests, tests);
