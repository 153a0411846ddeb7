/* SPDX-License-Identifier: MIT */
/*
 * Memory as a hostile program would use it: at its ceiling in every kind of fault, with relatives by the thousand, at
 * the ends of the index space, in sizes that nothing could fill.
 */
#include "guest/cpu.h"
#include "guest/groups.h"
#include "guest/memory.h"

#define TERABYTE (1ul << 40)
#define GIGABYTE (1ul << 30)

/* --- no memory left in a fault --- */

#define FAULT_PAGES 24u

enum touching { TOUCH_WRITE, TOUCH_READ_SCATTERED, TOUCH_COPY, TOUCH_READ, TOUCH_KINDS };

/* Prepared with all the memory in the world; what follows must do with what is left. */
static uint64_t prepare(uint64_t kind, ts_handle_t *vmo) {
    if (kind == TOUCH_READ_SCATTERED) { /* each page in a page table of its own */
        *vmo = make_vmo(FAULT_PAGES * GIGABYTE / 4);
        return map_vmo(*vmo, FAULT_PAGES * GIGABYTE / 4);
    }
    *vmo = make_vmo(FAULT_PAGES * PAGE);
    fill_pages(*vmo, 0, kind == TOUCH_WRITE ? 0 : FAULT_PAGES, 1);
    return map_vmo(kind == TOUCH_COPY ? make_snapshot(*vmo, 0, FAULT_PAGES * PAGE) : *vmo, FAULT_PAGES * PAGE);
}

static void touch(uint64_t kind, uint64_t address) {
    for (uint64_t page = 0; page < FAULT_PAGES; page++) {
        if (kind == TOUCH_READ_SCATTERED) {
            CHECK_EQUAL(0, *word_in(address + page * (GIGABYTE / 4)));
        } else if (kind == TOUCH_READ) {
            CHECK_EQUAL(page + 1, *word_in(address + page * PAGE));
        } else {
            *word_in(address + page * PAGE) = 5;
        }
    }
}

/* The ceiling is what is used and `room` pages more. */
static void touch_with_little(uint64_t argument) {
    ts_handle_t vmo;
    uint64_t kind = argument % TOUCH_KINDS;
    uint64_t room = argument / TOUCH_KINDS;
    uint64_t address = prepare(kind, &vmo);
    CHECK_OK(ts_job_set_ceiling(guest_self.job, TS_CEILING_MEMORY,
                                job_use(guest_self.job, TS_CEILING_MEMORY) + room * PAGE));
    touch(kind, address);
}

/* The process dies, or there was enough; nobody else notices, and everything comes back (the audit after the test). */
static void no_memory_in_faults(void) {
    ts_handle_t neighbour = make_vmo(64 * PAGE);
    uint64_t address = map_vmo(neighbour, 64 * PAGE);
    unsigned died[TOUCH_KINDS] = {0};
    for (uint64_t room = 0; room < 8; room++) {
        for (uint64_t kind = 0; kind < TOUCH_KINDS; kind++) {
            int64_t code = run_in_job(touch_with_little, room * TOUCH_KINDS + kind);
            CHECK(code == TS_EXIT_EXCEPTION || code == 0);
            died[kind] += code == TS_EXIT_EXCEPTION ? 1 : 0;
            *word_in(address + room * 8 * PAGE + kind * PAGE) = 1;
        }
    }
    CHECK_EQUAL(8, died[TOUCH_WRITE]);
    CHECK_EQUAL(8, died[TOUCH_READ_SCATTERED]);
    CHECK_EQUAL(8, died[TOUCH_COPY]);
    CHECK(died[TOUCH_READ] <= 4); /* that takes tables only */
    unmap(address, 64 * PAGE);
    close_handle(neighbour);
}

