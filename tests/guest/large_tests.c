/* SPDX-License-Identifier: MIT */
/*
 * Large pages that come by themselves: when 2 MiB of a VMO are mapped by one, and that everything that is done to a part
 * leaves the rest as it was. What is mapped how is told by system_inspect.
 */
#include "guest/groups.h"
#include "guest/memory.h"

#define LARGE       ((uint64_t)1 << 21)
#define PAGES       (LARGE / PAGE)
#define LAST        (PAGE - sizeof(uint64_t)) /* the last word of a page */
#define WORD_READY  20u /* shared words */
#define WORD_GO     21u

/* --- short forms --- */

/* The size of the page that maps it; 0: none. */
static uint64_t size_at(uint64_t address) {
    struct ts_inspect_entry leaf = leaf_of(guest_self.process, address);
    return leaf.kind == TS_ENTRY_LEAF ? leaf.size : 0;
}

static bool is_writable_at(uint64_t address) {
    return (leaf_of(guest_self.process, address).flags & TS_ENTRY_WRITE) != 0;
}

static void commit(ts_handle_t vmo, uint64_t offset, uint64_t size) {
    CHECK_OK(ts_vmo_op_range(vmo, TS_VMO_OP_COMMIT, offset, size));
}

static uint64_t map_all(ts_handle_t vmo, uint64_t size) {
    uint64_t address = 0;
    CHECK_OK(ts_vmar_map(guest_self.vmar, MAP_WRITE | TS_VMAR_MAP_RANGE | TS_VMAR_ALLOW_FAULTS, 0, vmo, 0, size,
                         &address));
    return address;
}

/* First and last word of each page, through the mapping. */
static void fill(uint64_t address, uint64_t pages, uint64_t base) {
    for (uint64_t page = 0; page < pages; page++) {
        *word_in(address + page * PAGE) = base + page;
        *word_in(address + page * PAGE + LAST) = ~(base + page);
    }
}

static void check_filled(uint64_t address, uint64_t first, uint64_t end, uint64_t base) {
    for (uint64_t page = first; page < end; page++) {
        if (!CHECK_EQUAL(base + page, *word_in(address + page * PAGE)) ||
            !CHECK_EQUAL(~(base + page), *word_in(address + page * PAGE + LAST))) {
            return;
        }
    }
}

/* Committed, mapped by one large page, and written. */
static ts_handle_t make_large(uint32_t options, uint64_t *address) {
    ts_handle_t vmo = make_vmo_with(options, LARGE);
    commit(vmo, 0, LARGE);
    *address = map_all(vmo, LARGE);
    CHECK_EQUAL(LARGE, size_at(*address));
    fill(*address, PAGES, 1);
    CHECK_EQUAL(LARGE, size_at(*address));
    return vmo;
}

static void drop_large(ts_handle_t vmo, uint64_t address) {
    unmap(address, LARGE);
    close_handle(vmo);
}

/* --- how it comes about --- */

static void commit_gives_large_pages(void) {
    const uint64_t size = 2 * LARGE + PAGE;
    ts_handle_t vmo = make_vmo(size);
    commit(vmo, 0, size);
    CHECK_EQUAL(size, vmo_info(vmo).committed);
    CHECK_EQUAL(size, vmo_info(vmo).part);
    uint64_t address = map_all(vmo, size);
    CHECK_EQUAL(0, address & (LARGE - 1));
    CHECK_EQUAL(LARGE, size_at(address));
    CHECK_EQUAL(LARGE, size_at(address + 2 * LARGE - 1));
    CHECK_EQUAL(PAGE, size_at(address + 2 * LARGE));
    for (uint64_t at = 0; at < size; at += sizeof(uint64_t)) {
        if (*word_in(address + at) != 0 && !CHECK_EQUAL(0, *word_in(address + at))) {
            break;
        }
    }
    fill(address, size / PAGE, 7);
    check_pages(vmo, 0, size / PAGE, 7);
    CHECK_EQUAL(LARGE, size_at(address));
    unmap(address, size);
    CHECK_EQUAL(0, size_at(address));
    close_handle(vmo);
}

