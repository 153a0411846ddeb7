/* SPDX-License-Identifier: MIT */
/* Rules T1 to T11 of jobs, processes and threads, and what several CPUs do to one task at once. */
#include "guest/cpu.h"
#include "guest/groups.h"
#include "guest/support.h"
#include "os/start.h"

#define ROUNDS    24u
#define COUNTER   100u /* shared words that tests of several threads use */
#define STOP      101u
#define DEPTH_MAX 32u

static void wait_for_ever(uint64_t unused) {
    (void)unused;
    shared_add(COUNTER, 1);
    (void)!ts_thread_sleep(TS_TIME_INFINITE);
    CHECK(!"a wait without end ended");
}

static bool start_waiter(struct guest_child *child, ts_handle_t job) {
    return guest_child_start(child, job, wait_for_ever, 0, TS_HANDLE_INVALID) &&
           guest_wait_state(child->thread, TS_THREAD_WAITING);
}

static void wait_for_word(unsigned index, uint64_t value) {
    ts_time_t end = ts_time_after(GUEST_PATIENCE);
    while (shared_get(index) < value && ts_time_now() < end) {
        (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND / 4));
    }
    CHECK(shared_get(index) >= value);
}

/* A start whose thread finds nothing to run, or nothing at all. */
static ts_status_t start(ts_handle_t process, ts_handle_t thread, ts_handle_t argument) {
    return ts_process_start(process, thread, TS_PAGE_SIZE, TS_PAGE_SIZE, argument, 0);
}

/* Different lengths in no order, so that races are met at different points. */
static void pause_a_little(unsigned round) {
    ts_time_t end = ts_time_after((ts_time_t)(round * 2654435761u % 64) * 20 * TS_MICROSECOND);
    while (ts_time_now() < end) {
        /* a sleep would be coarser than what is raced with */
    }
}

/* --- T1 --- */

static void t1_root_range(void) {
    ts_handle_t vmar = TS_HANDLE_INVALID;
    ts_handle_t process = make_process(guest_self.job, &vmar);
    ts_handle_t vmo = make_vmo(TS_PAGE_SIZE);
    uint64_t address = 0;
    CHECK_OK(ts_vmar_map(vmar, TS_VMAR_READ | TS_VMAR_WRITE, 0, vmo, 0, TS_PAGE_SIZE, &address));
    CHECK(address != 0 && address % TS_PAGE_SIZE == 0);
    CHECK_OK(ts_task_kill(process));
    CHECK_STATUS(TS_ERR_BAD_STATE,
                 ts_vmar_map(vmar, TS_VMAR_READ, 0, vmo, 0, TS_PAGE_SIZE, &address));
    close_handle(vmo);
    close_handle(vmar);
    close_handle(process);
}

static void t1_started_once(void) {
    struct guest_child child;
    if (start_waiter(&child, guest_self.job)) {
        ts_handle_t second = make_thread(child.process);
        ts_handle_t event = make_event();
        CHECK_STATUS(TS_ERR_BAD_STATE, start(child.process, child.thread, 0));
        CHECK_STATUS(TS_ERR_BAD_STATE, start(child.process, second, event));
        CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_close(event));
        CHECK(!is_terminated(child.process));
        CHECK_OK(ts_task_kill(child.process));
        (void)guest_child_end(&child);
        close_handle(second);
    }
}

static void t1_own_thread(void) {
    ts_handle_t vmar[2];
    ts_handle_t process[2] = {make_process(guest_self.job, &vmar[0]),
                              make_process(guest_self.job, &vmar[1])};
    ts_handle_t thread = make_thread(process[1]);
    ts_handle_t event = make_event();
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, start(process[0], thread, event));
    CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_close(event));
    CHECK_STATUS(TS_ERR_ACCESS_DENIED, start(process[0], resource("thread"), 0));
    CHECK_OK(start(process[1], thread, 0));
    wait_terminated(process[1]);
    CHECK(!is_terminated(process[0]));
    close_handle(thread);
    CHECK_OK(ts_handle_close_many(vmar, 2));
    CHECK_OK(ts_handle_close_many(process, 2));
}

