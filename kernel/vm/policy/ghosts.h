/* SPDX-License-Identifier: MIT */
/* Ghosts: the keys of evicted pages, in two lists, each in order of eviction. One more than the
 * capacity fits, for a page that leaves before the one that takes its place has come. Constant
 * time, on average where a key is looked up. */
#pragma once

#include "kernel/reclaim_policy.h"

/* Bytes for the ghosts of a capacity; the memory is zeroed before ghosts_init(). */
size_t ghosts_size(uint32_t capacity);
void ghosts_init(struct reclaim_ghosts *ghosts, void *memory, uint32_t capacity, uint64_t seed);

bool ghosts_are_full(const struct reclaim_ghosts *ghosts);
uint32_t ghosts_find(const struct reclaim_ghosts *ghosts, struct reclaim_key key); /* 0: none */
uint32_t ghosts_oldest(const struct reclaim_ghosts *ghosts, unsigned list);        /* 0: none */
uint32_t ghosts_newest(const struct reclaim_ghosts *ghosts, unsigned list);
struct reclaim_key ghosts_key(const struct reclaim_ghosts *ghosts, uint32_t ghost);
unsigned ghosts_list(const struct reclaim_ghosts *ghosts, uint32_t ghost);

/* Not full, and the key is not there. As the newest of the list, or as the oldest. */
void ghosts_add_newest(struct reclaim_ghosts *ghosts, unsigned list, struct reclaim_key key);
void ghosts_add_oldest(struct reclaim_ghosts *ghosts, unsigned list, struct reclaim_key key);
void ghosts_remove(struct reclaim_ghosts *ghosts, uint32_t ghost);

/* Forgets all at once; nothing can be added afterwards. */
void ghosts_forget(struct reclaim_ghosts *ghosts);

/* Number of faults. */
unsigned ghosts_audit(const struct reclaim_ghosts *ghosts);
