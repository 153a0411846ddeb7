/* SPDX-License-Identifier: MIT */
/* No policy: pages are counted, and none is ever a victim. */
#include "policy.h"

static void none_track(struct reclaim_set *set, struct reclaim_page *page,
                       const struct reclaim_miss *miss) {
    (void)miss;
    policy_insert(set, page, 0);
}

static void none_access(struct reclaim_set *set, struct reclaim_page *page, bool again) {
    (void)set;
    (void)page;
    (void)again;
}

static struct reclaim_page *none_victim(struct reclaim_set *set, const struct reclaim_miss *miss) {
    (void)set;
    (void)miss;
    return NULL;
}

const struct reclaim_policy reclaim_none = {
    .name = "none",
    .track = none_track,
    .access = none_access,
    .victim = none_victim,
};
