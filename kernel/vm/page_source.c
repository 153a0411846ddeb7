/* SPDX-License-Identifier: MIT */
/* Threads that wait for pages of a source. */
#include "kernel/page_source.h"

#include "kernel/assert.h"
#include "reclaim.h"

void page_source_init(struct page_source *source, const struct page_source_ops *ops, bool traps_dirty) {
    source->ops = ops;
    source->references = 1;
    source->traps_dirty = traps_dirty;
    spinlock_init(&source->lock, LOCK_PAGE_SOURCE);
    list_init(&source->waits);
}

void page_source_reference(struct page_source *source) {
    uint32_t before = __atomic_fetch_add(&source->references, 1, __ATOMIC_RELAXED);
    ASSERT(before != 0 && before != UINT32_MAX);
}

/* Release: what was done with the source happens before its end, which acquires. */
void page_source_release(struct page_source *source) {
    uint32_t before = __atomic_fetch_sub(&source->references, 1, __ATOMIC_ACQ_REL);
    ASSERT(before != 0);
    if (before == 1) {
        source->ops->free(source);
    }
}

static bool is_same(const struct page_wait *wait, uint64_t page, uint32_t command) {
    return wait->page == page && wait->command == command;
}

static struct page_wait *wait_of(struct list_node *node) {
    return container_of(node, struct page_wait, link);
}

ts_status_t page_source_ask(struct page_source *source, uint64_t page, uint32_t command, struct page_wait *wait) {
    *wait = (struct page_wait){.source = source, .task = task_current(), .page = page, .command = command};
    spinlock_acquire(&source->lock);
    ts_status_t status = source->detached ? TS_ERR_BAD_STATE : TS_ERR_SHOULD_WAIT;
    if (!source->detached) {
        LIST_FOR_EACH(node, &source->waits) {
            wait->asked = wait->asked || (is_same(wait_of(node), page, command) && wait_of(node)->asked);
        }
        page_source_reference(source);
        list_add_tail(&source->waits, &wait->link);
        source->ops->update(source);
    }
    spinlock_release(&source->lock);
    return status;
}

/* The lock is taken once more after the answer, so that whoever answers has let go of the wait by then. */
ts_status_t page_wait_finish(struct page_wait *wait) {
    struct page_source *source = wait->source;
    if (source == NULL) {
        return reclaim_wait_for_room(wait);
    }
    ts_status_t status = TS_OK;
    spinlock_acquire(&source->lock);
    while (!wait->answered && status != TS_ERR_CANCELED) {
        task_wait_begin(NULL);
        wait->blocked = true;
        spinlock_release(&source->lock);
        status = task_block(TS_TIME_INFINITE);
        spinlock_acquire(&source->lock);
        wait->blocked = false;
    }
    if (wait->answered) {
        status = wait->status;
    } else {
        list_remove(&wait->link);
        source->ops->update(source);
    }
    spinlock_release(&source->lock);
    page_source_release(source);
    return status;
}

void page_source_request_writeback(struct page_source *source) {
    spinlock_acquire(&source->lock);
    if (!source->detached) {
        source->writeback_due = true;
        source->ops->update(source);
    }
    spinlock_release(&source->lock);
}

void page_source_ask_again(struct page_source *source, uint64_t first, uint64_t end) {
    spinlock_acquire(&source->lock);
    LIST_FOR_EACH(node, &source->waits) {
        struct page_wait *wait = wait_of(node);
        wait->asked = wait->asked && (wait->page < first || wait->page >= end);
    }
    source->ops->update(source);
    spinlock_release(&source->lock);
}

/* A task that was killed meanwhile finds the answer by itself. */
static void answer(struct page_wait *wait, ts_status_t status) {
    list_remove(&wait->link);
    wait->answered = true;
    wait->status = status;
    if (wait->blocked && task_claim(wait->task)) {
        task_wake(wait->task, TS_OK);
    }
}

static void answer_locked(struct page_source *source, uint64_t first, uint64_t end, uint32_t command,
                          ts_status_t status) {
    struct list_node *node = source->waits.next;
    while (node != &source->waits) {
        struct page_wait *wait = wait_of(node);
        node = node->next;
        bool inside = wait->page >= first && wait->page < end;
        if (inside && (command == PAGE_REQUEST_ANY || command == wait->command)) {
            answer(wait, status);
        }
    }
    source->ops->update(source);
}

void page_source_answer(struct page_source *source, uint64_t first, uint64_t end, uint32_t command,
                        ts_status_t status) {
    spinlock_acquire(&source->lock);
    answer_locked(source, first, end, command, status);
    spinlock_release(&source->lock);
}

bool page_source_detach_locked(struct page_source *source) {
    DEBUG_ASSERT(spinlock_is_held(&source->lock));
    bool first = !source->detached;
    source->detached = true;
    answer_locked(source, 0, UINT64_MAX, PAGE_REQUEST_ANY, TS_ERR_BAD_STATE);
    return first;
}

bool page_source_is_wanted(const struct page_source *source, uint64_t page, uint32_t command) {
    DEBUG_ASSERT(spinlock_is_held(&source->lock));
    LIST_FOR_EACH(node, &source->waits) {
        if (is_same(wait_of(node), page, command)) {
            return true;
        }
    }
    return false;
}

const struct page_wait *page_source_next(struct page_source *source) {
    DEBUG_ASSERT(spinlock_is_held(&source->lock));
    const struct page_wait *next = NULL;
    LIST_FOR_EACH(node, &source->waits) {
        struct page_wait *wait = wait_of(node);
        next = next == NULL && !wait->asked ? wait : next;
        wait->asked = wait->asked || (next != NULL && is_same(wait, next->page, next->command));
    }
    return next;
}
