/* SPDX-License-Identifier: MIT */
/*
 * Eviction. Room is made where a page is about to come, with no lock held. A victim that was accessed since the last look
 * goes back to its policy as young.
 *
 * A page that a pager fills is dropped; a dirty one stays aside until its pager has written it back, so that a domain
 * whose pages of pagers are all dirty is over its number of frames until then; so is one where others are still on their
 * way to swap.
 *
 * Memory without a pager leaves by way of swap, if the domain has that (vm/swap.h), and is waited for: such a page is
 * not made before there is room for it. Pages on their way to swap are in the set, aside, until they are written. They
 * are begun in batches, so that a server writes many at a time.
 */
#include "reclaim.h"

#include "abi/options.h"
#include "arch/cpu.h"
#include "arch/time.h"
#include "base/string.h"
#include "kernel/assert.h"
#include "kernel/heap.h"
#include "kernel/reserve.h"
#include "swap.h"
#include "vm_private.h"

#define BATCH_MAX 32u /* pages that are sent to swap at a time: at most these, and at most an eighth of the frames */
#define SWEEP_BATCH 256u
#define VIEW_BATCH 64u
#define RETURNING_MAX 8u /* pages beyond its frames that a domain may have */
#define LOOK_AGAIN ((ts_time_t)100000000) /* ns: nobody tells who waits for room that swap is not served any more */

