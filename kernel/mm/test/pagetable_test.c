/* SPDX-License-Identifier: MIT */
/* Page tables on the build machine, case by case; each case runs on every format. */
#include "support.h"

#define LEAF (PT_READ | PT_WRITE | PT_USER)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct format_case *c; /* the format of the moment */
static struct pagetable pt;
static struct pt_flush flush;
static unsigned flushes;
static uint64_t flushed_start, flushed_end, watched;

static void count_flush(uint64_t cpus, uint32_t asid, uint64_t va, size_t pages) {
    (void)cpus;
    (void)asid;
    flushes++;
    flushed_start = va;
    flushed_end = va + pages * TS_PAGE_SIZE;
    /* Break before make: the watched leaf is a hole when its translations are flushed. */
    struct reference_result r;
    if (watched != 0 && c->format->break_before_make) {
        assert_false(reference_walk(&c->reference, pt.root, watched, &r));
    }
}

static void each_format(void (*body)(void)) {
    support_machine();
    for (unsigned i = 0; i < format_case_count; i++) {
        c = &format_cases[i];
        uint64_t before = support_frames_used();
        assert_int_equal(pagetable_new(&pt, c->format, 0), TS_OK);
        pt.cpus = 1;
        flushes = 0;
        watched = 0;
        pt_flush_init(&flush);
        host_tlb_flush_hook = count_flush;
        body();
        pagetable_flush(&pt, &flush);
        assert_int_equal(pagetable_audit(&pt, support_report), 0);
        pagetable_destroy(&pt);
        host_tlb_flush_hook = NULL;
        assert_int_equal(support_frames_used(), before);
    }
    assert_int_equal(frames_audit(support_report), 0);
}

#define EACH(name)                                                                                 \
    static void name##_body(void);                                                                 \
    static void name(void **state) {                                                               \
        (void)state;                                                                               \
        each_format(name##_body);                                                                  \
    }                                                                                              \
    static void name##_body(void)

static void hardware_sees(uint64_t va, uint64_t pa, uint32_t flags) {
    bool kept = c->types;
    flags |= PT_ACCESSED | ((flags & PT_WRITE) != 0 ? PT_DIRTY : 0);
    assert_true(support_hardware_agrees(c, pt.root, va, pa, kept ? flags : flags & ~PT_TYPE_MASK));
}

static void expect_size(uint64_t va, size_t size) {
    struct pt_mapping mapping;
    assert_int_equal(pagetable_query(&pt, va, &mapping), TS_OK);
    assert_int_equal(mapping.size, size);
}

static void expect_hole(uint64_t va) {
    struct pt_mapping mapping;
    struct reference_result r;
    assert_int_equal(pagetable_query(&pt, va, &mapping), TS_ERR_NOT_FOUND);
    assert_false(reference_walk(&c->reference, pt.root, va, &r));
}

EACH(map_each_size) {
    const size_t sizes[] = {PT_SIZE_4K, PT_SIZE_2M, PT_SIZE_1G};
    for (unsigned i = 0; i < COUNT(sizes); i++) {
        uint64_t va = c->base[0] + (uint64_t)i * PT_SIZE_1G;
        assert_int_equal(pagetable_map(&pt, va, 0x7c0000000, sizes[i], LEAF), TS_OK);
        hardware_sees(va, 0x7c0000000, LEAF);
        hardware_sees(va + sizes[i] - 1, 0x7c0000000 + sizes[i] - 1, LEAF);
        expect_size(va, sizes[i]);
        expect_hole(va + sizes[i]);
    }
}

EACH(map_in_both_ranges) {
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(pagetable_map(&pt, c->base[i], 0x1000 * (i + 1), PT_SIZE_4K, PT_READ), TS_OK);
        hardware_sees(c->base[i], 0x1000 * (i + 1), PT_READ);
    }
}

EACH(map_each_permission) {
    const uint32_t access[] = {PT_READ, PT_READ | PT_WRITE, PT_READ | PT_EXECUTE};
    for (uint32_t i = 0; i < COUNT(access) * 4; i++) {
        uint32_t flags = access[i / 4] | ((i & 1) != 0 ? PT_USER : 0) | ((i & 2) != 0 ? PT_GLOBAL : 0);
        uint64_t va = c->base[0] + i * PT_SIZE_4K;
        assert_int_equal(pagetable_map(&pt, va, 0x1000, PT_SIZE_4K, flags), TS_OK);
        hardware_sees(va, 0x1000, flags);
    }
}

EACH(map_each_memory_type) {
    const size_t sizes[] = {PT_SIZE_4K, PT_SIZE_2M, PT_SIZE_1G};
    for (uint32_t i = 0; i < 15; i++) {
        uint32_t flags = PT_READ | (i % 5) << PT_TYPE_SHIFT;
        uint64_t va = c->base[0];
        struct pt_mapping mapping;
        assert_int_equal(pagetable_map(&pt, va, PT_SIZE_1G, sizes[i / 5], flags), TS_OK);
        hardware_sees(va, PT_SIZE_1G, flags);
        assert_int_equal(pagetable_query(&pt, va, &mapping), TS_OK);
        assert_int_equal(mapping.flags & PT_TYPE_MASK, c->types ? flags & PT_TYPE_MASK : 0);
        assert_int_equal(pagetable_unmap(&pt, va, sizes[i / 5], &flush), TS_OK);
        pagetable_flush(&pt, &flush);
    }
}

