/* SPDX-License-Identifier: MIT */
/* Slots of swap, and how pages get there and back. */
#include "swap.h"

#include "family.h"
#include "kernel/assert.h"
#include "kernel/heap.h"
#include "reclaim.h"

#define VIEW_BATCH 64u /* views or slots between two preemption points */
#define NO_SLOT    UINT32_MAX

#define PART_SLOTS 256u /* are made, and cleared, at a time */

struct swap_space {
    struct vmo *vmo;
    struct account *account; /* of the VMO */
    size_t charged;          /* bytes of this structure and its slots */
    uint32_t slots;
    uint32_t free;           /* the first of those that are not in use */
    struct swap_slot *part[];
};

static struct family *family_of(const struct swap_space *space) {
    return space->vmo->own.family;
}

static struct swap_slot *slot_at(const struct swap_space *space, uint64_t number) {
    return &space->part[number / PART_SLOTS][number % PART_SLOTS];
}

/* The word of a slot in the tree of the swap VMO: all nodes were made at first. */
static uint64_t *place_of(struct view *view, uint64_t number) {
    uint64_t *place = page_tree_own(&view->tree, number, view->payer);
    ASSERT(place != NULL);
    return place;
}

static uint64_t word_of(struct swap_slot *slot) {
    return (uint64_t)slot | PAGE_SWAPPED;
}

/* --- spaces --- */

static uint64_t count_parts(uint64_t slots) {
    return (slots + PART_SLOTS - 1) / PART_SLOTS;
}

/* All slots, of which none is in use. NO_MEMORY: some may have been made. */
static ts_status_t make_slots(struct swap_space *space) {
    for (uint64_t i = 0; i < count_parts(space->slots); i++) {
        space->part[i] = heap_alloc(PART_SLOTS * sizeof(struct swap_slot));
        if (space->part[i] == NULL) {
            return TS_ERR_NO_MEMORY;
        }
        sched_preemption_point();
    }
    space->free = NO_SLOT;
    for (uint32_t i = space->slots; i-- > 0;) {
        *slot_at(space, i) = (struct swap_slot){.space = space, .number = i, .next_free = space->free};
        space->free = i;
        if (i % VIEW_BATCH == 0) {
            sched_preemption_point();
        }
    }
    return TS_OK;
}

void swap_space_free(struct swap_space *space) {
    for (uint64_t i = 0; i < count_parts(space->slots); i++) {
        heap_free(space->part[i]);
        sched_preemption_point();
    }
    account_release(space->account, TS_CEILING_MEMORY, space->charged);
    heap_free(space);
}

static ts_status_t make_nodes(struct view *view) {
    for (uint64_t page = 0; page < view->pages; page += (uint64_t)1 << PAGE_TREE_BITS) {
        if (page_tree_own(&view->tree, page, view->payer) == NULL) {
            return TS_ERR_NO_MEMORY;
        }
        sched_preemption_point();
    }
    return page_tree_own(&view->tree, view->pages - 1, view->payer) != NULL ? TS_OK : TS_ERR_NO_MEMORY;
}

/* Nobody shows the VMO, and nothing is there yet. */
static bool is_unused(const struct vmo *vmo) {
    struct family *family = vmo->own.family;
    struct frame *frame;
    uint64_t page = 0;
    spinlock_acquire(&family->links_lock);
    bool has_children = !list_is_empty(&vmo->children);
    spinlock_release(&family->links_lock);
    return !has_children && family->view_count == 1 && vmo->own.pins == 0 && list_is_empty(&vmo->own.mappings) &&
           !view_next_page(&vmo->own, &page, vmo->own.pages, &frame);
}

/* Family lock held. */
static ts_status_t make_space(struct vmo *vmo, struct swap_space **result) {
    uint64_t slots = vmo->own.pages;
    if (!is_unused(vmo)) {
        return TS_ERR_BAD_STATE;
    }
    if (slots == 0 || slots > SWAP_SLOTS_MAX) {
        return TS_ERR_OUT_OF_RANGE;
    }
    struct account *account = vmo->object.account;
    size_t size = sizeof(struct swap_space) + count_parts(slots) * sizeof(struct swap_slot *);
    size_t charged = size + count_parts(slots) * PART_SLOTS * sizeof(struct swap_slot);
    if (account_charge(account, TS_CEILING_MEMORY, charged) != TS_OK) {
        return TS_ERR_NO_MEMORY;
    }
    struct swap_space *space = heap_alloc(size);
    if (space == NULL) {
        account_release(account, TS_CEILING_MEMORY, charged);
        return TS_ERR_NO_MEMORY;
    }
    space->vmo = vmo;
    space->account = account;
    space->charged = charged;
    space->slots = (uint32_t)slots;
    if (make_slots(space) != TS_OK || make_nodes(&vmo->own) != TS_OK) {
        swap_space_free(space);
        return TS_ERR_NO_MEMORY;
    }
    *result = space;
    return TS_OK;
}

