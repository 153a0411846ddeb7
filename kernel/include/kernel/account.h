/* SPDX-License-Identifier: MIT */
/*
 * What a job may use: ceilings and use, charged in the job and all its ancestors. Counters are atomic; a charge is
 * undone where it fails, so a ceiling is never exceeded and a refused charge changes nothing.
 */
#pragma once

#include "abi/options.h"
#include "abi/status.h"

struct frame_reserve;
struct object;
struct reclaim_domain;

struct account {
    struct object *owner;                 /* its job: each object that is charged here keeps it */
    struct account *parent;               /* outlives this one */
    struct reclaim_domain *domain;        /* of the pages that are charged here (kernel/reclaim.h); null: none. Set
                                             before anything is charged */
    struct frame_reserve *reserve;        /* frames for its pages when there are no others; null: none. Set once, with
                                             release; who finds it finds it full */
    uint64_t used[TS_CEILING_COUNT];      /* atomic */
    uint64_t ceiling[TS_CEILING_COUNT];   /* atomic; TS_CEILING_UNSET: as the parent */
    uint64_t plain[TS_CEILING_COUNT];     /* atomic, never grows, at most the ceiling: up to here nobody has to be told */
    uint64_t found;                       /* bytes that an audit found so far; the audit's own */
};

void account_init(struct account *account, struct account *parent, struct object *owner);

/* A reference to the account's job, for as long as something without an object stays charged. Null is allowed. */
void account_hold(struct account *account);
void account_drop(struct account *account);

/* NO_MEMORY for memory, NO_RESOURCES for everything else. A null account (the kernel's own) is never refused. */
ts_status_t account_charge(struct account *account, enum ts_job_ceiling kind, uint64_t amount);
void account_release(struct account *account, enum ts_job_ceiling kind, uint64_t amount);

/* How near to its own ceiling the account is: 0, 1 (an eighth is left) or 2 (a thirty-second). `before` is the answer
 * given last: what was scarce is so until more is left again. */
unsigned account_pressure(const struct account *account, enum ts_job_ceiling kind, unsigned before);

/* Some account's pressure may have changed. Any context, no lock of class WAIT or later held. */
void account_note_pressure(void);

/* Until that was noted, or the deadline. */
void account_wait_pressure(ts_time_t deadline);

/* The first level whose ceiling would refuse the charge at this moment; null: none. */
const struct account *account_without_room(const struct account *account, enum ts_job_ceiling kind, uint64_t amount);

/* For the audit: bytes that were found to be charged to the account, at each level. A null account is the kernel's. */
void account_add_found(struct account *account, uint64_t bytes);

/* Lowers a ceiling; ACCESS_DENIED if value is above the present effective one. */
ts_status_t account_lower_ceiling(struct account *account, enum ts_job_ceiling kind, uint64_t value);

/* The lowest ceiling of the account and its ancestors. */
uint64_t account_effective_ceiling(const struct account *account, enum ts_job_ceiling kind);
