/* SPDX-License-Identifier: MIT */
/* Each trace of tests/traces, with each number of frames and each policy, gives the misses of
 * tests/traces/misses.tsv. Run from the top of the tree. Built twice: with the sanitizers, and with
 * the objects that the kernel is linked with. */
#include "replay.h"
#include "support.h"

#define FOLDER  "tests/traces/"
#define COLUMNS 4
#define ROWS    6

static const struct reclaim_policy *const columns[COLUMNS] = {&reclaim_lru, &reclaim_arc,
                                                              &reclaim_clock_ref0, &reclaim_clock};

static void expect_misses(const struct trace *trace, const struct reclaim_policy *policy,
                          unsigned frames, unsigned long misses) {
    struct reclaim_counts counts;
    assert_true(trace_replay(trace, policy, frames, &counts));
    if (counts.misses != misses) {
        fail_msg("%s, %u frames: %lu misses, not %lu", reclaim_policy_name(policy), frames,
                 counts.misses, misses);
    }
    assert_int_equal(counts.hits + counts.misses, trace->count);
    assert_int_equal(counts.evictions + counts.pages, counts.misses);
    assert_true(counts.recent_ghosts + counts.frequent_ghosts <= frames);
}

/* A row is the trace's name, the frames, the misses of each policy. */
static void expect_row(const char *line, const char *name, unsigned frames,
                       const unsigned long *misses) {
    struct trace trace;
    char path[128];
    snprintf(path, sizeof(path), FOLDER "%s", name);
    printf("# %s", line);
    assert_true(trace_read(&trace, path));
    for (unsigned i = 0; i < COLUMNS; i++) {
        expect_misses(&trace, columns[i], frames, misses[i]);
    }
    trace_free(&trace);
}

static void traces_miss_as_the_references(void **state) {
    (void)state;
    FILE *file = fopen(FOLDER "misses.tsv", "r");
    assert_non_null(file);
    char line[256], name[64];
    unsigned frames, rows = 0;
    unsigned long misses[COLUMNS];
    while (fgets(line, sizeof(line), file) != NULL) {
        if (line[0] == '#') {
            continue;
        }
        assert_int_equal(6, sscanf(line, "%63s %u %lu %lu %lu %lu", name, &frames, &misses[0],
                                   &misses[1], &misses[2], &misses[3]));
        expect_row(line, name, frames, misses);
        rows++;
    }
    fclose(file);
    assert_int_equal(rows, ROWS);
}

static void a_trace_that_is_none_is_refused(void **state) {
    (void)state;
    struct trace trace;
    assert_false(trace_read(&trace, FOLDER "README.md"));
    assert_false(trace_read(&trace, FOLDER "there is no such file"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(traces_miss_as_the_references),
        cmocka_unit_test(a_trace_that_is_none_is_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
