/* SPDX-License-Identifier: MIT */
/* VMOs by themselves: sizes, operations on ranges, cache policies, memory in one piece, discardable memory. */
#include "guest/ceilings.h"
#include "guest/device.h"
#include "guest/groups.h"
#include "guest/memory.h"
#include "guest/revoking.h"

static ts_handle_t make_contiguous(uint64_t size) {
    ts_handle_t vmo = TS_HANDLE_INVALID;
    CHECK_OK(ts_vmo_create_contiguous(size, 0, &vmo));
    return vmo;
}

static ts_handle_t make_registers(void) {
    ts_handle_t vmo = TS_HANDLE_INVALID;
    CHECK_OK(ts_vmo_create_physical(resource("root"), device_page, PAGE, &vmo));
    return vmo;
}

static ts_status_t operate(ts_handle_t vmo, uint32_t op, uint64_t offset, uint64_t length) {
    return ts_vmo_op_range(vmo, op, offset, length);
}

/* --- sizes --- */

static void v1_content_size(void) {
    ts_handle_t vmo = make_vmo_with(TS_VMO_RESIZABLE, PAGE + 1);
    CHECK_EQUAL(PAGE + 1, vmo_info(vmo).content_size);
    CHECK_EQUAL(2 * PAGE, vmo_info(vmo).size);
    CHECK_OK(ts_vmo_set_size(vmo, 3 * PAGE + 5));
    CHECK_EQUAL(3 * PAGE + 5, vmo_info(vmo).content_size);
    CHECK_EQUAL(4 * PAGE, vmo_info(vmo).size);
    close_handle(vmo);
}

static void normal_set_size(void) {
    ts_handle_t vmo = make_vmo_with(TS_VMO_RESIZABLE, PAGE);
    uint64_t size = 0;
    uint64_t word = 5;
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_vmo_write(vmo, &word, PAGE, sizeof(word)));
    CHECK_OK(ts_vmo_set_size(vmo, 2 * PAGE));
    CHECK_OK(ts_vmo_get_size(vmo, &size));
    CHECK_EQUAL(2 * PAGE, size);
    set_word(vmo, PAGE, 5);
    CHECK_OK(ts_vmo_set_size(vmo, PAGE));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_vmo_read(vmo, &word, PAGE, sizeof(word)));
    CHECK_OK(ts_vmo_set_size(vmo, 0));
    close_handle(vmo);
}

/* At the edge of a table of the tree: cutting what a copy shares takes a table of one's own. */
static ts_status_t cut_shared_table(void) {
    ts_handle_t vmo = TS_HANDLE_INVALID;
    ts_handle_t copy = TS_HANDLE_INVALID;
    ts_status_t status = ts_vmo_create(4 * PAGE, TS_VMO_RESIZABLE, &vmo);
    if (status == TS_OK) {
        status = operate(vmo, TS_VMO_OP_COMMIT, 0, 4 * PAGE);
    }
    if (status == TS_OK) {
        status = ts_vmo_create_child(vmo, TS_VMO_CHILD_SNAPSHOT, 0, 4 * PAGE, &copy);
    }
    if (status == TS_OK) {
        status = ts_vmo_set_size(vmo, 2 * PAGE);
        CHECK_EQUAL(status == TS_OK ? 2 * PAGE : 4 * PAGE, vmo_info(vmo).size);
    }
    (void)!ts_handle_close(copy);
    (void)!ts_handle_close(vmo);
    return status;
}

static void hostile_set_size(void) {
    ts_handle_t fixed = make_vmo(PAGE);
    ts_handle_t vmo = make_vmo_with(TS_VMO_RESIZABLE, PAGE);
    ts_handle_t weak = duplicate_without(vmo, TS_RIGHT_WRITE);
    ts_handle_t event = make_event();
    CHECK_STATUS(TS_ERR_UNAVAILABLE, ts_vmo_set_size(fixed, PAGE));
    CHECK_STATUS(TS_ERR_UNAVAILABLE, ts_vmo_set_size(fixed, 0));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_vmo_set_size(vmo, UINT64_MAX));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_vmo_set_size(vmo, (1ul << 40) + 1));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_vmo_set_size(weak, PAGE));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_vmo_set_size(event, PAGE));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_vmo_set_size(STALE_HANDLE, PAGE));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_vmo_set_size(0, PAGE));
    CHECK_EQUAL(PAGE, vmo_info(vmo).size);
    check_memory_ceiling(cut_shared_table, TS_HANDLE_INVALID);
    close_handle(event);
    close_handle(weak);
    close_handle(vmo);
    close_handle(fixed);
}

