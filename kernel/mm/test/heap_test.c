/* SPDX-License-Identifier: MIT */
/* Heap and slabs on the build machine. */
#include "support.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct thing {
    uint64_t a, b, c;
};

static SLAB_CACHE(things, struct thing);
static struct slab_cache bytes = {
    .name = "bytes", .size = 24, .lock = SPINLOCK(LOCK_SLAB), .partial = {&bytes.partial, &bytes.partial}};
static struct slab_cache halves = {
    .name = "halves", .size = 2048, .lock = SPINLOCK(LOCK_SLAB), .partial = {&halves.partial, &halves.partial}};

static int setup(void **state) {
    (void)state;
    support_machine();
    return 0;
}

static int audit(void **state) {
    (void)state;
    struct heap_counts counts;
    heap_count(&counts);
    return heap_audit(support_report) + slab_audit(support_report) + frames_audit(support_report) == 0 &&
                   counts.blocks_used == 0 && counts.bytes_used == 0
               ? 0
               : 1;
}

static void alloc_is_zeroed_and_aligned(void **state) {
    (void)state;
    for (size_t size = 0; size < 3000; size += 7) {
        uint8_t *block = heap_alloc(size);
        assert_int_equal((uintptr_t)block % 16, 0);
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(block[i], 0);
        }
        memset(block, 0xff, size);
        heap_free(block);
    }
}

static void alloc_aligned(void **state) {
    (void)state;
    void *blocks[9];
    for (unsigned i = 0; i < COUNT(blocks); i++) {
        blocks[i] = heap_alloc_aligned(100, (size_t)16 << i);
        assert_int_equal((uintptr_t)blocks[i] % ((size_t)16 << i), 0);
    }
    assert_int_equal(heap_audit(support_report), 0);
    for (unsigned i = 0; i < COUNT(blocks); i++) {
        heap_free(blocks[i]);
    }
}

static void free_of_null(void **state) {
    (void)state;
    heap_free(NULL);
}

static void blocks_do_not_overlap(void **state) {
    (void)state;
    uint8_t *blocks[64];
    for (unsigned i = 0; i < COUNT(blocks); i++) {
        blocks[i] = heap_alloc(i * 5 + 1);
        memset(blocks[i], (int)i, i * 5 + 1);
    }
    for (unsigned i = 0; i < COUNT(blocks); i++) {
        for (unsigned j = 0; j < i * 5 + 1; j++) {
            assert_int_equal(blocks[i][j], i);
        }
        heap_free(blocks[i]);
    }
}

static void first_fit_reuses_the_lowest(void **state) {
    (void)state;
    void *low = heap_alloc(64);
    void *high = heap_alloc(64);
    heap_free(low);
    assert_ptr_equal(heap_alloc(64), low);
    heap_free(low);
    heap_free(high);
}

static void neighbours_coalesce(void **state) {
    (void)state;
    void *a = heap_alloc(1000), *b = heap_alloc(1000), *c = heap_alloc(1000), *end = heap_alloc(16);
    heap_free(a);
    heap_free(c);
    heap_free(b);
    void *all = heap_alloc(3000);
    assert_ptr_equal(all, a);
    heap_free(all);
    heap_free(end);
}

static void large_blocks_come_and_go(void **state) {
    (void)state;
    uint64_t before = support_frames_used();
    void *block = heap_alloc(3 << 20);
    assert_non_null(block);
    assert_true(support_frames_used() >= before + (3 << 20) / TS_PAGE_SIZE);
    heap_free(block);
    assert_int_equal(support_frames_used(), before);
}

static void too_large_is_refused(void **state) {
    (void)state;
    assert_null(heap_alloc(SIZE_MAX));
    assert_null(heap_alloc(SIZE_MAX - 100));
    assert_null(heap_alloc((size_t)1 << 40));
    assert_null(heap_alloc(1 << 30));
    assert_null(heap_alloc_aligned(16, (size_t)1 << 63));
}

static void no_memory(void **state) {
    (void)state;
    struct list_node *hoard = support_exhaust(0);
    unsigned count = 0;
    void *blocks[64];
    while (count < COUNT(blocks) && (blocks[count] = heap_alloc(4000)) != NULL) {
        count++;
    }
    assert_true(count < COUNT(blocks));
    assert_null(heap_alloc(60000));
    while (count > 0) {
        heap_free(blocks[--count]);
    }
    support_give_back(hoard);
}

static void double_free(void **state) {
    (void)state;
    void *keep = heap_alloc(32);
    void *block = heap_alloc(32);
    heap_free(block);
    EXPECT_PANIC(heap_free(block), "free already");
    heap_free(keep);
}

