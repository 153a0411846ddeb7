/* SPDX-License-Identifier: MIT */
/* See plain.h. */
#include "smmuv3/plain.h"

#define READ    (1u << SMMU_USER_READ | 1u << SMMU_PRIVILEGED_READ)
#define WRITE   (1u << SMMU_USER_WRITE | 1u << SMMU_PRIVILEGED_WRITE)
#define USER_X  (1u << SMMU_USER_EXECUTE)
#define KERNEL_X (1u << SMMU_PRIVILEGED_EXECUTE)
#define ROW(execute) execute, READ | execute, WRITE | execute, READ | WRITE | execute

const uint8_t plain_stage2_permissions[16] = {ROW((USER_X | KERNEL_X)), ROW(USER_X), ROW(0), ROW(KERNEL_X)};

static bool regime_is_plain(const struct regime *regime) {
    return regime->disabled || (regime->granule_bits == PLAIN_GRANULE && !regime->big_endian && !regime->no_user &&
                                !regime->ignore_top_byte);
}

static void prepare_regime(struct regime *regime) {
    regime->start_shift =
        (uint8_t)(regime->granule_bits + regime->stride * (3u - regime->start_level));
    regime->beyond = regime->address_mask & ~low_mask(regime->output_bits);
    regime->input_mask = low_mask(regime->input_bits);
    if (regime->disabled) {
        regime->input_mask = 0;
        regime->beyond = ~0ul; /* no descriptor is good */
    }
}

static void prepare_stage1(struct context *context) {
    bool two_ranges = context->world == WORLD_EL1 || context->world == WORLD_EL2_E2H;
    context->plain = context->plain && two_ranges && regime_is_plain(&context->half[0]) &&
                     regime_is_plain(&context->half[1]) && !context->half[0].no_hierarchy &&
                     !context->half[1].no_hierarchy;
    for (uint64_t i = 0; i < 16; i++) {
        context->permissions[i] = (uint8_t)walk_stage1_permissions(context, (i & 3) << 6 | (i & 0xc) << 51);
    }
    for (unsigned i = 0; i < 32; i++) {
        struct smmu_attributes attributes = {(uint8_t)(context->mair >> (i / 4 * 8)), i % 4};
        attributes = attributes_normalise(attributes);
        memcpy(&context->attributes[i], &attributes, sizeof(attributes));
    }
    prepare_regime(&context->half[0]);
    prepare_regime(&context->half[1]);
}

void plain_prepare(const struct smmu *smmu, struct context *context) {
    bool stage1 = context->kind == CONTEXT_STAGE1 || context->kind == CONTEXT_NESTED;
    bool stage2 = context->kind == CONTEXT_STAGE2 || context->kind == CONTEXT_NESTED;
    context->salt = tlb_salt(context->tag);
    context->plain = stage1 && context->security == NON_SECURE && !smmu->mark_use;
    if (stage1) {
        prepare_stage1(context);
    }
    if (stage2) {
        context->plain = context->plain && regime_is_plain(&context->stage2) && !context->s2_protect_walks &&
                         !context->s2_force_write_back;
        prepare_regime(&context->stage2);
    }
}

uint64_t plain_stage2(struct smmu *smmu, const struct regime *regime, uint64_t ipa, unsigned needed) {
    if ((ipa & ~regime->input_mask) != 0) {
        return 0;
    }
    uint64_t descriptor = plain_descend(smmu, regime, ipa, NULL);
    return (plain_stage2_permissions[plain_permission_index(descriptor)] & needed) != 0 ? descriptor : 0;
}

bool plain_add_stage2(struct smmu *smmu, const struct context *context, unsigned needed, uint64_t *output,
                      uint64_t *rest) {
    struct smmu_result result;
    uint64_t descriptor = plain_stage2(smmu, &context->stage2, *output & OUTPUT_ADDRESS, needed);
    if (descriptor == 0) {
        return false;
    }
    struct smmu_attributes second = {attributes_memory((unsigned)smmu_field(&descriptor, TTD_S2_ATTR)),
                                     (uint8_t)smmu_field(&descriptor, TTD_SH)};
    memcpy(&result.attributes, rest, sizeof(*rest));
    result.attributes = attributes_combine(result.attributes, attributes_normalise(second));
    result.permissions &= plain_stage2_permissions[plain_permission_index(descriptor)];
    memcpy(rest, &result.attributes, sizeof(*rest));
    *output = (descriptor & PLAIN_ADDRESS) | result.permissions;
    return true;
}
