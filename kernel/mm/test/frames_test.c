/* SPDX-License-Identifier: MIT */
/* Frames on the build machine: allocation, runs, magazines, refusals, counts. */
#include "support.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int setup(void **state) {
    (void)state;
    support_machine();
    return 0;
}

/* After every test: nothing leaked, everything agrees. */
static int audit(void **state) {
    (void)state;
    frames_drain_magazines();
    return frames_audit(support_report) == 0 && support_frames_used() == 16 ? 0 : 1;
}

static bool is_zero(const void *memory, size_t size) {
    const uint8_t *bytes = memory;
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

static void counts_after_init(void **state) {
    (void)state;
    struct frame_counts counts;
    frames_count(&counts);
    uint64_t sum = 0;
    for (unsigned use = 0; use < FRAME_USE_COUNT; use++) {
        sum += counts.use[use];
    }
    assert_int_equal(sum, counts.total);
    assert_true(counts.use[FRAME_BOOT] >= 0x100);
    assert_true(counts.total >= 0x3e00 && counts.total <= 0x3ea0);
}

static void alloc_is_zeroed(void **state) {
    (void)state;
    struct frame *frame = frame_alloc(FRAME_VMO, FRAME_ANY);
    memset(frame_to_virt(frame), 0xee, TS_PAGE_SIZE);
    frame_free(frame);
    struct frame *again = frame_alloc(FRAME_VMO, FRAME_ANY);
    assert_ptr_equal(frame, again);
    assert_true(is_zero(frame_to_virt(again), TS_PAGE_SIZE));
    frame_free(again);
}

static void alloc_dirty_keeps_contents(void **state) {
    (void)state;
    struct frame *frame = frame_alloc(FRAME_VMO, FRAME_ANY);
    memset(frame_to_virt(frame), 0xee, TS_PAGE_SIZE);
    frame_free(frame);
    frame = frame_alloc(FRAME_VMO, FRAME_DIRTY_OK);
    assert_int_equal(*(uint8_t *)frame_to_virt(frame), 0xee);
    frame_free(frame);
}

static void alloc_trusts_clean_frames(void **state) {
    (void)state;
    struct frame *frame = frame_alloc(FRAME_VMO, FRAME_ANY);
    frame->flags |= FRAME_CLEAN;
    frame_free(frame);
    frame = frame_alloc(FRAME_VMO, FRAME_ANY);
    assert_int_equal(frame->flags, 0);
    assert_true(is_zero(frame_to_virt(frame), TS_PAGE_SIZE));
    frame_free(frame);
}

static void alloc_clears_the_record(void **state) {
    (void)state;
    struct frame *frame = frame_alloc(FRAME_VMO, FRAME_ANY);
    frame->owner = frame;
    frame->index = 7;
    frame->entry_count = 9;
    frame_free(frame);
    frame = frame_alloc(FRAME_PAGE_TABLE, FRAME_ANY);
    assert_null(frame->owner);
    assert_int_equal(frame->index, 0);
    assert_int_equal(frame->entry_count, 0);
    assert_int_equal(frame->use, FRAME_PAGE_TABLE);
    assert_false(list_is_linked(&frame->link));
    frame_free(frame);
}

static void phys_and_back(void **state) {
    (void)state;
    struct frame *frame = frame_alloc(FRAME_VMO, FRAME_ANY);
    uint64_t pa = frame_to_phys(frame);
    assert_int_equal(pa % TS_PAGE_SIZE, 0);
    assert_ptr_equal(frame_from_phys(pa), frame);
    assert_ptr_equal(frame_from_phys(pa + TS_PAGE_SIZE - 1), frame);
    assert_ptr_equal(frame_to_virt(frame), phys_to_virt(pa));
    frame_free(frame);
}

static void foreign_phys_has_no_frame(void **state) {
    (void)state;
    const uint64_t foreign[] = {0, 0xa0000, 0x100000, 0x1ff000, 0x2004000, 0x4000000, 0xfe000000, UINT64_MAX};
    for (unsigned i = 0; i < COUNT(foreign); i++) {
        assert_null(frame_from_phys(foreign[i]));
    }
}

/* What boot kept and the arenas' own arrays are RAM as well; reserved memory and registers are not. */
static void ram_is_known(void **state) {
    (void)state;
    assert_true(frames_are_ram(0, 1));
    assert_true(frames_are_ram(0x100000, TS_PAGE_SIZE));
    assert_true(frames_are_ram(0x1fff000, TS_PAGE_SIZE));
    assert_true(frames_are_ram(0x9f000, 0x62000));
    assert_true(frames_are_ram(0x2000000, 1));
    assert_false(frames_are_ram(0x9f000, 0x61000));
    assert_false(frames_are_ram(0x2004000, 0xfc000));
    assert_false(frames_are_ram(0xfe000000, TS_PAGE_SIZE));
    assert_false(frames_are_ram(0x4000000, (uint64_t)1 << 28));
    assert_false(frames_are_ram((uint64_t)1 << 51, TS_PAGE_SIZE));
}

static void small_ranges_join_nothing(void **state) {
    (void)state;
    /* 16 KiB are too little for an arena. */
    assert_null(frame_from_phys(0x2000000));
    assert_non_null(frame_from_phys(0x1000));
    assert_non_null(frame_from_phys(0x200000));
}

static void alloc_counts_by_use(void **state) {
    (void)state;
    struct frame_counts before, after;
    frames_count(&before);
    struct frame *a = frame_alloc(FRAME_PAGE_TABLE, FRAME_ANY);
    struct frame *b = frame_alloc_run(8, 1, 0, FRAME_VMO, FRAME_ANY);
    frames_count(&after);
    assert_int_equal(after.use[FRAME_PAGE_TABLE], before.use[FRAME_PAGE_TABLE] + 1);
    assert_int_equal(after.use[FRAME_VMO], before.use[FRAME_VMO] + 8);
    assert_int_equal(after.total, before.total);
    frame_free(a);
    frame_free_run(b, 8);
}

static void magazine_is_counted(void **state) {
    (void)state;
    struct frame_counts counts;
    struct frame *frame = frame_alloc(FRAME_VMO, FRAME_ANY);
    frame_free(frame);
    frames_count(&counts);
    assert_true(counts.use[FRAME_MAGAZINE] > 0);
    assert_false(frame_is_allocated(frame));
    frames_drain_magazines();
    frames_count(&counts);
    assert_int_equal(counts.use[FRAME_MAGAZINE], 0);
}

static void alloc_until_empty(void **state) {
    (void)state;
    struct frame_counts counts;
    struct list_node *hoard = support_exhaust(0);
    frames_count(&counts);
    assert_int_equal(counts.use[FRAME_FREE] + counts.use[FRAME_MAGAZINE], 0);
    assert_null(frame_alloc(FRAME_VMO, FRAME_ANY));
    assert_null(frame_alloc_run(1, 1, 0, FRAME_VMO, FRAME_ANY));
    assert_int_equal(frames_audit(support_report), 0);
    support_give_back(hoard);
}

static void frames_are_distinct(void **state) {
    (void)state;
    static uint8_t seen[64 << 8];
    memset(seen, 0, sizeof(seen));
    struct list_node *hoard = support_exhaust(0);
    LIST_FOR_EACH(node, hoard) {
        uint64_t number = frame_to_phys(container_of(node, struct frame, link)) >> TS_PAGE_SHIFT;
        assert_true(number > 0 && number < sizeof(seen));
        assert_int_equal(seen[number]++, 0);
    }
    support_give_back(hoard);
}

static void double_free_in_magazine(void **state) {
    (void)state;
    struct frame *frame = frame_alloc(FRAME_VMO, FRAME_ANY);
    frame_free(frame);
    EXPECT_PANIC(frame_free(frame), "double free");
}

static void double_free_in_bitmap(void **state) {
    (void)state;
    struct frame *frame = frame_alloc(FRAME_VMO, FRAME_ANY);
    frame_free(frame);
    frames_drain_magazines();
    EXPECT_PANIC(frame_free(frame), "double free");
}

static void double_free_of_stale_record(void **state) {
    (void)state;
    /* A frame whose record says that it is in use, and whose bitmap says free: the bitmap is right. */
    struct frame *frame = frame_alloc(FRAME_VMO, FRAME_ANY);
    frame_free(frame);
    frames_drain_magazines();
    frame->use = FRAME_VMO;
    EXPECT_PANIC(frame_free(frame), "double free");
    frame->use = FRAME_FREE;
}

static void double_free_of_run(void **state) {
    (void)state;
    struct frame *run = frame_alloc_run(4, 4, 0, FRAME_VMO, FRAME_ANY);
    frame_free_run(run, 4);
    EXPECT_PANIC(frame_free_run(run, 4), "double free");
}

static void foreign_free(void **state) {
    (void)state;
    struct frame stranger = {.use = FRAME_VMO};
    EXPECT_PANIC(frame_free(&stranger), "foreign free");
    EXPECT_PANIC(frame_free(NULL), "foreign free");
}

static void foreign_free_misaligned(void **state) {
    (void)state;
    struct frame *frame = frame_alloc(FRAME_VMO, FRAME_ANY);
    EXPECT_PANIC(frame_free((struct frame *)(void *)((char *)frame + 8)), "foreign free");
    frame_free(frame);
}

static void pinned_free(void **state) {
    (void)state;
    struct frame *frame = frame_alloc(FRAME_VMO, FRAME_ANY);
    frame->pin_count = 1;
    EXPECT_PANIC(frame_free(frame), "pinned");
    frame->pin_count = 0;
    frame_free(frame);
}

static void run_is_contiguous_and_aligned(void **state) {
    (void)state;
    const size_t sizes[] = {1, 2, 4, 8, 63, 64, 65, 128, 512, 700, 1024};
    for (unsigned i = 0; i < COUNT(sizes); i++) {
        for (size_t align = 1; align <= 1024; align *= 4) {
            struct frame *run = frame_alloc_run(sizes[i], align, 0, FRAME_VMO, FRAME_ANY);
            assert_non_null(run);
            assert_int_equal(frame_to_phys(run) % (align * TS_PAGE_SIZE), 0);
            for (size_t j = 0; j < sizes[i]; j++) {
                assert_int_equal(frame_to_phys(&run[j]), frame_to_phys(run) + j * TS_PAGE_SIZE);
                assert_true(frame_is_allocated(&run[j]));
            }
            assert_true(is_zero(frame_to_virt(run), sizes[i] * TS_PAGE_SIZE));
            memset(frame_to_virt(run), 0x77, sizes[i] * TS_PAGE_SIZE);
            frame_free_run(run, sizes[i]);
        }
    }
}

static void run_below_limit(void **state) {
    (void)state;
    struct frame *low = frame_alloc_run(2, 1, 0x100000, FRAME_KERNEL, FRAME_ANY);
    assert_non_null(low);
    assert_true(frame_to_phys(low) + 2 * TS_PAGE_SIZE <= 0x100000);
    frame_free_run(low, 2);
    assert_null(frame_alloc_run(256, 1, 0x100000, FRAME_KERNEL, FRAME_ANY));
    assert_null(frame_alloc_run(1, 1, 0x1000, FRAME_KERNEL, FRAME_ANY));
}

static void run_too_large(void **state) {
    (void)state;
    assert_null(frame_alloc_run(0x4000, 1, 0, FRAME_VMO, FRAME_ANY));
    assert_null(frame_alloc_run(SIZE_MAX, 1, 0, FRAME_VMO, FRAME_ANY));
    assert_null(frame_alloc_run(1, (size_t)1 << 63, 0, FRAME_VMO, FRAME_ANY));
    assert_null(frame_alloc_run(SIZE_MAX / TS_PAGE_SIZE, (size_t)1 << 40, 0, FRAME_VMO, FRAME_ANY));
}

static void run_fits_between_single_frames(void **state) {
    (void)state;
    struct list_node *hoard = support_exhaust(0);
    /* Free eight neighbours among the hoard, all but the fifth. */
    struct frame *first = frame_from_phys(0x400000);
    for (unsigned i = 0; i < 8; i++) {
        list_remove(&first[i].link);
        if (i != 4) {
            frame_free(&first[i]);
        }
    }
    frames_drain_magazines();
    assert_null(frame_alloc_run(5, 1, 0, FRAME_VMO, FRAME_ANY));
    assert_ptr_equal(frame_alloc_run(4, 4, 0, FRAME_VMO, FRAME_ANY), first);
    assert_null(frame_alloc_run(4, 1, 0, FRAME_VMO, FRAME_ANY));
    assert_null(frame_alloc_run(3, 2, 0, FRAME_VMO, FRAME_ANY));
    assert_ptr_equal(frame_alloc_run(3, 1, 0, FRAME_VMO, FRAME_ANY), &first[5]);
    frame_free_run(first, 8);
    support_give_back(hoard);
}

static void run_takes_frames_back_from_magazine(void **state) {
    (void)state;
    struct list_node *hoard = support_exhaust(8);
    /* The eight are in this CPU's magazine. */
    struct frame *one = frame_alloc_run(1, 1, 0, FRAME_VMO, FRAME_ANY);
    assert_non_null(one);
    frame_free(one);
    support_give_back(hoard);
}

static void run_of_a_megabyte_in_each_arena(void **state) {
    (void)state;
    struct frame *runs[64];
    unsigned count = 0;
    while (count < 64 && (runs[count] = frame_alloc_run(256, 256, 0, FRAME_VMO, FRAME_DIRTY_OK)) != NULL) {
        count++;
    }
    assert_in_range(count, 56, 61);
    while (count > 0) {
        frame_free_run(runs[--count], 256);
    }
}

#define LARGE_MAX 32u

static void large_pages_are_aligned_and_distinct(void **state) {
    (void)state;
    struct frame *runs[LARGE_MAX];
    unsigned count = 0;
    while (count < LARGE_MAX && (runs[count] = frame_alloc_large(FRAME_VMO)) != NULL) {
        assert_int_equal(frame_to_phys(runs[count]) % (FRAMES_LARGE * TS_PAGE_SIZE), 0);
        for (unsigned i = 0; i < FRAMES_LARGE; i++) {
            assert_int_equal(frame_to_phys(&runs[count][i]), frame_to_phys(runs[count]) + i * TS_PAGE_SIZE);
            assert_true(frame_is_allocated(&runs[count][i]));
            runs[count][i].pin_count = count; /* nobody else's */
        }
        count++;
    }
    assert_in_range(count, 28, 31);
    assert_null(frame_alloc_large(FRAME_VMO));
    assert_int_equal(frames_audit(support_report), 0);
    while (count-- > 0) {
        for (unsigned i = 0; i < FRAMES_LARGE; i++) {
            assert_int_equal(runs[count][i].pin_count, count);
            runs[count][i].pin_count = 0;
        }
        frame_free_run(runs[count], FRAMES_LARGE);
    }
}

/* The only place is found when the last of its frames is free, wherever it lies. */
static void large_page_is_found_when_it_is_whole(void **state) {
    (void)state;
    struct list_node *hoard = support_exhaust(0);
    for (uint64_t pa = 0x400000; pa <= 0xc00000; pa += 0x400000) {
        struct frame *first = frame_from_phys(pa);
        for (unsigned i = 0; i < FRAMES_LARGE; i++) {
            list_remove(&first[i].link);
        }
        for (unsigned i = 0; i < FRAMES_LARGE; i++) {
            unsigned at = (i + 77) % FRAMES_LARGE;
            frames_drain_magazines();
            assert_null(i % 64 == 63 ? frame_alloc_large(FRAME_VMO) : NULL);
            frame_free(&first[at]);
        }
        frames_drain_magazines();
        assert_ptr_equal(frame_alloc_large(FRAME_KERNEL), first);
        assert_int_equal(first[5].use, FRAME_KERNEL);
        assert_null(frame_alloc_large(FRAME_VMO));
        for (unsigned i = 0; i < FRAMES_LARGE; i++) {
            list_add_tail(hoard, &first[i].link);
        }
    }
    support_give_back(hoard);
}

static void audit_sees_a_wrong_use(void **state) {
    (void)state;
    struct frame *frame = frame_alloc(FRAME_VMO, FRAME_ANY);
    frame->use = FRAME_KERNEL;
    assert_int_equal(frames_audit(support_report), 2);
    frame->use = FRAME_FREE;
    assert_true(frames_audit(support_report) > 0);
    frame->use = FRAME_VMO;
    frame_free(frame);
}

static void random_frames(void **state) {
    (void)state;
    struct random random = {support_seed(0x7e55e7a)};
    static struct {
        struct frame *first;
        size_t count;
    } held[512];
    memset(held, 0, sizeof(held));
    for (uint64_t i = support_rounds(200000); i > 0; i--) {
        unsigned slot = (unsigned)random_below(&random, COUNT(held));
        if (held[slot].count == 1) {
            frame_free(held[slot].first);
            held[slot].count = 0;
        } else if (held[slot].count > 1) {
            frame_free_run(held[slot].first, held[slot].count);
            held[slot].count = 0;
        } else if (random_below(&random, 16) == 0) {
            held[slot].first = frame_alloc_large(FRAME_VMO);
            held[slot].count = held[slot].first != NULL ? FRAMES_LARGE : 0;
        } else if (random_below(&random, 4) != 0) {
            held[slot].first = frame_alloc(FRAME_VMO, FRAME_DIRTY_OK);
            held[slot].count = held[slot].first != NULL ? 1 : 0;
        } else {
            size_t count = 2 + random_below(&random, 150);
            size_t align = (size_t)1 << random_below(&random, 8);
            held[slot].first = frame_alloc_run(count, align, 0, FRAME_VMO, FRAME_DIRTY_OK);
            held[slot].count = held[slot].first != NULL ? count : 0;
        }
    }
    assert_int_equal(frames_audit(support_report), 0);
    for (unsigned slot = 0; slot < COUNT(held); slot++) {
        if (held[slot].count > 0) {
            frame_free_run(held[slot].first, held[slot].count);
        }
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, NULL, audit)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(counts_after_init), T(alloc_is_zeroed), T(alloc_dirty_keeps_contents), T(alloc_trusts_clean_frames),
        T(alloc_clears_the_record), T(phys_and_back), T(foreign_phys_has_no_frame), T(ram_is_known),
        T(small_ranges_join_nothing),
        T(alloc_counts_by_use), T(magazine_is_counted), T(alloc_until_empty), T(frames_are_distinct),
        T(double_free_in_magazine), T(double_free_in_bitmap), T(double_free_of_stale_record),
        T(double_free_of_run), T(foreign_free), T(foreign_free_misaligned), T(pinned_free),
        T(run_is_contiguous_and_aligned), T(run_below_limit), T(run_too_large), T(run_fits_between_single_frames),
        T(run_takes_frames_back_from_magazine), T(run_of_a_megabyte_in_each_arena),
        T(large_pages_are_aligned_and_distinct), T(large_page_is_found_when_it_is_whole), T(audit_sees_a_wrong_use),
        T(random_frames),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("frames", tests, setup, NULL);
}
