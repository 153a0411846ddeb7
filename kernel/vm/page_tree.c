/* SPDX-License-Identifier: MIT */
/*
 * Radix trees with structural sharing. Bit 0 of a word that points to something is a hint: only where it is set can
 * anybody else point there too, so that walks of trees that share nothing look at no counters. Whoever finds a counter
 * of one takes the hint away.
 */
#include "kernel/page_tree.h"

#include "arch/mmu.h"
#include "base/string.h"
#include "kernel/assert.h"
#include "kernel/sched.h"

#define NODE_WORDS ((uint64_t)1 << PAGE_TREE_BITS)
#define HINT       PAGE_HINT
#define KIND_MASK  (PAGE_WORD_BITS & ~HINT)
#define FREE_BATCH PAGE_TREE_SMALL

static uint64_t *node_of(uint64_t word) {
    return (uint64_t *)(word & ~HINT);
}

static bool is_pointer(uint64_t word) {
    return (word & ~HINT) != 0 && (word & KIND_MASK) == 0;
}

/* What a word of this level points to: a page at level 0, a node above. */
static struct frame *frame_of(uint64_t word, unsigned level) {
    return level == 0 ? (struct frame *)(word & ~HINT) : frame_from_phys(virt_to_phys(node_of(word)));
}

/* The counter of what a word points to; null: to nothing. */
static uint32_t *shares_of(uint64_t word, unsigned level) {
    struct swap_slot *slot = page_tree_slot(word);
    if (slot != NULL) {
        return &slot->shares;
    }
    return is_pointer(word) ? &frame_of(word, level)->shares : NULL;
}

static uint64_t position(uint64_t index, unsigned level) {
    return index >> (PAGE_TREE_BITS * (level - 1)) & (NODE_WORDS - 1);
}

/* Indexes below a word of this level. */
static uint64_t span_of(unsigned level) {
    return (uint64_t)1 << (PAGE_TREE_BITS * level);
}

uint64_t page_tree_find(const struct page_tree *tree, uint64_t index) {
    const uint64_t *known = page_tree_remembered(tree, index);
    if (known != NULL) {
        return *known & ~HINT;
    }
    if (index >= span_of(tree->height)) {
        return PAGE_ABSENT;
    }
    uint64_t word = tree->root;
    for (unsigned level = tree->height; level > 0 && word != 0; level--) {
        word = node_of(word)[position(index, level)];
    }
    return word & ~HINT;
}

static bool is_shared(uint64_t word, unsigned level) {
    return (word & HINT) != 0 && frame_of(word, level)->shares > 1;
}

uint64_t page_tree_find_shared(const struct page_tree *tree, uint64_t index, bool *shared) {
    uint64_t word = index < span_of(tree->height) ? tree->root : PAGE_ABSENT;
    for (unsigned level = tree->height; level > 0 && word != 0; level--) {
        *shared = *shared || is_shared(word, level);
        word = node_of(word)[position(index, level)];
    }
    *shared = *shared || (is_pointer(word) && is_shared(word, 0));
    return word;
}

/* Frames that follow one another in the array of an arena do so in memory. */
struct frame *page_tree_run(const struct page_tree *tree, uint64_t index) {
    if ((index & (NODE_WORDS - 1)) != 0 || tree->height == 0 || index >= span_of(tree->height)) {
        return NULL;
    }
    uint64_t word = tree->root;
    for (unsigned level = tree->height; level > 0; level--) {
        if (word == 0 || is_shared(word, level)) {
            return NULL;
        }
        word = level > 1 ? node_of(word)[position(index, level)] : word;
    }
    const uint64_t *words = node_of(word);
    struct frame *first = page_tree_frame(words[0]);
    for (uint64_t i = 0; first != NULL && i < NODE_WORDS; i++) {
        uint64_t plain = (uint64_t)(first + i);
        if (words[i] != plain && (words[i] != (plain | HINT) || first[i].shares > 1)) {
            return NULL;
        }
    }
    return first;
}

