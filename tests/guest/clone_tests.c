/* SPDX-License-Identifier: MIT */
/* Children of VMOs: rules V10 to V29, as far as they need no pager. */
#include "guest/ceilings.h"
#include "guest/cpu.h"
#include "guest/device.h"
#include "guest/groups.h"
#include "guest/memory.h"
#include "guest/revoking.h"

#define SNAPSHOT TS_VMO_CHILD_SNAPSHOT
#define LAZY     TS_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE
#define SLICE    TS_VMO_CHILD_SLICE
#define PAGES    8u

/* A VMO with page + base in the first word of each of its pages. */
static ts_handle_t make_filled(uint32_t options, uint64_t pages, uint64_t base) {
    ts_handle_t vmo = make_vmo_with(options, pages * PAGE);
    fill_pages(vmo, 0, pages, base);
    return vmo;
}

static uint64_t part_of(ts_handle_t vmo) {
    return vmo_info(vmo).part;
}

/* --- the call --- */

static void normal_create_child(void) {
    ts_handle_t vmo = make_filled(0, 4, 1);
    ts_handle_t copy = make_snapshot(vmo, PAGE, 2 * PAGE);
    ts_handle_t lazy = make_child(vmo, LAZY, 0, 4 * PAGE);
    ts_handle_t slice = make_slice(vmo, 2 * PAGE, PAGE);
    check_pages(copy, 0, 2, 2);
    check_pages(lazy, 0, 4, 1);
    check_pages(slice, 0, 1, 3);
    CHECK_EQUAL(3, vmo_info(vmo).children);
    CHECK_EQUAL(2 * PAGE, vmo_info(copy).size);
    close_handle(slice);
    close_handle(lazy);
    close_handle(copy);
    close_handle(vmo);
}

static ts_status_t derive_slice(ts_handle_t vmo) {
    ts_handle_t slice = TS_HANDLE_INVALID;
    ts_status_t status = ts_vmo_create_child(vmo, SLICE, 0, PAGE, &slice);
    return status == TS_OK ? ts_handle_close(slice) : status;
}

static ts_status_t copy_in_child(void) {
    static ts_handle_t vmo;
    ts_handle_t copy = TS_HANDLE_INVALID;
    vmo = vmo != TS_HANDLE_INVALID ? vmo : make_filled(0, 2, 1);
    ts_status_t status = ts_vmo_create_child(vmo, SNAPSHOT, 0, PAGE, &copy);
    return status == TS_OK ? ts_handle_close(copy) : status;
}

static void hostile_create_child(void) {
    ts_handle_t vmo = make_filled(0, 2, 1);
    ts_handle_t resizable = make_vmo_with(TS_VMO_RESIZABLE, PAGE);
    ts_handle_t event = make_event();
    ts_handle_t uncached = make_vmo(PAGE);
    ts_handle_t child = 1;
    CHECK_OK(ts_vmo_set_cache_policy(uncached, TS_CACHE_POLICY_UNCACHED));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_create_child(vmo, 0, 0, PAGE, &child));
    CHECK_EQUAL(0, child);
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_create_child(vmo, SNAPSHOT | SLICE, 0, PAGE, &child));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_create_child(vmo, SNAPSHOT | LAZY, 0, PAGE, &child));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_create_child(vmo, TS_VMO_RESIZABLE, 0, PAGE, &child));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_create_child(vmo, SNAPSHOT | 1u << 30, 0, PAGE, &child));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_create_child(vmo, SNAPSHOT, 1, PAGE, &child));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_create_child(vmo, SLICE, PAGE - 8, PAGE, &child));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_create_child(vmo, SLICE | TS_VMO_RESIZABLE, 0, PAGE, &child));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_vmo_create_child(vmo, SNAPSHOT, 0, UINT64_MAX, &child));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_vmo_create_child(vmo, SNAPSHOT, 0, (1ul << 40) + 1, &child));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_vmo_create_child(vmo, SNAPSHOT, ~(PAGE - 1), PAGE, &child));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_vmo_create_child(vmo, SLICE, ~(PAGE - 1), PAGE, &child));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_vmo_create_child(vmo, SLICE, PAGE, 2 * PAGE, &child));
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, ts_vmo_create_child(resizable, SLICE, 0, PAGE, &child));
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmo_create_child(uncached, SNAPSHOT, 0, PAGE, &child));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_vmo_create_child(event, SNAPSHOT, 0, PAGE, &child));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_vmo_create_child(STALE_HANDLE, SNAPSHOT, 0, PAGE, &child));
    check_ceilings(copy_in_child, TS_HANDLE_INVALID);
    check_refused_while_revoked(derive_slice, duplicate_with(vmo, TS_RIGHT_SAME_RIGHTS));
    close_handle(uncached);
    close_handle(event);
    close_handle(resizable);
    close_handle(vmo);
}

/* --- snapshots --- */

