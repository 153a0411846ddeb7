/* SPDX-License-Identifier: MIT */
/*
 * Reclaim domains: a job may say how many frames the pages have that pagers fill for its VMOs, and which policy chooses
 * the ones that leave (kernel/reclaim_policy.h); with swap, all memory of its VMOs counts. Jobs below it share its
 * domain, unless they have their own.
 *
 * A domain's lock spins and is taken with a family's lock held, or none. Who looks for a victim finds its family with
 * the domain's lock held, references it, and takes the family's lock afterwards.
 */
#pragma once

#include "abi/info.h"
#include "kernel/frames.h"

struct account;
struct reclaim_domain;
struct swap_space;
struct vmo;

#define RECLAIM_FRAMES_MAX ((uint64_t)1 << 18)

/* A domain for an account below `payer`, which pays for it: frames 1 .. RECLAIM_FRAMES_MAX, policy of enum
 * ts_reclaim_policy. INVALID_ARGS, NO_MEMORY. */
ts_status_t reclaim_domain_new(struct account *payer, uint32_t policy, uint64_t frames, struct reclaim_domain **domain);
void reclaim_domain_free(struct account *payer, struct reclaim_domain *domain);

/* Gives an account's own domain swap: first what may fail, then false if it has no domain of its own, or one with swap,
 * or the VMO became unfit meanwhile.
 * INVALID_ARGS (the VMO is no pager's, or it, its pager or its port is charged to the account or below it, or where there
 * is swap), BAD_STATE (it is in use), OUT_OF_RANGE, NO_MEMORY. */
ts_status_t reclaim_swap_new(const struct account *account, struct vmo *vmo, struct swap_space **space);
void reclaim_swap_free(struct swap_space *space);
bool reclaim_set_swap(struct account *account, const struct vmo *vmo, struct swap_space *space);

/* Whether the account has a domain of its own. */
bool reclaim_has_own(const struct account *account);

/* Whether memory of the account may be swapped. */
bool reclaim_has_swap(const struct account *account);

/* For the audit: the set of an account's own domain is sound. Number of problems, each reported. Takes as long as the set
 * is. */
unsigned reclaim_audit_domain(const struct account *account, void (*report)(const char *format, ...));

/* The figures of the account's domain, its own or one above; all 0: there is none. */
void reclaim_info(const struct account *account, struct ts_info_reclaim *record);
