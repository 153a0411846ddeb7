/* SPDX-License-Identifier: MIT */
/* Ceilings, charged along the path to the root: each level by compare-and-swap against its own ceiling. */
#include "kernel/account.h"

#include "kernel/assert.h"
#include "kernel/object.h"

void account_init(struct account *account, struct account *parent, struct object *owner) {
    account->owner = owner;
    account->domain = parent != NULL ? parent->domain : NULL;
    account->parent = parent;
    account->found = 0;
    for (unsigned i = 0; i < TS_CEILING_COUNT; i++) {
        account->used[i] = 0;
        account->ceiling[i] = TS_CEILING_UNSET;
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

static bool charge_one(struct account *account, enum ts_job_ceiling kind, uint64_t amount) {
    uint64_t used = __atomic_load_n(&account->used[kind], __ATOMIC_RELAXED);
    uint64_t sum;
    do {
        uint64_t ceiling = __atomic_load_n(&account->ceiling[kind], __ATOMIC_RELAXED);
        if (__builtin_add_overflow(used, amount, &sum) || sum > ceiling) {
            return false;
        }
    } while (!__atomic_compare_exchange_n(&account->used[kind], &used, sum, true, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    return true;
}

static void release_up_to(struct account *account, const struct account *end, enum ts_job_ceiling kind,
                          uint64_t amount) {
    for (; account != end; account = account->parent) {
        uint64_t before = __atomic_fetch_sub(&account->used[kind], amount, __ATOMIC_RELAXED);
        ASSERT(before >= amount);
    }
}

/* The depth of jobs is bounded, and so is this loop. */
ts_status_t account_charge(struct account *account, enum ts_job_ceiling kind, uint64_t amount) {
    for (struct account *level = account; level != NULL; level = level->parent) {
        if (!charge_one(level, kind, amount)) {
            release_up_to(account, level, kind, amount);
            user_error("charge: ceiling %u of the job (or of one above it) is reached", kind);
            return kind == TS_CEILING_MEMORY ? TS_ERR_NO_MEMORY : TS_ERR_NO_RESOURCES;
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

ts_status_t account_lower_ceiling(struct account *account, enum ts_job_ceiling kind, uint64_t value) {
    if (value > account_effective_ceiling(account, kind)) {
        return TS_ERR_ACCESS_DENIED;
    }
    uint64_t ceiling = __atomic_load_n(&account->ceiling[kind], __ATOMIC_RELAXED);
    do {
        if (value > ceiling) {
            return TS_ERR_ACCESS_DENIED;
        }
    } while (!__atomic_compare_exchange_n(&account->ceiling[kind], &ceiling, value, true, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    return TS_OK;
}
