/* SPDX-License-Identifier: MIT */
/*
 * Swap: memory of a job that no pager fills stays within the frames of the job's domain too. The test is the server of
 * swap, in a thread of its own (swapping.h); a child in the job is the program.
 */
#include "abi/inspect.h"
#include "guest/groups.h"
#include "guest/memory.h"
#include "guest/swapping.h"
#include "os/print.h"
#include "os/start.h"

#define PAGES     96u
#define FRAMES    24u
#define ACCESSES  900u
#define HOT       16u /* pages that half of the accesses go to */
#define MORE      (2u * FRAMES) /* pages that do not fit at once */
#define BUFFERS   1u /* pages of a child that are pinned: its thread's message buffer */

enum { WORD_PAGES_MAX = SWAP_WORD, WORD_STATUS, WORD_READY, WORD_GO, WORD_DONE };

/* --- memory stays within its frames --- */

static uint64_t next_random(uint64_t *state) {
    *state = *state * 6364136223846793005ul + 1442695040888963407ul;
    return *state >> 33;
}

static void note_pages(void) {
    uint64_t pages = swap_reclaim(guest_self.job).pages;
    if (pages > shared_get(WORD_PAGES_MAX)) {
        shared_set(WORD_PAGES_MAX, pages);
    }
}

/* By mapping and by call, with a copy of what should be there. The model lies in the child's variables, which are the
 * parent's memory and never leave. */
static uint64_t model[PAGES];

static void access_page(ts_handle_t vmo, uint64_t address, uint64_t page, uint64_t random) {
    uint64_t word = random;
    volatile uint64_t *mapped = word_in(address + page * PAGE);
    switch (random % 4) {
    case 0: CHECK_EQUAL(model[page], *mapped); break;
    case 1: CHECK_EQUAL(model[page], word_at(vmo, page * PAGE)); break;
    case 2: *mapped = model[page] = word; break;
    default:
        model[page] = word;
        set_word(vmo, page * PAGE, word);
        break;
    }
}

static void access_at_random(uint64_t unused) {
    uint64_t state = 7;
    (void)unused;
    ts_handle_t vmo = make_vmo(PAGES * PAGE);
    uint64_t address = map_vmo(vmo, PAGES * PAGE);
    for (unsigned i = 0; i < ACCESSES && guest_shared()->failures == 0; i++) {
        uint64_t random = next_random(&state);
        uint64_t page = random / 8 % (random % 8 < 4 ? HOT : PAGES);
        access_page(vmo, address, page, next_random(&state));
        note_pages();
    }
    for (uint64_t page = 0; page < PAGES; page++) {
        CHECK_EQUAL(model[page], *word_in(address + page * PAGE));
    }
}

static void stays_within_frames(uint32_t policy) {
    swap_begin(policy, FRAMES);
    swap_run(access_at_random, 0);
    struct ts_info_reclaim info = swap_reclaim(swap.job);
    CHECK(shared_get(WORD_PAGES_MAX) <= FRAMES);
    CHECK(swap.writes >= PAGES - FRAMES);
    CHECK(swap.reads > 0 && swap.reads <= swap.writes);
    CHECK(info.misses >= PAGES && info.misses <= PAGES + swap.reads);
    swap_end();
}

static void lru(void) {
    stays_within_frames(TS_RECLAIM_LRU);
}

static void arc(void) {
    stays_within_frames(TS_RECLAIM_ARC);
}

static void clock(void) {
    stays_within_frames(TS_RECLAIM_CLOCK);
}

static void write_all(uint64_t pages) {
    ts_handle_t vmo = make_vmo(pages * PAGE);
    fill_pages(vmo, 0, pages, 1);
    check_pages(vmo, 0, pages, 1);
}

/* The job's ceiling of memory is reached long before its domain is full. */
static void ceiling_is_met_by_swapping(void) {
    swap_begin(TS_RECLAIM_LRU, PAGES);
    set_ceiling(swap.job, TS_CEILING_MEMORY, job_use(swap.job, TS_CEILING_MEMORY) + MORE * PAGE);
    swap_run(write_all, PAGES);
    CHECK(swap.writes > 0);
    swap_end();
}

/* Threads of one program want pages at the same time. */
#define THREADS 4u

static void write_own_part(void *argument) {
    uint64_t address = (uint64_t)argument;
    for (unsigned round = 1; round <= 2; round++) {
        for (uint64_t page = 0; page < PAGES / THREADS; page++) {
            CHECK_EQUAL(round - 1, *word_in(address + page * PAGE));
            *word_in(address + page * PAGE) = round;
        }
    }
}

