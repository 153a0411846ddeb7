/* SPDX-License-Identifier: MIT */
/*
 * Physical frames. An arena is one run of usable RAM; its last pages hold its frame array and its bitmap, whose set
 * bits are free frames. Above the bitmap stands a tree of summaries, each bit saying that a word below is not zero, so
 * a free frame is found in a fixed number of steps. Per-CPU magazines take and return frames in batches.
 *
 * Nothing is done per frame at boot: struct frame is written when its frame leaves the bitmap.
 *
 * Locks: none. A bit is claimed by compare-and-swap of its word (acquire) and returned by fetch-or (release). Summary
 * bits are hints: who empties a word clears its bit and looks again, so a bit that should be set is clear only for that
 * moment. A magazine belongs to its CPU, interrupts off; its counters are read by others.
 */
#include "kernel/frames.h"

#include "arch/mmu.h"
#include "base/string.h"
#include "kernel/assert.h"
#include "kernel/kasan.h"
#include "kernel/percpu.h"

#define ARENA_MAX      32u
#define ARENA_MINIMUM  16u /* pages that make an arena worth while */
#define ARENA_LEVELS   5u  /* 64^5 frames are 4 TiB */
#define MAGAZINE_SIZE  31u
#define MAGAZINE_BATCH 16u /* so that words of the bitmap are used up without a rest */
#define WORD_BITS      64u
#define LARGE_LOOKS    128u /* places that are tried for a large page */
#define NONE           UINT64_MAX

struct arena {
    uint64_t first; /* frame number of bit 0 */
    uint64_t count;
    struct frame *frames;
    uint64_t *level[ARENA_LEVELS]; /* [0] the bitmap, [n] a bit per word of [n-1]; atomic */
};

struct magazine {
    uint64_t count;                 /* written by its CPU, read by all: atomic */
    uint64_t used[FRAME_USE_COUNT]; /* frames handed out less frames taken back here, by use; wraps; atomic */
    uint64_t searches, words_read;  /* of the bitmaps for single frames; atomic */
    struct frame *frame[MAGAZINE_SIZE];
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct frame) <= 64, "one cache line per frame at most");

static struct arena arenas[ARENA_MAX]; /* largest first; constant after frames_init */
static unsigned arena_count;
static uint64_t boot_frames; /* RAM that is in no arena: image, archive, frame arrays */
static const struct boot_info *memory_map; /* constant after frames_init */
static struct magazine magazines[TS_CPU_COUNT_MAX];
static uint64_t large_next; /* where the next large page is looked for, as a place of all arenas together; atomic */
bool (*memory_refuses)(void);

