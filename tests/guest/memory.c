/* SPDX-License-Identifier: MIT */
/* What tests of VMOs share. */
#include "guest/memory.h"

#define WORD_SIZE   100u /* shared words: what a child process is to do */
#define WORD_OFFSET 101u
#define WORD_VALUE  102u
#define LEVELS_MAX  4u

ts_handle_t make_vmo_with(uint32_t options, uint64_t size) {
    ts_handle_t vmo = TS_HANDLE_INVALID;
    CHECK_OK(ts_vmo_create(size, options, &vmo));
    return vmo;
}

ts_handle_t make_child(ts_handle_t parent, uint32_t options, uint64_t offset, uint64_t size) {
    ts_handle_t child = TS_HANDLE_INVALID;
    CHECK_OK(ts_vmo_create_child(parent, options, offset, size, &child));
    return child;
}

ts_handle_t make_snapshot(ts_handle_t parent, uint64_t offset, uint64_t size) {
    return make_child(parent, TS_VMO_CHILD_SNAPSHOT, offset, size);
}

ts_handle_t make_slice(ts_handle_t parent, uint64_t offset, uint64_t size) {
    return make_child(parent, TS_VMO_CHILD_SLICE, offset, size);
}

uint64_t word_at(ts_handle_t vmo, uint64_t offset) {
    uint64_t value = UINT64_MAX;
    CHECK_OK(ts_vmo_read(vmo, &value, offset, sizeof(value)));
    return value;
}

void set_word(ts_handle_t vmo, uint64_t offset, uint64_t value) {
    CHECK_OK(ts_vmo_write(vmo, &value, offset, sizeof(value)));
}

void fill_pages(ts_handle_t vmo, uint64_t first, uint64_t pages, uint64_t base) {
    for (uint64_t page = first; page < first + pages; page++) {
        set_word(vmo, page * PAGE, base + page);
    }
}

void check_pages(ts_handle_t vmo, uint64_t first, uint64_t pages, uint64_t base) {
    for (uint64_t page = first; page < first + pages; page++) {
        CHECK_EQUAL(base + page, word_at(vmo, page * PAGE));
    }
}

void check_zeros(ts_handle_t vmo, uint64_t first, uint64_t pages) {
    for (uint64_t page = first; page < first + pages; page++) {
        CHECK_EQUAL(0, word_at(vmo, page * PAGE));
    }
}

struct ts_info_vmo vmo_info(ts_handle_t vmo) {
    struct ts_info_vmo info = {0};
    size_t actual;
    size_t available;
    CHECK_OK(ts_object_get_info(vmo, TS_INFO_VMO, &info, sizeof(info), &actual, &available));
    return info;
}

struct ts_inspect_entry leaf_of(ts_handle_t process, uint64_t address) {
    struct ts_inspect_entry entries[LEVELS_MAX] = {{0}};
    size_t actual = 0;
    uint64_t next = 0;
    CHECK_OK(ts_system_inspect(resource("debug"), TS_INSPECT_TRANSLATE, koid_of(process), address, entries,
                               sizeof(entries), &actual, &next));
    return actual > 0 && actual <= LEVELS_MAX ? entries[actual - 1] : (struct ts_inspect_entry){0};
}

uint64_t program_memory(void) {
    struct ts_info_system_memory memory = {0};
    size_t actual;
    size_t available;
    CHECK_OK(ts_object_get_info(resource("debug"), TS_INFO_SYSTEM_MEMORY, &memory, sizeof(memory), &actual,
                                &available));
    return memory.vmo;
}

void wait_program_memory(uint64_t bytes) {
    ts_time_t end = ts_time_after(GUEST_PATIENCE);
    while (program_memory() != bytes && ts_time_now() < end) {
        (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND));
    }
    CHECK_EQUAL(bytes, program_memory());
}

void wait_alone(ts_handle_t vmo) {
    ts_time_t end = ts_time_after(GUEST_PATIENCE);
    struct ts_info_vmo info = vmo_info(vmo);
    while (info.part != info.committed && ts_time_now() < end) {
        (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND));
        info = vmo_info(vmo);
    }
    CHECK_EQUAL(info.committed, info.part);
}

void wait_no_children(ts_handle_t vmo) {
    ts_signals_t observed = 0;
    CHECK_OK(ts_object_wait_one(vmo, TS_SIGNAL_ZERO_CHILDREN, ts_time_after(GUEST_PATIENCE), &observed));
}

ts_status_t set_policy(ts_handle_t vmo, uint32_t policy) {
    ts_time_t end = ts_time_after(GUEST_PATIENCE);
    ts_status_t status;
    while ((status = ts_vmo_set_cache_policy(vmo, policy)) == TS_ERR_BAD_STATE && ts_time_now() < end) {
        (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND));
    }
    return status;
}

/* --- in other processes --- */

static void touch_in_child(uint64_t writes) {
    uint64_t address = map_vmo(guest_self.extra, shared_get(WORD_SIZE));
    volatile uint64_t *word = word_in(address + shared_get(WORD_OFFSET));
    if (writes != 0) {
        *word = shared_get(WORD_VALUE);
    }
    CHECK_EQUAL(shared_get(WORD_VALUE), *word);
}

static int64_t touch_elsewhere(ts_handle_t vmo, uint64_t size, uint64_t offset, uint64_t value, bool writes) {
    struct guest_child child;
    shared_set(WORD_SIZE, size);
    shared_set(WORD_OFFSET, offset);
    shared_set(WORD_VALUE, value);
    ts_handle_t copy = duplicate_with(vmo, TS_RIGHT_SAME_RIGHTS);
    return guest_child_start(&child, guest_self.job, touch_in_child, writes, copy) ? guest_child_end(&child)
                                                                                   : INT64_MIN;
}

int64_t read_in_child(ts_handle_t vmo, uint64_t size, uint64_t offset, uint64_t expected) {
    return touch_elsewhere(vmo, size, offset, expected, false);
}

int64_t write_in_child(ts_handle_t vmo, uint64_t size, uint64_t offset, uint64_t value) {
    return touch_elsewhere(vmo, size, offset, value, true);
}