EACH(map_without_access) {
    uint64_t pa;
    assert_int_equal(pagetable_map(&pt, c->base[0], 0x5000, PT_SIZE_4K, PT_USER), TS_OK);
    struct reference_result r;
    struct pt_mapping mapping;
    assert_false(reference_walk(&c->reference, pt.root, c->base[0], &r));
    assert_int_equal(pagetable_query(&pt, c->base[0], &mapping), TS_OK);
    assert_int_equal(mapping.pa, 0x5000);
    assert_int_equal(mapping.flags & (PT_READ | PT_WRITE | PT_EXECUTE), 0);
    assert_int_equal(pagetable_translate(&pt, c->base[0], PT_READ, &pa), TS_ERR_ACCESS_DENIED);
    assert_int_equal(pagetable_protect(&pt, c->base[0], PT_SIZE_4K, LEAF, &flush), TS_OK);
    hardware_sees(c->base[0], 0x5000, LEAF);
}

EACH(write_and_execute_is_refused) {
    const uint32_t bad[] = {PT_READ | PT_WRITE | PT_EXECUTE, PT_WRITE | PT_EXECUTE, PT_WRITE, PT_EXECUTE,
                            PT_READ | 5 << PT_TYPE_SHIFT, PT_READ | 1 << 20};
    for (unsigned i = 0; i < COUNT(bad); i++) {
        assert_int_equal(pagetable_map(&pt, c->base[0], 0, PT_SIZE_4K, bad[i]), TS_ERR_INVALID_ARGS);
        assert_int_equal(pagetable_map_range(&pt, c->base[0], 0, PT_SIZE_2M, bad[i]), TS_ERR_INVALID_ARGS);
        assert_int_equal(pagetable_protect(&pt, c->base[0], PT_SIZE_4K, bad[i], &flush), TS_ERR_INVALID_ARGS);
    }
    assert_int_equal(pt.table_count, 1u << (c->format->root_bits - 9));
}

EACH(misaligned_is_refused) {
    assert_int_equal(pagetable_map(&pt, c->base[0] + 1, 0, PT_SIZE_4K, LEAF), TS_ERR_INVALID_ARGS);
    assert_int_equal(pagetable_map(&pt, c->base[0], 0x800, PT_SIZE_4K, LEAF), TS_ERR_INVALID_ARGS);
    assert_int_equal(pagetable_map(&pt, c->base[0] + PT_SIZE_4K, 0, PT_SIZE_2M, LEAF), TS_ERR_INVALID_ARGS);
    assert_int_equal(pagetable_map(&pt, c->base[0], PT_SIZE_2M, PT_SIZE_1G, LEAF), TS_ERR_INVALID_ARGS);
    assert_int_equal(pagetable_map(&pt, c->base[0], 0, 3 * PT_SIZE_4K, LEAF), TS_ERR_INVALID_ARGS);
    assert_int_equal(pagetable_map_range(&pt, c->base[0], 0, 100, LEAF), TS_ERR_INVALID_ARGS);
    assert_int_equal(pagetable_unmap(&pt, c->base[0] + PT_SIZE_4K, PT_SIZE_2M, &flush), TS_ERR_INVALID_ARGS);
    assert_int_equal(pagetable_unmap_range(&pt, c->base[0] + 8, PT_SIZE_4K, &flush), TS_ERR_INVALID_ARGS);
}

EACH(addresses_outside_are_refused) {
    uint64_t hole = 1ul << c->format->range_bits;
    const uint64_t outside[] = {hole, hole + (hole >> 1), 0x8000000000000000ul, 0xff00000000000000ul};
    uint64_t pa;
    for (unsigned i = 0; i < COUNT(outside); i++) {
        assert_int_equal(pagetable_map(&pt, outside[i], 0, PT_SIZE_4K, LEAF), TS_ERR_INVALID_ARGS);
        assert_int_equal(pagetable_unmap_range(&pt, outside[i], PT_SIZE_4K, &flush), TS_ERR_INVALID_ARGS);
        assert_int_equal(pagetable_translate(&pt, outside[i], PT_READ, &pa), TS_ERR_NOT_FOUND);
        assert_int_equal(pagetable_split_large_page(&pt, outside[i], &flush), TS_ERR_INVALID_ARGS);
    }
    /* From the last good page over the edge, and around the end of the space. */
    assert_int_equal(pagetable_map_range(&pt, hole - PT_SIZE_4K, 0, 2 * PT_SIZE_4K, LEAF), TS_ERR_INVALID_ARGS);
    assert_int_equal(pagetable_map_range(&pt, 0 - PT_SIZE_2M, 0, PT_SIZE_2M, LEAF), TS_ERR_INVALID_ARGS);
    assert_int_equal(pagetable_map_range(&pt, c->base[0], 0, 0 - c->base[0] - PT_SIZE_4K, LEAF), TS_ERR_INVALID_ARGS);
    assert_int_equal(pagetable_map(&pt, hole - PT_SIZE_4K, 0, PT_SIZE_4K, LEAF), TS_OK);
}

