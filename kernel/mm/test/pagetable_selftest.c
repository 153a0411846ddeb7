/* SPDX-License-Identifier: MIT */
/*
 * Page tables in the running kernel: by access through mappings made, split, promoted and changed in the kernel's own
 * table, in a part of the heap's area that nobody else uses; and, without access, in tables of every format.
 * kernelspace_lock protects the kernel's table; it is taken for each step.
 */
#include "abi/status.h"
#include "kernel/frames.h"
#include "kernel/kernelspace.h"
#include "mm_selftests.h"

#define TEST_VA    (KERNEL_HEAP_BASE + KERNEL_HEAP_SIZE / 2) /* aligned to 1 GiB */
#define GIB_VA       (KERNEL_DIRECT_BASE + KERNEL_DIRECT_SIZE - PT_SIZE_1G) /* where no RAM is; a root entry may be free */
#define DATA       (PT_READ | PT_WRITE | PT_GLOBAL | PT_ACCESSED | PT_DIRTY)
#define PAGES_2M   512u

typedef volatile uint64_t cell_t; /* read and written through the mapping under test, every time */

extern char kernel_text_start[], kernel_data_start[];

static ts_status_t map(uint64_t va, uint64_t pa, uint64_t length, uint32_t flags) {
    spinlock_acquire(&kernelspace_lock);
    ts_status_t status = pagetable_map_range(&kernel_pagetable, va, pa, length, flags);
    spinlock_release(&kernelspace_lock);
    return status;
}

enum change { UNMAP, PROTECT, SPLIT, PROMOTE };

/* One change of the kernel's table, flushed. */
static ts_status_t change(enum change what, uint64_t va, uint64_t length, uint32_t flags) {
    struct pt_flush flush;
    ts_status_t status;
    pt_flush_init(&flush);
    spinlock_acquire(&kernelspace_lock);
    switch (what) {
    case UNMAP:
        status = pagetable_unmap_range(&kernel_pagetable, va, length, &flush);
        break;
    case PROTECT:
        status = pagetable_protect(&kernel_pagetable, va, length, flags, &flush);
        break;
    case SPLIT:
        status = pagetable_split_large_page(&kernel_pagetable, va, &flush);
        break;
    default:
        status = pagetable_promote(&kernel_pagetable, va, length, &flush);
        break;
    }
    pagetable_flush(&kernel_pagetable, &flush);
    spinlock_release(&kernelspace_lock);
    return status;
}

static bool leaf_is(uint64_t va, size_t size, uint32_t access) {
    struct pt_mapping mapping;
    return pagetable_query(&kernel_pagetable, va, &mapping) == TS_OK && mapping.size == size &&
           (mapping.flags & (PT_READ | PT_WRITE | PT_EXECUTE | PT_USER)) == access;
}

/* A number per page, written through the direct map, read through the mapping. */
static void number_pages(struct frame *run, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        *(cell_t *)frame_to_virt(&run[i]) = 0x1000 + i;
    }
}

static bool pages_are_numbered(uint64_t va, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        if (*(cell_t *)(va + i * TS_PAGE_SIZE) != 0x1000 + i) {
            return false;
        }
    }
    return true;
}

static bool map_4k_and_access(void) {
    struct frame *frame = frame_alloc(FRAME_KERNEL, FRAME_ANY);
    EXPECT(frame != NULL);
    EXPECT(map(TEST_VA, frame_to_phys(frame), PT_SIZE_4K, DATA) == TS_OK);
    cell_t *cell = (cell_t *)TEST_VA;
    EXPECT(*cell == 0);
    *cell = 0xfeed;
    EXPECT(*(cell_t *)frame_to_virt(frame) == 0xfeed);
    EXPECT(change(UNMAP, TEST_VA, PT_SIZE_4K, 0) == TS_OK);
    frame_free(frame);
    return true;
}

static bool remap_shows_the_new_frame(void) {
    struct frame *a = frame_alloc(FRAME_KERNEL, FRAME_ANY), *b = frame_alloc(FRAME_KERNEL, FRAME_ANY);
    EXPECT(a != NULL && b != NULL);
    number_pages(a, 1);
    cell_t *cell = (cell_t *)TEST_VA;
    for (unsigned i = 0; i < 4; i++) {
        EXPECT(map(TEST_VA, frame_to_phys(i % 2 == 0 ? a : b), PT_SIZE_4K, DATA) == TS_OK);
        EXPECT(*cell == (i % 2 == 0 ? 0x1000u : 0u));
        EXPECT(change(UNMAP, TEST_VA, PT_SIZE_4K, 0) == TS_OK);
    }
    frame_free(a);
    frame_free(b);
    return true;
}