static uint64_t counter_load(const uint64_t *counter) {
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* One writer, so no read-modify-write is needed. */
static void counter_add(uint64_t *counter, uint64_t value) {
    __atomic_store_n(counter, *counter + value, __ATOMIC_RELAXED);
}

static struct magazine *magazine_self(void) {
    return &magazines[percpu_cpu()];
}

static struct arena *arena_of_frame(const struct frame *frame) {
    for (unsigned i = 0; i < arena_count; i++) {
        if ((uintptr_t)frame - (uintptr_t)arenas[i].frames < arenas[i].count * sizeof(*frame)) {
            return &arenas[i];
        }
    }
    return NULL;
}

struct frame *frame_from_phys(uint64_t pa) {
    uint64_t number = pa >> TS_PAGE_SHIFT;
    for (unsigned i = 0; i < arena_count; i++) {
        if (number - arenas[i].first < arenas[i].count) {
            return &arenas[i].frames[number - arenas[i].first];
        }
    }
    return NULL;
}

static inline void shadow_frames(const struct frame *first, size_t count, enum kasan_shadow value) {
    if (CONFIG_KASAN) {
        kasan_set((uint64_t)frame_to_virt(first), count * TS_PAGE_SIZE, value);
    }
}

/* The bitmap and its summaries. */

static uint64_t words_of(uint64_t bits) {
    return (bits + WORD_BITS - 1) / WORD_BITS;
}

/* `count` bits from `shift` on. */
static uint64_t mask_of(uint64_t shift, uint64_t count) {
    return (count >= WORD_BITS ? UINT64_MAX : ((uint64_t)1 << count) - 1) << shift;
}

/* Word `index` of `level - 1` is no longer zero. */
static void summary_set(struct arena *arena, unsigned level, uint64_t index) {
    for (; level < ARENA_LEVELS; level++) {
        uint64_t *word = &arena->level[level][index / WORD_BITS];
        if (__atomic_fetch_or(word, (uint64_t)1 << (index % WORD_BITS), __ATOMIC_ACQ_REL) != 0) {
            return;
        }
        index /= WORD_BITS;
    }
}

/* Word `index` of the bitmap was made zero. The second look repairs the race with summary_set: of its update and
 * ours of the same word one comes first, so either it sets the bit after us or we see its frame. */
static void summary_clear(struct arena *arena, uint64_t index) {
    for (unsigned level = 1; level < ARENA_LEVELS; level++) {
        uint64_t *word = &arena->level[level][index / WORD_BITS];
        uint64_t bit = (uint64_t)1 << (index % WORD_BITS);
        uint64_t rest = __atomic_fetch_and(word, ~bit, __ATOMIC_ACQ_REL) & ~bit;
        if (__atomic_load_n(&arena->level[level - 1][index], __ATOMIC_ACQUIRE) != 0) {
            summary_set(arena, level, index);
            return;
        }
        if (rest != 0) {
            return;
        }
        index /= WORD_BITS;
    }
}

/* A word of the bitmap that is not zero; a stale summary sends us back to the top, a few times. */
static uint64_t bitmap_find(const struct arena *arena, struct magazine *magazine) {
    counter_add(&magazine->searches, 1);
    for (unsigned attempt = 0; attempt < 8; attempt++) {
        uint64_t index = 0;
        unsigned level = ARENA_LEVELS;
        while (level > 0) {
            uint64_t word = __atomic_load_n(&arena->level[level - 1][index], __ATOMIC_RELAXED);
            counter_add(&magazine->words_read, 1);
            if (word == 0) {
                break;
            }
            if (--level == 0) {
                return index;
            }
            index = index * WORD_BITS + (unsigned)__builtin_ctzl(word);
        }
        if (level == ARENA_LEVELS) {
            return NONE;
        }
    }
    return NONE;
}

/* Claims the free ones among `wanted` frames of one word, from the first free one on; their bits, 0 if others were
 * faster. */
static uint64_t bitmap_claim(struct arena *arena, uint64_t index, unsigned wanted) {
    uint64_t *word = &arena->level[0][index];
    uint64_t old = __atomic_load_n(word, __ATOMIC_RELAXED);
    uint64_t taken;
    do {
        taken = old & ((old & -old) * mask_of(0, wanted));
        if (taken == 0) {
            return 0;
        }
    } while (!__atomic_compare_exchange_n(word, &old, old & ~taken, true, __ATOMIC_ACQ_REL,
                                          __ATOMIC_RELAXED));
    if (old == taken) {
        summary_clear(arena, index);
    }
    return taken;
}

/* Claims exactly `mask` of a word, or nothing. */
static bool bitmap_claim_mask(struct arena *arena, uint64_t index, uint64_t mask) {
    uint64_t *word = &arena->level[0][index];
    uint64_t old = __atomic_load_n(word, __ATOMIC_RELAXED);
    do {
        if ((old & mask) != mask) {
            return false;
        }
    } while (!__atomic_compare_exchange_n(word, &old, old & ~mask, true, __ATOMIC_ACQ_REL,
                                          __ATOMIC_RELAXED));
    if (old == mask) {
        summary_clear(arena, index);
    }
    return true;
}

static void bitmap_return_mask(struct arena *arena, uint64_t index, uint64_t mask) {
    uint64_t old = __atomic_fetch_or(&arena->level[0][index], mask, __ATOMIC_ACQ_REL);
    if ((old & mask) != 0) {
        panic("frames: double free near %lx", (arena->first + index * WORD_BITS) << TS_PAGE_SHIFT);
    }
    if (old == 0) {
        summary_set(arena, 1, index);
    }
}

static void bitmap_return_run(struct arena *arena, uint64_t start, uint64_t count) {
    while (count > 0) {
        uint64_t shift = start % WORD_BITS;
        uint64_t here = count < WORD_BITS - shift ? count : WORD_BITS - shift;
        bitmap_return_mask(arena, start / WORD_BITS, mask_of(shift, here));
        start += here;
        count -= here;
    }
}

static bool bitmap_claim_run(struct arena *arena, uint64_t start, uint64_t count) {
    for (uint64_t done = 0; done < count;) {
        uint64_t shift = (start + done) % WORD_BITS;
        uint64_t here = count - done < WORD_BITS - shift ? count - done : WORD_BITS - shift;
        if (!bitmap_claim_mask(arena, (start + done) / WORD_BITS, mask_of(shift, here))) {
            bitmap_return_run(arena, start, done);
            return false;
        }
        done += here;
    }
    return true;
}

static bool bitmap_is_free(const struct arena *arena, uint64_t index) {
    uint64_t word = __atomic_load_n(&arena->level[0][index / WORD_BITS], __ATOMIC_RELAXED);
    return ((word >> (index % WORD_BITS)) & 1) != 0;
}

/* Magazines. */

/* Field by field: that is less than clearing it and writing two of them. */
static inline void frame_reset(struct frame *frame, uint64_t number, enum frame_use use) {
    frame->link = (struct list_node){0};
    frame->owner = NULL;
    frame->index = 0;
    frame->payer = NULL;
    frame->shares = 0;
    frame->pin_count = 0;
    frame->entry_count = 0;
    frame->use = (uint8_t)use;
    frame->flags = 0;
    frame->number = (uint32_t)number;
}

/* Fills an empty magazine with one batch; how many that are. */
static __attribute__((noinline)) uint64_t magazine_refill(struct magazine *magazine) {
    for (unsigned i = 0; i < arena_count; i++) {
        struct arena *arena = &arenas[i];
        uint64_t index;
        while ((index = bitmap_find(arena, magazine)) != NONE) {
            uint64_t taken = bitmap_claim(arena, index, MAGAZINE_BATCH);
            uint64_t count = 0;
            unsigned first = taken != 0 ? (unsigned)__builtin_ctzl(taken) : 0;
            uint64_t bit = index * WORD_BITS + first;
            for (taken >>= first; taken != 0; taken >>= 1, bit++) {
                if ((taken & 1) == 0) {
                    continue;
                }
                struct frame *frame = &arena->frames[bit];
                frame->use = FRAME_MAGAZINE;
                frame->flags = 0;
                frame->number = (uint32_t)(arena->first + bit);
                magazine->frame[count++] = frame;
            }
            if (count > 0) {
                __atomic_store_n(&magazine->count, count, __ATOMIC_RELAXED);
                return count;
            }
        }
    }
    return 0;
}

/* Returns the `count` frames that lie there longest. */
static void magazine_drain(struct magazine *magazine, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        struct frame *frame = magazine->frame[i];
        struct arena *arena = arena_of_frame(frame);
        uint64_t bit = (uint64_t)(frame - arena->frames);
        frame->use = FRAME_FREE;
        bitmap_return_mask(arena, bit / WORD_BITS, (uint64_t)1 << (bit % WORD_BITS));
    }
    uint64_t rest = magazine->count - count;
    for (uint64_t i = 0; i < rest; i++) {
        magazine->frame[i] = magazine->frame[count + i];
    }
    __atomic_store_n(&magazine->count, rest, __ATOMIC_RELAXED);
}