EACH(physical_limit) {
    uint64_t limit = 1ul << c->physical_bits;
    assert_int_equal(pagetable_map(&pt, c->base[0], limit, PT_SIZE_4K, LEAF), TS_ERR_INVALID_ARGS);
    assert_int_equal(pagetable_map(&pt, c->base[0], limit - PT_SIZE_2M, PT_SIZE_2M, LEAF), TS_OK);
    hardware_sees(c->base[0], limit - PT_SIZE_2M, LEAF);
    uint64_t va = c->base[0] + PT_SIZE_1G;
    assert_int_equal(pagetable_map_range(&pt, va, limit - PT_SIZE_4K, 2 * PT_SIZE_4K, LEAF), TS_ERR_INVALID_ARGS);
    assert_int_equal(pagetable_map_range(&pt, va, UINT64_MAX - 4095, PT_SIZE_4K, LEAF), TS_ERR_INVALID_ARGS);
}

EACH(map_over_a_mapping) {
    assert_int_equal(pagetable_map(&pt, c->base[0] + PT_SIZE_2M, 0, PT_SIZE_4K, PT_READ), TS_OK);
    assert_int_equal(pagetable_map(&pt, c->base[0] + PT_SIZE_2M, 0x1000, PT_SIZE_4K, LEAF), TS_ERR_ALREADY_EXISTS);
    assert_int_equal(pagetable_map(&pt, c->base[0] + PT_SIZE_2M, 0, PT_SIZE_2M, LEAF), TS_ERR_ALREADY_EXISTS);
    assert_int_equal(pagetable_map(&pt, c->base[0], 0, PT_SIZE_1G, LEAF), TS_ERR_ALREADY_EXISTS);
    hardware_sees(c->base[0] + PT_SIZE_2M, 0, PT_READ);
    assert_int_equal(pagetable_map(&pt, c->base[1], 0, PT_SIZE_1G, LEAF), TS_OK);
    assert_int_equal(pagetable_map(&pt, c->base[1] + PT_SIZE_4K, 0, PT_SIZE_4K, LEAF), TS_ERR_ALREADY_EXISTS);
}

EACH(map_range_takes_the_largest_leaves) {
    uint64_t va = c->base[0] + PT_SIZE_1G - PT_SIZE_2M - PT_SIZE_4K;
    uint64_t length = PT_SIZE_4K + PT_SIZE_2M + PT_SIZE_1G + PT_SIZE_2M + PT_SIZE_4K;
    assert_int_equal(pagetable_map_range(&pt, va, va & 0x3fffffff, length, LEAF), TS_OK);
    expect_size(va, PT_SIZE_4K);
    expect_size(va + PT_SIZE_4K, PT_SIZE_2M);
    expect_size(c->base[0] + PT_SIZE_1G, PT_SIZE_1G);
    expect_size(c->base[0] + 2 * PT_SIZE_1G, PT_SIZE_2M);
    expect_size(va + length - 1, PT_SIZE_4K);
    expect_hole(va - 1);
    expect_hole(va + length);
}

EACH(map_range_of_other_alignment) {
    assert_int_equal(pagetable_map_range(&pt, c->base[0], 0x1000, 2 * PT_SIZE_2M, LEAF), TS_OK);
    expect_size(c->base[0], PT_SIZE_4K);
    expect_size(c->base[0] + PT_SIZE_2M, PT_SIZE_4K);
    hardware_sees(c->base[0] + PT_SIZE_2M + 5, PT_SIZE_2M + 0x1005, LEAF);
}

EACH(map_range_is_all_or_nothing) {
    uint64_t last = c->base[0] + 2 * PT_SIZE_2M + 5 * PT_SIZE_4K;
    assert_int_equal(pagetable_map(&pt, last, 0x9000, PT_SIZE_4K, PT_READ), TS_OK);
    uint64_t tables = pt.table_count;
    assert_int_equal(pagetable_map_range(&pt, c->base[0] + PT_SIZE_4K, PT_SIZE_4K, 3 * PT_SIZE_2M, LEAF),
                     TS_ERR_ALREADY_EXISTS);
    assert_int_equal(pt.table_count, tables);
    assert_true(flushes > 0);
    expect_hole(c->base[0] + PT_SIZE_4K);
    expect_hole(last - PT_SIZE_4K);
    hardware_sees(last, 0x9000, PT_READ);
}

