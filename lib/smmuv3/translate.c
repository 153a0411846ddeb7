/* SPDX-License-Identifier: MIT */
/*
 * Transactions that a port's caches did not answer: configuration, shared TLB, walk, and what is to be done about a
 * fault (3.12, 5.5).
 */
#include "smmuv3/plain.h"

#define FLAGS_OF_ACCESS 7u

/* What stage 2 alone says is combined with the device's own attributes, after the stream's overrides. */
struct smmu_attributes attributes_of_stage2(const struct context *context, const struct smmu_transaction *transaction,
                                            struct smmu_attributes stage2) {
    struct smmu_attributes incoming = transaction->attributes;
    if ((context->override & OVERRIDE_MEMORY) != 0) {
        incoming.memory = (uint8_t)(context->override >> OVERRIDE_MEMORY_SHIFT);
    }
    if ((context->override & OVERRIDE_SHAREABILITY) != 0) {
        incoming.shareability = context->override >> OVERRIDE_SHAREABILITY_SHIFT & 3;
    }
    return attributes_combine(attributes_normalise(incoming), stage2);
}

/* --- Bypass */

static enum smmu_space bypass_space(const struct smmu_transaction *transaction, unsigned ns_config) {
    if ((transaction->flags & SMMU_SECURE_STREAM) == 0) {
        return SMMU_SPACE_NON_SECURE;
    }
    bool non_secure = ns_config >= 2 ? ns_config == 3 : (transaction->flags & SMMU_NON_SECURE) != 0;
    return non_secure ? SMMU_SPACE_NON_SECURE : SMMU_SPACE_SECURE;
}

static enum smmu_outcome pass(struct smmu *smmu, const struct smmu_transaction *transaction, enum smmu_space space,
                              struct smmu_result *result) {
    result->address = transaction->address & smmu->output_mask;
    result->space = (uint8_t)space;
    result->permissions = SMMU_PERMISSIONS_ALL;
    result->page_bits = smmu->output_bits;
    return SMMU_OK;
}

/* SMMUEN is 0: GBPA decides (6.3.14). No event, whatever happens; an address that is too large aborts. */
static enum smmu_outcome bypass_globally(struct smmu *smmu, enum security security,
                                         const struct smmu_transaction *transaction, struct smmu_result *result) {
    uint32_t gbpa = smmu->banks[security].gbpa_effective;
    unsigned shareability = gbpa >> 12 & 3, ns_config = gbpa >> 14 & 3;
    if ((gbpa & SMMU_GBPA_ABORT) != 0 || (transaction->address & ~smmu->output_mask) != 0) {
        return SMMU_ABORT;
    }
    result->attributes = transaction->attributes;
    if ((gbpa >> 4 & 1) != 0) {
        result->attributes.memory = attributes_memory(gbpa & 0xf);
    }
    if (shareability != 1) {
        result->attributes.shareability = (uint8_t)shareability;
    }
    result->attributes = attributes_normalise(result->attributes);
    return pass(smmu, transaction, bypass_space(transaction, ns_config), result);
}

/* A stage 1 that does nothing still checks the size of the address (3.4). */
static bool bypass_stream(struct walk *walk, const struct smmu_transaction *transaction, struct smmu_result *result) {
    struct smmu *smmu = walk->smmu;
    if ((transaction->address & ~low_mask(smmu->input_bits)) != 0) {
        walk->fault = (struct fault){.event = F_ADDR_SIZE, .class = SMMU_CLASS_IN};
        return false;
    }
    const struct smmu_attributes neutral = {.memory = 0xff};
    result->attributes = attributes_of_stage2(walk->context, transaction, neutral);
    pass(smmu, transaction, bypass_space(transaction, walk->context->secure_ns), result);
    return true;
}

/* --- Faults */

static bool is_translation_fault(unsigned event) {
    return event >= F_TRANSLATION && event <= F_PERMISSION;
}

/* Only the translation's own faults obey A, R and S of the stage that raised them. Stage 1 faults of a stream whose
 * stage 1 is a bypass have no context descriptor to ask: they are recorded and abort. */
static enum smmu_outcome settle_fault(struct walk *walk, enum security security,
                                      const struct smmu_transaction *transaction, struct smmu_result *result) {
    struct smmu *smmu = walk->smmu;
    const struct context *context = walk->context;
    const struct fault *fault = &walk->fault;
    bool stall = false, record = true, abort = true;
    result->event = fault->event;
    smmu->statistics.faults++;
    if (is_translation_fault(fault->event)) {
        bool translates = context->kind == CONTEXT_STAGE1 || context->kind == CONTEXT_NESTED;
        stall = fault->stage2 ? context->s2_stall : translates && context->stall;
        record = fault->stage2 ? context->s2_record : !translates || context->record;
        abort = fault->stage2 || !translates || context->abort || has(smmu, SMMU_FEATURE_ABORT_ONLY);
    }
    uint64_t event[SMMU_EVENT_WORDS];
    event_of_fault(event, walk, transaction);
    if (stall) {
        return stall_hold(smmu, security, transaction, event, result) ? SMMU_STALLED : SMMU_BUSY;
    }
    if (fault->event == C_BAD_STREAMID) {
        record = (smmu->banks[security].cr2 & SMMU_CR2_RECINVSID) != 0;
    }
    if (record) {
        event_record(smmu, security, event);
    }
    return abort ? SMMU_ABORT : SMMU_IGNORED;
}