ts_status_t swap_attach(struct vmo *vmo, struct swap_space **space) {
    const struct page_source *source = vmo_source(vmo);
    if (source == NULL || source->traps_dirty || vmo->is_resizable) {
        return TS_ERR_INVALID_ARGS;
    }
    struct family *family = vmo->own.family;
    mutex_acquire(&family->lock);
    ts_status_t status = family->swap == NULL ? make_space(vmo, &family->swap) : TS_OK;
    *space = family->swap;
    mutex_release(&family->lock);
    if (status == TS_OK) {
        object_reference(&vmo->object);
    }
    return status;
}

void swap_detach(struct swap_space *space) {
    object_release(&space->vmo->object);
}

size_t swap_space_size(const struct swap_space *space) {
    return space->charged;
}

bool swap_is_served(const struct swap_space *space) {
    struct page_source *source = family_of(space)->source;
    spinlock_acquire(&source->lock);
    bool served = !source->detached;
    spinlock_release(&source->lock);
    return served;
}

struct swap_slot *swap_slot_of(const struct view *view, uint64_t number) {
    struct swap_slot *slot = slot_at(view->family->swap, number);
    return slot->payer != NULL ? slot : NULL;
}

/* --- slots --- */

static struct swap_slot *take_slot(struct swap_space *space, struct payer *payer, struct reclaim_key key) {
    if (space->free == NO_SLOT) {
        return NULL;
    }
    struct swap_slot *slot = slot_at(space, space->free);
    space->free = slot->next_free;
    slot->shares = 0;
    slot->payer = payer;
    slot->family = key.family;
    slot->index = key.index;
    return slot;
}

/* Who still waits for the slot's page looks for it where it is now. */
static void give_slot_back(struct swap_slot *slot) {
    struct swap_space *space = slot->space;
    uint64_t number = slot->number;
    account_release(slot->payer->account, TS_CEILING_SWAP, TS_PAGE_SIZE);
    slot->payer = NULL;
    slot->shares = 0;
    slot->next_free = space->free;
    space->free = (uint32_t)number;
    page_source_answer(family_of(space)->source, number, number + 1, PAGE_REQUEST_ANY, TS_OK);
}

/* A page of a slot goes. Its payer's count is the slot's. */
static void free_page(struct frame *frame) {
    struct account *account = frame->payer->account;
    frame_free(frame);
    reclaim_fill_reserve();
    account_release(account, TS_CEILING_MEMORY, TS_PAGE_SIZE);
}

void swap_free_slot(struct swap_slot *slot) {
    struct family *family = family_of(slot->space);
    struct payer *payer = slot->payer;
    mutex_acquire(&family->lock);
    uint64_t *place = place_of(&slot->space->vmo->own, slot->number);
    struct frame *frame = page_tree_frame(*place);
    *place = PAGE_ABSENT;
    if (frame != NULL) {
        reclaim_leave(frame);
        free_page(frame);
    }
    give_slot_back(slot);
    mutex_release(&family->lock);
    payer_release(payer);
}

/* Exchanges a word for another in all views of a family: how often it was there. Family lock held. */
static uint32_t exchange(struct family *family, uint64_t index, uint64_t from, uint64_t to) {
    uint32_t count = 0;
    unsigned done = 0;
    LIST_FOR_EACH(node, &family->views) {
        count += page_tree_exchange(&container_of(node, struct view, link)->tree, index, from, to) ? 1 : 0;
        if (++done % VIEW_BATCH == 0) {
            sched_preemption_point();
        }
    }
    return count;
}

/* --- out --- */

