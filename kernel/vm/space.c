/* SPDX-License-Identifier: MIT */
/* Address spaces: their life, and where free room is. */
#include "kernel/vmar.h"

#include "arch/cpu.h"
#include "base/checked.h"
#include "kernel/assert.h"
#include "kernel/heap.h"
#include "kernel/kernelspace.h"
#include "vm_private.h"

#define SPACE_BASE   0x10000ul /* below it nothing is ever mapped: null pointers fault */
#define WINDOW_SIZE  PT_SIZE_2M
#define WINDOW_SMALL (WINDOW_SIZE / 16)
#define LARGE_SPAN   (512 * PT_SIZE_1G)
#define CHANCES      4u

/* Spaces of processes that never ran: nobody was there who could undo their mappings, which may sleep. */
static struct wait_queue retired_queue;
static struct list_node retired_spaces; /* retired_queue.lock */

ts_status_t space_charge_tables(struct address_space *space) {
    uint64_t count = space->table.table_count;
    if (count > space->charged_tables) {
        ts_status_t status =
            account_charge(space->account, TS_CEILING_MEMORY, (count - space->charged_tables) * TS_PAGE_SIZE);
        if (status != TS_OK) {
            space->tables_refused = true;
            return status;
        }
    } else if (count < space->charged_tables) {
        account_release(space->account, TS_CEILING_MEMORY, (space->charged_tables - count) * TS_PAGE_SIZE);
    }
    space->charged_tables = count;
    return TS_OK;
}

/* The memory of an empty space, charged. */
static ts_status_t space_init(struct address_space *space, struct account *account) {
    mutex_init(&space->lock);
    spinlock_init(&space->table_lock, LOCK_VMAR);
    space->account = account;
    space->references = 1;
    ts_status_t status = account_charge(account, TS_CEILING_MEMORY, sizeof(*space));
    if (status != TS_OK) {
        return status;
    }
    status = pagetable_new(&space->table, arch_mmu_format(), pagetable_phys(&kernel_pagetable));
    if (status == TS_OK) {
        status = space_charge_tables(space);
        if (status != TS_OK) {
            pagetable_destroy(&space->table);
        }
    }
    if (status != TS_OK) {
        account_release(account, TS_CEILING_MEMORY, sizeof(*space));
    }
    return status;
}