EACH(map_range_goes_below_an_existing_table) {
    uint64_t va = c->base[0] + PT_SIZE_1G;
    assert_int_equal(pagetable_populate_roots(&pt, c->base[0], PT_SIZE_4K), TS_OK);
    assert_int_equal(pagetable_map_range(&pt, c->base[0], 0, 2 * PT_SIZE_1G, LEAF), TS_OK);
    hardware_sees(c->base[0] + 12345, 12345, LEAF);
    hardware_sees(va + 12345, PT_SIZE_1G + 12345, LEAF);
    /* With three levels the populated root entry has no room for a leaf of 1 GiB. */
    expect_size(c->base[0], c->format->levels == 3 ? PT_SIZE_2M : PT_SIZE_1G);
}

EACH(unmap_exactly_one_leaf) {
    assert_int_equal(pagetable_map(&pt, c->base[0], 0, PT_SIZE_2M, LEAF), TS_OK);
    assert_int_equal(pagetable_unmap(&pt, c->base[0], PT_SIZE_4K, &flush), TS_ERR_NOT_FOUND);
    assert_int_equal(pagetable_unmap(&pt, c->base[0], PT_SIZE_1G, &flush), TS_ERR_NOT_FOUND);
    assert_int_equal(pagetable_unmap(&pt, c->base[0] + PT_SIZE_2M, PT_SIZE_2M, &flush), TS_ERR_NOT_FOUND);
    assert_int_equal(pagetable_unmap(&pt, c->base[0], PT_SIZE_2M, &flush), TS_OK);
    expect_hole(c->base[0]);
    assert_int_equal(flush.start, c->base[0]);
    assert_int_equal(flush.end, c->base[0] + PT_SIZE_2M);
    assert_int_equal(flushes, 0);
}

EACH(unmap_frees_empty_tables_after_the_flush) {
    unsigned root = 1u << (c->format->root_bits - 9);
    assert_int_equal(pagetable_map(&pt, c->base[0], 0, PT_SIZE_4K, LEAF), TS_OK);
    assert_int_equal(pt.table_count, root + c->format->levels - 1u);
    assert_int_equal(pagetable_unmap(&pt, c->base[0], PT_SIZE_4K, &flush), TS_OK);
    assert_int_equal(pt.table_count, root);
    struct frame *table = container_of(list_first(&flush.tables), struct frame, link);
    assert_true(frame_is_allocated(table));
    pagetable_flush(&pt, &flush);
    assert_false(frame_is_allocated(table));
    assert_int_equal(flushes, 1);
    /* Where a flush by address does not reach cached tables, everything goes. */
    assert_int_equal(flushed_end - flushed_start, c->format->table_flush_all ? 0 : TS_PAGE_SIZE);
}

EACH(unmap_range_splits_and_skips_holes) {
    assert_int_equal(pagetable_map(&pt, c->base[0], 0, PT_SIZE_1G, LEAF), TS_OK);
    assert_int_equal(pagetable_map(&pt, c->base[0] + 3 * PT_SIZE_1G, 0, PT_SIZE_2M, LEAF), TS_OK);
    uint64_t start = c->base[0] + PT_SIZE_4K;
    uint64_t end = c->base[0] + 3 * PT_SIZE_1G + PT_SIZE_4K;
    assert_int_equal(pagetable_unmap_range(&pt, start, end - start, &flush), TS_OK);
    hardware_sees(c->base[0], 0, LEAF);
    hardware_sees(end, PT_SIZE_4K, LEAF);
    expect_hole(start);
    expect_hole(c->base[0] + PT_SIZE_1G - 1);
    expect_hole(end - 1);
}

EACH(a_batch_is_flushed_once) {
    const uint64_t pages = 1024;
    assert_int_equal(pagetable_map_range(&pt, c->base[0], PT_SIZE_4K, pages * PT_SIZE_4K, LEAF), TS_OK);
    for (uint64_t i = 0; i < pages; i += 2) {
        assert_int_equal(pagetable_unmap(&pt, c->base[0] + i * PT_SIZE_4K, PT_SIZE_4K, &flush), TS_OK);
    }
    assert_int_equal(pagetable_protect(&pt, c->base[0], pages * PT_SIZE_4K, PT_READ, &flush), TS_OK);
    assert_int_equal(pagetable_unmap_range(&pt, c->base[0], PT_SIZE_2M, &flush), TS_OK);
    assert_int_equal(flushes, 0);
    assert_int_equal(flush.start, c->base[0]);
    assert_int_equal(flush.end, c->base[0] + pages * PT_SIZE_4K);
    pagetable_flush(&pt, &flush);
    assert_int_equal(flushes, 1);
    pagetable_flush(&pt, &flush);
    assert_int_equal(flushes, 1);
}

EACH(unmap_range_of_nothing) {
    assert_int_equal(pagetable_unmap_range(&pt, c->base[0], 4 * PT_SIZE_1G - PT_SIZE_4K, &flush), TS_OK);
    assert_true(flush.start == flush.end);
    assert_int_equal(pt.table_count, 1u << (c->format->root_bits - 9));
}