static void v4_needs_resizable(void) {
    ts_handle_t fixed = make_vmo(2 * PAGE);
    ts_handle_t child = make_snapshot(fixed, 0, PAGE);
    ts_handle_t resizable = make_child(fixed, TS_VMO_CHILD_SNAPSHOT | TS_VMO_RESIZABLE, 0, PAGE);
    CHECK_STATUS(TS_ERR_UNAVAILABLE, ts_vmo_set_size(fixed, PAGE));
    CHECK_STATUS(TS_ERR_UNAVAILABLE, ts_vmo_set_size(child, PAGE));
    CHECK_OK(ts_vmo_set_size(resizable, 3 * PAGE));
    CHECK_EQUAL(2 * PAGE, vmo_info(fixed).size);
    close_handle(resizable);
    close_handle(child);
    close_handle(fixed);
}

static void v5_regrown_is_zero(void) {
    ts_handle_t vmo = make_vmo_with(TS_VMO_RESIZABLE, 8 * PAGE);
    uint64_t address = 0;
    CHECK_OK(ts_vmar_map(guest_self.vmar, MAP_WRITE | TS_VMAR_ALLOW_FAULTS, 0, vmo, 0, 8 * PAGE, &address));
    for (unsigned i = 0; i < 8; i++) {
        *word_in(address + i * PAGE) = i + 1;
    }
    CHECK_OK(ts_vmo_set_size(vmo, 3 * PAGE));
    CHECK_EQUAL(3 * PAGE, vmo_info(vmo).committed);
    CHECK_OK(ts_vmo_set_size(vmo, 8 * PAGE));
    check_pages(vmo, 0, 3, 1);
    check_zeros(vmo, 3, 5);
    for (unsigned i = 0; i < 8; i++) {
        CHECK_EQUAL(i < 3 ? i + 1 : 0, *word_in(address + i * PAGE));
    }
    unmap(address, 8 * PAGE);
    close_handle(vmo);
}

/* --- operations --- */

static void normal_op_range(void) {
    ts_handle_t vmo = make_vmo(8 * PAGE);
    CHECK_OK(operate(vmo, TS_VMO_OP_COMMIT, PAGE, 2 * PAGE));
    CHECK_EQUAL(2 * PAGE, vmo_info(vmo).committed);
    CHECK_OK(operate(vmo, TS_VMO_OP_DECOMMIT, PAGE, PAGE));
    CHECK_EQUAL(PAGE, vmo_info(vmo).committed);
    for (uint32_t op = TS_VMO_OP_CACHE_SYNC; op <= TS_VMO_OP_CACHE_CLEAN_INVALIDATE; op++) {
        CHECK_OK(operate(vmo, op, 10, 3 * PAGE));
    }
    CHECK_OK(operate(vmo, TS_VMO_OP_COMMIT, 8 * PAGE, 0));
    close_handle(vmo);
}

/* A page of a VMO that is kept, so that the tree is there. */
static ts_status_t commit_in_child(void) {
    ts_handle_t vmo = TS_HANDLE_INVALID;
    ts_status_t status = ts_vmo_create(2 * PAGE, 0, &vmo);
    if (status == TS_OK) {
        status = operate(vmo, TS_VMO_OP_COMMIT, 0, 2 * PAGE);
        (void)!ts_handle_close(vmo);
    }
    return status;
}

