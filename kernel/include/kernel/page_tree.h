/* SPDX-License-Identifier: MIT */
/*
 * Radix trees of pages whose parts are shared between relatives. A tree maps an index to a word: absent, zero, a frame,
 * or a slot of swap. Copying a tree copies its root word: nodes and pages carry the number of words that point to them
 * (struct frame.shares), and whoever wants to change what is shared copies the path to it first (page_tree_own).
 *
 * The lock of the family (family.h) protects all trees that share nodes.
 */
#pragma once

#include "abi/status.h"
#include "kernel/account.h"
#include "kernel/assert.h"
#include "kernel/frames.h"

#define PAGE_TREE_BITS      9u
#define PAGE_TREE_LEVELS    4u
#define PAGE_TREE_INDEX_MAX (((uint64_t)1 << (PAGE_TREE_BITS * PAGE_TREE_LEVELS)) - 1)

/* A leaf word, without its hint: one of the first two, the address of a struct frame, or that of a struct swap_slot with
 * the third. */
#define PAGE_ABSENT 0ul
#define PAGE_ZERO   2ul
#define PAGE_SWAPPED 4ul

/* Bits that are not part of an address: the hint that others may point there too, and what tells kinds apart. */
#define PAGE_WORD_BITS 7ul
#define PAGE_HINT      1ul

/* Whose account pays for frames of a family. Frames point to their payer. */
struct payer {
    struct list_node link;   /* of its family */
    struct account *account; /* held; null: the kernel's */
    bool refused;            /* a frame: the account was at a ceiling. Until somebody looks */
    uint64_t uses;           /* frames, slots of swap and views: the payer goes with the last */
    uint64_t found;          /* what of them an audit found so far, and the slots among those; otherwise 0 */
    uint64_t found_slots;
};

/* A page that is not in memory, or about to leave it (vm/swap.h). `shares` as in struct frame; the rest is constant while
 * the slot is in use. */
struct swap_slot {
    uint32_t shares;
    uint32_t number;
    uint32_t next_free;      /* number of a slot; while it is not in use */
    struct payer *payer;     /* null: the slot is not in use */
    struct swap_space *space;
    uint64_t family;         /* what the page is known by: struct reclaim_key */
    uint64_t index;
    uint64_t found;          /* words that an audit found so far; otherwise 0 */
};

struct page_tree {
    uint64_t root;   /* height 0: the leaf word of index 0; otherwise the address of a node. With a hint bit */
    unsigned height;
    uint64_t *leaf;  /* the node of pages that was owned last, while no other tree can reach it; null: none */
    uint64_t leaf_number; /* index >> PAGE_TREE_BITS of its pages */
};

/* The word of a page in the leaf that is remembered; null: it is in another one. */
static inline uint64_t *page_tree_remembered(const struct page_tree *tree, uint64_t index) {
    const uint64_t mask = ((uint64_t)1 << PAGE_TREE_BITS) - 1;
    bool same = tree->leaf != NULL && index >> PAGE_TREE_BITS == tree->leaf_number;
    return same ? &tree->leaf[index & mask] : NULL;
}

/* The word of an index, without its hint. */
uint64_t page_tree_find(const struct page_tree *tree, uint64_t index);

/* Of page_tree.c, for page_tree_own() alone: the way from the root. */
uint64_t *page_tree_own_path(struct page_tree *tree, uint64_t index, struct payer *payer);

/* The first of 1 << PAGE_TREE_BITS pages from `index` on, if that is a multiple of so many, no other tree reaches any of
 * them, and they lie one behind the other in memory; null otherwise. */
struct frame *page_tree_run(const struct page_tree *tree, uint64_t index);

/* The place of an index's word, which no other tree reaches; nodes are made and copied on the way. Null: no memory;
 * some may have been made, which does no harm. */
static inline uint64_t *page_tree_own(struct page_tree *tree, uint64_t index, struct payer *payer) {
    DEBUG_ASSERT(index <= PAGE_TREE_INDEX_MAX);
    uint64_t *word = page_tree_remembered(tree, index);
    return word != NULL ? word : page_tree_own_path(tree, index, payer);
}

