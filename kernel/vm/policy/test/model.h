/* SPDX-License-Identifier: MIT */
/*
 * References for the policies, as plain as can be: arrays in order, searched from end to end.
 *
 * literal_misses() replays requests through the algorithms as they are published, where every
 * request either hits or replaces a page. struct model does all that a set does, under the same
 * names: with pages that are removed, aside, read ahead, and with another capacity; pages are small
 * numbers.
 */
#pragma once

#include "kernel/reclaim_policy.h"

#define MODEL_PAGES 48u
#define MODEL_NONE  MODEL_PAGES

size_t literal_misses(const struct reclaim_policy *policy, const uint32_t *requests, size_t count,
                      uint32_t frames);

struct model_list {
    unsigned pages[MODEL_PAGES]; /* oldest first */
    unsigned count;
};

struct model_page {
    bool resident, aside, referenced, unused, dirty;
    unsigned list;
};

struct model {
    const struct reclaim_policy *policy;
    unsigned capacity, target;
    unsigned room;              /* for ghosts, by the memory that there is */
    struct model_list pages[2]; /* not those that are aside */
    struct model_list ghosts[2];
    bool leaving[MODEL_PAGES]; /* a ghost that is still in the former memory */
    struct model_page page[MODEL_PAGES];
    uint64_t hits, misses, evictions, ghost_hits;
};

void model_init(struct model *model, const struct reclaim_policy *policy, unsigned capacity);
void model_resize(struct model *model, unsigned capacity, bool with_memory);
bool model_resize_step(struct model *model, unsigned budget);
enum reclaim_ghost model_miss(struct model *model, unsigned page);
void model_track(struct model *model, unsigned page, enum reclaim_ghost ghost, bool asked,
                 enum reclaim_arrival arrival);
void model_access(struct model *model, unsigned page);
bool model_sweep(struct model *model, unsigned budget);
unsigned model_victim(struct model *model, enum reclaim_ghost ghost); /* MODEL_NONE: none */
void model_put_back(struct model *model, unsigned page);
void model_evict(struct model *model, unsigned page);
void model_remove(struct model *model, unsigned page);
void model_count(const struct model *model, struct reclaim_counts *counts);
