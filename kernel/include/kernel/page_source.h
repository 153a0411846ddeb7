/* SPDX-License-Identifier: MIT */
/*
 * Where the absent pages of a clone family come from: a queue of threads that wait for pages. What carries requests to
 * whoever answers them (a pager's port) is behind struct page_source_ops. A request is for one page; all who want the
 * same of it wait for one request.
 *
 * The source's lock spins, and protects all of it. A wait is begun under the family's lock, under which pages are
 * supplied too, so that no answer is missed; it is finished with no lock held.
 */
#pragma once

#include "abi/packet.h"
#include "kernel/sched.h"

struct account;
struct page_source;

struct page_source_ops {
    /* Waits have come or gone: a request may be due, or not wanted any more. Lock held; cannot fail. */
    void (*update)(struct page_source *source);
    /* Nothing shows its pages any more. Any context, lock not held. */
    void (*close)(struct page_source *source);
    /* Whether the test holds for an account that it, or what it keeps, is charged to. Any context. */
    bool (*any_account)(const struct page_source *source,
                        bool (*test)(const struct account *charged, const struct account *context),
                        const struct account *context);
    /* After the last reference. Any context. */
    void (*free)(struct page_source *source);
};

struct page_source {
    const struct page_source_ops *ops;
    struct spinlock lock;   /* LOCK_PAGE_SOURCE */
    struct list_node waits; /* of struct page_wait, oldest first */
    uint32_t references;    /* atomic */
    bool traps_dirty;       /* it is asked before a clean page is written; constant */
    bool detached;          /* it answers nothing any more */
    bool writeback_due;     /* dirty pages are to be written back, and it was not told so yet */
};

/* A thread that waits for a page, on its stack; or for room for one. */
struct page_wait {
    struct list_node link;      /* in source->waits, until it is answered */
    struct page_source *source; /* referenced; null: it waits for room, and the rest but for these three has no meaning */
    struct account *account;    /* for whom; held */
    bool returning;             /* for a page that comes back from swap */
    const struct account *at_ceiling; /* it or one above, whose ceiling leaves none; null: its domain does not */
    struct task *task;
    uint64_t page;
    uint32_t command;           /* TS_PAGE_REQUEST_READ or DIRTY */
    bool blocked;
    bool asked;                 /* by this wait, or by one before it */
    bool answered;
    ts_status_t status;         /* the answer; OK: look again */
};

/* With one reference, the caller's. */
void page_source_init(struct page_source *source, const struct page_source_ops *ops, bool traps_dirty);
void page_source_reference(struct page_source *source);
void page_source_release(struct page_source *source);

/* Asks for a page, for the running task. SHOULD_WAIT: page_wait_finish() has to follow, after all locks were released.
 * BAD_STATE: detached. Family lock held. */
ts_status_t page_source_ask(struct page_source *source, uint64_t page, uint32_t command, struct page_wait *wait);

/* Its dirty pages are to be written back. */
void page_source_request_writeback(struct page_source *source);

/* What was asked of pages [first, end), and not answered, is asked again: whoever took the requests is gone. */
void page_source_ask_again(struct page_source *source, uint64_t first, uint64_t end);

/* Blocks until the answer comes, or there is room. OK: look again; or the error that the source answered; NO_MEMORY:
 * there will be no room; CANCELED: killed. */
ts_status_t page_wait_finish(struct page_wait *wait);

/* Answers the waits for pages [first, end) with this command, or with any. */
#define PAGE_REQUEST_ANY UINT32_MAX
void page_source_answer(struct page_source *source, uint64_t first, uint64_t end, uint32_t command, ts_status_t status);

/* All below: source->lock held. */

/* Waits end with BAD_STATE, those that would come too. False: it was detached already. */
bool page_source_detach_locked(struct page_source *source);

/* Whether anybody waits for this. */
bool page_source_is_wanted(const struct page_source *source, uint64_t page, uint32_t command);

/* The oldest wait whose request was not sent yet; it and all for the same count as sent now. Null: none. */
const struct page_wait *page_source_next(struct page_source *source);
