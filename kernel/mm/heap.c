/* SPDX-License-Identifier: MIT */
/*
 * The kernel heap: first fit over one address-ordered list of free blocks, which coalesce with their neighbours.
 * Memory comes in chunks, runs of frames in the direct map; a chunk that is wholly free goes back, but for the last.
 * A chunk's head separates it from its neighbours, so blocks never coalesce across chunks.
 *
 * A block is a header and its payload. Debug builds end the payload with a red zone, fill what is freed with a
 * pattern, and check both. With the address sanitizer nobody else may touch headers, zones and free blocks, and small
 * blocks that are freed are laid aside for a while, so that their users are caught. heap_lock protects everything.
 */
#include "kernel/heap.h"

#include "arch/mmu.h"
#include "base/string.h"
#include "kernel/assert.h"
#include "kernel/frames.h"
#include "kernel/kasan.h"

#define UNIT          16ul /* sizes and addresses are multiples of this */
#define CHUNK_SIZE    ((size_t)65536)
#define MAGIC_USED    0x55534544u
#define MAGIC_FREE    0x46524545u
#define MAGIC_ASIDE   0x41534944u
#define ZONE_BYTE     0xa5
#define POISON_BYTE   0x6b
#define ZONE_SIZE     (CONFIG_DEBUG ? UNIT : 0)
#define ALLOC_MAXIMUM ((size_t)1 << 40)
#define ASIDE_COUNT   64u
#define ASIDE_SIZE    4096ul /* of the largest block that is laid aside */
#define FIND_LIMIT    65536ul

struct block {
    size_t size;    /* with this header */
    uint32_t slack; /* used: bytes of the payload behind what was asked for */
    uint32_t magic;
    struct list_node link; /* free: in free_blocks; used: the payload begins here */
};

struct chunk {
    struct list_node link; /* in chunks */
    size_t size;           /* with this head */
    size_t reserved;
};

#define HEADER_SIZE offsetof(struct block, link)
_Static_assert(HEADER_SIZE == UNIT && sizeof(struct block) == 2 * UNIT, "payloads are aligned");
_Static_assert(sizeof(struct chunk) % UNIT == 0, "blocks are aligned");

static struct spinlock heap_lock = SPINLOCK(LOCK_HEAP);
static LIST_HEAD(free_blocks); /* by address */
static LIST_HEAD(chunks);
static struct heap_counts totals;
static struct block *aside[ASIDE_COUNT]; /* a ring: the oldest gives its place to the next */
static unsigned aside_next;

static struct block *block_of(struct list_node *node) {
    return container_of(node, struct block, link);
}

static char *block_end(const struct block *block) {
    return (char *)(uintptr_t)block + block->size;
}

static char *block_payload(struct block *block) {
    return (char *)block + HEADER_SIZE;
}

static void poison(struct block *block) {
    if (CONFIG_DEBUG) {
        memset(block + 1, POISON_BYTE, block->size - sizeof(*block));
    }
}

/* Puts a free block into its place and joins it with its neighbours; the block that contains it now. */
static struct block *free_insert_locked(struct block *block) {
    struct list_node *after = free_blocks.next;
    while (after != &free_blocks && (uintptr_t)after < (uintptr_t)block) {
        after = after->next;
    }
    block->magic = MAGIC_FREE;
    list_insert_after(after->previous, &block->link);
    totals.bytes_free += block->size;
    if (after != &free_blocks && block_end(block) == (char *)block_of(after)) {
        block->size += block_of(after)->size;
        list_remove(after);
    }
    struct list_node *before = block->link.previous;
    if (before != &free_blocks && block_end(block_of(before)) == (char *)block) {
        list_remove(&block->link);
        block_of(before)->size += block->size;
        block = block_of(before);
    }
    poison(block);
    return block;
}

/* Adds a chunk in which a block of `need` bytes fits. */
static bool heap_grow_locked(size_t need) {
    size_t size = (need + sizeof(struct chunk) + TS_PAGE_SIZE - 1) & ~(TS_PAGE_SIZE - 1);
    struct frame *first = NULL;
    if (size < CHUNK_SIZE) {
        first = frame_alloc_run(CHUNK_SIZE >> TS_PAGE_SHIFT, 1, 0, FRAME_KERNEL, FRAME_DIRTY_OK);
        size = first != NULL ? CHUNK_SIZE : size;
    }
    if (first == NULL) {
        first = frame_alloc_run(size >> TS_PAGE_SHIFT, 1, 0, FRAME_KERNEL, FRAME_DIRTY_OK);
    }
    if (first == NULL) {
        return false;
    }
    struct chunk *chunk = frame_to_virt(first);
    kasan_poison(chunk, size, KASAN_HEAP_FREE);
    chunk->size = size;
    list_add_tail(&chunks, &chunk->link);
    struct block *block = (struct block *)(chunk + 1);
    block->size = size - sizeof(*chunk);
    free_insert_locked(block);
    return true;
}

