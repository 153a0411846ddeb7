/* SPDX-License-Identifier: MIT */
/*
 * Plain walks: translations that take nothing but reading descriptors. No fault, nothing to update, no attributes of
 * tables, no blocks, one granule and one byte order. Whoever meets anything else gives up, and the walk begins anew in
 * walk.c, which knows everything; an abort reads as an invalid descriptor. In a header because every instruction
 * counts here: what these functions need is prepared when a context is decoded.
 */
#pragma once

#include "smmuv3/tlb.h"

#define PLAIN_HIERARCHY (TTD_PXN_TABLE | TTD_UXN_TABLE | TTD_AP_TABLE_USER | TTD_AP_TABLE_READ | TTD_NS_TABLE)
#define PLAIN_INLINE    static inline __attribute__((always_inline))
#define PLAIN_GRANULE   12u
#define PLAIN_STRIDE    9u
#define PLAIN_ADDRESS   0x0000fffffffff000ul

/* By S2AP and XN. */
extern const uint8_t plain_stage2_permissions[16];

/* AP, or S2AP, stands in bits 7..6; PXN and UXN, or XN, in 54..53. */
PLAIN_INLINE unsigned plain_permission_index(uint64_t descriptor) {
    return (unsigned)(descriptor >> 6 & 3) | (unsigned)(descriptor >> 51 & 0xc);
}

/* The page that stage 2 translates an IPA to, by its descriptor; 0: give up. */
uint64_t plain_stage2(struct smmu *smmu, const struct regime *regime, uint64_t ipa, unsigned needed);

/* The descriptor of a page; 0: give up. `stage2`: of the tables' addresses, if they are IPAs. */
PLAIN_INLINE uint64_t plain_descend_from(struct smmu *smmu, const struct regime *regime, uint64_t input,
                                         const struct regime *stage2, unsigned start) {
    uint64_t (*read64)(void *, uint32_t, uint64_t, bool *) = smmu->bus.read64;
    void *bus = smmu->bus.context;
    uint64_t address = regime->table + (input >> start << 3), tables = 0, descriptor = 0;
    uint64_t must_match = regime->beyond | TTD_VALID | TTD_TABLE;
    bool aborted;
#pragma GCC unroll 4
    for (unsigned shift = start; shift >= PLAIN_GRANULE; shift -= PLAIN_STRIDE) {
        if (stage2 != NULL) {
            uint64_t second = plain_stage2(smmu, stage2, address, 1u << SMMU_PRIVILEGED_READ);
            if (second == 0) {
                return 0;
            }
            address = (second & PLAIN_ADDRESS) | (address & low_mask(PLAIN_GRANULE));
        }
        descriptor = read64(bus, SMMU_SPACE_NON_SECURE, address, &aborted);
        if ((descriptor & must_match) != (TTD_VALID | TTD_TABLE)) {
            return 0;
        }
        if (shift != PLAIN_GRANULE) {
            tables |= descriptor;
            address = (descriptor & PLAIN_ADDRESS) | ((input >> (shift - PLAIN_STRIDE) & low_mask(PLAIN_STRIDE)) << 3);
        }
    }
    bool strange = (tables & PLAIN_HIERARCHY) != 0 || (descriptor & (TTD_AF | TTD_CONTIGUOUS)) != TTD_AF;
    return strange ? 0 : descriptor;
}

/* Four levels are the usual case, and worth code of their own. */
PLAIN_INLINE uint64_t plain_descend(struct smmu *smmu, const struct regime *regime, uint64_t input,
                                    const struct regime *stage2) {
    return regime->start_shift == PLAIN_GRANULE + 3 * PLAIN_STRIDE
               ? plain_descend_from(smmu, regime, input, stage2, PLAIN_GRANULE + 3 * PLAIN_STRIDE)
               : plain_descend_from(smmu, regime, input, stage2, regime->start_shift);
}

/* Stage 1, alone or nested: the descriptor of the page. */
PLAIN_INLINE uint64_t plain_stage1(struct smmu *smmu, const struct context *context, uint64_t input) {
    uint64_t half = input >> 55 & 1;
    const struct regime *regime = &context->half[half];
    if (((input ^ (0 - half)) & ~regime->input_mask) != 0) {
        return 0;
    }
    input &= regime->input_mask;
    return SMMUV3_TWO_STAGE && context->kind == CONTEXT_NESTED
               ? plain_descend(smmu, regime, input, &context->stage2)
               : plain_descend(smmu, regime, input, NULL);
}

/* Adds the last stage of a nested translation to what stage 1 gave; false: give up. */
bool plain_add_stage2(struct smmu *smmu, const struct context *context, unsigned needed, uint64_t *output,
                      uint64_t *rest);

/* An answer as the TLB keeps it; not of global pages, which have another tag. */
PLAIN_INLINE bool plain_translate(struct smmu *smmu, const struct context *context, uint64_t address, unsigned needed,
                                  uint64_t *output, uint64_t *rest) {
    uint64_t descriptor = plain_stage1(smmu, context, address);
    uint64_t permissions = context->permissions[plain_permission_index(descriptor)];
    if (descriptor == 0 || (permissions & needed) == 0 || (descriptor & TTD_NOT_GLOBAL) == 0) {
        return false;
    }
    *output = (descriptor & PLAIN_ADDRESS) | permissions;
    *rest = context->attributes[(descriptor >> 2 & 7) << 2 | (descriptor >> 8 & 3)] | permissions << 24 |
            (uint64_t)PAGE_BITS << 32;
    if (SMMUV3_TWO_STAGE && context->kind == CONTEXT_NESTED && !plain_add_stage2(smmu, context, needed, output, rest)) {
        return false;
    }
    smmu->statistics.walks++;
    return true;
}