static void first_touch_maps_all(void) {
    ts_handle_t vmo = make_vmo(LARGE);
    commit(vmo, 0, LARGE);
    uint64_t address = map_vmo(vmo, LARGE);
    CHECK_EQUAL(0, size_at(address));
    *word_in(address + 5 * PAGE) = 9;
    CHECK_EQUAL(LARGE, size_at(address));
    CHECK(is_writable_at(address + LARGE - 1));
    unmap(address, LARGE);
    address = map_vmo(vmo, LARGE);
    CHECK_EQUAL(0, *word_in(address + 500 * PAGE));
    CHECK_EQUAL(LARGE, size_at(address));
    CHECK_EQUAL(9, *word_in(address + 5 * PAGE));
    unmap(address, LARGE);
    CHECK_OK(ts_vmar_map(guest_self.vmar, MAP_READ, 0, vmo, 0, LARGE, &address));
    CHECK_EQUAL(9, *word_in(address + 5 * PAGE));
    CHECK_EQUAL(LARGE, size_at(address));
    CHECK(!is_writable_at(address));
    drop_large(vmo, address);
}

/* Other places of the VMO or of the address, a page that is there already, a part that is committed, memory that is not
 * mapped to its end. */
static void what_does_not_fit_stays_small(void) {
    ts_handle_t vmo = make_vmo(3 * LARGE);
    set_word(vmo, 2 * LARGE + 7 * PAGE, 5);
    commit(vmo, PAGE, 3 * LARGE - PAGE);
    uint64_t address = map_all(vmo, 3 * LARGE);
    CHECK_EQUAL(0, size_at(address));
    CHECK_EQUAL(PAGE, size_at(address + PAGE));
    CHECK_EQUAL(LARGE, size_at(address + LARGE));
    CHECK_EQUAL(PAGE, size_at(address + 2 * LARGE));
    CHECK_EQUAL(5, *word_in(address + 2 * LARGE + 7 * PAGE));
    fill(address, 3 * PAGES, 1);
    check_pages(vmo, 0, 3 * PAGES, 1);
    unmap(address, 3 * LARGE);
    CHECK_OK(ts_vmar_map(guest_self.vmar, MAP_WRITE | TS_VMAR_MAP_RANGE, 0, vmo, LARGE + PAGE, LARGE, &address));
    CHECK_EQUAL(PAGE, size_at(address));
    check_filled(address, 0, PAGES, 1 + PAGES + 1);
    unmap(address, LARGE);
    close_handle(vmo);
}

/* A slice ends before its parent does. */
static void edge_of_a_slice(void) {
    uint64_t address = 0;
    ts_handle_t vmo = make_vmo(LARGE);
    commit(vmo, 0, LARGE);
    ts_handle_t slice = make_slice(vmo, 0, LARGE - PAGE);
    for (unsigned writes = 0; writes < 2; writes++) {
        CHECK_OK(ts_vmar_map(guest_self.vmar, MAP_WRITE | TS_VMAR_ALLOW_FAULTS, 0, slice, 0, LARGE, &address));
        if (writes != 0) {
            *word_in(address) = 1;
        }
        CHECK_EQUAL(writes, *word_in(address));
        CHECK_EQUAL(PAGE, size_at(address));
        CHECK_EQUAL(0, size_at(address + LARGE - PAGE));
        unmap(address, LARGE);
    }
    close_handle(slice);
    close_handle(vmo);
}

