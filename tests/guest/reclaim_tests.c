/* SPDX-License-Identifier: MIT */
/*
 * Reclaim domains: a job's paged memory stays within its frames under every policy, and what comes back is what went.
 * A child in such a job is pager and program in one: a thread answers requests, the first one reads and writes.
 */
#include "abi/info.h"
#include "guest/groups.h"
#include "guest/support.h"

#define PAGE     TS_PAGE_SIZE
#define PAGES    96u
#define FRAMES   32u
#define ACCESSES 600u
#define HOT      16u /* pages that half of the accesses go to */
#define STOP_KEY 99u

enum { WORD_REQUESTS = 10, WORD_PAGES_MAX, WORD_PAGES_END, WORD_SEEN, WORDS_END };

static ts_handle_t pager, port, paged, program_job;

static struct ts_info_reclaim reclaim_of(ts_handle_t job) {
    struct ts_info_reclaim info = {0};
    size_t actual, available;
    CHECK_OK(ts_object_get_info(job, TS_INFO_JOB_RECLAIM, &info, sizeof(info), &actual, &available));
    return info;
}

static uint64_t content(uint64_t page) {
    return page * 0x9e3779b97f4a7c15ul + 1;
}

/* --- the pager's side --- */

static void supply(uint64_t offset, uint64_t length) {
    ts_handle_t aux = make_vmo(length);
    for (uint64_t at = 0; at < length; at += PAGE) {
        uint64_t word = content((offset + at) / PAGE);
        CHECK_OK(ts_vmo_write(aux, &word, at, sizeof(word)));
    }
    CHECK_OK(ts_pager_supply_pages(pager, paged, offset, length, aux, 0));
    close_handle(aux);
    shared_add(WORD_REQUESTS, 1);
}

static void answer_requests(void *unused) {
    struct ts_packet packet;
    (void)unused;
    while (CHECK_OK(ts_port_wait(port, &packet, ts_time_after(GUEST_PATIENCE))) && packet.key != STOP_KEY) {
        if (CHECK_EQUAL(TS_PAGE_REQUEST_READ, packet.page_request.command)) {
            supply(packet.page_request.offset, packet.page_request.length);
        }
    }
}

static ts_handle_t begin_paging(void) {
    program_job = guest_self.job;
    port = make_port();
    CHECK_OK(ts_pager_create(0, &pager));
    CHECK_OK(ts_pager_create_vmo(pager, 0, port, 1, PAGES * PAGE, &paged));
    return guest_thread(answer_requests, NULL);
}

static void end_paging(ts_handle_t thread) {
    struct ts_packet stop = {.key = STOP_KEY};
    CHECK_OK(ts_port_queue(port, &stop));
    guest_join(thread);
    close_handle(paged);
    close_handle(pager);
    close_handle(port);
}

static void note_pages(void) {
    uint64_t pages = reclaim_of(program_job).pages;
    shared_set(WORD_PAGES_END, pages);
    if (pages > shared_get(WORD_PAGES_MAX)) {
        shared_set(WORD_PAGES_MAX, pages);
    }
}

/* --- the program's side --- */

static uint64_t next_page(uint64_t *state) {
    *state = *state * 6364136223846793005ul + 1442695040888963407ul;
    uint64_t random = *state >> 33;
    return random % 2 == 0 ? random / 2 % HOT : random / 2 % PAGES;
}

static void read_at_random(uint64_t unused) {
    uint64_t address = 0, state = 1;
    (void)unused;
    ts_handle_t thread = begin_paging();
    CHECK_OK(ts_vmar_map(guest_self.vmar, TS_VMAR_READ | TS_VMAR_ALLOW_FAULTS, 0, paged, 0, PAGES * PAGE, &address));
    for (unsigned i = 0; i < ACCESSES && guest_shared()->failures == 0; i++) {
        uint64_t page = next_page(&state);
        if (i % 3 == 0) {
            uint64_t word = 0;
            CHECK_OK(ts_vmo_read(paged, &word, page * PAGE, sizeof(word)));
            CHECK_EQUAL(content(page), word);
        } else {
            CHECK_EQUAL(content(page), *(volatile uint64_t *)(address + page * PAGE));
        }
        if (i % 20 == 0) {
            note_pages();
        }
    }
    note_pages();
    unmap(address, PAGES * PAGE);
    end_paging(thread);
}

