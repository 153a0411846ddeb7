/* SPDX-License-Identifier: MIT */
/*
 * The guest tests: `run tests` in the shell, or `run tests only=CALL` for the tests of one system
 * call (with kind=normal or kind=hostile: such tests of it), `run tests match=TEXT` for those whose
 * name has the text. KTAP on the console. After every
 * test the kernel's audit runs, and everything that the test made must be gone: objects, handles,
 * nodes of the derivation tree, memory of programs, and what the job is charged.
 */
#include "abi/info.h"
#include "guest/child.h"
#include "guest/groups.h"
#include "guest/support.h"
#include "os/print.h"
#include "os/start.h"

#define SETTLE_ROUNDS  4000u
#define SETTLE_TIME    (100 * TS_MILLISECOND) /* servers finish what our start made them do */
#define STATUSES       128u  /* more than -status of every code */
#define HANDLES_BEFORE 1024u /* room in the handle table, so that it does not grow in a test */

/* What must be the same before and after. */
struct usage {
    uint64_t objects;
    uint64_t capabilities;
    uint64_t handles;
    uint64_t threads;
    uint64_t job_memory;
    uint64_t program_memory;
};

static uint64_t debug_counter(uint64_t counter) {
    uint64_t value = 0;
    CHECK_OK(ts_system_debug(resource("debug"), TS_DEBUG_COUNTER, counter, &value));
    return value;
}

static struct usage measure(void) {
    struct ts_info_task_stats stats = {0};
    struct ts_info_system_memory memory = {0};
    size_t actual;
    size_t available;
    CHECK_OK(ts_object_get_info(guest_self.process, TS_INFO_TASK_STATS, &stats, sizeof(stats),
                                &actual, &available));
    CHECK_OK(ts_object_get_info(resource("debug"), TS_INFO_SYSTEM_MEMORY, &memory, sizeof(memory),
                                &actual, &available));
    return (struct usage){debug_counter(TS_COUNTER_OBJECTS),
                          debug_counter(TS_COUNTER_CAPABILITIES),
                          stats.handles,
                          stats.threads,
                          job_use(guest_self.job, TS_CEILING_MEMORY),
                          memory.vmo};
}

/* What has ended is freed a grace period later: waits for that, up to a limit. */
static void check_usage(const struct usage *before) {
    struct usage now = measure();
    for (unsigned i = 0; i < SETTLE_ROUNDS && memcmp(&now, before, sizeof(now)) != 0; i++) {
        (void)!ts_thread_sleep(ts_time_after(i < 8 ? 0 : TS_MILLISECOND));
        now = measure();
    }
    CHECK_EQUAL(before->objects, now.objects);
    CHECK_EQUAL(before->capabilities, now.capabilities);
    CHECK_EQUAL(before->handles, now.handles);
    CHECK_EQUAL(before->threads, now.threads);
    CHECK_EQUAL(before->job_memory, now.job_memory);
    CHECK_EQUAL(before->program_memory, now.program_memory);
}

static void check_audit(void) {
    uint64_t problems = 1;
    CHECK_OK(ts_system_debug(resource("debug"), TS_DEBUG_AUDIT, 0, &problems));
    CHECK_EQUAL(0, problems);
}

/* Mutations (see scripts/mutate.py) are in force only while the test itself runs. */
static void arm_mutation(bool armed) {
    uint64_t value;
    (void)!ts_system_debug(resource("debug"), TS_DEBUG_MUTATION, armed, &value);
}

static bool run_test(const struct guest_test *test, unsigned number) {
    struct guest_shared *shared = guest_shared();
    guest_begin();
    guest_threads_reset();
    struct usage before = measure();
    arm_mutation(true);
    test->function();
    arm_mutation(false);
    check_usage(&before);
    check_audit();
    if (shared->skipped != 0 && shared->failures == 0) {
        ts_print("ok %u - %s # SKIP %s\n", number, test->name, shared->text);
        return true;
    }
    ts_print("%sok %u - %s\n", shared->failures == 0 ? "" : "not ", number, test->name);
    for (size_t at = 0; at < shared->text_length; at += 256) {
        size_t length = shared->text_length - at;
        ts_print_bytes(shared->text + at, length < 256 ? length : 256);
    }
    ts_print_flush();
    return shared->failures == 0;
}

