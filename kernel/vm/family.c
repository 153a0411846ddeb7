/* SPDX-License-Identifier: MIT */
/* Views of a clone family, and who pays for its frames. */
#include "family.h"

#include "base/string.h"
#include "reclaim.h"
#include "kernel/assert.h"
#include "kernel/heap.h"
#include "kernel/reserve.h"

#define COUNT_BATCH 64u

static SLAB_CACHE(family_cache, struct family);
static SLAB_CACHE(payer_cache, struct payer);

static uint64_t last_number; /* atomic */

/* --- payers --- */

static __attribute__((noinline)) struct frame *frame_of_reserve(const struct account *account, enum frame_use use,
                                                                unsigned flags) {
    struct frame_reserve *reserve = account != NULL ? __atomic_load_n(&account->reserve, __ATOMIC_ACQUIRE) : NULL;
    return reserve != NULL ? frame_reserve_alloc(reserve, use, flags) : NULL;
}

struct frame *payer_frame(struct payer *payer, enum frame_use use, unsigned flags) {
    if (account_charge(payer->account, TS_CEILING_MEMORY, TS_PAGE_SIZE) != TS_OK) {
        payer->refused = true;
        return NULL;
    }
    struct frame *frame = frame_alloc(use, flags);
    if (frame == NULL) {
        frame = frame_of_reserve(payer->account, use, flags);
    }
    if (frame == NULL) {
        account_release(payer->account, TS_CEILING_MEMORY, TS_PAGE_SIZE);
        return NULL;
    }
    frame->payer = payer;
    frame->shares = 1;
    payer->uses++;
    return frame;
}

void payer_put(struct frame *frame) {
    DEBUG_ASSERT(frame->shares > 0);
    if (--frame->shares > 0) {
        return;
    }
    struct payer *payer = frame->payer;
    reclaim_leave(frame);
    frame_free(frame);
    account_release(payer->account, TS_CEILING_MEMORY, TS_PAGE_SIZE);
    payer_release(payer);
}

/* The family's own payer is part of it. */
void payer_release(struct payer *payer) {
    ASSERT(payer->uses > 0);
    if (--payer->uses == 0) {
        account_drop(payer->account);
        payer->account = NULL;
        if (list_is_linked(&payer->link)) {
            list_remove(&payer->link);
            slab_free(&payer_cache, payer);
        }
    }
}

static void payer_begin(struct payer *payer, struct account *account) {
    account_hold(account);
    payer->account = account;
    payer->uses = 1;
}

/* The family's payer with this account, used once more. */
static struct payer *payer_find(struct family *family, struct account *account) {
    if (family->own.uses == 0) {
        payer_begin(&family->own, account);
        return &family->own;
    }
    struct payer *payer = &family->own;
    LIST_FOR_EACH(node, &family->payers) {
        payer = payer->account == account ? payer : container_of(node, struct payer, link);
    }
    if (payer->account == account) {
        payer->uses++;
        return payer;
    }
    payer = slab_alloc(&payer_cache);
    if (payer != NULL) {
        payer_begin(payer, account);
        list_add_tail(&family->payers, &payer->link);
    }
    return payer;
}

/* --- views --- */

static void view_join(struct view *view, struct family *family, uint64_t first, uint64_t pages, struct payer *payer) {
    *view = (struct view){.family = family, .first = first, .pages = pages, .payer = payer};
    view->is_limited = reclaim_has_swap(payer->account);
    list_init(&view->mappings);
    list_add_tail(&family->views, &view->link);
    family->view_count++;
}