static void write_with_threads(uint64_t unused) {
    ts_handle_t thread[THREADS];
    (void)unused;
    ts_handle_t vmo = make_vmo(PAGES * PAGE);
    uint64_t address = map_vmo(vmo, PAGES * PAGE);
    for (unsigned i = 0; i < THREADS; i++) {
        thread[i] = guest_thread(write_own_part, (void *)(address + i * (PAGES / THREADS) * PAGE));
    }
    for (unsigned i = 0; i < THREADS; i++) {
        guest_join(thread[i]);
    }
}

static void many_threads(void) {
    swap_begin(TS_RECLAIM_CLOCK, FRAMES);
    swap_run(write_with_threads, 0);
    swap_end();
}

/* --- what shares pages --- */

static void write_and_copy(uint64_t unused) {
    (void)unused;
    ts_handle_t vmo = make_vmo(PAGES * PAGE);
    fill_pages(vmo, 0, PAGES, 1);
    ts_handle_t copy = make_snapshot(vmo, 0, PAGES * PAGE);
    for (uint64_t page = 0; page < PAGES; page += 2) {
        set_word(copy, page * PAGE, 1000 + page);
    }
    ts_handle_t second = make_snapshot(copy, 0, PAGES * PAGE);
    check_pages(vmo, 0, PAGES, 1);
    for (uint64_t page = 0; page < PAGES; page++) {
        uint64_t expected = page % 2 == 0 ? 1000 + page : 1 + page;
        CHECK_EQUAL(expected, word_at(copy, page * PAGE));
        CHECK_EQUAL(expected, word_at(second, page * PAGE));
    }
    close_handle(vmo);
    for (uint64_t page = 1; page < PAGES; page += 2) {
        set_word(second, page * PAGE, 2000 + page);
    }
    for (uint64_t page = 0; page < PAGES; page++) {
        CHECK_EQUAL(page % 2 == 0 ? 1000 + page : 1 + page, word_at(copy, page * PAGE));
        CHECK_EQUAL((page % 2 == 0 ? 1000 : 2000) + page, word_at(second, page * PAGE));
    }
}

static void copies_swap(void) {
    swap_begin(TS_RECLAIM_LRU, FRAMES);
    swap_run(write_and_copy, 0);
    swap_end();
}

static void resize_and_drop(uint64_t unused) {
    (void)unused;
    ts_handle_t vmo = make_vmo_with(TS_VMO_RESIZABLE, PAGES * PAGE);
    fill_pages(vmo, 0, PAGES, 1);
    uint64_t used = job_use(guest_self.job, TS_CEILING_SWAP);
    CHECK(used > 0);
    CHECK_OK(ts_vmo_op_range(vmo, TS_VMO_OP_DECOMMIT, 0, 8 * PAGE));
    CHECK(job_use(guest_self.job, TS_CEILING_SWAP) < used);
    check_zeros(vmo, 0, 8);
    CHECK_OK(ts_vmo_op_range(vmo, TS_VMO_OP_ZERO, 8 * PAGE, 4 * PAGE + 16));
    check_zeros(vmo, 8, 5);
    check_pages(vmo, 13, PAGES - 13, 1);
    CHECK_OK(ts_vmo_set_size(vmo, 16 * PAGE));
    CHECK_OK(ts_vmo_set_size(vmo, PAGES * PAGE));
    check_pages(vmo, 13, 3, 1);
    check_zeros(vmo, 16, PAGES - 16);
}

static void slots_go_with_their_pages(void) {
    swap_begin(TS_RECLAIM_LRU, FRAMES);
    swap_run(resize_and_drop, 0);
    swap_end();
}

/* Pages of a VMO that a pager fills are supplied out of memory that has been swapped. */
static void supply_from_swapped(uint64_t unused) {
    ts_handle_t pager = TS_HANDLE_INVALID, filled = TS_HANDLE_INVALID;
    (void)unused;
    ts_handle_t port = make_port();
    CHECK_OK(ts_pager_create(0, &pager));
    CHECK_OK(ts_pager_create_vmo(pager, 0, port, 1, MORE * PAGE, &filled));
    ts_handle_t aux = make_vmo(MORE * PAGE);
    fill_pages(aux, 0, MORE, 1);
    for (uint64_t page = 0; page < MORE; page++) { /* one by one, because those may leave too, and nobody answers */
        CHECK_OK(ts_pager_supply_pages(pager, filled, page * PAGE, PAGE, aux, page * PAGE));
        check_pages(filled, page, 1, 1);
    }
    close_handle(filled);
    close_handle(pager);
    close_handle(port);
}