/* A call that meets the ceiling in a fault of its user copy is refused, and its process lives. */
static void copy_with_little(uint64_t argument) {
    ts_handle_t vmo = make_vmo(FAULT_PAGES * PAGE);
    ts_handle_t source = make_vmo(FAULT_PAGES * PAGE);
    uint64_t address = map_vmo(vmo, FAULT_PAGES * PAGE);
    CHECK_OK(ts_job_set_ceiling(guest_self.job, TS_CEILING_MEMORY,
                                job_use(guest_self.job, TS_CEILING_MEMORY) + argument * PAGE));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_read(source, (void *)address, 0, FAULT_PAGES * PAGE));
    CHECK_STATUS(TS_ERR_NO_MEMORY, ts_vmo_op_range(source, TS_VMO_OP_COMMIT, 0, FAULT_PAGES * PAGE));
}

static void no_memory_in_copies(void) {
    for (uint64_t room = 0; room < 8; room++) {
        CHECK_EQUAL(0, run_in_job(copy_with_little, room));
    }
}

/* --- relatives by the thousand --- */

#define CLONES 5000u

static void many_clones(uint64_t argument) {
    static ts_handle_t clones[CLONES];
    ts_handle_t vmo = make_vmo(4 * PAGE);
    ts_status_t status = TS_OK;
    unsigned count = 0;
    (void)argument;
    fill_pages(vmo, 0, 4, 1);
    while (count < CLONES && status == TS_OK) {
        ts_handle_t from = count % 3 == 0 || count == 0 ? vmo : clones[count - 1]; /* wide and deep */
        status = ts_vmo_create_child(from, TS_VMO_CHILD_SNAPSHOT, 0, 4 * PAGE, &clones[count]);
        count += status == TS_OK ? 1 : 0;
    }
    CHECK_STATUS(TS_ERR_NO_RESOURCES, status); /* a family has a limit */
    CHECK(count > 4000);
    for (unsigned i = 0; i < count; i += 7) {
        set_word(clones[i], i % 4 * PAGE, i);
    }
    for (unsigned i = 0; i < count; i += 701) {
        CHECK(vmo_info(clones[i]).part > 0);
        CHECK_EQUAL(i % 7 == 0 && i % 4 == 1 ? i : 2, word_at(clones[i], PAGE));
    }
    CHECK(vmo_info(vmo).part > 0 && vmo_info(vmo).part <= 4 * PAGE);
    for (unsigned i = 0; i < count; i++) {
        close_handle(clones[i]);
    }
    check_pages(vmo, 0, 4, 1);
    wait_no_children(vmo);
    wait_alone(vmo);
    CHECK_OK(ts_vmo_create_child(vmo, TS_VMO_CHILD_SNAPSHOT, 0, 4 * PAGE, &clones[0]));
}

static void thousands_of_clones(void) {
    CHECK_EQUAL(0, run_in_job(many_clones, 0));
}

/* --- the ends of the index space --- */

static void extreme_offsets(uint64_t argument) {
    ts_handle_t vmo = make_vmo_with(TS_VMO_RESIZABLE, TERABYTE);
    ts_handle_t child = TS_HANDLE_INVALID;
    ts_status_t status = TS_OK;
    unsigned links = 0;
    (void)argument;
    set_word(vmo, TERABYTE - PAGE, 1);
    ts_handle_t last = make_snapshot(vmo, TERABYTE - PAGE, TERABYTE);
    CHECK_EQUAL(1, word_at(last, 0));
    close_handle(vmo);
    while ((status = ts_vmo_create_child(last, TS_VMO_CHILD_SNAPSHOT | TS_VMO_RESIZABLE, TERABYTE - PAGE, TERABYTE,
                                         &child)) == TS_OK) {
        set_word(child, TERABYTE - PAGE, ++links); /* the next one's first page */
        CHECK_EQUAL(links == 1 ? 0 : links - 1, word_at(child, 0));
        close_handle(last);
        last = child;
    }
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, status);
    CHECK(links > 200); /* 1 << 36 pages, 1 << 28 each */
    CHECK_EQUAL(links, word_at(last, TERABYTE - PAGE));
    ts_handle_t small = make_child(last, TS_VMO_CHILD_SNAPSHOT | TS_VMO_RESIZABLE, TERABYTE - PAGE, 0);
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_vmo_set_size(small, TERABYTE));
    CHECK_OK(ts_vmo_set_size(small, PAGE));
    CHECK_EQUAL(0, word_at(small, 0));
    CHECK_OK(ts_vmo_set_size(last, 0));
}

