/* SPDX-License-Identifier: MIT */
/* Memory objects, mappings in one piece, and what other CPUs remember of mappings that are gone. */
#include "abi/options.h"
#include "abi/rights.h"
#include "kernel/assert.h"
#include "kernel/fault.h"
#include "kernel/frames.h"
#include "kernel/kasan.h"
#include "kernel/kernelspace.h"
#include "kernel/pagetable.h"
#include "kernel/selftest.h"
#include "kernel/vmar.h"

extern const struct selftest_suite vm_selftests;

#define SHARED_VA    (KERNEL_HEAP_BASE + KERNEL_HEAP_SIZE / 2) /* nobody else uses that part of the heap's area */
#define SHARED_PAGES 8u
#define MANY_PAGES   2048u
#define PIECE_BASE   (4 * (uint64_t)PT_SIZE_1G) /* registers that nobody touches */

typedef volatile uint64_t cell_t; /* read through the mapping under test, every time */

/* --- fixtures: an account of its own --- */

static struct object payer;
static struct account account;

static void payer_free(struct object *object) {
    object_uncharge(object);
}

static const struct object_ops payer_ops = {.free = payer_free};

static bool begin(void) {
    payer = (struct object){0};
    EXPECT(object_init(&payer, TS_OBJECT_JOB, &payer_ops, NULL, sizeof(payer)) == TS_OK);
    account_init(&account, NULL, &payer);
    return true;
}

static uint64_t memory_used(void) {
    return __atomic_load_n(&account.used[TS_CEILING_MEMORY], __ATOMIC_RELAXED);
}

/* Nothing is charged any more, and whoever was about to let go of the payer has. */
static bool is_over(void) {
    return memory_used() == 0 && __atomic_load_n(&payer.references, __ATOMIC_ACQUIRE) == 1;
}

/* What was dropped is freed by whichever CPU dropped it. */
static bool end(void) {
    for (unsigned i = 0; i < 1000 && !is_over(); i++) {
        grace_synchronize();
        selftest_sleep(100000);
    }
    EXPECT(is_over());
    object_release(&payer);
    grace_synchronize();
    return true;
}

/* --- memory objects --- */

static bool memory_comes_to(uint64_t bytes) {
    for (unsigned i = 0; i < 1000 && memory_used() != bytes; i++) {
        grace_synchronize();
        selftest_sleep(100000);
    }
    return memory_used() == bytes;
}

/* What nobody wrote costs nothing; what was written goes with the last reference. */
static bool large_vmo_is_freed(void) {
    struct vmo *vmo = NULL;
    EXPECT(begin());
    EXPECT(vmo_create(&account, MANY_PAGES * TS_PAGE_SIZE, 0, &vmo) == TS_OK);
    EXPECT(memory_used() < 16 * TS_PAGE_SIZE);
    EXPECT(vmo_op_range(vmo, TS_VMO_OP_COMMIT, 0, MANY_PAGES * TS_PAGE_SIZE) == TS_OK);
    EXPECT(memory_used() >= MANY_PAGES * TS_PAGE_SIZE);
    object_release(&vmo->object);
    EXPECT(memory_comes_to(0));
    return end();
}

/* A family whose members end one after the other, a copy among them that has pages of its own. */
static bool relatives_end_in_turn(void) {
    struct vmo *parent = NULL, *child = NULL;
    uint64_t word = 7;
    EXPECT(begin());
    EXPECT(vmo_create(&account, 4 * TS_PAGE_SIZE, 0, &parent) == TS_OK);
    EXPECT(vmo_write_kernel(parent, &word, TS_PAGE_SIZE, sizeof(word)) == TS_OK);
    EXPECT(vmo_create_child(parent, &account, TS_VMO_CHILD_SNAPSHOT, 0, 4 * TS_PAGE_SIZE, &child) == TS_OK);
    EXPECT((parent->object.signals & TS_SIGNAL_ZERO_CHILDREN) == 0);
    EXPECT(vmo_write_kernel(child, &word, 2 * TS_PAGE_SIZE, sizeof(word)) == TS_OK);
    object_release(&parent->object);
    struct vmo_counts counts;
    for (unsigned i = 0; i < 1000; i++) {
        vmo_count(child, &counts);
        if (counts.part == 2 * TS_PAGE_SIZE) {
            break;
        }
        grace_synchronize();
        selftest_sleep(100000);
    }
    EXPECT(counts.populated == 2 * TS_PAGE_SIZE && counts.part == 2 * TS_PAGE_SIZE);
    object_release(&child->object);
    EXPECT(memory_comes_to(0));
    return end();
}

