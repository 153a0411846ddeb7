/* SPDX-License-Identifier: MIT */
/* Treap: binary search tree by key, heap by weight. Expected depth is logarithmic. */
#include "base/tree.h"

/* Races between CPUs on this state are harmless: any value is a weight. */
static uint32_t weight_state = 0x9e3779b9;

static uint32_t next_weight(void) {
    uint32_t x = __atomic_load_n(&weight_state, __ATOMIC_RELAXED);
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    __atomic_store_n(&weight_state, x, __ATOMIC_RELAXED);
    return x | 1;
}

static struct tree_node **link_of(struct tree *tree, struct tree_node *node) {
    if (node->parent == NULL) {
        return &tree->root;
    }
    return node->parent->left == node ? &node->parent->left : &node->parent->right;
}

/* Lifts `node` above its parent; the order of keys stays. */
static void rotate_up(struct tree *tree, struct tree_node *node) {
    struct tree_node *parent = node->parent;
    struct tree_node **link = link_of(tree, parent);
    struct tree_node *moved;
    if (parent->left == node) {
        moved = node->right;
        parent->left = moved;
        node->right = parent;
    } else {
        moved = node->left;
        parent->right = moved;
        node->left = parent;
    }
    if (moved != NULL) {
        moved->parent = parent;
    }
    node->parent = parent->parent;
    parent->parent = node;
    *link = node;
}

void tree_insert(struct tree *tree, struct tree_node *node, uint64_t key) {
    struct tree_node *parent = NULL;
    struct tree_node **link = &tree->root;
    while (*link != NULL) {
        parent = *link;
        link = key < parent->key ? &parent->left : &parent->right;
    }
    *node = (struct tree_node){.parent = parent, .key = key, .weight = next_weight()};
    *link = node;
    while (node->parent != NULL && node->parent->weight < node->weight) {
        rotate_up(tree, node);
    }
}

void tree_remove(struct tree *tree, struct tree_node *node) {
    while (node->left != NULL && node->right != NULL) {
        rotate_up(tree, node->left->weight > node->right->weight ? node->left : node->right);
    }
    struct tree_node *child = node->left != NULL ? node->left : node->right;
    *link_of(tree, node) = child;
    if (child != NULL) {
        child->parent = node->parent;
    }
    *node = (struct tree_node){0};
}

struct tree_node *tree_first(const struct tree *tree) {
    struct tree_node *node = tree->root;
    while (node != NULL && node->left != NULL) {
        node = node->left;
    }
    return node;
}

struct tree_node *tree_next(const struct tree_node *node) {
    if (node->right != NULL) {
        struct tree_node *next = node->right;
        while (next->left != NULL) {
            next = next->left;
        }
        return next;
    }
    while (node->parent != NULL && node->parent->right == node) {
        node = node->parent;
    }
    return node->parent;
}

struct tree_node *tree_previous(const struct tree_node *node) {
    if (node->left != NULL) {
        struct tree_node *previous = node->left;
        while (previous->right != NULL) {
            previous = previous->right;
        }
        return previous;
    }
    while (node->parent != NULL && node->parent->left == node) {
        node = node->parent;
    }
    return node->parent;
}

struct tree_node *tree_find_at_most(const struct tree *tree, uint64_t key) {
    struct tree_node *best = NULL;
    for (struct tree_node *node = tree->root; node != NULL;) {
        if (node->key <= key) {
            best = node;
            node = node->right;
        } else {
            node = node->left;
        }
    }
    return best;
}

struct tree_node *tree_find_at_least(const struct tree *tree, uint64_t key) {
    struct tree_node *best = NULL;
    for (struct tree_node *node = tree->root; node != NULL;) {
        if (node->key >= key) {
            best = node;
            node = node->left;
        } else {
            node = node->right;
        }
    }
    return best;
}
