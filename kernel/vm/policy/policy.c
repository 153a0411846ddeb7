/* SPDX-License-Identifier: MIT */
/*
 * What all policies share: lists and counts of a set, victims that are aside, pages that come and
 * go. The set's owner holds its lock.
 */
#include "policy.h"

#include "ghosts.h"
#include "kernel/assert.h"

static struct reclaim_page *page_of(struct list_node *node) {
    return container_of(node, struct reclaim_page, link);
}

void policy_insert(struct reclaim_set *set, struct reclaim_page *page, unsigned list) {
    page->list = (uint8_t)list;
    set->lists[list].count++;
    list_add_tail(&set->lists[list].head, &page->link);
}

void policy_renew(struct reclaim_set *set, struct reclaim_page *page, unsigned list) {
    set->lists[page->list].count--;
    set->lists[list].count++;
    page->list = (uint8_t)list;
    if (reclaim_is_aside(page)) {
        page->flags |= RECLAIM_PAGE_REFERENCED;
        return;
    }
    list_remove(&page->link);
    list_add_tail(&set->lists[list].head, &page->link);
}

struct reclaim_page *policy_oldest(const struct reclaim_set *set, unsigned list) {
    struct list_node *node = list_first(&set->lists[list].head);
    return node == NULL ? NULL : page_of(node);
}

const char *reclaim_policy_name(const struct reclaim_policy *policy) {
    return policy->name;
}

size_t reclaim_history_size(const struct reclaim_policy *policy, uint32_t capacity) {
    ASSERT(capacity <= RECLAIM_CAPACITY_MAX);
    return policy->has_ghosts ? ghosts_size(capacity) : 0;
}

void reclaim_set_init(struct reclaim_set *set, const struct reclaim_policy *policy,
                      uint32_t capacity, void *history, uint64_t seed) {
    ASSERT(capacity <= RECLAIM_CAPACITY_MAX);
    ASSERT(policy->has_ghosts == (history != NULL));
    *set = (struct reclaim_set){.policy = policy, .capacity = capacity};
    list_init(&set->lists[0].head);
    list_init(&set->lists[1].head);
    if (history != NULL) {
        ghosts_init(&set->ghosts, history, capacity, seed);
    }
}

void reclaim_resize(struct reclaim_set *set, uint32_t capacity, void *history) {
    ASSERT(capacity <= RECLAIM_CAPACITY_MAX);
    ASSERT(set->leaving.entries == NULL);
    set->capacity = capacity;
    if (set->target > capacity) {
        set->target = capacity;
    }
    if (history != NULL) {
        ASSERT(set->policy->has_ghosts);
        set->leaving = set->ghosts;
        ghosts_init(&set->ghosts, history, capacity, set->leaving.seed);
    }
}

bool reclaim_resize_step(struct reclaim_set *set, unsigned budget, void **old) {
    *old = NULL;
    if (set->policy->resize_step != NULL && !set->policy->resize_step(set, budget)) {
        return false;
    }
    *old = set->leaving.entries;
    set->leaving = (struct reclaim_ghosts){0};
    return true;
}

void reclaim_miss(struct reclaim_set *set, struct reclaim_key key, struct reclaim_miss *miss) {
    *miss = (struct reclaim_miss){.key = key};
    set->misses++;
    if (set->policy->miss != NULL) {
        set->policy->miss(set, miss);
    }
}

void reclaim_track(struct reclaim_set *set, struct reclaim_page *page,
                   const struct reclaim_miss *miss, enum reclaim_arrival arrival) {
    ASSERT(!reclaim_is_tracked(page));
    ASSERT(miss != NULL || arrival == RECLAIM_FIRST_USE);
    page->flags = RECLAIM_PAGE_TRACKED;
    if (arrival == RECLAIM_FIRST_USE) {
        page->flags |= RECLAIM_PAGE_UNUSED;
    }
    set->policy->track(set, page, miss);
}

void reclaim_access(struct reclaim_set *set, struct reclaim_page *page) {
    ASSERT(reclaim_is_tracked(page));
    bool again = (page->flags & RECLAIM_PAGE_UNUSED) == 0;
    page->flags &= (uint8_t)~RECLAIM_PAGE_UNUSED;
    set->hits += again;
    set->policy->access(set, page, again);
}

void reclaim_dirty(struct reclaim_set *set, struct reclaim_page *page) {
    ASSERT(reclaim_is_tracked(page));
    set->dirty += !reclaim_is_dirty(page);
    page->flags |= RECLAIM_PAGE_DIRTY;
}