static void bad_pointers(void **state) {
    (void)state;
    uint64_t local[8] = {0};
    char *block = heap_alloc(64);
    EXPECT_PANIC(heap_free(local), "bad pointer");
    EXPECT_PANIC(heap_free(block + 8), "bad pointer");
    EXPECT_PANIC(heap_free(block + 16), "not a block");
    heap_free(block);
}

static void red_zone(void **state) {
    (void)state;
    char *block = heap_alloc(50);
    char kept = block[50];
    block[50] = 1;
    EXPECT_PANIC(heap_free(block), "written behind the 50 bytes");
    assert_true(heap_audit(support_report) > 0);
    block[50] = kept;
    heap_free(block);
}

static void random_blocks(void **state) {
    (void)state;
    struct random random = {support_seed(0x6ea9)};
    static struct {
        uint8_t *block;
        size_t size;
    } held[256];
    for (uint64_t i = support_rounds(100000); i > 0; i--) {
        unsigned slot = (unsigned)random_below(&random, COUNT(held));
        if (held[slot].block != NULL) {
            assert_int_equal(held[slot].block[0], slot);
            assert_int_equal(held[slot].block[held[slot].size - 1], slot);
            heap_free(held[slot].block);
            held[slot].block = NULL;
        } else {
            held[slot].size = 1 + random_below(&random, random_below(&random, 16) == 0 ? 20000 : 300);
            held[slot].block = heap_alloc_aligned(held[slot].size, (size_t)1 << random_below(&random, 9));
            memset(held[slot].block, (int)slot, held[slot].size);
        }
        if (i % 4096 == 0) {
            assert_int_equal(heap_audit(support_report), 0);
        }
    }
    for (unsigned slot = 0; slot < COUNT(held); slot++) {
        heap_free(held[slot].block);
    }
}

static void slab_objects_are_zeroed_and_distinct(void **state) {
    (void)state;
    struct thing *all[1000];
    for (unsigned i = 0; i < COUNT(all); i++) {
        all[i] = slab_alloc(&things);
        assert_true(all[i]->a == 0 && all[i]->b == 0 && all[i]->c == 0);
        *all[i] = (struct thing){i, i, i};
    }
    assert_int_equal(things.used, COUNT(all));
    assert_int_equal(slab_audit(support_report), 0);
    for (unsigned i = 0; i < COUNT(all); i++) {
        assert_true(all[i]->a == i && all[i]->c == i);
        slab_free(&things, all[i]);
    }
    assert_int_equal(things.used, 0);
}

static void slab_returns_empty_frames(void **state) {
    (void)state;
    uint64_t before = support_frames_used();
    void *all[100];
    for (unsigned i = 0; i < COUNT(all); i++) {
        all[i] = slab_alloc(&halves);
    }
    assert_int_equal(halves.frames, 50);
    for (unsigned i = 0; i < COUNT(all); i++) {
        slab_free(&halves, all[i]);
    }
    assert_true(halves.frames <= 1);
    assert_true(support_frames_used() <= before + 1);
}

static void slab_without_memory(void **state) {
    (void)state;
    void *first = slab_alloc(&bytes);
    struct list_node *hoard = support_exhaust(0);
    unsigned count = 0;
    static void *all[1000];
    while ((all[count] = slab_alloc(&bytes)) != NULL) {
        count++;
    }
    assert_int_equal(count, TS_PAGE_SIZE / 24 - 1);
    while (count > 0) {
        slab_free(&bytes, all[--count]);
    }
    slab_free(&bytes, first);
    support_give_back(hoard);
}

static void slab_double_free(void **state) {
    (void)state;
    void *keep = slab_alloc(&things);
    void *object = slab_alloc(&things);
    slab_free(&things, object);
    EXPECT_PANIC(slab_free(&things, object), "double free");
    slab_free(&things, keep);
}

static void slab_foreign_free(void **state) {
    (void)state;
    struct thing local;
    char *object = slab_alloc(&things);
    void *other = slab_alloc(&bytes);
    EXPECT_PANIC(slab_free(&things, &local), "foreign free");
    EXPECT_PANIC(slab_free(&things, object + 8), "foreign free");
    EXPECT_PANIC(slab_free(&things, other), "foreign free");
    slab_free(&things, object);
    slab_free(&bytes, other);
}

#define T(name) cmocka_unit_test_setup_teardown(name, NULL, audit)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(alloc_is_zeroed_and_aligned), T(alloc_aligned), T(free_of_null), T(blocks_do_not_overlap),
        T(first_fit_reuses_the_lowest), T(neighbours_coalesce), T(large_blocks_come_and_go),
        T(too_large_is_refused), T(no_memory), T(double_free), T(bad_pointers), T(red_zone), T(random_blocks),
        T(slab_objects_are_zeroed_and_distinct), T(slab_returns_empty_frames), T(slab_without_memory),
        T(slab_double_free), T(slab_foreign_free),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("heap", tests, setup, NULL);
}