static void swapped_pages_are_supplied(void) {
    swap_begin(TS_RECLAIM_LRU, FRAMES);
    swap_run(supply_from_swapped, 0);
    swap_end();
}

static uint32_t state_of(ts_handle_t vmo, uint64_t page) {
    struct ts_inspect_page record = {.page = UINT64_MAX};
    uint64_t next;
    size_t actual;
    CHECK_OK(ts_system_inspect(guest_self.extra, TS_INSPECT_PAGES, koid_of(vmo), page, &record, sizeof(record), &actual,
                               &next));
    CHECK_EQUAL(page, record.page);
    return record.state;
}

static void inspect_swapped(uint64_t unused) {
    (void)unused;
    ts_handle_t vmo = make_vmo(MORE * PAGE);
    fill_pages(vmo, 0, MORE, 1);
    CHECK_EQUAL(TS_PAGE_STATE_SWAPPED, state_of(vmo, 0)); /* by LRU it left first */
    CHECK_EQUAL(0, state_of(vmo, MORE - 1));
    CHECK_EQUAL(1, word_at(vmo, 0));
    CHECK_EQUAL(0, state_of(vmo, 0));
}

static void inspection_tells(void) {
    struct guest_child child;
    swap_begin(TS_RECLAIM_LRU, FRAMES);
    ts_handle_t debug = duplicate_with(resource("debug"), TS_RIGHT_SAME_RIGHTS);
    if (guest_child_start(&child, swap.job, inspect_swapped, 0, debug)) {
        CHECK_EQUAL(0, guest_child_end(&child));
    }
    swap_end();
}

/* --- there is no room --- */

static void write_until_refused(uint64_t expected) {
    ts_handle_t vmo = make_vmo(PAGES * PAGE);
    uint64_t page = 0;
    ts_status_t status = TS_OK;
    for (; status == TS_OK && page < PAGES; page++) {
        uint64_t word = page + 1;
        status = ts_vmo_write(vmo, &word, page * PAGE, sizeof(word));
    }
    CHECK_STATUS(TS_ERR_NO_MEMORY, status);
    CHECK_EQUAL(expected, page - 1);
    set_word(vmo, (page - 2) * PAGE, page - 1); /* what is there can be written */
    check_pages(vmo, 0, page - 1, 1); /* and what has left comes back, though nothing can leave for it */
}

static void swap_ceiling_refuses(void) {
    swap_begin(TS_RECLAIM_LRU, FRAMES);
    set_ceiling(swap.job, TS_CEILING_SWAP, 8 * PAGE);
    swap_run(write_until_refused, FRAMES - BUFFERS + 8);
    CHECK(swap.writes >= 8);
    swap_end();
}

/* Nor has the job memory for a page that it would have beyond its frames. */
static void read_without_memory(uint64_t unused) {
    uint64_t word = 0;
    (void)unused;
    ts_handle_t vmo = make_vmo(MORE * PAGE);
    fill_pages(vmo, 0, MORE, 1);
    (void)!ts_thread_sleep(ts_time_after(50 * TS_MILLISECOND)); /* what is leaving has left */
    while (swap_reclaim(guest_self.job).pages < FRAMES) {
        ts_handle_t more = make_vmo(PAGE);
        set_word(more, 0, 1);
    }
    set_ceiling_to_use(guest_self.job, TS_CEILING_SWAP);
    set_ceiling_to_use(guest_self.job, TS_CEILING_MEMORY);
    CHECK_STATUS(TS_ERR_NO_MEMORY, ts_vmo_read(vmo, &word, 0, sizeof(word)));
}

static void swapped_page_without_memory(void) {
    swap_begin(TS_RECLAIM_LRU, FRAMES);
    swap_run(read_without_memory, 0);
    swap_end();
}

/* What is denied is not begun: nothing ever leaves. */
static void denied_swap_refuses(void) {
    swap_begin(TS_RECLAIM_ARC, FRAMES);
    set_ceiling(swap.job, TS_CEILING_SWAP, 0);
    swap_run(write_until_refused, FRAMES - BUFFERS);
    CHECK_EQUAL(0, swap.writes);
    swap_end();
}

