/* SPDX-License-Identifier: MIT */
/*
 * Eviction policies: which page leaves when a frame is needed. The pages of one reclaim domain are
 * a set, its policy is none, LRU, ARC or Clock, one file each in kernel/vm/policy. A policy knows
 * numbers and lists only: no VMO, no page table, no lock, no allocation. Who owns the set holds its
 * lock around every call.
 *
 * What the owner does when a page is missing and the set is full:
 *
 *     reclaim_miss(set, key, &miss);
 *     while (reclaim_pages(set) >= capacity && (page = reclaim_victim(set, &miss)) != NULL)
 *         accessed just now?  reclaim_access(set, page); reclaim_put_back(set, page)
 *         pinned?             leave it; reclaim_put_back() when the last pin goes
 *         dirty?              write it back; then reclaim_clean() and reclaim_put_back()
 *         otherwise           reclaim_evict(set, page, key of the page); free the frame
 *     reclaim_track(set, page, &miss, ...);
 *
 * A victim is aside, in the owner's hands, until it is evicted, removed or put back; until then
 * reclaim_victim() gives others, and null when all are aside. So a set with n pages is asked n
 * times at most.
 *
 * Every call takes constant time: on average where ghosts are looked up, amortised over accesses in
 * Clock, whose hand may make a round in one call; reclaim_sweep() does that in parts.
 */
#pragma once

#include "abi/types.h"
#include "base/list.h"

/* What a page is known by, resident or not. A family's number is never used again. */
struct reclaim_key {
    uint64_t family;
    uint64_t index;
};

/* What a policy keeps with a resident page; embedded in what describes it. Zero: in no set. */
struct reclaim_page {
    struct list_node link; /* in a list of the set; not while the page is aside or in no set */
    uint8_t list;          /* which */
    uint8_t flags;         /* enum reclaim_page_flags */
};
_Static_assert(sizeof(struct reclaim_page) <= 24, "there is one in every frame");

enum reclaim_page_flags {
    RECLAIM_PAGE_TRACKED = 1,
    RECLAIM_PAGE_ASIDE = 2,      /* a victim that was neither evicted nor put back yet */
    RECLAIM_PAGE_REFERENCED = 4, /* Clock's bit; in other policies: accessed while aside */
    RECLAIM_PAGE_UNUSED = 8,     /* the next access is its first use */
    RECLAIM_PAGE_DIRTY = 16,
};

/* A miss, from the moment that it is found until the page has come: a variable of who handles it.
 */
struct reclaim_miss {
    struct reclaim_key key;
    enum reclaim_ghost { RECLAIM_GHOST_NONE, RECLAIM_GHOST_RECENT, RECLAIM_GHOST_FREQUENT } ghost;
};

/* Pages that were evicted, the ghosts, by key: two lists in order of eviction and one hash table
 * (ghosts.c). */
struct reclaim_ghosts {
    struct ghost *entries;
    uint32_t *buckets;
    uint64_t seed;
    uint32_t bucket_mask;
    uint32_t limit;  /* entries, two heads of lists included */
    uint32_t unused; /* entries from here on were never used */
    uint32_t free;   /* head of those that were used and are free; 0: none */
    uint32_t count[2];
};

struct reclaim_list {
    struct list_node head;
    uint32_t count; /* with those that are aside */
};

/* Private to kernel/vm/policy; others call the functions below. */
struct reclaim_set {
    const struct reclaim_policy *policy;
    struct reclaim_list lists[2];
    uint32_t capacity;
    uint32_t target; /* ARC: frames that lists[0] should have */
    uint32_t aside;
    uint32_t dirty;
    uint64_t hits, misses, evictions, ghost_hits;
    struct reclaim_ghosts ghosts;
    struct reclaim_ghosts leaving; /* older ones, still in the memory of the former capacity */
};

extern const struct reclaim_policy reclaim_none; /* no page is ever a victim */
extern const struct reclaim_policy reclaim_lru;
extern const struct reclaim_policy reclaim_arc;
extern const struct reclaim_policy reclaim_clock; /* a page comes with its bit set: for an MMU */
extern const struct reclaim_policy reclaim_clock_ref0; /* with its bit clear */

#define RECLAIM_CAPACITY_MAX (1u << 31)

const char *reclaim_policy_name(const struct reclaim_policy *policy);

/* Bytes of zeroed memory that a set of this capacity needs for its ghosts; 0: none. */
size_t reclaim_history_size(const struct reclaim_policy *policy, uint32_t capacity);

/* An empty set of at most `capacity` frames (RECLAIM_CAPACITY_MAX at most). The caller allocated
 * `history`, so that nothing here can fail, and frees it after the set; null if the size is 0.
 * `seed` is a number that no program can guess, so that none can choose keys that collide. */