static void use_extra(uint64_t koid) {
    CHECK_EQUAL(koid, koid_of(guest_self.extra));
}

/* child.c passes its bootstrap handle as argument1, and gets everything else through it. */
static void t1_argument_moves(void) {
    ts_handle_t event = make_event();
    struct guest_child child;
    if (guest_child_start(&child, guest_self.job, use_extra, koid_of(event), event)) {
        CHECK_EQUAL(0, guest_child_end(&child));
        CHECK_STATUS(TS_ERR_BAD_HANDLE, ts_handle_close(event));
    }
}

/* The program has no code, and needs no handle to fault. */
static void t1_argument_may_be_0(void) {
    ts_handle_t vmar = TS_HANDLE_INVALID;
    ts_handle_t process = make_process(guest_self.job, &vmar);
    ts_handle_t thread = make_thread(process);
    CHECK_OK(start(process, thread, TS_HANDLE_INVALID));
    wait_terminated(process);
    close_handle(thread);
    close_handle(vmar);
    close_handle(process);
}

/* --- T2 --- */

static void set_word(void *argument) {
    shared_add((unsigned)(uint64_t)argument, 1);
}

static ts_status_t start_here(ts_handle_t thread, uint64_t word) {
    return ts_thread_start(thread, guest_thread_entry(), guest_stack_top(), (uint64_t)set_word,
                           word);
}

static void t2_starts_once(void) {
    ts_handle_t thread = make_thread(guest_self.process);
    CHECK_OK(start_here(thread, 0));
    CHECK_STATUS(TS_ERR_BAD_STATE, start_here(thread, 0));
    wait_terminated(thread);
    CHECK_STATUS(TS_ERR_BAD_STATE, start_here(thread, 0));
    CHECK_EQUAL(1, shared_get(0));
    close_handle(thread);
}

struct starter {
    ts_handle_t thread;
    unsigned index;
};

static void start_when_told(void *argument) {
    const struct starter *starter = argument;
    shared_add(COUNTER, 1);
    while (shared_get(STOP) == 0) {
        /* all at the same time */
    }
    ts_status_t status = ts_thread_start(starter->thread, guest_thread_entry(),
                                         shared_get(8 + starter->index), (uint64_t)set_word, 0);
    CHECK(status == TS_OK || status == TS_ERR_BAD_STATE);
    shared_add(1, status == TS_OK ? 1 : 0);
}

/* Of several who start one thread exactly one succeeds. */
static void t2_one_of_many_starts_it(void) {
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct starter starters[3];
        ts_handle_t helpers[3];
        guest_threads_reset();
        shared_set(COUNTER, 0);
        shared_set(STOP, 0);
        ts_handle_t thread = make_thread(guest_self.process);
        for (unsigned i = 0; i < 3; i++) {
            starters[i] = (struct starter){thread, i};
            shared_set(8 + i, guest_stack_top());
            helpers[i] = guest_thread(start_when_told, &starters[i]);
        }
        wait_for_word(COUNTER, 3);
        shared_set(STOP, 1);
        for (unsigned i = 0; i < 3; i++) {
            guest_join(helpers[i]);
        }
        guest_join(thread);
        CHECK_EQUAL(round + 1, shared_get(0));
        CHECK_EQUAL(round + 1, shared_get(1));
    }
}

/* --- T3 --- */

static void leave_thread_behind(uint64_t unused) {
    (void)unused;
    (void)guest_thread(set_word, (void *)0);
    ts_thread_exit();
}

static void t3_ends_with_last_thread(void) {
    CHECK_EQUAL(0, guest_child_run(leave_thread_behind, 0));
    CHECK_EQUAL(1, shared_get(0));
}

static void sleep_in_thread(void *argument) {
    (void)argument;
    wait_for_ever(0);
}

static void exit_over_threads(uint64_t threads) {
    for (uint64_t i = 0; i < threads; i++) {
        (void)guest_thread(sleep_in_thread, NULL);
    }
    wait_for_word(COUNTER, threads);
    ts_process_exit(9);
}