static void v10_equals_copy(void) {
    ts_handle_t vmo = make_filled(0, PAGES, 1);
    CHECK_OK(ts_vmo_op_range(vmo, TS_VMO_OP_DECOMMIT, 6 * PAGE, 2 * PAGE)); /* never written: zeros */
    ts_handle_t copy = make_snapshot(vmo, 0, PAGES * PAGE);
    fill_pages(vmo, 0, 2, 100);
    fill_pages(vmo, 6, 1, 100);
    fill_pages(copy, 1, 2, 200);
    fill_pages(copy, 7, 1, 200);
    check_pages(copy, 0, 1, 1);
    check_pages(copy, 1, 2, 200);
    check_pages(copy, 3, 3, 1);
    check_zeros(copy, 6, 1);
    check_pages(copy, 7, 1, 200);
    check_pages(vmo, 0, 2, 100);
    check_pages(vmo, 2, 4, 1);
    check_pages(vmo, 6, 1, 100);
    check_zeros(vmo, 7, 1);
    close_handle(copy);
    close_handle(vmo);
}

/* The rest of a page that one side writes is as it was, too. */
static void v10_rest_of_the_page(void) {
    ts_handle_t vmo = make_vmo(PAGE);
    for (uint64_t at = 0; at < PAGE; at += 8) {
        set_word(vmo, at, at + 1);
    }
    ts_handle_t copy = make_snapshot(vmo, 0, PAGE);
    set_word(copy, 64, 9);
    set_word(vmo, 128, 9);
    for (uint64_t at = 0; at < PAGE; at += 8) {
        CHECK_EQUAL(at == 64 ? 9 : at + 1, word_at(copy, at));
        CHECK_EQUAL(at == 128 ? 9 : at + 1, word_at(vmo, at));
    }
    close_handle(copy);
    close_handle(vmo);
}

static void v11_beyond_the_parent(void) {
    ts_handle_t vmo = make_filled(TS_VMO_RESIZABLE, 2, 1);
    ts_handle_t extends = make_snapshot(vmo, PAGE, 2 * PAGE + 1);
    ts_handle_t beyond = make_snapshot(vmo, 5 * PAGE, PAGE);
    ts_handle_t far = make_snapshot(vmo, 1ul << 39, PAGE);
    CHECK_EQUAL(3 * PAGE, vmo_info(extends).size);
    CHECK_EQUAL(2 * PAGE + 1, vmo_info(extends).content_size);
    CHECK_OK(ts_vmo_set_size(vmo, 8 * PAGE));
    fill_pages(vmo, 2, 6, 1);
    check_pages(extends, 0, 1, 2);
    check_zeros(extends, 1, 2);
    check_zeros(beyond, 0, 1);
    check_zeros(far, 0, 1);
    fill_pages(beyond, 0, 1, 50);
    fill_pages(far, 0, 1, 60);
    check_pages(vmo, 5, 1, 1);
    check_pages(beyond, 0, 1, 50);
    check_pages(far, 0, 1, 60);
    close_handle(far);
    close_handle(beyond);
    close_handle(extends);
    close_handle(vmo);
}

/* A slice's handle gives its range and no more, also to what is made of it. */
static void v11_beyond_a_slice(void) {
    ts_handle_t vmo = make_filled(0, 6, 1);
    ts_handle_t slice = make_slice(vmo, PAGE, 2 * PAGE);
    ts_handle_t copy = make_snapshot(slice, PAGE, 4 * PAGE);
    ts_handle_t behind = make_snapshot(slice, 2 * PAGE, 2 * PAGE);
    check_pages(copy, 0, 1, 3);
    check_zeros(copy, 1, 3);
    check_zeros(behind, 0, 2);
    close_handle(behind);
    close_handle(copy);
    close_handle(slice);
    close_handle(vmo);
}

static void v12_rights(void) {
    ts_handle_t vmo = make_vmo(PAGE);
    ts_handle_t code = TS_HANDLE_INVALID;
    ts_handle_t child = TS_HANDLE_INVALID;
    CHECK_OK(ts_vmo_replace_executable(duplicate_without(vmo, TS_RIGHT_WRITE), resource("vmex"), &code));
    CHECK((rights_of(code) & TS_RIGHT_EXECUTE) != 0 && (rights_of(code) & TS_RIGHT_WRITE) == 0);
    child = make_snapshot(code, 0, PAGE);
    CHECK((rights_of(child) & TS_RIGHT_WRITE) != 0 && (rights_of(child) & TS_RIGHT_EXECUTE) == 0);
    close_handle(child);
    child = make_child(vmo, SNAPSHOT | TS_VMO_CHILD_NO_WRITE, 0, PAGE);
    CHECK_EQUAL(0, rights_of(child) & TS_RIGHT_WRITE);
    close_handle(child);
    child = make_slice(code, 0, PAGE); /* no copy: what its parent's handle may, no more */
    CHECK_EQUAL(rights_of(code), rights_of(child));
    close_handle(child);
    CHECK_STATUS(TS_ERR_INVALID_ARGS,
                 ts_vmo_create_child(vmo, SNAPSHOT | TS_VMO_CHILD_NO_WRITE | TS_VMO_RESIZABLE, 0, PAGE, &child));
    ts_handle_t no_read = duplicate_without(vmo, TS_RIGHT_READ);
    ts_handle_t no_duplicate = duplicate_without(vmo, TS_RIGHT_DUPLICATE);
    for (uint32_t kind = SNAPSHOT; kind <= SLICE; kind <<= 1) {
        CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_vmo_create_child(no_read, kind, 0, PAGE, &child));
        CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_vmo_create_child(no_duplicate, kind, 0, PAGE, &child));
    }
    close_handle(no_duplicate);
    close_handle(no_read);
    close_handle(code);
    close_handle(vmo);
}