static void no_policy_refuses(void) {
    swap_begin(TS_RECLAIM_NONE, FRAMES);
    swap_run(write_until_refused, FRAMES - BUFFERS);
    CHECK_EQUAL(0, swap.writes);
    swap_end();
}

static void fault_without_room(uint64_t unused) {
    (void)unused;
    ts_handle_t vmo = make_vmo(PAGES * PAGE);
    uint64_t address = map_vmo(vmo, PAGES * PAGE);
    for (uint64_t page = 0; page < PAGES; page++) {
        *word_in(address + page * PAGE) = 1;
        shared_set(WORD_DONE, page + 1);
    }
}

static void fault_that_is_refused_ends_the_process(void) {
    struct guest_child child;
    swap_begin(TS_RECLAIM_LRU, FRAMES);
    set_ceiling(swap.job, TS_CEILING_SWAP, 8 * PAGE);
    if (guest_child_start(&child, swap.job, fault_without_room, 0, TS_HANDLE_INVALID)) {
        CHECK_EQUAL(TS_EXIT_EXCEPTION, guest_child_end(&child));
    }
    CHECK_EQUAL(FRAMES - BUFFERS + 8, shared_get(WORD_DONE));
    swap_end();
}

/* --- memory that the kernel itself needs fails --- */

#define EVERY 25u /* allocation that is tried, in a run of all tests */

/* What was refused has changed nothing, and what was not is there. */
static void swap_with_failure(uint64_t nth) {
    uint64_t before;
    ts_handle_t vmo = make_vmo(MORE * PAGE), copy = TS_HANDLE_INVALID;
    fill_pages(vmo, 0, MORE, 0);
    CHECK_OK(ts_system_debug(guest_self.extra, TS_DEBUG_FAIL_ALLOCATION, nth, &before));
    for (uint64_t round = 0; round < 3; round++) {
        for (uint64_t page = 0; page < MORE; page++) {
            uint64_t word = 100 * (round + 1) + page;
            ts_status_t status = ts_vmo_write(vmo, &word, page * PAGE, sizeof(word));
            CHECK(status == TS_OK || status == TS_ERR_NO_MEMORY);
            model[page] = status == TS_OK ? word : round == 0 ? page : model[page];
        }
        ts_status_t status = ts_vmo_create_child(vmo, TS_VMO_CHILD_SNAPSHOT, 0, MORE * PAGE, &copy);
        CHECK(status == TS_OK || status == TS_ERR_NO_MEMORY);
        if (status == TS_OK) {
            close_handle(copy);
        }
    }
    CHECK_OK(ts_system_debug(guest_self.extra, TS_DEBUG_FAIL_ALLOCATION, 0, &before));
    shared_set(WORD_DONE, before != 0);
    for (uint64_t page = 0; page < MORE; page++) {
        CHECK_EQUAL(model[page], word_at(vmo, page * PAGE));
    }
}

static void allocations_fail(void) {
    uint64_t every = ts_argument_number("every", EVERY);
    uint64_t seed = ts_argument_number("seed", (uint64_t)ts_time_now() / 1000);
    ts_print("# seed=%lu every=%lu\n", seed, every);
    bool more = true;
    for (uint64_t nth = 1 + seed % every; more && guest_shared()->failures == 0; nth += every) {
        struct guest_child child;
        swap_begin(TS_RECLAIM_LRU, FRAMES);
        ts_handle_t debug = duplicate_with(resource("debug"), TS_RIGHT_SAME_RIGHTS);
        if (guest_child_start(&child, swap.job, swap_with_failure, nth, debug)) {
            CHECK_EQUAL(0, guest_child_end(&child));
        }
        more = shared_get(WORD_DONE) == 0;
        swap_end();
    }
}

/* --- reserves --- */

#define RESERVE 4u

/* Each allocation of a frame fails, and finds one in the reserve, until that is empty. It is filled when the job
 * supplies pages. */
