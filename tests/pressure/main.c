/* SPDX-License-Identifier: MIT */
/*
 * A neighbour of a hog. It measures its own page faults, first while the hog sleeps in full memory, and then while the
 * hog drives pages out and in, with the swap server killed in the middle: its figures are the same within 5 %, the
 * server comes back, and the hog loses nothing. For a machine with one CPU that counts instructions and whose clock does
 * nothing else (-icount shift=0,sleep=off). Run by tests/qemu/scenarios.py; powers off.
 */
#include "pressure/pressure.h"

#include "abi/options.h"
#include "abi/status.h"
#include "base/format.h"
#include "base/string.h"
#include "bench/cpu.h"
#include "gen/os_calls.h"
#include "os/print.h"
#include "os/programs.h"
#include "os/start.h"
#include "os/time.h"

#define FAULTS  10000u
#define PAGES   500u /* of memory that is made and given back again and again */
#define BATCH   10u  /* faults, and then the others run for a while */
#define PAUSE   (100 * TS_MICROSECOND)
#define FILL    (200 * TS_MILLISECOND) /* the hog has filled its memory by then, */
#define BEGIN   (600 * TS_MILLISECOND) /* begins by then, */
#define END     (1000 * TS_MILLISECOND) /* and goes on until then */
#define PERCENT 5u
#define TESTS   4u /* for each policy */

static const char *const policies[] = {"lru", "arc", "clock"};
#define POLICIES (sizeof(policies) / sizeof(policies[0]))

static uint32_t samples[FAULTS];
static ts_handle_t vmo;
static uint64_t memory;
static unsigned tests_done, tests_failed;

struct figures {
    uint32_t middle, most;
};

static void check(bool good, const char *policy, const char *what) {
    ts_print("%s %u - %s: %s\n", good ? "ok" : "not ok", ++tests_done, policy, what);
    tests_failed += good ? 0 : 1;
}

static _Noreturn void power_off(uint32_t code) {
    (void)!ts_thread_sleep(ts_time_after(TS_SECOND)); /* what was printed is on its way */
    (void)!ts_system_power(ts_startup_handle("power"), TS_POWER_OFF, code);
    ts_exit(1);
}

static void must(ts_status_t status, const char *what) {
    if (status != TS_OK) {
        ts_print("Bail out! pressure: %s: %s\n", what, ts_status_name(status));
        power_off(1);
    }
}

static uint32_t measure_fault(uint64_t address) {
    volatile uint64_t *word = (volatile uint64_t *)address;
    uint64_t start = cpu_cycles();
    *word = 1;
    return (uint32_t)(cpu_cycles() - start);
}

static void sift(uint32_t root, uint32_t count) {
    for (uint32_t child; (child = 2 * root + 1) < count; root = child) {
        child += child + 1 < count && samples[child + 1] > samples[child] ? 1 : 0;
        if (samples[root] >= samples[child]) {
            return;
        }
        uint32_t other = samples[root];
        samples[root] = samples[child];
        samples[child] = other;
    }
}

static void sort_samples(void) {
    for (uint32_t root = FAULTS / 2; root-- > 0;) {
        sift(root, FAULTS);
    }
    for (uint32_t count = FAULTS - 1; count > 0; count--) {
        uint32_t most = samples[0];
        samples[0] = samples[count];
        samples[count] = most;
        sift(0, count);
    }
}

/* 0: nobody is killed. */
static struct figures measure(uint64_t kill) {
    for (uint32_t i = 0; i < FAULTS; i++) {
        uint64_t page = i % PAGES;
        if (page == 0) {
            must(ts_vmo_op_range(vmo, TS_VMO_OP_DECOMMIT, 0, PAGES * TS_PAGE_SIZE), "decommit");
        }
        samples[i] = measure_fault(memory + page * TS_PAGE_SIZE);
        if (i % BATCH == BATCH - 1) {
            (void)!ts_thread_sleep(ts_time_after(PAUSE));
        }
        if (i == FAULTS / 2 && kill != 0) {
            must(ts_program_kill(kill), "kill of the swap server");
        }
    }
    sort_samples();
    return (struct figures){samples[FAULTS / 2], samples[FAULTS - 1]};
}