void frames_drain_magazines(void) {
    magazine_drain(magazine_self(), magazine_self()->count);
}

struct frame *frame_alloc(enum frame_use use, unsigned flags) {
    ASSERT(use != FRAME_FREE && use < FRAME_MAGAZINE);
    struct magazine *magazine = magazine_self();
    if (memory_is_refused()) {
        return NULL;
    }
    uint64_t left = magazine->count;
    if (left == 0) {
        left = magazine_refill(magazine);
        if (left == 0) {
            return NULL;
        }
    }
    left--;
    __atomic_store_n(&magazine->count, left, __ATOMIC_RELAXED);
    struct frame *frame = magazine->frame[left];
    bool clean = ((frame->flags & FRAME_CLEAN) | (flags & FRAME_DIRTY_OK)) != 0;
    frame_reset(frame, frame->number, use);
    shadow_frames(frame, 1, KASAN_GOOD);
    counter_add(&magazine->used[use], 1);
    if (!clean) {
        arch_page_zero(frame_to_virt(frame));
    }
    return frame;
}

bool frame_is_allocated(const struct frame *frame) {
    const struct arena *arena = arena_of_frame(frame);
    return arena != NULL && !bitmap_is_free(arena, (uint64_t)(frame - arena->frames)) &&
           frame->use != FRAME_FREE && frame->use < FRAME_MAGAZINE;
}

