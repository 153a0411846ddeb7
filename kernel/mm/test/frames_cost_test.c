/* SPDX-License-Identifier: MIT */
/* What a frame costs does not depend on how much memory there is: 256 MiB against 16 GiB, empty and nearly full. */
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

struct cost {
    uint64_t searches, words;
};

static struct cost cost_of_frames(unsigned count, struct list_node *hoard) {
    struct frame_counts before, after;
    frames_count(&before);
    for (unsigned i = 0; i < count; i++) {
        list_add_tail(hoard, &frame_alloc(FRAME_VMO, FRAME_DIRTY_OK)->link);
    }
    frames_count(&after);
    return (struct cost){after.searches - before.searches, after.words_read - before.words_read};
}

/* In a process of its own, because the arenas of a process are made once. costs[0] empty, costs[1] nearly full. */
static void measure(uint64_t size, struct cost costs[2]) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(stdout);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        static struct boot_info info;
        LIST_HEAD(hoard);
        info.memory[0] = (struct boot_memory){.base = 0x1000, .length = size - 0x1000, .kind = BOOT_MEMORY_USABLE};
        info.memory_count = 1;
        support_memory(size);
        frames_init(&info);
        costs[0] = cost_of_frames(1800, &hoard);
        /* All but the end goes in one run. */
        struct frame_counts counts;
        frames_count(&counts);
        if (frame_alloc_run(counts.use[FRAME_FREE] - 4000, 1, 0, FRAME_VMO, FRAME_DIRTY_OK) == NULL) {
            _exit(1);
        }
        costs[1] = cost_of_frames(1800, &hoard);
        _exit(write(ends[1], costs, 2 * sizeof(costs[0])) == 2 * sizeof(costs[0]) ? 0 : 1);
    }
    int status = 1;
    assert_int_equal(read(ends[0], costs, 2 * sizeof(costs[0])), 2 * sizeof(costs[0]));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(ends[0]);
    close(ends[1]);
}

static void cost_is_the_same_at_256m_and_16g(void **state) {
    (void)state;
    struct cost small[2], large[2];
    measure(256ul << 20, small);
    measure(16ul << 30, large);
    for (unsigned i = 0; i < 2; i++) {
        printf("# %s: %lu words in %lu searches at 256 MiB, %lu in %lu at 16 GiB\n", i == 0 ? "empty" : "nearly full",
               small[i].words, small[i].searches, large[i].words, large[i].searches);
        assert_true(small[i].searches >= 100 && large[i].searches >= 100);
        assert_int_equal(small[i].words, small[i].searches * 5);
        assert_int_equal(large[i].words, large[i].searches * 5);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(cost_is_the_same_at_256m_and_16g)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cost of frames", tests, NULL, NULL);
}