static void use_reserve(uint64_t reserve) {
    ts_handle_t pager = TS_HANDLE_INVALID, filled = TS_HANDLE_INVALID, port = make_port();
    uint64_t before, word = 1;
    ts_handle_t vmo = make_vmo(PAGES * PAGE), aux = make_vmo(PAGE);
    CHECK_OK(ts_pager_create(0, &pager));
    CHECK_OK(ts_pager_create_vmo(pager, 0, port, 1, PAGE, &filled));
    set_word(vmo, 0, 1); /* and the node of the tree is there */
    for (unsigned round = 0; round < 2; round++) {
        for (uint64_t i = 1; i <= reserve + 1; i++) {
            CHECK_OK(ts_system_debug(guest_self.extra, TS_DEBUG_FAIL_ALLOCATION, 1, &before));
            ts_status_t status = ts_vmo_write(vmo, &word, (round * PAGES / 2 + i) * PAGE, sizeof(word));
            CHECK_STATUS(i <= reserve ? TS_OK : TS_ERR_NO_MEMORY, status);
            CHECK_OK(ts_system_debug(guest_self.extra, TS_DEBUG_FAIL_ALLOCATION, 0, &before));
            CHECK_EQUAL(0, before);
        }
        CHECK_OK(ts_pager_supply_pages(pager, filled, 0, PAGE, aux, 0));
    }
    for (uint64_t i = 1; i <= reserve; i++) {
        CHECK_EQUAL(1, word_at(vmo, i * PAGE));
        CHECK_EQUAL(0, word_at(vmo, i * PAGE + 8)); /* what a frame of it contained is not told */
    }
}

static void normal_set_reserve(void) {
    struct guest_child child;
    for (uint64_t reserve = 0; reserve <= RESERVE; reserve += RESERVE) {
        ts_handle_t job = make_job();
        if (reserve != 0) {
            CHECK_OK(ts_job_set_reserve(job, reserve));
            CHECK(job_use(job, TS_CEILING_MEMORY) >= reserve * PAGE);
        }
        ts_handle_t debug = duplicate_with(resource("debug"), TS_RIGHT_SAME_RIGHTS);
        if (guest_child_start(&child, job, use_reserve, reserve, debug)) {
            CHECK_EQUAL(0, guest_child_end(&child));
        }
        close_handle(job);
    }
}

static void hostile_set_reserve(void) {
    ts_handle_t job = make_job();
    ts_handle_t weak = duplicate_without(job, TS_RIGHT_SET_POLICY);
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_job_set_reserve(job, 0));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_job_set_reserve(job, 65));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_job_set_reserve(job, 1ul << 32));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_job_set_reserve(job, UINT64_MAX));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_job_set_reserve(weak, 1));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_job_set_reserve(guest_self.process, 1));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_job_set_reserve(STALE_HANDLE, 1));
    ts_handle_t poor = make_job();
    set_ceiling(poor, TS_CEILING_MEMORY, job_use(poor, TS_CEILING_MEMORY) + 3 * PAGE);
    CHECK_STATUS(TS_ERR_NO_MEMORY, ts_job_set_reserve(poor, 3));
    CHECK_EQUAL(0, job_use(poor, TS_CEILING_MEMORY));
    CHECK_OK(ts_job_set_reserve(poor, 2));
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_job_set_reserve(job, 64) == TS_OK ? ts_job_set_reserve(job, 1) : TS_OK);
    close_handle(poor);
    close_handle(weak);
    close_handle(job);
}

/* --- the server goes, and another comes --- */

/* Writes pages, and waits for a word when it has written the first ones. */
static void write_in_two_parts(uint64_t unused) {
    (void)unused;
    ts_handle_t vmo = make_vmo(PAGES * PAGE);
    fill_pages(vmo, 0, MORE, 1);
    shared_set(WORD_READY, 1);
    swap_wait_word(WORD_GO, 1);
    check_pages(vmo, 0, MORE, 1); /* has to wait for the other server */
    fill_pages(vmo, MORE, PAGES - MORE, 1);
    check_pages(vmo, 0, PAGES, 1);
}

static void successor_goes_on(void) {
    struct guest_child child;
    swap_begin(TS_RECLAIM_LRU, FRAMES);
    if (guest_child_start(&child, swap.job, write_in_two_parts, 0, TS_HANDLE_INVALID)) {
        swap_wait_word(WORD_READY, 1);
        swap_stop_server();
        shared_set(WORD_GO, 1);
        CHECK(guest_wait_state(child.thread, TS_THREAD_WAITING));
        struct ts_packet packet; /* the server takes a request, and is gone before it answers */
        CHECK_OK(ts_port_wait(swap.port, &packet, ts_time_after(GUEST_PATIENCE)));
        swap_start_server();
        CHECK_EQUAL(0, guest_child_end(&child));
    }
    swap_end();
}