static struct ts_info_reclaim run_with_policy(uint32_t policy, guest_function function) {
    struct guest_child child;
    ts_handle_t job = make_job();
    for (unsigned word = WORD_REQUESTS; word < WORDS_END; word++) {
        shared_set(word, 0);
    }
    CHECK_OK(ts_job_set_reclaim(job, policy, FRAMES));
    if (guest_child_start(&child, job, function, 0, TS_HANDLE_INVALID)) {
        CHECK_EQUAL(0, guest_child_end(&child));
    }
    ts_time_t end = ts_time_after(GUEST_PATIENCE / 4);
    while (reclaim_of(job).pages != 0 && ts_time_now() < end) {
        (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND));
    }
    struct ts_info_reclaim info = reclaim_of(job);
    CHECK_EQUAL(0, info.pages);
    CHECK_EQUAL(policy, info.policy);
    close_handle(job);
    return info;
}

static void stays_within_frames(uint32_t policy) {
    struct ts_info_reclaim info = run_with_policy(policy, read_at_random);
    uint64_t requests = shared_get(WORD_REQUESTS);
    CHECK(requests > PAGES && requests < ACCESSES);
    CHECK_EQUAL(requests, info.misses);
    CHECK(info.evictions >= requests - FRAMES);
    CHECK(info.hits > 0);
    CHECK(shared_get(WORD_PAGES_MAX) <= FRAMES);
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

static void none(void) {
    struct ts_info_reclaim info = run_with_policy(TS_RECLAIM_NONE, read_at_random);
    CHECK_EQUAL(0, info.evictions);
    CHECK(shared_get(WORD_REQUESTS) > FRAMES);
    CHECK_EQUAL(shared_get(WORD_REQUESTS), shared_get(WORD_PAGES_END)); /* each page once */
}

/* Every page is written: none may go before it was written back. */
static void write_all(uint64_t unused) {
    (void)unused;
    ts_handle_t thread = begin_paging();
    for (uint64_t page = 0; page < PAGES; page++) {
        uint64_t word = content(page);
        CHECK_OK(ts_vmo_write(paged, &word, page * PAGE, sizeof(word)));
    }
    CHECK_EQUAL(PAGES, reclaim_of(program_job).pages);
    CHECK_EQUAL(0, reclaim_of(program_job).evictions);
    CHECK_OK(ts_pager_op_range(pager, TS_PAGER_OP_WRITEBACK_BEGIN, paged, 0, PAGES * PAGE, 0));
    CHECK_OK(ts_pager_op_range(pager, TS_PAGER_OP_WRITEBACK_END, paged, 0, PAGES * PAGE, 0));
    ts_handle_t second = TS_HANDLE_INVALID;
    uint64_t word = 0;
    CHECK_OK(ts_pager_create_vmo(pager, 0, port, STOP_KEY, PAGE, &second));
    ts_handle_t aux = make_vmo(PAGE);
    CHECK_OK(ts_pager_supply_pages(pager, second, 0, PAGE, aux, 0)); /* zeros need no frame, but room is made */
    CHECK(reclaim_of(program_job).pages < FRAMES);
    for (uint64_t page = 0; page < PAGES; page++) {
        CHECK_OK(ts_vmo_read(paged, &word, page * PAGE, sizeof(word)));
        CHECK_EQUAL(content(page), word);
    }
    close_handle(aux);
    close_handle(second);
    end_paging(thread);
}

static void dirty_pages_stay(void) {
    struct ts_info_reclaim info = run_with_policy(TS_RECLAIM_LRU, write_all);
    CHECK(info.evictions >= 2 * (PAGES - FRAMES));
}

static void normal_set_reclaim(void) {
    ts_handle_t job = make_job();
    ts_handle_t below = TS_HANDLE_INVALID;
    CHECK_EQUAL(0, reclaim_of(job).frames);
    CHECK_OK(ts_job_set_reclaim(job, TS_RECLAIM_ARC, FRAMES));
    CHECK_EQUAL(FRAMES, reclaim_of(job).frames);
    CHECK_OK(ts_job_create(job, 0, &below));
    CHECK_EQUAL(FRAMES, reclaim_of(below).frames);
    CHECK_OK(ts_job_set_reclaim(below, TS_RECLAIM_LRU, 1));
    CHECK_EQUAL(TS_RECLAIM_LRU, reclaim_of(below).policy);
    close_handle(below);
    close_handle(job);
}

static void hostile_set_reclaim(void) {
    ts_handle_t job = make_job();
    ts_handle_t event = make_event();
    ts_handle_t weak = duplicate_without(job, TS_RIGHT_SET_POLICY);
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_job_set_reclaim(job, TS_RECLAIM_COUNT, FRAMES));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_job_set_reclaim(job, TS_RECLAIM_LRU, 0));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_job_set_reclaim(job, TS_RECLAIM_LRU, UINT64_MAX));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, ts_job_set_reclaim(job, TS_RECLAIM_LRU, 1ul << 32));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_job_set_reclaim(weak, TS_RECLAIM_LRU, FRAMES));
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_job_set_reclaim(event, TS_RECLAIM_LRU, FRAMES));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_job_set_reclaim(STALE_HANDLE, TS_RECLAIM_LRU, FRAMES));
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_job_set_reclaim(guest_self.job, TS_RECLAIM_LRU, FRAMES));
    CHECK_OK(ts_job_set_reclaim(job, TS_RECLAIM_LRU, FRAMES));
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_job_set_reclaim(job, TS_RECLAIM_LRU, FRAMES));
    ts_handle_t poor = make_job();
    ts_handle_t below = TS_HANDLE_INVALID;
    CHECK_OK(ts_job_create(poor, 0, &below));
    set_ceiling_to_use(poor, TS_CEILING_MEMORY);
    CHECK_STATUS(TS_ERR_NO_MEMORY, ts_job_set_reclaim(below, TS_RECLAIM_ARC, FRAMES));
    close_handle(below);
    close_handle(poor);
    close_handle(weak);
    close_handle(event);
    close_handle(job);
}

