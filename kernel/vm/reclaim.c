/* SPDX-License-Identifier: MIT */
/*
 * Eviction of pages that pagers fill. Room is made where a page is about to come, with no lock held. A victim that was
 * accessed since the last look goes back to its policy as young; a dirty one stays aside until its pager has written it
 * back, so that a domain whose pages are all dirty is over its number of frames until then.
 */
#include "reclaim.h"

#include "abi/options.h"
#include "arch/cpu.h"
#include "base/string.h"
#include "kernel/assert.h"
#include "kernel/heap.h"
#include "vm_private.h"

struct reclaim_domain {
    struct spinlock lock;      /* LOCK_RECLAIM: the set, and which frames are in it */
    struct reclaim_set set;
    void *history;             /* ghosts of the set */
    size_t charged;            /* bytes, to the account's parent */
    uint32_t policy;           /* enum ts_reclaim_policy */
    uint32_t frames;           /* that the pages should have */
};

static const struct reclaim_policy *const policies[TS_RECLAIM_COUNT] = {
    [TS_RECLAIM_NONE] = &reclaim_none,
    [TS_RECLAIM_LRU] = &reclaim_lru,
    [TS_RECLAIM_ARC] = &reclaim_arc,
    [TS_RECLAIM_CLOCK] = &reclaim_clock,
};

static struct frame *frame_of(struct reclaim_page *page) {
    return container_of(page, struct frame, reclaim);
}

static struct reclaim_domain *domain_of(const struct frame *frame) {
    return frame->payer->account != NULL ? frame->payer->account->domain : NULL;
}

static struct reclaim_key key_of(const struct family *family, uint64_t index) {
    return (struct reclaim_key){family->number, index};
}

/* --- domains --- */

static uint64_t random_seed(void) {
    uint64_t seed = 0;
    return arch_entropy(&seed) ? seed : arch_cycle_count() * 0x9e3779b97f4a7c15ul;
}

ts_status_t reclaim_domain_new(struct account *payer, uint32_t policy, uint64_t frames, struct reclaim_domain **result) {
    if (policy >= TS_RECLAIM_COUNT || frames == 0 || frames > RECLAIM_FRAMES_MAX) {
        return TS_ERR_INVALID_ARGS;
    }
    size_t history_size = reclaim_history_size(policies[policy], (uint32_t)frames);
    size_t charged = sizeof(struct reclaim_domain) + history_size;
    if (account_charge(payer, TS_CEILING_MEMORY, charged) != TS_OK) {
        return TS_ERR_NO_MEMORY;
    }
    struct reclaim_domain *domain = heap_alloc(sizeof(*domain));
    void *history = history_size > 0 && domain != NULL ? heap_alloc(history_size) : NULL;
    if (domain == NULL || (history_size > 0 && history == NULL)) {
        heap_free(domain);
        account_release(payer, TS_CEILING_MEMORY, charged);
        return TS_ERR_NO_MEMORY;
    }
    spinlock_init(&domain->lock, LOCK_RECLAIM);
    domain->history = history;
    domain->charged = charged;
    domain->policy = policy;
    domain->frames = (uint32_t)frames;
    reclaim_set_init(&domain->set, policies[policy], (uint32_t)frames, history, random_seed());
    *result = domain;
    return TS_OK;
}

void reclaim_domain_free(struct account *payer, struct reclaim_domain *domain) {
    ASSERT(reclaim_pages(&domain->set) == 0);
    account_release(payer, TS_CEILING_MEMORY, domain->charged);
    heap_free(domain->history);
    heap_free(domain);
}

bool reclaim_has_own(const struct account *account) {
    return account->domain != NULL && (account->parent == NULL || account->domain != account->parent->domain);
}

void reclaim_info(const struct account *account, struct ts_info_reclaim *record) {
    struct reclaim_domain *domain = account->domain;
    *record = (struct ts_info_reclaim){0};
    if (domain == NULL) {
        return;
    }
    struct reclaim_counts counts;
    spinlock_acquire(&domain->lock);
    reclaim_count(&domain->set, &counts);
    spinlock_release(&domain->lock);
    *record = (struct ts_info_reclaim){.policy = domain->policy,
                                       .frames = counts.capacity,
                                       .pages = counts.pages,
                                       .aside = counts.aside,
                                       .hits = counts.hits,
                                       .misses = counts.misses,
                                       .evictions = counts.evictions,
                                       .ghost_hits = counts.ghost_hits,
                                       .target = counts.target};
}

/* --- pages come and go --- */

