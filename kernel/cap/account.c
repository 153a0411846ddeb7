/* SPDX-License-Identifier: MIT */
/*
 * Ceilings, charged along the path to the root: each level by compare-and-swap against its own ceiling. Where somebody
 * has to be told that one is near, a charge goes the long way.
 */
#include "kernel/account.h"

#include "kernel/assert.h"
#include "kernel/object.h"
#include "kernel/sched.h"

void account_init(struct account *account, struct account *parent, struct object *owner) {
    account->owner = owner;
    account->domain = parent != NULL ? parent->domain : NULL;
    account->parent = parent;
    account->found = 0;
    account->reserve = NULL;
    for (unsigned i = 0; i < TS_CEILING_COUNT; i++) {
        account->used[i] = 0;
        account->ceiling[i] = TS_CEILING_UNSET;
        account->plain[i] = TS_CEILING_UNSET;
    }
}

void account_hold(struct account *account) {
    if (account != NULL) {
        object_reference(account->owner);
    }
}

void account_drop(struct account *account) {
    if (account != NULL) {
        object_release(account->owner);
    }
}

/* --- how near a ceiling is --- */

static struct wait_queue pressure_queue = {SPINLOCK(LOCK_WAIT), {&pressure_queue.waiters, &pressure_queue.waiters}};
static bool pressure_noted; /* pressure_queue.lock */

static uint64_t part_of(uint64_t ceiling, unsigned divisor) {
    return ceiling - ceiling / divisor;
}

static unsigned level_of(uint64_t used, uint64_t ceiling) {
    if (ceiling == TS_CEILING_UNSET) {
        return 0;
    }
    return used > part_of(ceiling, 32) ? 2 : used > part_of(ceiling, 8) ? 1 : 0;
}

unsigned account_pressure(const struct account *account, enum ts_job_ceiling kind, unsigned before) {
    uint64_t used = __atomic_load_n(&account->used[kind], __ATOMIC_RELAXED);
    uint64_t ceiling = __atomic_load_n(&account->ceiling[kind], __ATOMIC_RELAXED);
    unsigned level = level_of(used, ceiling);
    if (ceiling == TS_CEILING_UNSET || level >= before) {
        return level;
    }
    return before == 2 && used > part_of(ceiling, 8) ? 2 : used > part_of(ceiling, 4) ? 1 : 0;
}

void account_note_pressure(void) {
    spinlock_acquire(&pressure_queue.lock);
    pressure_noted = true;
    (void)wait_queue_wake_one(&pressure_queue, TS_OK);
    spinlock_release(&pressure_queue.lock);
}

void account_wait_pressure(ts_time_t deadline) {
    spinlock_acquire(&pressure_queue.lock);
    if (!pressure_noted) {
        (void)wait_queue_block(&pressure_queue, deadline);
        spinlock_acquire(&pressure_queue.lock);
    }
    pressure_noted = false;
    spinlock_release(&pressure_queue.lock);
}

static bool is_told(enum ts_job_ceiling kind) {
    return kind == TS_CEILING_MEMORY || kind == TS_CEILING_SWAP;
}

static void note_change(const struct account *account, enum ts_job_ceiling kind, uint64_t before, uint64_t after) {
    uint64_t ceiling = __atomic_load_n(&account->ceiling[kind], __ATOMIC_RELAXED);
    if (is_told(kind) && level_of(before, ceiling) != level_of(after, ceiling)) {
        account_note_pressure();
    }
}

/* --- charges --- */