static bool memory_beyond_the_ceiling_leaves_nothing(void) {
    const uint64_t sizes[] = {VMO_SIZE_MAX, (uint64_t)1 << 39, 513 * TS_PAGE_SIZE, 512 * TS_PAGE_SIZE};
    struct vmo *vmo = NULL;
    EXPECT(begin());
    EXPECT(account_lower_ceiling(&account, TS_CEILING_MEMORY, 512 * TS_PAGE_SIZE) == TS_OK);
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        EXPECT(vmo_create(&account, sizes[i], 0, &vmo) == TS_OK);
        EXPECT(vmo_op_range(vmo, TS_VMO_OP_COMMIT, 0, sizes[i]) == TS_ERR_NO_MEMORY);
        object_release(&vmo->object);
        EXPECT(memory_comes_to(0));
    }
    EXPECT(vmo_create(&account, VMO_SIZE_MAX + 1, 0, &vmo) == TS_ERR_OUT_OF_RANGE);
    return end();
}

/* V4, V6, V13: no program can pin yet, so that these are tried here. */
static bool pinned_memory_stays(void) {
    struct vmo *vmo = NULL, *child = NULL;
    EXPECT(begin());
    EXPECT(vmo_create(&account, 4 * TS_PAGE_SIZE, TS_VMO_RESIZABLE, &vmo) == TS_OK);
    void *page = vmo_pin_page(vmo, 2);
    EXPECT(page != NULL);
    *(uint64_t *)page = 7;
    EXPECT(vmo_set_size(vmo, TS_PAGE_SIZE) == TS_ERR_BAD_STATE);
    EXPECT(vmo_op_range(vmo, TS_VMO_OP_DECOMMIT, 0, 4 * TS_PAGE_SIZE) == TS_ERR_BAD_STATE);
    EXPECT(vmo_op_range(vmo, TS_VMO_OP_ZERO, 0, 4 * TS_PAGE_SIZE) == TS_ERR_BAD_STATE);
    EXPECT(vmo_create_child(vmo, &account, TS_VMO_CHILD_SNAPSHOT, 0, TS_PAGE_SIZE, &child) == TS_ERR_BAD_STATE);
    EXPECT(vmo_set_cache_policy(vmo, TS_CACHE_POLICY_UNCACHED) == TS_ERR_BAD_STATE);
    EXPECT(*(uint64_t *)page == 7 && vmo->size == 4 * TS_PAGE_SIZE);
    EXPECT(vmo_set_size(vmo, 8 * TS_PAGE_SIZE) == TS_OK);
    object_release(&vmo->object);
    return end();
}

/* V9: what a policy means stands in the page table, as far as its format has a place for it. */
static bool policy_is_mapped(struct address_space *space, struct vmar *root, uint32_t policy) {
    struct vmo *vmo = NULL;
    struct pt_mapping leaf = {0};
    uint64_t address = 0;
    uint32_t expected = policy << PT_TYPE_SHIFT & space->table.format->kept_flags;
    EXPECT(vmo_create(&account, TS_PAGE_SIZE, 0, &vmo) == TS_OK);
    EXPECT(vmo_set_cache_policy(vmo, policy) == TS_OK);
    EXPECT(vmar_map(root, &vmar_no_handle, TS_VMAR_READ | TS_VMAR_WRITE, 0, vmo, &vmar_no_handle, 0, TS_PAGE_SIZE,
                    &address) == TS_OK);
    object_release(&vmo->object);
    EXPECT(fault_resolve(space, address, FAULT_READ) == TS_OK);
    EXPECT(pagetable_query(&space->table, address, &leaf) == TS_OK);
    EXPECT((leaf.flags & PT_TYPE_MASK) == expected);
    EXPECT(fault_resolve(space, address, FAULT_WRITE) == TS_OK);
    EXPECT(pagetable_query(&space->table, address, &leaf) == TS_OK);
    EXPECT((leaf.flags & PT_TYPE_MASK) == expected && (leaf.flags & PT_WRITE) != 0);
    return vmar_unmap(root, address, TS_PAGE_SIZE) == TS_OK;
}

