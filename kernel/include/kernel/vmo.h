/* SPDX-License-Identifier: MIT */
/*
 * Virtual memory objects: pages that can be read, written, mapped and copied in no time. Pages come into being when
 * they are first written; what was never written reads as zeros. The pages lie in a clone family (vm/family.h), whose
 * sleeping lock protects them, sizes and mappings. Functions take it themselves.
 */
#pragma once

#include "arch/usercopy.h"
#include "kernel/frames.h"
#include "kernel/object.h"
#include "kernel/page_source.h"
#include "kernel/page_tree.h"
#include "kernel/pagetable.h"

/* VMOs that descend from one another share one index space and the pages in it. */
struct family {
    struct mutex lock;
    uint32_t references;        /* atomic: its views, all together, and who looks for victims */
    uint64_t number;            /* never used again */
    struct list_node views;     /* of struct view, oldest first */
    unsigned view_count;
    struct account *charged;    /* for this structure; held */
    struct payer own;           /* of the first view's account */
    struct list_node payers;    /* of the others' */
    struct page_source *source; /* referenced by the VMO of source_view; null: absent pages are zeros. Constant */
    struct view *source_view;   /* what the source fills; the others look there for what is absent from them */
    struct swap_space *swap;    /* its only VMO is for pages of others (vm/swap.h); null: it is not */
    struct spinlock links_lock; /* LOCK_VMO: parents and children of its VMOs */
    uint64_t audited;           /* the audit that saw it last */
};

/* What one VMO sees of its family. Pages are numbered from its beginning. */
struct view {
    struct family *family;
    struct list_node link;     /* in family->views */
    struct list_node mappings; /* of struct mapping */
    struct page_tree tree;
    uint64_t first;            /* index of page 0 */
    uint64_t pages;
    uint64_t limit;            /* with a source: absent pages are zeros from here on */
    struct payer *payer;
    bool is_limited;           /* its own pages are in a reclaim domain, which needs room for them. Constant */
    uint32_t pins;             /* pages are where they are: no shrinking, no snapshots */
};

struct vmo {
    struct object object;
    struct view own;            /* unused in a slice */
    struct view *view;          /* own, or that of the VMO that this is a slice of */
    struct vmo *sliced;         /* that VMO, referenced; null: no slice */
    uint64_t offset;            /* of a slice in it, bytes */
    uint64_t size;              /* bytes, a multiple of the page size */
    uint64_t content_size;      /* bytes that a program cares about */
    uint64_t physical_base;     /* in one piece: where */
    uint32_t memory_type;       /* PT_TYPE_ */
    bool is_physical;           /* device registers */
    bool is_borrowed;           /* frames are the kernel's (boot archive): neither written nor freed */
    bool is_contiguous;         /* memory in one piece */
    bool is_resizable;
    struct vmo *backing;        /* of a clone: the VMO that a pager fills, referenced */
    bool is_discardable;        /* nobody's parent */
    bool is_discarded;          /* since it was last locked; this and the next three: family lock */
    uint64_t discard_locks;
    uint64_t discarded;         /* bytes that the first of those locks found gone */
    struct list_node discardable_link;
    struct vmo *parent;         /* links_lock; null: none, or gone */
    struct list_node children, sibling; /* links_lock */
    struct list_node registered; /* in the list of all VMOs, its lock */
    uint32_t copies;            /* of the children; links_lock */
    bool is_copy;
    char name[TS_NAME_LENGTH];
};

#define VMO_SIZE_MAX ((uint64_t)1 << 40)

/* Zeros of this size, rounded up to pages. options: TS_VMO_RESIZABLE or TS_VMO_DISCARDABLE. INVALID_ARGS, OUT_OF_RANGE, NO_MEMORY. */
ts_status_t vmo_create(struct account *account, uint64_t size, uint32_t options, struct vmo **vmo);

/* Memory in one piece, aligned to 1 << alignment_log2 bytes (at least a page), zeroed. Preemption points. */
ts_status_t vmo_create_contiguous(struct account *account, uint64_t size, unsigned alignment_log2, struct vmo **vmo);

/* Device registers [base, base+size), page aligned. */
ts_status_t vmo_create_physical(struct account *account, uint64_t base, uint64_t size, struct vmo **vmo);

/* Read-only view of memory that the kernel keeps: the boot archive. */
ts_status_t vmo_create_borrowed(uint64_t base, uint64_t size, struct vmo **vmo);

/* Pages that a source is asked for; options: TS_VMO_RESIZABLE. The VMO takes the reference to the source, if it comes
 * into being. INVALID_ARGS, OUT_OF_RANGE, NO_MEMORY. */
ts_status_t vmo_create_paged(struct account *account, uint64_t size, uint32_t options, struct page_source *source,
                             struct vmo **vmo);

/* The source of a VMO that was made with one; null for others, its clones and slices included. */
struct page_source *vmo_source(const struct vmo *vmo);