/* Gives back the chunk that `block` fills, if it does and others are left. */
static void heap_shrink_locked(struct block *block) {
    struct chunk *chunk = (struct chunk *)(void *)block - 1;
    if (((uintptr_t)chunk & (TS_PAGE_SIZE - 1)) != 0 || chunks.next == chunks.previous) {
        return;
    }
    LIST_FOR_EACH(node, &chunks) {
        if (node == &chunk->link && chunk->size == block->size + sizeof(*chunk)) {
            totals.bytes_free -= block->size;
            list_remove(&block->link);
            list_remove(&chunk->link);
            frame_free_run(frame_from_phys(virt_to_phys(chunk)), chunk->size >> TS_PAGE_SHIFT);
            return;
        }
    }
}

/* Where in a free block a payload of this alignment starts: leaves room for a free block before it, or none. */
static char *fit(struct block *block, size_t need, size_t align) {
    uintptr_t payload = (uintptr_t)block_payload(block);
    uintptr_t start = (payload + align - 1) & ~(align - 1);
    if (start != payload && start - payload < sizeof(struct block)) {
        start += align;
    }
    uintptr_t end = (uintptr_t)block_end(block);
    /* Sums could wrap at the end of the address space; differences cannot. */
    bool fits = start >= payload && start <= end && need - HEADER_SIZE <= end - start;
    return fits ? (char *)start : NULL;
}

/* Cuts `need` bytes out of a free block, the payload at `payload`; what is before and behind stays free. */
static struct block *carve_locked(struct block *block, char *payload, size_t need) {
    struct block *used = (struct block *)(void *)(payload - HEADER_SIZE);
    struct list_node *before = block->link.previous;
    size_t gap = (size_t)((char *)used - (char *)block);
    size_t rest = block->size - gap - need;
    if (gap > 0) {
        before = &block->link;
        block->size = gap;
    } else {
        list_remove(&block->link);
    }
    if (rest >= sizeof(struct block)) {
        struct block *tail = (struct block *)(void *)((char *)used + need);
        tail->size = rest;
        tail->magic = MAGIC_FREE;
        list_insert_after(before, &tail->link);
    } else {
        need += rest;
    }
    totals.bytes_free -= need;
    used->size = need;
    used->magic = MAGIC_USED;
    return used;
}

static struct block *find_locked(size_t need, size_t align) {
    LIST_FOR_EACH(node, &free_blocks) {
        struct block *block = block_of(node);
        ASSERT(block->magic == MAGIC_FREE);
        char *payload = fit(block, need, align);
        if (payload != NULL) {
            return carve_locked(block, payload, need);
        }
    }
    return NULL;
}

void heap_init(void) {
    spinlock_acquire(&heap_lock);
    bool grown = heap_grow_locked(UNIT);
    spinlock_release(&heap_lock);
    if (!grown) {
        panic("heap: no memory for the first chunk");
    }
}

void *heap_alloc_aligned(size_t size, size_t align) {
    ASSERT(align > 0 && (align & (align - 1)) == 0);
    align = align < UNIT ? UNIT : align;
    if (size > ALLOC_MAXIMUM || align > ALLOC_MAXIMUM || memory_is_refused()) {
        return NULL;
    }
    size_t payload = ((size == 0 ? 1 : size) + ZONE_SIZE + UNIT - 1) & ~(UNIT - 1);
    size_t need = payload + HEADER_SIZE;
    spinlock_acquire(&heap_lock);
    struct block *block = find_locked(need, align);
    if (block == NULL && heap_grow_locked(need + (align > UNIT ? align + sizeof(struct block) : 0))) {
        block = find_locked(need, align);
    }
    if (block != NULL) {
        block->slack = (uint32_t)(block->size - HEADER_SIZE - size);
        totals.bytes_used += block->size;
        totals.blocks_used++;
    }
    spinlock_release(&heap_lock);
    if (block == NULL) {
        return NULL;
    }
    kasan_poison(block, block->size, KASAN_HEAP_ZONE);
    kasan_unpoison(block_payload(block), size);
    memset(block_payload(block), 0, size);
    if (CONFIG_DEBUG) {
        memset(block_payload(block) + size, ZONE_BYTE, block->slack);
    }
    return block_payload(block);
}

void *heap_alloc(size_t size) {
    return heap_alloc_aligned(size, UNIT);
}

/* False if somebody wrote behind the payload. */
static bool zone_is_whole(struct block *block) {
    const uint8_t *zone = (const uint8_t *)block_end(block) - block->slack;
    for (uint32_t i = 0; CONFIG_DEBUG && i < block->slack; i++) {
        if (zone[i] != ZONE_BYTE) {
            return false;
        }
    }
    return true;
}