static void t3_exit_ends_all_threads(void) {
    CHECK_EQUAL(9, guest_child_run(exit_over_threads, 8));
}

static void spin(void *argument) {
    (void)argument;
    shared_add(COUNTER, 1);
    for (;;) {
        shared_add(0, 1);
    }
}

static void many_kinds_of_threads(uint64_t unused) {
    (void)unused;
    for (unsigned i = 0; i < 3; i++) {
        (void)guest_thread(spin, NULL);
        (void)guest_thread(sleep_in_thread, NULL);
    }
    spin(NULL);
}

/* TERMINATED comes when no thread is left: what they count stands still then. */
static void t3_terminated_after_all_threads(void) {
    struct guest_child child;
    if (guest_child_start(&child, guest_self.job, many_kinds_of_threads, 0, TS_HANDLE_INVALID)) {
        wait_for_word(COUNTER, 7);
        CHECK(!is_terminated(child.process));
        CHECK_OK(ts_task_kill(child.process));
        wait_terminated(child.process);
        uint64_t count = shared_get(0);
        CHECK_EQUAL(TS_EXIT_KILLED, guest_child_end(&child));
        CHECK_OK(ts_thread_sleep(soon()));
        CHECK_EQUAL(count, shared_get(0));
    }
}

static void kill_oneself(uint64_t unused) {
    (void)unused;
    (void)!ts_task_kill(guest_self.process);
    CHECK(!"who killed itself goes on");
}

static void kill_own_job(uint64_t unused) {
    (void)unused;
    (void)!ts_task_kill(guest_self.job);
    CHECK(!"who killed its job goes on");
}

static void t3_first_end_counts(void) {
    struct guest_child child;
    if (start_waiter(&child, guest_self.job)) {
        CHECK_OK(ts_task_kill(child.process));
        wait_terminated(child.process);
        CHECK_OK(ts_task_kill(child.process));
        CHECK_EQUAL(TS_EXIT_KILLED, guest_child_end(&child));
    }
}

/* --- T4 --- */

static void signal_extra(uint64_t unused) {
    (void)unused;
    wait_for_word(0, 1);
    CHECK_OK(ts_object_signal(guest_self.extra, 0, TS_SIGNAL_SIGNALED));
}

static void t4_closed_process_lives(void) {
    struct guest_child child;
    ts_signals_t observed = 0;
    ts_handle_t event = make_event();
    if (guest_child_start(&child, guest_self.job, signal_extra, 0,
                          duplicate_with(event, TS_RIGHT_SAME_RIGHTS))) {
        close_handle(child.thread);
        close_handle(child.vmar);
        close_handle(child.process);
        CHECK_STATUS(TS_ERR_TIMED_OUT,
                     ts_object_wait_one(event, TS_SIGNAL_SIGNALED, soon(), &observed));
        shared_set(0, 1);
        CHECK_OK(ts_object_wait_one(event, TS_SIGNAL_SIGNALED, ts_time_after(GUEST_PATIENCE),
                                    &observed));
    }
    close_handle(event);
}

static void wait_for_go(void *argument) {
    (void)argument;
    wait_for_word(0, 1);
    shared_set(1, 1);
}

static void t4_closed_thread_lives(void) {
    ts_handle_t thread = guest_thread(wait_for_go, NULL);
    close_handle(thread);
    shared_set(0, 1);
    wait_for_word(1, 1);
}

/* --- T5 --- */

static void t5_reaches_everything_below(void) {
    struct guest_child children[3];
    ts_handle_t jobs[3] = {make_job(), TS_HANDLE_INVALID, TS_HANDLE_INVALID};
    ts_handle_t vmar = TS_HANDLE_INVALID;
    CHECK_OK(ts_job_create(jobs[0], 0, &jobs[1]));
    CHECK_OK(ts_job_create(jobs[1], 0, &jobs[2]));
    ts_handle_t unborn = make_process(jobs[2], &vmar);
    for (unsigned i = 0; i < 3; i++) {
        CHECK(start_waiter(&children[i], jobs[i]));
    }
    CHECK_OK(ts_task_kill(jobs[0]));
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQUAL(TS_EXIT_KILLED, guest_child_end(&children[i]));
        wait_terminated(jobs[i]);
    }
    CHECK(is_terminated(unborn));
    CHECK_EQUAL(TS_EXIT_KILLED, exit_code_of(unborn));
    close_handle(unborn);
    close_handle(vmar);
    CHECK_OK(ts_handle_close_many(jobs, 3));
}

