/* SPDX-License-Identifier: MIT */
#include "guest/swapping.h"

#include "guest/memory.h"

#define SWAP_KEY 5u
#define STOP_KEY 6u
#define RANGES   16u

struct swap swap;

/* --- the server --- */

static void answer_read(uint64_t offset) {
    ts_handle_t aux = make_vmo(PAGE);
    CHECK_OK(ts_vmo_write(aux, (const void *)(swap.store + offset), 0, PAGE));
    CHECK_OK(ts_pager_supply_pages(swap.pager, swap.vmo, offset, PAGE, aux, 0));
    close_handle(aux);
    swap.reads++;
}

static void write_back_range(uint64_t offset, uint64_t length) {
    CHECK_OK(ts_pager_op_range(swap.pager, TS_PAGER_OP_WRITEBACK_BEGIN, swap.vmo, offset, length, 0));
    CHECK_OK(ts_vmo_read(swap.vmo, (void *)(swap.store + offset), offset, length));
    CHECK_OK(ts_pager_op_range(swap.pager, TS_PAGER_OP_WRITEBACK_END, swap.vmo, offset, length, 0));
    swap.writes += (uint32_t)(length / PAGE);
}

static void write_back(void) {
    struct ts_vmo_dirty_range ranges[RANGES];
    size_t actual, available;
    CHECK_OK(ts_pager_query_dirty_ranges(swap.pager, swap.vmo, 0, SWAP_SLOTS * PAGE, ranges, sizeof(ranges), &actual,
                                         &available));
    for (size_t i = 0; i < actual; i++) {
        write_back_range(ranges[i].offset, ranges[i].length);
    }
    if (available > actual) {
        write_back();
    }
}

static void serve(void *unused) {
    struct ts_packet packet;
    (void)unused;
    while (CHECK_OK(ts_port_wait(swap.port, &packet, ts_time_after(GUEST_PATIENCE))) && packet.key != STOP_KEY) {
        CHECK_EQUAL(SWAP_KEY, packet.key);
        if (packet.page_request.command == TS_PAGE_REQUEST_READ) {
            answer_read(packet.page_request.offset);
        } else if (CHECK_EQUAL(TS_PAGE_REQUEST_WRITEBACK, packet.page_request.command)) {
            CHECK_EQUAL(0, packet.page_request.offset);
            CHECK_EQUAL(SWAP_SLOTS * PAGE, packet.page_request.length);
            write_back();
        }
    }
}

void swap_start_server(void) {
    CHECK_OK(ts_pager_op_range(swap.pager, TS_PAGER_OP_ASK_AGAIN, swap.vmo, 0, SWAP_SLOTS * PAGE, 0));
    swap.thread = guest_thread(serve, NULL);
}

void swap_stop_server(void) {
    struct ts_packet stop = {.key = STOP_KEY};
    CHECK_OK(ts_port_queue(swap.port, &stop));
    guest_join(swap.thread);
    swap.thread = TS_HANDLE_INVALID;
}

/* --- jobs that swap --- */

ts_handle_t swap_make_vmo(ts_handle_t pager, ts_handle_t port, uint32_t options, uint64_t size) {
    ts_handle_t vmo = TS_HANDLE_INVALID;
    CHECK_OK(ts_pager_create_vmo(pager, options, port, SWAP_KEY, size, &vmo));
    return vmo;
}

void swap_begin(uint32_t policy, uint64_t frames) {
    guest_threads_reset();
    ts_handle_t store = make_vmo(SWAP_SLOTS * PAGE);
    swap = (struct swap){.port = make_port(), .store = map_vmo(store, SWAP_SLOTS * PAGE), .job = make_job()};
    close_handle(store);
    CHECK_OK(ts_pager_create(0, &swap.pager));
    swap.vmo = swap_make_vmo(swap.pager, swap.port, 0, SWAP_SLOTS * PAGE);
    for (unsigned word = SWAP_WORD; word < SWAP_WORD + SWAP_WORDS; word++) {
        shared_set(word, 0);
    }
    CHECK_OK(ts_job_set_reclaim(swap.job, policy, frames));
    CHECK_OK(ts_job_set_swap(swap.job, swap.vmo));
    swap_start_server();
}

struct ts_info_reclaim swap_reclaim(ts_handle_t job) {
    struct ts_info_reclaim info = {0};
    size_t actual, available;
    CHECK_OK(ts_object_get_info(job, TS_INFO_JOB_RECLAIM, &info, sizeof(info), &actual, &available));
    return info;
}

/* What is closed is taken apart by and by. */
static void wait_nothing_left(void) {
    ts_time_t end = ts_time_after(GUEST_PATIENCE / 4);
    while ((swap_reclaim(swap.job).pages != 0 || job_use(swap.job, TS_CEILING_SWAP) != 0) && ts_time_now() < end) {
        (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND));
    }
    CHECK_EQUAL(0, swap_reclaim(swap.job).pages);
    CHECK_EQUAL(0, job_use(swap.job, TS_CEILING_SWAP));
}

void swap_end(void) {
    wait_nothing_left();
    if (swap.thread != TS_HANDLE_INVALID) {
        swap_stop_server();
    }
    close_handle(swap.job);
    close_handle(swap.vmo);
    close_handle(swap.pager);
    close_handle(swap.port);
    unmap(swap.store, SWAP_SLOTS * PAGE);
}

void swap_run(guest_function function, uint64_t argument) {
    struct guest_child child;
    if (guest_child_start(&child, swap.job, function, argument, TS_HANDLE_INVALID)) {
        CHECK_EQUAL(0, guest_child_end(&child));
    }
}

void swap_wait_word(unsigned word, uint64_t value) {
    ts_time_t end = ts_time_after(GUEST_PATIENCE);
    while (shared_get(word) != value && ts_time_now() < end) {
        (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND / 4));
    }
    CHECK_EQUAL(value, shared_get(word));
}