static bool cache_policies_reach_page_tables(void) {
    struct address_space *space = NULL;
    struct vmar *root = NULL;
    bool passed = true;
    EXPECT(begin());
    EXPECT(address_space_new(&account, &space, &root) == TS_OK);
    for (uint32_t policy = TS_CACHE_POLICY_CACHED; policy <= TS_CACHE_POLICY_WRITE_THROUGH; policy++) {
        passed = passed && policy_is_mapped(space, root, policy);
    }
    EXPECT(vmar_destroy(root) == TS_OK);
    address_space_retire(space);
    EXPECT(passed);
    return end();
}

/* --- mappings in one piece --- */

static bool piece_is_mapped(struct vmar *root, uint64_t at, uint64_t size, size_t leaf) {
    struct pagetable *table = &root->space->table;
    struct vmo *vmo = NULL;
    struct pt_mapping first, last;
    uint64_t address = 0;
    EXPECT(vmo_create_physical(&account, PIECE_BASE, size, &vmo) == TS_OK);
    uint64_t offset = at - root->region.base;
    ts_status_t status = vmar_map(root, &vmar_no_handle, TS_VMAR_SPECIFIC | TS_VMAR_READ | TS_VMAR_WRITE, offset, vmo,
                                  &vmar_no_handle, 0, size, &address);
    object_release(&vmo->object);
    EXPECT(status == TS_OK && address == at);
    EXPECT(pagetable_query(table, at + leaf, &first) == TS_OK && first.pa == PIECE_BASE + leaf);
    EXPECT(pagetable_query(table, at + size - 1, &last) == TS_OK && last.pa == PIECE_BASE + size - 1);
    EXPECT(first.size == leaf);
    EXPECT(vmar_unmap(root, at + TS_PAGE_SIZE, TS_PAGE_SIZE) == TS_OK);
    EXPECT(pagetable_query(table, at + TS_PAGE_SIZE, &first) == TS_ERR_NOT_FOUND);
    EXPECT(pagetable_query(table, at, &first) == TS_OK && first.pa == PIECE_BASE);
    EXPECT(pagetable_query(table, at + 2 * TS_PAGE_SIZE, &first) == TS_OK && first.pa == PIECE_BASE + 2 * TS_PAGE_SIZE);
    EXPECT(vmar_unmap(root, at, size) == TS_OK);
    EXPECT(pagetable_query(table, at + size - 1, &last) == TS_ERR_NOT_FOUND);
    return true;
}

static bool pieces_use_large_pages(void) {
    struct address_space *space = NULL;
    struct vmar *root = NULL;
    EXPECT(begin());
    EXPECT(address_space_new(&account, &space, &root) == TS_OK);
    uint64_t tables = space->table.table_count;
    size_t largest = arch_mmu_leaf_level() == 2 ? PT_SIZE_1G : PT_SIZE_2M;
    bool passed = piece_is_mapped(root, 8 * PT_SIZE_1G, 2 * PT_SIZE_1G + PT_SIZE_4K, largest) &&
                  piece_is_mapped(root, 8 * PT_SIZE_1G + PT_SIZE_2M, PT_SIZE_1G + PT_SIZE_4K, PT_SIZE_2M) &&
                  piece_is_mapped(root, 8 * PT_SIZE_1G + PT_SIZE_4K, 64 * PT_SIZE_2M, PT_SIZE_4K);
    passed = passed && space->table.table_count == tables;
    EXPECT(vmar_destroy(root) == TS_OK);
    address_space_retire(space);
    EXPECT(passed);
    return end();
}

/* --- shoot-down --- */

static uint32_t round_wanted, readers_done, wrong_values, readers_stop; /* atomic */

