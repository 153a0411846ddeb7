/* SPDX-License-Identifier: MIT */
/* system_inspect: what it tells of memory whose state is known, and what it refuses. */
#include "abi/inspect.h"
#include "guest/cpu.h"
#include "guest/groups.h"
#include "guest/support.h"

#define PAGE      TS_PAGE_SIZE
#define PAGES     8u
#define ENTRIES   4u
#define BOUND     100000u /* records of a table of this program at most */
#define WILD      8u

/* --- short forms --- */

static ts_status_t inspect(uint32_t topic, uint64_t object, uint64_t *start, void *buffer, size_t size, size_t *actual) {
    uint64_t from = *start;
    *actual = 0;
    return ts_system_inspect(resource("debug"), topic, object, from, buffer, size, actual, start);
}

/* The leaf at an address of this process; kind EMPTY if there is none. */
static struct ts_inspect_entry leaf_at(uint64_t address, uint64_t *root) {
    struct ts_inspect_entry entries[ENTRIES] = {{0}};
    size_t actual = 0;
    uint64_t start = address;
    CHECK_OK(inspect(TS_INSPECT_TRANSLATE, koid_of(guest_self.process), &start, entries, sizeof(entries), &actual));
    CHECK_EQUAL(0, start);
    CHECK(actual >= 1 && actual <= ENTRIES);
    *root = entries[0].table;
    return entries[actual - 1];
}

static struct ts_inspect_page page_of(ts_handle_t vmo, uint64_t page) {
    struct ts_inspect_page record = {.page = UINT64_MAX};
    size_t actual = 0;
    uint64_t start = page;
    CHECK_OK(inspect(TS_INSPECT_PAGES, koid_of(vmo), &start, &record, sizeof(record), &actual));
    return record;
}

/* How many records there are, read `count` at a time, and whether one is the leaf at the address. */
static unsigned count_entries(uint32_t topic, uint64_t object, size_t count, uint64_t address, bool *found) {
    static struct ts_inspect_entry entries[64];
    uint64_t start = 0;
    unsigned all = 0;
    *found = false;
    do {
        size_t actual = 0;
        if (!CHECK_OK(inspect(topic, object, &start, entries, count * sizeof(entries[0]), &actual))) {
            break;
        }
        CHECK(actual <= count);
        for (size_t i = 0; i < actual; i++) {
            *found = *found || (entries[i].kind == TS_ENTRY_LEAF && entries[i].va == address);
            CHECK(entries[i].kind != TS_ENTRY_EMPTY && entries[i].kind != TS_ENTRY_BROKEN);
        }
        all += (unsigned)actual;
    } while (start != 0 && all < BOUND);
    return all;
}

/* --- what is told --- */

static void tells_translations(void) {
    ts_handle_t vmo = make_vmo(PAGES * PAGE);
    uint64_t address = map_vmo(vmo, PAGES * PAGE);
    uint64_t root = 0;
    struct ts_inspect_entry entry;
    if (address == 0) {
        return;
    }
    entry = leaf_at(address + 3 * PAGE, &root);
    CHECK_EQUAL(TS_ENTRY_EMPTY, entry.kind);
    CHECK_EQUAL(0, *(volatile char *)(address + 3 * PAGE)); /* the page of zeros */
    entry = leaf_at(address + 3 * PAGE, &root);
    CHECK_EQUAL(TS_ENTRY_LEAF, entry.kind);
    CHECK_EQUAL(TS_ENTRY_READ | TS_ENTRY_USER, entry.flags & (TS_ENTRY_READ | TS_ENTRY_WRITE | TS_ENTRY_USER));
    uint64_t zeros = entry.pa;
    *(volatile char *)(address + 3 * PAGE) = 1;
    entry = leaf_at(address + 3 * PAGE + 5, &root);
    CHECK_EQUAL(address + 3 * PAGE, entry.va);
    CHECK_EQUAL(PAGE, entry.size);
    CHECK(entry.pa != zeros);
    CHECK((entry.flags & TS_ENTRY_WRITE) != 0);
    struct ts_inspect_page page = page_of(vmo, 2);
    CHECK_EQUAL(3, page.page);
    CHECK_EQUAL(entry.pa, page.pa);
    CHECK_EQUAL(0, page.state);
    CHECK_EQUAL(1, page.shares);
    unmap(address, PAGES * PAGE);
    CHECK(leaf_at(address + 3 * PAGE, &root).kind == TS_ENTRY_EMPTY);
    close_handle(vmo);
}