/* A child of [offset, offset+size), by TS_VMO_CHILD_ options: a copy, or a slice. May sleep; the caller holds a
 * reference. INVALID_ARGS, OUT_OF_RANGE, NOT_SUPPORTED, BAD_STATE (pinned), NO_RESOURCES, NO_MEMORY. */
ts_status_t vmo_create_child(struct vmo *parent, struct account *account, uint32_t options, uint64_t offset,
                             uint64_t size, struct vmo **child);

/* All below may sleep and have preemption points; the caller holds a reference. */

/* UNAVAILABLE (not resizable), OUT_OF_RANGE, BAD_STATE (pinned pages would go), NO_MEMORY. */
ts_status_t vmo_set_size(struct vmo *vmo, uint64_t size);

/* One of TS_VMO_OP_ on [offset, offset+length). OUT_OF_RANGE, INVALID_ARGS, NOT_SUPPORTED, BAD_STATE, UNAVAILABLE
 * (TRY_LOCK of what was discarded), NO_MEMORY. */
ts_status_t vmo_op_range(struct vmo *vmo, uint32_t op, uint64_t offset, uint64_t length);

/* The same without waiting for pages of a source: SHOULD_WAIT, when op->wait has to be finished and what is left tried
 * again. */
struct vmo_op {
    uint32_t op;
    uint64_t offset, length; /* what is left to be done */
    struct page_wait wait;
};
ts_status_t vmo_op_try(struct vmo *vmo, struct vmo_op *op);

/* How mappings reach the memory (TS_CACHE_POLICY_). BAD_STATE: there are mappings, children or pins. */
ts_status_t vmo_set_cache_policy(struct vmo *vmo, uint32_t policy);

/* OUT_OF_RANGE (nothing copied), INVALID_ARGS (bad user address), NOT_SUPPORTED (device registers), BAD_STATE (memory
 * that mappings reach past the cache), NO_MEMORY. */
ts_status_t vmo_read_user(struct vmo *vmo, uaddr_t buffer, uint64_t offset, uint64_t length);
ts_status_t vmo_write_user(struct vmo *vmo, uaddr_t buffer, uint64_t offset, uint64_t length);
/* From kernel memory. */
ts_status_t vmo_write_kernel(struct vmo *vmo, const void *data, uint64_t offset, uint64_t length);

/* Discards unlocked discardable memory until `wanted` bytes are free: how many are. Holds nothing. */
uint64_t vmo_discard_unlocked(uint64_t wanted);

/* Kernel alias of a page, which is made if need be and stays as long as the VMO, because it is pinned. Null: no
 * memory. */
void *vmo_pin_page(struct vmo *vmo, uint64_t page);

/* --- what the source of a VMO that was made with one does to it; ranges are of pages that are aligned ---
 * INVALID_ARGS (unaligned), OUT_OF_RANGE. */

/* Moves pages out of another VMO to where they are absent; the others are freed. Pages that it does not have are zeros.
 * BAD_STATE (it has children, mappings or pins), NOT_SUPPORTED (its pages cannot be moved), NO_MEMORY: those before
 * were moved. */
ts_status_t vmo_supply(struct vmo *vmo, uint64_t offset, uint64_t length, struct vmo *from, uint64_t from_offset);

/* Whoever waits for the range gets the error. */
ts_status_t vmo_fail(struct vmo *vmo, uint64_t offset, uint64_t length, ts_status_t error);

/* Pages may be written from now on. NOT_FOUND: not all are there, nothing happened. NOT_SUPPORTED (nobody asks for
 * that), NO_MEMORY. */
ts_status_t vmo_make_dirty(struct vmo *vmo, uint64_t offset, uint64_t length);

/* What was asked and not answered is asked again, write-back of pages that are on their way to swap included. */
ts_status_t vmo_ask_again(struct vmo *vmo, uint64_t offset, uint64_t length);

/* Dirty pages are about to be written back, and were: those are clean that were not written in between. */
ts_status_t vmo_writeback_begin(struct vmo *vmo, uint64_t offset, uint64_t length);
ts_status_t vmo_writeback_end(struct vmo *vmo, uint64_t offset, uint64_t length);

/* Fills in up to `capacity` ranges of dirty pages of [*offset, end), and advances *offset to where to go on. */
unsigned vmo_dirty_ranges(struct vmo *vmo, uint64_t *offset, uint64_t end, struct ts_vmo_dirty_range *ranges,
                          unsigned capacity);

/* Bytes that are there, the part of them that this VMO stands for (V20), and how many mappings and children it has. */
struct vmo_counts {
    uint64_t populated, part, mappings, children;
};
void vmo_count(struct vmo *vmo, struct vmo_counts *counts);

/* A walk over all VMOs in order of their making: the first after `vmo` (null: of all), referenced, while the reference
 * to `vmo` goes. Null: there is none. And the VMO of a koid, referenced; null: none. For inspection. */
struct vmo *vmo_next(struct vmo *vmo);
struct vmo *vmo_find(ts_koid_t koid);

/* Makes the frame of zeros and the task that takes large VMOs apart. Boot CPU. */
void vmo_init(void);