/* Reads all pages once in each round, so that the CPU remembers where they are. */
KASAN_UNCHECKED static void read_shared(void *argument) {
    (void)argument;
    for (uint32_t round = 1; __atomic_load_n(&readers_stop, __ATOMIC_ACQUIRE) == 0;) {
        if (__atomic_load_n(&round_wanted, __ATOMIC_ACQUIRE) < round) {
            sched_preemption_point();
            continue;
        }
        for (unsigned i = 0; i < SHARED_PAGES; i++) {
            if (*(cell_t *)(SHARED_VA + i * TS_PAGE_SIZE) != round * 100 + i) {
                __atomic_fetch_add(&wrong_values, 1, __ATOMIC_RELAXED);
            }
        }
        __atomic_fetch_add(&readers_done, 1, __ATOMIC_RELEASE);
        round++;
    }
}

/* Other frames at the same addresses: one batch of changes, one flush. */
static ts_status_t exchange_frames(struct frame *frames[SHARED_PAGES]) {
    struct pt_flush flush;
    ts_status_t status = TS_OK;
    pt_flush_init(&flush);
    spinlock_acquire(&kernelspace_lock);
    for (unsigned i = 0; i < SHARED_PAGES; i++) {
        (void)pagetable_unmap(&kernel_pagetable, SHARED_VA + i * TS_PAGE_SIZE, PT_SIZE_4K, &flush);
    }
    pagetable_flush(&kernel_pagetable, &flush);
    for (unsigned i = 0; frames != NULL && i < SHARED_PAGES && status == TS_OK; i++) {
        status = pagetable_map(&kernel_pagetable, SHARED_VA + i * TS_PAGE_SIZE, frame_to_phys(frames[i]), PT_SIZE_4K,
                               PT_READ | PT_WRITE | PT_GLOBAL | PT_ACCESSED | PT_DIRTY);
    }
    spinlock_release(&kernelspace_lock);
    return status;
}

static bool other_cpus_forget_what_is_unmapped(void) {
    struct frame *frames[2][SHARED_PAGES];
    uint32_t readers = 0;
    for (unsigned i = 0; i < 2 * SHARED_PAGES; i++) {
        frames[i % 2][i / 2] = frame_alloc(FRAME_KERNEL, FRAME_ANY);
        EXPECT(frames[i % 2][i / 2] != NULL);
    }
    round_wanted = readers_done = wrong_values = readers_stop = 0;
    for (unsigned cpu = 1; cpu < percpu_count(); cpu++, readers++) {
        selftest_spawn(read_shared, NULL, PRIORITY_DEFAULT, CPU_BIT(cpu));
    }
    for (uint32_t round = 1; round <= 50; round++) {
        for (unsigned i = 0; i < SHARED_PAGES; i++) {
            *(cell_t *)frame_to_virt(frames[round % 2][i]) = round * 100 + i;
        }
        EXPECT(exchange_frames(frames[round % 2]) == TS_OK);
        __atomic_store_n(&round_wanted, round, __ATOMIC_RELEASE);
        EXPECT(selftest_await(&readers_done, round * readers));
    }
    EXPECT(exchange_frames(NULL) == TS_OK);
    __atomic_store_n(&readers_stop, 1, __ATOMIC_RELEASE);
    EXPECT(selftest_join());
    for (unsigned i = 0; i < 2 * SHARED_PAGES; i++) {
        frame_free(frames[i % 2][i / 2]);
    }
    EXPECT(wrong_values == 0);
    return true;
}

static const struct selftest tests[] = {
    {"large_vmo_is_freed", large_vmo_is_freed},
    {"relatives_end_in_turn", relatives_end_in_turn},
    {"memory_beyond_the_ceiling_leaves_nothing", memory_beyond_the_ceiling_leaves_nothing},
    {"pinned_memory_stays", pinned_memory_stays},
    {"cache_policies_reach_page_tables", cache_policies_reach_page_tables},
    {"pieces_use_large_pages", pieces_use_large_pages},
    {"other_cpus_forget_what_is_unmapped", other_cpus_forget_what_is_unmapped},
};

const struct selftest_suite vm_selftests = {"vm", tests, sizeof(tests) / sizeof(tests[0])};