static void hostile_op_range(void) {
    ts_handle_t vmo = make_vmo(2 * PAGE);
    ts_handle_t event = make_event();
    ts_handle_t registers = make_registers();
    ts_handle_t piece = make_contiguous(PAGE);
    ts_handle_t discardable = make_vmo_with(TS_VMO_DISCARDABLE, PAGE);
    ts_handle_t read_only = duplicate_without(vmo, TS_RIGHT_WRITE);
    ts_handle_t write_only = duplicate_without(vmo, TS_RIGHT_READ);
    CHECK_STATUS(TS_ERR_INVALID_ARGS, operate(vmo, 0, 0, PAGE));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, operate(vmo, 99, 0, PAGE));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, operate(vmo, UINT32_MAX, 0, PAGE));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, operate(vmo, TS_VMO_OP_CACHE_SYNC, 0, 0));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, operate(vmo, TS_VMO_OP_DECOMMIT, 1, PAGE));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, operate(vmo, TS_VMO_OP_DECOMMIT, 0, 1));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, operate(vmo, TS_VMO_OP_COMMIT, PAGE, 2 * PAGE));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, operate(vmo, TS_VMO_OP_ZERO, UINT64_MAX, 2));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, operate(vmo, TS_VMO_OP_COMMIT, 2, UINT64_MAX));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, operate(vmo, TS_VMO_OP_COMMIT, 2 * PAGE + 1, 0));
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, operate(vmo, TS_VMO_OP_LOCK, 0, 2 * PAGE));
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, operate(registers, TS_VMO_OP_COMMIT, 0, PAGE));
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, operate(registers, TS_VMO_OP_ZERO, 0, PAGE));
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, operate(registers, TS_VMO_OP_CACHE_CLEAN, 0, PAGE));
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, operate(piece, TS_VMO_OP_DECOMMIT, 0, PAGE));
    CHECK_STATUS(TS_ERR_BAD_STATE, operate(discardable, TS_VMO_OP_UNLOCK, 0, PAGE));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, operate(read_only, TS_VMO_OP_COMMIT, 0, PAGE));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, operate(read_only, TS_VMO_OP_DECOMMIT, 0, PAGE));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, operate(read_only, TS_VMO_OP_ZERO, 0, PAGE));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, operate(read_only, TS_VMO_OP_CACHE_INVALIDATE, 0, PAGE));
    CHECK_OK(operate(read_only, TS_VMO_OP_CACHE_SYNC, 0, PAGE));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, operate(write_only, TS_VMO_OP_CACHE_SYNC, 0, PAGE));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, operate(event, TS_VMO_OP_COMMIT, 0, PAGE));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, operate(STALE_HANDLE, TS_VMO_OP_COMMIT, 0, PAGE));
    CHECK_EQUAL(0, vmo_info(vmo).committed);
    check_memory_ceiling(commit_in_child, TS_HANDLE_INVALID);
    close_handle(write_only);
    close_handle(read_only);
    close_handle(discardable);
    close_handle(piece);
    close_handle(registers);
    close_handle(event);
    close_handle(vmo);
}

static void v6_commit(void) {
    ts_handle_t vmo = make_vmo(600 * PAGE);
    ts_handle_t child;
    uint64_t before = program_memory();
    CHECK_OK(operate(vmo, TS_VMO_OP_COMMIT, 500 * PAGE + 7, 20 * PAGE));
    CHECK_EQUAL(21 * PAGE, vmo_info(vmo).committed);
    CHECK_EQUAL(before + 21 * PAGE, program_memory());
    child = make_snapshot(vmo, 0, 600 * PAGE);
    CHECK_OK(operate(child, TS_VMO_OP_COMMIT, 510 * PAGE, 4 * PAGE)); /* its own, so that writes find them */
    CHECK_EQUAL(before + 25 * PAGE, program_memory());
    fill_pages(child, 510, 4, 1);
    CHECK_EQUAL(before + 25 * PAGE, program_memory());
    check_zeros(vmo, 510, 4);
    close_handle(child);
    close_handle(vmo);
}

static void v6_decommit(void) {
    ts_handle_t vmo = make_vmo(600 * PAGE);
    uint64_t address = map_vmo(vmo, 600 * PAGE);
    uint64_t before = program_memory();
    fill_pages(vmo, 500, 20, 1);
    CHECK_EQUAL(501, *word_in(address + 500 * PAGE));
    CHECK_OK(operate(vmo, TS_VMO_OP_DECOMMIT, 500 * PAGE, 19 * PAGE));
    CHECK_EQUAL(before + PAGE, program_memory());
    CHECK_EQUAL(0, *word_in(address + 500 * PAGE));
    check_zeros(vmo, 500, 19);
    check_pages(vmo, 519, 1, 1);
    *word_in(address + 500 * PAGE) = 9;
    CHECK_EQUAL(9, word_at(vmo, 500 * PAGE));
    unmap(address, 600 * PAGE);
    close_handle(vmo);
}

