/* SPDX-License-Identifier: MIT */
/*
 * Clone families: VMOs that descend from one by snapshots share one index space and the pages in it. Each has a view:
 * its own tree (which shares parts with its relatives'), where it begins in the index space, and how far it reaches.
 * Pages are numbered from the view's beginning in everything here.
 *
 * family->lock, a sleeping lock, is held in every function unless it says otherwise. It is taken after an address
 * space's lock, and before its table's.
 */
#pragma once

#include "kernel/vmo.h"

#define FAMILY_VIEWS_MAX 4096u /* loops over relatives are bounded, and a page can be divided among them in bytes */

/* Whoever finds a family by a frame of it keeps it for a while. No lock. */
void family_reference(struct family *family);
void family_release(struct family *family);

/* A family with one view, not shared yet: no lock. NO_MEMORY. */
ts_status_t view_create(struct view *view, uint64_t pages, struct account *account);

/* A view of `pages` pages: those in [first, first+seen) of `from` as they are now, zeros behind them. All mappings of
 * what is seen must be without WRITE by now, and stay so. OUT_OF_RANGE, NO_RESOURCES, NO_MEMORY: nothing happened. */
ts_status_t view_snapshot(struct view *from, uint64_t first, uint64_t seen, uint64_t pages, struct account *account,
                          struct view *child);

/* Takes the view apart: pages that no relative sees are freed; the family goes with its last view. Nothing maps the
 * view any more. Takes the lock itself, unless the view is small and alone: then there are no preemption points. */
void view_destroy(struct view *view);

/* Nobody else can reach the family, and taking it apart takes a moment. No lock. */
bool view_is_small_and_alone(const struct view *view);

/* Gives the new family of a view a source, which is asked for all its pages. No lock. */
void view_set_source(struct view *view, struct page_source *source);

/* The page as it is: null for zeros. SHOULD_WAIT: view_ask(), because the source has to be asked for it, or swap has it. */
ts_status_t view_find(const struct view *view, uint64_t page, struct frame **frame);

/* The page as far as the view has it itself: null for zeros, and for what is the source's. */
struct frame *view_page(const struct view *view, uint64_t page);

/* The page to be written: new, or copied if relatives see it. *changed: the page was another before, so what maps it
 * must be told. NO_MEMORY; SHOULD_WAIT: view_ask(), for these reasons, because the source has to be asked whether it may
 * be written, or because there is no room for another page. */
ts_status_t view_own_page(struct view *view, uint64_t page, struct frame **frame, bool *changed);

/* A page of zeros at the place of an index, which the view owns and where nothing is; no source. Null: no memory. */
struct frame *view_fill(struct view *view, uint64_t index, uint64_t *place);

/* Gives a frame that nobody pays for to the view, as an absent page. NO_MEMORY: it was not taken. */
ts_status_t view_adopt(struct view *view, uint64_t page, struct frame *frame);

/* After SHOULD_WAIT: asks. OK: look again at once; otherwise as page_source_ask(). */
ts_status_t view_ask(struct view *view, uint64_t page, struct page_wait *wait);

/* Whether the source wants to be asked before this page of its view is written. */
bool view_must_ask_dirty(const struct view *view, uint64_t page);

/* Whether a view shows this page at an index of the family, its own or the source's; whether any view has it itself, which
 * has preemption points. */
bool view_shows(const struct view *view, uint64_t index, const struct frame *frame);
bool family_has_page(const struct family *family, uint64_t index, const struct frame *frame);

/* Whether a write would find the page in place, without copying or asking; and the page as of view_page(), too. */
bool view_owns_page(const struct view *view, uint64_t page);
static inline struct frame *view_look(const struct view *view, uint64_t page, bool *owned) {
    struct frame *frame = page_tree_page(&view->tree, view->first + page, owned);
    if (frame != NULL && view == view->family->source_view && (frame->flags & FRAME_DIRTY) == 0) {
        *owned = false;
    }
    return frame;
}

/* Moves a page from a view without relatives, which may not have it, to where it is absent. NO_MEMORY; SHOULD_WAIT: swap
 * has it. */
ts_status_t view_move_page(struct view *from, uint64_t page, struct view *to, uint64_t to_page);

/* Takes a page, which is there, from a view without relatives, and ends its charge: nobody pays for it. */
void view_give_page(struct view *view, uint64_t page);

/* Frees a page of a view whose tree no other view shares. */
void view_drop_page(struct view *view, uint64_t page);

/* A page of the source view, which is there, may be written from now on. *changed as above. NO_MEMORY. */
ts_status_t view_make_dirty(struct view *view, uint64_t page, bool *changed);

/* Zeros in [first, end): what was there is freed if nobody else sees it. view_cut cannot fail after the other, with
 * the lock held in between; no mapping reaches the range by then. Preemption points. */
ts_status_t view_prepare_cut(struct view *view, uint64_t first, uint64_t end);
void view_cut(struct view *view, uint64_t first, uint64_t end);

/* Bytes of pages that the view sees in [first, end), and its part of those: a page that n views see is divided into n
 * parts that differ by a byte at most and add up to the page (rule V20). Preemption points. */
void view_count(const struct view *view, uint64_t first, uint64_t end, uint64_t *populated, uint64_t *part);

/* Writes back what caches hold of all pages. Preemption points. */
void view_clean_cache(struct view *view);

/* The first page of [*page, end) that is there. False: none. */
bool view_next_page(const struct view *view, uint64_t *page, uint64_t end, struct frame **frame);
