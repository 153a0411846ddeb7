/* SPDX-License-Identifier: MIT */
/*
 * A trace of page numbers (tests/traces) through page faults: a child touches the pages of a pager's VMO in the trace's
 * order, within a job that has a domain, and checks what it reads; a second thread of it is the pager, which stamps each
 * page. What the policy counted is printed, and compared with what the pager did and with what the table of misses says
 * of the trace. `run tests match=trace frames=N` takes another row of the table.
 *
 * The kernel looks at accessed bits when it chooses a victim, and not at each access. Seen so, LRU and Clock are the same
 * second chance, and miss as often as the table's clock-ref1, to the digit: nothing but the trace's accesses sets a bit,
 * and all of them do. ARC comes near the table's. The bounds say what went wrong: no policy misses less often than the
 * optimal one, and one that sees no access, or sees all pages as accessed, evicts in the order of arrival, as FIFO does.
 *
 * Both threads have one CPU, so that it takes no longer with many.
 */
#include "abi/info.h"
#include "guest/groups.h"
#include "guest/support.h"
#include "os/print.h"
#include "os/start.h"

#define PAGE         TS_PAGE_SIZE
#define WORDS        (PAGE / sizeof(uint64_t))
#define FRAMES       250u
#define ONE_CPU      1u
#define NEARNESS     20u /* so many parts more or less of what ARC has to come near */
#define STOP_KEY     99u
#define PATIENCE_MAX (8 * GUEST_PATIENCE)

/* What scripts/gen/trace.py makes: behind the rows lie the requests, 16 bits each. */
struct trace_row {
    uint32_t frames, lru, arc, clock_ref0, clock_ref1, fifo, minimum;
};

extern const struct {
    uint32_t requests, pages, row_count;
    struct trace_row rows[];
} trace_file;

enum { WORD_REQUESTS = 10, WORD_COUNTERS };

static ts_handle_t pager, port, paged;

static uint64_t content(uint64_t page, uint64_t word) {
    return page * WORDS + word + 1;
}

static const struct trace_row *find_row(uint64_t frames) {
    for (uint32_t i = 0; i < trace_file.row_count; i++) {
        if (trace_file.rows[i].frames == frames) {
            return &trace_file.rows[i];
        }
    }
    return NULL;
}

/* --- the child --- */

static void supply(ts_handle_t from, uint64_t offset) {
    uint64_t words[WORDS];
    for (uint64_t i = 0; i < WORDS; i++) {
        words[i] = content(offset / PAGE, i);
    }
    CHECK_OK(ts_vmo_write(from, words, 0, sizeof(words)));
    CHECK_OK(ts_pager_supply_pages(pager, paged, offset, PAGE, from, 0));
    shared_add(WORD_REQUESTS, 1);
}

static void answer_requests(void *unused) {
    struct ts_packet packet;
    (void)unused;
    ts_handle_t from = make_vmo(PAGE);
    while (CHECK_OK(ts_port_wait(port, &packet, ts_time_after(GUEST_PATIENCE))) && packet.key != STOP_KEY) {
        CHECK_EQUAL(TS_PAGE_REQUEST_READ, packet.page_request.command);
        CHECK_EQUAL(PAGE, packet.page_request.length);
        supply(from, packet.page_request.offset);
    }
    close_handle(from);
}

static void note_counters(void) {
    struct ts_info_reclaim info = {0};
    size_t actual, available;
    CHECK_OK(ts_object_get_info(guest_self.job, TS_INFO_JOB_RECLAIM, &info, sizeof(info), &actual, &available));
    memcpy(&guest_shared()->word[WORD_COUNTERS], &info, sizeof(info));
}

/* Each time another word of the page. */
static void touch_pages(uint64_t address) {
    const uint16_t *request = (const uint16_t *)&trace_file.rows[trace_file.row_count];
    for (uint32_t i = 0; i < trace_file.requests; i++) {
        uint64_t page = request[i], word = i % WORDS;
        uint64_t found = ((volatile uint64_t *)(address + page * PAGE))[word];
        if (found != content(page, word)) {
            CHECK_EQUAL(content(page, word), found);
            return;
        }
    }
}