/* Everything that can be wrong with a free of this frame. */
static void frame_check_free(const struct arena *arena, const struct frame *frame) {
    if (arena == NULL || ((uintptr_t)frame - (uintptr_t)arena->frames) % sizeof(*frame) != 0) {
        panic("frames: foreign free of %p", (const void *)frame);
    }
    if (frame->use == FRAME_FREE || frame->use >= FRAME_MAGAZINE ||
        bitmap_is_free(arena, (uint64_t)(frame - arena->frames))) {
        panic("frames: double free of %lx", frame_to_phys(frame));
    }
    if (frame->pin_count != 0) {
        panic("frames: free of %lx, which is pinned", frame_to_phys(frame));
    }
}

void frame_free(struct frame *frame) {
    frame_check_free(arena_of_frame(frame), frame);
    struct magazine *magazine = magazine_self();
    if (magazine->count == MAGAZINE_SIZE) {
        magazine_drain(magazine, MAGAZINE_BATCH);
    }
    shadow_frames(frame, 1, KASAN_FRAME_FREE);
    counter_add(&magazine->used[frame->use], -1ul);
    frame->use = FRAME_MAGAZINE;
    magazine->frame[magazine->count] = frame;
    counter_add(&magazine->count, 1);
}

/* Runs. */

/* The first free frame at or after `start`, `end` if there is none. Skips 64 full words by a summary word. */
static uint64_t run_next_free(const struct arena *arena, uint64_t start, uint64_t end) {
    while (start < end) {
        uint64_t word = start / WORD_BITS;
        uint64_t bits = __atomic_load_n(&arena->level[0][word], __ATOMIC_RELAXED) >> (start % WORD_BITS);
        if (bits != 0) {
            start += (unsigned)__builtin_ctzl(bits);
            return start < end ? start : end;
        }
        word++;
        uint64_t summary = __atomic_load_n(&arena->level[1][word / WORD_BITS], __ATOMIC_RELAXED);
        summary >>= word % WORD_BITS;
        bool in_word = word % WORD_BITS != 0;
        if (summary != 0) {
            word += (unsigned)__builtin_ctzl(summary);
        } else if (in_word) {
            word += WORD_BITS - word % WORD_BITS;
        }
        start = word * WORD_BITS;
    }
    return end;
}

/* The last frame of [start, start+count) that is not free, NONE if all are. */
static uint64_t run_last_busy(const struct arena *arena, uint64_t start, uint64_t count) {
    uint64_t end = start + count;
    while (end > start) {
        uint64_t word = (end - 1) / WORD_BITS;
        uint64_t low = word * WORD_BITS > start ? word * WORD_BITS : start;
        uint64_t mask = mask_of(low % WORD_BITS, end - low);
        uint64_t busy = ~__atomic_load_n(&arena->level[0][word], __ATOMIC_RELAXED) & mask;
        if (busy != 0) {
            return word * WORD_BITS + (WORD_BITS - 1 - (unsigned)__builtin_clzl(busy));
        }
        end = low;
    }
    return NONE;
}

/* Index of the first frame at or after `start` whose number is a multiple of align. */
static uint64_t run_align(const struct arena *arena, uint64_t start, uint64_t align) {
    return ((arena->first + start + align - 1) & ~(align - 1)) - arena->first;
}