static void tells_tables(void) {
    ts_koid_t self = koid_of(guest_self.process);
    uint64_t root = 0;
    bool by_one = false;
    bool by_many = false;
    bool from_root = false;
    uint64_t shared = SHARED_ADDRESS;
    shared_set(0, 1);
    (void)leaf_at(shared, &root);
    unsigned ones = count_entries(TS_INSPECT_TABLES, self, 1, shared, &by_one);
    unsigned many = count_entries(TS_INSPECT_TABLES, self, 64, shared, &by_many);
    CHECK(ones > 3);
    CHECK(many >= ones); /* a page of this program may have come in between */
    CHECK(count_entries(TS_INSPECT_ROOT, root, 64, shared, &from_root) >= many);
    CHECK(by_one && by_many && from_root);
    bool kernels = true;
    CHECK(count_entries(TS_INSPECT_TABLES, 0, 64, shared, &kernels) > 3);
    CHECK(!kernels);
}

/* The record of a mapping of this program that begins at the address; vmo 0: there is none. */
static struct ts_inspect_map map_at(uint64_t address, uint64_t from) {
    struct ts_inspect_map map;
    uint64_t start = from;
    size_t actual = 0;
    for (unsigned i = 0; i < BOUND; i++) {
        ts_status_t status =
            inspect(TS_INSPECT_MAPS, koid_of(guest_self.process), &start, &map, sizeof(map), &actual);
        if (!CHECK_OK(status) || actual == 0) {
            break;
        }
        if (map.base == address) {
            return map;
        }
        if (start == 0) {
            break;
        }
    }
    return (struct ts_inspect_map){0};
}

static void tells_mappings(void) {
    ts_handle_t vmo = make_vmo(PAGES * PAGE);
    ts_handle_t range = TS_HANDLE_INVALID;
    uint64_t base = 0;
    uint64_t address = 0;
    CHECK_OK(ts_object_set_name(vmo, "inspected", 9));
    CHECK_OK(ts_vmo_write(vmo, "abc", 4 * PAGE, 3));
    CHECK_OK(ts_vmar_allocate(guest_self.vmar, TS_VMAR_CAN_MAP_READ, 0, 16 * PAGE, &range, &base));
    CHECK_OK(ts_vmar_map(range, TS_VMAR_READ, 0, vmo, 2 * PAGE, 4 * PAGE, &address));
    struct ts_inspect_map map = map_at(address, 0);
    CHECK_EQUAL(koid_of(vmo), map.vmo);
    CHECK_EQUAL(4 * PAGE, map.size);
    CHECK_EQUAL(2 * PAGE, map.offset);
    CHECK_EQUAL(TS_VMAR_READ, map.permissions);
    CHECK_EQUAL(1, map.present);
    CHECK_EQUAL(2, map.depth);
    CHECK_EQUAL(0, memcmp(map.name, "inspected", 10));
    CHECK_EQUAL(map.vmo, map_at(address, address + 3 * PAGE).vmo);
    CHECK_EQUAL(0, map_at(address, address + 4 * PAGE).vmo);
    CHECK_OK(ts_vmar_destroy(range));
    CHECK_EQUAL(0, map_at(address, 0).vmo);
    close_handle(range);
    close_handle(vmo);
}

static void tells_families(void) {
    ts_handle_t vmo = make_vmo(PAGES * PAGE);
    ts_handle_t copy = TS_HANDLE_INVALID;
    struct ts_inspect_vmo family[3] = {{0}};
    uint64_t start = 0;
    size_t actual = 0;
    CHECK_OK(ts_vmo_write(vmo, "a", 0, 1));
    CHECK_OK(ts_vmo_write(vmo, "b", 5 * PAGE, 1));
    CHECK_OK(ts_vmo_create_child(vmo, TS_VMO_CHILD_SNAPSHOT, 4 * PAGE, 4 * PAGE, &copy));
    CHECK_EQUAL(TS_PAGE_STATE_SHARED | TS_PAGE_STATE_COPY, page_of(vmo, 5).state);
    CHECK_EQUAL(0, page_of(vmo, 0).state & TS_PAGE_STATE_SHARED);
    CHECK_EQUAL(1, page_of(copy, 0).page);
    CHECK_EQUAL(page_of(vmo, 5).pa, page_of(copy, 1).pa);
    CHECK_OK(inspect(TS_INSPECT_FAMILY, koid_of(copy), &start, family, sizeof(family), &actual));
    CHECK_EQUAL(0, start);
    CHECK_EQUAL(2, actual);
    CHECK_EQUAL(koid_of(vmo), family[0].koid);
    CHECK_EQUAL(0, family[0].parent);
    CHECK_EQUAL(2, family[0].present);
    CHECK_EQUAL(koid_of(copy), family[1].koid);
    CHECK_EQUAL(family[0].koid, family[1].parent);
    CHECK_EQUAL(4, family[1].first);
    CHECK_EQUAL(4, family[1].pages);
    CHECK_EQUAL(1, family[1].present);
    CHECK_OK(inspect(TS_INSPECT_FAMILY, koid_of(copy), &start, family, sizeof(family[0]), &actual));
    CHECK_EQUAL(1, start);
    CHECK_OK(ts_vmo_write(copy, "c", PAGE, 1));
    CHECK_EQUAL(0, page_of(copy, 1).state);
    CHECK_EQUAL(0, page_of(vmo, 5).state & TS_PAGE_STATE_SHARED);
    close_handle(copy);
    close_handle(vmo);
}