static void replay(uint64_t unused) {
    struct ts_packet stop = {.key = STOP_KEY};
    uint64_t address = 0, size = trace_file.pages * PAGE;
    (void)unused;
    port = make_port();
    CHECK_OK(ts_pager_create(0, &pager));
    CHECK_OK(ts_pager_create_vmo(pager, 0, port, 1, size, &paged));
    CHECK_OK(ts_vmar_map(guest_self.vmar, TS_VMAR_READ | TS_VMAR_ALLOW_FAULTS, 0, paged, 0, size, &address));
    ts_handle_t thread = guest_thread(answer_requests, NULL);
    CHECK_OK(ts_thread_set_affinity(thread, ONE_CPU));
    if (guest_shared()->failures == 0) {
        touch_pages(address);
        note_counters();
    }
    CHECK_OK(ts_port_queue(port, &stop));
    guest_join(thread);
}

/* --- the test --- */

static void run_child(ts_handle_t job) {
    struct guest_child child;
    ts_signals_t observed;
    if (guest_child_start(&child, job, replay, 0, TS_HANDLE_INVALID)) {
        CHECK_OK(ts_thread_set_affinity(child.thread, ONE_CPU));
        CHECK_OK(ts_object_wait_one(child.process, TS_SIGNAL_TERMINATED, ts_time_after(PATIENCE_MAX), &observed));
        CHECK_EQUAL(0, guest_child_end(&child));
    }
}

static bool is_near(uint64_t value, uint64_t expected) {
    uint64_t most = expected / NEARNESS;
    return value + most >= expected && value <= expected + most;
}

static void check_counters(const struct ts_info_reclaim *info, const struct trace_row *row) {
    bool has_ghosts = info->policy == TS_RECLAIM_ARC;
    CHECK_EQUAL(shared_get(WORD_REQUESTS), info->misses);
    CHECK_EQUAL(row->frames, info->pages);
    CHECK_EQUAL(0, info->aside);
    CHECK_EQUAL(info->misses - info->pages, info->evictions);
    CHECK(info->misses >= row->minimum);
    CHECK(info->misses < row->fifo);
    CHECK(has_ghosts ? is_near(info->misses, row->arc) : info->misses == row->clock_ref1);
    CHECK(info->hits > 0);
    CHECK(info->hits + info->misses <= trace_file.requests);
    CHECK_EQUAL(has_ghosts, info->ghost_hits > 0);
    CHECK(info->ghost_hits <= info->misses - trace_file.pages); /* a ghost has been here before */
    CHECK(info->target <= (has_ghosts ? row->frames : 0));
}

static void replay_with(uint32_t policy, const char *name, uint32_t frames) {
    const struct trace_row *row = find_row(frames);
    if (!CHECK(row != NULL)) {
        return;
    }
    shared_set(WORD_REQUESTS, 0);
    ts_handle_t job = make_job();
    CHECK_OK(ts_job_set_reclaim(job, policy, frames));
    run_child(job);
    if (guest_shared()->failures == 0) {
        struct ts_info_reclaim info;
        memcpy(&info, &guest_shared()->word[WORD_COUNTERS], sizeof(info));
        ts_print("# trace t2 %s frames %u: hits %lu misses %lu evictions %lu ghost hits %lu target %lu\n", name,
                 info.frames, info.hits, info.misses, info.evictions, info.ghost_hits, info.target);
        CHECK_EQUAL(policy, info.policy);
        check_counters(&info, row);
    }
    close_handle(job);
}

static uint32_t wanted_frames(void) {
    return (uint32_t)ts_argument_number("frames", FRAMES);
}

static void lru(void) {
    replay_with(TS_RECLAIM_LRU, "lru", wanted_frames());
}

static void arc(void) {
    replay_with(TS_RECLAIM_ARC, "arc", wanted_frames());
}

static void clock(void) {
    replay_with(TS_RECLAIM_CLOCK, "clock", wanted_frames());
}

static const struct guest_test tests[] = {
    {"trace t2 through page faults by LRU", lru},
    {"trace t2 through page faults by ARC", arc},
    {"trace t2 through page faults by Clock", clock},
};

GUEST_GROUP(trace_tests, tests);