static bool unmap_frees_tables(void) {
    uint64_t tables = kernel_pagetable.table_count;
    struct frame *frame = frame_alloc(FRAME_KERNEL, FRAME_DIRTY_OK);
    EXPECT(frame != NULL);
    EXPECT(map(TEST_VA, frame_to_phys(frame), PT_SIZE_4K, DATA) == TS_OK);
    EXPECT(kernel_pagetable.table_count > tables);
    EXPECT(change(UNMAP, TEST_VA, PT_SIZE_4K, 0) == TS_OK);
    EXPECT(kernel_pagetable.table_count == tables);
    frame_free(frame);
    return true;
}

/* Runs body with 2 MiB of numbered pages mapped by one large leaf. */
static bool with_2m(bool (*body)(struct frame *run)) {
    struct frame *run = frame_alloc_run(PAGES_2M, PAGES_2M, 0, FRAME_KERNEL, FRAME_DIRTY_OK);
    EXPECT(run != NULL);
    number_pages(run, PAGES_2M);
    EXPECT(map(TEST_VA, frame_to_phys(run), PT_SIZE_2M, DATA) == TS_OK);
    bool passed = body(run);
    EXPECT(change(UNMAP, TEST_VA, PT_SIZE_2M, 0) == TS_OK);
    frame_free_run(run, PAGES_2M);
    return passed;
}

static bool access_2m(struct frame *run) {
    EXPECT(leaf_is(TEST_VA, PT_SIZE_2M, PT_READ | PT_WRITE));
    EXPECT(pages_are_numbered(TEST_VA, PAGES_2M));
    *(cell_t *)(TEST_VA + PT_SIZE_2M - 8) = 77;
    EXPECT(*(cell_t *)((char *)frame_to_virt(run) + PT_SIZE_2M - 8) == 77);
    return true;
}

static bool map_2m_and_access(void) {
    return with_2m(access_2m);
}

static bool split_2m(struct frame *run) {
    EXPECT(pages_are_numbered(TEST_VA, PAGES_2M));
    EXPECT(change(SPLIT, TEST_VA + 0x5000, 0, 0) == TS_OK);
    EXPECT(leaf_is(TEST_VA, PT_SIZE_4K, PT_READ | PT_WRITE));
    EXPECT(pages_are_numbered(TEST_VA, PAGES_2M));
    *(cell_t *)(TEST_VA + 9 * TS_PAGE_SIZE) = 5;
    EXPECT(*(cell_t *)frame_to_virt(&run[9]) == 5);
    EXPECT(change(SPLIT, TEST_VA, 0, 0) == TS_ERR_BAD_STATE);
    return true;
}

static bool split_2m_and_access(void) {
    return with_2m(split_2m);
}

static bool promote_2m(struct frame *run) {
    EXPECT(change(PROMOTE, TEST_VA, PT_SIZE_2M, 0) == TS_ERR_BAD_STATE);
    EXPECT(change(SPLIT, TEST_VA, 0, 0) == TS_OK);
    EXPECT(pages_are_numbered(TEST_VA, PAGES_2M));
    EXPECT(change(PROMOTE, TEST_VA, PT_SIZE_2M, 0) == TS_OK);
    EXPECT(leaf_is(TEST_VA, PT_SIZE_2M, PT_READ | PT_WRITE));
    EXPECT(pages_are_numbered(TEST_VA, PAGES_2M));
    *(cell_t *)(TEST_VA + 511 * TS_PAGE_SIZE) = 6;
    EXPECT(*(cell_t *)frame_to_virt(&run[511]) == 6);
    return true;
}

static bool promote_2m_and_access(void) {
    return with_2m(promote_2m);
}

static bool protect_part(struct frame *run) {
    (void)run;
    EXPECT(change(PROTECT, TEST_VA + 0x3000, 0x2000, PT_READ) == TS_OK);
    EXPECT(leaf_is(TEST_VA + 0x3000, PT_SIZE_4K, PT_READ) && leaf_is(TEST_VA + 0x4000, PT_SIZE_4K, PT_READ));
    EXPECT(leaf_is(TEST_VA + 0x2000, PT_SIZE_4K, PT_READ | PT_WRITE));
    EXPECT(pages_are_numbered(TEST_VA, PAGES_2M));
    *(cell_t *)(TEST_VA + 0x5000) = 8;
    EXPECT(change(PROMOTE, TEST_VA, PT_SIZE_2M, 0) == TS_ERR_BAD_STATE);
    EXPECT(change(PROTECT, TEST_VA + 0x3000, 0x2000, PT_READ | PT_WRITE) == TS_OK);
    *(cell_t *)(TEST_VA + 0x3000) = 8;
    EXPECT(change(PROMOTE, TEST_VA, PT_SIZE_2M, 0) == TS_OK);
    return true;
}

