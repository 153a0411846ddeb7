/* SPDX-License-Identifier: MIT */
/* What a policy is, and what all of them share. A policy with one list uses lists[0], oldest page
 * first. */
#pragma once

#include "kernel/reclaim_policy.h"

struct reclaim_policy {
    const char *name;
    bool has_ghosts;

    /* Puts a new page into a list, by policy_insert(). `miss` may be null. */
    void (*track)(struct reclaim_set *set, struct reclaim_page *page,
                  const struct reclaim_miss *miss);
    /* `again`: it is not the page's first use. The page may be aside. */
    void (*access)(struct reclaim_set *set, struct reclaim_page *page, bool again);
    /* The page to take off its list, or null; the caller takes it off. `miss` may be null. */
    struct reclaim_page *(*victim)(struct reclaim_set *set, const struct reclaim_miss *miss);

    /* Clock; null otherwise. */
    bool (*sweep)(struct reclaim_set *set, unsigned budget);

    /* Those that remember ghosts; null otherwise. */
    void (*miss)(struct reclaim_set *set, struct reclaim_miss *miss);
    void (*evicted)(struct reclaim_set *set, unsigned list,
                    struct reclaim_key key); /* a page of `list` */
    bool (*resize_step)(struct reclaim_set *set, unsigned budget);
};

/* A new page becomes the youngest of a list. */
void policy_insert(struct reclaim_set *set, struct reclaim_page *page, unsigned list);

/* A page becomes the youngest of a list; one that is aside does when it is put back. */
void policy_renew(struct reclaim_set *set, struct reclaim_page *page, unsigned list);

/* The oldest page of a list that is not aside, or null. */
struct reclaim_page *policy_oldest(const struct reclaim_set *set, unsigned list);