/* The block that is to be freed now, null: none. */
static struct block *lay_aside_locked(struct block *block) {
    if (!CONFIG_KASAN || block->size > ASIDE_SIZE) {
        return block;
    }
    struct block *oldest = aside[aside_next];
    aside[aside_next] = block;
    aside_next = (aside_next + 1) % ASIDE_COUNT;
    block->magic = MAGIC_ASIDE;
    totals.bytes_free += block->size;
    if (oldest != NULL) {
        totals.bytes_free -= oldest->size;
    }
    return oldest;
}

void heap_free(void *pointer) {
    if (pointer == NULL) {
        return;
    }
    struct block *block = (struct block *)(void *)((char *)pointer - HEADER_SIZE);
    if (((uintptr_t)pointer & (UNIT - 1)) != 0 || frame_from_phys(virt_to_phys(pointer)) == NULL) {
        panic("heap: bad pointer %p", pointer);
    }
    spinlock_acquire(&heap_lock);
    if (block->magic != MAGIC_USED) {
        panic("heap: %p is %s", pointer, block->magic == MAGIC_FREE || block->magic == MAGIC_ASIDE ? "free already" : "not a block");
    }
    if (!zone_is_whole(block)) {
        panic("heap: written behind the %lu bytes at %p", block->size - HEADER_SIZE - block->slack, pointer);
    }
    totals.bytes_used -= block->size;
    totals.blocks_used--;
    kasan_poison(block, block->size, KASAN_HEAP_FREE);
    block = lay_aside_locked(block);
    if (block != NULL) {
        heap_shrink_locked(free_insert_locked(block));
    }
    spinlock_release(&heap_lock);
}

bool heap_find(const void *address, struct heap_place *place) {
    uintptr_t start = (uintptr_t)address & ~(UNIT - 1);
    for (uintptr_t at = start; at > start - FIND_LIMIT && frame_from_phys(at - KERNEL_DIRECT_BASE) != NULL; at -= UNIT) {
        struct block *block = (struct block *)at;
        bool used = block->magic == MAGIC_USED;
        if ((used || block->magic == MAGIC_FREE || block->magic == MAGIC_ASIDE) &&
            (uintptr_t)address - at < block->size) {
            size_t size = block->size - HEADER_SIZE - (block->magic == MAGIC_FREE ? 0 : block->slack);
            *place = (struct heap_place){.payload = block_payload(block), .size = size, .is_used = used};
            return true;
        }
    }
    return false;
}

void heap_count(struct heap_counts *counts) {
    spinlock_acquire(&heap_lock);
    *counts = totals;
    spinlock_release(&heap_lock);
}

/* Walks the blocks of one chunk; they must fill it exactly. */
static unsigned audit_chunk(struct chunk *chunk, struct heap_counts *found, void (*report)(const char *, ...)) {
    char *at = (char *)(chunk + 1);
    char *end = (char *)chunk + chunk->size;
    while (at < end) {
        struct block *block = (struct block *)(void *)at;
        bool used = block->magic == MAGIC_USED;
        if ((!used && block->magic != MAGIC_FREE && block->magic != MAGIC_ASIDE) || block->size < sizeof(*block) ||
            block->size > (size_t)(end - at) || (used && !zone_is_whole(block))) {
            report("heap: block at %p is broken", (void *)at);
            return 1;
        }
        found->blocks_used += used ? 1 : 0;
        found->bytes_used += used ? block->size : 0;
        found->bytes_free += used ? 0 : block->size;
        at += block->size;
    }
    return 0;
}

/* The list is in order of address and has no neighbours that should have been joined. */
static unsigned audit_list(uint64_t *bytes, void (*report)(const char *, ...)) {
    LIST_FOR_EACH(node, &free_blocks) {
        struct list_node *next = node->next;
        *bytes += block_of(node)->size;
        if (next != &free_blocks && block_end(block_of(node)) >= (char *)block_of(next)) {
            report("heap: free list is out of order at %p", (void *)node);
            return 1;
        }
    }
    return 0;
}

unsigned heap_audit(void (*report)(const char *format, ...)) {
    spinlock_acquire(&heap_lock);
    struct heap_counts found = {0};
    unsigned faults = 0;
    uint64_t listed = 0;
    LIST_FOR_EACH(node, &chunks) {
        faults += audit_chunk(container_of(node, struct chunk, link), &found, report);
    }
    faults += audit_list(&listed, report);
    for (unsigned i = 0; i < ASIDE_COUNT; i++) {
        listed += aside[i] != NULL ? aside[i]->size : 0;
    }
    if (found.bytes_used != totals.bytes_used || found.bytes_free != totals.bytes_free ||
        found.blocks_used != totals.blocks_used || listed != totals.bytes_free) {
        report("heap: counts %lu used, %lu free; found %lu, %lu", totals.bytes_used, totals.bytes_free,
               found.bytes_used, found.bytes_free);
        faults++;
    }
    spinlock_release(&heap_lock);
    return faults;
}