static bool protect_part_of_2m(void) {
    return with_2m(protect_part);
}

static bool unmap_part(struct frame *run) {
    (void)run;
    struct pt_mapping mapping;
    EXPECT(change(UNMAP, TEST_VA, 0x4000, 0) == TS_OK);
    EXPECT(pagetable_query(&kernel_pagetable, TEST_VA + 0x3fff, &mapping) == TS_ERR_NOT_FOUND);
    EXPECT(*(cell_t *)(TEST_VA + 0x4000) == 0x1004);
    EXPECT(*(cell_t *)(TEST_VA + PT_SIZE_2M - TS_PAGE_SIZE) == 0x11ff);
    return true;
}

static bool unmap_part_of_2m(void) {
    return with_2m(unmap_part);
}

/* Where a page lies behind a mapping of the GiB that it is in. */
static cell_t *in_gib(const struct frame *frame) {
    return (cell_t *)(GIB_VA + (frame_to_phys(frame) & (PT_SIZE_1G - 1)));
}

static bool both_see(struct frame *a, struct frame *b, uint64_t value) {
    *in_gib(a) = value;
    *(cell_t *)frame_to_virt(b) = value + 1;
    return *(cell_t *)frame_to_virt(a) == value && *in_gib(b) == value + 1;
}

/* What lies beside RAM in this GiB is mapped too, but not touched. */
static bool access_1g(struct frame *a, struct frame *b) {
    uint64_t va = (uint64_t)in_gib(a);
    EXPECT(leaf_is(va, PT_SIZE_1G, PT_READ | PT_WRITE) && both_see(a, b, 1));
    EXPECT(change(SPLIT, va, 0, 0) == TS_OK);
    EXPECT(leaf_is(va, PT_SIZE_2M, PT_READ | PT_WRITE) && both_see(a, b, 3));
    EXPECT(change(SPLIT, va, 0, 0) == TS_OK);
    EXPECT(leaf_is(va, PT_SIZE_4K, PT_READ | PT_WRITE) && both_see(a, b, 5));
    EXPECT(change(PROTECT, va, PT_SIZE_4K, PT_READ) == TS_OK);
    EXPECT(leaf_is(va, PT_SIZE_4K, PT_READ) && *in_gib(a) == 5);
    EXPECT(change(PROMOTE, va, PT_SIZE_2M, 0) == TS_ERR_BAD_STATE);
    EXPECT(change(PROTECT, va, PT_SIZE_4K, PT_READ | PT_WRITE) == TS_OK);
    EXPECT(change(PROMOTE, va, PT_SIZE_2M, 0) == TS_OK && both_see(a, b, 7));
    EXPECT(change(PROMOTE, va, PT_SIZE_1G, 0) == TS_OK && both_see(a, b, 9));
    return leaf_is(va, PT_SIZE_1G, PT_READ | PT_WRITE);
}

static bool passed_1g;

static bool with_1g(void) {
    struct frame *run = frame_alloc_run(2, 2, 0, FRAME_KERNEL, FRAME_ANY);
    EXPECT(run != NULL);
    EXPECT(map(GIB_VA, frame_to_phys(run) & ~(PT_SIZE_1G - 1), PT_SIZE_1G, DATA) == TS_OK);
    bool passed = access_1g(&run[0], &run[1]);
    EXPECT(change(UNMAP, GIB_VA, PT_SIZE_1G, 0) == TS_OK);
    frame_free_run(run, 2);
    return passed;
}

static void run_with_1g(void *argument) {
    (void)argument;
    passed_1g = with_1g();
}

/* In a task of the kernel: a process that runs the self-tests may not have the root entry in its own table. */
static bool map_1g_split_promote_and_access(void) {
    if (arch_mmu_leaf_level() < 2) {
        return true; /* the CPU has no such pages */
    }
    passed_1g = false;
    selftest_spawn(run_with_1g, NULL, 64, UINT64_MAX);
    EXPECT(selftest_join());
    return passed_1g;
}