static __attribute__((noinline)) bool charge_near_ceiling(struct account *account, enum ts_job_ceiling kind,
                                                          uint64_t amount) {
    uint64_t used = __atomic_load_n(&account->used[kind], __ATOMIC_RELAXED);
    uint64_t sum;
    do {
        uint64_t ceiling = __atomic_load_n(&account->ceiling[kind], __ATOMIC_RELAXED);
        if (__builtin_add_overflow(used, amount, &sum) || sum > ceiling) {
            return false;
        }
    } while (!__atomic_compare_exchange_n(&account->used[kind], &used, sum, true, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    note_change(account, kind, used, used + amount);
    return true;
}

static inline bool charge_one(struct account *account, enum ts_job_ceiling kind, uint64_t amount) {
    uint64_t used = __atomic_load_n(&account->used[kind], __ATOMIC_RELAXED);
    do {
        uint64_t plain = __atomic_load_n(&account->plain[kind], __ATOMIC_RELAXED);
        if (amount > plain || used > plain - amount) {
            return charge_near_ceiling(account, kind, amount);
        }
    } while (!__atomic_compare_exchange_n(&account->used[kind], &used, used + amount, true, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    return true;
}

static void release_up_to(struct account *account, const struct account *end, enum ts_job_ceiling kind,
                          uint64_t amount) {
    for (; account != end; account = account->parent) {
        uint64_t before = __atomic_fetch_sub(&account->used[kind], amount, __ATOMIC_RELAXED);
        ASSERT(before >= amount);
        if (__builtin_expect(before > __atomic_load_n(&account->plain[kind], __ATOMIC_RELAXED), 0)) {
            note_change(account, kind, before, before - amount);
        }
    }
}

/* Takes back what was charged before the ceiling at `level` refused. */
static __attribute__((noinline)) ts_status_t refuse_charge(struct account *account, const struct account *level,
                                                           enum ts_job_ceiling kind, uint64_t amount) {
    release_up_to(account, level, kind, amount);
    user_error("charge: ceiling %u of the job (or of one above it) is reached", kind);
    return kind == TS_CEILING_MEMORY ? TS_ERR_NO_MEMORY : TS_ERR_NO_RESOURCES;
}

/* The depth of jobs is bounded, and so is this loop. */
ts_status_t account_charge(struct account *account, enum ts_job_ceiling kind, uint64_t amount) {
    for (struct account *level = account; level != NULL; level = level->parent) {
        if (!charge_one(level, kind, amount)) {
            return refuse_charge(account, level, kind, amount);
        }
    }
    return TS_OK;
}

void account_release(struct account *account, enum ts_job_ceiling kind, uint64_t amount) {
    release_up_to(account, NULL, kind, amount);
}

const struct account *account_without_room(const struct account *account, enum ts_job_ceiling kind, uint64_t amount) {
    for (; account != NULL; account = account->parent) {
        uint64_t used = __atomic_load_n(&account->used[kind], __ATOMIC_RELAXED);
        uint64_t ceiling = __atomic_load_n(&account->ceiling[kind], __ATOMIC_RELAXED);
        if (used > ceiling || ceiling - used < amount) {
            return account;
        }
    }
    return NULL;
}

void account_add_found(struct account *account, uint64_t bytes) {
    for (; account != NULL; account = account->parent) {
        account->found += bytes;
    }
}

uint64_t account_effective_ceiling(const struct account *account, enum ts_job_ceiling kind) {
    uint64_t lowest = TS_CEILING_UNSET;
    for (; account != NULL; account = account->parent) {
        uint64_t ceiling = __atomic_load_n(&account->ceiling[kind], __ATOMIC_RELAXED);
        lowest = ceiling < lowest ? ceiling : lowest;
    }
    return lowest;
}

/* `plain` first, so that it is never above the ceiling. */
static void lower_plain(struct account *account, enum ts_job_ceiling kind, uint64_t value) {
    value = is_told(kind) ? part_of(value, 8) : value;
    uint64_t plain = __atomic_load_n(&account->plain[kind], __ATOMIC_RELAXED);
    while (value < plain && !__atomic_compare_exchange_n(&account->plain[kind], &plain, value, true, __ATOMIC_RELAXED,
                                                         __ATOMIC_RELAXED)) {
    }
}

ts_status_t account_lower_ceiling(struct account *account, enum ts_job_ceiling kind, uint64_t value) {
    if (value > account_effective_ceiling(account, kind)) {
        return TS_ERR_ACCESS_DENIED;
    }
    uint64_t ceiling = __atomic_load_n(&account->ceiling[kind], __ATOMIC_RELAXED);
    if (value < ceiling) {
        lower_plain(account, kind, value);
    }
    do {
        if (value > ceiling) {
            return TS_ERR_ACCESS_DENIED;
        }
    } while (!__atomic_compare_exchange_n(&account->ceiling[kind], &ceiling, value, true, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    if (is_told(kind)) {
        account_note_pressure();
    }
    return TS_OK;
}
