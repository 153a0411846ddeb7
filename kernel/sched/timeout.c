/* SPDX-License-Identifier: MIT */
/* Timeouts: an ordered tree per CPU, and the CPU's one-shot timer set to its first deadline. */
#include "arch/time.h"
#include "kernel/assert.h"
#include "kernel/sched.h"

/* Sets the hardware to the earliest of what this CPU waits for. timeout_lock held. */
static void rearm(struct percpu *self) {
    DEBUG_ASSERT(spinlock_is_held(&self->timeout_lock));
    ts_time_t next = self->slice_end < self->grace_deadline ? self->slice_end : self->grace_deadline;
    struct tree_node *first = tree_first(&self->timeouts);
    if (first != NULL && (ts_time_t)first->key < next) {
        next = (ts_time_t)first->key;
    }
    if (next == self->armed) {
        return;
    }
    self->armed = next;
    if (next == TS_TIME_INFINITE) {
        arch_time_cancel();
    } else {
        arch_time_set_deadline(next);
    }
}

void timeout_set(struct timeout *timeout, ts_time_t deadline) {
    struct percpu *self = percpu_self();
    deadline = deadline < 0 ? 0 : deadline;
    timeout_cancel(timeout); /* of a wait that ended otherwise */
    spinlock_acquire(&self->timeout_lock);
    timeout->cpu = self->arch.cpu;
    tree_insert(&self->timeouts, &timeout->node, (uint64_t)deadline);
    __atomic_store_n(&timeout->armed, 1, __ATOMIC_RELEASE);
    rearm(self);
    spinlock_release(&self->timeout_lock);
}

void timeout_cancel(struct timeout *timeout) {
    if (__atomic_load_n(&timeout->armed, __ATOMIC_ACQUIRE) == 0) {
        return;
    }
    struct percpu *cpu = percpu_of(timeout->cpu);
    spinlock_acquire(&cpu->timeout_lock);
    if (tree_contains(&timeout->node)) {
        tree_remove(&cpu->timeouts, &timeout->node);
        __atomic_store_n(&timeout->armed, 0, __ATOMIC_RELEASE);
    }
    if (cpu == percpu_self()) {
        rearm(cpu);
    }
    spinlock_release(&cpu->timeout_lock);
}

/* One at a time: each expiry runs without the lock, and a bounded number per call keeps interrupts off shortly. */
void timeout_run_expired(void) {
    struct percpu *self = percpu_self();
    ts_time_t now = arch_time_now();
    self->armed = TS_TIME_INFINITE;
    self->grace_deadline = self->grace_deadline > now ? self->grace_deadline : TS_TIME_INFINITE;
    for (unsigned i = 0; i < 16; i++) {
        spinlock_acquire(&self->timeout_lock);
        struct tree_node *first = tree_first(&self->timeouts);
        if (first == NULL || (ts_time_t)first->key > now) {
            spinlock_release(&self->timeout_lock);
            break;
        }
        struct timeout *timeout = container_of(first, struct timeout, node);
        tree_remove(&self->timeouts, first);
        __atomic_store_n(&timeout->armed, 0, __ATOMIC_RELEASE);
        void (*expire)(struct timeout *, uint64_t) = timeout->expire;
        uint64_t cookie = timeout->cookie;
        __atomic_store_n(&timeout->fired, cookie, __ATOMIC_SEQ_CST);
        spinlock_release(&self->timeout_lock);
        expire(timeout, cookie);
    }
    spinlock_acquire(&self->timeout_lock);
    rearm(self);
    spinlock_release(&self->timeout_lock);
}