struct reclaim_domain {
    struct spinlock lock;      /* LOCK_RECLAIM: the set, which frames are in it, and the next four */
    struct reclaim_set set;
    uint32_t chosen;           /* victims that somebody is about to evict */
    uint32_t leaving;          /* pages on their way to swap */
    uint64_t departures;       /* pages that left so far */
    bool stuck;                /* no page could leave since the last one did */
    struct wait_queue room;    /* who waits for a page to leave */
    struct swap_space *swap;   /* referenced; null: none. Set before the job has members */
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

static bool is_charged_below(const struct account *charged, const struct account *account) {
    while (charged != NULL && charged != account) {
        charged = charged->parent;
    }
    return charged == account;
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
    wait_queue_init(&domain->room, LOCK_WAIT);
    reclaim_set_init(&domain->set, policies[policy], (uint32_t)frames, history, random_seed());
    *result = domain;
    return TS_OK;
}

void reclaim_domain_free(struct account *payer, struct reclaim_domain *domain) {
    ASSERT(reclaim_pages(&domain->set) == 0);
    if (domain->swap != NULL) {
        swap_detach(domain->swap);
    }
    account_release(payer, TS_CEILING_MEMORY, domain->charged);
    heap_free(domain->history);
    heap_free(domain);
}

bool reclaim_has_own(const struct account *account) {
    return account->domain != NULL && (account->parent == NULL || account->domain != account->parent->domain);
}

/* What is charged to an account keeps its job and those above, and these their swap. So nothing that a swap VMO consists
 * of may be charged to the account itself or below it, nor where there is swap: chains of those could end here again. */
static bool keeps(const struct account *charged, const struct account *account) {
    const struct account *level = charged;
    while (level != NULL && level != account && !reclaim_has_swap(level)) {
        level = level->parent;
    }
    return level != NULL;
}

static bool vmo_keeps(const struct vmo *vmo, const struct account *account) {
    const struct page_source *source = vmo_source(vmo);
    return keeps(vmo->object.account, account) ||
           (source != NULL && source->ops->any_account(source, keeps, account));
}

ts_status_t reclaim_swap_new(const struct account *account, struct vmo *vmo, struct swap_space **space) {
    return vmo_keeps(vmo, account) ? TS_ERR_INVALID_ARGS : swap_attach(vmo, space);
}

void reclaim_swap_free(struct swap_space *space) {
    swap_detach(space);
}

bool reclaim_set_swap(struct account *account, const struct vmo *vmo, struct swap_space *space) {
    if (!reclaim_has_own(account) || account->domain->swap != NULL || vmo_keeps(vmo, account)) {
        return false;
    }
    account->domain->swap = space;
    return true;
}

unsigned reclaim_audit_domain(const struct account *account, void (*report)(const char *format, ...)) {
    if (!reclaim_has_own(account)) {
        return 0;
    }
    struct reclaim_domain *domain = account->domain;
    spinlock_acquire(&domain->lock);
    unsigned faults = reclaim_audit(&domain->set, report);
    bool sound = domain->leaving + domain->chosen <= reclaim_pages(&domain->set);
    spinlock_release(&domain->lock);
    if (!sound) {
        report("reclaim: %u pages leave, %u are chosen, of %u", domain->leaving, domain->chosen,
               reclaim_pages(&domain->set));
    }
    return faults + (sound ? 0 : 1);
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

/* Domain lock held: somebody may go on. */
static void tell_waiter(struct reclaim_domain *domain) {
    if (domain->swap != NULL) {
        spinlock_acquire(&domain->room.lock);
        (void)wait_queue_wake_one(&domain->room, TS_OK);
        spinlock_release(&domain->room.lock);
    }
}

/* The page is not on its way to swap any more. Domain lock held. */
static void stop_leaving(struct reclaim_domain *domain, struct frame *frame) {
    if ((frame->flags & FRAME_LEAVING) != 0) {
        frame->flags = (uint8_t)(frame->flags & ~FRAME_LEAVING);
        domain->leaving--;
    }
}

static void note_departure(struct reclaim_domain *domain, struct frame *frame) {
    stop_leaving(domain, frame);
    domain->departures++;
    domain->stuck = false;
    tell_waiter(domain);
}

void reclaim_enter(struct frame *frame, const struct reclaim_miss *miss) {
    struct reclaim_domain *domain = domain_of(frame);
    if (domain != NULL) {
        frame->reclaim = (struct reclaim_page){0};
        spinlock_acquire(&domain->lock);
        reclaim_track(&domain->set, &frame->reclaim, miss, RECLAIM_FIRST_USE);
        spinlock_release(&domain->lock);
    }
}

void reclaim_enter_key(struct frame *frame, struct reclaim_key key) {
    struct reclaim_domain *domain = domain_of(frame);
    if (domain != NULL && domain->swap != NULL) {
        struct reclaim_miss miss;
        frame->reclaim = (struct reclaim_page){0};
        spinlock_acquire(&domain->lock);
        reclaim_miss(&domain->set, key, &miss);
        reclaim_track(&domain->set, &frame->reclaim, &miss, RECLAIM_FIRST_USE);
        spinlock_release(&domain->lock);
    }
}

void reclaim_leave(struct frame *frame) {
    struct reclaim_domain *domain = domain_of(frame);
    if (domain != NULL && reclaim_is_tracked(&frame->reclaim)) {
        spinlock_acquire(&domain->lock);
        reclaim_remove(&domain->set, &frame->reclaim);
        note_departure(domain, frame);
        spinlock_release(&domain->lock);
    }
}

void reclaim_evicted(struct frame *frame, struct reclaim_key key) {
    struct reclaim_domain *domain = domain_of(frame);
    spinlock_acquire(&domain->lock);
    reclaim_evict(&domain->set, &frame->reclaim, key);
    note_departure(domain, frame);
    spinlock_release(&domain->lock);
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

void reclaim_return(struct frame *frame) {
    struct reclaim_domain *domain = domain_of(frame);
    spinlock_acquire(&domain->lock);
    if (reclaim_is_aside(&frame->reclaim)) {
        reclaim_access(&domain->set, &frame->reclaim);
        reclaim_put_back(&domain->set, &frame->reclaim);
    }
    stop_leaving(domain, frame);
    tell_waiter(domain);
    spinlock_release(&domain->lock);
}

/* --- eviction --- */

struct victim {
    struct frame *frame;
    struct family *family; /* referenced */
    uint64_t index;
    const struct account *only; /* it leaves if it is charged there, or below; null: in any case */
};

/* Between views of a family, of which a program may make thousands. */
static void rest(unsigned *looked) {
    if (++*looked % VIEW_BATCH == 0) {
        sched_preemption_point();
    }
}

/* What a policy has to do before it finds a victim, in parts. Domain lock held; given back meanwhile. */
static void sweep(struct reclaim_domain *domain) {
    uint32_t parts = reclaim_pages(&domain->set) / SWEEP_BATCH + 1; /* a round; others may access pages meanwhile */
    while (parts-- > 0 && !reclaim_sweep(&domain->set, SWEEP_BATCH)) {
        spinlock_release(&domain->lock);
        sched_preemption_point();
        spinlock_acquire(&domain->lock);
    }
}

/* A victim, aside. False: all are. Domain lock held; given back meanwhile. */
static bool choose(struct reclaim_domain *domain, const struct reclaim_miss *miss, const struct account *only,
                   struct victim *victim) {
    sweep(domain);
    struct reclaim_page *page = reclaim_victim(&domain->set, miss);
    if (page != NULL) {
        *victim = (struct victim){.frame = frame_of(page), .only = only};
        victim->family = victim->frame->owner;
        victim->index = victim->frame->index;
        family_reference(victim->family);
        domain->chosen++;
    }
    return page != NULL;
}

/* The page is young after all. */
static void keep(struct reclaim_domain *domain, struct frame *frame) {
    spinlock_acquire(&domain->lock);
    reclaim_access(&domain->set, &frame->reclaim);
    reclaim_put_back(&domain->set, &frame->reclaim);
    spinlock_release(&domain->lock);
}

/* The page cannot leave now. */
static void pass_over(struct reclaim_domain *domain, struct frame *frame) {
    spinlock_acquire(&domain->lock);
    reclaim_pass_over(&domain->set, &frame->reclaim);
    spinlock_release(&domain->lock);
}

/* A page that a pager fills: absent from then on. Others that are dirty or pinned stay aside: reclaim_note_clean(). */
static void evict_paged(struct reclaim_domain *domain, const struct victim *victim) {
    struct frame *frame = victim->frame;
    struct family *family = victim->family;
    if ((frame->flags & (FRAME_DIRTY | FRAME_WRITEBACK)) != 0 || frame->pin_count != 0) {
        return;
    }
    if (family_was_accessed(family, victim->index, frame)) {
        keep(domain, frame);
        return;
    }
    family_unmap(family, victim->index, frame);
    reclaim_evicted(frame, key_of(family, victim->index));
    view_drop_page(family->source_view, victim->index);
}

/* Whether the page may leave by way of swap; it stays aside otherwise. */
static bool can_be_swapped(const struct victim *victim) {
    unsigned looked = 0;
    LIST_FOR_EACH(node, &victim->family->views) {
        rest(&looked);
        const struct view *view = container_of(node, const struct view, link);
        bool holds = view->pins != 0 || container_of(view, const struct vmo, own)->memory_type != PT_TYPE_CACHED;
        if (holds && view_shows(view, victim->index, victim->frame)) {
            return false;
        }
    }
    return victim->frame->pin_count == 0;
}

/* Whether relatives of jobs with other swap, or none, see the page. They did not choose this swap's server, which could
 * change what they have looked at already: so it stays until they are gone. */
static bool is_seen_elsewhere(const struct reclaim_domain *domain, const struct victim *victim) {
    unsigned looked = 0;
    LIST_FOR_EACH(node, &victim->family->views) {
        rest(&looked);
        const struct view *view = container_of(node, const struct view, link);
        const struct account *account = view->payer->account;
        bool same = reclaim_has_swap(account) && account->domain->swap == domain->swap;
        if (!same && view_shows(view, victim->index, victim->frame)) {
            return true;
        }
    }
    return false;
}

/* A page of memory without a pager. */
static ts_status_t evict_to_swap(struct reclaim_domain *domain, const struct victim *victim) {
    struct frame *frame = victim->frame;
    struct swap_slot *slot = NULL;
    if (!can_be_swapped(victim)) {
        return TS_OK;
    }
    if (family_was_accessed(victim->family, victim->index, frame)) {
        keep(domain, frame);
        return TS_OK;
    }
    ts_status_t status = is_seen_elsewhere(domain, victim) ? TS_OK
                                                           : swap_reserve(domain->swap, victim->family, frame, &slot);
    if (slot == NULL) {
        pass_over(domain, frame);
        return status;
    }
    family_unmap(victim->family, victim->index, frame);
    spinlock_acquire(&domain->lock);
    frame->flags |= FRAME_LEAVING;
    domain->leaving++;
    spinlock_release(&domain->lock);
    swap_out(slot, victim->family, frame);
    return TS_OK;
}

/* A page that came back from swap, and that nobody wanted any more. Meanwhile it may have been wanted, and be on its way
 * out again, to the same slot. */
static void drop_unwanted(const struct victim *victim) {
    if ((victim->frame->flags & FRAME_LEAVING) == 0) {
        swap_drop(victim->family->source_view, victim->index);
    }
}

/* Where the page is: in the view of its family's source, which may be that of swap, or in others. The frame may have been
 * freed, and may be another page by now: then there is nothing to do. Family lock held. */
static ts_status_t evict_locked(struct reclaim_domain *domain, const struct victim *victim) {
    const struct family *family = victim->family;
    const struct view *source = family->source_view;
    bool paged = source != NULL && page_tree_frame(page_tree_find(&source->tree, victim->index)) == victim->frame;
    if (!paged && !family_has_page(family, victim->index, victim->frame)) {
        return TS_OK;
    }
    if (domain_of(victim->frame) != domain || !reclaim_is_aside(&victim->frame->reclaim)) {
        return TS_OK;
    }
    if (victim->only != NULL && !is_charged_below(victim->frame->payer->account, victim->only)) {
        pass_over(domain, victim->frame);
    } else if (paged && family->swap != NULL) {
        drop_unwanted(victim);
    } else if (paged) {
        evict_paged(domain, victim);
    } else {
        return evict_to_swap(domain, victim);
    }
    return TS_OK;
}

static ts_status_t evict(struct reclaim_domain *domain, const struct victim *victim) {
    mutex_acquire(&victim->family->lock);
    ts_status_t status = evict_locked(domain, victim);
    mutex_release(&victim->family->lock);
    family_release(victim->family);
    spinlock_acquire(&domain->lock);
    domain->chosen--;
    tell_waiter(domain); /* who waited for just this page has to look for another */
    spinlock_release(&domain->lock);
    sched_preemption_point();
    return status;
}

/* Pages that are not on their way to swap. Domain lock held. */
static uint32_t staying_pages(const struct reclaim_domain *domain) {
    return reclaim_pages(&domain->set) - domain->leaving;
}

/* Who keeps being accessed cannot hold us up for ever. Domain lock held. */
static uint32_t tries_for(const struct reclaim_domain *domain) {
    return 2 * reclaim_pages(&domain->set) + 2;
}

bool reclaim_make_room(struct family *family, uint64_t index, struct reclaim_miss *miss) {
    struct account *account = family->source_view->payer->account;
    struct reclaim_domain *domain = account != NULL ? account->domain : NULL;
    if (domain == NULL) {
        return false;
    }
    struct victim victim;
    spinlock_acquire(&domain->lock);
    reclaim_miss(&domain->set, key_of(family, index), miss);
    uint32_t tries = tries_for(domain);
    while (tries-- > 0 && staying_pages(domain) >= domain->frames && choose(domain, miss, NULL, &victim)) {
        spinlock_release(&domain->lock);
        (void)evict(domain, &victim);
        spinlock_acquire(&domain->lock);
    }
    spinlock_release(&domain->lock);
    return true;
}

void reclaim_fill_reserve(void) {
    const struct task *task = task_current();
    if (task->space != NULL) {
        const struct account *account = container_of(task->space, struct address_space, table)->account;
        frame_reserve_fill(account != NULL ? __atomic_load_n(&account->reserve, __ATOMIC_ACQUIRE) : NULL);
    }
}

/* --- room for memory without a pager --- */

static bool is_full(const struct reclaim_domain *domain) {
    return reclaim_pages(&domain->set) >= domain->frames;
}

bool reclaim_has_swap(const struct account *account) {
    return account != NULL && account->domain != NULL && account->domain->swap != NULL;
}

bool reclaim_lacks_room(struct account *account) {
    struct page_wait wait;
    bool lacks = reclaim_ask(account, &wait) == TS_ERR_SHOULD_WAIT;
    if (lacks) {
        account_drop(account);
    }
    return lacks;
}

/* Room for one more page that comes back where nothing can leave. Domain lock held. */
static bool may_exceed(const struct reclaim_domain *domain) {
    return reclaim_pages(&domain->set) < (uint64_t)domain->frames + RETURNING_MAX;
}

static ts_status_t should_wait(struct account *account, const struct account *at_ceiling, struct page_wait *wait) {
    *wait = (struct page_wait){.account = account, .at_ceiling = at_ceiling};
    account_hold(account);
    return TS_ERR_SHOULD_WAIT;
}

ts_status_t reclaim_ask(struct account *account, struct page_wait *wait) {
    if (!reclaim_has_swap(account)) {
        return TS_OK;
    }
    struct reclaim_domain *domain = account->domain;
    spinlock_acquire(&domain->lock);
    bool full = is_full(domain);
    spinlock_release(&domain->lock);
    return full ? should_wait(account, NULL, wait) : reclaim_ask_below_ceiling(account, 1, wait);
}

ts_status_t reclaim_ask_return(struct account *account, struct page_wait *wait) {
    if (!reclaim_has_swap(account)) {
        return TS_OK;
    }
    struct reclaim_domain *domain = account->domain;
    spinlock_acquire(&domain->lock);
    bool full = is_full(domain) && !(domain->stuck && may_exceed(domain));
    spinlock_release(&domain->lock);
    if (full) {
        (void)should_wait(account, NULL, wait);
        wait->returning = true;
        return TS_ERR_SHOULD_WAIT;
    }
    return reclaim_ask_below_ceiling(account, 1, wait);
}

ts_status_t reclaim_ask_below_ceiling(struct account *account, uint64_t pages, struct page_wait *wait) {
    if (!reclaim_has_swap(account)) {
        return TS_OK;
    }
    const struct account *full = account_without_room(account, TS_CEILING_MEMORY, pages * TS_PAGE_SIZE);
    return full == NULL ? TS_OK : should_wait(account, full, wait);
}

/* What a wait for room waits for: room in the domain, or that a page leaves that is charged to an account or below it. */
struct want {
    const struct account *at_ceiling; /* null: room in the domain */
    uint64_t departures;              /* of any pages, at its beginning */
};

static bool is_met(const struct reclaim_domain *domain, const struct want *want) {
    return want->at_ceiling != NULL ? domain->departures != want->departures : !is_full(domain);
}

/* Pages on their way to swap are enough, or leave enough room when they are gone. Domain lock held. */
static bool is_enough(const struct reclaim_domain *domain, const struct want *want) {
    uint32_t batch = domain->frames / 8 < BATCH_MAX ? domain->frames / 8 + 1 : BATCH_MAX;
    uint32_t leaving = domain->leaving + domain->chosen;
    uint32_t pages = reclaim_pages(&domain->set);
    uint32_t staying = leaving < pages ? pages - leaving : 0; /* a page that is just sent away counts twice */
    return leaving >= batch || (want->at_ceiling != NULL ? is_met(domain, want) : staying + batch <= domain->frames);
}

/* Domain lock held; given back meanwhile. */
static void send_away(struct reclaim_domain *domain, const struct want *want) {
    struct victim victim;
    ts_status_t status = TS_OK;
    for (uint32_t tries = tries_for(domain); status == TS_OK && tries > 0; tries--) {
        if (is_enough(domain, want) || !choose(domain, NULL, want->at_ceiling, &victim)) {
            return;
        }
        spinlock_release(&domain->lock);
        status = evict(domain, &victim);
        spinlock_acquire(&domain->lock);
    }
}

/* Domain lock held, which it releases. NO_MEMORY: no page is about to leave. */
static ts_status_t wait_for_departure(struct reclaim_domain *domain) {
    if (domain->leaving + domain->chosen == 0 || !swap_is_served(domain->swap)) {
        spinlock_release(&domain->lock);
        return TS_ERR_NO_MEMORY;
    }
    spinlock_acquire(&domain->room.lock);
    spinlock_release(&domain->lock);
    ts_status_t status = wait_queue_block(&domain->room, arch_time_now() + LOOK_AGAIN);
    return status == TS_ERR_TIMED_OUT ? TS_OK : status;
}

/* Nothing leaves: whether the page may come all the same. */
static ts_status_t come_back(struct reclaim_domain *domain) {
    spinlock_acquire(&domain->lock);
    domain->stuck = true;
    bool may = may_exceed(domain);
    spinlock_release(&domain->lock);
    return may ? TS_OK : TS_ERR_NO_MEMORY;
}

ts_status_t reclaim_wait_for_room(const struct page_wait *wait) {
    struct reclaim_domain *domain = wait->account->domain;
    ts_status_t status = TS_OK;
    bool met = false;
    spinlock_acquire(&domain->lock);
    const struct want want = {wait->at_ceiling, domain->departures};
    while (status == TS_OK && !met) {
        send_away(domain, &want);
        met = is_met(domain, &want);
        if (met) {
            spinlock_release(&domain->lock);
        } else {
            status = wait_for_departure(domain);
        }
        if (status == TS_OK && !met) {
            spinlock_acquire(&domain->lock);
        }
    }
    if (status == TS_ERR_NO_MEMORY && wait->returning) {
        status = come_back(domain);
    }
    account_drop(wait->account);
    return status;
}