static void v13_refused(void) {
    ts_handle_t registers = TS_HANDLE_INVALID;
    ts_handle_t piece = TS_HANDLE_INVALID;
    ts_handle_t child;
    ts_handle_t discardable = make_vmo_with(TS_VMO_DISCARDABLE, PAGE);
    CHECK_OK(ts_vmo_create_physical(resource("root"), device_page, PAGE, &registers));
    CHECK_OK(ts_vmo_create_contiguous(2 * PAGE, 0, &piece));
    ts_handle_t slice = make_slice(piece, PAGE, PAGE);
    for (uint32_t kind = SNAPSHOT; kind <= LAZY; kind <<= 1) {
        CHECK_STATUS(TS_ERR_NOT_SUPPORTED, ts_vmo_create_child(registers, kind, 0, PAGE, &child));
        CHECK_STATUS(TS_ERR_NOT_SUPPORTED, ts_vmo_create_child(piece, kind, 0, PAGE, &child));
        CHECK_STATUS(TS_ERR_NOT_SUPPORTED, ts_vmo_create_child(slice, kind, 0, PAGE, &child));
        CHECK_STATUS(TS_ERR_NOT_SUPPORTED, ts_vmo_create_child(discardable, kind, 0, PAGE, &child));
    }
    close_handle(slice);
    close_handle(piece);
    close_handle(registers);
    close_handle(discardable);
}

static void v14_parent_shrinks(void) {
    for (uint64_t left = 0; left <= 2; left++) {
        ts_handle_t vmo = make_filled(TS_VMO_RESIZABLE, 4, 1);
        ts_handle_t copy = make_snapshot(vmo, 0, 4 * PAGE);
        uint64_t before = program_memory();
        CHECK_OK(ts_vmo_set_size(vmo, left * PAGE));
        check_pages(copy, 0, 4, 1);
        CHECK_EQUAL(before, program_memory()); /* the child sees them all */
        CHECK_EQUAL((4 - left) * PAGE + left * PAGE / 2, part_of(copy));
        CHECK_OK(ts_vmo_set_size(vmo, 4 * PAGE));
        check_zeros(vmo, left, 4 - left);
        close_handle(copy);
        close_handle(vmo);
    }
}

static void v15_child_shrinks(void) {
    ts_handle_t vmo = make_filled(TS_VMO_RESIZABLE, 4, 1);
    ts_handle_t copy = make_child(vmo, SNAPSHOT | TS_VMO_RESIZABLE, 0, 4 * PAGE);
    CHECK_OK(ts_vmo_set_size(copy, PAGE));
    check_pages(vmo, 0, 4, 1);
    CHECK_OK(ts_vmo_set_size(copy, 4 * PAGE));
    check_pages(copy, 0, 1, 1);
    check_zeros(copy, 1, 3);
    CHECK_OK(ts_vmo_set_size(vmo, 0)); /* and the parent grown again does not see the child's */
    fill_pages(copy, 0, 4, 70);
    CHECK_OK(ts_vmo_set_size(vmo, 4 * PAGE));
    check_zeros(vmo, 0, 4);
    check_pages(copy, 0, 4, 70);
    close_handle(copy);
    close_handle(vmo);
}

static void v16_grown_clone(void) {
    ts_handle_t vmo = make_filled(0, PAGES, 1);
    ts_handle_t copy = make_child(vmo, SNAPSHOT | TS_VMO_RESIZABLE, PAGE, 2 * PAGE);
    CHECK_OK(ts_vmo_set_size(copy, 6 * PAGE));
    uint64_t address = 0;
    CHECK_OK(ts_vmar_map(guest_self.vmar, MAP_WRITE | TS_VMAR_ALLOW_FAULTS, 0, copy, 0, 6 * PAGE, &address));
    check_pages(copy, 0, 2, 2);
    check_zeros(copy, 2, 4);
    CHECK_EQUAL(0, *word_in(address + 2 * PAGE));
    ts_handle_t grandchild = make_snapshot(copy, 0, 6 * PAGE);
    check_zeros(grandchild, 2, 4);
    close_handle(grandchild);
    unmap(address, 6 * PAGE);
    close_handle(copy);
    close_handle(vmo);
}

