/* SPDX-License-Identifier: MIT */
/* Each trace of tests/traces, with each number of frames and each policy, gives the misses of
 * tests/traces/misses.tsv; its bounds, FIFO and the optimum, are counted here. Run from the top of the
 * tree. Built twice: with the sanitizers, and with the objects that the kernel is linked with. */
#include <stdlib.h>

#include "replay.h"
#include "support.h"

#define FOLDER  "tests/traces/"
#define COLUMNS 4
#define BOUNDS  2
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

/* When each request's page is wanted the next time; the count of requests: never. */
static void find_next_uses(const struct trace *trace, size_t *next) {
    size_t *seen = calloc(trace->pages, sizeof(*seen));
    assert_non_null(seen);
    for (uint32_t page = 0; page < trace->pages; page++) {
        seen[page] = trace->count;
    }
    for (size_t i = trace->count; i-- > 0;) {
        next[i] = seen[trace->requests[i]];
        seen[trace->requests[i]] = i;
    }
    free(seen);
}

static uint32_t furthest(const size_t *wanted, uint32_t frames) {
    uint32_t found = 0;
    for (uint32_t frame = 1; frame < frames; frame++) {
        found = wanted[frame] > wanted[found] ? frame : found;
    }
    return found;
}

/* Evicts in the order of arrival, or what is wanted last. frame_of[page]: its frame + 1, 0: none. */
static unsigned long count_misses(const struct trace *trace, uint32_t frames, bool optimal) {
    size_t *next = calloc(trace->count, sizeof(*next));
    size_t *wanted = calloc(frames, sizeof(*wanted));
    uint32_t *page_in = calloc(frames, sizeof(*page_in));
    uint32_t *frame_of = calloc(trace->pages, sizeof(*frame_of));
    unsigned long misses = 0;
    assert_true(next != NULL && wanted != NULL && page_in != NULL && frame_of != NULL);
    find_next_uses(trace, next);
    for (size_t i = 0; i < trace->count; i++) {
        uint32_t page = trace->requests[i];
        if (frame_of[page] == 0) {
            bool choice = optimal && misses >= frames;
            uint32_t frame = choice ? furthest(wanted, frames) : (uint32_t)(misses % frames);
            if (misses++ >= frames) {
                frame_of[page_in[frame]] = 0;
            }
            page_in[frame] = page;
            frame_of[page] = frame + 1;
        }
        wanted[frame_of[page] - 1] = next[i];
    }
    free(next);
    free(wanted);
    free(page_in);
    free(frame_of);
    return misses;
}

/* A row is the trace's name, the frames, the misses of each policy and of the bounds. */
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
    assert_int_equal(misses[COLUMNS], count_misses(&trace, frames, false));
    assert_int_equal(misses[COLUMNS + 1], count_misses(&trace, frames, true));
    trace_free(&trace);
}

static void traces_miss_as_the_references(void **state) {
    (void)state;
    FILE *file = fopen(FOLDER "misses.tsv", "r");
    assert_non_null(file);
    char line[256], name[64];
    unsigned frames, rows = 0;
    unsigned long misses[COLUMNS + BOUNDS];
    while (fgets(line, sizeof(line), file) != NULL) {
        if (line[0] == '#') {
            continue;
        }
        assert_int_equal(8, sscanf(line, "%63s %u %lu %lu %lu %lu %lu %lu", name, &frames,
                                   &misses[0], &misses[1], &misses[2], &misses[3], &misses[4],
                                   &misses[5]));
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