/* --- pressure --- */

#define ROOM 256u /* pages below the ceiling */

static ts_signals_t signals_of(ts_handle_t job) {
    ts_signals_t observed = 0;
    (void)!ts_object_wait_one(job, TS_SIGNAL_PRESSURE | TS_SIGNAL_PRESSURE_CRITICAL, 0, &observed);
    return observed & (TS_SIGNAL_PRESSURE | TS_SIGNAL_PRESSURE_CRITICAL);
}

/* What the job's signals come to be within some time. */
static void wait_signals(ts_handle_t job, ts_signals_t expected) {
    ts_time_t end = ts_time_after(GUEST_PATIENCE);
    while (signals_of(job) != expected && ts_time_now() < end) {
        (void)!ts_thread_sleep(ts_time_after(5 * TS_MILLISECOND));
    }
    CHECK_EQUAL(expected, signals_of(job));
}

/* Pages until so many of the room are used. */
static void use_room(ts_handle_t job, ts_handle_t vmo, uint64_t *next, uint64_t free_at_end, uint64_t limit) {
    while (job_use(job, TS_CEILING_MEMORY) + (free_at_end + 1) * PAGE <= limit) {
        uint64_t word = 1;
        CHECK_OK(ts_vmo_write(vmo, &word, (*next)++ * PAGE, sizeof(word)));
    }
}

static void use_memory_until_refused(uint64_t limit) {
    const ts_signals_t both = TS_SIGNAL_PRESSURE | TS_SIGNAL_PRESSURE_CRITICAL;
    uint64_t next = 0;
    ts_handle_t vmo = make_vmo(2 * ROOM * PAGE);
    (void)!ts_thread_sleep(ts_time_after(30 * TS_MILLISECOND));
    use_room(guest_self.job, vmo, &next, limit / PAGE / 8 + 2, limit);
    (void)!ts_thread_sleep(ts_time_after(30 * TS_MILLISECOND));
    CHECK_EQUAL(0, signals_of(guest_self.job)); /* not yet */
    use_room(guest_self.job, vmo, &next, limit / PAGE / 8 - 4, limit);
    wait_signals(guest_self.job, TS_SIGNAL_PRESSURE);
    use_room(guest_self.job, vmo, &next, 0, limit);
    wait_signals(guest_self.job, both);
    uint64_t word = 1;
    CHECK_STATUS(TS_ERR_NO_MEMORY, ts_vmo_write(vmo, &word, next * PAGE, sizeof(word))); /* it was told before */
    CHECK_OK(ts_vmo_op_range(vmo, TS_VMO_OP_DECOMMIT, 0, (limit / PAGE / 16) * PAGE));
    (void)!ts_thread_sleep(ts_time_after(130 * TS_MILLISECOND));
    CHECK_EQUAL(both, signals_of(guest_self.job)); /* what is critical is so until an eighth is free */
    CHECK_OK(ts_vmo_op_range(vmo, TS_VMO_OP_DECOMMIT, 0, (limit / PAGE / 5) * PAGE));
    wait_signals(guest_self.job, TS_SIGNAL_PRESSURE);
    CHECK_OK(ts_vmo_op_range(vmo, TS_VMO_OP_DECOMMIT, 0, (limit / PAGE / 2) * PAGE));
    wait_signals(guest_self.job, 0);
}