static struct ts_inspect_counts count_all(void) {
    struct ts_inspect_counts counts = {0};
    uint64_t start = 0;
    size_t actual = 0;
    CHECK_OK(inspect(TS_INSPECT_COUNTS, 0, &start, &counts, sizeof(counts), &actual));
    CHECK_EQUAL(1, actual);
    CHECK_EQUAL(0, start);
    return counts;
}

static void tells_counts(void) {
    struct ts_inspect_counts before = count_all();
    ts_handle_t vmo = make_vmo(PAGES * PAGE);
    CHECK_OK(ts_vmo_op_range(vmo, TS_VMO_OP_COMMIT, 0, PAGES * PAGE));
    struct ts_inspect_counts after = count_all();
    CHECK_EQUAL(before.vmos + 1, after.vmos);
    CHECK_EQUAL(before.families + 1, after.families);
    CHECK_EQUAL(before.frames_vmo + PAGES, after.frames_vmo);
    CHECK(after.frames_tables > 0 && after.frames_kernel > 0);
    close_handle(vmo);
}

/* --- what is refused --- */

static void refuses_objects(void) {
    static const uint32_t topics[] = {TS_INSPECT_TRANSLATE, TS_INSPECT_TABLES, TS_INSPECT_ROOT, TS_INSPECT_MAPS,
                                      TS_INSPECT_PAGES,     TS_INSPECT_FAMILY};
    static uint64_t buffer[64];
    ts_handle_t vmo = make_vmo(PAGE);
    ts_koid_t of_vmo = koid_of(vmo);
    ts_koid_t of_process = koid_of(guest_self.process);
    for (unsigned i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
        const uint64_t objects[] = {1, UINT64_MAX, UINT64_MAX / 2, cpu_kernel_address, koid_of(guest_self.vmar),
                                    topics[i] < TS_INSPECT_PAGES ? of_vmo : of_process};
        for (unsigned j = 0; j < sizeof(objects) / sizeof(objects[0]); j++) {
            uint64_t start = 0;
            size_t actual = 1;
            CHECK_STATUS(TS_ERR_NOT_FOUND,
                         inspect(topics[i], objects[j], &start, buffer, sizeof(buffer), &actual));
            CHECK_EQUAL(0, actual);
        }
    }
    close_handle(vmo);
}

/* Roots that are none: pages of this program, a table that is no root. */
static void refuses_roots(void) {
    struct ts_inspect_entry entries[ENTRIES] = {{0}};
    uint64_t start = SHARED_ADDRESS;
    size_t actual = 0;
    CHECK_OK(inspect(TS_INSPECT_TRANSLATE, koid_of(guest_self.process), &start, entries, sizeof(entries), &actual));
    if (!CHECK(actual > 1 && actual <= ENTRIES)) {
        return;
    }
    const uint64_t roots[] = {entries[actual - 1].pa, entries[0].table + 8, entries[actual - 1].table};
    for (unsigned i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
        struct ts_inspect_entry entry;
        size_t got = 1;
        start = 0;
        CHECK_STATUS(TS_ERR_NOT_FOUND, inspect(TS_INSPECT_ROOT, roots[i], &start, &entry, sizeof(entry), &got));
    }
}