void reclaim_enter(struct frame *frame, const struct reclaim_miss *miss) {
    struct reclaim_domain *domain = domain_of(frame);
    if (domain != NULL) {
        frame->reclaim = (struct reclaim_page){0};
        spinlock_acquire(&domain->lock);
        reclaim_track(&domain->set, &frame->reclaim, miss, RECLAIM_FIRST_USE);
        spinlock_release(&domain->lock);
    }
}

void reclaim_leave(struct frame *frame) {
    struct reclaim_domain *domain = domain_of(frame);
    if (domain != NULL && reclaim_is_tracked(&frame->reclaim)) {
        spinlock_acquire(&domain->lock);
        reclaim_remove(&domain->set, &frame->reclaim);
        spinlock_release(&domain->lock);
    }
}

void reclaim_note_access(struct frame *frame) {
    struct reclaim_domain *domain = domain_of(frame);
    if (domain != NULL && reclaim_is_tracked(&frame->reclaim)) {
        spinlock_acquire(&domain->lock);
        reclaim_access(&domain->set, &frame->reclaim);
        spinlock_release(&domain->lock);
    }
}

void reclaim_note_clean(struct frame *frame) {
    struct reclaim_domain *domain = domain_of(frame);
    if (domain != NULL && reclaim_is_tracked(&frame->reclaim)) {
        spinlock_acquire(&domain->lock);
        if (reclaim_is_aside(&frame->reclaim)) {
            reclaim_put_back(&domain->set, &frame->reclaim);
        }
        spinlock_release(&domain->lock);
    }
}

/* --- eviction --- */

/* A victim, aside, and its family, referenced. False: there is none, or there is room already. */
static bool choose(struct reclaim_domain *domain, const struct reclaim_miss *miss, struct frame **frame,
                   struct family **family, uint64_t *index) {
    spinlock_acquire(&domain->lock);
    bool full = reclaim_pages(&domain->set) >= domain->frames;
    struct reclaim_page *page = full ? reclaim_victim(&domain->set, miss) : NULL;
    if (page != NULL) {
        *frame = frame_of(page);
        *family = (*frame)->owner;
        *index = (*frame)->index;
        family_reference(*family);
    }
    spinlock_release(&domain->lock);
    return page != NULL;
}

/* The page is young after all. */
static void keep(struct reclaim_domain *domain, struct frame *frame) {
    spinlock_acquire(&domain->lock);
    reclaim_access(&domain->set, &frame->reclaim);
    reclaim_put_back(&domain->set, &frame->reclaim);
    spinlock_release(&domain->lock);
}

/* Out of the tree of the source's view; it is absent from then on. */
static void drop(struct reclaim_domain *domain, struct family *family, uint64_t index, struct frame *frame) {
    spinlock_acquire(&domain->lock);
    reclaim_evict(&domain->set, &frame->reclaim, key_of(family, index));
    spinlock_release(&domain->lock);
    view_drop_page(family->source_view, index);
}

/* Family lock held. The frame may have been freed, and may be another page by now: then there is nothing to do. */
static void evict(struct reclaim_domain *domain, struct family *family, uint64_t index, struct frame *frame) {
    const struct view *source = family->source_view;
    if (source == NULL || page_tree_frame(page_tree_find(&source->tree, index)) != frame || !reclaim_is_aside(&frame->reclaim)) {
        return;
    }
    if ((frame->flags & (FRAME_DIRTY | FRAME_WRITEBACK)) != 0 || frame->pin_count != 0) {
        return; /* reclaim_note_clean() */
    }
    if (family_was_accessed(family, index)) {
        keep(domain, frame);
        return;
    }
    family_unmap(family, index);
    drop(domain, family, index, frame);
}

bool reclaim_make_room(struct family *family, uint64_t index, struct reclaim_miss *miss) {
    struct account *account = family->source_view->payer->account;
    struct reclaim_domain *domain = account != NULL ? account->domain : NULL;
    if (domain == NULL) {
        return false;
    }
    spinlock_acquire(&domain->lock);
    reclaim_miss(&domain->set, key_of(family, index), miss);
    uint32_t tries = 2 * reclaim_pages(&domain->set) + 2; /* who keeps being accessed cannot hold us up */
    spinlock_release(&domain->lock);
    struct frame *victim;
    struct family *owner;
    uint64_t at;
    for (; tries > 0 && choose(domain, miss, &victim, &owner, &at); tries--) {
        mutex_acquire(&owner->lock);
        evict(domain, owner, at, victim);
        mutex_release(&owner->lock);
        family_release(owner);
        sched_preemption_point();
    }
    return true;
}