static void clones_at_extreme_offsets(void) {
    CHECK_EQUAL(0, run_in_job(extreme_offsets, 0));
}

static void huge_and_sparse(uint64_t argument) {
    static const uint64_t places[] = {0, 2ul << 20, GIGABYTE - PAGE, GIGABYTE, 512 * GIGABYTE, TERABYTE - PAGE};
    const unsigned count = sizeof(places) / sizeof(places[0]);
    ts_handle_t vmo = make_vmo_with(TS_VMO_RESIZABLE, TERABYTE);
    uint64_t address = 0;
    (void)argument;
    CHECK_OK(ts_job_set_ceiling(guest_self.job, TS_CEILING_MEMORY,
                                job_use(guest_self.job, TS_CEILING_MEMORY) + 100 * PAGE));
    for (unsigned i = 0; i < count; i++) {
        set_word(vmo, places[i], i + 1);
    }
    CHECK_EQUAL(count * PAGE, vmo_info(vmo).committed);
    CHECK_OK(ts_vmo_op_range(vmo, TS_VMO_OP_CACHE_CLEAN, 0, TERABYTE));
    ts_handle_t copy = make_snapshot(vmo, 0, TERABYTE);
    CHECK_OK(ts_vmo_op_range(vmo, TS_VMO_OP_ZERO, 1, TERABYTE - 2));
    CHECK_EQUAL(1, word_at(vmo, 0)); /* the low byte stays */
    for (unsigned i = 1; i < count; i++) {
        CHECK_EQUAL(0, word_at(vmo, places[i]));
        CHECK_EQUAL(i + 1, word_at(copy, places[i]));
    }
    CHECK_STATUS(TS_ERR_NO_MEMORY, ts_vmo_op_range(copy, TS_VMO_OP_COMMIT, 0, TERABYTE));
    CHECK_OK(ts_vmo_set_size(vmo, 0));
    ts_status_t status = ts_vmar_map(guest_self.vmar, MAP_READ, 0, copy, 0, TERABYTE, &address);
    CHECK(status == TS_OK || status == TS_ERR_NO_RESOURCES); /* as large as the CPU's address space allows */
    if (status == TS_OK) {
        CHECK_EQUAL(count, *word_in(address + places[count - 1]));
        unmap(address, TERABYTE);
    }
}

static void huge_sparse_memory(void) {
    int64_t code = run_in_job(huge_and_sparse, 0);
    CHECK_EQUAL(0, code);
}

/* Tables of a tree that lead nowhere: what was there was given back. Walks over them let others in. */
#define HOLES 600u

static void empty_tables(uint64_t argument) {
    ts_handle_t vmo = make_vmo(HOLES * (2ul << 20));
    (void)argument;
    for (uint64_t i = 0; i < HOLES; i++) {
        CHECK_OK(ts_vmo_op_range(vmo, TS_VMO_OP_COMMIT, i * (2ul << 20), PAGE));
        CHECK_OK(ts_vmo_op_range(vmo, TS_VMO_OP_DECOMMIT, i * (2ul << 20), PAGE));
    }
    CHECK(job_use(guest_self.job, TS_CEILING_MEMORY) < HOLES / 2 * PAGE); /* the tables went, too */
    CHECK_EQUAL(0, vmo_info(vmo).committed);
}

static void memory_of_tables_comes_back(void) {
    CHECK_EQUAL(0, run_in_job(empty_tables, 0));
}

/* --- slices of slices --- */

