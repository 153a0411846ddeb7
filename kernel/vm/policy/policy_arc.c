/* SPDX-License-Identifier: MIT */
/*
 * ARC, the adaptive replacement cache of Megiddo and Modha (FAST 2003, figure 4). Pages that were
 * used once are in one list, those used again in the other (T1 and T2 of the paper), in order of
 * the last use; each has a list of ghosts (B1 and B2). A miss on a ghost tells that its list was
 * too short, and moves `target` (p), the length that the first list should have. All numbers are
 * integers, divisions round down.
 *
 * With c the capacity, the paper keeps |T1|+|B1| <= c and |T1|+|T2|+|B1|+|B2| <= 2c, by dropping a
 * ghost before a page is evicted. Here a page may be evicted long before the next one comes, so
 * ghosts are dropped when that has come; page by page it is the same. What the paper cannot meet
 * (pages that are removed, another capacity, many evictions at once) needs a third bound, |B1|+|B2|
 * <= c.
 */
#include "ghosts.h"
#include "policy.h"

enum { RECENT, FREQUENT };

#define DROPS_PER_ARRIVAL                                                                          \
    2 /* an arrival is one too many at most; the second catches up after a change of capacity */

static uint64_t ghost_count(const struct reclaim_set *set, unsigned list) {
    return (uint64_t)set->ghosts.count[list] + set->leaving.count[list];
}

/* The first list and its ghosts are longer than the capacity, and there is a ghost to drop. */
static bool recent_is_over(const struct reclaim_set *set) {
    uint64_t ghosts = ghost_count(set, RECENT);
    return ghosts != 0 && set->lists[RECENT].count + ghosts > set->capacity;
}

static bool ghosts_are_over(const struct reclaim_set *set) {
    uint64_t ghosts = ghost_count(set, RECENT) + ghost_count(set, FREQUENT);
    bool directory = ghosts != 0 && reclaim_pages(set) + ghosts > 2 * (uint64_t)set->capacity;
    return recent_is_over(set) || directory || ghosts > set->capacity;
}

/* Drops the oldest ghost of the list that is too long. There is a ghost. */
static void drop_ghost(struct reclaim_set *set) {
    unsigned list = recent_is_over(set) || ghost_count(set, FREQUENT) == 0 ? RECENT : FREQUENT;
    struct reclaim_ghosts *from = set->leaving.count[list] != 0 ? &set->leaving : &set->ghosts;
    ghosts_remove(from, ghosts_oldest(from, list));
}

/* The ghost with the key and where it is, or 0. */
static uint32_t find_ghost(struct reclaim_set *set, struct reclaim_key key,
                           struct reclaim_ghosts **where) {
    *where = &set->ghosts;
    uint32_t ghost = ghosts_find(&set->ghosts, key);
    if (ghost == 0) {
        *where = &set->leaving;
        ghost = ghosts_find(&set->leaving, key);
    }
    return ghost;
}

/* By how much the target moves: by one, or more if the list of the ghost is the shorter one. */
static uint64_t adaptation(const struct reclaim_set *set, unsigned list) {
    uint64_t ratio = ghost_count(set, !list) / ghost_count(set, list);
    return ratio > 1 ? ratio : 1;
}

static void adapt(struct reclaim_set *set, unsigned list) {
    uint64_t change = adaptation(set, list);
    if (list == RECENT) {
        uint64_t room = set->capacity - set->target;
        set->target += (uint32_t)(change < room ? change : room);
    } else {
        set->target -= (uint32_t)(change < set->target ? change : set->target);
    }
}

static void arc_miss(struct reclaim_set *set, struct reclaim_miss *miss) {
    struct reclaim_ghosts *where;
    uint32_t ghost = find_ghost(set, miss->key, &where);
    if (ghost == 0) {
        return;
    }
    unsigned list = ghosts_list(where, ghost);
    adapt(set, list); /* by the sizes with the ghost */
    ghosts_remove(where, ghost);
    miss->ghost = list == RECENT ? RECLAIM_GHOST_RECENT : RECLAIM_GHOST_FREQUENT;
    set->ghost_hits++;
}

static void arc_track(struct reclaim_set *set, struct reclaim_page *page,
                      const struct reclaim_miss *miss) {
    bool again = miss != NULL && miss->ghost != RECLAIM_GHOST_NONE;
    policy_insert(set, page, again ? FREQUENT : RECENT);
    for (unsigned i = 0; i < DROPS_PER_ARRIVAL && ghosts_are_over(set); i++) {
        drop_ghost(set);
    }
}

static void arc_access(struct reclaim_set *set, struct reclaim_page *page, bool again) {
    policy_renew(set, page, again ? FREQUENT : page->list);
}

/* REPLACE of the paper. Pages that are aside count, so that a victim that is refused does not
 * change the choice. */
static struct reclaim_page *arc_victim(struct reclaim_set *set, const struct reclaim_miss *miss) {
    struct reclaim_page *recent = policy_oldest(set, RECENT);
    struct reclaim_page *frequent = policy_oldest(set, FREQUENT);
    uint32_t length = set->lists[RECENT].count;
    bool at_target = length == set->target && miss != NULL && miss->ghost == RECLAIM_GHOST_FREQUENT;
    if (recent != NULL && (length > set->target || at_target || frequent == NULL)) {
        return recent;
    }
    return frequent;
}

static void arc_evicted(struct reclaim_set *set, unsigned list, struct reclaim_key key) {
    struct reclaim_ghosts *where;
    uint32_t ghost = find_ghost(set, key, &where);
    if (ghost != 0) { /* of a page that came back without a miss */
        ghosts_remove(where, ghost);
    }
    if (ghosts_are_full(&set->ghosts)) {
        ghosts_forget(&set->leaving); /* all older than as many as there may be */
        drop_ghost(set);
    }
    ghosts_add_newest(&set->ghosts, list, key);
}

/* The newest ghost that is still in the former memory goes behind the oldest of the new one. False:
 * there is none. */
static bool move_ghost(struct reclaim_set *set) {
    unsigned list = set->leaving.count[RECENT] != 0 ? RECENT : FREQUENT;
    uint32_t ghost = ghosts_newest(&set->leaving, list);
    if (ghost == 0) {
        return false;
    }
    ghosts_add_oldest(&set->ghosts, list, ghosts_key(&set->leaving, ghost));
    ghosts_remove(&set->leaving, ghost);
    return true;
}

/* Ghosts that are too many are dropped first, so those that are moved fit. */
static bool arc_resize_step(struct reclaim_set *set, unsigned budget) {
    for (; budget > 0; budget--) {
        if (ghosts_are_over(set)) {
            drop_ghost(set);
        } else if (!move_ghost(set)) {
            return true;
        }
    }
    return false;
}

const struct reclaim_policy reclaim_arc = {
    .name = "arc",
    .has_ghosts = true,
    .track = arc_track,
    .access = arc_access,
    .victim = arc_victim,
    .miss = arc_miss,
    .evicted = arc_evicted,
    .resize_step = arc_resize_step,
};