/* Nobody answers any more: what is swapped is lost, and there is no room. */
static void use_after_detach(uint64_t unused) {
    (void)unused;
    uint64_t word = 1;
    ts_handle_t vmo = make_vmo(PAGES * PAGE);
    fill_pages(vmo, 0, MORE, 1);
    shared_set(WORD_READY, 1);
    swap_wait_word(WORD_GO, 1);
    CHECK_EQUAL(MORE, word_at(vmo, (MORE - 1) * PAGE));
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_vmo_read(vmo, &word, 0, sizeof(word)));
    for (uint64_t page = MORE; page < PAGES; page++) {
        shared_set(WORD_STATUS, (uint64_t)ts_vmo_write(vmo, &word, page * PAGE, sizeof(word)));
    }
}

static void end_of_pager_is_told(void) {
    struct guest_child child;
    swap_begin(TS_RECLAIM_LRU, FRAMES);
    if (guest_child_start(&child, swap.job, use_after_detach, 0, TS_HANDLE_INVALID)) {
        swap_wait_word(WORD_READY, 1);
        swap_stop_server();
        CHECK_OK(ts_pager_detach_vmo(swap.pager, swap.vmo));
        shared_set(WORD_GO, 1);
        CHECK_EQUAL(0, guest_child_end(&child));
        CHECK_STATUS(TS_ERR_NO_MEMORY, (ts_status_t)shared_get(WORD_STATUS));
    }
    swap_end();
}

/* A program is killed while it waits for room, and while it waits for a page. */
static void killed_while_waiting(void) {
    for (unsigned go = 0; go < 2; go++) {
        struct guest_child child;
        swap_begin(TS_RECLAIM_LRU, FRAMES);
        if (go == 0) {
            swap_stop_server();
        }
        if (guest_child_start(&child, swap.job, write_in_two_parts, 0, TS_HANDLE_INVALID)) {
            if (go == 1) {
                swap_wait_word(WORD_READY, 1);
                swap_stop_server();
                shared_set(WORD_GO, 1);
            }
            CHECK(guest_wait_state(child.thread, TS_THREAD_WAITING));
            (void)!ts_thread_sleep(ts_time_after(5 * TS_MILLISECOND));
            CHECK_OK(ts_task_kill(child.process));
            CHECK_EQUAL(TS_EXIT_KILLED, guest_child_end(&child));
        }
        swap_end();
    }
}

/* --- the calls --- */

static void normal_set_swap(void) {
    ts_handle_t below = TS_HANDLE_INVALID;
    ts_handle_t second = make_job();
    swap_begin(TS_RECLAIM_ARC, FRAMES);
    CHECK_OK(ts_job_create(swap.job, 0, &below));
    CHECK_OK(ts_job_set_reclaim(second, TS_RECLAIM_LRU, FRAMES));
    CHECK_OK(ts_job_set_swap(second, swap.vmo)); /* jobs share it */
    struct guest_child child;
    if (guest_child_start(&child, below, write_all, MORE, TS_HANDLE_INVALID)) {
        CHECK_EQUAL(0, guest_child_end(&child));
    }
    uint32_t written = swap.writes;
    CHECK(written >= MORE - FRAMES); /* jobs below swap too */
    if (guest_child_start(&child, second, write_all, MORE, TS_HANDLE_INVALID)) {
        CHECK_EQUAL(0, guest_child_end(&child));
    }
    CHECK(swap.writes >= written + MORE - FRAMES);
    close_handle(below);
    close_handle(second);
    swap_end();
}

static void refuses(ts_status_t expected, ts_handle_t vmo) {
    ts_handle_t job = make_job();
    CHECK_OK(ts_job_set_reclaim(job, TS_RECLAIM_LRU, FRAMES));
    CHECK_STATUS(expected, ts_job_set_swap(job, vmo));
    close_handle(job);
}

