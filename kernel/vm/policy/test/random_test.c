/* SPDX-License-Identifier: MIT */
/*
 * Random operations on a set of each policy and on its model: after each operation the counts
 * agree, and every victim is the same. TEST_SEED and TEST_ROUNDS choose what is run.
 */
#include "model.h"
#include "replay.h"
#include "support.h"

#define OPERATIONS   400
#define CAPACITY_MAX 16u

struct pair {
    struct reclaim_set set;
    struct model model;
    struct reclaim_page pages[MODEL_PAGES];
    uint64_t random;
    bool resizing;
};

static uint64_t below(struct pair *pair, uint64_t limit) {
    return support_random(&pair->random, limit);
}

/* Two families, with the same indexes in both. */
static struct reclaim_key key_of(unsigned page) {
    return (struct reclaim_key){.family = 7 + page % 2, .index = page / 2};
}

static void expect_same_counts(const struct pair *pair) {
    struct reclaim_counts got, expected;
    reclaim_count(&pair->set, &got);
    model_count(&pair->model, &expected);
    assert_int_equal(got.hits, expected.hits);
    assert_int_equal(got.misses, expected.misses);
    assert_int_equal(got.evictions, expected.evictions);
    assert_int_equal(got.ghost_hits, expected.ghost_hits);
    assert_int_equal(got.capacity, expected.capacity);
    assert_int_equal(got.pages, expected.pages);
    assert_int_equal(got.aside, expected.aside);
    assert_int_equal(got.dirty, expected.dirty);
    assert_int_equal(got.target, expected.target);
    assert_int_equal(got.recent, expected.recent);
    assert_int_equal(got.frequent, expected.frequent);
    assert_int_equal(got.recent_ghosts, expected.recent_ghosts);
    assert_int_equal(got.frequent_ghosts, expected.frequent_ghosts);
    assert_int_equal(reclaim_audit(&pair->set, support_report), 0);
}

static void evict(struct pair *pair, unsigned page) {
    reclaim_clean(&pair->set, &pair->pages[page]);
    reclaim_evict(&pair->set, &pair->pages[page], key_of(page));
    model_evict(&pair->model, page);
}

static void put_back(struct pair *pair, unsigned page) {
    reclaim_put_back(&pair->set, &pair->pages[page]);
    model_put_back(&pair->model, page);
}

static void access_page(struct pair *pair, unsigned page) {
    reclaim_access(&pair->set, &pair->pages[page]);
    model_access(&pair->model, page);
}

static void remove_page(struct pair *pair, unsigned page) {
    reclaim_remove(&pair->set, &pair->pages[page]);
    model_remove(&pair->model, page);
}

/* A victim of both, or MODEL_NONE. */
static unsigned victim(struct pair *pair, const struct reclaim_miss *miss) {
    struct reclaim_page *page = reclaim_victim(&pair->set, miss);
    unsigned number = page == NULL ? MODEL_NONE : (unsigned)(page - pair->pages);
    assert_int_equal(number,
                     model_victim(&pair->model, miss == NULL ? RECLAIM_GHOST_NONE : miss->ghost));
    return number;
}

/* Does with a victim what an owner may do. */
static void treat_victim(struct pair *pair, unsigned page) {
    switch (below(pair, 10)) {
    case 0: /* accessed in the last moment */
        access_page(pair, page);
        put_back(pair, page);
        break;
    case 1: /* stays aside: pinned, or being written back */
        break;
    case 2:
        remove_page(pair, page);
        break;
    case 3:
        put_back(pair, page);
        break;
    default:
        evict(pair, page);
    }
}

static void request(struct pair *pair, unsigned page) {
    if (reclaim_is_tracked(&pair->pages[page])) {
        access_page(pair, page);
        return;
    }
    struct reclaim_miss miss;
    reclaim_miss(&pair->set, key_of(page), &miss);
    assert_int_equal(miss.ghost, model_miss(&pair->model, page));
    for (unsigned tries = 0; tries < MODEL_PAGES && reclaim_pages(&pair->set) >= pair->set.capacity;
         tries++) {
        unsigned number = victim(pair, &miss);
        if (number == MODEL_NONE) {
            break;
        }
        treat_victim(pair, number);
    }
    enum reclaim_arrival arrival = below(pair, 4) == 0 ? RECLAIM_FIRST_USE : RECLAIM_USED;
    reclaim_track(&pair->set, &pair->pages[page], &miss, arrival);
    model_track(&pair->model, page, miss.ghost, true, arrival);
}

static void read_ahead(struct pair *pair, unsigned page) {
    if (!reclaim_is_tracked(&pair->pages[page])) {
        reclaim_track(&pair->set, &pair->pages[page], NULL, RECLAIM_FIRST_USE);
        model_track(&pair->model, page, RECLAIM_GHOST_NONE, false, RECLAIM_FIRST_USE);
    }
}

/* Accessed bits of many pages, found in the order of their numbers. */
static void harvest(struct pair *pair) {
    for (unsigned page = 0; page < MODEL_PAGES; page++) {
        if (reclaim_is_tracked(&pair->pages[page]) && below(pair, 4) == 0) {
            access_page(pair, page);
        }
    }
}