static void v6_decommit_with_children(void) {
    ts_handle_t vmo = make_vmo(4 * PAGE);
    fill_pages(vmo, 0, 4, 1);
    ts_handle_t slice = make_slice(vmo, 0, 4 * PAGE);
    CHECK_OK(operate(vmo, TS_VMO_OP_DECOMMIT, 0, PAGE)); /* slices are no copies */
    CHECK_EQUAL(0, word_at(slice, 0));
    CHECK_OK(operate(slice, TS_VMO_OP_DECOMMIT, PAGE, PAGE));
    CHECK_EQUAL(0, word_at(vmo, PAGE));
    ts_handle_t copy = make_snapshot(vmo, 0, 4 * PAGE);
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, operate(vmo, TS_VMO_OP_DECOMMIT, 0, 4 * PAGE));
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, operate(slice, TS_VMO_OP_DECOMMIT, 0, 4 * PAGE));
    CHECK_EQUAL(3, word_at(vmo, 2 * PAGE));
    close_handle(copy);
    close_handle(slice);
    wait_no_children(vmo);
    CHECK_OK(operate(vmo, TS_VMO_OP_DECOMMIT, 0, 4 * PAGE));
    check_zeros(vmo, 0, 4);
    close_handle(vmo);
}

static void v6_zero_any_alignment(void) {
    static unsigned char bytes[4 * TS_PAGE_SIZE];
    ts_handle_t vmo = make_vmo(4 * PAGE);
    uint64_t address = map_vmo(vmo, 4 * PAGE);
    const uint64_t cuts[][2] = {{1, 1},        {PAGE - 1, 2},       {5, PAGE},          {0, PAGE},
                                {PAGE, 2 * PAGE}, {7, 3 * PAGE + 11}, {2 * PAGE + 1, 0}, {0, 4 * PAGE}};
    for (unsigned i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        bool right = true;
        memset(bytes, 0xee, sizeof(bytes));
        CHECK_OK(ts_vmo_write(vmo, bytes, 0, sizeof(bytes)));
        CHECK_OK(operate(vmo, TS_VMO_OP_ZERO, cuts[i][0], cuts[i][1]));
        for (uint64_t at = 0; at < 4 * PAGE; at++) {
            bool zero = at >= cuts[i][0] && at < cuts[i][0] + cuts[i][1];
            right = right && ((volatile unsigned char *)address)[at] == (zero ? 0 : 0xee);
        }
        CHECK(right);
    }
    CHECK_EQUAL(0, vmo_info(vmo).committed);
    unmap(address, 4 * PAGE);
    close_handle(vmo);
}

/* Zeros in a copy are no zeros in what it is a copy of, and the other way round. */
static void v6_zero_of_relatives(void) {
    ts_handle_t vmo = make_vmo(4 * PAGE);
    fill_pages(vmo, 0, 4, 1);
    ts_handle_t copy = make_snapshot(vmo, 0, 4 * PAGE);
    CHECK_OK(operate(copy, TS_VMO_OP_ZERO, 0, PAGE + 4));
    CHECK_OK(operate(vmo, TS_VMO_OP_ZERO, 2 * PAGE, 2 * PAGE));
    check_pages(vmo, 0, 2, 1);
    check_zeros(vmo, 2, 2);
    check_pages(copy, 2, 2, 1);
    CHECK_EQUAL(0, word_at(copy, 0));
    CHECK_EQUAL(0, word_at(copy, PAGE) & UINT32_MAX);
    close_handle(copy);
    close_handle(vmo);
}