/* Any start is an answer, and not a long one. */
static void survives_starts(void) {
    static const uint64_t wild[WILD] = {1, PAGE - 1, PAGE + 77, UINT64_MAX, UINT64_MAX - PAGE, (uint64_t)1 << 63,
                                        (uint64_t)1 << 47, ((uint64_t)1 << 38) + 3};
    static struct ts_inspect_entry buffer[16];
    ts_handle_t vmo = make_vmo(PAGES * PAGE);
    uint64_t root = 0;
    (void)leaf_at(SHARED_ADDRESS, &root);
    CHECK_OK(ts_vmo_op_range(vmo, TS_VMO_OP_COMMIT, 0, PAGES * PAGE));
    for (unsigned i = 0; i < WILD; i++) {
        const struct {
            uint32_t topic;
            uint64_t object;
        } subjects[] = {{TS_INSPECT_TRANSLATE, koid_of(guest_self.process)}, {TS_INSPECT_TRANSLATE, 0},
                        {TS_INSPECT_TABLES, koid_of(guest_self.process)},    {TS_INSPECT_TABLES, 0},
                        {TS_INSPECT_ROOT, root},                             {TS_INSPECT_MAPS, koid_of(guest_self.process)},
                        {TS_INSPECT_PAGES, koid_of(vmo)},                    {TS_INSPECT_FAMILY, koid_of(vmo)},
                        {TS_INSPECT_COUNTS, 1}};
        for (unsigned j = 0; j < sizeof(subjects) / sizeof(subjects[0]); j++) {
            uint64_t start = wild[i];
            size_t actual = 0;
            CHECK_OK(inspect(subjects[j].topic, subjects[j].object, &start, buffer, sizeof(buffer), &actual));
            CHECK(actual * sizeof(struct ts_inspect_page) <= sizeof(buffer)); /* the smallest record */
        }
    }
    close_handle(vmo);
}

static void hostile_inspect(void) {
    struct ts_inspect_entry entries[ENTRIES];
    ts_koid_t self = koid_of(guest_self.process);
    ts_handle_t weak = duplicate_without(resource("debug"), TS_RIGHT_WRITE);
    ts_handle_t event = make_event();
    uint64_t next = 1;
    size_t actual = 1;
    const ts_handle_t debug = resource("debug");
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_system_inspect(debug, 7, self, 0, entries, sizeof(entries), &actual, &next));
    CHECK_EQUAL(0, next);
    CHECK_EQUAL(0, actual);
    CHECK_STATUS(TS_ERR_INVALID_ARGS,
                 ts_system_inspect(debug, UINT32_MAX, self, 0, entries, sizeof(entries), &actual, &next));
    CHECK_STATUS(TS_ERR_INVALID_ARGS,
                 ts_system_inspect(debug, TS_INSPECT_TRANSLATE, self, 0, entries, sizeof(entries) - 1, &actual, &next));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_system_inspect(debug, TS_INSPECT_MAPS, self, 0, entries, 0, &actual, &next));
    for (unsigned i = 0; i < BAD_ADDRESSES; i++) {
        CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_system_inspect(debug, TS_INSPECT_TABLES, self, 0, (void *)bad_address(i),
                                                            sizeof(entries), &actual, &next));
        CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_system_inspect(debug, TS_INSPECT_MAPS, self, 0, (void *)bad_address(i),
                                                            UINT64_MAX, &actual, &next));
    }
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_system_inspect(resource("log"), TS_INSPECT_TABLES, self, 0, entries,
                                                         sizeof(entries), &actual, &next));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED,
                 ts_system_inspect(weak, TS_INSPECT_TABLES, self, 0, entries, sizeof(entries), &actual, &next));
    CHECK_STATUS(TS_ERR_WRONG_TYPE,
                 ts_system_inspect(event, TS_INSPECT_TABLES, self, 0, entries, sizeof(entries), &actual, &next));
    CHECK_STATUS(TS_ERR_BAD_HANDLE,
                 ts_system_inspect(0, TS_INSPECT_TABLES, self, 0, entries, sizeof(entries), &actual, &next));
    close_handle(event);
    close_handle(weak);
}

static const struct guest_test tests[] = {
    {"normal: system_inspect tells translations and pages", tells_translations},
    {"normal: system_inspect tells page tables", tells_tables},
    {"normal: system_inspect tells mappings", tells_mappings},
    {"normal: system_inspect tells families", tells_families},
    {"normal: system_inspect counts", tells_counts},
    {"hostile: system_inspect finds no object that is of another kind, or none", refuses_objects},
    {"hostile: system_inspect walks no root that is none", refuses_roots},
    {"system_inspect: answers wherever one starts", survives_starts},
    {"hostile: system_inspect refuses topics, buffers and handles", hostile_inspect},
};

GUEST_GROUP(inspect_tests, tests);
