/* SPDX-License-Identifier: MIT */
/*
 * Swap and programs that mean no good: servers that answer wrongly, jobs that keep each other's swap, programs with the
 * least of memory, and many CPUs at once.
 */
#include "guest/groups.h"
#include "guest/memory.h"
#include "guest/swapping.h"

#define FRAMES  24u
#define PAGES   96u
#define MORE    (2u * FRAMES)
#define BATCH   (FRAMES / 8u + 1u) /* pages that are sent away at a time */
#define BUFFERS 1u                 /* pages of a child that are pinned */
#define THREADS 4u

enum { WORD_READY = SWAP_WORD, WORD_GO, WORD_STOP };

/* --- children that give something away --- */

/* In the child: the handle is the parent's from here on. */
static void give(ts_handle_t handle) {
    struct ts_message message;
    ts_message_begin(&message, 1);
    (void)!ts_message_put_handle(&message, handle);
    CHECK_OK(ts_call(guest_self.extra, &message, ts_time_after(GUEST_PATIENCE)));
}

/* Starts a child in the job, takes what it gives, and lets it go on. */
static ts_handle_t take_from_child(struct guest_child *child, ts_handle_t job, guest_function function,
                                   uint64_t argument) {
    struct ts_message message;
    ts_handle_t endpoint = make_endpoint(), client = TS_HANDLE_INVALID, taken = TS_HANDLE_INVALID, reply;
    CHECK_OK(ts_endpoint_mint(endpoint, 1, TS_RIGHT_SAME_RIGHTS, &client));
    if (guest_child_start(child, job, function, argument, client)) {
        ts_message_begin(&message, 0);
        CHECK_OK(ts_reply_wait(endpoint, &message, ts_time_after(GUEST_PATIENCE), TS_REPLY_NONE));
        taken = ts_message_handle(&message, 0);
        CHECK_OK(ts_reply_save(0, &reply));
        ts_message_begin(&message, 0);
        CHECK_OK(ts_reply_send(reply, &message));
    }
    close_handle(endpoint);
    return taken;
}

/* --- supplies --- */

/* Gives a VMO whose pages are swapped. */
static void give_swapped(uint64_t unused) {
    ts_handle_t vmo = make_vmo(MORE * PAGE);
    (void)unused;
    fill_pages(vmo, 0, MORE, 1);
    give(vmo);
    swap_wait_word(WORD_GO, 1);
}

/* What is swapped to a VMO is supplied to the same. */
static void swapped_pages_are_supplied_to_swap(void) {
    struct guest_child child;
    swap_begin(TS_RECLAIM_LRU, FRAMES);
    ts_handle_t vmo = take_from_child(&child, swap.job, give_swapped, 0);
    CHECK_OK(ts_pager_supply_pages(swap.pager, swap.vmo, 0, MORE * PAGE, vmo, 0)); /* nobody wants them */
    check_zeros(vmo, 0, MORE);
    CHECK_EQUAL(0, job_use(swap.job, TS_CEILING_SWAP));
    shared_set(WORD_GO, 1);
    CHECK_EQUAL(0, guest_child_end(&child));
    close_handle(vmo);
    swap_end();
}

/* --- jobs that keep themselves --- */

static ts_handle_t make_job_with_domain(ts_handle_t parent) {
    ts_handle_t job = TS_HANDLE_INVALID;
    CHECK_OK(ts_job_create(parent, 0, &job));
    CHECK_OK(ts_job_set_reclaim(job, TS_RECLAIM_LRU, FRAMES));
    return job;
}

static void give_swap_vmo(uint64_t unused) {
    ts_handle_t pager = TS_HANDLE_INVALID;
    (void)unused;
    CHECK_OK(ts_pager_create(0, &pager));
    give(swap_make_vmo(pager, make_port(), 0, PAGE));
}

static void give_port(uint64_t unused) {
    (void)unused;
    give(make_port());
}