ts_status_t swap_reserve(struct swap_space *space, const struct family *family, struct frame *frame,
                         struct swap_slot **slot) {
    struct family *swap = family_of(space);
    struct account *account = frame->payer->account;
    if (account_charge(account, TS_CEILING_SWAP, TS_PAGE_SIZE) != TS_OK) {
        return TS_ERR_NO_RESOURCES;
    }
    mutex_acquire(&swap->lock);
    *slot = take_slot(space, frame->payer, (struct reclaim_key){family->number, frame->index});
    mutex_release(&swap->lock);
    if (*slot == NULL) {
        account_release(account, TS_CEILING_SWAP, TS_PAGE_SIZE);
        return TS_ERR_NO_RESOURCES;
    }
    return TS_OK;
}

void swap_out(struct swap_slot *slot, struct family *family, struct frame *frame) {
    struct family *swap = family_of(slot->space);
    mutex_acquire(&swap->lock);
    slot->shares = exchange(family, frame->index, (uint64_t)frame, word_of(slot));
    ASSERT(slot->shares == frame->shares);
    frame->shares = 1;
    frame->owner = swap;
    frame->index = slot->number;
    frame->flags |= FRAME_DIRTY;
    *place_of(&slot->space->vmo->own, frame->index) = (uint64_t)frame;
    mutex_release(&swap->lock);
    page_source_request_writeback(swap->source);
}

void swap_drop(struct view *view, uint64_t number) {
    const struct swap_slot *slot = swap_slot_of(view, number);
    uint64_t *place = place_of(view, number);
    struct frame *frame = page_tree_frame(*place);
    reclaim_evicted(frame, (struct reclaim_key){slot->family, slot->index});
    *place = PAGE_ABSENT;
    free_page(frame);
}

/* --- in --- */

/* The slot's page, or zeros, is the family's again. Both locks held. */
static void take_back(struct family *family, struct swap_slot *slot, struct frame *frame) {
    struct payer *payer = slot->payer;
    uint64_t index = slot->index;
    uint32_t shares = exchange(family, index, word_of(slot), frame != NULL ? (uint64_t)frame : PAGE_ZERO);
    ASSERT(shares == slot->shares);
    *place_of(&slot->space->vmo->own, slot->number) = PAGE_ABSENT;
    give_slot_back(slot);
    if (frame == NULL) {
        payer_release(payer);
        return;
    }
    frame->shares = shares;
    frame->owner = family;
    frame->index = index;
    reclaim_return(frame);
    frame->flags = 0;
}

ts_status_t swap_in(struct family *family, struct swap_slot *slot, struct page_wait *wait) {
    struct family *swap = family_of(slot->space);
    uint64_t number = slot->number;
    mutex_acquire(&swap->lock);
    uint64_t word = page_tree_find(&slot->space->vmo->own.tree, number);
    ts_status_t status = TS_OK;
    if (word == PAGE_ABSENT) {
        status = swap_is_served(slot->space) ? reclaim_ask_return(slot->payer->account, wait) : TS_ERR_BAD_STATE;
        status = status == TS_OK ? page_source_ask(swap->source, number, TS_PAGE_REQUEST_READ, wait) : status;
    } else {
        take_back(family, slot, page_tree_frame(word));
    }
    mutex_release(&swap->lock);
    return status;
}

static bool is_wanted(struct page_source *source, uint64_t number) {
    spinlock_acquire(&source->lock);
    bool wanted = page_source_is_wanted(source, number, TS_PAGE_REQUEST_READ);
    spinlock_release(&source->lock);
    return wanted;
}

/* Where there is no memory any more, the page is dropped, and who waits for it looks again, and makes room. */
ts_status_t swap_supply(struct view *view, uint64_t number, struct view *from, uint64_t from_page) {
    const struct swap_slot *slot = swap_slot_of(view, number);
    uint64_t *place = place_of(view, number);
    bool wanted = slot != NULL && *place == PAGE_ABSENT && is_wanted(view->family->source, number);
    struct frame *frame;
    ts_status_t status = view_find(from, from_page, &frame);
    if (status != TS_OK) {
        return status;
    }
    if (wanted && frame == NULL) {
        *place = PAGE_ZERO;
    }
    if (!wanted || frame == NULL || account_charge(slot->payer->account, TS_CEILING_MEMORY, TS_PAGE_SIZE) != TS_OK) {
        view_drop_page(from, from_page);
        return TS_OK;
    }
    view_give_page(from, from_page);
    frame->payer = slot->payer;
    frame->owner = view->family;
    frame->index = number;
    frame->flags = 0;
    *place = (uint64_t)frame;
    reclaim_enter_key(frame, (struct reclaim_key){slot->family, slot->index});
    return TS_OK;
}
