/* SPDX-License-Identifier: MIT */
/* Circular doubly linked lists. A head is a node that is in no object; an unlinked node points to itself or is zero. */
#pragma once

#include "abi/types.h"

struct list_node {
    struct list_node *next;
    struct list_node *previous;
};

#define LIST_HEAD(name)                                                                            \
    struct list_node name = {&(name), &(name)}

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

static inline void list_init(struct list_node *node) {
    node->next = node;
    node->previous = node;
}

static inline bool list_is_empty(const struct list_node *head) {
    return head->next == head;
}

/* False for a node that was zeroed, initialised or removed. */
static inline bool list_is_linked(const struct list_node *node) {
    return node->next != NULL && node->next != node;
}

static inline void list_insert_after(struct list_node *position, struct list_node *node) {
    node->previous = position;
    node->next = position->next;
    position->next->previous = node;
    position->next = node;
}

static inline void list_add_head(struct list_node *head, struct list_node *node) {
    list_insert_after(head, node);
}

static inline void list_add_tail(struct list_node *head, struct list_node *node) {
    list_insert_after(head->previous, node);
}

/* Leaves the node pointing to itself. */
static inline void list_remove(struct list_node *node) {
    node->next->previous = node->previous;
    node->previous->next = node->next;
    list_init(node);
}

/* The first node, or null. */
static inline struct list_node *list_first(const struct list_node *head) {
    return list_is_empty(head) ? NULL : head->next;
}

static inline struct list_node *list_pop_head(struct list_node *head) {
    struct list_node *node = list_first(head);
    if (node != NULL) {
        list_remove(node);
    }
    return node;
}

/* Moves all of `from` to the end of `to`. */
static inline void list_splice_tail(struct list_node *to, struct list_node *from) {
    if (list_is_empty(from)) {
        return;
    }
    from->next->previous = to->previous;
    to->previous->next = from->next;
    from->previous->next = to;
    to->previous = from->previous;
    list_init(from);
}

/* The loop body may not remove nodes; LIST_FOR_EACH_SAFE lets it remove the current one. */
#define LIST_FOR_EACH(node, head)                                                                  \
    for (struct list_node *node = (head)->next; node != (head); node = node->next)
#define LIST_FOR_EACH_SAFE(node, after, head)                                                      \
    for (struct list_node *node = (head)->next, *after = node->next; node != (head);               \
         node = after, after = node->next)
