/* SPDX-License-Identifier: MIT */
/* Spin locks. Spinning serves the requests of CPUs that wait for this one. */
#include "kernel/spinlock.h"

#include "arch/irq.h"
#include "kernel/assert.h"
#include "kernel/percpu.h"

#define HOLDER_NONE 0xff

void spinlock_init(struct spinlock *lock, enum lock_class lock_class) {
    lock->locked = 0;
    lock->lock_class = (uint8_t)lock_class;
    lock->holder = HOLDER_NONE;
}

/* The class must be later than that of every lock that this CPU holds. */
void spinlock_check_acquire(const struct spinlock *lock) {
    struct percpu *self = percpu_self();
    ASSERT(!arch_irq_enabled());
    ASSERT(self->lock_depth < sizeof(self->lock_classes));
    if (lock->lock_class != LOCK_UNCHECKED && self->lock_depth > 0) {
        for (unsigned i = 0; i < self->lock_depth; i++) {
            if (self->lock_classes[i] >= lock->lock_class) {
                panic("lock order: class %u taken while holding class %u", lock->lock_class, self->lock_classes[i]);
            }
        }
    }
}

void spinlock_note_acquire(struct spinlock *lock) {
    struct percpu *self = percpu_self();
    lock->holder = (uint8_t)percpu_cpu();
    self->lock_classes[self->lock_depth++] = lock->lock_class;
}

void spinlock_check_release(struct spinlock *lock) {
    struct percpu *self = percpu_self();
    ASSERT(lock->locked == 1 && lock->holder == (uint8_t)percpu_cpu() && self->lock_depth > 0);
    lock->holder = HOLDER_NONE;
    /* Locks may be released in another order than they were taken: drop the topmost entry of this class. */
    unsigned i = self->lock_depth - 1;
    while (i > 0 && self->lock_classes[i] != lock->lock_class) {
        i--;
    }
    for (; i + 1 < self->lock_depth; i++) {
        self->lock_classes[i] = self->lock_classes[i + 1];
    }
    self->lock_depth--;
}

void spinlock_wait(const struct spinlock *lock) {
    while (__atomic_load_n(&lock->locked, __ATOMIC_RELAXED) != 0) {
        arch_spin_wait();
    }
}

bool spinlock_is_held(const struct spinlock *lock) {
    return !CONFIG_DEBUG || (lock->locked == 1 && lock->holder == (uint8_t)percpu_cpu());
}