static void pressure_is_told_before_memory_is_refused(void) {
    struct guest_child child;
    ts_handle_t job = make_job();
    uint64_t limit = ROOM * PAGE;
    CHECK_OK(ts_job_set_ceiling(job, TS_CEILING_MEMORY, limit));
    CHECK_EQUAL(0, signals_of(job));
    if (guest_child_start(&child, job, use_memory_until_refused, limit, TS_HANDLE_INVALID)) {
        CHECK_EQUAL(0, guest_child_end(&child));
    }
    close_handle(job);
}

/* A job below one that has pressure has it too, one beside it has not; and a new ceiling counts at once. */
static void use_memory(uint64_t pages) {
    uint64_t next = 0;
    ts_handle_t vmo = make_vmo(2 * ROOM * PAGE);
    use_room(guest_self.job, vmo, &next, 0, pages * PAGE);
    wait_signals(guest_self.job, TS_SIGNAL_PRESSURE | TS_SIGNAL_PRESSURE_CRITICAL);
    ts_time_t end = ts_time_after(GUEST_PATIENCE);
    while (shared_get(WORD_SEEN) == 0 && ts_time_now() < end) {
        (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND));
    }
}

static void pressure_is_of_jobs_below_too(void) {
    struct guest_child child;
    ts_handle_t job = make_job(), beside = make_job(), below = TS_HANDLE_INVALID, other = TS_HANDLE_INVALID;
    CHECK_OK(ts_job_create(job, 0, &below));
    CHECK_OK(ts_job_create(job, 0, &other));
    CHECK_OK(ts_job_set_ceiling(job, TS_CEILING_MEMORY, ROOM * PAGE));
    shared_set(WORD_SEEN, 0);
    if (guest_child_start(&child, below, use_memory, ROOM - 2, TS_HANDLE_INVALID)) {
        wait_signals(other, TS_SIGNAL_PRESSURE | TS_SIGNAL_PRESSURE_CRITICAL);
        CHECK_EQUAL(0, signals_of(beside));
        shared_set(WORD_SEEN, 1);
        CHECK_EQUAL(0, guest_child_end(&child));
    }
    wait_signals(job, 0);
    wait_signals(other, 0);
    set_ceiling_to_use(beside, TS_CEILING_MEMORY);
    wait_signals(beside, job_use(beside, TS_CEILING_MEMORY) > 0 ? TS_SIGNAL_PRESSURE | TS_SIGNAL_PRESSURE_CRITICAL : 0);
    close_handle(other);
    close_handle(below);
    close_handle(beside);
    close_handle(job);
}

static const struct guest_test tests[] = {
    {"normal: job_set_reclaim gives a job a domain", normal_set_reclaim},
    {"hostile: job_set_reclaim refuses policies, sizes and jobs in use", hostile_set_reclaim},
    {"paged memory stays within its frames by LRU", lru},
    {"paged memory stays within its frames by ARC", arc},
    {"paged memory stays within its frames by Clock", clock},
    {"paged memory without a policy is never given up", none},
    {"dirty pages stay until they are written back", dirty_pages_stay},
    {"pressure is told before memory is refused", pressure_is_told_before_memory_is_refused},
    {"pressure of a job is that of jobs below it", pressure_is_of_jobs_below_too},
};

GUEST_GROUP(reclaim_tests, tests);