static void t5_neighbours_live(void) {
    struct guest_child inside;
    struct guest_child outside;
    ts_handle_t job = make_job();
    ts_handle_t other = make_job();
    if (start_waiter(&inside, job) && start_waiter(&outside, other)) {
        CHECK_OK(ts_task_kill(job));
        CHECK_EQUAL(TS_EXIT_KILLED, guest_child_end(&inside));
        CHECK(!is_terminated(outside.process) && !is_terminated(other));
        CHECK_OK(ts_task_kill(outside.process));
        (void)guest_child_end(&outside);
    }
    close_handle(job);
    close_handle(other);
}

static void t5_killed_job_refuses(void) {
    ts_handle_t job = make_job();
    ts_handle_t child = TS_HANDLE_INVALID;
    ts_handle_t none = 1;
    ts_handle_t vmar = 1;
    CHECK_OK(ts_job_create(job, 0, &child));
    CHECK_OK(ts_task_kill(job));
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_process_create(job, "p", 1, 0, &none, &vmar));
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_process_create(child, "p", 1, 0, &none, &vmar));
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_job_create(job, 0, &none));
    CHECK_STATUS(TS_ERR_BAD_STATE, ts_job_create(child, 0, &none));
    close_handle(child);
    close_handle(job);
}

static void t5_needs_destroy(void) {
    struct guest_child child;
    if (start_waiter(&child, guest_self.job)) {
        ts_handle_t weak = duplicate_without(child.process, TS_RIGHT_DESTROY);
        ts_handle_t strong = duplicate_with(child.process, TS_RIGHT_DESTROY);
        CHECK_STATUS(TS_ERR_ACCESS_DENIED, ts_task_kill(weak));
        CHECK(!is_terminated(child.process));
        CHECK_OK(ts_task_kill(strong));
        (void)guest_child_end(&child);
        close_handle(weak);
        close_handle(strong);
    }
}

static void t5_not_for_threads(void) {
    CHECK_STATUS(TS_ERR_WRONG_TYPE, ts_task_kill(resource("thread")));
}

static void t5_kill_of_oneself(void) {
    CHECK_EQUAL(TS_EXIT_KILLED, guest_child_run(kill_oneself, 0));
    CHECK_EQUAL(TS_EXIT_KILLED, run_in_job(kill_own_job, 0));
}

/* --- T6 --- */

static void t6_killed_and_empty(void) {
    struct guest_child child;
    ts_handle_t job = make_job();
    CHECK(!is_terminated(job));
    if (start_waiter(&child, job)) {
        CHECK_OK(ts_task_kill(child.process));
        (void)guest_child_end(&child);
    }
    CHECK(!is_terminated(job));
    CHECK_OK(ts_task_kill(job));
    wait_terminated(job);
    close_handle(job);
}

/* The parent's end waits for that of a process two levels below. */
static void t6_parent_ends_last(void) {
    struct guest_child child;
    ts_handle_t top = make_job();
    ts_handle_t middle = TS_HANDLE_INVALID;
    CHECK_OK(ts_job_create(top, 0, &middle));
    if (guest_child_start(&child, middle, many_kinds_of_threads, 0, TS_HANDLE_INVALID)) {
        wait_for_word(COUNTER, 7);
        CHECK_OK(ts_task_kill(top));
        wait_terminated(top);
        CHECK(is_terminated(child.process));
        CHECK(is_terminated(middle));
        (void)guest_child_end(&child);
    }
    close_handle(middle);
    close_handle(top);
}