static void v17_parent_first(void) {
    uint64_t before = program_memory();
    ts_handle_t vmo = make_filled(0, PAGES, 1);
    ts_handle_t copy = make_snapshot(vmo, 2 * PAGE, 3 * PAGE);
    fill_pages(vmo, 2, 1, 80);
    close_handle(vmo);
    wait_alone(copy);
    check_pages(copy, 0, 3, 3);
    CHECK_EQUAL(3 * PAGE, part_of(copy));
    CHECK_EQUAL(before + 3 * PAGE, program_memory()); /* what only the parent saw is free */
    close_handle(copy);
}

static void v18_child_first(void) {
    uint64_t before = program_memory();
    ts_handle_t vmo = make_filled(0, PAGES, 1);
    ts_handle_t copy = make_snapshot(vmo, 0, PAGES * PAGE);
    fill_pages(copy, 0, 2, 90);
    CHECK_EQUAL(before + (PAGES + 2) * PAGE, program_memory());
    close_handle(copy);
    wait_no_children(vmo);
    wait_alone(vmo);
    check_pages(vmo, 0, PAGES, 1);
    CHECK_EQUAL(before + PAGES * PAGE, program_memory());
    fill_pages(vmo, 0, PAGES, 2); /* private again: in place */
    CHECK_EQUAL(before + PAGES * PAGE, program_memory());
    close_handle(vmo);
}

/* --- V19: parent, two children, grandchild --- */

#define RELATIVES 4u

/* Pages of the parent, at their places: the first word of each page of each relative, 0 where it has none. */
struct relatives {
    ts_handle_t vmo[RELATIVES];
    uint64_t pages[RELATIVES];
    uint64_t content[RELATIVES][PAGES];
};

static void relative_write(struct relatives *family, unsigned i, uint64_t page, uint64_t value) {
    set_word(family->vmo[i], page * PAGE, value);
    family->content[i][page] = value;
}

static void relative_copy(struct relatives *family, unsigned from, unsigned to, uint64_t first, uint64_t pages) {
    family->vmo[to] = make_snapshot(family->vmo[from], first * PAGE, pages * PAGE);
    family->pages[to] = pages;
    for (uint64_t page = 0; page < pages; page++) {
        family->content[to][page] = first + page < family->pages[from] ? family->content[from][first + page] : 0;
    }
}

static void check_relatives(const struct relatives *family) {
    for (unsigned i = 0; i < RELATIVES; i++) {
        for (uint64_t page = 0; family->vmo[i] != TS_HANDLE_INVALID && page < family->pages[i]; page++) {
            CHECK_EQUAL(family->content[i][page], word_at(family->vmo[i], page * PAGE));
        }
    }
}

static void make_relatives(struct relatives *family) {
    *family = (struct relatives){.vmo = {make_filled(0, 6, 10)}, .pages = {6}};
    for (uint64_t page = 0; page < 6; page++) {
        family->content[0][page] = 10 + page;
    }
    relative_copy(family, 0, 1, 0, 6);
    relative_write(family, 1, 1, 20);
    relative_write(family, 0, 2, 21);
    relative_copy(family, 0, 2, 2, 6);
    relative_copy(family, 1, 3, 1, 4);
    relative_write(family, 3, 1, 22);
    relative_write(family, 2, 5, 23);
}

static bool is_order(const unsigned order[RELATIVES]) {
    unsigned seen = 0;
    for (unsigned i = 0; i < RELATIVES; i++) {
        seen |= 1u << order[i];
    }
    return seen == (1u << RELATIVES) - 1;
}

/* Writes after each close, too: what became private must still be right. */
static void close_in_order(const unsigned order[RELATIVES]) {
    struct relatives family;
    make_relatives(&family);
    for (unsigned i = 0; i < RELATIVES; i++) {
        check_relatives(&family);
        close_handle(family.vmo[order[i]]);
        family.vmo[order[i]] = TS_HANDLE_INVALID;
        for (unsigned j = i + 1; j < RELATIVES; j++) {
            relative_write(&family, order[j], (i + j) % family.pages[order[j]], 100 + 10 * i + j);
        }
    }
}

static void v19_any_order(void) {
    for (unsigned code = 0; code < 256; code++) {
        unsigned order[RELATIVES] = {code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6 & 3};
        if (is_order(order)) {
            close_in_order(order);
        }
    }
}

/* --- what it costs --- */

static void v20_attribution(void) {
    uint64_t before = program_memory();
    ts_handle_t vmo[4] = {make_filled(0, 5, 1)};
    for (unsigned i = 1; i < 4; i++) {
        vmo[i] = make_snapshot(vmo[i == 3 ? 2 : 0], i == 2 ? PAGE : 0, 4 * PAGE);
    }
    fill_pages(vmo[3], 0, 2, 30);
    fill_pages(vmo[0], 4, 1, 40);
    uint64_t sum = 0;
    for (unsigned i = 0; i < 4; i++) {
        struct ts_info_vmo info = vmo_info(vmo[i]);
        CHECK(info.part > 0 && info.part <= info.committed && info.committed <= info.size);
        sum += info.part;
    }
    CHECK_EQUAL(program_memory() - before, sum);
    for (unsigned i = 0; i < 4; i++) {
        close_handle(vmo[i]);
    }
}