static bool range_is_all_or_nothing(void) {
    struct pt_mapping mapping;
    struct frame *frame = frame_alloc(FRAME_KERNEL, FRAME_DIRTY_OK);
    EXPECT(frame != NULL);
    EXPECT(map(TEST_VA + 0x10000, frame_to_phys(frame), PT_SIZE_4K, DATA) == TS_OK);
    EXPECT(map(TEST_VA, frame_to_phys(frame), 0x20000, PT_READ) == TS_ERR_ALREADY_EXISTS);
    EXPECT(pagetable_query(&kernel_pagetable, TEST_VA, &mapping) == TS_ERR_NOT_FOUND);
    EXPECT(leaf_is(TEST_VA + 0x10000, PT_SIZE_4K, PT_READ | PT_WRITE));
    EXPECT(change(UNMAP, TEST_VA, 0x20000, 0) == TS_OK);
    frame_free(frame);
    return true;
}

static bool write_and_execute_is_refused(void) {
    EXPECT(map(TEST_VA, 0, PT_SIZE_4K, PT_READ | PT_WRITE | PT_EXECUTE) == TS_ERR_INVALID_ARGS);
    EXPECT(map(TEST_VA, 0, PT_SIZE_4K, PT_WRITE) == TS_ERR_INVALID_ARGS);
    EXPECT(change(PROTECT, TEST_VA, PT_SIZE_4K, PT_READ | PT_WRITE | PT_EXECUTE) == TS_ERR_INVALID_ARGS);
    return true;
}

static bool kernel_image_is_protected(void) {
    uint64_t pa;
    uint64_t text = (uint64_t)kernel_text_start, data = (uint64_t)kernel_data_start;
    EXPECT(pagetable_translate(&kernel_pagetable, text, PT_READ | PT_EXECUTE, &pa) == TS_OK);
    EXPECT(pagetable_translate(&kernel_pagetable, text, PT_WRITE, &pa) == TS_ERR_ACCESS_DENIED);
    EXPECT(pagetable_translate(&kernel_pagetable, text, PT_USER, &pa) == TS_ERR_ACCESS_DENIED);
    EXPECT(pagetable_translate(&kernel_pagetable, data, PT_WRITE, &pa) == TS_OK);
    EXPECT(pagetable_translate(&kernel_pagetable, data, PT_EXECUTE, &pa) == TS_ERR_ACCESS_DENIED);
    return true;
}

static bool direct_map_translates(void) {
    uint64_t pa = 0;
    struct frame *frame = frame_alloc(FRAME_KERNEL, FRAME_DIRTY_OK);
    EXPECT(frame != NULL);
    uint64_t va = (uint64_t)frame_to_virt(frame) + 0x321;
    EXPECT(pagetable_translate(&kernel_pagetable, va, PT_READ | PT_WRITE, &pa) == TS_OK);
    EXPECT(pa == frame_to_phys(frame) + 0x321);
    EXPECT(pagetable_translate(&kernel_pagetable, va, PT_EXECUTE, &pa) == TS_ERR_ACCESS_DENIED);
    frame_free(frame);
    return true;
}

static bool is_small_enough(void *context, uint64_t va, const struct pt_mapping *mapping) {
    (void)va;
    uint64_t *leaves = context;
    *leaves += 1;
    return mapping->size <= (arch_mmu_leaf_level() == 2 ? PT_SIZE_1G : PT_SIZE_2M) || (*leaves = 0) != 0;
}

/* Emulated CPUs may take pages that they say they do not have. */
static bool direct_map_uses_what_the_cpu_has(void) {
    uint64_t leaves = 0;
    spinlock_acquire(&kernelspace_lock);
    pagetable_walk(&kernel_pagetable, KERNEL_DIRECT_BASE, KERNEL_DIRECT_BASE + KERNEL_DIRECT_SIZE, is_small_enough,
                   &leaves);
    spinlock_release(&kernelspace_lock);
    EXPECT(leaves > 0);
    return true;
}

static bool user_table_shares_the_kernel_half(void) {
    struct pagetable user;
    uint64_t pa;
    EXPECT(pagetable_new(&user, arch_mmu_format(), pagetable_phys(&kernel_pagetable)) == TS_OK);
    ts_status_t seen = pagetable_translate(&user, (uint64_t)kernel_data_start, PT_READ, &pa);
    EXPECT(seen == (user.format->shared_upper ? TS_OK : TS_ERR_NOT_FOUND));
    EXPECT(pagetable_map(&user, 0x400000, 0, PT_SIZE_4K, PT_READ | PT_USER) == TS_OK);
    EXPECT(pagetable_audit(&user, log_line) == 0);
    pagetable_destroy(&user);
    EXPECT(pagetable_translate(&kernel_pagetable, (uint64_t)kernel_data_start, PT_READ, &pa) == TS_OK);
    return true;
}

