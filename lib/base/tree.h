/* SPDX-License-Identifier: MIT */
/*
 * An ordered tree of nodes embedded in their objects, keyed by 64-bit numbers (an AVL tree: no choice of keys, nor of
 * their order, makes it deeper than 1.44 times the logarithm of its size). Equal keys keep the order of their
 * insertion. The caller's lock protects a tree.
 */
#pragma once

#include "abi/types.h"

struct tree_node {
    struct tree_node *parent, *left, *right;
    uint64_t key;
    uint32_t height; /* of the tree below and with this node; 0: not in a tree */
};

struct tree {
    struct tree_node *root;
};

void tree_insert(struct tree *tree, struct tree_node *node, uint64_t key);
void tree_remove(struct tree *tree, struct tree_node *node);

/* The neighbours that a key would have; null: none. Two registers: passed by value. */
struct tree_gap {
    struct tree_node *before, *after;
};

static inline struct tree_gap tree_find_gap(const struct tree *tree, uint64_t key) {
    struct tree_gap gap = {NULL, NULL};
    for (struct tree_node *node = tree->root; node != NULL;) {
        if (key < node->key) {
            gap.after = node;
            node = node->left;
        } else {
            gap.before = node;
            node = node->right;
        }
    }
    return gap;
}

/* The tree is as it was when the gap for this key was found. */
void tree_insert_into(struct tree *tree, struct tree_gap gap, struct tree_node *node, uint64_t key);

static inline bool tree_contains(const struct tree_node *node) {
    return node->height != 0;
}

struct tree_node *tree_first(const struct tree *tree);
struct tree_node *tree_next(const struct tree_node *node);
struct tree_node *tree_previous(const struct tree_node *node);

/* The last node whose key is at most `key`; null if there is none. */
struct tree_node *tree_find_at_most(const struct tree *tree, uint64_t key);

/* The first node whose key is at least `key`; null if there is none. */
struct tree_node *tree_find_at_least(const struct tree *tree, uint64_t key);