static void v21_unseen_page_in_place(void) {
    ts_handle_t vmo = make_filled(0, 4, 1);
    ts_handle_t copy = make_snapshot(vmo, 0, 4 * PAGE);
    uint64_t address = map_vmo(vmo, 4 * PAGE);
    fill_pages(copy, 0, 1, 9);
    uint64_t before = program_memory();
    uint64_t charged = job_use(guest_self.job, TS_CEILING_MEMORY);
    set_word(vmo, 0, 5);  /* the copy has its own: nobody else sees this one */
    set_word(copy, 0, 6);
    CHECK_EQUAL(before, program_memory());
    CHECK_EQUAL(charged, job_use(guest_self.job, TS_CEILING_MEMORY));
    close_handle(copy);
    wait_no_children(vmo);
    wait_alone(vmo);
    before = program_memory();
    for (unsigned i = 0; i < 4; i++) {
        *word_in(address + i * PAGE) = 7;
    }
    CHECK_EQUAL(before, program_memory());
    unmap(address, 4 * PAGE);
    close_handle(vmo);
}

static void v22_forks_of_zeros(void) {
    uint64_t before = program_memory();
    ts_handle_t vmo[4] = {make_vmo(PAGE)};
    for (unsigned i = 1; i < 4; i++) {
        vmo[i] = make_snapshot(vmo[i - 1], 0, PAGE);
    }
    for (unsigned i = 0; i < 4; i++) {
        CHECK_EQUAL(0, word_at(vmo[i], 0));
        CHECK_EQUAL(before + i * PAGE, program_memory());
        set_word(vmo[i], 0, i + 1);
    }
    CHECK_EQUAL(before + 4 * PAGE, program_memory());
    for (unsigned i = 0; i < 4; i++) {
        CHECK_EQUAL(i + 1, word_at(vmo[i], 0));
        CHECK_EQUAL(PAGE, part_of(vmo[i]));
        close_handle(vmo[i]);
    }
}

static void v23_chain(void) {
    enum { LINKS = 40 };
    ts_handle_t vmo[LINKS] = {make_filled(0, LINKS + 4, 1)};
    for (unsigned i = 1; i < LINKS; i++) {
        vmo[i] = make_snapshot(vmo[i - 1], PAGE, (LINKS + 4 - i) * PAGE);
        set_word(vmo[i], 2 * PAGE, 1000 + i);
    }
    for (unsigned i = 0; i < LINKS; i++) {
        /* Page 0 and 1: what the links before wrote to the same place, if they reached it. */
        CHECK_EQUAL(i < 3 ? i + 1 : 1000 + i - 2, word_at(vmo[i], 0));
        CHECK_EQUAL(i < 2 ? i + 2 : 1000 + i - 1, word_at(vmo[i], PAGE));
        CHECK_EQUAL(i + 4, word_at(vmo[i], 3 * PAGE));
        close_handle(vmo[i]);
    }
}

static void v25_independent_children(void) {
    ts_handle_t vmo = make_filled(0, 4, 1);
    ts_handle_t low = make_snapshot(vmo, 0, 2 * PAGE);
    ts_handle_t high = make_snapshot(vmo, 2 * PAGE, 2 * PAGE);
    fill_pages(low, 0, 2, 50);
    CHECK_EQUAL(2 * PAGE, part_of(high) * 2); /* each page is the parent's and high's */
    fill_pages(high, 0, 2, 60);
    check_pages(low, 0, 2, 50);
    check_pages(high, 0, 2, 60);
    check_pages(vmo, 0, 4, 1);
    close_handle(low);
    fill_pages(high, 0, 1, 70);
    check_pages(high, 0, 1, 70);
    check_pages(vmo, 0, 4, 1);
    close_handle(high);
    close_handle(vmo);
}

/* --- writes through mappings, in several processes --- */

static void v24_mapping_of_the_parent(void) {
    ts_handle_t vmo = make_filled(0, 3, 1);
    uint64_t address = map_vmo(vmo, 3 * PAGE);
    *word_in(address) = 11; /* the mapping can write before the snapshot is made */
    ts_handle_t copy = make_snapshot(vmo, 0, 3 * PAGE);
    uint64_t before = program_memory();
    *word_in(address) = 12;
    *word_in(address + PAGE) = 13;
    CHECK_EQUAL(before + 2 * PAGE, program_memory());
    CHECK_EQUAL(11, word_at(copy, 0));
    check_pages(copy, 1, 2, 1);
    CHECK_EQUAL(12, word_at(vmo, 0));
    CHECK_EQUAL(13, word_at(vmo, PAGE));
    set_word(vmo, 0, 14); /* and calls are seen through it */
    CHECK_EQUAL(14, *word_in(address));
    unmap(address, 3 * PAGE);
    close_handle(copy);
    close_handle(vmo);
}