static void give_pager(uint64_t unused) {
    ts_handle_t pager = TS_HANDLE_INVALID;
    (void)unused;
    CHECK_OK(ts_pager_create(0, &pager));
    give(pager);
}

/* What a child of the job made that is gone. */
static ts_handle_t left_by_child(ts_handle_t job, guest_function function) {
    struct guest_child child;
    ts_handle_t left = take_from_child(&child, job, function, 0);
    CHECK_EQUAL(0, guest_child_end(&child));
    return left;
}

/* A process that ended is in its job until it is freed. */
static ts_status_t set_swap_when_empty(ts_handle_t job, ts_handle_t vmo) {
    ts_time_t end = ts_time_after(GUEST_PATIENCE / 4);
    ts_status_t status = ts_job_set_swap(job, vmo);
    while (status == TS_ERR_BAD_STATE && ts_time_now() < end) {
        (void)!ts_thread_sleep(ts_time_after(5 * TS_MILLISECOND));
        status = ts_job_set_swap(job, vmo);
    }
    return status;
}

/* Each of two jobs would be kept by the swap of the other. */
static void jobs_do_not_keep_each_other(void) {
    ts_handle_t first = make_job_with_domain(guest_self.job);
    ts_handle_t second = make_job_with_domain(guest_self.job);
    ts_handle_t of_first = left_by_child(first, give_swap_vmo);
    ts_handle_t of_second = left_by_child(second, give_swap_vmo);
    CHECK_OK(set_swap_when_empty(first, of_second));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, set_swap_when_empty(second, of_first));
    close_handle(of_first);
    close_handle(of_second);
    close_handle(first);
    close_handle(second);
}

/* A VMO keeps its pager and its port, and those who pay for them. */
static void pager_of_a_job_is_not_for_its_swap(void) {
    ts_handle_t job = make_job_with_domain(guest_self.job);
    ts_handle_t pager = left_by_child(job, give_pager), port = left_by_child(job, give_port);
    ts_handle_t own_pager = TS_HANDLE_INVALID, own_port = make_port();
    CHECK_OK(ts_pager_create(0, &own_pager));
    ts_handle_t by_pager = swap_make_vmo(pager, own_port, 0, PAGE);
    ts_handle_t by_port = swap_make_vmo(own_pager, port, 0, PAGE);
    CHECK_STATUS(TS_ERR_INVALID_ARGS, set_swap_when_empty(job, by_pager));
    CHECK_STATUS(TS_ERR_INVALID_ARGS, set_swap_when_empty(job, by_port));
    close_handle(by_pager);
    close_handle(by_port);
    close_handle(pager);
    close_handle(port);
    close_handle(own_pager);
    close_handle(own_port);
    close_handle(job);
}

/* --- domains of jobs that come to be at the same time --- */

#define JOB_ROUNDS 500u
#define OTHER      7u /* frames of the inner domain */

static ts_handle_t outer_job, inner_job, job_below;

static bool is_alone; /* there is no other CPU */

static void pause(void) {
    if (is_alone) {
        (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND / 20));
    }
}

/* Makes jobs below the inner one, each in its round. */
static void create_jobs_below(void *unused) {
    (void)unused;
    uint64_t rounds = is_alone ? 1 : JOB_ROUNDS;
    for (uint64_t round = 1; round <= rounds; round++) {
        while (shared_get(WORD_GO) < round) {
            pause();
        }
        (void)!ts_job_create(inner_job, 0, &job_below);
        shared_set(WORD_READY, round);
    }
}

static void race_for_domain(uint64_t round) {
    CHECK_OK(ts_job_create(outer_job, 0, &inner_job));
    shared_set(WORD_GO, round);
    ts_status_t status = ts_job_set_reclaim(inner_job, TS_RECLAIM_LRU, OTHER);
    while (shared_get(WORD_READY) < round) {
        pause();
    }
    CHECK_EQUAL(status == TS_OK ? OTHER : FRAMES, swap_reclaim(job_below).frames);
    close_handle(job_below);
    close_handle(inner_job);
}