void reclaim_clean(struct reclaim_set *set, struct reclaim_page *page) {
    ASSERT(reclaim_is_tracked(page));
    set->dirty -= reclaim_is_dirty(page);
    page->flags &= (uint8_t)~RECLAIM_PAGE_DIRTY;
}

bool reclaim_sweep(struct reclaim_set *set, unsigned budget) {
    return set->policy->sweep == NULL || set->policy->sweep(set, budget);
}

struct reclaim_page *reclaim_victim(struct reclaim_set *set, const struct reclaim_miss *miss) {
    struct reclaim_page *page = set->policy->victim(set, miss);
    if (page == NULL) {
        return NULL;
    }
    list_remove(&page->link);
    page->flags |= RECLAIM_PAGE_ASIDE;
    page->flags &= (uint8_t)~RECLAIM_PAGE_REFERENCED;
    set->aside++;
    return page;
}

void reclaim_put_back(struct reclaim_set *set, struct reclaim_page *page) {
    ASSERT(reclaim_is_tracked(page) && reclaim_is_aside(page));
    struct list_node *head = &set->lists[page->list].head;
    page->flags &= (uint8_t)~RECLAIM_PAGE_ASIDE;
    set->aside--;
    if ((page->flags & RECLAIM_PAGE_REFERENCED) != 0) {
        list_add_tail(head, &page->link);
    } else {
        list_add_head(head, &page->link);
    }
}

void reclaim_pass_over(struct reclaim_set *set, struct reclaim_page *page) {
    page->flags |= RECLAIM_PAGE_REFERENCED;
    reclaim_put_back(set, page);
}

void reclaim_remove(struct reclaim_set *set, struct reclaim_page *page) {
    ASSERT(reclaim_is_tracked(page));
    reclaim_clean(set, page);
    set->lists[page->list].count--;
    if (reclaim_is_aside(page)) {
        set->aside--;
    } else {
        list_remove(&page->link);
    }
    *page = (struct reclaim_page){0};
}

void reclaim_evict(struct reclaim_set *set, struct reclaim_page *page, struct reclaim_key key) {
    ASSERT(reclaim_is_tracked(page) && reclaim_is_aside(page));
    ASSERT(!reclaim_is_dirty(page));
    unsigned list = page->list;
    reclaim_remove(set, page);
    set->evictions++;
    if (set->policy->evicted != NULL) {
        set->policy->evicted(set, list, key);
    }
}

uint32_t reclaim_pages(const struct reclaim_set *set) {
    return set->lists[0].count + set->lists[1].count;
}

void reclaim_count(const struct reclaim_set *set, struct reclaim_counts *counts) {
    *counts = (struct reclaim_counts){
        .hits = set->hits,
        .misses = set->misses,
        .evictions = set->evictions,
        .ghost_hits = set->ghost_hits,
        .capacity = set->capacity,
        .pages = reclaim_pages(set),
        .aside = set->aside,
        .dirty = set->dirty,
        .target = set->target,
        .recent = set->lists[0].count,
        .frequent = set->lists[1].count,
        .recent_ghosts = set->ghosts.count[0] + set->leaving.count[0],
        .frequent_ghosts = set->ghosts.count[1] + set->leaving.count[1],
    };
}

/* Pages that hang in a list; faults of theirs are added. */
static uint32_t audit_list(const struct reclaim_set *set, unsigned list, uint32_t *dirty,
                           unsigned *faults) {
    uint32_t count = 0;
    LIST_FOR_EACH(node, &set->lists[list].head) {
        const struct reclaim_page *page = page_of(node);
        *faults += page->list != list || !reclaim_is_tracked(page) || reclaim_is_aside(page);
        *faults += node->next->previous != node;
        *dirty += reclaim_is_dirty(page);
        count++;
    }
    return count;
}

unsigned reclaim_audit(const struct reclaim_set *set, void (*report)(const char *format, ...)) {
    unsigned faults = 0;
    uint32_t dirty = 0;
    uint32_t listed = audit_list(set, 0, &dirty, &faults) + audit_list(set, 1, &dirty, &faults);
    faults += listed + set->aside != reclaim_pages(set);
    faults += dirty > set->dirty ||
              set->dirty - dirty > set->aside; /* the rest are dirty pages that are aside */
    faults += set->target > set->capacity;
    faults += ghosts_audit(&set->ghosts) + ghosts_audit(&set->leaving);
    if (faults != 0) {
        report("reclaim: %u faults in a set of %s: %u pages listed, %u aside, %u counted", faults,
               set->policy->name, listed, set->aside, reclaim_pages(set));
    }
    return faults;
}