/* A mapping of less than 2 MiB, at either edge: nothing is mapped beyond it. */
static void edges_of_a_mapping(void) {
    const uint32_t can = TS_VMAR_CAN_MAP_READ | TS_VMAR_CAN_MAP_WRITE | TS_VMAR_CAN_MAP_SPECIFIC;
    ts_handle_t vmo = make_vmo(LARGE), range = TS_HANDLE_INVALID;
    uint64_t base = 0;
    commit(vmo, 0, LARGE);
    CHECK_OK(ts_vmar_allocate(guest_self.vmar, can | TS_VMAR_ALIGN(21), 0, LARGE, &range, &base));
    for (uint64_t first = 0; first <= 1; first++) {
        for (unsigned writes = 0; writes < 2; writes++) {
            uint64_t address = 0;
            CHECK_OK(ts_vmar_map(range, MAP_WRITE | TS_VMAR_SPECIFIC, first * PAGE, vmo, first * PAGE, LARGE - PAGE,
                                 &address));
            if (writes != 0) {
                *word_in(base + 9 * PAGE) = 1;
            }
            CHECK_EQUAL(writes, *word_in(base + 9 * PAGE));
            CHECK_EQUAL(PAGE, size_at(base + 9 * PAGE));
            CHECK_EQUAL(0, size_at(first == 0 ? base + LARGE - PAGE : base));
            *word_in(base + 9 * PAGE) = 0;
            CHECK_OK(ts_vmar_unmap(range, address, LARGE - PAGE));
        }
    }
    CHECK_OK(ts_vmar_destroy(range));
    close_handle(range);
    close_handle(vmo);
}

/* Pages of zeros that were read before are mapped in both places; what is written then is seen in both. */
static void zeros_go_when_memory_comes(void) {
    ts_handle_t vmo = make_vmo(LARGE);
    uint64_t first = map_vmo(vmo, LARGE), second = map_vmo(vmo, LARGE);
    for (uint64_t page = 0; page < PAGES; page += 50) {
        CHECK_EQUAL(0, *word_in(first + page * PAGE) + *word_in(second + page * PAGE));
    }
    commit(vmo, 0, LARGE);
    fill(first, PAGES, 3);
    CHECK_EQUAL(LARGE, size_at(first));
    check_filled(second, 0, PAGES, 3);
    CHECK_EQUAL(LARGE, size_at(second));
    unmap(second, LARGE);
    drop_large(vmo, first);
}

/* --- what is done to a part --- */

static void protect_of_a_part(void) {
    uint64_t address;
    ts_handle_t vmo = make_large(0, &address), source = make_vmo(PAGE);
    CHECK_OK(ts_vmar_protect(guest_self.vmar, MAP_READ, address + 9 * PAGE, PAGE));
    CHECK_EQUAL(PAGE, size_at(address + 9 * PAGE));
    CHECK(!is_writable_at(address + 9 * PAGE));
    CHECK(is_writable_at(address + 8 * PAGE) && is_writable_at(address + 10 * PAGE));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_read(source, (void *)(address + 9 * PAGE), 0, 8));
    check_filled(address, 0, PAGES, 1);
    fill(address, 9, 100);
    fill(address + 10 * PAGE, PAGES - 10, 110);
    CHECK_OK(ts_vmar_protect(guest_self.vmar, MAP_WRITE, address + 9 * PAGE, PAGE));
    fill(address + 9 * PAGE, 1, 109);
    check_filled(address, 0, PAGES, 100);
    close_handle(source);
    drop_large(vmo, address);
}

static void decommit_of_a_part(void) {
    uint64_t address;
    ts_handle_t vmo = make_large(0, &address);
    CHECK_OK(ts_vmo_op_range(vmo, TS_VMO_OP_DECOMMIT, 100 * PAGE, 10 * PAGE));
    CHECK_EQUAL(LARGE - 10 * PAGE, vmo_info(vmo).committed);
    CHECK_EQUAL(PAGE, size_at(address));
    CHECK_EQUAL(0, size_at(address + 100 * PAGE));
    check_zeros(vmo, 100, 10);
    check_filled(address, 0, 100, 1);
    check_filled(address, 110, PAGES, 1);
    CHECK_EQUAL(0, *word_in(address + 105 * PAGE));
    fill(address + 100 * PAGE, 10, 101);
    check_filled(address, 0, PAGES, 1);
    drop_large(vmo, address);
}