/* Who is below a job that has its own domain is in that, however close it was. */
static void domain_is_that_of_the_parent(void) {
    guest_threads_reset();
    is_alone = all_cpus() == 1;
    outer_job = make_job_with_domain(guest_self.job);
    shared_set(WORD_GO, 0);
    shared_set(WORD_READY, 0);
    ts_handle_t thread = guest_thread(create_jobs_below, NULL);
    for (uint64_t round = 1; round <= (is_alone ? 1 : JOB_ROUNDS); round++) {
        race_for_domain(round);
    }
    guest_join(thread);
    close_handle(outer_job);
}

/* --- pages of pagers and others in one domain --- */

static void supply_when_full(uint64_t unused) {
    ts_handle_t pager = TS_HANDLE_INVALID, filled = TS_HANDLE_INVALID;
    (void)unused;
    ts_handle_t port = make_port();
    CHECK_OK(ts_pager_create(0, &pager));
    CHECK_OK(ts_pager_create_vmo(pager, 0, port, 1, PAGE, &filled));
    ts_handle_t aux = make_vmo(PAGE), vmo = make_vmo(FRAMES * PAGE);
    fill_pages(vmo, 0, FRAMES - BUFFERS - 1, 1);
    fill_pages(aux, 0, 1, 1);
    CHECK_EQUAL(FRAMES, swap_reclaim(guest_self.job).pages);
    CHECK_EQUAL(0, job_use(guest_self.job, TS_CEILING_SWAP));
    CHECK_OK(ts_pager_supply_pages(pager, filled, 0, PAGE, aux, 0));
    CHECK(job_use(guest_self.job, TS_CEILING_SWAP) <= BATCH * PAGE);
    close_handle(filled);
    close_handle(pager);
    close_handle(port);
}

/* A page that a pager supplies does not send all others to swap. */
static void one_supply_swaps_little(void) {
    swap_begin(TS_RECLAIM_LRU, FRAMES);
    swap_run(supply_when_full, 0);
    swap_end();
}

/* --- at ceilings --- */

#define FAR 0x3000000000ul /* where nothing is mapped: page tables of two levels are missing */

static void fault_far_away(uint64_t room) {
    uint64_t address = 0;
    ts_handle_t vmo = make_vmo(MORE * PAGE), far = make_vmo(PAGE);
    CHECK_OK(ts_vmar_map(guest_self.vmar, MAP_WRITE | TS_VMAR_ALLOW_FAULTS | TS_VMAR_SPECIFIC, FAR, far, 0, PAGE,
                         &address));
    fill_pages(vmo, 0, MORE, 1);
    set_word(far, 0, 5);
    set_ceiling(guest_self.job, TS_CEILING_MEMORY, job_use(guest_self.job, TS_CEILING_MEMORY) + room * PAGE);
    CHECK_EQUAL(5, *word_in(address));
    check_pages(vmo, 0, MORE, 1);
}

/* Page tables take what pages leave. */
static void page_tables_are_met_by_swapping(void) {
    for (uint64_t room = 0; room < 4; room++) {
        swap_begin(TS_RECLAIM_LRU, PAGES);
        swap_run(fault_far_away, room);
        swap_end();
    }
}

static void fill_at_ceiling(uint64_t room) {
    ts_handle_t vmo = make_vmo(MORE * PAGE);
    set_ceiling(guest_self.job, TS_CEILING_MEMORY, job_use(guest_self.job, TS_CEILING_MEMORY) + room * PAGE);
    fill_pages(vmo, 0, MORE, 1);
    check_pages(vmo, 0, MORE, 1);
}

/* Stays there until it is told to end. */
static void stay(uint64_t pages) {
    ts_handle_t vmo = make_vmo(pages * PAGE);
    fill_pages(vmo, 0, pages, 1);
    shared_set(WORD_READY, 1);
    swap_wait_word(WORD_GO, 1);
}