static void v7_children_and_mappings(void) {
    ts_handle_t vmo = make_vmo(PAGE);
    ts_signals_t observed = 0;
    ts_handle_t child = make_snapshot(vmo, 0, PAGE);
    ts_handle_t second = make_slice(vmo, 0, PAGE);
    CHECK_STATUS(TS_ERR_TIMED_OUT, ts_object_wait_one(vmo, TS_SIGNAL_ZERO_CHILDREN, 0, &observed));
    CHECK_EQUAL(2, vmo_info(vmo).children);
    uint64_t address = map_vmo(child, PAGE);
    close_handle(second);
    close_handle(child);
    CHECK_STATUS(TS_ERR_TIMED_OUT,
                 ts_object_wait_one(vmo, TS_SIGNAL_ZERO_CHILDREN, ts_time_after(20 * TS_MILLISECOND), &observed));
    unmap(address, PAGE);
    wait_no_children(vmo);
    CHECK_EQUAL(0, vmo_info(vmo).children);
    close_handle(vmo);
}

/* --- cache policies --- */

static void normal_cache_policy(void) {
    for (uint32_t policy = TS_CACHE_POLICY_CACHED; policy <= TS_CACHE_POLICY_WRITE_THROUGH; policy++) {
        ts_handle_t vmo = make_vmo(2 * PAGE);
        CHECK_OK(ts_vmo_set_cache_policy(vmo, policy));
        CHECK_EQUAL(policy, vmo_info(vmo).cache_policy);
        uint64_t address = map_vmo(vmo, 2 * PAGE);
        CHECK_EQUAL(0, *word_in(address + PAGE));
        *word_in(address) = policy;
        CHECK_EQUAL(policy, *word_in(address));
        unmap(address, 2 * PAGE);
        close_handle(vmo);
    }
}

static void hostile_cache_policy(void) {
    ts_handle_t vmo = make_vmo(PAGE);
    ts_handle_t weak = duplicate_without(vmo, TS_RIGHT_SET_PROPERTY);
    ts_handle_t event = make_event();
    uint64_t address = map_vmo(vmo, PAGE);
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_set_cache_policy(vmo, TS_CACHE_POLICY_WRITE_THROUGH + 1));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_set_cache_policy(vmo, UINT32_MAX));
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmo_set_cache_policy(vmo, TS_CACHE_POLICY_UNCACHED));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_vmo_set_cache_policy(weak, TS_CACHE_POLICY_CACHED));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_vmo_set_cache_policy(event, TS_CACHE_POLICY_CACHED));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_vmo_set_cache_policy(FORGED_HANDLE, TS_CACHE_POLICY_CACHED));
    unmap(address, PAGE);
    close_handle(event);
    close_handle(weak);
    close_handle(vmo);
}

static void v9_only_while_unused(void) {
    ts_handle_t vmo = make_vmo(2 * PAGE);
    uint64_t word = 1;
    uint64_t address = map_vmo(vmo, PAGE);
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmo_set_cache_policy(vmo, TS_CACHE_POLICY_UNCACHED));
    unmap(address, PAGE);
    ts_handle_t child = make_snapshot(vmo, 0, PAGE);
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmo_set_cache_policy(vmo, TS_CACHE_POLICY_UNCACHED));
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmo_set_cache_policy(child, TS_CACHE_POLICY_UNCACHED));
    close_handle(child);
    wait_no_children(vmo);
    ts_handle_t slice = make_slice(vmo, 0, PAGE);
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmo_set_cache_policy(vmo, TS_CACHE_POLICY_UNCACHED));
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmo_set_cache_policy(slice, TS_CACHE_POLICY_UNCACHED));
    close_handle(slice);
    wait_no_children(vmo);
    CHECK_OK(set_policy(vmo, TS_CACHE_POLICY_UNCACHED));
    /* Neither copies nor calls go through the cache. */
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmo_create_child(vmo, TS_VMO_CHILD_SNAPSHOT, 0, PAGE, &child));
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmo_read(vmo, &word, 0, sizeof(word)));
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmo_write(vmo, &word, 0, sizeof(word)));
    slice = make_slice(vmo, PAGE, PAGE);
    CHECK_EQUAL(TS_CACHE_POLICY_UNCACHED, vmo_info(slice).cache_policy);
    close_handle(slice);
    wait_no_children(vmo);
    CHECK_OK(set_policy(vmo, TS_CACHE_POLICY_CACHED));
    CHECK_EQUAL(0, word_at(vmo, 0));
    close_handle(vmo);
}

/* --- memory in one piece --- */

