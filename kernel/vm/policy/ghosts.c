/* SPDX-License-Identifier: MIT */
/*
 * Ghosts, by index into one array: entries 0 and 1 are the heads of the two circular lists, so 0
 * says `none` wherever an entry is meant. Behind the array are the buckets of the hash table, twice
 * as many as entries at most. Entries that were never used need no list of free ones, so making the
 * table is quick however large it is.
 */
#include "ghosts.h"

#include "kernel/assert.h"

#define LISTS 2u

struct ghost {
    struct reclaim_key key;
    uint32_t chain; /* next in its bucket, or next free entry */
    uint32_t older; /* of a head: the newest */
    uint32_t newer; /* of a head: the oldest */
    uint32_t list;
};
_Static_assert(sizeof(struct ghost) == 32, "what a ghost costs");

static uint32_t entry_count(uint32_t capacity) {
    return capacity + 1 + LISTS;
}

static uint32_t bucket_count(uint32_t capacity) {
    uint32_t count = 1;
    while (count < capacity) {
        count *= 2;
    }
    return count;
}

size_t ghosts_size(uint32_t capacity) {
    return entry_count(capacity) * sizeof(struct ghost) + bucket_count(capacity) * sizeof(uint32_t);
}

void ghosts_init(struct reclaim_ghosts *ghosts, void *memory, uint32_t capacity, uint64_t seed) {
    struct ghost *entries = memory;
    *ghosts = (struct reclaim_ghosts){
        .entries = entries,
        .buckets = (uint32_t *)(entries + entry_count(capacity)),
        .seed = seed,
        .bucket_mask = bucket_count(capacity) - 1,
        .limit = entry_count(capacity),
        .unused = LISTS,
    };
    for (uint32_t list = 0; list < LISTS; list++) {
        entries[list].older = list;
        entries[list].newer = list;
    }
}

/* The finalizer of MurmurHash3, with the seed added where a choice of keys cannot undo it. */
static uint64_t mix(uint64_t value) {
    value ^= value >> 33;
    value *= 0xff51afd7ed558ccdul;
    value ^= value >> 33;
    value *= 0xc4ceb9fe1a85ec53ul;
    return value ^ (value >> 33);
}

static uint32_t *bucket_of(const struct reclaim_ghosts *ghosts, struct reclaim_key key) {
    uint64_t hash = mix(mix(key.family + ghosts->seed) + key.index);
    return &ghosts->buckets[hash & ghosts->bucket_mask];
}

static bool keys_equal(struct reclaim_key a, struct reclaim_key b) {
    return a.family == b.family && a.index == b.index;
}

bool ghosts_are_full(const struct reclaim_ghosts *ghosts) {
    return ghosts->free == 0 && ghosts->unused == ghosts->limit;
}

uint32_t ghosts_find(const struct reclaim_ghosts *ghosts, struct reclaim_key key) {
    if (ghosts->count[0] + ghosts->count[1] == 0) {
        return 0;
    }
    uint32_t ghost = *bucket_of(ghosts, key);
    while (ghost != 0 && !keys_equal(ghosts->entries[ghost].key, key)) {
        ghost = ghosts->entries[ghost].chain;
    }
    return ghost;
}

uint32_t ghosts_oldest(const struct reclaim_ghosts *ghosts, unsigned list) {
    return ghosts->count[list] == 0 ? 0 : ghosts->entries[list].newer;
}

uint32_t ghosts_newest(const struct reclaim_ghosts *ghosts, unsigned list) {
    return ghosts->count[list] == 0 ? 0 : ghosts->entries[list].older;
}

struct reclaim_key ghosts_key(const struct reclaim_ghosts *ghosts, uint32_t ghost) {
    return ghosts->entries[ghost].key;
}

unsigned ghosts_list(const struct reclaim_ghosts *ghosts, uint32_t ghost) {
    return ghosts->entries[ghost].list;
}

static uint32_t take_free(struct reclaim_ghosts *ghosts) {
    uint32_t ghost = ghosts->free;
    if (ghost == 0) {
        ASSERT(ghosts->unused < ghosts->limit);
        return ghosts->unused++;
    }
    ghosts->free = ghosts->entries[ghost].chain;
    return ghost;
}

/* Between two neighbours of a list. */
static void add(struct reclaim_ghosts *ghosts, unsigned list, struct reclaim_key key,
                uint32_t older, uint32_t newer) {
    DEBUG_ASSERT(ghosts_find(ghosts, key) == 0);
    uint32_t ghost = take_free(ghosts);
    uint32_t *bucket = bucket_of(ghosts, key);
    ghosts->entries[ghost] =
        (struct ghost){.key = key, .chain = *bucket, .older = older, .newer = newer, .list = list};
    *bucket = ghost;
    ghosts->entries[older].newer = ghost;
    ghosts->entries[newer].older = ghost;
    ghosts->count[list]++;
}

void ghosts_add_newest(struct reclaim_ghosts *ghosts, unsigned list, struct reclaim_key key) {
    add(ghosts, list, key, ghosts->entries[list].older, list);
}

void ghosts_add_oldest(struct reclaim_ghosts *ghosts, unsigned list, struct reclaim_key key) {
    add(ghosts, list, key, list, ghosts->entries[list].newer);
}

void ghosts_remove(struct reclaim_ghosts *ghosts, uint32_t ghost) {
    struct ghost *entry = &ghosts->entries[ghost];
    uint32_t *place = bucket_of(ghosts, entry->key);
    while (*place != ghost) {
        ASSERT(*place != 0);
        place = &ghosts->entries[*place].chain;
    }
    *place = entry->chain;
    ghosts->entries[entry->older].newer = entry->newer;
    ghosts->entries[entry->newer].older = entry->older;
    ghosts->count[entry->list]--;
    entry->chain = ghosts->free;
    ghosts->free = ghost;
}

void ghosts_forget(struct reclaim_ghosts *ghosts) {
    *ghosts = (struct reclaim_ghosts){.entries = ghosts->entries, .seed = ghosts->seed};
}

static unsigned audit_list(const struct reclaim_ghosts *ghosts, uint32_t list) {
    unsigned faults = 0;
    uint32_t count = 0;
    for (uint32_t i = ghosts->entries[list].newer; i != list && count <= ghosts->limit; count++) {
        const struct ghost *entry = &ghosts->entries[i];
        faults += entry->list != list || ghosts->entries[entry->newer].older != i;
        faults += ghosts_find(ghosts, entry->key) != i;
        i = entry->newer;
    }
    return faults + (count != ghosts->count[list]);
}

unsigned ghosts_audit(const struct reclaim_ghosts *ghosts) {
    if (ghosts->limit == 0) { /* there is no table, or it was forgotten */
        return ghosts->count[0] + ghosts->count[1] != 0;
    }
    return audit_list(ghosts, 0) + audit_list(ghosts, 1);
}