EACH(protect_part_of_a_large_page) {
    assert_int_equal(pagetable_map(&pt, c->base[0], 0, PT_SIZE_2M, LEAF | PT_TYPE_UNCACHED), TS_OK);
    uint64_t va = c->base[0] + 7 * PT_SIZE_4K;
    assert_int_equal(pagetable_protect(&pt, va, PT_SIZE_4K, PT_READ | PT_EXECUTE, &flush), TS_OK);
    struct pt_mapping mapping;
    assert_int_equal(pagetable_query(&pt, va, &mapping), TS_OK);
    /* The type stays, and what was dirty is dirty. */
    assert_int_equal(mapping.flags, PT_READ | PT_EXECUTE | PT_ACCESSED | PT_DIRTY | c->format->forced_flags |
                                        (c->types ? (uint32_t)PT_TYPE_UNCACHED : 0));
    hardware_sees(va - 1, 7 * PT_SIZE_4K - 1, LEAF | PT_TYPE_UNCACHED);
    hardware_sees(va + PT_SIZE_4K, 8 * PT_SIZE_4K, LEAF | PT_TYPE_UNCACHED);
}

EACH(protect_to_the_same_changes_nothing) {
    assert_int_equal(pagetable_map(&pt, c->base[0], 0, PT_SIZE_1G, LEAF), TS_OK);
    assert_int_equal(pagetable_protect(&pt, c->base[0] + PT_SIZE_4K, PT_SIZE_4K, LEAF, &flush), TS_OK);
    expect_size(c->base[0], PT_SIZE_1G);
    assert_true(flush.start == flush.end);
}

EACH(translate_checks_permissions) {
    uint64_t pa = 0;
    assert_int_equal(pagetable_map(&pt, c->base[0], 0x3000, PT_SIZE_4K, PT_READ), TS_OK);
    assert_int_equal(pagetable_translate(&pt, c->base[0] + 0x123, PT_READ, &pa), TS_OK);
    assert_int_equal(pa, 0x3123);
    assert_int_equal(pagetable_translate(&pt, c->base[0], PT_WRITE, &pa), TS_ERR_ACCESS_DENIED);
    assert_int_equal(pagetable_translate(&pt, c->base[0], PT_EXECUTE, &pa), TS_ERR_ACCESS_DENIED);
    assert_int_equal(pagetable_translate(&pt, c->base[0] + PT_SIZE_4K, PT_READ, &pa), TS_ERR_NOT_FOUND);
    ts_status_t user = c->format->forced_flags != 0 ? TS_OK : TS_ERR_ACCESS_DENIED;
    assert_int_equal(pagetable_translate(&pt, c->base[0], PT_READ | PT_USER, &pa), user);
}

EACH(split_keeps_every_byte) {
    const uint32_t flags = PT_READ | PT_EXECUTE | PT_USER | PT_TYPE_WRITE_COMBINING;
    assert_int_equal(pagetable_map(&pt, c->base[0], 0x80000000, PT_SIZE_1G, flags), TS_OK);
    watched = c->base[0] + 3 * PT_SIZE_2M;
    assert_int_equal(pagetable_split_large_page(&pt, watched, &flush), TS_OK);
    expect_size(watched, PT_SIZE_2M);
    assert_int_equal(pagetable_split_large_page(&pt, watched, &flush), TS_OK);
    expect_size(watched, PT_SIZE_4K);
    expect_size(watched - 1, PT_SIZE_2M);
    assert_int_equal(pagetable_split_large_page(&pt, watched, &flush), TS_ERR_BAD_STATE);
    assert_int_equal(pagetable_split_large_page(&pt, c->base[1], &flush), TS_ERR_BAD_STATE);
    assert_int_equal(flushes, c->format->break_before_make ? 2 : 0);
    watched = 0;
    for (uint64_t offset = 0; offset < PT_SIZE_1G; offset += 0x55000) {
        hardware_sees(c->base[0] + offset, 0x80000000 + offset, flags);
    }
}

EACH(promote_to_2m_and_1g) {
    assert_int_equal(pagetable_map(&pt, c->base[0], 0x80000000, PT_SIZE_1G, LEAF), TS_OK);
    assert_int_equal(pagetable_split_large_page(&pt, c->base[0], &flush), TS_OK);
    assert_int_equal(pagetable_split_large_page(&pt, c->base[0], &flush), TS_OK);
    uint64_t tables = pt.table_count;
    assert_int_equal(pagetable_promote(&pt, c->base[0], PT_SIZE_1G, &flush), TS_ERR_BAD_STATE);
    watched = c->base[0];
    assert_int_equal(pagetable_promote(&pt, c->base[0] + 0x5000, PT_SIZE_2M, &flush), TS_OK);
    expect_size(c->base[0], PT_SIZE_2M);
    assert_int_equal(pagetable_promote(&pt, c->base[0], PT_SIZE_2M, &flush), TS_ERR_BAD_STATE);
    assert_int_equal(pagetable_promote(&pt, c->base[0], PT_SIZE_1G, &flush), TS_OK);
    expect_size(c->base[0], PT_SIZE_1G);
    watched = 0;
    assert_int_equal(pt.table_count, tables - 2);
    hardware_sees(c->base[0] + 0x12345678, 0x92345678, LEAF);
}