ts_status_t view_create(struct view *view, uint64_t pages, struct account *account) {
    struct family *family = slab_alloc(&family_cache);
    if (family == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    ts_status_t status = account_charge(account, TS_CEILING_MEMORY, sizeof(*family));
    if (status != TS_OK) {
        slab_free(&family_cache, family);
        return status;
    }
    mutex_init(&family->lock);
    family->references = 1;
    family->number = __atomic_add_fetch(&last_number, 1, __ATOMIC_RELAXED);
    spinlock_init(&family->links_lock, LOCK_VMO);
    list_init(&family->views);
    list_init(&family->payers);
    family->charged = account;
    account_hold(account);
    view_join(view, family, 0, pages, payer_find(family, account));
    return TS_OK;
}

/* What [first, end) does not contain goes from a tree that was just copied. */
static ts_status_t trim(struct view *child, uint64_t first, uint64_t end) {
    ts_status_t status = page_tree_prepare_cut(&child->tree, 0, first, child->payer);
    if (status == TS_OK) {
        page_tree_cut(&child->tree, 0, first);
        status = page_tree_prepare_cut(&child->tree, end, PAGE_TREE_INDEX_MAX + 1, child->payer);
    }
    if (status == TS_OK) {
        page_tree_cut(&child->tree, end, PAGE_TREE_INDEX_MAX + 1);
    }
    return status;
}

/* Where a child does not look for its parent's pages any more: those that it sees end, or the parent itself looks no
 * further. */
static uint64_t limit_of_child(const struct view *from, uint64_t first, uint64_t seen) {
    uint64_t end = from == from->family->source_view ? from->pages : from->limit;
    uint64_t limit = end > first ? end - first : 0;
    return limit < seen ? limit : seen;
}

ts_status_t view_snapshot(struct view *from, uint64_t first, uint64_t seen, uint64_t pages, struct account *account,
                          struct view *child) {
    DEBUG_ASSERT(seen <= pages);
    struct family *family = from->family;
    uint64_t start, end;
    if (__builtin_add_overflow(from->first, first, &start) || __builtin_add_overflow(start, pages, &end) ||
        end > PAGE_TREE_INDEX_MAX + 1) {
        return TS_ERR_OUT_OF_RANGE;
    }
    if (family->view_count == FAMILY_VIEWS_MAX) {
        return TS_ERR_NO_RESOURCES;
    }
    struct payer *payer = payer_find(family, account);
    if (payer == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    view_join(child, family, start, pages, payer);
    child->limit = limit_of_child(from, first, pages);
    if (from != family->source_view) {
        page_tree_share(&from->tree, &child->tree);
    }
    ts_status_t status = TS_OK;
    if (start > from->first || start + seen < from->first + from->pages) {
        status = trim(child, start, start + seen);
    }
    if (status != TS_OK) {
        page_tree_release(&child->tree);
        list_remove(&child->link);
        family->view_count--;
        payer_release(payer);
    }
    return status;
}

void family_reference(struct family *family) {
    uint32_t before = __atomic_fetch_add(&family->references, 1, __ATOMIC_RELAXED);
    ASSERT(before != 0 && before != UINT32_MAX);
}

void family_release(struct family *family) {
    if (__atomic_sub_fetch(&family->references, 1, __ATOMIC_ACQ_REL) != 0) {
        return;
    }
    DEBUG_ASSERT(family->own.uses == 0 && list_is_empty(&family->payers));
    account_release(family->charged, TS_CEILING_MEMORY, sizeof(*family));
    account_drop(family->charged);
    slab_free(&family_cache, family);
}

/* A family whose pages are in a reclaim domain can be found by its frames. */
bool view_is_small_and_alone(const struct view *view) {
    struct family *family = view->family;
    return family->source == NULL && !view->is_limited && mutex_is_free(&family->lock) && family->view_count == 1 &&
           family->own.uses < PAGE_TREE_SMALL && list_is_empty(&family->payers);
}

void view_destroy(struct view *view) {
    struct family *family = view->family;
    bool alone = view_is_small_and_alone(view);
    DEBUG_ASSERT(list_is_empty(&view->mappings));
    if (!alone) {
        mutex_acquire(&family->lock);
    }
    page_tree_release(&view->tree);
    list_remove(&view->link);
    unsigned left = --family->view_count;
    family->source_view = family->source_view != view ? family->source_view : NULL;
    payer_release(view->payer);
    if (!alone) {
        mutex_release(&family->lock);
    }
    if (left == 0) {
        family_release(family);
    }
}

struct frame *view_page(const struct view *view, uint64_t page) {
    return page_tree_frame(page_tree_find(&view->tree, view->first + page));
}

void view_set_source(struct view *view, struct page_source *source) {
    view->family->source = source;
    view->family->source_view = view;
    view->limit = view->pages;
}

/* The word of a page that is absent from the view itself. SHOULD_WAIT: it is nowhere. The source's view begins at index
 * 0, and others see no further than it reached when they were made. */
static ts_status_t find_in_source(const struct view *view, uint64_t page, uint64_t *word) {
    const struct family *family = view->family;
    *word = PAGE_ZERO;
    if (family->source == NULL || family->swap != NULL || page >= view->limit) {
        return TS_OK; /* swap is read by its server, which waits for nothing that it would have to answer itself */
    }
    uint64_t index = view->first + page;
    uint64_t found = view == family->source_view ? PAGE_ABSENT : page_tree_find(&family->source_view->tree, index);
    if (found == PAGE_ABSENT) {
        return index < family->source_view->limit ? TS_ERR_SHOULD_WAIT : TS_OK;
    }
    *word = found;
    return TS_OK;
}

ts_status_t view_find(const struct view *view, uint64_t page, struct frame **frame) {
    uint64_t word = page_tree_find(&view->tree, view->first + page);
    ts_status_t status = word == PAGE_ABSENT ? find_in_source(view, page, &word) : TS_OK;
    *frame = status == TS_OK ? page_tree_frame(word) : NULL;
    return page_tree_slot(word) == NULL ? status : TS_ERR_SHOULD_WAIT;
}

/* No memory for a page or a node: there may be some when others have left, or already by now. */
static ts_status_t no_memory(const struct view *view) {
    struct payer *payer = view->payer;
    bool may_help = reclaim_has_swap(payer->account) && (payer->refused || reclaim_lacks_room(payer->account));
    payer->refused = false;
    return may_help ? TS_ERR_SHOULD_WAIT : TS_ERR_NO_MEMORY;
}

/* A page that is the view's own, charged; it is not in the tree yet. Null: no memory. */
static inline struct frame *new_page(struct view *view, uint64_t index, unsigned flags) {
    struct frame *frame = payer_frame(view->payer, FRAME_VMO, flags);
    if (frame != NULL) {
        frame->owner = view->family;
        frame->index = index;
    }
    return frame;
}

struct frame *view_fill(struct view *view, uint64_t index, uint64_t *place) {
    DEBUG_ASSERT(*place == PAGE_ABSENT && view->family->source == NULL);
    struct frame *frame = new_page(view, index, FRAME_ANY);
    *place = (uint64_t)frame;
    return frame;
}

/* A page of its own instead of the one at an owned place, with the contents of `old` (null: zeros). */
static ts_status_t replace_page(struct view *view, uint64_t page, uint64_t *place, const struct frame *old,
                                struct frame **result) {
    bool paged = view == view->family->source_view;
    bool limited = !paged && view->is_limited;
    if (limited && reclaim_lacks_room(view->payer->account)) {
        return TS_ERR_SHOULD_WAIT;
    }
    struct frame *frame = new_page(view, view->first + page, old != NULL ? FRAME_DIRTY_OK : FRAME_ANY);
    if (frame == NULL) {
        return no_memory(view);
    }
    frame->flags = paged ? FRAME_DIRTY : 0;
    if (old != NULL) {
        arch_page_copy(frame_to_virt(frame), frame_to_virt(old));
    }
    struct frame *own = page_tree_frame(*place);
    if (own != NULL) {
        payer_put(own);
    }
    *place = (uint64_t)frame;
    *result = frame;
    if (paged) {
        reclaim_enter(frame, NULL);
    } else if (limited) {
        reclaim_enter_key(frame, (struct reclaim_key){view->family->number, frame->index});
    }
    return TS_OK;
}

/* What lies beyond what the source was asked for is the kernel's own, and dirty from the beginning. */
bool view_must_ask_dirty(const struct view *view, uint64_t page) {
    const struct family *family = view->family;
    if (view != family->source_view || !family->source->traps_dirty) {
        return false;
    }
    uint64_t word = page_tree_find(&view->tree, page);
    const struct frame *frame = page_tree_frame(word);
    return frame != NULL ? (frame->flags & FRAME_DIRTY) == 0 : word == PAGE_ZERO;
}

/* With a source: what a page that is to be written contains. */
static ts_status_t find_writable(const struct view *view, uint64_t page, struct frame **frame) {
    ts_status_t status = view_find(view, page, frame);
    return status == TS_OK && view_must_ask_dirty(view, page) ? TS_ERR_SHOULD_WAIT : status;
}

ts_status_t view_own_page(struct view *view, uint64_t page, struct frame **result, bool *changed) {
    DEBUG_ASSERT(page < view->pages);
    struct frame *old = NULL;
    ts_status_t status = view->family->source != NULL ? find_writable(view, page, &old) : TS_OK;
    if (status != TS_OK) {
        return status;
    }
    uint64_t *place = page_tree_own(&view->tree, view->first + page, view->payer);
    if (place == NULL) {
        return no_memory(view);
    }
    if (page_tree_slot(*place) != NULL) {
        return TS_ERR_SHOULD_WAIT;
    }
    struct frame *own = page_tree_frame(*place);
    *changed = own == NULL || page_tree_page_is_shared(place);
    if (*changed) {
        return replace_page(view, page, place, own != NULL ? own : old, result);
    }
    if (view == view->family->source_view) {
        own->flags = (uint8_t)((own->flags | FRAME_DIRTY) & ~FRAME_WRITEBACK);
    }
    *result = own;
    return TS_OK;
}

ts_status_t view_make_dirty(struct view *view, uint64_t page, bool *changed) {
    uint64_t *place = page_tree_own(&view->tree, page, view->payer);
    if (place == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    struct frame *frame = page_tree_frame(*place);
    *changed = frame == NULL;
    if (frame == NULL) {
        return replace_page(view, page, place, NULL, &frame);
    }
    frame->flags = (uint8_t)((frame->flags | FRAME_DIRTY) & ~FRAME_WRITEBACK);
    return TS_OK;
}

ts_status_t view_adopt(struct view *view, uint64_t page, struct frame *frame) {
    struct payer *payer = view->payer;
    uint64_t *place = page_tree_own(&view->tree, view->first + page, payer);
    if (place == NULL || account_charge(payer->account, TS_CEILING_MEMORY, TS_PAGE_SIZE) != TS_OK) {
        return TS_ERR_NO_MEMORY;
    }
    DEBUG_ASSERT(*place == PAGE_ABSENT);
    payer->uses++;
    frame->payer = payer;
    frame->shares = 1;
    frame->owner = view->family;
    frame->index = view->first + page;
    *place = (uint64_t)frame;
    return TS_OK;
}

bool view_owns_page(const struct view *view, uint64_t page) {
    bool owned;
    (void)view_look(view, page, &owned);
    return owned;
}

/* Who pays for a frame changes; its contents and who maps it do not. NO_MEMORY. */
static ts_status_t change_payer(struct frame *frame, struct payer *payer) {
    struct payer *old = frame->payer;
    if (old->account != payer->account) {
        if (account_charge(payer->account, TS_CEILING_MEMORY, TS_PAGE_SIZE) != TS_OK) {
            return TS_ERR_NO_MEMORY;
        }
        account_release(old->account, TS_CEILING_MEMORY, TS_PAGE_SIZE);
    }
    payer->uses++;
    frame->payer = payer;
    payer_release(old);
    return TS_OK;
}

/* The place of a page that a view without relatives has: nothing needs to be made on the way. */
static uint64_t *place_of(struct view *view, uint64_t page) {
    uint64_t *place = page_tree_own(&view->tree, view->first + page, view->payer);
    ASSERT(place != NULL);
    return place;
}

ts_status_t view_move_page(struct view *from, uint64_t page, struct view *to, uint64_t to_page) {
    DEBUG_ASSERT(from->family->view_count == 1);
    uint64_t *place = page_tree_own(&to->tree, to->first + to_page, to->payer);
    if (place == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    DEBUG_ASSERT(*place == PAGE_ABSENT);
    struct frame *frame;
    ts_status_t status = view_find(from, page, &frame);
    if (status != TS_OK) {
        return status;
    }
    if (frame == NULL) {
        *place = PAGE_ZERO;
        return TS_OK;
    }
    reclaim_leave(frame);
    if (change_payer(frame, to->payer) != TS_OK) {
        return TS_ERR_NO_MEMORY;
    }
    frame->owner = to->family;
    frame->index = to->first + to_page;
    frame->flags = 0;
    *place = (uint64_t)frame;
    *place_of(from, page) = PAGE_ABSENT;
    return TS_OK;
}

void view_give_page(struct view *view, uint64_t page) {
    struct frame *frame = view_page(view, page);
    *place_of(view, page) = PAGE_ABSENT;
    reclaim_leave(frame);
    account_release(frame->payer->account, TS_CEILING_MEMORY, TS_PAGE_SIZE);
    payer_release(frame->payer);
}

void view_drop_page(struct view *view, uint64_t page) {
    DEBUG_ASSERT(view->family->view_count == 1 || view == view->family->source_view);
    uint64_t word = page_tree_find(&view->tree, view->first + page);
    struct frame *frame = page_tree_frame(word);
    struct swap_slot *slot = page_tree_slot(word);
    if (frame != NULL || slot != NULL) {
        *place_of(view, page) = PAGE_ABSENT;
    }
    if (frame != NULL) {
        payer_put(frame);
    }
    if (slot != NULL && --slot->shares == 0) {
        swap_free_slot(slot);
    }
}

bool view_shows(const struct view *view, uint64_t index, const struct frame *frame) {
    if (index < view->first || index - view->first >= view->pages) {
        return false;
    }
    const struct view *source = view->family->source_view;
    uint64_t word = page_tree_find(&view->tree, index);
    word = word == PAGE_ABSENT && source != NULL ? page_tree_find(&source->tree, index) : word;
    return page_tree_frame(word) == frame;
}

bool family_has_page(const struct family *family, uint64_t index, const struct frame *frame) {
    unsigned looked = 0;
    LIST_FOR_EACH(node, &family->views) {
        if (++looked % COUNT_BATCH == 0) {
            sched_preemption_point();
        }
        const struct view *view = container_of(node, const struct view, link);
        if (page_tree_frame(page_tree_find(&view->tree, index)) == frame) {
            return true;
        }
    }
    return false;
}

ts_status_t view_prepare_cut(struct view *view, uint64_t first, uint64_t end) {
    return page_tree_prepare_cut(&view->tree, view->first + first, view->first + end, view->payer);
}

void view_cut(struct view *view, uint64_t first, uint64_t end) {
    page_tree_cut(&view->tree, view->first + first, view->first + end);
}

bool view_next_page(const struct view *view, uint64_t *page, uint64_t end, struct frame **frame) {
    uint64_t index = view->first + *page, word;
    while (page_tree_next(&view->tree, &index, view->first + end, &word)) {
        *frame = page_tree_frame(word);
        if (*frame != NULL) {
            *page = index - view->first;
            return true;
        }
        index++;
    }
    return false;
}

/* This view's part of a page, by its turn among those that see it. */
static uint64_t part_of_page(const struct view *view, uint64_t index, const struct frame *frame) {
    uint64_t sharers = 0, turn = 0;
    LIST_FOR_EACH(node, &view->family->views) {
        const struct view *relative = container_of(node, struct view, link);
        turn = relative == view ? sharers : turn;
        sharers += page_tree_frame(page_tree_find(&relative->tree, index)) == frame ? 1 : 0;
    }
    return TS_PAGE_SIZE / sharers + (turn < TS_PAGE_SIZE % sharers ? 1 : 0);
}

void view_count(const struct view *view, uint64_t first, uint64_t end, uint64_t *populated, uint64_t *part) {
    struct frame *frame;
    *populated = 0;
    *part = 0;
    for (uint64_t page = first; view_next_page(view, &page, end, &frame); page++) {
        *populated += TS_PAGE_SIZE;
        *part += view->family->view_count == 1 ? TS_PAGE_SIZE : part_of_page(view, view->first + page, frame);
        if (*populated / TS_PAGE_SIZE % COUNT_BATCH == 0) {
            sched_preemption_point();
        }
    }
}
