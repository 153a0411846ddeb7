/* SPDX-License-Identifier: MIT */
/* Claims, wait queues and the sleeping lock. */
#include "kernel/assert.h"
#include "kernel/sched.h"

#define CLAIMED ((uint64_t)1)

static bool claim_wait(struct task *task, uint64_t word) {
    return __atomic_compare_exchange_n(&task->wait_word, &word, word | CLAIMED, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED);
}

/* The cookie is the wait for which the timeout was set: a later wait of the task is not ended. */
static void wait_expired(struct timeout *timeout, uint64_t cookie) {
    struct task *task = container_of(timeout, struct task, timeout);
    if (claim_wait(task, cookie)) {
        task->wait_status = TS_ERR_TIMED_OUT;
        if (task->wait_cleanup != NULL) {
            task->wait_cleanup(task);
        }
        task_make_ready(task);
    }
}

/* The store of the wait word and the later look at `attention` (killed_before_wait) are sequentially consistent, as
 * are the killer's store of the bit and its look at the word: one of the two sees the other. */
void task_wait_begin(void (*cleanup)(struct task *)) {
    struct task *task = task_current();
    task->wait_cleanup = cleanup;
    task->timeout.expire = wait_expired;
    task->uninterruptible = false;
    task->state = TASK_BLOCKED;
    uint64_t word = __atomic_load_n(&task->wait_word, __ATOMIC_RELAXED);
    __atomic_store_n(&task->wait_word, (word | CLAIMED) + 1, __ATOMIC_SEQ_CST);
}

bool task_claim(struct task *task) {
    uint64_t word = __atomic_load_n(&task->wait_word, __ATOMIC_SEQ_CST);
    return (word & CLAIMED) == 0 && claim_wait(task, word);
}

bool task_unclaim(struct task *task, ts_status_t *status) {
    uint64_t word = __atomic_load_n(&task->wait_word, __ATOMIC_RELAXED) & ~CLAIMED;
    __atomic_store_n(&task->wait_word, word, __ATOMIC_SEQ_CST);
    bool expired = __atomic_load_n(&task->timeout.fired, __ATOMIC_SEQ_CST) == word;
    bool killed = (__atomic_load_n(&task->attention, __ATOMIC_SEQ_CST) & ATTENTION_KILL) != 0;
    if ((!expired && !killed) || !claim_wait(task, word)) {
        return true;
    }
    *status = killed ? TS_ERR_CANCELED : TS_ERR_TIMED_OUT;
    return false;
}

void task_wake(struct task *task, ts_status_t status) {
    task->wait_status = status;
    task_make_ready(task);
}

bool task_interrupt(struct task *task) {
    if (task->uninterruptible || !task_claim(task)) {
        return false;
    }
    task->wait_status = TS_ERR_CANCELED;
    if (task->wait_cleanup != NULL) {
        task->wait_cleanup(task);
    }
    return true;
}

void wait_queue_init(struct wait_queue *queue, enum lock_class lock_class) {
    spinlock_init(&queue->lock, lock_class);
    list_init(&queue->waiters);
}

ts_status_t wait_queue_block(struct wait_queue *queue, ts_time_t deadline) {
    DEBUG_ASSERT(spinlock_is_held(&queue->lock));
    struct task *task = task_current();
    task_wait_begin(NULL);
    list_add_tail(&queue->waiters, &task->wait_link);
    spinlock_release(&queue->lock);
    ts_status_t status = task_block(deadline);
    /* Woken by a timeout or a kill, the task is still queued. */
    spinlock_acquire(&queue->lock);
    if (list_is_linked(&task->wait_link)) {
        list_remove(&task->wait_link);
    }
    spinlock_release(&queue->lock);
    return status;
}

bool wait_queue_wake_one(struct wait_queue *queue, ts_status_t status) {
    DEBUG_ASSERT(spinlock_is_held(&queue->lock));
    struct list_node *node;
    while ((node = list_pop_head(&queue->waiters)) != NULL) {
        struct task *task = container_of(node, struct task, wait_link);
        if (task_claim(task)) {
            task_wake(task, status);
            return true;
        }
    }
    return false;
}

void wait_queue_wake_all(struct wait_queue *queue, ts_status_t status) {
    while (wait_queue_wake_one(queue, status)) {
    }
}

void mutex_init(struct mutex *mutex) {
    wait_queue_init(&mutex->queue, LOCK_WAIT);
    mutex->state = MUTEX_FREE;
    mutex->owner = NULL;
}

/* True: it is the caller's now. False: whoever has it will see that somebody waits. queue.lock held. */
static bool mutex_take(struct mutex *mutex) {
    uint32_t old = __atomic_load_n(&mutex->state, __ATOMIC_RELAXED);
    uint32_t wanted;
    do {
        wanted = old != MUTEX_FREE || !list_is_empty(&mutex->queue.waiters) ? MUTEX_CONTENDED : MUTEX_HELD;
    } while (!__atomic_compare_exchange_n(&mutex->state, &old, wanted, true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
    return old == MUTEX_FREE;
}

/* A killed task must still get the lock, because its caller cannot fail: it waits uninterruptibly. Who was woken may
 * find the lock taken again: then it says anew that somebody waits, for itself and all others. */
void mutex_wait(struct mutex *mutex) {
    struct task *task = task_current();
    spinlock_acquire(&mutex->queue.lock);
    DEBUG_ASSERT(mutex->owner != task);
    while (!mutex_take(mutex)) {
        task_wait_begin(NULL); /* a kill that comes right here only costs a turn of the loop */
        task->uninterruptible = true;
        list_add_tail(&mutex->queue.waiters, &task->wait_link);
        spinlock_release(&mutex->queue.lock);
        task_block_uninterruptible();
        spinlock_acquire(&mutex->queue.lock);
        if (list_is_linked(&task->wait_link)) {
            list_remove(&task->wait_link);
        }
    }
    spinlock_release(&mutex->queue.lock);
}

bool mutex_is_free(struct mutex *mutex) {
    spinlock_acquire(&mutex->queue.lock);
    bool is_free = __atomic_load_n(&mutex->state, __ATOMIC_ACQUIRE) == MUTEX_FREE;
    spinlock_release(&mutex->queue.lock);
    return is_free;
}

/* The state changes with queue.lock held, so that mutex_is_free() does not see it free while this still needs it. */
void mutex_wake(struct mutex *mutex) {
    spinlock_acquire(&mutex->queue.lock);
    ASSERT(mutex->state == MUTEX_CONTENDED);
    __atomic_store_n(&mutex->state, MUTEX_FREE, __ATOMIC_RELEASE);
    wait_queue_wake_one(&mutex->queue, TS_OK);
    spinlock_release(&mutex->queue.lock);
}
