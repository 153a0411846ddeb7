/* SPDX-License-Identifier: MIT */
/*
 * The kernel heap: a linked list of free blocks, first fit, address-ordered, coalescing; and slabs for objects of
 * one size. Debug builds put red zones around blocks and poison freed memory.
 */
#pragma once

#include "abi/types.h"
#include "base/list.h"
#include "kernel/spinlock.h"

void heap_init(void);

/* Zeroed, aligned to 16; null when there is no memory. Interrupts off; takes heap_lock. */
void *heap_alloc(size_t size);
void *heap_alloc_aligned(size_t size, size_t align);
void heap_free(void *block); /* null is allowed; a bad pointer or a broken red zone panics */

struct heap_counts {
    uint64_t bytes_used, bytes_free, blocks_used;
};
void heap_count(struct heap_counts *counts);

/* The block around an address, for reports: a guess from the memory below it, without the lock. */
struct heap_place {
    const void *payload;
    size_t size; /* of the payload */
    bool is_used;
};
bool heap_find(const void *address, struct heap_place *place);
unsigned heap_audit(void (*report)(const char *format, ...));

/* Objects of one size, carved from frames. Per-CPU free lists would come in front of this lock. */
struct slab_cache {
    const char *name;
    size_t size;             /* bytes, 8 .. 2048 */
    struct spinlock lock;    /* protects the lists */
    struct list_node partial;
    struct list_node link;   /* all caches, for the audit */
    uint64_t used;           /* objects handed out */
    uint64_t frames;
};

#define SLAB_CACHE(variable, type)                                                                 \
    struct slab_cache variable = {.name = #type,                                                   \
                                  .size = sizeof(type),                                            \
                                  .lock = SPINLOCK(LOCK_SLAB),                                     \
                                  .partial = {&(variable).partial, &(variable).partial}}

/* Interrupts off; take the cache's lock. A bad or doubly freed pointer panics. */
void *slab_alloc(struct slab_cache *cache);       /* zeroed; null when there is no memory */
void *slab_alloc_dirty(struct slab_cache *cache); /* the same with any contents */
void slab_free(struct slab_cache *cache, void *object);

/* Lists, counts and frames of every cache agree. Number of faults found, each reported by `report`. */
unsigned slab_audit(void (*report)(const char *format, ...));