/* Who is at a ceiling has others leave only if that helps: a neighbour in the same domain keeps its pages. */
static void neighbour_of_a_low_ceiling_stays(void) {
    struct guest_child child, neighbour;
    ts_handle_t low = TS_HANDLE_INVALID, other = TS_HANDLE_INVALID;
    swap_begin(TS_RECLAIM_LRU, PAGES);
    CHECK_OK(ts_job_create(swap.job, 0, &low));
    CHECK_OK(ts_job_create(swap.job, 0, &other));
    if (guest_child_start(&neighbour, other, stay, FRAMES, TS_HANDLE_INVALID)) {
        swap_wait_word(WORD_READY, 1);
        if (guest_child_start(&child, low, fill_at_ceiling, 8, TS_HANDLE_INVALID)) {
            CHECK_EQUAL(0, guest_child_end(&child));
        }
        CHECK(swap.writes > 0);
        CHECK_EQUAL(0, job_use(other, TS_CEILING_SWAP));
        shared_set(WORD_GO, 1);
        CHECK_EQUAL(0, guest_child_end(&neighbour));
    }
    close_handle(low);
    close_handle(other);
    swap_end();
}

#define PART   4u /* pages of each thread */
#define ROUNDS 3u

static uint64_t own_parts;

static void turn_pages(void *number) {
    uint64_t address = own_parts + (uint64_t)number * PART * PAGE;
    swap_wait_word(WORD_GO, 1);
    for (unsigned round = 0; round < ROUNDS && guest_shared()->failures == 0; round++) {
        for (uint64_t page = 0; page < PART; page++) {
            CHECK_EQUAL(round, *word_in(address + page * PAGE));
            *word_in(address + page * PAGE) = round + 1;
        }
    }
}

static void turn_with_threads(uint64_t room) {
    ts_handle_t thread[THREADS];
    ts_handle_t vmo = make_vmo(THREADS * PART * PAGE);
    own_parts = map_vmo(vmo, THREADS * PART * PAGE);
    for (uint64_t i = 0; i < THREADS; i++) {
        thread[i] = guest_thread(turn_pages, (void *)i);
    }
    if (room != 0) {
        set_ceiling(guest_self.job, TS_CEILING_MEMORY, job_use(guest_self.job, TS_CEILING_MEMORY) + room * PAGE);
    }
    shared_set(WORD_GO, 1);
    for (unsigned i = 0; i < THREADS; i++) {
        guest_join(thread[i]);
    }
}

/* As many frames as can just be used at once: nobody is refused memory because others are faster. */
static void few_frames_are_enough(void) {
    for (uint32_t policy = TS_RECLAIM_LRU; policy < TS_RECLAIM_COUNT; policy++) {
        swap_begin(policy, BUFFERS + THREADS + 2);
        swap_run(turn_with_threads, 0);
        swap_end();
    }
}

static void low_ceiling_is_enough(void) {
    swap_begin(TS_RECLAIM_LRU, PAGES);
    swap_run(turn_with_threads, THREADS + 6);
    swap_end();
}

static void write_pages(uint64_t pages) {
    ts_handle_t vmo = make_vmo(pages * PAGE);
    fill_pages(vmo, 0, pages, 1);
}

static void turn_one_page(uint64_t unused) {
    ts_handle_t vmo = make_vmo(FRAMES * PAGE);
    (void)unused;
    fill_pages(vmo, 0, FRAMES, 1);
    check_pages(vmo, 0, FRAMES, 1);
}

static void be_refused(uint64_t unused) {
    uint64_t word = 1;
    (void)unused;
    ts_handle_t vmo = make_vmo(PAGE);
    CHECK_STATUS(TS_ERR_NO_MEMORY, ts_vmo_write(vmo, &word, 0, sizeof(word)));
}

/* One page that can leave is enough; none is not. */
static void domains_of_one_page_and_two(void) {
    swap_begin(TS_RECLAIM_CLOCK, BUFFERS);
    swap_run(be_refused, 0);
    swap_end();
    swap_begin(TS_RECLAIM_ARC, BUFFERS + 1);
    swap_run(turn_one_page, 0);
    swap_end();
}

/* --- figures --- */

