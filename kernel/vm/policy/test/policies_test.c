/* SPDX-License-Identifier: MIT */
/* What the header promises, one promise per test; random_test.c has everything else. */
#include "support.h"

#define PAGES 8u

static struct reclaim_set set;
static struct reclaim_page pages[PAGES];

static struct reclaim_key key_of(uint64_t index) {
    return (struct reclaim_key){.family = 1, .index = index};
}

/* An empty set. */
static void begin(const struct reclaim_policy *policy, uint32_t capacity) {
    memset(pages, 0, sizeof(pages));
    support_set_init(&set, policy, capacity);
}

static void end(void) {
    assert_int_equal(reclaim_audit(&set, support_report), 0);
    support_set_free(&set);
}

/* The page comes as by a call that reads it. */
static enum reclaim_ghost arrive(unsigned number) {
    struct reclaim_miss miss;
    reclaim_miss(&set, key_of(number), &miss);
    reclaim_track(&set, &pages[number], &miss, RECLAIM_USED);
    return miss.ghost;
}

static void arrive_all(unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        arrive(i);
    }
}

static void expect_victim(unsigned number) {
    assert_ptr_equal(reclaim_victim(&set, NULL), &pages[number]);
}

static void evict(unsigned number) {
    expect_victim(number);
    reclaim_evict(&set, &pages[number], key_of(number));
}

static void none_has_no_victims(void **state) {
    (void)state;
    begin(&reclaim_none, 2);
    arrive_all(3);
    reclaim_access(&set, &pages[0]);
    assert_null(reclaim_victim(&set, NULL));
    assert_int_equal(reclaim_pages(&set), 3);
    reclaim_remove(&set, &pages[1]);
    assert_int_equal(reclaim_pages(&set), 2);
    end();
}

static void lru_gives_the_page_used_longest_ago(void **state) {
    (void)state;
    begin(&reclaim_lru, 3);
    arrive_all(3);
    reclaim_access(&set, &pages[0]);
    evict(1);
    evict(2);
    evict(0);
    end();
}

static void clock_gives_a_page_a_second_chance(void **state) {
    (void)state;
    begin(&reclaim_clock_ref0, 4);
    arrive_all(4);
    reclaim_access(&set, &pages[0]);
    reclaim_access(&set, &pages[2]);
    evict(1); /* 0 had its chance; the hand is at 2 */
    evict(3); /* so had 2 */
    evict(0);
    evict(2);
    end();
}

static void clock_ref1_takes_an_arrival_for_an_access(void **state) {
    (void)state;
    begin(&reclaim_clock, 3);
    arrive_all(2);
    reclaim_track(&set, &pages[2], NULL, RECLAIM_FIRST_USE); /* nobody asked for it */
    evict(2);
    evict(0);
    end();
}

static void arc_keeps_what_is_used_again_from_a_scan(void **state) {
    (void)state;
    begin(&reclaim_arc, 3);
    arrive_all(2);
    reclaim_access(&set, &pages[0]);
    for (unsigned i = 2; i < PAGES; i++) {
        arrive(i);
        evict(i - 1);
    }
    assert_true(reclaim_is_tracked(&pages[0]));
    end();
}

static void arc_adapts_to_ghosts(void **state) {
    (void)state;
    struct reclaim_counts counts;
    begin(&reclaim_arc, 4);
    arrive_all(4);
    reclaim_access(&set, &pages[0]);
    evict(1);
    assert_int_equal(arrive(1), RECLAIM_GHOST_RECENT);
    reclaim_count(&set, &counts);
    assert_int_equal(counts.target, 1);
    assert_int_equal(counts.recent, 2);
    assert_int_equal(counts.frequent, 2);
    assert_int_equal(counts.ghost_hits, 1);
    evict(2);
    evict(0); /* the target is met */
    assert_int_equal(arrive(0), RECLAIM_GHOST_FREQUENT);
    reclaim_count(&set, &counts);
    assert_int_equal(counts.target, 0);
    end();
}