static void hostile_set_swap(void) {
    uint64_t address = 0;
    swap_begin(TS_RECLAIM_LRU, FRAMES);
    ts_handle_t plain = make_vmo(PAGE);
    ts_handle_t weak = duplicate_without(swap.job, TS_RIGHT_SET_POLICY);
    ts_handle_t weak_vmo = duplicate_without(swap.vmo, TS_RIGHT_WRITE);
    ts_handle_t job = make_job();
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_job_set_swap(swap.job, swap.vmo)); /* it has swap */
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_job_set_swap(job, swap.vmo));      /* it has no domain */
    ts_handle_t busy = make_job(), vmar = TS_HANDLE_INVALID;
    CHECK_OK(ts_job_set_reclaim(busy, TS_RECLAIM_LRU, FRAMES));
    ts_handle_t process = make_process(busy, &vmar);
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_job_set_swap(busy, swap.vmo));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_job_set_swap(guest_self.job, swap.vmo)); /* it made it */
    CHECK_OK(ts_task_kill(process));
    close_handle(vmar);
    close_handle(process);
    close_handle(busy);
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_job_set_swap(weak, swap.vmo));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_job_set_swap(job, weak_vmo));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_job_set_swap(swap.vmo, swap.vmo));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_job_set_swap(job, swap.job));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_job_set_swap(STALE_HANDLE, swap.vmo));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_job_set_swap(job, STALE_HANDLE));
    refuses(TS_ERR_INVALID_ARGS, plain);
    ts_handle_t resizable = swap_make_vmo(swap.pager, swap.port, TS_VMO_RESIZABLE, PAGE);
    ts_handle_t trapping = swap_make_vmo(swap.pager, swap.port, TS_VMO_TRAP_DIRTY, PAGE);
    ts_handle_t empty = swap_make_vmo(swap.pager, swap.port, 0, 0);
    ts_handle_t huge = swap_make_vmo(swap.pager, swap.port, 0, 1ul << 40);
    ts_handle_t mapped = swap_make_vmo(swap.pager, swap.port, 0, PAGE);
    CHECK_OK(ts_vmar_map(guest_self.vmar, MAP_READ | TS_VMAR_ALLOW_FAULTS, 0, mapped, 0, PAGE, &address));
    ts_handle_t filled = swap_make_vmo(swap.pager, swap.port, 0, PAGE);
    CHECK_OK(ts_vmo_write(plain, &address, 0, sizeof(address)));
    CHECK_OK(ts_pager_supply_pages(swap.pager, filled, 0, PAGE, plain, 0));
    refuses(TS_ERR_INVALID_ARGS, resizable);
    refuses(TS_ERR_INVALID_ARGS, trapping);
    refuses(TS_ERR_OUT_OF_RANGE, empty);
    refuses(TS_ERR_OUT_OF_RANGE, huge);
    refuses(TS_ERR_BAD_STATE, mapped);
    refuses(TS_ERR_BAD_STATE, filled);
    unmap(address, PAGE);
    swap_stop_server(); /* packets that say that there will be no more are not for it */
    close_handle(filled);
    close_handle(mapped);
    close_handle(huge);
    close_handle(empty);
    close_handle(trapping);
    close_handle(resizable);
    close_handle(job);
    close_handle(weak_vmo);
    close_handle(weak);
    close_handle(plain);
    swap_end();
}

/* Poor in the child: it makes the VMO, and jobs below are charged there. */
static void set_swap_when_poor(uint64_t unused) {
    ts_handle_t pager = TS_HANDLE_INVALID, job = TS_HANDLE_INVALID;
    (void)unused;
    ts_handle_t port = make_port();
    CHECK_OK(ts_pager_create(0, &pager));
    ts_handle_t vmo = swap_make_vmo(pager, port, 0, SWAP_SLOTS * PAGE);
    CHECK_OK(ts_job_create(guest_self.job, 0, &job));
    CHECK_OK(ts_job_set_reclaim(job, TS_RECLAIM_LRU, FRAMES));
    uint64_t used = job_use(guest_self.job, TS_CEILING_MEMORY);
    for (uint64_t room = 4; room-- > 0;) {
        set_ceiling(guest_self.job, TS_CEILING_MEMORY, used + room * PAGE / 2);
        CHECK_STATUS(TS_ERR_NO_MEMORY, ts_job_set_swap(job, vmo));
    }
}

static void hostile_set_swap_poor(void) {
    CHECK_EQUAL(0, run_in_job(set_swap_when_poor, 0));
}

/* The swap VMO of a job that is charged to that job would keep it for ever. */
static void make_vmo_for_parent(uint64_t unused) {
    ts_handle_t pager = TS_HANDLE_INVALID, own = TS_HANDLE_INVALID;
    (void)unused;
    ts_handle_t port = make_port();
    CHECK_OK(ts_pager_create(0, &pager));
    CHECK_OK(ts_pager_create_vmo(pager, 0, port, 1, PAGE, &own));
    struct ts_message message;
    ts_message_begin(&message, 1);
    (void)!ts_message_put_handle(&message, own);
    CHECK_OK(ts_call(guest_self.extra, &message, ts_time_after(GUEST_PATIENCE)));
}

