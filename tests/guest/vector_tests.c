/* SPDX-License-Identifier: MIT */
/*
 * Floating-point and vector registers belong to a thread: they are kept over calls, preemption and
 * migration, and nobody sees another's. The program itself is built without them, so that what is
 * in the registers is what the functions of cpu.c put there.
 */
#include "guest/cpu.h"
#include "guest/groups.h"
#include "guest/support.h"
#include "os/start.h"

#define HOLDERS 4u
#define STOP    101u

static bool vectors_equal(const struct cpu_vectors *expected) {
    struct cpu_vectors now;
    cpu_vectors_store(&now);
    for (unsigned i = 0; i < CPU_VECTOR_WORDS; i++) {
        if (!CHECK_EQUAL(expected->word[i], now.word[i])) {
            return false;
        }
    }
    return true;
}

/* What load and store do without anything between them, for every seed that a test uses. */
static void load_and_store(void) {
    for (uint64_t seed = 0; seed < 64; seed++) {
        struct cpu_vectors pattern;
        cpu_vectors_pattern(&pattern, seed);
        cpu_vectors_load(&pattern);
        if (!vectors_equal(&pattern)) {
            return;
        }
    }
}

/* --- calls --- */

static void disturb(void *argument) {
    struct cpu_vectors other;
    (void)argument;
    cpu_vectors_pattern(&other, 63);
    cpu_vectors_load(&other);
    shared_add(0, 1);
}

static void serve_disturbing(void *argument) {
    struct ts_message message;
    ts_message_begin(&message, 0);
    if (CHECK_OK(ts_reply_wait((ts_handle_t)argument, &message, ts_time_after(GUEST_PATIENCE),
                               TS_REPLY_NONE))) {
        disturb(NULL);
        ts_message_begin(&message, 0);
        CHECK_STATUS(TS_ERR_TIMED_OUT, ts_reply_wait((ts_handle_t)argument, &message, 0, 0));
    }
}

static void call_server(const struct cpu_vectors *pattern) {
    struct ts_message message;
    ts_handle_t endpoint = make_endpoint();
    ts_handle_t client = TS_HANDLE_INVALID;
    ts_handle_t server = guest_thread(serve_disturbing, (void *)endpoint);
    CHECK_OK(ts_endpoint_mint(endpoint, 1, TS_RIGHT_SAME_RIGHTS, &client));
    cpu_vectors_load(pattern);
    ts_message_begin(&message, 0);
    CHECK_OK(ts_call(client, &message, ts_time_after(GUEST_PATIENCE)));
    (void)vectors_equal(pattern);
    guest_join(server);
    close_handle(client);
    close_handle(endpoint);
}

static void kept_over_calls(void) {
    struct cpu_vectors pattern;
    struct ts_packet packet = {0};
    ts_signals_t observed;
    ts_handle_t port = make_port();
    ts_handle_t event = make_event();
    cpu_vectors_pattern(&pattern, 5);
    for (unsigned round = 0; round < 8; round++) {
        guest_threads_reset();
        ts_handle_t other = guest_thread(disturb, NULL);
        cpu_vectors_load(&pattern);
        CHECK_OK(ts_thread_sleep(soon()));
        CHECK_OK(ts_thread_yield());
        CHECK_STATUS(TS_ERR_TIMED_OUT, ts_port_wait(port, &packet, soon()));
        CHECK_STATUS(TS_ERR_TIMED_OUT,
                     ts_object_wait_one(event, TS_SIGNAL_SIGNALED, soon(), &observed));
        (void)vectors_equal(&pattern);
        guest_join(other);
        call_server(&pattern);
    }
    CHECK_EQUAL(16, shared_get(0));
    close_handle(event);
    close_handle(port);
}

/* --- preemption and migration --- */

/* Holds its own pattern without entering the kernel, and looks at it again and again. */
static void hold(void *argument) {
    const uint64_t seed = (uint64_t)argument;
    struct cpu_vectors pattern;
    uint64_t rounds = 0;
    cpu_vectors_pattern(&pattern, seed);
    cpu_vectors_load(&pattern);
    while (shared_get(STOP) == 0 && vectors_equal(&pattern)) {
        shared_set((unsigned)seed, ++rounds);
    }
}

static void start_holders(ts_handle_t holders[HOLDERS], uint64_t cpus) {
    for (unsigned i = 0; i < HOLDERS; i++) {
        holders[i] = make_thread(guest_self.process);
        CHECK_OK(ts_thread_set_affinity(holders[i], cpus));
        CHECK_OK(ts_thread_start(holders[i], guest_thread_entry(), guest_stack_top(),
                                 (uint64_t)hold, 10 + i));
    }
}

