/* SPDX-License-Identifier: MIT */
/*
 * The audit of virtual memory. Of each family, with its lock held: every page and node is reached from as many words as
 * it says, lies where it says, and is paid for by a payer that counts it. Of each address space, with its lock held:
 * every leaf of its table shows what its mapping's VMO has there, with no more permissions than that allows. What takes
 * more than one lock to see, sums over the system, holds only while nothing changes; so the caller tries that again.
 *
 * One audit at a time, because it counts in the objects themselves (`found`, and entry_count of frames).
 */
#include "kernel/vm_audit.h"

#include "kernel/assert.h"
#include "swap.h"
#include "vm_private.h"

#define LEAF_BATCH 16u /* leaves read with a table's lock held */
#define STEP_BATCH 64u

static struct mutex audit_lock;
static uint64_t audit_number;

struct audit {
    audit_report report;
    const struct family *family;
    const struct view *view;
    struct vm_sums sums;
    uint64_t problems;
    uint64_t steps;
};

static void step(struct audit *audit) {
    if (++audit->steps % STEP_BATCH == 0) {
        sched_preemption_point();
    }
}

/* --- families --- */

static struct payer *payer_of(const struct family *family, const struct frame *frame) {
    if (frame->payer == &family->own) {
        return frame->payer;
    }
    LIST_FOR_EACH(node, &family->payers) {
        if (frame->payer == container_of(node, const struct payer, link)) {
            return frame->payer;
        }
    }
    return NULL;
}

static bool frame_is_sound(struct audit *audit, const struct frame *frame, unsigned level) {
    if (!frame_is_allocated(frame) || frame->use != (level == 0 ? FRAME_VMO : FRAME_KERNEL)) {
        audit->report("vm: a word of level %u points to a frame of another use", level);
        audit->problems++;
        return false;
    }
    return true;
}

/* A frame that no word before pointed to. */
static void audit_new_frame(struct audit *audit, const struct frame *frame, unsigned level, uint64_t index) {
    const struct view *view = audit->view;
    struct payer *payer = payer_of(audit->family, frame);
    audit->sums.pages += level == 0 ? 1 : 0;
    audit->sums.nodes += level > 0 ? 1 : 0;
    if (payer == NULL) {
        audit->report("vm: %lx has a payer of another family", frame_to_phys(frame));
        audit->problems++;
    } else {
        payer->found++;
    }
    bool misplaced = frame->owner != audit->family || frame->index != index || index < view->first ||
                     index >= view->first + view->pages;
    if (level == 0 && misplaced) {
        audit->report("vm: page %lx is at index %lu, which is not its place", frame_to_phys(frame), index);
        audit->problems++;
    }
}

/* Pages of swap are paid for by those who pay for their slots. */
static void audit_swapped_frame(struct audit *audit, const struct frame *frame, uint64_t index) {
    const struct swap_slot *slot = swap_slot_of(audit->view, index);
    audit->sums.pages++;
    if (slot == NULL || slot->payer != frame->payer || frame->owner != audit->family || frame->index != index) {
        audit->report("vm: page %lx of swap is not that of slot %lu", frame_to_phys(frame), index);
        audit->problems++;
    } else {
        account_add_found(slot->payer->account, TS_PAGE_SIZE);
    }
}

/* First round: counts the words. */
static bool count_word(void *context, struct frame *frame, unsigned level, uint64_t index, bool hint) {
    struct audit *audit = context;
    step(audit);
    if (!frame_is_sound(audit, frame, level)) {
        return false;
    }
    if (frame->shares > 1 && !hint) {
        audit->report("vm: a word without a hint points to %lx, which is shared", frame_to_phys(frame));
        audit->problems++;
    }
    if (frame->entry_count++ > 0) {
        return false;
    }
    if (level == 0 && audit->family->swap != NULL) {
        audit_swapped_frame(audit, frame, index);
    } else {
        audit_new_frame(audit, frame, level, index);
    }
    return true;
}

static void count_slot(void *context, struct swap_slot *slot, uint64_t index, bool hint) {
    struct audit *audit = context;
    const struct view *view = audit->view;
    step(audit);
    if (slot->shares > 1 && !hint) {
        audit->report("vm: a word without a hint points to slot of %lu, which is shared", index);
        audit->problems++;
    }
    if (slot->found++ > 0) {
        return;
    }
    bool misplaced = slot->index != index || slot->family != audit->family->number || index < view->first ||
                     index >= view->first + view->pages;
    if (misplaced || slot->payer == NULL) {
        audit->report("vm: a word at index %lu points to a slot of another page", index);
        audit->problems++;
    } else {
        slot->payer->found++;
        slot->payer->found_slots++;
        audit->sums.slots++;
    }
}