static void normal_contiguous(void) {
    ts_handle_t vmo = TS_HANDLE_INVALID;
    CHECK_OK(ts_vmo_create_contiguous(5 * PAGE, 16, &vmo));
    CHECK_EQUAL(1, vmo_info(vmo).contiguous);
    CHECK_EQUAL(5 * PAGE, vmo_info(vmo).committed);
    check_zeros(vmo, 0, 5);
    uint64_t address = map_vmo(vmo, 5 * PAGE);
    *word_in(address + 4 * PAGE) = 4;
    CHECK_EQUAL(4, word_at(vmo, 4 * PAGE));
    CHECK_OK(operate(vmo, TS_VMO_OP_ZERO, 0, 5 * PAGE));
    CHECK_EQUAL(0, *word_in(address + 4 * PAGE));
    CHECK_EQUAL(5 * PAGE, vmo_info(vmo).committed);
    unmap(address, 5 * PAGE);
    close_handle(vmo);
}

static ts_status_t contiguous_in_child(void) {
    ts_handle_t vmo = TS_HANDLE_INVALID;
    ts_status_t status = ts_vmo_create_contiguous(3 * PAGE, 0, &vmo);
    return status == TS_OK ? ts_handle_close(vmo) : status;
}

static void hostile_contiguous(void) {
    ts_handle_t vmo = 1;
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_create_contiguous(0, 0, &vmo));
    CHECK_EQUAL(0, vmo);
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_create_contiguous(PAGE, 1, &vmo));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_create_contiguous(PAGE, 31, &vmo));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_create_contiguous(PAGE, UINT32_MAX, &vmo));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_vmo_create_contiguous(UINT64_MAX, 0, &vmo));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, ts_vmo_create_contiguous((1ul << 40) + 1, 0, &vmo));
    CHECK_STATUS(TS_ERR_NO_MEMORY, ts_vmo_create_contiguous(1ul << 40, 0, &vmo));
    check_ceilings(contiguous_in_child, TS_HANDLE_INVALID);
}

/* --- discardable memory --- */

static uint64_t discard_all(void) {
    uint64_t bytes = 0;
    CHECK_OK(ts_system_debug(resource("debug"), TS_DEBUG_RECLAIM, UINT64_MAX, &bytes));
    return bytes;
}

static void v30_discarded_unlocked_only(void) {
    ts_handle_t vmo = make_vmo_with(TS_VMO_DISCARDABLE, 4 * PAGE);
    uint64_t address = map_vmo(vmo, 4 * PAGE);
    CHECK_EQUAL(1, vmo_info(vmo).discardable);
    CHECK_OK(operate(vmo, TS_VMO_OP_LOCK, 0, 4 * PAGE));
    *word_in(address + PAGE) = 7;
    (void)discard_all();
    CHECK_EQUAL(7, *word_in(address + PAGE));
    CHECK_OK(operate(vmo, TS_VMO_OP_LOCK, 0, 4 * PAGE)); /* locks are counted */
    CHECK_OK(operate(vmo, TS_VMO_OP_UNLOCK, 0, 4 * PAGE));
    (void)discard_all();
    CHECK_EQUAL(7, *word_in(address + PAGE));
    CHECK_OK(operate(vmo, TS_VMO_OP_UNLOCK, 0, 4 * PAGE));
    CHECK_OK(operate(vmo, TS_VMO_OP_TRY_LOCK, 0, 4 * PAGE)); /* nothing has taken it */
    CHECK_EQUAL(7, *word_in(address + PAGE));
    CHECK_OK(operate(vmo, TS_VMO_OP_UNLOCK, 0, 4 * PAGE));
    CHECK_STATUS(TS_ERR_BAD_STATE, operate(vmo, TS_VMO_OP_UNLOCK, 0, 4 * PAGE));
    CHECK(discard_all() >= PAGE);
    CHECK_EQUAL(0, vmo_info(vmo).committed);
    CHECK_EQUAL(0, *word_in(address + PAGE));
    unmap(address, 4 * PAGE);
    close_handle(vmo);
}