static void v24_mapping_of_the_child(void) {
    ts_handle_t vmo = make_filled(0, 3, 1);
    ts_handle_t copy = make_snapshot(vmo, 0, 3 * PAGE);
    uint64_t address = map_vmo(copy, 3 * PAGE);
    CHECK_EQUAL(1, *word_in(address));
    *word_in(address) = 21;
    CHECK_EQUAL(21, *word_in(address));
    CHECK_EQUAL(21, word_at(copy, 0));
    check_pages(vmo, 0, 3, 1);
    CHECK_EQUAL(2, *word_in(address + PAGE)); /* mapped, then written by call on the other side, and on this one */
    set_word(vmo, PAGE, 22);
    CHECK_EQUAL(2, *word_in(address + PAGE));
    set_word(copy, PAGE, 23);
    CHECK_EQUAL(23, *word_in(address + PAGE));
    CHECK_EQUAL(22, word_at(vmo, PAGE));
    unmap(address, 3 * PAGE);
    close_handle(copy);
    close_handle(vmo);
}

/* Both sides are mapped here, and written in other processes; each mapping here shows its own side only. */
static void v24_several_processes(void) {
    ts_handle_t vmo = make_filled(0, 3, 1);
    ts_handle_t copy = make_snapshot(vmo, 0, 3 * PAGE);
    uint64_t parent_side = map_vmo(vmo, 3 * PAGE);
    uint64_t child_side = map_vmo(copy, 3 * PAGE);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQUAL(i + 1, *word_in(parent_side + i * PAGE));
        CHECK_EQUAL(i + 1, *word_in(child_side + i * PAGE));
    }
    CHECK_EQUAL(0, write_in_child(copy, 3 * PAGE, 0, 31));
    CHECK_EQUAL(31, *word_in(child_side));
    CHECK_EQUAL(1, *word_in(parent_side));
    CHECK_EQUAL(0, write_in_child(vmo, 3 * PAGE, PAGE, 32));
    CHECK_EQUAL(32, *word_in(parent_side + PAGE));
    CHECK_EQUAL(2, *word_in(child_side + PAGE));
    *word_in(parent_side + 2 * PAGE) = 33;
    *word_in(child_side + 2 * PAGE) = 34;
    CHECK_EQUAL(0, read_in_child(vmo, 3 * PAGE, 2 * PAGE, 33));
    CHECK_EQUAL(0, read_in_child(copy, 3 * PAGE, 2 * PAGE, 34));
    CHECK_EQUAL(0, read_in_child(copy, 3 * PAGE, PAGE, 2));
    unmap(parent_side, 3 * PAGE);
    unmap(child_side, 3 * PAGE);
    close_handle(copy);
    close_handle(vmo);
}

/* Two mappings of one VMO stay one memory when a write exchanges the page. */
static void v24_two_mappings(void) {
    ts_handle_t vmo = make_filled(0, 2, 1);
    uint64_t first = map_vmo(vmo, 2 * PAGE);
    uint64_t second = map_vmo(vmo, 2 * PAGE);
    CHECK_EQUAL(1, *word_in(first));
    CHECK_EQUAL(1, *word_in(second));
    ts_handle_t copy = make_snapshot(vmo, 0, 2 * PAGE);
    CHECK_EQUAL(1, *word_in(second));
    *word_in(first) = 41;
    CHECK_EQUAL(41, *word_in(second));
    *word_in(second) = 42;
    CHECK_EQUAL(42, *word_in(first));
    CHECK_EQUAL(1, word_at(copy, 0));
    unmap(first, 2 * PAGE);
    unmap(second, 2 * PAGE);
    close_handle(copy);
    close_handle(vmo);
}

/* --- the other kinds --- */

static void v26_at_least_on_write(void) {
    ts_handle_t vmo = make_filled(0, 3, 1);
    ts_handle_t child = make_child(vmo, LAZY, 0, 3 * PAGE);
    set_word(child, 0, 51);
    set_word(vmo, 0, 52);
    CHECK_EQUAL(51, word_at(child, 0));
    CHECK_EQUAL(52, word_at(vmo, 0));
    set_word(vmo, PAGE, 53);
    uint64_t seen = word_at(child, PAGE); /* the rule leaves both */
    CHECK(seen == 2 || seen == 53);
    set_word(child, PAGE + 8, 54);
    set_word(vmo, PAGE, 55);
    CHECK_EQUAL(seen, word_at(child, PAGE));
    CHECK_EQUAL(0, word_at(vmo, PAGE + 8));
    close_handle(child);
    close_handle(vmo);
}