static void stop_holders(ts_handle_t holders[HOLDERS]) {
    shared_set(STOP, 1);
    for (unsigned i = 0; i < HOLDERS; i++) {
        guest_join(holders[i]);
    }
}

/* Until all have run `turns` times after another had run. */
static void wait_for_turns(unsigned turns) {
    uint64_t seen[HOLDERS] = {0};
    ts_time_t end = ts_time_after(GUEST_PATIENCE);
    for (unsigned turn = 0; turn < turns; turn++) {
        for (unsigned i = 0; i < HOLDERS; i++) {
            while (shared_get(10 + i) == seen[i] && ts_time_now() < end) {
                (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND));
            }
            CHECK(shared_get(10 + i) != seen[i]);
            seen[i] = shared_get(10 + i);
        }
    }
}

static void kept_over_preemption(void) {
    ts_handle_t holders[HOLDERS];
    start_holders(holders, 1);
    wait_for_turns(6);
    stop_holders(holders);
}

/* Each holder is sent around, so that its registers leave one CPU and come to another. */
static void kept_over_migration(void) {
    ts_handle_t holders[HOLDERS];
    uint64_t cpus = all_cpus();
    unsigned count = (unsigned)__builtin_popcountl(cpus);
    start_holders(holders, UINT64_MAX);
    for (unsigned step = 0; step < 32; step++) {
        for (unsigned i = 0; i < HOLDERS; i++) {
            CHECK_OK(ts_thread_set_affinity(holders[i], 1ul << (step + i * (step % 3)) % count));
        }
        (void)!ts_thread_sleep(ts_time_after(3 * TS_MILLISECOND));
    }
    for (unsigned i = 0; i < HOLDERS; i++) {
        CHECK_OK(ts_thread_set_affinity(holders[i], UINT64_MAX));
    }
    wait_for_turns(2);
    stop_holders(holders);
}

/* --- nothing of others --- */

static void check_initial(void *argument) {
    struct cpu_vectors initial;
    (void)argument;
    cpu_vectors_initial(&initial);
    (void)vectors_equal(&initial);
    shared_add(1, 1);
}

static void new_thread_is_initial(void) {
    struct cpu_vectors pattern;
    cpu_vectors_pattern(&pattern, 7);
    for (unsigned round = 0; round < 16; round++) {
        guest_threads_reset();
        guest_join(guest_thread(disturb, NULL)); /* may leave its kernel memory to the next */
        cpu_vectors_load(&pattern);
        guest_join(guest_thread(check_initial, NULL));
        (void)vectors_equal(&pattern);
    }
    CHECK_EQUAL(16, shared_get(1));
}

static void child_checks_initial(uint64_t unused) {
    (void)unused;
    check_initial(NULL);
}

static void new_process_is_initial(void) {
    struct cpu_vectors pattern;
    for (unsigned round = 0; round < 8; round++) {
        cpu_vectors_pattern(&pattern, round);
        cpu_vectors_load(&pattern);
        CHECK_EQUAL(0, guest_child_run(child_checks_initial, 0));
        (void)vectors_equal(&pattern);
    }
    CHECK_EQUAL(8, shared_get(1));
}

/* Two processes with patterns, on one CPU as far as the machine has only one. */
static void hold_in_child(uint64_t seed) {
    hold((void *)seed);
}

static void kept_between_processes(void) {
    struct guest_child children[HOLDERS];
    for (unsigned i = 0; i < HOLDERS; i++) {
        CHECK(guest_child_start(&children[i], guest_self.job, hold_in_child, 10 + i,
                                TS_HANDLE_INVALID));
        CHECK_OK(ts_thread_set_affinity(children[i].thread, 1));
    }
    wait_for_turns(4);
    shared_set(STOP, 1);
    for (unsigned i = 0; i < HOLDERS; i++) {
        CHECK_EQUAL(0, guest_child_end(&children[i]));
    }
}

static const struct guest_test tests[] = {
    {"vector registers: what is loaded is stored", load_and_store},
    {"vector registers are kept over calls that wait", kept_over_calls},
    {"vector registers are kept while threads of one CPU take turns", kept_over_preemption},
    {"vector registers are kept while processes of one CPU take turns", kept_between_processes},
    {"vector registers follow a thread to other CPUs", kept_over_migration},
    {"vector registers of a new thread are the initial ones", new_thread_is_initial},
    {"vector registers of a new process are the initial ones", new_process_is_initial},
};

GUEST_GROUP(vector_tests, tests);