static uint64_t run_claim(struct arena *arena, uint64_t count, uint64_t align, uint64_t limit) {
    uint64_t end = arena->count;
    if (limit != 0) {
        uint64_t below = limit >> TS_PAGE_SHIFT;
        below = below > arena->first ? below - arena->first : 0;
        end = below < end ? below : end;
    }
    uint64_t start = run_align(arena, run_next_free(arena, 0, end), align);
    while (start < end && count <= end - start) {
        uint64_t busy = run_last_busy(arena, start, count);
        if (busy == NONE && bitmap_claim_run(arena, start, count)) {
            return start;
        }
        uint64_t after = busy == NONE ? start + 1 : busy + 1;
        start = run_align(arena, run_next_free(arena, after, end), align);
    }
    return NONE;
}

/* Frames that were claimed are someone's. */
static struct frame *run_take(struct arena *arena, uint64_t start, uint64_t count, enum frame_use use) {
    for (uint64_t at = start; at < start + count; at++) {
        frame_reset(&arena->frames[at], arena->first + at, use);
    }
    counter_add(&magazine_self()->used[use], count);
    shadow_frames(&arena->frames[start], count, KASAN_GOOD);
    return &arena->frames[start];
}

static struct frame *run_alloc(uint64_t count, uint64_t align, uint64_t limit, enum frame_use use) {
    for (unsigned i = 0; i < arena_count; i++) {
        uint64_t start = run_claim(&arenas[i], count, align, limit);
        if (start != NONE) {
            return run_take(&arenas[i], start, count, use);
        }
    }
    return NULL;
}

struct frame *frame_alloc_run(size_t count, size_t align, uint64_t limit, enum frame_use use, unsigned flags) {
    ASSERT(count > 0 && align > 0 && (align & (align - 1)) == 0);
    ASSERT(use != FRAME_FREE && use < FRAME_MAGAZINE);
    if (align > (uint64_t)1 << 40 || count > (uint64_t)1 << 40 || memory_is_refused()) {
        return NULL;
    }
    struct frame *first = run_alloc(count, align, limit, use);
    if (first == NULL) {
        frames_drain_magazines();
        first = run_alloc(count, align, limit, use);
    }
    if (first == NULL) {
        return NULL;
    }
    if ((flags & FRAME_DIRTY_OK) == 0) {
        memset(frame_to_virt(first), 0, count * TS_PAGE_SIZE);
    }
    return first;
}

/* Aligned places for large pages in an arena. */
static uint64_t large_places(const struct arena *arena) {
    uint64_t start = run_align(arena, 0, FRAMES_LARGE);
    return start < arena->count ? (arena->count - start) / FRAMES_LARGE : 0;
}

/* Goes on behind the place that was looked at last, so that calls that find nothing do not look at the same again. */
struct frame *frame_alloc_large(enum frame_use use) {
    ASSERT(use != FRAME_FREE && use < FRAME_MAGAZINE);
    uint64_t places = 0;
    for (unsigned i = 0; i < arena_count; i++) {
        places += large_places(&arenas[i]);
    }
    if (places == 0 || memory_is_refused()) {
        return NULL;
    }
    for (uint64_t looks = places < LARGE_LOOKS ? places : LARGE_LOOKS; looks > 0; looks--) {
        uint64_t place = __atomic_fetch_add(&large_next, 1, __ATOMIC_RELAXED) % places;
        struct arena *arena = arenas;
        for (; place >= large_places(arena); arena++) {
            place -= large_places(arena);
        }
        uint64_t start = run_align(arena, 0, FRAMES_LARGE) + place * FRAMES_LARGE;
        if (run_last_busy(arena, start, FRAMES_LARGE) == NONE && bitmap_claim_run(arena, start, FRAMES_LARGE)) {
            return run_take(arena, start, FRAMES_LARGE, use);
        }
    }
    return NULL;
}

void frame_free_run(struct frame *first, size_t count) {
    struct arena *arena = arena_of_frame(first);
    for (size_t i = 0; i < count; i++) {
        frame_check_free(i == 0 || arena == arena_of_frame(&first[i]) ? arena : NULL, &first[i]);
        counter_add(&magazine_self()->used[first[i].use], -1ul);
        first[i].use = FRAME_FREE;
    }
    shadow_frames(first, count, KASAN_FRAME_FREE);
    bitmap_return_run(arena, (uint64_t)(first - arena->frames), count);
}

