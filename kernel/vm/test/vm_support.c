/* SPDX-License-Identifier: MIT */
/* What the host tests of this room need of rooms that are not linked: one task, no other CPU, jobs that count. */
#include "vm_support.h"

#include "kernel/assert.h"
#include "kernel/object.h"
#include "../reclaim.h"

static struct task only_task;

void mutex_init(struct mutex *mutex) {
    *mutex = (struct mutex){0};
}

void mutex_wait(struct mutex *mutex) {
    panic("mutex %p: nobody else can have it", (void *)mutex);
}

void mutex_wake(struct mutex *mutex) {
    panic("mutex %p: nobody waits", (void *)mutex);
}

bool mutex_is_free(struct mutex *mutex) {
    return mutex->state == MUTEX_FREE;
}

void sched_preemption_point(void) {
}

/* Nobody waits. */
bool wait_queue_wake_one(struct wait_queue *queue, ts_status_t status) {
    (void)queue;
    (void)status;
    return false;
}

ts_status_t wait_queue_block(struct wait_queue *queue, ts_time_t deadline) {
    panic("queue %p: nobody would end the wait until %ld", (void *)queue, deadline);
}

/* Jobs outlive the tests. */
void object_last_release(struct object *object) {
    panic("the last reference to %p went", (void *)object);
}

/* No job has a reclaim domain here. */
void reclaim_enter(struct frame *frame, const struct reclaim_miss *miss) {
    (void)frame;
    (void)miss;
}

void reclaim_leave(struct frame *frame) {
    (void)frame;
}

void reclaim_enter_key(struct frame *frame, struct reclaim_key key) {
    (void)frame;
    (void)key;
}

void reclaim_evicted(struct frame *frame, struct reclaim_key key) {
    (void)frame;
    (void)key;
}

void reclaim_return(struct frame *frame) {
    (void)frame;
}

bool reclaim_has_swap(const struct account *account) {
    (void)account;
    return false;
}

bool reclaim_lacks_room(struct account *account) {
    (void)account;
    return false;
}

void reclaim_fill_reserve(void) {
}

ts_status_t reclaim_ask_return(struct account *account, struct page_wait *wait) {
    (void)account;
    (void)wait;
    return TS_OK;
}

ts_status_t reclaim_ask(struct account *account, struct page_wait *wait) {
    (void)account;
    (void)wait;
    return TS_OK;
}

struct page_source *vmo_source(const struct vmo *vmo) {
    return vmo->own.family->source;
}

/* Whoever asks is answered by the test itself. */
ts_status_t page_source_ask(struct page_source *source, uint64_t page, uint32_t command, struct page_wait *wait) {
    *wait = (struct page_wait){.source = source, .page = page, .command = command};
    return TS_ERR_SHOULD_WAIT;
}

void page_source_answer(struct page_source *source, uint64_t first, uint64_t end, uint32_t command,
                        ts_status_t status) {
    (void)source;
    (void)first;
    (void)end;
    (void)command;
    (void)status;
}

bool page_source_is_wanted(const struct page_source *source, uint64_t page, uint32_t command) {
    (void)source;
    (void)page;
    return command == TS_PAGE_REQUEST_READ;
}

void page_source_request_writeback(struct page_source *source) {
    (void)source;
}

void support_set_ceiling(struct account *account, enum ts_job_ceiling kind, uint64_t value) {
    account->ceiling[kind] = value;
    account->plain[kind] = value;
}

void vm_support_begin(void) {
    support_machine();
    percpu_self()->current = &only_task;
}