/* --- The slow path */

static uint64_t canonical(const struct context *context, uint64_t address) {
    bool ignore = context->half[address >> 55 & 1].ignore_top_byte;
    return ignore ? (uint64_t)((int64_t)(address << 8) >> 8) : address;
}

void translate_answer(const struct context *context, const struct smmu_transaction *transaction,
                      const struct leaf *leaf, struct smmu_result *result) {
    result->address = leaf->address;
    result->attributes = leaf->attributes;
    result->space = leaf->non_secure ? SMMU_SPACE_NON_SECURE : SMMU_SPACE_SECURE;
    result->permissions = leaf->permissions;
    result->page_bits = leaf->bits;
    result->event = 0;
    result->stag = 0;
    if (context->kind == CONTEXT_STAGE2 && !leaf->forced) {
        result->attributes = attributes_of_stage2(context, transaction, leaf->attributes);
    }
}

/* As in a port: a plain walk, if it is one. */
static bool walk_plainly(struct walk *walk, uint64_t address, struct leaf *leaf) {
    struct smmu *smmu = walk->smmu;
    const struct context *context = walk->context;
    uint64_t output, rest;
    if (!context->plain || !plain_translate(smmu, context, address, walk->needed, &output, &rest)) {
        return false;
    }
    const struct tlb_entry entry = {tlb_key(address, PAGE_BITS), context->tag, output, rest};
    tlb_unpack(&entry, address, PAGE_BITS, leaf);
    leaf->global = false;
    return true;
}

/* What the TLB knows but does not permit is asked of the tables, which say what kind of fault it is. */
static bool translate_stages(struct walk *walk, const struct smmu_transaction *transaction, struct leaf *leaf) {
    const struct context *context = walk->context;
    uint64_t address = canonical(context, transaction->address);
    walk->needed = (uint8_t)(1u << context->classes[transaction->flags & FLAGS_OF_ACCESS]);
    if (tlb_find_leaf(walk->smmu, address, context, leaf) && (leaf->permissions & walk->needed) != 0) {
        walk->smmu->statistics.tlb_hits++;
        return true;
    }
    if (!walk_plainly(walk, address, leaf) && !walk_all(walk, transaction->address, leaf)) {
        return false;
    }
    tlb_insert(walk->smmu, address, context, leaf);
    return true;
}

enum smmu_outcome translate_locked(struct smmu *smmu, const struct smmu_transaction *transaction,
                                   struct smmu_result *result, const struct context **cacheable) {
    enum security security = (transaction->flags & SMMU_SECURE_STREAM) != 0 ? SECURE : NON_SECURE;
    struct walk walk = {.smmu = smmu};
    smmu->statistics.translations++;
    *cacheable = NULL;
    *result = (struct smmu_result){0};
    if (security == SECURE && !has(smmu, SMMU_FEATURE_SECURE)) {
        return SMMU_ABORT;
    }
    if ((smmu->banks[security].cr0ack & SMMU_CR0_SMMUEN) == 0) {
        return bypass_globally(smmu, security, transaction, result);
    }
    if (config_get(&walk, transaction) == NULL) {
        return walk.busy ? SMMU_BUSY : settle_fault(&walk, security, transaction, result);
    }
    struct leaf leaf;
    switch (walk.context->kind) {
    case CONTEXT_ABORT:
        return SMMU_ABORT;
    case CONTEXT_BYPASS:
    case CONTEXT_SKIP:
        if (bypass_stream(&walk, transaction, result)) {
            return SMMU_OK;
        }
        break;
    default:
        if (translate_stages(&walk, transaction, &leaf)) {
            translate_answer(walk.context, transaction, &leaf, result);
            *cacheable = leaf.transient ? NULL : walk.context;
            return SMMU_OK;
        }
        break;
    }
    return walk.busy ? SMMU_BUSY : settle_fault(&walk, security, transaction, result);
}

/* CMD_PREFETCH_*: fills the caches as reads would, and tells nobody of faults. */
void translate_prefetch(struct smmu *smmu, const struct smmu_transaction *transaction, bool addresses, unsigned count,
                        unsigned stride_bits) {
    struct smmu_transaction one = *transaction;
    for (unsigned i = 0; i < count; i++, one.address += 1ul << stride_bits) {
        struct walk walk = {.smmu = smmu};
        struct leaf leaf;
        const struct context *context = config_get(&walk, &one);
        if (context == NULL || !addresses || context->kind == CONTEXT_ABORT || context->kind == CONTEXT_BYPASS ||
            context->kind == CONTEXT_SKIP) {
            return;
        }
        translate_stages(&walk, &one, &leaf);
    }
}