static void slices_of_slices(void) {
    enum { DEPTH = 200 };
    ts_handle_t slices[DEPTH];
    ts_handle_t vmo = make_vmo((DEPTH + 1) * PAGE);
    for (unsigned i = 0; i < DEPTH; i++) {
        slices[i] = make_slice(i == 0 ? vmo : slices[i - 1], PAGE, (DEPTH - i) * PAGE);
    }
    set_word(slices[DEPTH - 1], 0, 7);
    CHECK_EQUAL(7, word_at(vmo, DEPTH * PAGE));
    CHECK_OK(ts_vmo_op_range(slices[DEPTH - 1], TS_VMO_OP_DECOMMIT, 0, PAGE));
    CHECK_EQUAL(0, word_at(vmo, DEPTH * PAGE));
    ts_handle_t copy = make_snapshot(slices[DEPTH - 1], 0, PAGE);
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, ts_vmo_op_range(slices[DEPTH - 1], TS_VMO_OP_DECOMMIT, 0, PAGE));
    close_handle(copy);
    close_handle(vmo); /* all but the last, which keeps them all */
    for (unsigned i = 0; i + 1 < DEPTH; i++) {
        close_handle(slices[i]);
    }
    set_word(slices[DEPTH - 1], 0, 8);
    CHECK_EQUAL(8, word_at(slices[DEPTH - 1], 0));
    close_handle(slices[DEPTH - 1]);
}

/* The same page, writable here and executable there: two mappings, each of one kind; a mapping is never both. */
static void written_and_executed(void) {
    ts_handle_t vmo = make_vmo(PAGE);
    ts_handle_t code = TS_HANDLE_INVALID;
    uint64_t executable = 0;
    CHECK_OK(ts_vmo_replace_executable(duplicate_with(vmo, TS_RIGHT_SAME_RIGHTS), resource("vmex"), &code));
    CHECK_OK(ts_vmar_map(guest_self.vmar, MAP_READ | TS_VMAR_EXECUTE, 0, code, 0, PAGE, &executable));
    CHECK_OK(ts_vmo_write(vmo, cpu_code_42, 0, cpu_code_42_size));
    CHECK_OK(ts_vmo_op_range(vmo, TS_VMO_OP_CACHE_SYNC, 0, PAGE));
    CHECK_EQUAL(42, ((uint32_t(*)(void))executable)());
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_read(vmo, (void *)executable, 0, 8)); /* not by the kernel's copies either */
    CHECK_STATUS(TS_ERR_INVALID_ARGS,
                 ts_vmar_protect(guest_self.vmar, MAP_WRITE | TS_VMAR_EXECUTE, executable, PAGE));
    CHECK_OK(ts_vmar_protect(guest_self.vmar, MAP_WRITE, executable, PAGE));
    *word_in(executable + 256) = 1;
    CHECK_OK(ts_vmar_protect(guest_self.vmar, MAP_READ | TS_VMAR_EXECUTE, executable, PAGE));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_read(vmo, (void *)executable, 0, 8));
    CHECK_EQUAL(42, ((uint32_t(*)(void))executable)());
    unmap(executable, PAGE);
    close_handle(code);
    close_handle(vmo);
}

static const struct guest_test tests[] = {
    {"Q1 V24 M9 no memory in a fault: the process ends, nobody else notices", no_memory_in_faults},
    {"Q1 no memory in the fault of a copy: the call is refused", no_memory_in_copies},
    {"V19 V20 thousands of clones, up to a family's limit", thousands_of_clones},
    {"V11 V23 clones of clones at extreme offsets", clones_at_extreme_offsets},
    {"V6 V10 a terabyte with six pages", huge_sparse_memory},
    {"V6 tables of what was decommitted come back", memory_of_tables_comes_back},
    {"V29 slices of slices", slices_of_slices},
    {"M17 W^X of two mappings of a page", written_and_executed},
};

GUEST_GROUP(vm_hostile_tests, tests);