static void unmap_of_a_part(void) {
    uint64_t address;
    ts_handle_t vmo = make_large(0, &address), source = make_vmo(PAGE);
    unmap(address + 3 * PAGE, 2 * PAGE);
    CHECK_EQUAL(0, size_at(address + 3 * PAGE));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_write(source, (void *)(address + 4 * PAGE), 0, 8));
    check_filled(address, 0, 3, 1);
    check_filled(address, 5, PAGES, 1);
    check_pages(vmo, 0, PAGES, 1);
    unmap(address, 3 * PAGE);
    unmap(address + 5 * PAGE, LARGE - 5 * PAGE);
    close_handle(source);
    close_handle(vmo);
}

static void cut_of_a_part(void) {
    uint64_t address;
    ts_handle_t vmo = make_large(TS_VMO_RESIZABLE, &address), source = make_vmo(PAGE);
    CHECK_OK(ts_vmo_set_size(vmo, 300 * PAGE));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_write(source, (void *)(address + 300 * PAGE), 0, 8));
    check_filled(address, 0, 300, 1);
    CHECK_OK(ts_vmo_set_size(vmo, LARGE));
    CHECK_EQUAL(0, *word_in(address + 300 * PAGE));
    CHECK_EQUAL(0, *word_in(address + LARGE - PAGE));
    CHECK_OK(ts_vmo_op_range(vmo, TS_VMO_OP_ZERO, 10 * PAGE, 2 * PAGE));
    CHECK_EQUAL(0, *word_in(address + 10 * PAGE));
    check_filled(address, 0, 10, 1);
    check_filled(address, 12, 300, 1);
    close_handle(source);
    drop_large(vmo, address);
}

/* The copy's pages lose WRITE, and get it back, as a large page, with the first write after the copy is gone. */
static void snapshot_of_a_part(void) {
    uint64_t address;
    ts_handle_t vmo = make_large(0, &address);
    ts_handle_t copy = make_snapshot(vmo, 20 * PAGE, PAGE);
    CHECK_EQUAL(PAGE, size_at(address + 20 * PAGE));
    CHECK(!is_writable_at(address + 20 * PAGE));
    CHECK(is_writable_at(address + 19 * PAGE) && is_writable_at(address + 21 * PAGE));
    check_filled(address, 0, PAGES, 1);
    CHECK_EQUAL(21, word_at(copy, 0));
    close_handle(copy);
    wait_alone(vmo);
    CHECK_EQUAL(PAGE, size_at(address + 20 * PAGE));
    *word_in(address + 20 * PAGE) = 77;
    CHECK_EQUAL(LARGE, size_at(address + 20 * PAGE));
    CHECK(is_writable_at(address + LARGE - 1));
    *word_in(address + 20 * PAGE) = 21;
    check_filled(address, 0, PAGES, 1);
    copy = make_snapshot(vmo, 20 * PAGE, PAGE);
    fill(address, PAGES, 1000);
    CHECK_EQUAL(21, word_at(copy, 0));
    close_handle(copy);
    wait_alone(vmo);
    check_filled(address, 0, PAGES, 1000);
    fill(address, PAGES, 2000); /* a page is elsewhere now: it stays as it is */
    CHECK_EQUAL(PAGE, size_at(address));
    check_pages(vmo, 0, PAGES, 2000);
    drop_large(vmo, address);
}

