/* SPDX-License-Identifier: MIT */
/*
 * Slabs: objects of one size, carved from single frames. A slab's frame points to its cache (`owner`) and to its first
 * free object (`index`, an address), and counts its objects in use; free objects are chained through their first word.
 * Slabs with a free object are in the cache's `partial` list. A slab that becomes empty goes back to the frames,
 * unless it is the only one with room.
 *
 * With the address sanitizer nobody else may touch free objects and what is between objects, and what was freed last is
 * used last, so that users of freed objects are caught.
 *
 * A cache's lock protects its slabs; caches_lock the list of caches, and is never held with another slab lock.
 */
#include "arch/mmu.h"
#include "base/string.h"
#include "kernel/assert.h"
#include "kernel/frames.h"
#include "kernel/heap.h"
#include "kernel/kasan.h"

#define OBJECT_MINIMUM sizeof(uint64_t)
#define OBJECT_MAXIMUM 2048ul
#define POISON_BYTE    0x6b
#define ZONE_SIZE      (CONFIG_KASAN ? 16ul : 0) /* behind each object */

static struct spinlock caches_lock = SPINLOCK(LOCK_SLAB);
static LIST_HEAD(caches);

/* Distance of two objects. */
static size_t slab_stride(const struct slab_cache *cache) {
    return ((cache->size + OBJECT_MINIMUM - 1) & ~(OBJECT_MINIMUM - 1)) + ZONE_SIZE;
}

static unsigned slab_capacity(const struct slab_cache *cache) {
    return (unsigned)(TS_PAGE_SIZE / slab_stride(cache));
}

static void poison(const struct slab_cache *cache, void *object) {
    if (CONFIG_DEBUG) {
        memset((char *)object + OBJECT_MINIMUM, POISON_BYTE, slab_stride(cache) - OBJECT_MINIMUM);
    }
}

/* Enters a cache into the list of all, once. */
static void cache_register(struct slab_cache *cache) {
    ASSERT(cache->size > 0 && cache->size <= OBJECT_MAXIMUM);
    spinlock_acquire(&caches_lock);
    if (!list_is_linked(&cache->link)) {
        list_add_tail(&caches, &cache->link);
    }
    spinlock_release(&caches_lock);
}

/* A frame of free objects, chained in order of address. */
static struct frame *slab_new(struct slab_cache *cache) {
    struct frame *slab = frame_alloc(FRAME_KERNEL, FRAME_DIRTY_OK);
    if (slab == NULL) {
        return NULL;
    }
    char *base = frame_to_virt(slab);
    kasan_poison(base, TS_PAGE_SIZE, KASAN_SLAB_FREE);
    size_t stride = slab_stride(cache);
    uint64_t next = 0;
    for (unsigned i = slab_capacity(cache); i-- > 0;) {
        *(uint64_t *)(void *)(base + i * stride) = next;
        poison(cache, base + i * stride);
        next = (uint64_t)(base + i * stride);
    }
    slab->owner = cache;
    slab->index = next;
    return slab;
}

static inline void *slab_take_locked(struct slab_cache *cache) {
    struct list_node *node = list_first(&cache->partial);
    if (node == NULL) {
        return NULL;
    }
    struct frame *slab = container_of(node, struct frame, link);
    uint64_t *object = (uint64_t *)slab->index;
    slab->index = *object;
    slab->entry_count++;
    cache->used++;
    if (slab->index == 0) {
        list_remove(&slab->link);
    }
    return object;
}

/* Makes a slab without the lock, so that registration may take its own. */
static void *slab_alloc_slow(struct slab_cache *cache) {
    cache_register(cache);
    struct frame *slab = slab_new(cache);
    spinlock_acquire(&cache->lock);
    if (slab != NULL) {
        list_add_tail(&cache->partial, &slab->link);
        cache->frames++;
    }
    void *object = slab_take_locked(cache);
    spinlock_release(&cache->lock);
    return object;
}

static inline void *slab_take(struct slab_cache *cache) {
    if (memory_is_refused()) {
        return NULL;
    }
    spinlock_acquire(&cache->lock);
    void *object = slab_take_locked(cache);
    spinlock_release(&cache->lock);
    if (object == NULL) {
        object = slab_alloc_slow(cache);
    }
    if (object != NULL) {
        kasan_poison(object, slab_stride(cache), KASAN_SLAB_ZONE);
        kasan_unpoison(object, cache->size);
    }
    return object;
}