static const struct pt_format *const formats[] = {
    &pt_format_x86_64,     &pt_format_ept,  &pt_format_arm_stage1, &pt_format_arm_stage1_39, &pt_format_arm_stage2,
    &pt_format_sv39,       &pt_format_sv48, &pt_format_sv39x4,     &pt_format_sv48x4,
};

/* One table of a format, used as its hardware never will. */
static bool format_works(const struct pt_format *format) {
    struct pagetable pt;
    struct pt_flush flush;
    struct pt_mapping mapping;
    pt_flush_init(&flush);
    EXPECT(pagetable_new(&pt, format, 0) == TS_OK);
    EXPECT(pagetable_map(&pt, 0, PT_SIZE_1G, PT_SIZE_1G, PT_READ | PT_WRITE) == TS_OK);
    EXPECT(pagetable_map(&pt, PT_SIZE_1G, PT_SIZE_2M, PT_SIZE_2M, PT_READ | PT_EXECUTE) == TS_OK);
    EXPECT(pagetable_query(&pt, 0x12345678, &mapping) == TS_OK);
    EXPECT(mapping.pa == PT_SIZE_1G + 0x12345678 && mapping.size == PT_SIZE_1G);
    EXPECT(pagetable_protect(&pt, 0x12345000, PT_SIZE_4K, PT_READ, &flush) == TS_OK);
    EXPECT(pagetable_query(&pt, 0x12345678, &mapping) == TS_OK);
    EXPECT(mapping.pa == PT_SIZE_1G + 0x12345678 && mapping.size == PT_SIZE_4K && (mapping.flags & PT_WRITE) == 0);
    EXPECT(pagetable_protect(&pt, 0x12345000, PT_SIZE_4K, PT_READ | PT_WRITE, &flush) == TS_OK);
    EXPECT(pagetable_promote(&pt, 0x12345000, PT_SIZE_2M, &flush) == TS_OK);
    EXPECT(pagetable_promote(&pt, 0x12345000, PT_SIZE_1G, &flush) == TS_OK);
    EXPECT(pagetable_audit(&pt, log_line) == 0);
    EXPECT(pagetable_unmap_range(&pt, 0, 2 * PT_SIZE_1G, &flush) == TS_OK);
    pagetable_flush(&pt, &flush);
    EXPECT(pt.table_count == (1u << (format->root_bits - PT_ENTRY_BITS)));
    pagetable_destroy(&pt);
    return true;
}

static bool every_format_works(void) {
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (!format_works(formats[i])) {
            log_line("# format %s", formats[i]->name);
            return false;
        }
    }
    return true;
}

static bool kernel_table_audit(void) {
    spinlock_acquire(&kernelspace_lock);
    unsigned faults = pagetable_audit(&kernel_pagetable, log_line);
    spinlock_release(&kernelspace_lock);
    EXPECT(faults == 0);
    return true;
}

static const struct selftest tests[] = {
    {"map_4k_and_access", map_4k_and_access},
    {"remap_shows_the_new_frame", remap_shows_the_new_frame},
    {"unmap_frees_tables", unmap_frees_tables},
    {"map_2m_and_access", map_2m_and_access},
    {"split_2m_and_access", split_2m_and_access},
    {"promote_2m_and_access", promote_2m_and_access},
    {"protect_part_of_2m", protect_part_of_2m},
    {"unmap_part_of_2m", unmap_part_of_2m},
    {"map_1g_split_promote_and_access", map_1g_split_promote_and_access},
    {"range_is_all_or_nothing", range_is_all_or_nothing},
    {"write_and_execute_is_refused", write_and_execute_is_refused},
    {"kernel_image_is_protected", kernel_image_is_protected},
    {"direct_map_translates", direct_map_translates},
    {"direct_map_uses_what_the_cpu_has", direct_map_uses_what_the_cpu_has},
    {"user_table_shares_the_kernel_half", user_table_shares_the_kernel_half},
    {"every_format_works", every_format_works},
    {"kernel_table_audit", kernel_table_audit},
};

const struct selftest_suite pagetable_selftests = {"pagetable", tests, sizeof(tests) / sizeof(tests[0])};
