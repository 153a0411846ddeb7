/* SPDX-License-Identifier: MIT */
/*
 * Physical memory: frames of 4 KiB in arenas (one per run of usable RAM), each with a bitmap and a summary level,
 * claimed by compare-and-swap; per-CPU magazines in front. No lock on any path.
 */
#pragma once

#include "abi/bootinfo.h"
#include "abi/types.h"
#include "arch/mmu.h"
#include "base/list.h"
#include "kernel/reclaim_policy.h"

/* What a frame is used for: checked by the audit, and by free. */
enum frame_use {
    FRAME_FREE,
    FRAME_BOOT,       /* kernel image, archive, the arrays of this room */
    FRAME_KERNEL,     /* heap, slabs, stacks, per-CPU areas */
    FRAME_PAGE_TABLE,
    FRAME_VMO,
    FRAME_MAGAZINE,   /* free, kept by a CPU */
    FRAME_USE_COUNT
};

struct payer;

/* One per frame of RAM, 64 bytes at most. The owner room uses `owner`, `index`, `link`, zero at first; frames.c the
 * rest. Undefined while the frame is free, and before its first use. */
struct frame {
    union {
        struct list_node link;
        struct reclaim_page reclaim; /* pages of VMOs, while their domain tracks them (vm/reclaim.h) */
    };
    void *owner;          /* VMO family, page table or cache it belongs to */
    uint64_t index;       /* page index in the owner */
    struct payer *payer;  /* pages and nodes of VMOs: whose account pays */
    uint32_t shares;      /* the same: words that point here, protected by the family's lock */
    uint32_t pin_count;   /* protected by the owner's lock */
    uint16_t entry_count; /* page table: valid entries in it, protected by the table's lock. Pages and nodes of VMOs: 0,
                           * or words that an audit found so far */
    uint8_t use;          /* enum frame_use, atomic */
    uint8_t flags;
    uint32_t number;      /* its physical address in pages */
};

enum frame_flags {
    FRAME_ANY = 0,
    FRAME_DIRTY_OK = 1, /* frame_alloc: contents need not be zeroed */
    FRAME_CLEAN = 2,    /* struct frame.flags: its owner promises, before frame_free, that all bytes are zero */
    FRAME_DIRTY = 4,    /* the same, in a pager's VMO: written since the pager supplied or wrote it back */
    FRAME_WRITEBACK = 8, /* the same: being written back, and not written since that began */
    FRAME_LEAVING = 16, /* the same: on its way to swap. Changed with the domain's lock held, too */
};

/* Builds the arenas. bi: validated, and stays. The direct map covers all of its memory. Boot CPU only. */
void frames_init(const struct boot_info *bi);

/* One frame, zeroed unless FRAME_DIRTY_OK; null when there is none. Interrupts off. Constant time. */
struct frame *frame_alloc(enum frame_use use, unsigned flags);

/* Frees a frame. Double free, foreign free and freeing a pinned frame panic. */
void frame_free(struct frame *frame);

/* `count` contiguous frames, the first aligned to `align` frames (a power of two), below physical `limit`
 * (0: anywhere). Zeroed unless FRAME_DIRTY_OK. Null when there is no such run. */
struct frame *frame_alloc_run(size_t count, size_t align, uint64_t limit, enum frame_use use, unsigned flags);
void frame_free_run(struct frame *first, size_t count);

/* The frames of a large page: FRAMES_LARGE contiguous ones, aligned to that, not zeroed. Looks at a bounded number of
 * places, each time at others: null says that there may be none. */
#define FRAMES_LARGE 512u
struct frame *frame_alloc_large(enum frame_use use);

/* For the address sanitizer: nobody may touch a frame that is free now. Later ones see to that themselves. */
void frames_poison_free(void);

/* Of frames that are or were allocated. */
static inline uint64_t frame_to_phys(const struct frame *frame) {
    return (uint64_t)frame->number << TS_PAGE_SHIFT;
}
static inline void *frame_to_virt(const struct frame *frame) {
    return phys_to_virt(frame_to_phys(frame));
}

struct frame *frame_from_phys(uint64_t pa); /* null: not RAM of an arena */

/* Whether any byte of [base, base+length), which does not wrap, is RAM that the kernel hands out or that holds what
 * boot left: the image, the archive, the frame arrays. */
bool frames_are_ram(uint64_t base, uint64_t length);
bool frame_is_allocated(const struct frame *frame); /* to someone, not to a magazine; exact for one's own frames */

/* Debug builds: asked before each allocation of a frame, a run, a block of the heap or an object of a slab; true: there
 * is no memory for it. Null: nobody is asked. Set before the first process. */
extern bool (*memory_refuses)(void);

static inline bool memory_is_refused(void) {
    return CONFIG_DEBUG && memory_refuses != NULL && memory_refuses();
}

struct frame_counts {
    uint64_t total;                 /* frames of RAM: arenas, and what boot keeps */
    uint64_t use[FRAME_USE_COUNT];  /* exact when no other CPU allocates */
    uint64_t searches, words_read;  /* of bitmaps, to refill magazines: a search reads at most five words, however
                                     * large the memory; more only after a race with another CPU */
};
void frames_count(struct frame_counts *counts);

/* Returns all frames of every magazine to the arenas; the calling CPU only, others by their own call. */
void frames_drain_magazines(void);

/* Bitmap, summary and frame array agree; counts add up. Number of faults found, each reported by `report`. */
unsigned frames_audit(void (*report)(const char *format, ...));