EACH(promote_refuses_what_is_not_whole) {
    assert_int_equal(pagetable_map_range(&pt, c->base[0], PT_SIZE_4K, PT_SIZE_2M, LEAF), TS_OK);
    assert_int_equal(pagetable_promote(&pt, c->base[0], PT_SIZE_2M, &flush), TS_ERR_BAD_STATE);
    uint64_t va = c->base[0] + PT_SIZE_1G;
    assert_int_equal(pagetable_map(&pt, va, 0, PT_SIZE_2M, LEAF), TS_OK);
    assert_int_equal(pagetable_protect(&pt, va + PT_SIZE_4K, PT_SIZE_4K, PT_READ, &flush), TS_OK);
    assert_int_equal(pagetable_promote(&pt, va, PT_SIZE_2M, &flush), TS_ERR_BAD_STATE);
    assert_int_equal(pagetable_protect(&pt, va + PT_SIZE_4K, PT_SIZE_4K, LEAF, &flush), TS_OK);
    assert_int_equal(pagetable_promote(&pt, va, PT_SIZE_2M, &flush), TS_OK);
    assert_int_equal(pagetable_unmap_range(&pt, va, PT_SIZE_4K, &flush), TS_OK);
    assert_int_equal(pagetable_promote(&pt, va, PT_SIZE_2M, &flush), TS_ERR_BAD_STATE);
    assert_int_equal(pagetable_promote(&pt, va, PT_SIZE_4K, &flush), TS_ERR_INVALID_ARGS);
    assert_int_equal(pagetable_promote(&pt, c->base[1], PT_SIZE_1G, &flush), TS_ERR_BAD_STATE);
}

EACH(large_page_takes_the_place_of_what_is_there) {
    const uint64_t va = c->base[0] + 3 * PT_SIZE_2M;
    assert_int_equal(pagetable_map(&pt, va - PT_SIZE_4K, 0x7000, PT_SIZE_4K, PT_READ), TS_OK);
    assert_int_equal(pagetable_install_large(&pt, va, PT_SIZE_2M, LEAF, &flush), TS_OK);
    expect_size(va, PT_SIZE_2M);
    hardware_sees(va + 0x12345, PT_SIZE_2M + 0x12345, LEAF);
    uint64_t tables = pt.table_count;
    assert_int_equal(flushes, 0);
    watched = va;
    assert_int_equal(pagetable_install_large(&pt, va, PT_SIZE_2M, PT_READ | PT_USER, &flush), TS_OK);
    hardware_sees(va, PT_SIZE_2M, PT_READ | PT_USER);
    watched = 0;
    assert_int_equal(pagetable_unmap_range(&pt, va + PT_SIZE_4K, 5 * PT_SIZE_4K, &flush), TS_OK);
    assert_int_equal(pagetable_install(&pt, va + 2 * PT_SIZE_4K, 0x9000, LEAF, LEAF), TS_OK);
    assert_int_equal(pt.table_count, tables + 1);
    watched = va;
    flushes = 0;
    assert_int_equal(pagetable_install_large(&pt, va, 5 * PT_SIZE_2M, LEAF, &flush), TS_OK);
    watched = 0;
    assert_int_equal(flushes, c->format->break_before_make ? 1 : 0);
    pagetable_flush(&pt, &flush);
    bool all = flushed_start == flushed_end;
    assert_true(all || (flushed_start <= va && flushed_end >= va + PT_SIZE_2M));
    assert_int_equal(pt.table_count, tables);
    expect_size(va, PT_SIZE_2M);
    hardware_sees(va + 2 * PT_SIZE_4K, 5 * PT_SIZE_2M + 2 * PT_SIZE_4K, LEAF);
    hardware_sees(va - 1, 0x7fff, PT_READ);
    expect_hole(va + PT_SIZE_2M);
    assert_int_equal(pagetable_install(&pt, va, 0, LEAF, LEAF), TS_ERR_ALREADY_EXISTS);
}

EACH(large_page_refuses_what_is_larger) {
    uint64_t va = c->base[0] + PT_SIZE_1G;
    assert_int_equal(pagetable_map(&pt, va, 0, PT_SIZE_1G, LEAF), TS_OK);
    assert_int_equal(pagetable_install_large(&pt, va, 0, LEAF, &flush), TS_ERR_ALREADY_EXISTS);
    assert_int_equal(pagetable_install_large(&pt, va + PT_SIZE_2M, 0, LEAF, &flush), TS_ERR_ALREADY_EXISTS);
    expect_size(va, PT_SIZE_1G);
    struct list_node *hoard = support_exhaust(0);
    assert_int_equal(pagetable_install_large(&pt, va + PT_SIZE_1G, 0, LEAF, &flush), TS_ERR_NO_MEMORY);
    support_give_back(hoard);
    expect_hole(va + PT_SIZE_1G);
}