void reclaim_set_init(struct reclaim_set *set, const struct reclaim_policy *policy,
                      uint32_t capacity, void *history, uint64_t seed);

/* Another capacity, at once; evicting what is too much is the caller's. `history` is memory for it,
 * as above; null keeps the present memory: so a set can always shrink, and one that grew without
 * has fewer ghosts. Then reclaim_resize_step() moves the ghosts, `budget` at a time: true when all
 * are moved, with the former memory, which the caller frees, in *old (or null). Other calls are
 * allowed in between, but no further reclaim_resize(). */
void reclaim_resize(struct reclaim_set *set, uint32_t capacity, void *history);
bool reclaim_resize_step(struct reclaim_set *set, unsigned budget, void **old);

/* A page that is not resident was asked for. Once for each request, however many wait for it: ARC
 * adapts here. */
void reclaim_miss(struct reclaim_set *set, struct reclaim_key key, struct reclaim_miss *miss);

/* RECLAIM_USED: the access for which the page came was done by a call, and will not be reported.
 * RECLAIM_FIRST_USE: it will be, because the MMU sets the accessed bit when the access is retried,
 * or because the page was not asked for at all (read ahead); that first access is no hit, and no
 * sign of repeated use. */
enum reclaim_arrival { RECLAIM_USED, RECLAIM_FIRST_USE };

/* A page is resident from now on. `miss` is null if nobody asked for it. More than the capacity is
 * allowed. */
void reclaim_track(struct reclaim_set *set, struct reclaim_page *page,
                   const struct reclaim_miss *miss, enum reclaim_arrival arrival);

/* The page was accessed: once for each call that reads or writes it, once for each accessed bit
 * that is found set. The order within a batch of accessed bits has no meaning, and needs none.
 * Allowed for pages that are aside. */
void reclaim_access(struct reclaim_set *set, struct reclaim_page *page);

/* The page has to be written back before it can be evicted; it was written back. No policy prefers
 * clean pages. */
void reclaim_dirty(struct reclaim_set *set, struct reclaim_page *page);
void reclaim_clean(struct reclaim_set *set, struct reclaim_page *page);

/* Does what a call of reclaim_victim() may spend long on, `budget` pages of it at most. True: the
 * next such call takes constant time. Nobody has to call this. */
bool reclaim_sweep(struct reclaim_set *set, unsigned budget);

/* The page that the policy would give up, for `miss` or (null) for no page in particular; null:
 * none. It is aside. */
struct reclaim_page *reclaim_victim(struct reclaim_set *set, const struct reclaim_miss *miss);

/* Returns a page that is aside: accessed meanwhile it is as young as any, otherwise it is the next
 * victim. */
void reclaim_put_back(struct reclaim_set *set, struct reclaim_page *page);

/* The same, though it was not accessed: others come before it, because it cannot leave now. */
void reclaim_pass_over(struct reclaim_set *set, struct reclaim_page *page);

/* A clean page that is aside leaves, to come again under `key`. */
void reclaim_evict(struct reclaim_set *set, struct reclaim_page *page, struct reclaim_key key);

/* A page, aside or not, leaves for any other reason: it was decommitted, its VMO went, it moved to
 * another set. */
void reclaim_remove(struct reclaim_set *set, struct reclaim_page *page);

/* Resident pages, those aside included. */
uint32_t reclaim_pages(const struct reclaim_set *set);

static inline bool reclaim_is_tracked(const struct reclaim_page *page) {
    return (page->flags & RECLAIM_PAGE_TRACKED) != 0;
}

static inline bool reclaim_is_aside(const struct reclaim_page *page) {
    return (page->flags & RECLAIM_PAGE_ASIDE) != 0;
}

static inline bool reclaim_is_dirty(const struct reclaim_page *page) {
    return (page->flags & RECLAIM_PAGE_DIRTY) != 0;
}

struct reclaim_counts {
    uint64_t hits, misses, evictions, ghost_hits;
    uint32_t capacity, pages, aside, dirty;
    uint32_t target;           /* ARC's p */
    uint32_t recent, frequent; /* ARC's T1 and T2; `recent` has all pages of other policies */
    uint32_t recent_ghosts, frequent_ghosts; /* B1, B2 */
};
void reclaim_count(const struct reclaim_set *set, struct reclaim_counts *counts);

/* Lists, ghosts and counts agree. Number of faults found, each reported by `report`. Takes as long
 * as the set is. */
unsigned reclaim_audit(const struct reclaim_set *set, void (*report)(const char *format, ...));
