/* SPDX-License-Identifier: MIT */
/* What the rest of this room tells reclaim of pages that it may take: those that pagers fill, and all others where there
 * is swap. */
#pragma once

#include "kernel/page_source.h"
#include "kernel/reclaim.h"
#include "kernel/vmo.h"

/* A page is missing, and will come: makes room for it. No lock held; has preemption points. `miss` is for
 * reclaim_enter(). False: there is no domain, and nothing happened. */
bool reclaim_make_room(struct family *family, uint64_t index, struct reclaim_miss *miss);

/* A page of the family's source view has come; `miss` is null if nobody asked for it. Family lock held. */
void reclaim_enter(struct frame *frame, const struct reclaim_miss *miss);

/* A page of memory without a pager has come, by itself or from swap. The same. */
void reclaim_enter_key(struct frame *frame, struct reclaim_key key);

/* Whether there is no room for such a page: in the domain, or below the account's ceiling. */
bool reclaim_lacks_room(struct account *account);

/* OK: there is room. SHOULD_WAIT: `wait` has to be finished, and then looked again. Locks may be held. */
ts_status_t reclaim_ask(struct account *account, struct page_wait *wait);

/* The same, for a page that comes back from swap: where nothing can leave, because swap is full, some come back beyond the
 * domain's frames. That gives swap room again. */
ts_status_t reclaim_ask_return(struct account *account, struct page_wait *wait);

/* The same, of so many pages that are no memory of VMOs, and so in no domain. */
ts_status_t reclaim_ask_below_ceiling(struct account *account, uint64_t pages, struct page_wait *wait);

/* Of page_wait_finish(). NO_MEMORY: no page can leave; CANCELED: killed. */
ts_status_t reclaim_wait_for_room(const struct page_wait *wait);

/* A page that is aside is evicted now: written to swap, or dropped. It is freed next. Family lock held. */
void reclaim_evicted(struct frame *frame, struct reclaim_key key);

/* A page of a slot is the family's again. */
void reclaim_return(struct frame *frame);

/* The page is about to be freed, or is no page of a source view any more. Family lock held, or nobody can reach it. */
void reclaim_leave(struct frame *frame);

/* A call read or wrote the page. Family lock held. */
void reclaim_note_access(struct frame *frame);

/* Who frees frames, or is about to need some for others, has its reserve filled up first: that of the job whose space
 * the running task is in. */
void reclaim_fill_reserve(void);

/* The page was written back: it may be a victim again. Family lock held. */
void reclaim_note_clean(struct frame *frame);