static bool has_child(ts_handle_t job, ts_koid_t koid) {
    static ts_koid_t children[64];
    size_t actual = 0;
    size_t available = 0;
    CHECK_OK(ts_object_get_info(job, TS_INFO_JOB_CHILDREN, children, sizeof(children), &actual,
                                &available));
    for (size_t i = 0; i < actual; i++) {
        if (children[i] == koid) {
            return true;
        }
    }
    return false;
}

static void wait_for_child_to_go(ts_handle_t job, ts_koid_t koid) {
    ts_time_t end = ts_time_after(GUEST_PATIENCE);
    while (has_child(job, koid) && ts_time_now() < end) {
        (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND));
    }
    CHECK(!has_child(job, koid));
}

static void t6_forgotten_job_disappears(void) {
    ts_handle_t job = make_job();
    ts_koid_t koid = koid_of(job);
    CHECK(has_child(guest_self.job, koid));
    close_handle(job);
    wait_for_child_to_go(guest_self.job, koid);
}

static void t6_job_stays_for_its_process(void) {
    struct guest_child child;
    ts_handle_t job = make_job();
    ts_koid_t koid = koid_of(job);
    if (start_waiter(&child, job)) {
        close_handle(job);
        CHECK_OK(ts_thread_sleep(soon()));
        CHECK(has_child(guest_self.job, koid));
        CHECK_OK(ts_task_kill(child.process));
        (void)guest_child_end(&child);
        wait_for_child_to_go(guest_self.job, koid);
    }
}

/* --- T10, T11 --- */

static void t10_depth(void) {
    ts_handle_t jobs[DEPTH_MAX + 1];
    ts_handle_t job = guest_self.job;
    ts_status_t status = TS_OK;
    unsigned depth = 0;
    while (depth < DEPTH_MAX) {
        status = ts_job_create(job, 0, &jobs[depth]);
        if (status != TS_OK) {
            break;
        }
        job = jobs[depth++];
    }
    CHECK_STATUS(TS_ERR_OUT_OF_RANGE, status);
    CHECK(depth >= DEPTH_MAX - 4); /* we are a few levels below the root */
    ts_handle_t vmar = TS_HANDLE_INVALID;
    ts_handle_t process = make_process(job, &vmar);
    close_handle(process);
    close_handle(vmar);
    CHECK_OK(ts_task_kill(jobs[0]));
    wait_terminated(job);
    CHECK_OK(ts_handle_close_many(jobs, depth));
}

static void fault_in_thread(void *argument) {
    (void)argument;
    cpu_illegal_instruction();
}

static void fault_beside_others(uint64_t unused) {
    (void)unused;
    (void)guest_thread(sleep_in_thread, NULL);
    (void)guest_thread(spin, NULL);
    wait_for_word(COUNTER, 2);
    (void)guest_thread(fault_in_thread, NULL);
    wait_for_ever(0);
}

static void fault_at_once(uint64_t unused) {
    (void)unused;
    cpu_illegal_instruction();
}

static void t11_fault_ends_process(void) {
    CHECK_EQUAL(TS_EXIT_EXCEPTION, guest_child_run(fault_at_once, 0));
}

static void t11_fault_ends_all_threads(void) {
    CHECK_EQUAL(TS_EXIT_EXCEPTION, guest_child_run(fault_beside_others, 0));
}

/* --- several at once --- */

static void start_for_ever(uint64_t unused) {
    (void)unused;
    for (;;) {
        guest_threads_reset();
        ts_handle_t thread = TS_HANDLE_INVALID;
        if (ts_thread_create(guest_self.process, "t", 1, 0, &thread) == TS_OK) {
            (void)!ts_thread_start(thread, guest_thread_entry(), guest_stack_top(),
                                   (uint64_t)set_word, 1);
        }
        (void)!ts_handle_close(thread);
        shared_add(COUNTER, 1);
    }
}

/* Threads that are being made, started, run and exit when the process is killed. They share a
 * stack, which nobody minds who is killed; a thread may fault on it before. */
