/* SPDX-License-Identifier: MIT */
/* Heap and slabs in the running kernel. */
#include "base/string.h"
#include "kernel/heap.h"
#include "kernel/kasan.h"
#include "mm_selftests.h"

struct sample {
    uint64_t words[7];
};
static SLAB_CACHE(samples, struct sample);

static bool words_are(const uint64_t *words, size_t count, uint64_t value) {
    for (size_t i = 0; i < count; i++) {
        if (words[i] != value) {
            return false;
        }
    }
    return true;
}

static bool alloc_zeroed(void) {
    for (size_t size = 8; size <= 8192; size *= 2) {
        uint64_t *block = heap_alloc(size);
        EXPECT(block != NULL && (uintptr_t)block % 16 == 0);
        EXPECT(words_are(block, size / 8, 0));
        memset(block, 0xff, size);
        heap_free(block);
    }
    return true;
}

static bool alloc_aligned(void) {
    for (size_t align = 16; align <= TS_PAGE_SIZE; align *= 2) {
        void *block = heap_alloc_aligned(40, align);
        EXPECT(block != NULL && (uintptr_t)block % align == 0);
        heap_free(block);
    }
    return true;
}

static bool alloc_large(void) {
    uint64_t *block = heap_alloc(300000);
    EXPECT(block != NULL);
    block[0] = 1;
    block[300000 / 8 - 1] = 2;
    EXPECT(words_are(block + 1, 300000 / 8 - 2, 0));
    heap_free(block);
    return true;
}

static bool too_large_is_refused(void) {
    EXPECT(heap_alloc(SIZE_MAX) == NULL);
    EXPECT(heap_alloc((size_t)1 << 39) == NULL);
    return true;
}

static bool blocks_keep_their_contents(void) {
    uint64_t *blocks[32];
    for (unsigned i = 0; i < 32; i++) {
        blocks[i] = heap_alloc(8 * (i + 1));
        EXPECT(blocks[i] != NULL);
        for (unsigned j = 0; j <= i; j++) {
            blocks[i][j] = i;
        }
    }
    for (unsigned i = 0; i < 32; i += 2) {
        heap_free(blocks[i]);
    }
    for (unsigned i = 1; i < 32; i += 2) {
        EXPECT(words_are(blocks[i], i + 1, i));
        heap_free(blocks[i]);
    }
    return true;
}

/* Other CPUs may use the heap in between: then once more. */
static bool counts_return(void) {
    bool counted = false, returned = false;
    for (unsigned tries = 0; tries < 100 && !(counted && returned); tries++) {
        struct heap_counts before, during, after;
        heap_count(&before);
        void *block = heap_alloc(100);
        heap_count(&during);
        heap_free(block);
        heap_count(&after);
        counted = during.blocks_used == before.blocks_used + 1 && during.bytes_used > before.bytes_used;
        returned = after.bytes_used == before.bytes_used && after.blocks_used == before.blocks_used;
    }
    EXPECT(counted);
    EXPECT(returned);
    return true;
}

static bool slab_zeroed_and_reused(void) {
    struct sample *first = slab_alloc(&samples);
    EXPECT(first != NULL && words_are(first->words, 7, 0));
    memset(first, 0xff, sizeof(*first));
    slab_free(&samples, first);
    struct sample *again = slab_alloc(&samples);
    EXPECT((again == first || CONFIG_KASAN) && words_are(again->words, 7, 0));
    slab_free(&samples, again);
    return true;
}

static bool slab_objects_are_distinct(void) {
    static struct sample *all[200];
    for (unsigned i = 0; i < 200; i++) {
        all[i] = slab_alloc(&samples);
        EXPECT(all[i] != NULL);
        all[i]->words[0] = i;
        all[i]->words[6] = i;
    }
    EXPECT(samples.used == 200);
    for (unsigned i = 0; i < 200; i++) {
        EXPECT(all[i]->words[0] == i && all[i]->words[6] == i);
        slab_free(&samples, all[i]);
    }
    EXPECT(samples.used == 0 && samples.frames <= 1);
    return true;
}

static bool audits_pass(void) {
    EXPECT(heap_audit(log_line) == 0);
    EXPECT(slab_audit(log_line) == 0);
    return true;
}

static const struct selftest tests[] = {
    {"alloc_zeroed", alloc_zeroed},
    {"alloc_aligned", alloc_aligned},
    {"alloc_large", alloc_large},
    {"too_large_is_refused", too_large_is_refused},
    {"blocks_keep_their_contents", blocks_keep_their_contents},
    {"counts_return", counts_return},
    {"slab_zeroed_and_reused", slab_zeroed_and_reused},
    {"slab_objects_are_distinct", slab_objects_are_distinct},
    {"audits_pass", audits_pass},
};

const struct selftest_suite heap_selftests = {"heap", tests, sizeof(tests) / sizeof(tests[0])};