static void resize(struct pair *pair) {
    if (pair->resizing) {
        return;
    }
    uint32_t capacity = (uint32_t)below(pair, CAPACITY_MAX + 1);
    void *history = below(pair, 4) == 0 ? NULL : support_history(pair->set.policy, capacity);
    reclaim_resize(&pair->set, capacity, history);
    model_resize(&pair->model, capacity, history != NULL);
    pair->resizing = true;
}

static void resize_step(struct pair *pair) {
    if (pair->resizing) {
        void *old;
        unsigned budget = 1 + (unsigned)below(pair, 3);
        bool done = reclaim_resize_step(&pair->set, budget, &old);
        assert_int_equal(done, model_resize_step(&pair->model, budget));
        free(old);
        pair->resizing = !done;
    }
}

/* What can be done to a page that is resident. */
static void treat_page(struct pair *pair, unsigned page) {
    if (!reclaim_is_tracked(&pair->pages[page])) {
        return;
    }
    bool aside = reclaim_is_aside(&pair->pages[page]);
    switch (below(pair, 5)) {
    case 0:
        remove_page(pair, page);
        break;
    case 1:
        reclaim_dirty(&pair->set, &pair->pages[page]);
        pair->model.page[page].dirty = true;
        break;
    case 2:
        reclaim_clean(&pair->set, &pair->pages[page]);
        pair->model.page[page].dirty = false;
        break;
    case 3:
        if (aside) {
            evict(pair, page);
        }
        break;
    default:
        if (aside) {
            put_back(pair, page);
        }
    }
}

static void sweep(struct pair *pair) {
    unsigned budget = (unsigned)below(pair, 4);
    assert_int_equal(reclaim_sweep(&pair->set, budget), model_sweep(&pair->model, budget));
}

static void operation(struct pair *pair) {
    /* Low numbers more often, so that there are pages that are used again. */
    unsigned page = (unsigned)below(pair, 1 + below(pair, MODEL_PAGES));
    switch (below(pair, 20)) {
    case 0:
        harvest(pair);
        break;
    case 1:
        read_ahead(pair, page);
        break;
    case 2:
        if (below(pair, 4) == 0) {
            resize(pair);
        }
        break;
    case 3:
        resize_step(pair);
        break;
    case 4:
    case 5:
    case 6:
        treat_page(pair, page);
        break;
    case 7: { /* the owner makes room without a miss */
        unsigned number = victim(pair, NULL);
        if (number != MODEL_NONE) {
            treat_victim(pair, number);
        }
        break;
    }
    case 8:
        sweep(pair);
        break;
    default:
        request(pair, page);
    }
}

/* Every page in the policy's order, and every ghost. */
static void drain(struct pair *pair) {
    unsigned number, count = 0;
    while ((number = victim(pair, NULL)) != MODEL_NONE) {
        assert_true(++count <= MODEL_PAGES);
        remove_page(pair, number);
    }
    for (unsigned page = 0; page < MODEL_PAGES; page++) {
        struct reclaim_miss miss;
        if (!reclaim_is_tracked(&pair->pages[page])) {
            reclaim_miss(&pair->set, key_of(page), &miss);
            assert_int_equal(miss.ghost, model_miss(&pair->model, page));
        }
    }
    expect_same_counts(pair);
}

static void run_round(const struct reclaim_policy *policy, uint64_t seed) {
    struct pair pair = {.random = seed};
    uint32_t capacity = (uint32_t)below(&pair, CAPACITY_MAX + 1);
    support_set_init(&pair.set, policy, capacity);
    model_init(&pair.model, policy, capacity);
    for (unsigned i = 0; i < OPERATIONS; i++) {
        operation(&pair);
        expect_same_counts(&pair);
    }
    drain(&pair);
    support_set_free(&pair.set);
}

static void sets_agree_with_their_models(void **state) {
    (void)state;
    uint64_t seed = support_seed(0x7e55e7a);
    uint64_t rounds = support_rounds(200);
    for (uint64_t round = 0; round < rounds; round++) {
        uint64_t next = support_random(&seed, UINT64_MAX) + 1;
        for (unsigned i = 0; i < SUPPORT_POLICIES; i++) {
            run_round(support_policies[i], next);
        }
    }
}

/* Requests as a program makes them: a part of the pages often, scans in between. */
static void fill(uint32_t *requests, size_t count, uint64_t *random) {
    for (size_t i = 0; i < count; i++) {
        bool scan = i % 64 > 40;
        requests[i] =
            (uint32_t)(scan ? i % MODEL_PAGES
                            : support_random(random, 1 + support_random(random, MODEL_PAGES)));
    }
}

static void policies_miss_as_published(void **state) {
    (void)state;
    static uint32_t requests[2000];
    uint64_t seed = support_seed(0xf16004e);
    uint64_t rounds = support_rounds(20);
    const struct trace trace = {requests, sizeof(requests) / sizeof(requests[0]), MODEL_PAGES};
    for (uint64_t round = 0; round < rounds; round++) {
        fill(requests, trace.count, &seed);
        for (uint32_t frames = 1; frames <= MODEL_PAGES / 2; frames++) {
            for (unsigned i = 1; i < SUPPORT_POLICIES; i++) {
                struct reclaim_counts counts;
                assert_true(trace_replay(&trace, support_policies[i], frames, &counts));
                assert_int_equal(counts.misses, literal_misses(support_policies[i], requests,
                                                               trace.count, frames));
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_agree_with_their_models),
        cmocka_unit_test(policies_miss_as_published),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