static void own_memory_is_no_swap(void) {
    struct guest_child child;
    struct ts_message message;
    ts_handle_t job = make_job(), endpoint = make_endpoint(), client = TS_HANDLE_INVALID;
    CHECK_OK(ts_job_set_reclaim(job, TS_RECLAIM_LRU, FRAMES));
    CHECK_OK(ts_endpoint_mint(endpoint, 1, TS_RIGHT_SAME_RIGHTS, &client));
    if (guest_child_start(&child, job, make_vmo_for_parent, 0, client)) {
        ts_message_begin(&message, 0);
        CHECK_OK(ts_reply_wait(endpoint, &message, ts_time_after(GUEST_PATIENCE), TS_REPLY_NONE));
        ts_handle_t vmo = ts_message_handle(&message, 0);
        CHECK_OK(ts_task_kill(child.process));
        CHECK_EQUAL(TS_EXIT_KILLED, guest_child_end(&child));
        CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_job_set_swap(job, vmo));
        close_handle(vmo);
    }
    close_handle(endpoint);
    close_handle(job);
}

/* A swap VMO is for its server to read, and for nothing else. */
static void swap_vmo_is_for_its_server(void) {
    uint64_t word = 1, address = 0;
    ts_handle_t child = TS_HANDLE_INVALID;
    swap_begin(TS_RECLAIM_LRU, FRAMES);
    CHECK_OK(ts_vmo_read(swap.vmo, &word, 3 * PAGE, sizeof(word))); /* does not wait */
    CHECK_EQUAL(0, word);
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, ts_vmo_write(swap.vmo, &word, 0, sizeof(word)));
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, ts_vmar_map(guest_self.vmar, MAP_READ | TS_VMAR_ALLOW_FAULTS, 0, swap.vmo, 0,
                                                   PAGE, &address));
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED,
                 ts_vmo_create_child(swap.vmo, TS_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, 0, PAGE, &child));
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, ts_vmo_create_child(swap.vmo, TS_VMO_CHILD_SLICE, 0, PAGE, &child));
    CHECK_STATUS(TS_ERR_NOT_SUPPORTED, ts_vmo_op_range(swap.vmo, TS_VMO_OP_COMMIT, 0, PAGE));
    ts_handle_t aux = make_vmo(PAGE);
    CHECK_OK(ts_vmo_write(aux, &word, 0, sizeof(word)));
    CHECK_OK(ts_pager_supply_pages(swap.pager, swap.vmo, 0, PAGE, aux, 0)); /* nobody wants it */
    CHECK_EQUAL(0, vmo_info(swap.vmo).committed);
    close_handle(aux);
    swap_end();
}

static const struct guest_test tests[] = {
    {"normal: job_set_swap lets jobs, and jobs below them, swap", normal_set_swap},
    {"hostile: job_set_swap refuses VMOs, jobs and rights", hostile_set_swap},
    {"hostile: job_set_swap without memory", hostile_set_swap_poor},
    {"hostile: job_set_swap refuses memory of the job itself", own_memory_is_no_swap},
    {"a swap VMO can only be read", swap_vmo_is_for_its_server},
    {"memory stays within its frames by LRU", lru},
    {"memory stays within its frames by ARC", arc},
    {"memory stays within its frames by Clock", clock},
    {"a job at its ceiling of memory swaps", ceiling_is_met_by_swapping},
    {"threads that swap at the same time", many_threads},
    {"copies of swapped pages are copies", copies_swap},
    {"slots of swap go with their pages", slots_go_with_their_pages},
    {"swapped pages are supplied to another pager's VMO", swapped_pages_are_supplied},
    {"inspection tells of swapped pages", inspection_tells},
    {"a job at its ceiling of swap is refused memory", swap_ceiling_refuses},
    {"a swapped page for which there is no memory is refused", swapped_page_without_memory},
    {"a job that is denied swap is refused memory", denied_swap_refuses},
    {"a domain without a policy is refused memory", no_policy_refuses},
    {"a fault without room ends the process", fault_that_is_refused_ends_the_process},
    {"normal: job_set_reserve sets frames aside", normal_set_reserve},
    {"hostile: job_set_reserve refuses numbers, jobs and rights", hostile_set_reserve},
    {"system_debug: allocations of a program that swaps fail", allocations_fail},
    {"the successor of a swap server goes on", successor_goes_on},
    {"without its pager swap is lost, and said to be", end_of_pager_is_told},
    {"a program is killed while it waits for swap", killed_while_waiting},
};

GUEST_GROUP(swap_tests, tests);