static void compare_slot(void *context, struct swap_slot *slot, uint64_t index, bool hint) {
    struct audit *audit = context;
    (void)hint;
    step(audit);
    if (slot->found != 0 && slot->found != slot->shares) {
        audit->report("vm: the slot of %lu has %u shares, %lu words point to it", index, slot->shares, slot->found);
        audit->problems++;
    }
    slot->found = 0;
}

/* Second round: compares, and clears the count; who comes again finds it cleared. */
static bool compare_word(void *context, struct frame *frame, unsigned level, uint64_t index, bool hint) {
    struct audit *audit = context;
    (void)index;
    (void)hint;
    step(audit);
    if (!frame_is_allocated(frame) || frame->use != (level == 0 ? FRAME_VMO : FRAME_KERNEL) ||
        frame->entry_count == 0) {
        return false;
    }
    if (frame->entry_count != frame->shares) {
        audit->report("vm: %lx (level %u) has %u shares, %u words point to it", frame_to_phys(frame), level,
                      frame->shares, frame->entry_count);
        audit->problems++;
    }
    frame->entry_count = 0;
    return true;
}

static void audit_payer(struct audit *audit, struct payer *payer) {
    if (payer->found != payer->uses) {
        audit->report("vm: a payer has %lu uses, %lu were found", payer->uses, payer->found);
        audit->problems++;
    }
    uint64_t views = 0;
    LIST_FOR_EACH(node, &audit->family->views) {
        views += container_of(node, const struct view, link)->payer == payer ? 1 : 0;
    }
    uint64_t others = views + payer->found_slots; /* than frames */
    account_add_found(payer->account, payer->found > others ? (payer->found - others) * TS_PAGE_SIZE : 0);
    payer->found = 0;
    payer->found_slots = 0;
}

static void audit_views(struct audit *audit, struct family *family) {
    unsigned count = 0;
    LIST_FOR_EACH(node, &family->views) {
        audit->view = container_of(node, struct view, link);
        audit->view->payer->found++;
        count++;
        page_tree_walk(&audit->view->tree, count_word, count_slot, audit);
    }
    LIST_FOR_EACH(node, &family->views) {
        page_tree_walk(&container_of(node, struct view, link)->tree, compare_word, compare_slot, audit);
    }
    if (count != family->view_count) {
        audit->report("vm: a family has %u views and counts %u", count, family->view_count);
        audit->problems++;
    }
}

static void audit_family(struct audit *audit, struct family *family) {
    mutex_acquire(&family->lock);
    if (family->audited != audit_number) {
        family->audited = audit_number;
        audit->family = family;
        audit->sums.families++;
        audit_views(audit, family);
        audit_payer(audit, &family->own);
        LIST_FOR_EACH(node, &family->payers) {
            audit_payer(audit, container_of(node, struct payer, link));
        }
        account_add_found(family->charged, sizeof(*family) + (family->swap != NULL ? swap_space_size(family->swap) : 0));
    }
    mutex_release(&family->lock);
}

/* --- address spaces --- */

struct leaf {
    uint64_t va;
    struct pt_mapping mapping;
};

struct leaves {
    unsigned count;
    struct leaf at[LEAF_BATCH];
};

static bool collect_leaf(void *context, uint64_t va, const struct pt_mapping *mapping) {
    struct leaves *leaves = context;
    leaves->at[leaves->count++] = (struct leaf){va, *mapping};
    return leaves->count < LEAF_BATCH;
}

/* The next leaves of [*va, end); *va moves behind them. */
static void read_leaves(struct address_space *space, uint64_t *va, uint64_t end, struct leaves *leaves) {
    leaves->count = 0;
    spinlock_acquire(&space->table_lock);
    pagetable_walk(&space->table, *va, end, collect_leaf, leaves);
    spinlock_release(&space->table_lock);
    const struct leaf *last = leaves->count == LEAF_BATCH ? &leaves->at[LEAF_BATCH - 1] : NULL;
    *va = last != NULL ? last->va + last->mapping.size : end;
}

static void report_leaf(struct audit *audit, const struct leaf *leaf, const char *what) {
    audit->report("vm: leaf of %lu bytes at %lx, %lx, flags %x: %s", leaf->mapping.size, leaf->va, leaf->mapping.pa,
                  leaf->mapping.flags, what);
    audit->problems++;
}

/* What one page of a leaf may show, and whether it may be written there. */
static bool page_is_right(const struct mapping *mapping, uint64_t va, uint64_t pa, bool writable) {
    const struct vmo *vmo = mapping->vmo;
    if (vmo->is_physical || vmo->is_borrowed || vmo->is_contiguous) {
        return pa == vmo->physical_base + mapping->vmo_offset + (va - mapping->region.base);
    }
    uint64_t page = mapping_page(mapping, va);
    struct frame *frame;
    if (page >= vmo->view->pages || view_find(vmo->view, page, &frame) != TS_OK) {
        return false;
    }
    if (frame == NULL) {
        return pa == fault_zero_page() && !writable;
    }
    return pa == frame_to_phys(frame) && (!writable || view_owns_page(vmo->view, page));
}