/* All of it is copied: it stays large without WRITE, until a page is written. */
static void snapshot_of_all(void) {
    uint64_t address;
    ts_handle_t vmo = make_large(0, &address);
    ts_handle_t copy = make_snapshot(vmo, 0, LARGE);
    uint64_t second = map_all(copy, LARGE);
    CHECK_EQUAL(LARGE, size_at(address));
    CHECK(!is_writable_at(address));
    CHECK_EQUAL(PAGE, size_at(second));
    check_filled(address, 0, PAGES, 1);
    check_filled(second, 0, PAGES, 1);
    *word_in(address + 200 * PAGE) = 1;
    CHECK_EQUAL(PAGE, size_at(address));
    *word_in(second + 300 * PAGE) = 2;
    CHECK_EQUAL(201, *word_in(second + 200 * PAGE));
    CHECK_EQUAL(301, *word_in(address + 300 * PAGE));
    check_filled(address, 0, 200, 1);
    check_filled(address, 201, PAGES, 1);
    check_filled(second, 0, 300, 1);
    check_filled(second, 301, PAGES, 1);
    unmap(second, LARGE);
    close_handle(copy);
    drop_large(vmo, address);
}

/* A copy that went without a write: the first write makes the whole writable again. */
static void snapshot_that_went(void) {
    uint64_t address;
    ts_handle_t vmo = make_large(0, &address);
    close_handle(make_snapshot(vmo, 0, LARGE));
    wait_alone(vmo);
    CHECK_EQUAL(LARGE, size_at(address));
    CHECK(!is_writable_at(address));
    fill(address, PAGES, 50);
    CHECK_EQUAL(LARGE, size_at(address));
    CHECK(is_writable_at(address));
    check_pages(vmo, 0, PAGES, 50);
    drop_large(vmo, address);
}

/* Memory that is in one piece by its kind gets its large page back as a whole. */
static void piece_is_large_again(void) {
    ts_handle_t piece = TS_HANDLE_INVALID;
    uint64_t address = 0;
    CHECK_OK(ts_vmo_create_contiguous(LARGE, 21, &piece));
    CHECK_OK(ts_vmar_map(guest_self.vmar, MAP_WRITE, 0, piece, 0, LARGE, &address));
    CHECK_EQUAL(LARGE, size_at(address));
    fill(address, PAGES, 1);
    CHECK_OK(ts_vmar_protect(guest_self.vmar, MAP_READ, address, LARGE));
    CHECK_OK(ts_vmar_protect(guest_self.vmar, MAP_WRITE, address, LARGE));
    CHECK(!is_writable_at(address));
    fill(address, PAGES, 9);
    CHECK_EQUAL(LARGE, size_at(address));
    CHECK_OK(ts_vmar_protect(guest_self.vmar, 0, address, LARGE));
    CHECK_EQUAL(0, size_at(address));
    CHECK_OK(ts_vmar_protect(guest_self.vmar, MAP_WRITE, address, LARGE));
    check_filled(address, 0, PAGES, 9);
    CHECK_EQUAL(LARGE, size_at(address));
    drop_large(piece, address);
}

/* --- other processes --- */

/* Maps the parent's memory, uses up what its job may use, and waits; what it gave back is enough to go on. */
static void look_on(uint64_t unused) {
    ts_handle_t spare = make_vmo(16 * PAGE);
    commit(spare, 0, 16 * PAGE);
    uint64_t address = map_all(guest_self.extra, LARGE);
    check_filled(address, 0, PAGES, 1);
    (void)unused;
    shared_set(WORD_READY, address);
    while (shared_get(WORD_GO) == 0) {
        (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND));
    }
    uint64_t used = job_use(guest_self.job, TS_CEILING_MEMORY);
    close_handle(spare);
    while (job_use(guest_self.job, TS_CEILING_MEMORY) + 16 * PAGE > used) {
        (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND));
    }
    check_filled(address, 0, 30, 1);
    CHECK_EQUAL(99, *word_in(address + 30 * PAGE));
    check_filled(address, 31, PAGES, 1);
}

