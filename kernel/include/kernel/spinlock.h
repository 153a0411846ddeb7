/* SPDX-License-Identifier: MIT */
/*
 * Spin locks. Taken with interrupts off (the kernel always runs so). Each lock has a class; debug builds check that
 * classes are taken in ascending order, that nobody takes a lock twice, and that none is held at a switch.
 */
#pragma once

#include "abi/types.h"

/* The written lock order: a CPU that holds a lock may only take locks of a later class. */
enum lock_class {
    LOCK_UNCHECKED,    /* zero-initialised: tests and early boot only */
    LOCK_TASK,         /* job and process trees */
    LOCK_VMAR,         /* one address space: regions, page table */
    LOCK_VMO,          /* pages of a VMO family */
    LOCK_CAPABILITY,   /* one derivation tree */
    LOCK_HANDLES,      /* one process's handle table */
    LOCK_OBJECT,       /* signals and observers of one object */
    LOCK_PAGER,        /* the sources of a pager */
    LOCK_PAGE_SOURCE,  /* who waits for pages of a source */
    LOCK_INTERRUPT,    /* an interrupt object */
    LOCK_PORT,         /* packets of a port */
    LOCK_ENDPOINT,     /* queues of an endpoint */
    LOCK_CALL,         /* who holds a thread's request */
    LOCK_WAIT,         /* a wait queue */
    LOCK_TIMEOUT,      /* a CPU's timeouts */
    LOCK_RUN_QUEUE,    /* a CPU's run queue */
    LOCK_KERNEL_STACKS,
    LOCK_KERNEL_SPACE, /* the kernel's page table */
    LOCK_HEAP,
    LOCK_SLAB,
    LOCK_DEFERRED,     /* objects waiting for their grace period */
    LOCK_ARCH,         /* interrupt controller registers, TLB shoot-down */
    LOCK_LOG,
    LOCK_CLASS_COUNT
};

struct spinlock {
    uint32_t locked;    /* atomic: 0 or 1 */
    uint8_t lock_class; /* enum lock_class */
    uint8_t holder;     /* CPU, debug builds */
};

#define SPINLOCK(class)                                                                            \
    { .lock_class = (class) }

void spinlock_init(struct spinlock *lock, enum lock_class lock_class);

/* Of spinlock.c, for acquire and release below alone. The checks are those of debug builds. */
void spinlock_wait(const struct spinlock *lock); /* until it is released */
void spinlock_check_acquire(const struct spinlock *lock);
void spinlock_note_acquire(struct spinlock *lock);
void spinlock_check_release(struct spinlock *lock);

/* Acquire orders the critical section after the exchange, release before the store: enough on ARM64 and RISC-V, where
 * both are annotated accesses. */
static inline void spinlock_acquire(struct spinlock *lock) {
    if (CONFIG_DEBUG) {
        spinlock_check_acquire(lock);
    }
    while (__builtin_expect(__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE) != 0, 0)) {
        spinlock_wait(lock);
    }
    if (CONFIG_DEBUG) {
        spinlock_note_acquire(lock);
    }
}

static inline void spinlock_release(struct spinlock *lock) {
    if (CONFIG_DEBUG) {
        spinlock_check_release(lock);
    }
    __atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
}

bool spinlock_is_held(const struct spinlock *lock); /* by this CPU; always true in release builds */