static void arc_tells_families_apart(void **state) {
    (void)state;
    struct reclaim_miss miss;
    begin(&reclaim_arc, 2);
    arrive_all(1);
    evict(0);
    reclaim_miss(&set, (struct reclaim_key){.family = 2, .index = 0}, &miss);
    assert_int_equal(miss.ghost, RECLAIM_GHOST_NONE);
    reclaim_miss(&set, key_of(0), &miss);
    assert_int_equal(miss.ghost, RECLAIM_GHOST_RECENT);
    end();
}

/* The accessed bit that the fault itself left is no second use. */
static void arc_does_not_take_the_first_use_for_a_second(void **state) {
    (void)state;
    struct reclaim_counts counts;
    struct reclaim_miss miss;
    begin(&reclaim_arc, 2);
    reclaim_miss(&set, key_of(0), &miss);
    reclaim_track(&set, &pages[0], &miss, RECLAIM_FIRST_USE);
    reclaim_access(&set, &pages[0]);
    reclaim_count(&set, &counts);
    assert_int_equal(counts.hits, 0);
    assert_int_equal(counts.frequent, 0);
    reclaim_access(&set, &pages[0]);
    reclaim_count(&set, &counts);
    assert_int_equal(counts.hits, 1);
    assert_int_equal(counts.frequent, 1);
    end();
}

/* Each page is given once, then none, whatever the policy. */
static void victims_that_are_kept_are_passed_over(void **state) {
    (void)state;
    for (unsigned policy = 1; policy < SUPPORT_POLICIES; policy++) {
        begin(support_policies[policy], PAGES);
        arrive_all(PAGES);
        for (unsigned i = 0; i < PAGES; i += 2) {
            reclaim_access(&set, &pages[i]);
        }
        for (unsigned i = 0; i < PAGES; i++) {
            assert_non_null(reclaim_victim(&set, NULL));
        }
        assert_null(reclaim_victim(&set, NULL));
        for (unsigned i = 0; i < PAGES; i++) {
            assert_true(reclaim_is_aside(&pages[i]));
        }
        end();
    }
}

static void a_victim_that_is_put_back_is_next(void **state) {
    (void)state;
    for (unsigned policy = 1; policy < SUPPORT_POLICIES; policy++) {
        begin(support_policies[policy], PAGES);
        arrive_all(PAGES);
        expect_victim(0);
        expect_victim(1);
        reclaim_put_back(&set, &pages[0]);
        expect_victim(0);
        reclaim_access(&set, &pages[0]); /* now it is the youngest */
        reclaim_put_back(&set, &pages[0]);
        expect_victim(2);
        end();
    }
}

static void dirty_pages_are_counted_and_never_evicted(void **state) {
    (void)state;
    struct reclaim_counts counts;
    begin(&reclaim_lru, 2);
    arrive_all(2);
    reclaim_dirty(&set, &pages[0]);
    reclaim_dirty(&set, &pages[0]);
    reclaim_dirty(&set, &pages[1]);
    reclaim_count(&set, &counts);
    assert_int_equal(counts.dirty, 2);
    expect_victim(0);
    assert_true(reclaim_is_dirty(&pages[0]));
    EXPECT_PANIC(reclaim_evict(&set, &pages[0], key_of(0)));
    reclaim_clean(&set, &pages[0]);
    reclaim_evict(&set, &pages[0], key_of(0));
    reclaim_remove(&set, &pages[1]);
    reclaim_count(&set, &counts);
    assert_int_equal(counts.dirty, 0);
    end();
}