/* A process that cannot pay for the table of a split loses the whole translation, and gets it back page by page. */
static void split_without_memory(void) {
    struct guest_child child;
    uint64_t address;
    ts_handle_t vmo = make_large(0, &address);
    ts_handle_t job = make_job();
    ts_handle_t extra = duplicate_with(vmo, TS_RIGHT_SAME_RIGHTS);
    shared_set(WORD_READY, 0);
    shared_set(WORD_GO, 0);
    if (guest_child_start(&child, job, look_on, 0, extra)) {
        ts_time_t end = ts_time_after(GUEST_PATIENCE);
        while (shared_get(WORD_READY) == 0 && ts_time_now() < end) {
            (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND));
        }
        uint64_t there = shared_get(WORD_READY);
        CHECK_EQUAL(LARGE, leaf_of(child.process, there).size);
        set_ceiling_to_use(job, TS_CEILING_MEMORY);
        ts_handle_t copy = make_snapshot(vmo, 30 * PAGE, PAGE);
        CHECK_EQUAL(TS_ENTRY_EMPTY, leaf_of(child.process, there).kind);
        CHECK_EQUAL(PAGE, size_at(address));
        *word_in(address + 30 * PAGE) = 99;
        CHECK_EQUAL(31, word_at(copy, 0));
        shared_set(WORD_GO, 1);
        CHECK_EQUAL(0, guest_child_end(&child));
        close_handle(copy);
    }
    close_handle(job);
    drop_large(vmo, address);
}

static volatile bool stop;
static volatile uint64_t torn;

/* Reads all the time what another thread splits and joins. */
static void watch(void *argument) {
    uint64_t address = (uint64_t)argument;
    while (!stop) {
        for (uint64_t page = 0; page < PAGES; page += 37) {
            torn += *word_in(address + page * PAGE + LAST) != ~(1 + page) ? 1 : 0;
        }
    }
}

static void others_see_it_all_the_time(void) {
    uint64_t address;
    ts_handle_t vmo = make_large(0, &address);
    stop = false;
    torn = 0;
    ts_handle_t watcher = guest_thread(watch, (void *)address);
    ts_time_t end = ts_time_after(TS_SECOND);
    unsigned joined = 0;
    for (unsigned i = 0; i < 5 || (i < 100 && ts_time_now() < end); i++) {
        ts_handle_t copy = make_snapshot(vmo, i * PAGE, PAGE);
        close_handle(copy);
        wait_alone(vmo);
        *word_in(address + i * PAGE) = 1 + i;
        joined += size_at(address) == LARGE ? 1 : 0;
    }
    stop = true;
    guest_join(watcher);
    CHECK_EQUAL(0, torn);
    CHECK(joined > 0);
    check_filled(address, 0, PAGES, 1);
    drop_large(vmo, address);
}

static const struct guest_test tests[] = {
    {"large pages: a commit of 2 MiB gives one", commit_gives_large_pages},
    {"large pages: the first touch maps all of one", first_touch_maps_all},
    {"large pages: what does not fit is mapped in small ones", what_does_not_fit_stays_small},
    {"large pages: a mapping of a part has none", edges_of_a_mapping},
    {"large pages: a mapping of a slice ends with it", edge_of_a_slice},
    {"large pages: zeros that were mapped go when memory comes", zeros_go_when_memory_comes},
    {"large pages: protect of a part leaves the rest", protect_of_a_part},
    {"large pages: decommit of a part leaves the rest", decommit_of_a_part},
    {"large pages: unmap of a part leaves the rest", unmap_of_a_part},
    {"large pages: a cut of the VMO and zeros in it leave the rest", cut_of_a_part},
    {"large pages: a snapshot of a part splits, and the write after it joins", snapshot_of_a_part},
    {"large pages: a snapshot of all splits with the first write", snapshot_of_all},
    {"large pages: a snapshot that went leaves one that can be written", snapshot_that_went},
    {"large pages: memory in one piece is mapped by one again", piece_is_large_again},
    {"large pages: without memory for a split the translation goes and comes back", split_without_memory},
    {"large pages: others see memory all the time while it is split and joined", others_see_it_all_the_time},
};

GUEST_GROUP(large_tests, tests);
