/* SPDX-License-Identifier: MIT */
/* A page table's contents as a sorted array of extents: see model.h. */
#include "model.h"

#include "support.h"

/* Index of the first extent that ends behind va. */
static unsigned first_behind(const struct model *model, uint64_t va) {
    unsigned low = 0, high = model->count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        const struct extent *e = &model->extent[middle];
        if (e->va + (e->length - 1) < va) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct extent *model_find(const struct model *model, uint64_t va) {
    unsigned i = first_behind(model, va);
    return i < model->count && model->extent[i].va <= va ? &model->extent[i] : NULL;
}

bool model_overlaps(const struct model *model, uint64_t va, uint64_t length) {
    unsigned i = first_behind(model, va);
    return i < model->count && model->extent[i].va < va + length;
}

static void insert_at(struct model *model, unsigned i, struct extent extent) {
    assert_true(model->count < MODEL_MAX);
    memmove(&model->extent[i + 1], &model->extent[i], (model->count - i) * sizeof(extent));
    model->extent[i] = extent;
    model->count++;
}

static void delete_at(struct model *model, unsigned i) {
    model->count--;
    memmove(&model->extent[i], &model->extent[i + 1], (model->count - i) * sizeof(struct extent));
}

static bool joins(const struct extent *a, const struct extent *b) {
    return a->va + a->length == b->va && a->pa + a->length == b->pa && a->flags == b->flags;
}

/* Joins extent i with the one behind it, if they are one. */
static void join(struct model *model, unsigned i) {
    if (i + 1 < model->count && joins(&model->extent[i], &model->extent[i + 1])) {
        model->extent[i].length += model->extent[i + 1].length;
        delete_at(model, i + 1);
    }
}

void model_insert(struct model *model, uint64_t va, uint64_t length, uint64_t pa, uint32_t flags) {
    unsigned i = first_behind(model, va);
    insert_at(model, i, (struct extent){va, length, pa, flags});
    join(model, i);
    if (i > 0) {
        join(model, i - 1);
    }
}

/* Cuts the extent that contains va before it, so that one begins there. */
static void cut(struct model *model, uint64_t va) {
    unsigned i = first_behind(model, va);
    if (i < model->count && model->extent[i].va < va) {
        struct extent tail = model->extent[i];
        uint64_t head = va - tail.va;
        model->extent[i].length = head;
        tail.va += head;
        tail.pa += head;
        tail.length -= head;
        insert_at(model, i + 1, tail);
    }
}

void model_remove(struct model *model, uint64_t va, uint64_t length) {
    cut(model, va);
    cut(model, va + length);
    unsigned i = first_behind(model, va);
    while (i < model->count && model->extent[i].va < va + length) {
        delete_at(model, i);
    }
}

void model_change(struct model *model, uint64_t va, uint64_t length, uint32_t keep, uint32_t add) {
    cut(model, va);
    cut(model, va + length);
    unsigned first = first_behind(model, va);
    unsigned i = first;
    for (; i < model->count && model->extent[i].va < va + length; i++) {
        model->extent[i].flags = (model->extent[i].flags & keep) | add;
    }
    for (i++; i-- > first;) {
        join(model, i);
    }
    if (first > 0) {
        join(model, first - 1);
    }
}

uint32_t model_flags(const struct model *model, uint64_t va, uint64_t length) {
    uint32_t flags = 0;
    for (unsigned i = first_behind(model, va); i < model->count && model->extent[i].va < va + length; i++) {
        flags |= model->extent[i].flags;
    }
    return flags;
}
