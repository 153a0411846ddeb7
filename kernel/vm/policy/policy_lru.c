/* SPDX-License-Identifier: MIT */
/* Least recently used: one list in order of the last access, strictly as far as accesses are
 * reported one by one. */
#include "policy.h"

static void lru_track(struct reclaim_set *set, struct reclaim_page *page,
                      const struct reclaim_miss *miss) {
    (void)miss;
    policy_insert(set, page, 0);
}

static void lru_access(struct reclaim_set *set, struct reclaim_page *page, bool again) {
    (void)again;
    policy_renew(set, page, 0);
}

static struct reclaim_page *lru_victim(struct reclaim_set *set, const struct reclaim_miss *miss) {
    (void)miss;
    return policy_oldest(set, 0);
}

const struct reclaim_policy reclaim_lru = {
    .name = "lru",
    .track = lru_track,
    .access = lru_access,
    .victim = lru_victim,
};