EACH(no_memory_changes_nothing) {
    assert_int_equal(pagetable_map(&pt, c->base[0], 0, PT_SIZE_1G, LEAF), TS_OK);
    uint64_t other = c->base[0] + PT_SIZE_1G;
    for (unsigned left = 0; left < 4; left++) {
        struct list_node *hoard = support_exhaust(left);
        uint64_t tables = pt.table_count;
        ts_status_t status = pagetable_map_range(&pt, other, PT_SIZE_4K, 4 * PT_SIZE_2M, LEAF);
        assert_int_equal(status, TS_ERR_NO_MEMORY);
        expect_hole(other);
        assert_int_equal(pt.table_count, tables);
        if (left == 0) {
            assert_int_equal(pagetable_map(&pt, other, 0, PT_SIZE_4K, LEAF), TS_ERR_NO_MEMORY);
            assert_int_equal(pagetable_split_large_page(&pt, c->base[0], &flush), TS_ERR_NO_MEMORY);
        }
        if (left < 2) {
            assert_int_equal(pagetable_unmap_range(&pt, c->base[0], PT_SIZE_4K, &flush), TS_ERR_NO_MEMORY);
            assert_int_equal(pagetable_protect(&pt, c->base[0], PT_SIZE_4K, PT_READ, &flush), TS_ERR_NO_MEMORY);
        }
        hardware_sees(c->base[0], 0, LEAF);
        support_give_back(hoard);
    }
}

EACH(no_memory_for_a_root) {
    struct list_node *hoard = support_exhaust(0);
    struct pagetable other;
    assert_int_equal(pagetable_new(&other, c->format, 0), TS_ERR_NO_MEMORY);
    support_give_back(hoard);
}

EACH(upper_half_is_shared) {
    const uint64_t kernel = 0xffffffc000000000ul;
    if (!c->format->upper_range) {
        return;
    }
    struct pagetable user;
    assert_int_equal(pagetable_populate_roots(&pt, kernel, 0x3fc0000000ul), TS_OK);
    assert_int_equal(pagetable_new(&user, c->format, pt.root), TS_OK);
    assert_int_equal(pagetable_map(&pt, kernel + PT_SIZE_1G, 0x7000, PT_SIZE_4K, PT_READ | PT_GLOBAL), TS_OK);
    struct reference_result r;
    assert_int_equal(reference_walk(&c->reference, user.root, kernel + PT_SIZE_1G, &r), c->format->shared_upper);
    assert_int_equal(pagetable_map(&user, c->base[0], 0, PT_SIZE_4K, LEAF), TS_OK);
    assert_int_equal(pagetable_audit(&user, support_report), 0);
    pagetable_destroy(&user);
    hardware_sees(kernel + PT_SIZE_1G, 0x7000, PT_READ | PT_GLOBAL);
    /* The populated tables outlive their last leaf. */
    uint64_t tables = pt.table_count;
    assert_int_equal(pagetable_unmap(&pt, kernel + PT_SIZE_1G, PT_SIZE_4K, &flush), TS_OK);
    assert_true(pt.table_count >= tables - (c->format->levels - 2u));
}

EACH(populate_is_repeatable) {
    assert_int_equal(pagetable_populate_roots(&pt, c->base[0], PT_SIZE_4K), TS_OK);
    uint64_t tables = pt.table_count;
    assert_int_equal(pagetable_populate_roots(&pt, c->base[0], PT_SIZE_1G), TS_OK);
    assert_int_equal(pt.table_count, tables);
    assert_int_equal(pagetable_map(&pt, c->base[0], 0, PT_SIZE_4K, LEAF), TS_OK);
    assert_int_equal(pagetable_unmap(&pt, c->base[0], PT_SIZE_4K, &flush), TS_OK);
    assert_int_equal(pt.table_count, tables);
}

struct visits {
    unsigned count, stop;
    uint64_t last;
};

static bool visit_leaf(void *context, uint64_t va, const struct pt_mapping *mapping) {
    struct visits *visits = context;
    assert_true(visits->count == 0 || va > visits->last);
    assert_int_equal(mapping->pa, va - c->base[0]);
    visits->last = va;
    return ++visits->count != visits->stop;
}

EACH(walk_visits_leaves_in_order) {
    struct visits visits = {0, 0, 0};
    assert_int_equal(pagetable_map_range(&pt, c->base[0] + PT_SIZE_2M - PT_SIZE_4K, PT_SIZE_2M - PT_SIZE_4K,
                                         PT_SIZE_2M, LEAF), TS_OK);
    assert_int_equal(pagetable_map(&pt, c->base[0] + PT_SIZE_1G, PT_SIZE_1G, PT_SIZE_1G, LEAF), TS_OK);
    pagetable_walk(&pt, c->base[0], c->base[0] + 4 * PT_SIZE_1G - PT_SIZE_4K, visit_leaf, &visits);
    assert_int_equal(visits.count, 513);
    visits = (struct visits){0, 3, 0};
    pagetable_walk(&pt, c->base[0], c->base[0] + 4 * PT_SIZE_1G - PT_SIZE_4K, visit_leaf, &visits);
    assert_int_equal(visits.count, 3);
}