static void killed_while_starting(void) {
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct guest_child child;
        uint64_t count = shared_get(COUNTER);
        if (guest_child_start(&child, guest_self.job, start_for_ever, 0, TS_HANDLE_INVALID)) {
            wait_for_word(COUNTER, count + 1);
            pause_a_little(round);
            CHECK_OK(ts_task_kill(child.process));
            int64_t code = guest_child_end(&child);
            CHECK(code == TS_EXIT_KILLED || code == TS_EXIT_EXCEPTION);
        }
    }
}

struct race {
    ts_handle_t process;
    ts_handle_t thread;
    unsigned round;
    bool first;
};

static void race_start(void *argument) {
    const struct race *race = argument;
    shared_add(COUNTER, 1);
    while (shared_get(STOP) == 0) {
        /* until both are ready */
    }
    ts_status_t status = race->first ? start(race->process, race->thread, 0)
                                     : ts_thread_start(race->thread, TS_PAGE_SIZE, 0, 0, 0);
    CHECK(status == TS_OK || status == TS_ERR_BAD_STATE);
}

static void race_kill(void *argument) {
    const struct race *race = argument;
    shared_add(COUNTER, 1);
    while (shared_get(STOP) == 0) {
        /* until both are ready */
    }
    pause_a_little(race->round % 8);
    CHECK_OK(ts_task_kill(race->process));
}

static void run_race(struct race *race) {
    shared_set(COUNTER, 0);
    shared_set(STOP, 0);
    guest_threads_reset();
    ts_handle_t starter = guest_thread(race_start, race);
    ts_handle_t killer = guest_thread(race_kill, race);
    wait_for_word(COUNTER, 2);
    shared_set(STOP, 1);
    guest_join(starter);
    guest_join(killer);
    wait_terminated(race->process);
}

static void process_start_races_kill(void) {
    for (unsigned round = 0; round < 2 * ROUNDS; round++) {
        ts_handle_t vmar = TS_HANDLE_INVALID;
        struct race race = {.round = round, .first = true};
        race.process = make_process(guest_self.job, &vmar);
        race.thread = make_thread(race.process);
        run_race(&race);
        int64_t code = exit_code_of(race.process);
        CHECK(code == TS_EXIT_KILLED || code == TS_EXIT_EXCEPTION);
        close_handle(race.thread);
        close_handle(vmar);
        close_handle(race.process);
    }
}

static void thread_start_races_kill(void) {
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct guest_child child;
        if (start_waiter(&child, guest_self.job)) {
            struct race race = {child.process, make_thread(child.process), round, false};
            run_race(&race);
            close_handle(race.thread);
            (void)guest_child_end(&child);
        }
    }
}

static void make_processes(void *argument) {
    ts_handle_t job = (ts_handle_t)argument;
    ts_status_t status = TS_OK;
    while (status == TS_OK) {
        ts_handle_t process = TS_HANDLE_INVALID;
        ts_handle_t vmar = TS_HANDLE_INVALID;
        ts_handle_t child = TS_HANDLE_INVALID;
        status = ts_process_create(job, "p", 1, 0, &process, &vmar);
        if (status == TS_OK) {
            status = ts_job_create(job, 0, &child);
        }
        (void)!ts_handle_close(child);
        (void)!ts_handle_close(vmar);
        (void)!ts_handle_close(process);
        shared_add(COUNTER, 1);
    }
    CHECK_STATUS(TS_ERR_BAD_STATE, status);
}

static void job_killed_while_filled(void) {
    for (unsigned round = 0; round < ROUNDS; round++) {
        ts_handle_t job = make_job();
        ts_handle_t makers[2];
        guest_threads_reset();
        shared_set(COUNTER, 0);
        for (unsigned i = 0; i < 2; i++) {
            makers[i] = guest_thread(make_processes, (void *)job);
        }
        wait_for_word(COUNTER, 2);
        pause_a_little(round);
        CHECK_OK(ts_task_kill(job));
        guest_join(makers[0]);
        guest_join(makers[1]);
        wait_terminated(job);
        close_handle(job);
    }
}

static void exit_when_told(uint64_t round) {
    shared_add(COUNTER, 1);
    while (shared_get(STOP) <= round) {
        /* until the parent is ready; it does not wait for us to see it */
    }
}

