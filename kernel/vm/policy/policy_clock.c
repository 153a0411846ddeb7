/* SPDX-License-Identifier: MIT */
/*
 * Clock: pages in a circle, each with a bit that an access sets, and a hand that clears bits until
 * it finds one clear.
 *
 * The head of the list is the hand: the page after it is the one that the hand points at, the page
 * before it the one that it passed last. A new page comes in before the hand, which is where the
 * evicted page was. A victim that is put back without an access stands at the hand again.
 *
 * Each step clears a bit that an access or an arrival set, so steps are paid for; a call makes one
 * round at most.
 */
#include "policy.h"

#include "kernel/assert.h"

static void clock_track_set(struct reclaim_set *set, struct reclaim_page *page,
                            const struct reclaim_miss *miss) {
    if (miss != NULL) { /* nobody used a page that nobody asked for */
        page->flags |= RECLAIM_PAGE_REFERENCED;
    }
    policy_insert(set, page, 0);
}

static void clock_track_clear(struct reclaim_set *set, struct reclaim_page *page,
                              const struct reclaim_miss *miss) {
    (void)miss;
    policy_insert(set, page, 0);
}

static void clock_access(struct reclaim_set *set, struct reclaim_page *page, bool again) {
    (void)set;
    (void)again;
    page->flags |= RECLAIM_PAGE_REFERENCED;
}

/* Moves the hand over a page, not the page: the links of its other neighbours are left alone. */
static void clock_step(struct reclaim_set *set, struct reclaim_page *page) {
    struct list_node *hand = &set->lists[0].head;
    list_remove(hand);
    list_insert_after(&page->link, hand);
}

/* Turns the hand to a page whose bit is clear. */
static bool clock_sweep(struct reclaim_set *set, unsigned budget) {
    struct reclaim_page *page;
    while ((page = policy_oldest(set, 0)) != NULL && (page->flags & RECLAIM_PAGE_REFERENCED) != 0) {
        if (budget-- == 0) {
            return false;
        }
        page->flags &= (uint8_t)~RECLAIM_PAGE_REFERENCED;
        clock_step(set, page);
    }
    return true;
}

/* After a round all bits are clear. */
static struct reclaim_page *clock_victim(struct reclaim_set *set, const struct reclaim_miss *miss) {
    (void)miss;
    bool found = clock_sweep(set, set->lists[0].count);
    ASSERT(found);
    return policy_oldest(set, 0);
}

const struct reclaim_policy reclaim_clock = {
    .name = "clock",
    .track = clock_track_set,
    .access = clock_access,
    .victim = clock_victim,
    .sweep = clock_sweep,
};

const struct reclaim_policy reclaim_clock_ref0 = {
    .name = "clock-ref0",
    .track = clock_track_clear,
    .access = clock_access,
    .victim = clock_victim,
    .sweep = clock_sweep,
};