static void v30_lock_tells(void) {
    ts_handle_t vmo = make_vmo_with(TS_VMO_DISCARDABLE, 4 * PAGE);
    ts_handle_t read_only = duplicate_without(vmo, TS_RIGHT_WRITE);
    ts_handle_t neither = duplicate_without(vmo, TS_RIGHT_WRITE | TS_RIGHT_READ);
    fill_pages(vmo, 0, 4, 1); /* born unlocked */
    CHECK(discard_all() >= 4 * PAGE);
    CHECK_STATUS(TS_ERR_UNAVAILABLE, operate(vmo, TS_VMO_OP_TRY_LOCK, 0, 4 * PAGE));
    CHECK_STATUS(TS_ERR_BAD_STATE, operate(vmo, TS_VMO_OP_UNLOCK, 0, 4 * PAGE)); /* so it is not locked */
    CHECK_OK(operate(read_only, TS_VMO_OP_LOCK, 0, 4 * PAGE));
    CHECK_EQUAL(4 * PAGE, vmo_info(vmo).discarded);
    check_zeros(vmo, 0, 4);
    CHECK_OK(operate(vmo, TS_VMO_OP_TRY_LOCK, 0, 4 * PAGE));
    CHECK_EQUAL(4 * PAGE, vmo_info(vmo).discarded);
    CHECK_OK(operate(vmo, TS_VMO_OP_UNLOCK, 0, 4 * PAGE));
    CHECK_OK(operate(vmo, TS_VMO_OP_UNLOCK, 0, 4 * PAGE));
    CHECK_OK(operate(vmo, TS_VMO_OP_LOCK, 0, 4 * PAGE));
    CHECK_EQUAL(0, vmo_info(vmo).discarded);
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, operate(vmo, TS_VMO_OP_LOCK, 0, PAGE));
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, operate(vmo, TS_VMO_OP_LOCK, PAGE, 3 * PAGE));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, operate(neither, TS_VMO_OP_LOCK, 0, 4 * PAGE));
    close_handle(neither);
    close_handle(read_only);
    close_handle(vmo);
}

static void v30_no_children(void) {
    ts_handle_t vmo = make_vmo_with(TS_VMO_DISCARDABLE, PAGE);
    ts_handle_t child = TS_HANDLE_INVALID;
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_vmo_create(PAGE, TS_VMO_DISCARDABLE | TS_VMO_RESIZABLE, &child));
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, ts_vmo_create_child(vmo, TS_VMO_CHILD_SNAPSHOT, 0, PAGE, &child));
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, ts_vmo_create_child(vmo, TS_VMO_CHILD_SLICE, 0, PAGE, &child));
    close_handle(vmo);
}

static const struct guest_test tests[] = {
    {"normal: vmo_set_size makes larger and smaller", normal_set_size},
    {"hostile: vmo_set_size refuses sizes, rights and handles, and at the ceiling", hostile_set_size},
    {"normal: vmo_op_range commits, decommits and reaches caches", normal_op_range},
    {"hostile: vmo_op_range refuses operations, ranges, rights and kinds, and at the ceiling", hostile_op_range},
    {"normal: vmo_set_cache_policy takes every policy", normal_cache_policy},
    {"hostile: vmo_set_cache_policy refuses policies, rights and handles", hostile_cache_policy},
    {"normal: vmo_create_contiguous makes memory in one piece", normal_contiguous},
    {"hostile: vmo_create_contiguous refuses sizes and alignments, and at ceilings", hostile_contiguous},
    {"V1 the content size is not rounded", v1_content_size},
    {"V4 another size needs RESIZABLE", v4_needs_resizable},
    {"V5 what was cut off is zeros when it grows again", v5_regrown_is_zero},
    {"V6 commit makes pages that are the VMO's own", v6_commit},
    {"V6 decommit gives pages back", v6_decommit},
    {"V6 decommit is refused where there are copies, not slices", v6_decommit_with_children},
    {"V6 zero at any alignment", v6_zero_any_alignment},
    {"V6 zeros are not seen by relatives", v6_zero_of_relatives},
    {"V7 ZERO_CHILDREN returns with the last child and its mappings", v7_children_and_mappings},
    {"V9 the cache policy changes only while nothing uses the memory", v9_only_while_unused},
    {"V30 discardable memory goes while it is not locked", v30_discarded_unlocked_only},
    {"V30 LOCK tells what was discarded, TRY_LOCK then fails", v30_lock_tells},
    {"V30 V13 discardable memory has no children and one size", v30_no_children},
};

GUEST_GROUP(vmo_tests, tests);