EACH(soft_bits_withhold_and_touch_gives) {
    pagetable_soft_ad = true;
    struct reference_result r;
    assert_int_equal(pagetable_map(&pt, c->base[0], 0x4000, PT_SIZE_4K, LEAF), TS_OK);
    assert_false(reference_walk(&c->reference, pt.root, c->base[0], &r));
    assert_int_equal(pagetable_touch(&pt, c->base[0], PT_READ | PT_USER), TS_OK);
    assert_true(support_hardware_agrees(c, pt.root, c->base[0], 0x4000, LEAF | PT_ACCESSED));
    assert_int_equal(pagetable_touch(&pt, c->base[0], PT_WRITE), TS_OK);
    assert_true(support_hardware_agrees(c, pt.root, c->base[0], 0x4000, LEAF | PT_ACCESSED | PT_DIRTY));
    assert_int_equal(pagetable_touch(&pt, c->base[0], PT_EXECUTE), TS_ERR_ACCESS_DENIED);
    assert_int_equal(pagetable_touch(&pt, c->base[0] + PT_SIZE_4K, PT_READ), TS_ERR_NOT_FOUND);
    pagetable_soft_ad = false;
}

/* What is there and is installed again counts as accessed only if somebody accesses it. */
EACH(install_without_an_access_leaves_the_bits) {
    const uint32_t flags = PT_READ | PT_USER | PT_ACCESSED;
    for (unsigned soft = 0; soft < 2; soft++) {
        uint64_t va = c->base[0] + soft * PT_SIZE_4K;
        pagetable_soft_ad = soft != 0;
        assert_int_equal(pagetable_install(&pt, va, 0x4000, flags, PT_READ), TS_OK);
        assert_true(pagetable_clear_accessed(&pt, va));
        assert_int_equal(pagetable_install(&pt, va, 0x4000, flags, 0), TS_OK);
        assert_false(pagetable_clear_accessed(&pt, va));
        assert_int_equal(pagetable_install(&pt, va, 0x4000, flags, PT_READ), TS_OK);
        assert_true(pagetable_clear_accessed(&pt, va));
    }
    pagetable_soft_ad = false;
}

EACH(audit_sees_damage) {
    assert_int_equal(pagetable_map(&pt, c->base[0], 0x4000, PT_SIZE_4K, LEAF), TS_OK);
    struct frame *table = frame_from_phys(pt.root);
    pt.table_count++;
    assert_int_equal(pagetable_audit(&pt, support_report), 1);
    pt.table_count--;
    table->owner = NULL;
    assert_true(pagetable_audit(&pt, support_report) > 0);
    table->owner = &pt;
}

EACH(unknown_cpus_are_not_flushed) {
    pt.cpus = 0;
    assert_int_equal(pagetable_map(&pt, c->base[0], 0, PT_SIZE_1G, LEAF), TS_OK);
    assert_int_equal(pagetable_unmap_range(&pt, c->base[0] + PT_SIZE_4K, PT_SIZE_4K, &flush), TS_OK);
    pagetable_flush(&pt, &flush);
    assert_int_equal(flushes, 0);
}

#define T(name) cmocka_unit_test(name)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(map_each_size), T(map_in_both_ranges), T(map_each_permission), T(map_each_memory_type),
        T(map_without_access), T(write_and_execute_is_refused), T(misaligned_is_refused),
        T(addresses_outside_are_refused), T(physical_limit), T(map_over_a_mapping),
        T(map_range_takes_the_largest_leaves), T(map_range_of_other_alignment), T(map_range_is_all_or_nothing),
        T(map_range_goes_below_an_existing_table), T(unmap_exactly_one_leaf),
        T(unmap_frees_empty_tables_after_the_flush), T(unmap_range_splits_and_skips_holes),
        T(a_batch_is_flushed_once), T(unmap_range_of_nothing),
        T(protect_part_of_a_large_page), T(protect_to_the_same_changes_nothing),
        T(translate_checks_permissions), T(split_keeps_every_byte), T(promote_to_2m_and_1g),
        T(promote_refuses_what_is_not_whole),
        T(large_page_takes_the_place_of_what_is_there), T(large_page_refuses_what_is_larger), T(no_memory_changes_nothing), T(no_memory_for_a_root),
        T(upper_half_is_shared), T(populate_is_repeatable), T(walk_visits_leaves_in_order),
        T(soft_bits_withhold_and_touch_gives), T(install_without_an_access_leaves_the_bits), T(audit_sees_damage),
        T(unknown_cpus_are_not_flushed),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("page tables", tests, NULL, NULL);
}