/* Whether another word points to the page of an owned place. */
bool page_tree_page_is_shared(uint64_t *place);

/* The frame of a word, with or without its hint; null: it is none. */
static inline struct frame *page_tree_frame(uint64_t word) {
    return (word & (PAGE_WORD_BITS & ~PAGE_HINT)) == 0 ? (struct frame *)(word & ~PAGE_HINT) : NULL;
}

/* The slot of a word; null: it is none. */
static inline struct swap_slot *page_tree_slot(uint64_t word) {
    return (word & PAGE_SWAPPED) != 0 ? (struct swap_slot *)(word & ~PAGE_WORD_BITS) : NULL;
}

/* Exchanges the word of an index, if it is `from`, where it is: also for other trees that reach it. False: it is not. */
bool page_tree_exchange(struct page_tree *tree, uint64_t index, uint64_t from, uint64_t to);

/* Of page_tree.c, for page_tree_page() alone: the way from the root, and whether other trees lead to what it finds. */
uint64_t page_tree_find_shared(const struct page_tree *tree, uint64_t index, bool *shared);

/* The page of an index, null if there is none, and whether no other tree reaches it. */
static inline struct frame *page_tree_page(const struct page_tree *tree, uint64_t index, bool *own) {
    const uint64_t *known = tree->height == 0 && index == 0 ? &tree->root : page_tree_remembered(tree, index);
    bool shared = false;
    uint64_t word = known != NULL && (*known & PAGE_HINT) == 0 ? *known : page_tree_find_shared(tree, index, &shared);
    struct frame *frame = page_tree_frame(word);
    *own = frame != NULL && !shared;
    return frame;
}

/* Makes *copy, which is empty, the same tree. Never fails; takes the same time for every size. */
void page_tree_share(struct page_tree *tree, struct page_tree *copy);

/* Makes what [first, end) is absent afterwards. First, what may fail: NO_MEMORY, nothing has changed to the reader.
 * Pages that nobody else points to are freed: no mapping may reach them any more. Has preemption points. */
ts_status_t page_tree_prepare_cut(struct page_tree *tree, uint64_t first, uint64_t end, struct payer *payer);
void page_tree_cut(struct page_tree *tree, uint64_t first, uint64_t end);

/* Frees the whole tree; the same, and nothing can fail. A tree of less than PAGE_TREE_SMALL pages and nodes is freed
 * without a preemption point. */
#define PAGE_TREE_SMALL 64u
void page_tree_release(struct page_tree *tree);

/* The first index of [*index, end) whose word is not absent, and its word. False: there is none. */
bool page_tree_next(const struct page_tree *tree, uint64_t *index, uint64_t end, uint64_t *word);

/* For the audit: visits everything that a word of the tree points to, nodes (level > 0) before what is below them, which
 * is left out where visit says false. index: the first that the word stands for. hint: others may point there too. */
typedef bool (*page_tree_visit)(void *context, struct frame *frame, unsigned level, uint64_t index, bool hint);
typedef void (*page_tree_visit_slot)(void *context, struct swap_slot *slot, uint64_t index, bool hint);
void page_tree_walk(const struct page_tree *tree, page_tree_visit visit, page_tree_visit_slot visit_slot, void *context);

/* Nodes of the tree that no other tree reaches; all its nodes. For tests and the audit. */
uint64_t page_tree_nodes(const struct page_tree *tree, uint64_t *own);

/* A frame that the payer is charged for, with one share; null: no memory, or the account's ceiling. */
struct frame *payer_frame(struct payer *payer, enum frame_use use, unsigned flags);

/* One word less points to the frame; the last frees it and ends the charge. */
void payer_put(struct frame *frame);

/* No word points to the slot any more: it is free, and so is what it holds. Family lock held. */
void swap_free_slot(struct swap_slot *slot);

/* One use of the payer less. */
void payer_release(struct payer *payer);
