/* SPDX-License-Identifier: MIT */
/*
 * PCIe ATS (3.9.1): translation requests, which are answered to the device and hardly ever recorded, and transactions
 * with addresses that were given out before. For the latter only the stream table entry counts, as PASIDs on them are
 * not supported (IDR3.PASIDTT = 0); it is fetched anew each time.
 */
#include "base/string.h"
#include "smmuv3/tlb.h"

enum eats {
    EATS_NONE,
    EATS_FULL,
    EATS_SPLIT, /* the device gets IPAs; stage 2 comes when it uses them */
};

/* Split stage needs ATSCHK, so that the IPAs are not taken for physical; without DPT there is no third kind. */
static enum eats effective_eats(const struct smmu *smmu, const struct context *context) {
    bool checked = (smmu->banks[NON_SECURE].cr0ack & SMMU_CR0_ATSCHK) != 0;
    if (context->config == STE_CONFIG_BYPASS || (context->eats == EATS_SPLIT && !checked)) {
        return EATS_NONE;
    }
    return context->eats <= EATS_SPLIT ? (enum eats)context->eats : EATS_NONE;
}

static void record_fault(struct walk *walk, enum security security, const struct smmu_transaction *transaction) {
    uint64_t record[SMMU_EVENT_WORDS];
    event_of_fault(record, walk, transaction);
    event_record(walk->smmu, security, record);
}

/* --- Translated transactions */

static enum smmu_outcome forbid(struct walk *walk, enum security security, const struct smmu_transaction *transaction,
                                struct smmu_result *result) {
    walk->fault = (struct fault){.event = F_TRANSL_FORBIDDEN};
    result->event = F_TRANSL_FORBIDDEN;
    record_fault(walk, security, transaction);
    return SMMU_ABORT;
}

static enum smmu_outcome pass_physical(struct smmu *smmu, const struct smmu_transaction *transaction,
                                       struct smmu_result *result) {
    if ((transaction->address & ~smmu->output_mask) != 0) {
        return SMMU_ABORT;
    }
    result->address = transaction->address;
    result->attributes = attributes_normalise(transaction->attributes);
    result->permissions = SMMU_PERMISSIONS_ALL;
    result->page_bits = smmu->output_bits;
    return SMMU_OK;
}

/* The address is an IPA. Errors are recorded as for any transaction; stalls are excluded by the validity of the STE. */
static enum smmu_outcome pass_stage2(struct walk *walk, const struct smmu_transaction *transaction,
                                     struct smmu_result *result) {
    struct context *context = &walk->smmu->scratch;
    struct leaf leaf;
    context->kind = CONTEXT_STAGE2;
    walk->needed = (uint8_t)(1u << context->classes[transaction->flags & SMMU_WRITE]);
    if (walk_all(walk, transaction->address, &leaf)) {
        result->address = leaf.address;
        result->attributes = attributes_combine(attributes_normalise(transaction->attributes), leaf.attributes);
        result->permissions = leaf.permissions;
        result->page_bits = leaf.bits;
        return SMMU_OK;
    }
    if (walk->busy) {
        return SMMU_BUSY;
    }
    result->event = walk->fault.event;
    if (walk->fault.event == F_WALK_EABT || !walk->fault.stage2 || context->s2_record) {
        record_fault(walk, NON_SECURE, transaction);
    }
    return SMMU_ABORT;
}

/* The stream's entry alone. False: walk->fault. */
static bool get_stream(struct walk *walk, uint32_t stream) {
    struct smmu *smmu = walk->smmu;
    struct stream_entry entry;
    if (!stream_fetch(walk, NON_SECURE, stream, &entry)) {
        return false;
    }
    if (!stream_is_legal(smmu, NON_SECURE, entry.words)) {
        walk->fault = (struct fault){.event = C_BAD_STE};
        return false;
    }
    stream_decode(smmu, NON_SECURE, entry.words, &smmu->scratch);
    walk->context = &smmu->scratch;
    return true;
}

enum smmu_outcome translated_locked(struct smmu *smmu, const struct smmu_transaction *original,
                                    struct smmu_result *result) {
    struct smmu_transaction transaction = *original;
    struct walk walk = {.smmu = smmu};
    const struct bank *bank = &smmu->banks[NON_SECURE];
    transaction.flags &= ~(uint32_t)(SMMU_SUBSTREAM | SMMU_INSTRUCTION | SMMU_PRIVILEGED);
    memset(result, 0, sizeof(*result));
    if ((transaction.flags & SMMU_SECURE_STREAM) != 0) {
        return forbid(&walk, SECURE, &transaction, result);
    }
    if ((bank->cr0ack & SMMU_CR0_SMMUEN) == 0) {
        return forbid(&walk, NON_SECURE, &transaction, result);
    }
    if ((bank->cr0ack & SMMU_CR0_ATSCHK) == 0) {
        return pass_physical(smmu, &transaction, result);
    }
    if (!get_stream(&walk, transaction.stream)) {
        result->event = walk.fault.event;
        if ((bank->cr2 & SMMU_CR2_REC_CFG_ATS) != 0) {
            record_fault(&walk, NON_SECURE, &transaction);
        }
        return SMMU_ABORT;
    }
    if (walk.context->kind == CONTEXT_ABORT) {
        return SMMU_ABORT;
    }
    switch (effective_eats(smmu, walk.context)) {
    case EATS_FULL:
        return pass_physical(smmu, &transaction, result);
    case EATS_SPLIT:
        return pass_stage2(&walk, &transaction, result);
    default:
        return forbid(&walk, NON_SECURE, &transaction, result);
    }
}

/* --- Translation requests */