static void v27_no_decommit_of_a_clone(void) {
    ts_handle_t vmo = make_filled(0, 2, 1);
    for (uint32_t kind = SNAPSHOT; kind <= LAZY; kind <<= 1) {
        ts_handle_t child = make_child(vmo, kind, 0, 2 * PAGE);
        CHECK_STATUS(TS_ERR_NOT_SUPPORTED, ts_vmo_op_range(child, TS_VMO_OP_DECOMMIT, 0, PAGE));
        check_pages(child, 0, 2, 1);
        close_handle(child);
    }
    ts_handle_t orphan = make_snapshot(vmo, 0, 2 * PAGE);
    close_handle(vmo);
    wait_alone(orphan);
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, ts_vmo_op_range(orphan, TS_VMO_OP_DECOMMIT, 0, PAGE));
    close_handle(orphan);
}

static void v29_slice_is_the_parent(void) {
    ts_handle_t vmo = make_filled(0, 4, 1);
    ts_handle_t slice = make_slice(vmo, PAGE, 2 * PAGE);
    ts_handle_t inner = make_slice(slice, PAGE, PAGE);
    uint64_t word;
    check_pages(slice, 0, 2, 2);
    set_word(slice, 0, 61);
    set_word(vmo, 2 * PAGE, 62);
    CHECK_EQUAL(61, word_at(vmo, PAGE));
    CHECK_EQUAL(62, word_at(slice, PAGE));
    CHECK_EQUAL(62, word_at(inner, 0));
    uint64_t address = map_vmo(inner, PAGE);
    *word_in(address) = 63;
    CHECK_EQUAL(63, word_at(vmo, 2 * PAGE));
    CHECK_OK(ts_vmo_op_range(inner, TS_VMO_OP_ZERO, 0, PAGE));
    CHECK_EQUAL(0, word_at(vmo, 2 * PAGE));
    CHECK_EQUAL(0, *word_in(address));
    check_pages(vmo, 3, 1, 1);
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_vmo_read(inner, &word, PAGE, sizeof(word)));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_vmo_op_range(slice, TS_VMO_OP_COMMIT, PAGE, 2 * PAGE));
    CHECK_STATUS(TS_ERR_UNAVAILABLE, ts_vmo_set_size(slice, PAGE));
    unmap(address, PAGE);
    close_handle(vmo); /* what it shows stays */
    CHECK_EQUAL(61, word_at(slice, 0));
    close_handle(slice);
    CHECK_EQUAL(0, word_at(inner, 0));
    close_handle(inner);
}

static void v29_slices_of_anything(void) {
    ts_handle_t registers = TS_HANDLE_INVALID;
    ts_handle_t piece = TS_HANDLE_INVALID;
    ts_handle_t slice = TS_HANDLE_INVALID;
    ts_handle_t resizable = make_vmo_with(TS_VMO_RESIZABLE, 2 * PAGE);
    CHECK_OK(ts_vmo_create_physical(resource("root"), device_page, PAGE, &registers));
    CHECK_OK(ts_vmo_create_contiguous(4 * PAGE, 0, &piece));
    fill_pages(piece, 0, 4, 1);
    slice = make_slice(piece, 2 * PAGE, 2 * PAGE);
    uint64_t address = map_vmo(slice, 2 * PAGE);
    CHECK_EQUAL(4, *word_in(address + PAGE));
    *word_in(address) = 71;
    CHECK_EQUAL(71, word_at(piece, 2 * PAGE));
    unmap(address, 2 * PAGE);
    close_handle(slice);
    slice = make_slice(registers, 0, PAGE);
    CHECK_EQUAL(1, vmo_info(slice).physical);
    address = map_vmo(slice, PAGE);
    CHECK_EQUAL(device_word, *(volatile uint32_t *)(address + device_word_offset));
    unmap(address, PAGE);
    close_handle(slice);
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, ts_vmo_create_child(resizable, SLICE, 0, PAGE, &slice));
    ts_handle_t outside = TS_HANDLE_INVALID;
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_vmo_create_child(piece, SLICE, 3 * PAGE, 2 * PAGE, &outside));
    close_handle(piece);
    close_handle(registers);
    close_handle(resizable);
}

/* A snapshot of a slice's page is a copy of the parent's, and the slice stays the parent. */
static void v29_snapshot_of_a_slice(void) {
    ts_handle_t vmo = make_filled(0, 4, 1);
    ts_handle_t slice = make_slice(vmo, PAGE, 2 * PAGE);
    uint64_t address = map_vmo(slice, 2 * PAGE);
    *word_in(address) = 81;
    ts_handle_t copy = make_snapshot(slice, 0, 2 * PAGE);
    *word_in(address) = 82;
    set_word(vmo, 2 * PAGE, 83);
    CHECK_EQUAL(82, word_at(vmo, PAGE));
    CHECK_EQUAL(81, word_at(copy, 0));
    CHECK_EQUAL(3, word_at(copy, PAGE));
    CHECK_EQUAL(83, *word_in(address + PAGE));
    unmap(address, 2 * PAGE);
    close_handle(slice);
    close_handle(vmo);
    CHECK_EQUAL(81, word_at(copy, 0));
    close_handle(copy);
}