/* The server reads what it writes back: nobody used the page again. */
static void writing_back_is_no_use(void) {
    swap_begin(TS_RECLAIM_ARC, FRAMES);
    swap_run(write_pages, PAGES);
    CHECK(swap.writes > 0);
    CHECK_EQUAL(0, swap_reclaim(swap.job).hits);
    swap_end();
}

/* --- what others got --- */

/* Gives a VMO, and then has all its pages leave. */
static void give_and_swap(uint64_t pages) {
    ts_handle_t vmo = make_vmo(pages * PAGE);
    fill_pages(vmo, 0, pages, 1);
    give(vmo);
    swap_wait_word(WORD_GO, 1);
    write_pages(PAGES);
    shared_set(WORD_READY, 1);
    swap_wait_word(WORD_GO, 2);
}

/* A snapshot of a job that does not swap stays as it was seen, whatever the server of the original's job stores. */
static void snapshot_is_not_the_servers(void) {
    struct guest_child child;
    swap_begin(TS_RECLAIM_LRU, FRAMES);
    ts_handle_t vmo = take_from_child(&child, swap.job, give_and_swap, FRAMES / 2);
    ts_handle_t copy = make_snapshot(vmo, 0, FRAMES / 2 * PAGE);
    check_pages(copy, 0, FRAMES / 2, 1);
    shared_set(WORD_GO, 1);
    swap_wait_word(WORD_READY, 1);
    memset((void *)swap.store, 0xee, SWAP_SLOTS * PAGE);
    check_pages(copy, 0, FRAMES / 2, 1);
    shared_set(WORD_GO, 2);
    CHECK_EQUAL(0, guest_child_end(&child));
    close_handle(copy);
    close_handle(vmo);
    swap_end();
}

/* --- a server without sense --- */

#define NONSENSE_TIME (TS_SECOND / 4)

static uint64_t next_random(uint64_t *state) {
    *state = *state * 6364136223846793005ul + 1442695040888963407ul;
    return *state >> 33;
}

static void supply_nonsense(uint64_t offset, uint64_t length, bool garbage) {
    ts_handle_t aux = make_vmo(length);
    if (garbage) {
        fill_pages(aux, 0, length / PAGE, 77);
    }
    ts_status_t status = ts_pager_supply_pages(swap.pager, swap.vmo, offset, length, aux, 0);
    CHECK(status == TS_OK || (status == TS_ERR_BAD_STATE && shared_get(WORD_STOP) != 0));
    close_handle(aux);
}

static void do_nonsense(uint64_t *state) {
    uint64_t first = next_random(state) % SWAP_SLOTS;
    uint64_t length = (next_random(state) % (SWAP_SLOTS - first) % 40 + 1) * PAGE;
    switch (next_random(state) % 8) {
    case 0: CHECK_OK(ts_pager_op_range(swap.pager, TS_PAGER_OP_WRITEBACK_BEGIN, swap.vmo, first * PAGE, length, 0)); break;
    case 1:
    case 2: CHECK_OK(ts_pager_op_range(swap.pager, TS_PAGER_OP_WRITEBACK_END, swap.vmo, first * PAGE, length, 0)); break;
    case 3: CHECK_OK(ts_pager_op_range(swap.pager, TS_PAGER_OP_ASK_AGAIN, swap.vmo, first * PAGE, length, 0)); break;
    case 4:
        CHECK_OK(ts_pager_op_range(swap.pager, TS_PAGER_OP_FAIL, swap.vmo, first * PAGE, length,
                                   (uint64_t)(int64_t)TS_ERR_IO));
        break;
    default: supply_nonsense(first * PAGE, length, next_random(state) % 2 == 0); break;
    }
}

static void serve_nonsense(void *seed) {
    uint64_t state = (uint64_t)seed;
    while (shared_get(WORD_STOP) == 0) {
        struct ts_packet packet;
        (void)!ts_port_wait(swap.port, &packet, 0);
        do_nonsense(&state);
    }
}