void frames_poison_free(void) {
    for (unsigned i = 0; i < arena_count; i++) {
        for (uint64_t index = 0; index < arenas[i].count; index++) {
            if (bitmap_is_free(&arenas[i], index) || arenas[i].frames[index].use == FRAME_MAGAZINE) {
                kasan_poison(phys_to_virt((arenas[i].first + index) << TS_PAGE_SHIFT), TS_PAGE_SIZE, KASAN_FRAME_FREE);
            }
        }
    }
}

/* Boot. */

/* Sets `bits` bits of a level that has room for them. */
static void level_fill(uint64_t *level, uint64_t bits) {
    memset(level, 0xff, bits / WORD_BITS * sizeof(*level));
    if (bits % WORD_BITS != 0) {
        level[bits / WORD_BITS] = mask_of(0, bits % WORD_BITS);
    }
}

/* Bytes that frame array and bitmaps of `count` frames need. */
static uint64_t arena_overhead(uint64_t count) {
    uint64_t bytes = count * sizeof(struct frame) + sizeof(uint64_t);
    for (unsigned level = 0; level < ARENA_LEVELS; level++) {
        count = words_of(count);
        bytes += count * sizeof(uint64_t);
    }
    return bytes;
}

/* One arena over `pages` pages from number `first` on. Its own arrays take the end, so that the beginning keeps the
 * alignment that large pages need. */
static void arena_build(struct arena *arena, uint64_t first, uint64_t pages) {
    uint64_t overhead = (arena_overhead(pages) + TS_PAGE_SIZE - 1) >> TS_PAGE_SHIFT;
    arena->first = first;
    arena->count = pages - overhead;
    boot_frames += overhead;
    arena->frames = phys_to_virt((first + arena->count) << TS_PAGE_SHIFT);
    uint64_t *next = (uint64_t *)(void *)&arena->frames[arena->count];
    uint64_t bits = arena->count;
    for (unsigned level = 0; level < ARENA_LEVELS; level++) {
        arena->level[level] = next;
        level_fill(next, bits);
        bits = words_of(bits);
        next += bits;
    }
}

/* Keeps the list of the largest ranges in order of size; the smallest falls out. */
static void range_insert(struct boot_range *ranges, unsigned *count, struct boot_range range) {
    unsigned i = *count;
    if (*count == ARENA_MAX) {
        i--;
        if (ranges[i].length >= range.length) {
            return;
        }
    } else {
        ++*count;
    }
    for (; i > 0 && ranges[i - 1].length < range.length; i--) {
        ranges[i] = ranges[i - 1];
    }
    ranges[i] = range;
}

/* What of a piece of memory an arena can have: inside the direct map, and not page 0. */
static struct boot_range usable_range(const struct boot_memory *memory) {
    uint64_t base = memory->base == 0 ? TS_PAGE_SIZE : memory->base;
    uint64_t end = memory->base + memory->length;
    end = end > KERNEL_DIRECT_SIZE ? KERNEL_DIRECT_SIZE : end;
    return (struct boot_range){base, base < end ? end - base : 0};
}

void frames_init(const struct boot_info *bi) {
    struct boot_range ranges[ARENA_MAX];
    unsigned count = 0;
    uint64_t total = 0;
    memory_map = bi;
    for (unsigned i = 0; i < bi->memory_count; i++) {
        const struct boot_memory *memory = &bi->memory[i];
        if (memory->kind == BOOT_MEMORY_KERNEL || memory->kind == BOOT_MEMORY_BOOT) {
            boot_frames += memory->length >> TS_PAGE_SHIFT;
        }
        struct boot_range range = usable_range(memory);
        if (memory->kind == BOOT_MEMORY_USABLE && range.length >> TS_PAGE_SHIFT >= ARENA_MINIMUM) {
            range_insert(ranges, &count, range);
        }
    }
    for (unsigned i = 0; i < count; i++) {
        arena_build(&arenas[i], ranges[i].base >> TS_PAGE_SHIFT, ranges[i].length >> TS_PAGE_SHIFT);
        total += arenas[i].count;
    }
    arena_count = count;
    log_line("frames: %lu MiB in %u arenas, %lu KiB kept by boot", total >> (20 - TS_PAGE_SHIFT), count,
             boot_frames << (TS_PAGE_SHIFT - 10));
}