/* D12: what is left of a revoked handle is a snapshot; slices and what they map are gone. */
static void d12_revoke_of_the_parent(void) {
    ts_handle_t vmo = make_filled(0, 2, 1);
    ts_handle_t handle = duplicate_with(vmo, TS_RIGHT_SAME_RIGHTS);
    ts_handle_t slice = make_slice(handle, 0, 2 * PAGE);
    ts_handle_t inner = make_slice(slice, PAGE, PAGE);
    ts_handle_t copy = make_snapshot(slice, 0, 2 * PAGE);
    uint64_t address = map_vmo(inner, PAGE);
    uint64_t word = 0;
    CHECK_EQUAL(2, *word_in(address));
    CHECK_OK(ts_handle_revoke(handle));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_vmo_read(slice, &word, 0, sizeof(word)));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_vmo_read(inner, &word, 0, sizeof(word)));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_write(vmo, (const void *)address, 0, 8));
    CHECK_STATUS(TS_ERR_NOT_FOUND, ts_vmar_unmap(guest_self.vmar, address, PAGE));
    check_pages(copy, 0, 2, 1);
    check_pages(handle, 0, 2, 1);
    close_handle(copy);
    close_handle(handle);
    close_handle(vmo);
}

static void executable_clone(void) {
    ts_handle_t vmo = make_vmo(PAGE);
    ts_handle_t code = TS_HANDLE_INVALID;
    ts_handle_t executable = TS_HANDLE_INVALID;
    uint64_t address = 0;
    CHECK_OK(ts_vmo_write(vmo, cpu_code_42, 0, cpu_code_42_size));
    CHECK_OK(ts_vmo_replace_executable(vmo, resource("vmex"), &code));
    ts_handle_t copy = make_snapshot(code, 0, PAGE);
    CHECK_STATUS(TS_ERR_ACCESS_DENIED,
                 ts_vmar_map(guest_self.vmar, MAP_READ | TS_VMAR_EXECUTE, 0, copy, 0, PAGE, &address));
    CHECK_OK(ts_vmo_replace_executable(copy, resource("vmex"), &executable));
    CHECK_OK(ts_vmar_map(guest_self.vmar, MAP_READ | TS_VMAR_EXECUTE, 0, executable, 0, PAGE, &address));
    CHECK_OK(ts_vmo_op_range(code, TS_VMO_OP_ZERO, 0, PAGE)); /* of the original: the copy runs on */
    CHECK_EQUAL(42, ((uint32_t(*)(void))address)());
    unmap(address, PAGE);
    close_handle(executable);
    close_handle(code);
}

static const struct guest_test tests[] = {
    {"normal: vmo_create_child makes copies and slices", normal_create_child},
    {"hostile: vmo_create_child refuses options, ranges and kinds, and at ceilings", hostile_create_child},
    {"V10 a snapshot is a copy, in both directions", v10_equals_copy},
    {"V10 a page that is written keeps its other bytes, on both sides", v10_rest_of_the_page},
    {"V11 a child is zeros where its parent was not", v11_beyond_the_parent},
    {"V11 a child of a slice is zeros where the slice was not", v11_beyond_a_slice},
    {"V12 a copy may be written, not executed; it needs DUPLICATE and READ", v12_rights},
    {"V13 what is no memory of its own is not copied", v13_refused},
    {"V14 shrinking the parent leaves the child's data", v14_parent_shrinks},
    {"V15 shrinking the child leaves the parent's data", v15_child_shrinks},
    {"V16 a clone that grows does not see the parent there", v16_grown_clone},
    {"V17 children keep their data when the parent goes first", v17_parent_first},
    {"V18 the parent keeps its data when the child goes first", v18_child_first},
    {"V19 any order of closing", v19_any_order},
    {"V20 parts of relatives add up to the pages", v20_attribution},
    {"V21 a page that no relative sees is written in place", v21_unseen_page_in_place},
    {"V22 four forks of zeros cost four pages", v22_forks_of_zeros},
    {"V23 clones of clones read through the chain", v23_chain},
    {"V24 writes through a mapping of the parent", v24_mapping_of_the_parent},
    {"V24 writes through a mapping of the child", v24_mapping_of_the_child},
    {"V24 writes of several processes on both sides", v24_several_processes},
    {"V24 two mappings of a copied VMO stay one memory", v24_two_mappings},
    {"V25 children of disjoint ranges know nothing of each other", v25_independent_children},
    {"V26 a write of the child isolates the page", v26_at_least_on_write},
    {"V27 a clone is not decommitted", v27_no_decommit_of_a_clone},
    {"V29 a slice works on its parent's pages", v29_slice_is_the_parent},
    {"V29 slices of registers and pieces, within them, of fixed size", v29_slices_of_anything},
    {"V29 a snapshot of a slice is a copy", v29_snapshot_of_a_slice},
    {"D12 D4 revoke of the parent's handle ends slices and what they map", d12_revoke_of_the_parent},
    {"V12 V10 code in a copy runs on when the original changes", executable_clone},
};

GUEST_GROUP(clone_tests, tests);