void *slab_alloc_dirty(struct slab_cache *cache) {
    return slab_take(cache);
}

void *slab_alloc(struct slab_cache *cache) {
    void *object = slab_take(cache);
    if (object != NULL) {
        memset(object, 0, cache->size);
    }
    return object;
}

/* The slab of an object in use; panics if it is none of this cache. */
static struct frame *slab_of_locked(const struct slab_cache *cache, const void *object) {
    struct frame *slab = frame_from_phys(virt_to_phys(object));
    size_t offset = (uintptr_t)object & (TS_PAGE_SIZE - 1);
    if (slab == NULL || slab->use != FRAME_KERNEL || slab->owner != cache || slab->entry_count == 0 ||
        offset % slab_stride(cache) != 0) {
        panic("slab %s: foreign free of %p", cache->name, object);
    }
    for (uint64_t at = CONFIG_DEBUG ? slab->index : 0; at != 0; at = *(uint64_t *)at) {
        if (at == (uint64_t)object) {
            panic("slab %s: double free of %p", cache->name, object);
        }
    }
    return slab;
}

/* Chains an object that is free from now on. */
static void slab_chain_locked(struct slab_cache *cache, struct frame *slab, uint64_t *object) {
    bool was_full = slab->index == 0;
    uint64_t *place = &slab->index;
    while (CONFIG_KASAN && *place != 0) {
        place = (uint64_t *)*place;
    }
    *object = *place;
    *place = (uint64_t)object;
    if (was_full && CONFIG_KASAN) {
        list_add_tail(&cache->partial, &slab->link);
    } else if (was_full) {
        list_add_head(&cache->partial, &slab->link);
    }
}

void slab_free(struct slab_cache *cache, void *object) {
    spinlock_acquire(&cache->lock);
    struct frame *slab = slab_of_locked(cache, object);
    struct frame *empty = NULL;
    kasan_poison(object, slab_stride(cache), KASAN_SLAB_FREE);
    poison(cache, object);
    slab_chain_locked(cache, slab, object);
    slab->entry_count--;
    cache->used--;
    if (slab->entry_count == 0 && cache->partial.next != cache->partial.previous) {
        list_remove(&slab->link);
        cache->frames--;
        empty = slab;
    }
    spinlock_release(&cache->lock);
    if (empty != NULL) {
        frame_free(empty);
    }
}

/* Free objects of a slab are inside it, and as many as its count says. */
static unsigned audit_slab(const struct slab_cache *cache, const struct frame *slab) {
    uint64_t base = (uint64_t)frame_to_virt(slab);
    unsigned free = 0;
    for (uint64_t at = slab->index; at != 0; at = *(const uint64_t *)at) {
        if (at - base >= TS_PAGE_SIZE || (at - base) % slab_stride(cache) != 0 || free > slab_capacity(cache)) {
            return 1;
        }
        free++;
    }
    return slab->owner != cache || free + slab->entry_count != slab_capacity(cache) ? 1 : 0;
}

static unsigned audit_cache(struct slab_cache *cache, void (*report)(const char *format, ...)) {
    spinlock_acquire(&cache->lock);
    unsigned faults = 0;
    uint64_t used = 0, partial = 0;
    LIST_FOR_EACH(node, &cache->partial) {
        struct frame *slab = container_of(node, struct frame, link);
        faults += audit_slab(cache, slab);
        used += slab->entry_count;
        partial++;
    }
    if (faults != 0 || used + (cache->frames - partial) * slab_capacity(cache) != cache->used) {
        report("slab %s: %u slabs are broken, %lu objects counted", cache->name, faults, cache->used);
        faults++;
    }
    spinlock_release(&cache->lock);
    return faults;
}

/* Caches are never removed, so the list may be walked without its lock once it was read under it. */
unsigned slab_audit(void (*report)(const char *format, ...)) {
    unsigned faults = 0;
    spinlock_acquire(&caches_lock);
    struct list_node *last = caches.previous;
    spinlock_release(&caches_lock);
    for (struct list_node *node = &caches; node != last;) {
        node = node->next;
        faults += audit_cache(container_of(node, struct slab_cache, link), report);
    }
    return faults;
}