/* Nothing may be left of a process whose last handle goes while it ends; the audit sees it. */
static void last_close_races_exit(void) {
    shared_set(STOP, 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct guest_child child;
        shared_set(COUNTER, 0);
        if (guest_child_start(&child, guest_self.job, exit_when_told, round, TS_HANDLE_INVALID)) {
            close_handle(child.vmar);
            close_handle(child.thread);
            wait_for_word(COUNTER, 1);
            shared_set(STOP, round + 1);
            pause_a_little(round);
            close_handle(child.process);
        }
    }
}

static void kill_when_told(void *argument) {
    shared_add(COUNTER, 1);
    while (shared_get(STOP) == 0) {
        /* all at the same time */
    }
    CHECK_OK(ts_task_kill((ts_handle_t)argument));
}

static void several_kill_one(void) {
    for (unsigned round = 0; round < ROUNDS / 2; round++) {
        struct guest_child child;
        ts_handle_t job = make_job();
        ts_handle_t killers[3];
        if (guest_child_start(&child, job, many_kinds_of_threads, 0, TS_HANDLE_INVALID)) {
            shared_set(COUNTER, 0);
            shared_set(STOP, 0);
            guest_threads_reset();
            for (unsigned i = 0; i < 3; i++) {
                killers[i] = guest_thread(kill_when_told, (void *)(i == 0 ? job : child.process));
            }
            wait_for_word(COUNTER, 3);
            shared_set(STOP, 1);
            for (unsigned i = 0; i < 3; i++) {
                guest_join(killers[i]);
            }
            CHECK_EQUAL(TS_EXIT_KILLED, guest_child_end(&child));
            wait_terminated(job);
        }
        close_handle(job);
    }
}

static const struct guest_test tests[] = {
    {"T1 a process comes with its root range", t1_root_range},
    {"T1 a process is started once", t1_started_once},
    {"T1 a process is started by a thread of its own", t1_own_thread},
    {"T1 the handle moves into the process", t1_argument_moves},
    {"T1 the handle may be 0", t1_argument_may_be_0},
    {"T2 a thread starts once, and not when it is dead", t2_starts_once},
    {"T2 of several who start a thread one succeeds", t2_one_of_many_starts_it},
    {"T3 a process ends with its last thread", t3_ends_with_last_thread},
    {"T3 exit ends all threads, with the code", t3_exit_ends_all_threads},
    {"T3 TERMINATED comes after all threads are gone", t3_terminated_after_all_threads},
    {"T3 the first end gives the code", t3_first_end_counts},
    {"T4 a process lives without handles", t4_closed_process_lives},
    {"T4 a thread lives without handles", t4_closed_thread_lives},
    {"T5 killing a job reaches everything below", t5_reaches_everything_below},
    {"T5 killing a job leaves its neighbours", t5_neighbours_live},
    {"T5 a killed job refuses new processes and jobs", t5_killed_job_refuses},
    {"T5 kill needs DESTROY", t5_needs_destroy},
    {"T5 threads cannot be killed", t5_not_for_threads},
    {"T5 who kills itself does not go on", t5_kill_of_oneself},
    {"T6 a job is TERMINATED when it was killed and is empty", t6_killed_and_empty},
    {"T6 a job is TERMINATED after what is below it", t6_parent_ends_last},
    {"T6 a job without handles, children and processes disappears",
     t6_forgotten_job_disappears},
    {"T6 a job without handles stays as long as its process", t6_job_stays_for_its_process},
    {"T10 jobs nest to a bounded depth", t10_depth},
    {"T11 a fault ends the process, and its code says so", t11_fault_ends_process},
    {"T11 a fault ends all threads of the process", t11_fault_ends_all_threads},
    {"task_kill: while the process starts threads", killed_while_starting},
    {"task_kill: against process_start", process_start_races_kill},
    {"task_kill: against thread_start", thread_start_races_kill},
    {"task_kill: of a job that others fill", job_killed_while_filled},
    {"task_kill: by several at once", several_kill_one},
    {"handle_close: of the last handle while the process exits", last_close_races_exit},
};

GUEST_GROUP(task_rule_tests, tests);