static bool contains(const char *text, const char *part) {
    size_t length = strlen(part);
    for (; *text != '\0'; text++) {
        if (strncmp(text, part, length) == 0) {
            return true;
        }
    }
    return length == 0;
}

/* "normal: vmo_read …" and "hostile: vmo_read …" are tests of vmo_read. */
static bool is_test_of(const char *name, const char *call) {
    const char *colon = strchr(name, ':');
    size_t length = strlen(call);
    return colon != NULL && strncmp(colon, ": ", 2) == 0 &&
           strncmp(colon + 2, call, length) == 0 &&
           (colon[2 + length] == ' ' || colon[2 + length] == '\0');
}

static bool is_wanted(const struct guest_test *test) {
    const char *only = ts_argument("only");
    const char *match = ts_argument("match");
    const char *kind = ts_argument("kind");
    return (only == NULL || is_test_of(test->name, only)) &&
           (kind == NULL || strncmp(test->name, kind, strlen(kind)) == 0) &&
           (match == NULL || contains(test->name, match));
}

static unsigned count_wanted(void) {
    unsigned count = 0;
    for (unsigned i = 0; i < guest_group_count; i++) {
        for (unsigned j = 0; j < guest_groups[i]->count; j++) {
            count += is_wanted(&guest_groups[i]->tests[j]) ? 1 : 0;
        }
    }
    return count;
}

/* The table grows by pages that it keeps. */
static void grow_handle_table(void) {
    static ts_handle_t handles[HANDLES_BEFORE];
    for (unsigned i = 0; i < HANDLES_BEFORE; i++) {
        CHECK_OK(ts_handle_duplicate(guest_self.process, TS_RIGHT_SAME_RIGHTS, &handles[i]));
    }
    CHECK_OK(ts_handle_close_many(handles, HANDLES_BEFORE));
}

/* `# call NUMBER STATUS TIMES` for each result that the kernel counted since its start; scripts/test.py
 * compares them with the table of calls. */
static void tell_calls(void) {
    for (uint64_t call = 0; call < TS_SYSCALL_COUNT; call++) {
        for (uint64_t status = 0; status < STATUSES; status++) {
            uint64_t times = 0;
            (void)!ts_system_debug(resource("debug"), TS_DEBUG_CALL_COUNT, call | status << 16, &times);
            if (times != 0) {
                ts_print("# call %lu -%lu %lu\n", call, status, times);
            }
        }
    }
}

int main(int argc, char **argv) {
    ts_handle_t shared_vmo;
    unsigned number = 0;
    unsigned failed = 0;
    (void)argc;
    (void)argv;
    if (guest_shared_make(&shared_vmo) != TS_OK) {
        ts_print("Bail out! the shared page cannot be made\n");
        return 1;
    }
    guest_begin();
    guest_children_init(shared_vmo);
    grow_handle_table();
    if (guest_shared()->failures != 0) {
        ts_print("Bail out! cannot prepare\n%s", guest_shared()->text);
        return 1;
    }
    ts_print("KTAP version 1\n1..%u\n", count_wanted());
    (void)!ts_thread_sleep(ts_time_after(SETTLE_TIME));
    for (unsigned i = 0; i < guest_group_count; i++) {
        for (unsigned j = 0; j < guest_groups[i]->count; j++) {
            const struct guest_test *test = &guest_groups[i]->tests[j];
            if (is_wanted(test) && !run_test(test, ++number)) {
                failed++;
            }
        }
    }
    if (ts_argument("only") == NULL && ts_argument("match") == NULL) {
        tell_calls();
    }
    ts_print("# %u of %u tests failed\n", failed, number);
    return failed == 0 ? 0 : 1;
}
