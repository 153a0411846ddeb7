/* SPDX-License-Identifier: MIT */
/* What a page table should say: extents of mapped addresses, in order. */
#pragma once

#include "abi/types.h"

#define MODEL_MAX 4096

struct extent {
    uint64_t va, length, pa;
    uint32_t flags; /* enum pt_flags, as the format keeps them */
};

struct model {
    unsigned count;
    struct extent extent[MODEL_MAX];
};

/* The extent that contains va, or null. */
const struct extent *model_find(const struct model *model, uint64_t va);

/* Anything of [va, va+length) is mapped. */
bool model_overlaps(const struct model *model, uint64_t va, uint64_t length);

/* Nothing there is mapped yet. */
void model_insert(struct model *model, uint64_t va, uint64_t length, uint64_t pa, uint32_t flags);
void model_remove(struct model *model, uint64_t va, uint64_t length);

/* flags = (flags & keep) | add for all of the range that is mapped. */
void model_change(struct model *model, uint64_t va, uint64_t length, uint32_t keep, uint32_t add);

/* The union of the flags in the range. */
uint32_t model_flags(const struct model *model, uint64_t va, uint64_t length);