static bool is_near(uint32_t value, uint32_t base) {
    uint32_t more = value > base ? value - base : base - value;
    return (uint64_t)more * 100 <= (uint64_t)base * PERCENT;
}

static uint64_t start_hog(const char *policy, ts_time_t now) {
    char arguments[96];
    uint64_t id = 0;
    size_t length = format_text(arguments, sizeof(arguments), "hog-%s", policy) + 1;
    length += format_text(arguments + length, sizeof(arguments) - length, "begin=%ld", now + BEGIN) + 1;
    length += format_text(arguments + length, sizeof(arguments) - length, "end=%ld", now + END) + 1;
    must(ts_program_spawn(arguments, length, &id), "start of the hog");
    return id;
}

/* The server is there again, as another process. */
static bool is_back(uint64_t old) {
    uint64_t id = old;
    for (unsigned tries = 0; tries < 100 && (id == old || id == 0); tries++) {
        (void)!ts_thread_sleep(ts_time_after(TS_MILLISECOND));
        if (ts_program_find("swap", &id) != TS_OK) {
            id = 0;
        }
    }
    return id != old && id != 0;
}

static void try_policy(const char *policy) {
    int64_t exit_code = -1;
    uint64_t server = 0;
    must(ts_program_find("swap", &server), "the swap server");
    ts_time_t now = ts_time_now();
    uint64_t hog = start_hog(policy, now);
    (void)!ts_thread_sleep(now + FILL);
    struct figures paused = measure(0);
    bool in_time = ts_time_now() < now + BEGIN;
    (void)!ts_thread_sleep(now + BEGIN);
    struct figures running = measure(server);
    in_time = in_time && ts_time_now() < now + END;
    bool back = is_back(server);
    must(ts_program_wait(hog, &exit_code), "the end of the hog");
    ts_print("# %s: instructions of a page fault: middle %u, most %u beside a hog that sleeps; %u, %u beside one that "
             "runs\n",
             policy, paused.middle, paused.most, running.middle, running.most);
    check(in_time, policy, "the hog slept and ran while it was measured");
    check(is_near(running.middle, paused.middle) && is_near(running.most, paused.most), policy,
          "faults of a more urgent neighbour cost the same within 5 %");
    check(back, policy, "the swap server comes back");
    check(exit_code == 0, policy, "the hog's memory is what it wrote");
}

static _Noreturn void pressure(void) {
    uint64_t value = 0;
    must(ts_system_debug(ts_startup_handle("debug"), TS_DEBUG_USER_COUNTERS, 1, &value), "counters");
    must(ts_vmo_create(PAGES * TS_PAGE_SIZE, 0, &vmo), "memory");
    must(ts_vmar_map(ts_startup_handle("vmar"), TS_VMAR_READ | TS_VMAR_WRITE, 0, vmo, 0, PAGES * TS_PAGE_SIZE, &memory),
         "mapping");
    ts_print("KTAP version 1\n1..%u\n", (unsigned)(POLICIES * TESTS + 1));
    for (unsigned i = 0; i < POLICIES; i++) {
        try_policy(policies[i]);
    }
    must(ts_system_debug(ts_startup_handle("debug"), TS_DEBUG_AUDIT, 0, &value), "audit");
    check(value == 0, "all", "the audit finds nothing lost");
    power_off(tests_failed != 0);
}

int main(int argc, char **argv) {
    if (argc > 0 && strncmp(argv[0], "hog-", 4) == 0) {
        return hog_run((ts_time_t)ts_argument_number("begin", 0), (ts_time_t)ts_argument_number("end", 0));
    }
    pressure();
}