static void wrong_states_panic(void **state) {
    (void)state;
    begin(&reclaim_lru, 2);
    arrive_all(1);
    EXPECT_PANIC(reclaim_track(&set, &pages[0], NULL, RECLAIM_FIRST_USE));
    EXPECT_PANIC(reclaim_evict(&set, &pages[0], key_of(0)));
    EXPECT_PANIC(reclaim_put_back(&set, &pages[0]));
    EXPECT_PANIC(reclaim_access(&set, &pages[1]));
    EXPECT_PANIC(reclaim_remove(&set, &pages[1]));
    EXPECT_PANIC(reclaim_history_size(&reclaim_arc, RECLAIM_CAPACITY_MAX + 1));
    end();
}

static void resize(uint32_t capacity, unsigned budget) {
    void *old, *former = set.ghosts.entries;
    reclaim_resize(&set, capacity, support_history(&reclaim_arc, capacity));
    while (!reclaim_resize_step(&set, budget, &old)) {
        assert_null(old);
    }
    assert_ptr_equal(old, former);
    free(old);
}

/* Of eight ghosts the four newest are there after the capacity was halved, and after it was
 * doubled. */
static void ghosts_survive_another_capacity(void **state) {
    (void)state;
    for (unsigned budget = 1; budget < 12; budget++) {
        begin(&reclaim_arc, PAGES);
        arrive_all(PAGES);
        for (unsigned i = 0; i < PAGES; i++) {
            evict(i);
        }
        resize(PAGES / 2, budget);
        resize(PAGES * 2, budget);
        for (unsigned i = 0; i < PAGES; i++) {
            assert_int_equal(arrive(i), i < PAGES / 2 ? RECLAIM_GHOST_NONE : RECLAIM_GHOST_RECENT);
        }
        end();
    }
}

/* Evictions without arrivals: no more ghosts than the memory holds, the oldest go. */
static void ghosts_are_bounded(void **state) {
    (void)state;
    struct reclaim_counts counts;
    begin(&reclaim_arc, 2);
    for (uint64_t i = 0; i < 100; i++) {
        reclaim_track(&set, &pages[0], NULL, RECLAIM_FIRST_USE);
        expect_victim(0);
        reclaim_evict(&set, &pages[0], key_of(i));
        reclaim_count(&set, &counts);
        assert_true(counts.recent_ghosts <= 3);
    }
    assert_int_equal(arrive(0), RECLAIM_GHOST_NONE);
    struct reclaim_miss miss;
    reclaim_miss(&set, key_of(99), &miss);
    assert_int_equal(miss.ghost, RECLAIM_GHOST_RECENT);
    end();
}

static void only_arc_needs_memory(void **state) {
    (void)state;
    for (unsigned i = 0; i < SUPPORT_POLICIES; i++) {
        bool arc = support_policies[i] == &reclaim_arc;
        assert_int_equal(reclaim_history_size(support_policies[i], 1000) != 0, arc);
    }
    assert_true(reclaim_history_size(&reclaim_arc, 1000) <= 1003 * 32 + 2000 * 4);
    assert_true(reclaim_history_size(&reclaim_arc, RECLAIM_CAPACITY_MAX) >
                32 * (size_t)RECLAIM_CAPACITY_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none_has_no_victims),
        cmocka_unit_test(lru_gives_the_page_used_longest_ago),
        cmocka_unit_test(clock_gives_a_page_a_second_chance),
        cmocka_unit_test(clock_ref1_takes_an_arrival_for_an_access),
        cmocka_unit_test(arc_keeps_what_is_used_again_from_a_scan),
        cmocka_unit_test(arc_adapts_to_ghosts),
        cmocka_unit_test(arc_tells_families_apart),
        cmocka_unit_test(arc_does_not_take_the_first_use_for_a_second),
        cmocka_unit_test(victims_that_are_kept_are_passed_over),
        cmocka_unit_test(a_victim_that_is_put_back_is_next),
        cmocka_unit_test(dirty_pages_are_counted_and_never_evicted),
        cmocka_unit_test(wrong_states_panic),
        cmocka_unit_test(ghosts_survive_another_capacity),
        cmocka_unit_test(ghosts_are_bounded),
        cmocka_unit_test(only_arc_needs_memory),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