/* The memory type as the format tells it: some tell none. */
static uint32_t type_told(const struct pt_format *format, uint32_t flags) {
    return format->flags(format->attributes((flags & PT_TYPE_MASK) | PT_READ, 0), 0) & PT_TYPE_MASK;
}

static void audit_leaf(struct audit *audit, const struct mapping *mapping, const struct leaf *leaf) {
    const struct region *region = &mapping->region;
    uint32_t allowed = mapping_flags(mapping);
    uint32_t flags = leaf->mapping.flags;
    uint32_t type = type_told(mapping->space->table.format, allowed);
    if (leaf->va < region->base || leaf->va + leaf->mapping.size > region->base + region->size) {
        report_leaf(audit, leaf, "reaches beyond its mapping");
        return;
    }
    if ((flags & PT_PERMISSIONS & ~allowed) != 0 || type_told(mapping->space->table.format, flags) != type) {
        report_leaf(audit, leaf, "permits what its mapping does not");
    }
    for (uint64_t done = 0; done < leaf->mapping.size; done += TS_PAGE_SIZE) {
        step(audit);
        if (!page_is_right(mapping, leaf->va + done, leaf->mapping.pa + done, (flags & PT_WRITE) != 0)) {
            report_leaf(audit, leaf, "is not what the memory object has there");
            return;
        }
    }
}

/* Nothing can be mapped where no mapping is: the space's lock is held. */
static void audit_gap(struct audit *audit, struct address_space *space, uint64_t va, uint64_t end) {
    struct leaves leaves;
    while (va < end) {
        read_leaves(space, &va, end, &leaves);
        for (unsigned i = 0; i < leaves.count; i++) {
            report_leaf(audit, &leaves.at[i], "has no mapping");
        }
    }
}

static void audit_mapping(struct audit *audit, struct mapping *mapping) {
    struct family *family = mapping->vmo->view->family;
    uint64_t va = mapping->region.base;
    uint64_t end = va + mapping->region.size;
    struct leaves leaves;
    mutex_acquire(&family->lock);
    while (va < end) {
        read_leaves(mapping->space, &va, end, &leaves);
        for (unsigned i = 0; i < leaves.count; i++) {
            audit_leaf(audit, mapping, &leaves.at[i]);
        }
        sched_preemption_point();
    }
    mutex_release(&family->lock);
    account_add_found(mapping->space->account, sizeof(*mapping));
}

static void audit_space(struct audit *audit, struct address_space *space) {
    mutex_acquire(&space->lock);
    uint64_t va = 0;
    struct mapping *mapping;
    while ((mapping = vmar_next_mapping(space->root, va)) != NULL) {
        audit_gap(audit, space, va, mapping->region.base);
        audit_mapping(audit, mapping);
        va = mapping->region.base + mapping->region.size;
        audit->sums.mappings++;
    }
    audit_gap(audit, space, va, ARCH_USER_TOP);
    spinlock_acquire(&space->table_lock);
    uint64_t charged = space->charged_tables;
    uint64_t tables = space->table.table_count;
    audit->problems += pagetable_audit(&space->table, audit->report);
    spinlock_release(&space->table_lock);
    if (charged != tables) {
        audit->report("vm: %lu page tables are charged, there are %lu", charged, tables);
        audit->problems++;
    }
    account_add_found(space->account, sizeof(*space) + (space->spare != NULL ? sizeof(struct mapping) : 0) +
                                           charged * TS_PAGE_SIZE);
    mutex_release(&space->lock);
}

/* --- the whole --- */

void vm_audit_begin(void) {
    mutex_acquire(&audit_lock);
}

void vm_audit_end(void) {
    mutex_release(&audit_lock);
}

uint64_t vm_audit_families(struct vm_sums *sums, audit_report report) {
    struct audit audit = {.report = report};
    audit_number++;
    struct vmo *vmo = NULL;
    while ((vmo = vmo_next(vmo)) != NULL) {
        audit_family(&audit, vmo->view->family);
        account_add_found(vmo->object.account, sizeof(*vmo));
        audit.sums.vmos++;
        sched_preemption_point();
    }
    *sums = audit.sums;
    return audit.problems;
}

uint64_t vm_audit_space(struct address_space *space, audit_report report) {
    struct audit audit = {.report = report};
    audit_space(&audit, space);
    return audit.problems;
}

void vm_audit_init(void) {
    mutex_init(&audit_lock);
}
