/* SPDX-License-Identifier: MIT */
/*
 * Memory attributes (chapter 13): a byte as in MAIR_ELx, and shareability. Two stages combine to the stricter of the
 * two: any Device before any Normal memory, non-cacheable before write-through before write-back, the wider
 * shareability before the narrower one. Allocation hints are not modelled: they do not change what memory holds.
 */
#include "smmuv3/internal.h"

#define SHARE_OUTER 2u
#define NON_CACHEABLE 0x4u

/* Reserved encodings are the strictest. */
uint8_t attributes_memory(unsigned bits) {
    static const uint8_t cacheability[4] = {0, NON_CACHEABLE, 0xb, 0xf};
    if (bits < 4) {
        return (uint8_t)(bits << 2);
    }
    if ((bits & 3) == 0) {
        return 0;
    }
    return (uint8_t)(cacheability[bits >> 2] << 4 | cacheability[bits & 3]);
}

bool attributes_are_device(struct smmu_attributes attributes) {
    return attributes.memory < 0x10;
}

/* What no cache holds is shared by everybody. */
struct smmu_attributes attributes_normalise(struct smmu_attributes attributes) {
    if (attributes_are_device(attributes) || attributes.memory == (NON_CACHEABLE << 4 | NON_CACHEABLE)) {
        attributes.shareability = SHARE_OUTER;
    }
    if (attributes.shareability == 1) {
        attributes.shareability = 0;
    }
    return attributes;
}

/* 0: non-cacheable, 1: write-through, 2: write-back. */
static unsigned strength(unsigned cacheability) {
    if (cacheability == NON_CACHEABLE) {
        return 0;
    }
    return (cacheability & NON_CACHEABLE) == 0 ? 1 : 2;
}

static unsigned stricter(unsigned a, unsigned b) {
    return strength(a) <= strength(b) ? a : b;
}

struct smmu_attributes attributes_combine(struct smmu_attributes a, struct smmu_attributes b) {
    static const uint8_t width[4] = {0, 0, 2, 1};
    struct smmu_attributes result = {0, width[a.shareability & 3] >= width[b.shareability & 3] ? a.shareability
                                                                                               : b.shareability};
    if (attributes_are_device(a) || attributes_are_device(b)) {
        result.memory = a.memory < b.memory ? a.memory : b.memory;
    } else {
        result.memory = (uint8_t)(stricter(a.memory >> 4, b.memory >> 4) << 4 |
                                  stricter(a.memory & 0xfu, b.memory & 0xfu));
    }
    return attributes_normalise(result);
}