static enum smmu_ats_status refuse(struct smmu *smmu, enum security security, const struct smmu_transaction *request) {
    uint64_t record[SMMU_EVENT_WORDS];
    event_start(record, F_BAD_ATS_TREQ, request);
    smmu_field_set(record, EVENT_TREQ_SPAN, 1);
    smmu_field_set(record, EVENT_TREQ_R, 1);
    smmu_field_set(record, EVENT_TREQ_W, (request->flags & SMMU_WRITE) != 0);
    smmu_field_set(record, EVENT_TREQ_X, (request->flags & SMMU_INSTRUCTION) != 0);
    smmu_field_set(record, EVENT_TREQ_P, (request->flags & SMMU_PRIVILEGED) != 0);
    smmu_field_set(record, EVENT_ADDRESS, request->address & ~low_mask(PAGE_BITS));
    event_record(smmu, security, record);
    return SMMU_ATS_UNSUPPORTED;
}

static bool is_of_stream(unsigned event) {
    return event == C_BAD_STREAMID || event == F_STE_FETCH || event == C_BAD_STE;
}

/* Access was denied by the tables: the device is told, and asks for the page. Anything else is a completer abort,
 * which is recorded only if CR2.REC_CFG_ATS says so. */
static enum smmu_ats_status answer_fault(struct walk *walk, const struct smmu_transaction *request) {
    uint32_t cr2 = walk->smmu->banks[NON_SECURE].cr2;
    bool record = (cr2 & SMMU_CR2_REC_CFG_ATS) != 0;
    if (walk->busy) {
        return SMMU_ATS_COMPLETER_ABORT;
    }
    if (walk->fault.event >= F_TRANSLATION) {
        return SMMU_ATS_SUCCESS;
    }
    if (walk->fault.event == C_BAD_STREAMID) {
        record = record && (cr2 & SMMU_CR2_RECINVSID) != 0;
    }
    if (record) {
        record_fault(walk, NON_SECURE, request);
    }
    return SMMU_ATS_COMPLETER_ABORT;
}

static void grant(const struct leaf *leaf, const struct smmu_transaction *request, bool is_privileged, bool split,
                  struct smmu_ats_completion *completion) {
    unsigned base = is_privileged ? SMMU_PRIVILEGED_READ : SMMU_USER_READ;
    completion->read = (leaf->permissions >> base & 1) != 0;
    completion->write = (leaf->permissions >> (base + 1) & 1) != 0 && (request->flags & SMMU_WRITE) != 0;
    completion->execute = (leaf->permissions >> (base + 2) & 1) != 0 && (request->flags & SMMU_INSTRUCTION) != 0;
    completion->privileged = is_privileged;
    completion->page_bits = leaf->bits;
    completion->attributes = leaf->attributes;
    if (completion->read || completion->write) {
        completion->address = (split ? leaf->ipa : leaf->address) & ~low_mask(leaf->bits);
    }
}

static enum smmu_ats_status translate_request(struct walk *walk, const struct smmu_transaction *request,
                                              struct smmu_ats_completion *completion) {
    const struct context *context = walk->context;
    struct leaf leaf = {.address = request->address, .bits = PAGE_BITS, .permissions = SMMU_PERMISSIONS_ALL};
    bool is_privileged = context->classes[request->flags & SMMU_PRIVILEGED] >= SMMU_PRIVILEGED_READ;
    unsigned wanted = 1u | ((request->flags & SMMU_WRITE) != 0 ? 2u : 0) |
                      ((request->flags & SMMU_INSTRUCTION) != 0 ? 4u : 0);
    walk->needed = (uint8_t)(wanted << (is_privileged ? SMMU_PRIVILEGED_READ : 0));
    walk->any_permission = true;
    if (context->kind == CONTEXT_SKIP) {
        leaf.attributes = request->attributes;
    } else if (!walk_all(walk, request->address, &leaf)) {
        return answer_fault(walk, request);
    }
    bool split = effective_eats(walk->smmu, context) == EATS_SPLIT;
    grant(&leaf, request, is_privileged, split, completion);
    return SMMU_ATS_SUCCESS;
}

static enum smmu_ats_status request_locked(struct smmu *smmu, const struct smmu_transaction *request,
                                           struct smmu_ats_completion *completion) {
    struct walk walk = {.smmu = smmu};
    bool secure = (request->flags & SMMU_SECURE_STREAM) != 0;
    smmu->statistics.ats_requests++;
    if (secure || (smmu->banks[NON_SECURE].cr0ack & SMMU_CR0_SMMUEN) == 0) {
        return refuse(smmu, secure ? SECURE : NON_SECURE, request);
    }
    bool found = config_get(&walk, request) != NULL;
    if (!found && is_of_stream(walk.fault.event)) {
        return answer_fault(&walk, request);
    }
    /* The stream's part of the context is there, whatever was wrong afterwards. */
    const struct context *context = found ? walk.context : &smmu->scratch;
    if (context->kind == CONTEXT_ABORT) {
        return SMMU_ATS_UNSUPPORTED;
    }
    if (effective_eats(smmu, context) == EATS_NONE) {
        return refuse(smmu, NON_SECURE, request);
    }
    return found ? translate_request(&walk, request, completion) : answer_fault(&walk, request);
}

enum smmu_ats_status smmu_ats_request(struct smmu *smmu, const struct smmu_transaction *request,
                                      struct smmu_ats_completion *completion) {
    memset(completion, 0, sizeof(*completion));
    if (!has(smmu, SMMU_FEATURE_ATS)) {
        return SMMU_ATS_UNSUPPORTED;
    }
    smmu_lock(smmu);
    enum smmu_ats_status status = request_locked(smmu, request, completion);
    smmu_unlock(smmu);
    return status;
}