bool frames_are_ram(uint64_t base, uint64_t length) {
    for (unsigned i = 0; i < memory_map->memory_count; i++) {
        const struct boot_memory *memory = &memory_map->memory[i];
        bool ram = memory->kind == BOOT_MEMORY_USABLE || memory->kind == BOOT_MEMORY_KERNEL ||
                   memory->kind == BOOT_MEMORY_BOOT;
        if (ram && base < memory->base + memory->length && memory->base < base + length) {
            return true;
        }
    }
    return false;
}

/* Counts and audit. */

void frames_count(struct frame_counts *counts) {
    *counts = (struct frame_counts){.total = boot_frames};
    uint64_t taken = 0;
    for (unsigned cpu = 0; cpu < TS_CPU_COUNT_MAX; cpu++) {
        for (unsigned use = 0; use < FRAME_MAGAZINE; use++) {
            counts->use[use] += counter_load(&magazines[cpu].used[use]);
            taken += counter_load(&magazines[cpu].used[use]);
        }
        counts->use[FRAME_MAGAZINE] += counter_load(&magazines[cpu].count);
        counts->searches += counter_load(&magazines[cpu].searches);
        counts->words_read += counter_load(&magazines[cpu].words_read);
    }
    taken += counts->use[FRAME_MAGAZINE];
    for (unsigned i = 0; i < arena_count; i++) {
        counts->total += arenas[i].count;
    }
    counts->use[FRAME_FREE] = counts->total - boot_frames - taken;
    counts->use[FRAME_BOOT] += boot_frames;
}

typedef void (*audit_report)(const char *format, ...);

/* Every bit of every summary says what the word below it says. */
static unsigned audit_summaries(const struct arena *arena, audit_report report) {
    unsigned faults = 0;
    uint64_t bits = words_of(arena->count);
    for (unsigned level = 1; level < ARENA_LEVELS; level++) {
        for (uint64_t i = 0; i < bits; i++) {
            bool summary = ((arena->level[level][i / WORD_BITS] >> (i % WORD_BITS)) & 1) != 0;
            if (summary != (arena->level[level - 1][i] != 0)) {
                report("frames: summary %u bit %lu is wrong", level, i);
                faults++;
            }
        }
        bits = words_of(bits);
    }
    return faults;
}

static unsigned audit_frame(const struct arena *arena, uint64_t index, uint64_t *used, audit_report report) {
    const struct frame *frame = &arena->frames[index];
    if (frame->use == FRAME_FREE || frame->use >= FRAME_USE_COUNT) {
        report("frames: %lx is claimed and has use %u", (arena->first + index) << TS_PAGE_SHIFT, frame->use);
        return 1;
    }
    used[frame->use]++;
    return 0;
}

static unsigned audit_arena(const struct arena *arena, uint64_t *used, audit_report report) {
    unsigned faults = audit_summaries(arena, report);
    for (uint64_t word = 0; word < words_of(arena->count); word++) {
        uint64_t free = arena->level[0][word];
        uint64_t rest = arena->count - word * WORD_BITS;
        used[FRAME_FREE] += (unsigned)__builtin_popcountl(free);
        for (uint64_t claimed = ~free & mask_of(0, rest); claimed != 0; claimed &= claimed - 1) {
            uint64_t index = word * WORD_BITS + (unsigned)__builtin_ctzl(claimed);
            faults += audit_frame(arena, index, used, report);
        }
    }
    return faults;
}

unsigned frames_audit(void (*report)(const char *format, ...)) {
    struct frame_counts counts;
    uint64_t used[FRAME_USE_COUNT] = {0};
    unsigned faults = 0;
    used[FRAME_BOOT] = boot_frames;
    for (unsigned i = 0; i < arena_count; i++) {
        faults += audit_arena(&arenas[i], used, report);
    }
    frames_count(&counts);
    for (unsigned use = 0; use < FRAME_USE_COUNT; use++) {
        if (counts.use[use] != used[use]) {
            report("frames: use %u counted %lu, found %lu", use, counts.use[use], used[use]);
            faults++;
        }
    }
    return faults;
}