ts_status_t address_space_new(struct account *account, struct address_space **result, struct vmar **root) {
    struct address_space *space = heap_alloc(sizeof(*space));
    if (space == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    ts_status_t status = space_init(space, account);
    if (status != TS_OK) {
        heap_free(space);
        return status;
    }
    space->table.asid = asid_allocate();
    status = vmar_new_root(space, SPACE_BASE, ARCH_USER_TOP - SPACE_BASE, root);
    if (status != TS_OK) {
        address_space_release(space);
        return status;
    }
    space->root = *root;
    *result = space;
    return TS_OK;
}

void address_space_reference(struct address_space *space) {
    __atomic_fetch_add(&space->references, 1, __ATOMIC_RELAXED);
}

/* The last reference goes with the process or with a range, whose own charge keeps the account until afterwards. */
void address_space_release(struct address_space *space) {
    if (__atomic_sub_fetch(&space->references, 1, __ATOMIC_ACQ_REL) != 0) {
        return;
    }
    asid_release(space->table.asid, __atomic_load_n(&space->table.cpus, __ATOMIC_ACQUIRE));
    pagetable_destroy(&space->table);
    mapping_free_spare(space);
    account_release(space->account, TS_CEILING_MEMORY, sizeof(*space) + space->charged_tables * TS_PAGE_SIZE);
    heap_free(space);
}

static void release_retired(struct address_space *space) {
    struct vmar *root = space->root;
    address_space_release(space);
    object_release(&root->object);
}

void address_space_retire(struct address_space *space) {
    if (space->root->destroyed) {
        release_retired(space);
        return;
    }
    spinlock_acquire(&retired_queue.lock);
    list_add_tail(&retired_spaces, &space->retired);
    (void)wait_queue_wake_one(&retired_queue, TS_OK);
    spinlock_release(&retired_queue.lock);
}

static void undertaker(void *context) {
    (void)context;
    for (;;) {
        spinlock_acquire(&retired_queue.lock);
        struct list_node *node = list_pop_head(&retired_spaces);
        if (node == NULL) {
            (void)wait_queue_block(&retired_queue, TS_TIME_INFINITE);
            continue;
        }
        spinlock_release(&retired_queue.lock);
        struct address_space *space = container_of(node, struct address_space, retired);
        (void)vmar_destroy(space->root);
        release_retired(space);
    }
}

void address_space_init(void) {
    wait_queue_init(&retired_queue, LOCK_WAIT);
    list_init(&retired_spaces);
    struct task *task = task_create_kernel("undertaker", undertaker, NULL, PRIORITY_TIDY);
    if (task == NULL) {
        panic("no memory for the undertaker");
    }
    task_make_ready(task);
}

static __attribute__((noinline)) uint64_t random_seed(void) {
    uint64_t seed;
    return arch_entropy(&seed) ? seed : arch_cycle_count() | 1;
}

/* Room for addresses need not be secret from the kernel's own debugging: a simple generator, seeded by the CPU. */
static inline uint64_t random_word(void) {
    static uint64_t state; /* atomic; lost updates do no harm */
    uint64_t x = __atomic_load_n(&state, __ATOMIC_RELAXED);
    x = __builtin_expect(x == 0, 0) ? random_seed() : x;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    __atomic_store_n(&state, x, __ATOMIC_RELAXED);
    return x * 0x2545f4914f6cdd1dul;
}

/* Regions do not overlap: the last one that begins before the range's end decides. */
bool space_range_is_free(const struct vmar *vmar, uint64_t base, uint64_t size) {
    DEBUG_ASSERT(vmar->object.kind == TS_OBJECT_VMAR && size > 0);
    const struct tree_node *last = tree_find_at_most(&vmar->children, base + size - 1);
    if (last == NULL) {
        return true;
    }
    const struct region *region = container_of(last, struct region, node);
    return region->base + region->size <= base;
}

/* No overflow: addresses end far below 1 << 63. */
static uint64_t align_up(uint64_t value, uint64_t alignment) {
    return align_down(value + alignment - 1, alignment);
}

/* First fit, for when chance found nothing. */
static bool find_first_fit(const struct vmar *vmar, uint64_t size, uint64_t alignment, uint64_t *base) {
    uint64_t candidate = align_up(vmar->region.base, alignment);
    unsigned visited = 0;
    for (const struct tree_node *node = tree_first(&vmar->children); node != NULL; node = tree_next(node)) {
        const struct region *region = container_of(node, struct region, node);
        if (region->base >= candidate && region->base - candidate >= size) {
            break;
        }
        candidate = align_up(region->base + region->size, alignment);
        if (++visited % 64 == 0) {
            sched_preemption_point();
        }
    }
    uint64_t end = vmar->region.base + vmar->region.size;
    *base = candidate;
    return candidate <= end && end - candidate >= size;
}

/* A few random places in [start, start+length). */
static bool find_by_chance(const struct vmar *vmar, uint64_t start, uint64_t length, uint64_t size,
                           uint64_t alignment, uint64_t *base) {
    uint64_t first = align_up(start, alignment);
    uint64_t last = start + length - size;
    uint64_t places = first <= last ? (last - first) / alignment + 1 : 0;
    for (unsigned i = 0; i < CHANCES && places > 0; i++) {
        *base = first + random_word() % places * alignment;
        if (space_range_is_free(vmar, *base, size)) {
            return true;
        }
    }
    return false;
}

/* What one table of leaves covers, anywhere in the range, which is larger than two of them. */
static uint64_t random_window(const struct vmar *vmar) {
    uint64_t first = align_down(vmar->region.base + WINDOW_SIZE - 1, WINDOW_SIZE);
    uint64_t end = align_down(vmar->region.base + vmar->region.size, WINDOW_SIZE);
    return first + random_word() % ((end - first) / WINDOW_SIZE) * WINDOW_SIZE;
}

/* Small mappings are placed in one window until chance finds no room there, so that they share a page table. */
static bool find_in_window(struct vmar *vmar, uint64_t size, uint64_t alignment, uint64_t *base) {
    if (vmar->window != 0 && find_by_chance(vmar, vmar->window, WINDOW_SIZE, size, alignment, base)) {
        return true;
    }
    vmar->window = random_window(vmar);
    return find_by_chance(vmar, vmar->window, WINDOW_SIZE, size, alignment, base);
}

/* Mappings of the largest pages lie where small ones do, as far as one table of such pages covers, so that they share it. */
static bool find_near_window(const struct vmar *vmar, uint64_t size, uint64_t alignment, uint64_t *base) {
    uint64_t end = vmar->region.base + vmar->region.size;
    uint64_t start = align_down(vmar->window, LARGE_SPAN);
    uint64_t stop = end - start < LARGE_SPAN ? end : start + LARGE_SPAN;
    start = start > vmar->region.base ? start : vmar->region.base;
    return stop - start >= size && find_by_chance(vmar, start, stop - start, size, alignment, base);
}

bool space_place_small(struct vmar *vmar, struct region *region) {
    DEBUG_ASSERT(vmar->object.kind == TS_OBJECT_VMAR && vmar->space->lock.owner == task_current());
    uint64_t size = region->size;
    if (vmar->window == 0 || size > WINDOW_SMALL) {
        return false;
    }
    uint64_t places = ((WINDOW_SIZE - size) >> TS_PAGE_SHIFT) + 1;
    uint64_t base = vmar->window + (random_word() % places << TS_PAGE_SHIFT);
    struct tree_gap gap = tree_find_gap(&vmar->children, base);
    const struct region *before = gap.before != NULL ? container_of(gap.before, struct region, node) : NULL;
    if ((before != NULL && before->base + before->size > base) || (gap.after != NULL && gap.after->key - base < size)) {
        return false;
    }
    region->base = base;
    tree_insert_into(&vmar->children, gap, &region->node, base);
    return true;
}

bool space_find_room(struct vmar *vmar, uint64_t size, uint64_t alignment, uint64_t *base) {
    DEBUG_ASSERT(vmar->object.kind == TS_OBJECT_VMAR && vmar->space->lock.owner == task_current());
    if (size > vmar->region.size) {
        return false;
    }
    bool small = size <= WINDOW_SMALL && alignment <= WINDOW_SMALL;
    if (small && vmar->region.size > 2 * WINDOW_SIZE && find_in_window(vmar, size, alignment, base)) {
        return true;
    }
    if (alignment >= PT_SIZE_1G && vmar->window != 0 && find_near_window(vmar, size, alignment, base)) {
        return true;
    }
    return find_by_chance(vmar, vmar->region.base, vmar->region.size, size, alignment, base) ||
           find_first_fit(vmar, size, alignment, base);
}
