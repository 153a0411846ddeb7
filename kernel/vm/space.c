/* SPDX-License-Identifier: MIT */
/* Address spaces: their life, their tags, and where free room is. */
#include "kernel/vmar.h"

#include "arch/cpu.h"
#include "kernel/assert.h"
#include "kernel/heap.h"
#include "kernel/kernelspace.h"
#include "vm_private.h"

#define SPACE_BASE 0x10000ul /* below it nothing is ever mapped: null pointers fault */

static uint32_t next_asid; /* atomic */

/* Tags wrap around; two spaces with one tag are told apart by a flush when a space is made. */
static uint32_t allocate_asid(void) {
    if (ARCH_ASID_BITS == 0) {
        return 1;
    }
    uint32_t count = ((uint32_t)1 << ARCH_ASID_BITS) - 1;
    uint32_t asid = __atomic_fetch_add(&next_asid, 1, __ATOMIC_RELAXED) % count + 1;
    return asid;
}

ts_status_t address_space_new(struct account *account, struct address_space **result, struct vmar **root) {
    struct address_space *space = heap_alloc(sizeof(*space));
    if (space == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    mutex_init(&space->lock);
    space->account = account;
    space->references = 1;
    ts_status_t status = pagetable_new(&space->table, arch_mmu_format(), pagetable_phys(&kernel_pagetable));
    if (status != TS_OK) {
        heap_free(space);
        return status;
    }
    space->has_table = true;
    space->table.asid = allocate_asid();
    if (ARCH_ASID_BITS != 0) {
        arch_tlb_flush(percpu_online(), space->table.asid, 0, 0);
    }
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

void address_space_release(struct address_space *space) {
    if (__atomic_sub_fetch(&space->references, 1, __ATOMIC_ACQ_REL) != 0) {
        return;
    }
    if (space->has_table) {
        pagetable_destroy(&space->table);
    }
    heap_free(space);
}

/* Room for addresses need not be secret from the kernel's own debugging: a simple generator, seeded by the CPU. */
static uint64_t random_word(void) {
    static uint64_t state; /* atomic; lost updates do no harm */
    uint64_t x = __atomic_load_n(&state, __ATOMIC_RELAXED);
    if (x == 0 && !arch_entropy(&x)) {
        x = arch_cycle_count() | 1;
    }
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    __atomic_store_n(&state, x, __ATOMIC_RELAXED);
    return x * 0x2545f4914f6cdd1dul;
}

bool space_range_is_free(const struct vmar *vmar, uint64_t base, uint64_t size) {
    const struct tree_node *before = tree_find_at_most(&vmar->children, base);
    if (before != NULL) {
        const struct region *region = container_of(before, struct region, node);
        if (region->base + region->size > base) {
            return false;
        }
    }
    const struct tree_node *after = tree_find_at_least(&vmar->children, base);
    return after == NULL || container_of(after, struct region, node)->base >= base + size;
}

/* First fit, for when chance found nothing. */
static bool find_first_fit(const struct vmar *vmar, uint64_t size, uint64_t *base) {
    uint64_t candidate = vmar->region.base;
    unsigned visited = 0;
    for (const struct tree_node *node = tree_first(&vmar->children); node != NULL; node = tree_next(node)) {
        const struct region *region = container_of(node, struct region, node);
        if (region->base - candidate >= size) {
            break;
        }
        candidate = region->base + region->size;
        if (++visited % 64 == 0) {
            sched_preemption_point();
        }
    }
    *base = candidate;
    return vmar->region.base + vmar->region.size - candidate >= size;
}

/* A few random places in a window that keeps page tables few, then the first that fits. */
bool space_find_room(const struct vmar *vmar, uint64_t size, uint64_t *base) {
    if (size > vmar->region.size) {
        return false;
    }
    uint64_t room = (vmar->region.size - size) >> TS_PAGE_SHIFT;
    for (unsigned i = 0; i < 8 && room > 0; i++) {
        uint64_t candidate = vmar->region.base + ((random_word() % (room + 1)) << TS_PAGE_SHIFT);
        if (space_range_is_free(vmar, candidate, size)) {
            *base = candidate;
            return true;
        }
    }
    return find_first_fit(vmar, size, base);
}
