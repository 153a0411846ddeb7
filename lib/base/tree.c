/* SPDX-License-Identifier: MIT */
/* AVL tree: the heights of two siblings differ by at most one. */
#include "base/tree.h"

static uint32_t height_of(const struct tree_node *node) {
    return node != NULL ? node->height : 0;
}

static uint32_t height_above(const struct tree_node *node) {
    uint32_t left = height_of(node->left), right = height_of(node->right);
    return (left > right ? left : right) + 1;
}

static struct tree_node **link_of(struct tree *tree, struct tree_node *node) {
    if (node->parent == NULL) {
        return &tree->root;
    }
    return node->parent->left == node ? &node->parent->left : &node->parent->right;
}

/* Puts `other`, or nothing, where `node` hangs. */
static void replace(struct tree *tree, struct tree_node *node, struct tree_node *other) {
    *link_of(tree, node) = other;
    if (other != NULL) {
        other->parent = node->parent;
    }
}

/* Lifts `node` above its parent; the order of keys stays. Heights are the caller's. */
static void lift(struct tree *tree, struct tree_node *node) {
    struct tree_node *parent = node->parent;
    struct tree_node *moved;
    replace(tree, parent, node);
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
    parent->parent = node;
}

/* The higher child of a node that leans too far goes up; its inner child first if that is the higher one. */
static struct tree_node *straighten(struct tree *tree, struct tree_node *node, bool left) {
    struct tree_node *child = left ? node->left : node->right;
    struct tree_node *inner = left ? child->right : child->left;
    struct tree_node *outer = left ? child->left : child->right;
    struct tree_node *top = child;
    if (height_of(inner) > height_of(outer)) {
        lift(tree, inner);
        top = inner;
    }
    lift(tree, top);
    node->height = height_above(node);
    child->height = height_above(child);
    top->height = height_above(top);
    return top;
}

/* From the lowest node whose children changed upward, until a height is what it was. */
static void rebalance(struct tree *tree, struct tree_node *node) {
    for (; node != NULL; node = node->parent) {
        uint32_t left = height_of(node->left), right = height_of(node->right);
        if (left > right + 1 || right > left + 1) {
            node = straighten(tree, node, left > right);
            continue;
        }
        uint32_t height = height_above(node);
        if (height == node->height) {
            break;
        }
        node->height = height;
    }
}

/* `node` has become too high for its parent's other side: it goes up, or its inner child if that is what has grown. The
 * height of all is as before. */
static void settle(struct tree *tree, struct tree_node *node, bool left) {
    struct tree_node *parent = node->parent;
    struct tree_node *inner = left ? node->right : node->left;
    if (height_of(inner) + 1 == node->height) {
        lift(tree, inner);
        inner->height++;
        node->height--;
        node = inner;
    }
    lift(tree, node);
    parent->height--;
}

/* A node has become higher by one: so do those above it, up to one whose other side is higher, or that leans too far. */
static void grow(struct tree *tree, struct tree_node *node) {
    struct tree_node *parent;
    for (; (parent = node->parent) != NULL && parent->height == node->height; node = parent) {
        bool left = parent->left == node;
        if (node->height > height_of(left ? parent->right : parent->left) + 1) {
            settle(tree, node, left);
            return;
        }
        parent->height++;
    }
}

/* Of two neighbours, one lies below the other, and has nothing on the other's side. */
void tree_insert_into(struct tree *tree, struct tree_gap gap, struct tree_node *node, uint64_t key) {
    bool right = gap.before != NULL && gap.before->right == NULL;
    struct tree_node *parent = right ? gap.before : gap.after;
    *node = (struct tree_node){.parent = parent, .key = key, .height = 1};
    if (right) {
        parent->right = node;
    } else if (parent != NULL) {
        parent->left = node;
    } else {
        tree->root = node;
    }
    grow(tree, node);
}

void tree_insert(struct tree *tree, struct tree_node *node, uint64_t key) {
    tree_insert_into(tree, tree_find_gap(tree, key), node, key);
}

void tree_remove(struct tree *tree, struct tree_node *node) {
    struct tree_node *changed = node->parent;
    if (node->left != NULL && node->right != NULL) {
        struct tree_node *next = tree_next(node); /* has no left child, and takes the node's place */
        changed = next->parent == node ? next : next->parent;
        replace(tree, next, next->right);
        next->left = node->left;
        next->left->parent = next;
        next->right = node->right;
        if (next->right != NULL) {
            next->right->parent = next;
        }
        next->height = node->height;
        replace(tree, node, next);
    } else {
        replace(tree, node, node->left != NULL ? node->left : node->right);
    }
    node->height = 0;
    rebalance(tree, changed);
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