/* Whatever comes back, and whatever is refused. */
static void use_memory(uint64_t seed) {
    ts_handle_t vmo = make_vmo_with(TS_VMO_RESIZABLE, PAGES * PAGE), copy = TS_HANDLE_INVALID;
    for (uint64_t state = seed; shared_get(WORD_STOP) == 0;) {
        uint64_t word = 1, page = next_random(&state) % PAGES;
        switch (next_random(&state) % 32) {
        case 0: (void)!ts_vmo_op_range(vmo, TS_VMO_OP_ZERO, page * PAGE, PAGE); break;
        case 1: (void)!ts_vmo_set_size(vmo, page * PAGE); break;
        case 2: (void)!ts_vmo_set_size(vmo, PAGES * PAGE); break;
        case 3:
            if (copy != TS_HANDLE_INVALID) {
                close_handle(copy);
                copy = TS_HANDLE_INVALID;
            } else if (ts_vmo_create_child(vmo, TS_VMO_CHILD_SNAPSHOT, 0, PAGES * PAGE, &copy) != TS_OK) {
                copy = TS_HANDLE_INVALID;
            }
            break;
        case 4:
        case 5: (void)!ts_vmo_read(copy != TS_HANDLE_INVALID ? copy : vmo, &word, page * PAGE, sizeof(word)); break;
        default:
            if (next_random(&state) % 2 == 0) {
                (void)!ts_vmo_read(vmo, &word, page * PAGE, sizeof(word));
            } else {
                (void)!ts_vmo_write(vmo, &word, page * PAGE, sizeof(word));
            }
            break;
        }
    }
}

static void nonsense(uint32_t policy) {
    struct guest_child child[2];
    bool started[2];
    swap_begin(policy, FRAMES);
    swap_stop_server();
    guest_threads_reset();
    ts_handle_t first = guest_thread(serve_nonsense, (void *)3), second = guest_thread(serve_nonsense, (void *)4);
    for (unsigned i = 0; i < 2; i++) {
        started[i] = guest_child_start(&child[i], swap.job, use_memory, 11 + i, TS_HANDLE_INVALID);
    }
    (void)!ts_thread_sleep(ts_time_after(NONSENSE_TIME));
    shared_set(WORD_STOP, 1);
    CHECK_OK(ts_pager_detach_vmo(swap.pager, swap.vmo)); /* while they wait */
    for (unsigned i = 0; i < 2; i++) {
        if (started[i]) {
            CHECK_EQUAL(0, guest_child_end(&child[i]));
        }
    }
    guest_join(first);
    guest_join(second);
    swap_end();
}

static void nonsense_harms_nobody_else(void) {
    for (uint32_t policy = TS_RECLAIM_LRU; policy < TS_RECLAIM_COUNT; policy++) {
        nonsense(policy);
    }
}

static const struct guest_test tests[] = {
    {"jobs whose swap is each other's are refused", jobs_do_not_keep_each_other},
    {"a job's own pager and port are not for its swap", pager_of_a_job_is_not_for_its_swap},
    {"a job made while its parent gets a domain is in that", domain_is_that_of_the_parent},
    {"a supplied page sends few others to swap", one_supply_swaps_little},
    {"at a ceiling pages are swapped for page tables", page_tables_are_met_by_swapping},
    {"a job at its ceiling does not have its neighbours swap", neighbour_of_a_low_ceiling_stays},
    {"a few frames are enough for threads that swap", few_frames_are_enough},
    {"a low ceiling is enough for threads that swap", low_ceiling_is_enough},
    {"domains of one page and of two swap or refuse", domains_of_one_page_and_two},
    {"pages that a swap server reads count as unused", writing_back_is_no_use},
    {"a snapshot in a job that does not swap stays as seen", snapshot_is_not_the_servers},
    {"a swap server without sense harms nobody else", nonsense_harms_nobody_else},
    {"swapped pages are supplied to their own swap", swapped_pages_are_supplied_to_swap},
};

GUEST_GROUP(swap_hostile_tests, tests);