/* A copy of a shared node: both share what it points to. */
static ts_status_t copy_node(uint64_t *word, unsigned level, struct frame *shared, struct payer *payer) {
    struct frame *frame = payer_frame(payer, FRAME_KERNEL, FRAME_DIRTY_OK);
    if (frame == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    uint64_t *from = node_of(*word);
    uint64_t *to = frame_to_virt(frame);
    for (uint64_t i = 0; i < NODE_WORDS; i++) {
        uint32_t *shares = shares_of(from[i], level - 1);
        if (shares != NULL) {
            from[i] |= HINT;
            ++*shares;
        }
        to[i] = from[i];
    }
    shared->shares--;
    *word = (uint64_t)to;
    return TS_OK;
}

static ts_status_t new_node(uint64_t *word, struct payer *payer) {
    struct frame *frame = payer_frame(payer, FRAME_KERNEL, FRAME_ANY);
    if (frame == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    *word = (uint64_t)frame_to_virt(frame);
    return TS_OK;
}

/* Makes the node that the word of this level points to the tree's own. */
static ts_status_t own_node(uint64_t *word, unsigned level, struct payer *payer) {
    if ((*word & HINT) == 0) {
        return TS_OK;
    }
    struct frame *frame = frame_of(*word, level);
    if (frame->shares > 1) {
        return copy_node(word, level, frame, payer);
    }
    *word &= ~HINT;
    return TS_OK;
}

/* Higher, until the index fits: what was the root becomes the first word of the new one. */
static ts_status_t grow(struct page_tree *tree, uint64_t index, struct payer *payer) {
    while (index >= span_of(tree->height)) {
        uint64_t old = tree->root;
        if (old != 0) {
            ts_status_t status = new_node(&tree->root, payer);
            if (status != TS_OK) {
                return status;
            }
            node_of(tree->root)[0] = old;
        }
        tree->height++;
    }
    return TS_OK;
}

uint64_t *page_tree_own_path(struct page_tree *tree, uint64_t index, struct payer *payer) {
    if (grow(tree, index, payer) != TS_OK) {
        return NULL;
    }
    uint64_t *word = &tree->root;
    for (unsigned level = tree->height; level > 0; level--) {
        ts_status_t status = *word == 0 ? new_node(word, payer) : own_node(word, level, payer);
        if (status != TS_OK) {
            return NULL;
        }
        word = &node_of(*word)[position(index, level)];
    }
    if (tree->height > 0) {
        tree->leaf = word - (index & (NODE_WORDS - 1));
        tree->leaf_number = index >> PAGE_TREE_BITS;
    }
    return word;
}

bool page_tree_page_is_shared(uint64_t *place) {
    if ((*place & HINT) == 0) {
        return false;
    }
    if (frame_of(*place, 0)->shares > 1) {
        return true;
    }
    *place &= ~HINT;
    return false;
}

bool page_tree_exchange(struct page_tree *tree, uint64_t index, uint64_t from, uint64_t to) {
    if (index >= span_of(tree->height)) {
        return false;
    }
    uint64_t *word = &tree->root;
    for (unsigned level = tree->height; level > 0; level--) {
        if (*word == 0) {
            return false;
        }
        word = &node_of(*word)[position(index, level)];
    }
    if ((*word & ~HINT) != from) {
        return false;
    }
    *word = to | (shares_of(to, 0) != NULL ? *word & HINT : 0);
    return true;
}

void page_tree_share(struct page_tree *tree, struct page_tree *copy) {
    tree->leaf = NULL; /* others reach it now */
    uint32_t *shares = shares_of(tree->root, tree->height);
    if (shares != NULL) {
        ++*shares;
        tree->root |= HINT;
    }
    *copy = *tree;
}

static void rest(unsigned *freed) {
    if (++*freed % FREE_BATCH == 0) {
        sched_preemption_point();
    }
}

static void release_slot(struct swap_slot *slot, unsigned *freed) {
    DEBUG_ASSERT(slot->shares > 0);
    if (--slot->shares == 0) {
        swap_free_slot(slot);
    }
    rest(freed);
}

/* One word less points to what this one points to. `freed` counts what went, for preemption points. */
static void release_word(uint64_t word, unsigned level, unsigned *freed) {
    struct swap_slot *slot = page_tree_slot(word);
    if (slot != NULL) {
        release_slot(slot, freed);
    }
    if (!is_pointer(word)) {
        return;
    }
    struct frame *frame = frame_of(word, level);
    if (level > 0 && frame->shares == 1) {
        uint64_t *node = node_of(word);
        for (uint64_t i = 0; i < NODE_WORDS; i++) {
            release_word(node[i], level - 1, freed);
        }
    }
    payer_put(frame);
    rest(freed);
}

void page_tree_release(struct page_tree *tree) {
    uint64_t root = tree->root;
    unsigned height = tree->height;
    unsigned freed = 0;
    *tree = (struct page_tree){0};
    release_word(root, height, &freed);
}

static bool is_inside(uint64_t base, unsigned level, uint64_t first, uint64_t end) {
    return base >= first && base + span_of(level) <= end;
}

static bool is_outside(uint64_t base, unsigned level, uint64_t first, uint64_t end) {
    return base >= end || base + span_of(level) <= first;
}

/* Owns the nodes that the cut goes through, along one of its two edges. */
static ts_status_t own_edge(struct page_tree *tree, uint64_t index, uint64_t first, uint64_t end,
                            struct payer *payer) {
    uint64_t *word = &tree->root;
    for (unsigned level = tree->height; level > 0 && *word != 0; level--) {
        uint64_t base = index & ~(span_of(level) - 1);
        if (is_inside(base, level, first, end) || is_outside(base, level, first, end)) {
            break;
        }
        ts_status_t status = own_node(word, level, payer);
        if (status != TS_OK) {
            return status;
        }
        word = &node_of(*word)[position(index, level)];
    }
    return TS_OK;
}

ts_status_t page_tree_prepare_cut(struct page_tree *tree, uint64_t first, uint64_t end, struct payer *payer) {
    uint64_t limit = span_of(tree->height);
    if (first >= end || first >= limit) {
        return TS_OK;
    }
    ts_status_t status = own_edge(tree, first, first, end, payer);
    return status == TS_OK ? own_edge(tree, (end < limit ? end : limit) - 1, first, end, payer) : status;
}

static void cut_word(uint64_t *word, unsigned level, uint64_t base, uint64_t first, uint64_t end,
                     unsigned *freed) {
    if (*word == 0 || is_outside(base, level, first, end)) {
        return;
    }
    if (is_inside(base, level, first, end)) {
        uint64_t old = *word;
        *word = 0;
        release_word(old, level, freed);
        return;
    }
    DEBUG_ASSERT((*word & HINT) == 0);
    uint64_t *node = node_of(*word);
    uint64_t left = 0;
    for (uint64_t i = 0; i < NODE_WORDS; i++) {
        cut_word(&node[i], level - 1, base + i * span_of(level - 1), first, end, freed);
        left |= node[i];
    }
    if (left == 0) { /* the tree has no nodes that lead nowhere */
        payer_put(frame_of(*word, level));
        *word = 0;
    }
}

void page_tree_cut(struct page_tree *tree, uint64_t first, uint64_t end) {
    tree->leaf = NULL; /* it may go */
    unsigned freed = 0;
    if (first < end) {
        cut_word(&tree->root, tree->height, 0, first, end, &freed);
    }
}

/* Descends from the root again for each word that is found: at most one node is read in vain per level. */
bool page_tree_next(const struct page_tree *tree, uint64_t *index, uint64_t end, uint64_t *found) {
    uint64_t limit = span_of(tree->height);
    uint64_t at = *index;
    while (at < end && at < limit) {
        uint64_t word = tree->root;
        unsigned level = tree->height;
        while (level > 0 && word != 0) {
            word = node_of(word)[position(at, level)];
            level--;
        }
        if (word != 0) {
            *index = at;
            *found = word & ~HINT;
            return true;
        }
        at = (at | (span_of(level) - 1)) + 1;
    }
    return false;
}

static void walk_word(uint64_t word, unsigned level, uint64_t index, page_tree_visit visit,
                      page_tree_visit_slot visit_slot, void *context) {
    struct swap_slot *slot = page_tree_slot(word);
    if (slot != NULL) {
        visit_slot(context, slot, index, (word & HINT) != 0);
    }
    if (!is_pointer(word) || !visit(context, frame_of(word, level), level, index, (word & HINT) != 0)) {
        return;
    }
    for (uint64_t i = 0; level > 0 && i < NODE_WORDS; i++) {
        walk_word(node_of(word)[i], level - 1, index + i * span_of(level - 1), visit, visit_slot, context);
    }
}

void page_tree_walk(const struct page_tree *tree, page_tree_visit visit, page_tree_visit_slot visit_slot, void *context) {
    walk_word(tree->root, tree->height, 0, visit, visit_slot, context);
}

static uint64_t count_nodes(uint64_t word, unsigned level, bool shared, uint64_t *own) {
    if (level == 0 || word == 0) {
        return 0;
    }
    shared = shared || frame_of(word, level)->shares > 1;
    *own += shared ? 0 : 1;
    uint64_t count = 1;
    for (uint64_t i = 0; i < NODE_WORDS; i++) {
        count += count_nodes(node_of(word)[i], level - 1, shared, own);
    }
    return count;
}

uint64_t page_tree_nodes(const struct page_tree *tree, uint64_t *own) {
    *own = 0;
    return count_nodes(tree->root, tree->height, false, own);
}
