/* SPDX-License-Identifier: MIT */
/*
 * Event records (7.3) and the event queues (7.2, 7.4). A record that finds its queue full is lost, which the overflow
 * flag tells; a record of a stall waits instead.
 */
#include "base/string.h"
#include "smmuv3/internal.h"

void event_start(uint64_t record[SMMU_EVENT_WORDS], enum smmu_event type, const struct smmu_transaction *transaction) {
    memset(record, 0, SMMU_EVENT_BYTES);
    smmu_field_set(record, EVENT_TYPE, type);
    smmu_field_set(record, EVENT_SID, transaction->stream);
    if ((transaction->flags & SMMU_SUBSTREAM) != 0) {
        smmu_field_set(record, EVENT_SSV, 1);
        smmu_field_set(record, EVENT_SSID, transaction->substream);
    }
}

/* Without a context the incoming attributes count, with one those after its overrides. */
static void set_access(uint64_t *record, const struct context *context, const struct smmu_transaction *transaction) {
    static const uint8_t incoming[8] = {
        SMMU_USER_READ,       SMMU_USER_WRITE,       SMMU_USER_EXECUTE,       SMMU_USER_WRITE,
        SMMU_PRIVILEGED_READ, SMMU_PRIVILEGED_WRITE, SMMU_PRIVILEGED_EXECUTE, SMMU_PRIVILEGED_WRITE,
    };
    const uint8_t *classes = context != NULL ? context->classes : incoming;
    uint8_t access = classes[transaction->flags & 7];
    smmu_field_set(record, EVENT_PNU, access >= SMMU_PRIVILEGED_READ);
    smmu_field_set(record, EVENT_IND, access == SMMU_USER_EXECUTE || access == SMMU_PRIVILEGED_EXECUTE);
    smmu_field_set(record, EVENT_RNW, (transaction->flags & SMMU_WRITE) == 0);
}

static void set_translation(uint64_t *record, const struct walk *walk) {
    const struct fault *fault = &walk->fault;
    smmu_field_set(record, EVENT_S2, fault->stage2);
    smmu_field_set(record, EVENT_CLASS, fault->class);
    if (fault->event == F_PERMISSION && fault->stage2 && fault->class == SMMU_CLASS_TT) {
        smmu_field_set(record, EVENT_TTRNW, !fault->table_write);
    }
    record[3] = fault->event == F_WALK_EABT ? fault->fetch & EVENT_FETCH
                : fault->stage2             ? fault->ipa & EVENT_IPA & low_mask(walk->smmu->output_bits)
                                            : 0;
}

/* Which fields a type has, by the record layouts of 7.3. */
void event_of_fault(uint64_t record[SMMU_EVENT_WORDS], const struct walk *walk,
                    const struct smmu_transaction *transaction) {
    event_start(record, (enum smmu_event)walk->fault.event, transaction);
    switch (walk->fault.event) {
    case F_STE_FETCH:
    case F_CD_FETCH:
        record[3] = walk->fault.fetch & EVENT_FETCH;
        break;
    case F_TRANSL_FORBIDDEN:
        smmu_field_set(record, EVENT_RNW, (transaction->flags & SMMU_WRITE) == 0);
        smmu_field_set(record, EVENT_ADDRESS, transaction->address);
        break;
    case F_WALK_EABT:
    case F_TRANSLATION:
    case F_ADDR_SIZE:
    case F_ACCESS:
    case F_PERMISSION:
        set_access(record, walk->context, transaction);
        smmu_field_set(record, EVENT_ADDRESS, transaction->address);
        set_translation(record, walk);
        break;
    default:
        break;
    }
}

static bool queue_takes_events(const struct smmu *smmu, enum security security) {
    return (smmu->banks[security].cr0ack & SMMU_CR0_EVENTQEN) != 0 &&
           !gerror_is_active(smmu, security, SMMU_GERROR_EVENTQ_ABT);
}

/* The queue takes events and is not full. */
static bool write_record(struct smmu *smmu, enum security security, unsigned bits, const uint64_t *record) {
    struct queue *queue = &smmu->banks[security].events;
    bool was_empty = queue_is_empty(queue, bits);
    uint64_t address = queue_entry(smmu, queue, bits, queue->prod, SMMU_EVENT_BYTES);
    if (!memory_write(smmu, security, address, record, SMMU_EVENT_BYTES)) {
        gerror_activate(smmu, security, SMMU_GERROR_EVENTQ_ABT);
        return false;
    }
    queue->prod = queue_next(queue->prod, bits);
    smmu->statistics.events++;
    if (was_empty) {
        interrupt_raise(smmu, security, SOURCE_EVENTQ);
    }
    return true;
}

void event_record(struct smmu *smmu, enum security security, const uint64_t record[SMMU_EVENT_WORDS]) {
    struct queue *queue = &smmu->banks[security].events;
    unsigned bits = queue_bits(queue, smmu->config.event_queue_bits);
    if (!queue_takes_events(smmu, security)) {
        smmu->statistics.events_lost++;
        return;
    }
    if (queue_is_full(queue, bits)) {
        smmu->statistics.events_lost++;
        if (((queue->prod ^ queue->cons) & SMMU_QUEUE_OVERFLOW) == 0) {
            queue->prod ^= SMMU_QUEUE_OVERFLOW;
        }
        return;
    }
    if (!write_record(smmu, security, bits, record)) {
        smmu->statistics.events_lost++;
    }
}

bool event_record_stall(struct smmu *smmu, enum security security, const uint64_t record[SMMU_EVENT_WORDS]) {
    struct queue *queue = &smmu->banks[security].events;
    unsigned bits = queue_bits(queue, smmu->config.event_queue_bits);
    return queue_takes_events(smmu, security) && !queue_is_full(queue, bits) &&
           write_record(smmu, security, bits, record);
}

void event_record_plain(struct smmu *smmu, enum smmu_event type, const struct smmu_transaction *transaction) {
    uint64_t record[SMMU_EVENT_WORDS];
    event_start(record, type, transaction);
    event_record(smmu, (transaction->flags & SMMU_SECURE_STREAM) != 0 ? SECURE : NON_SECURE, record);
}

void smmu_unsupported(struct smmu *smmu, const struct smmu_transaction *transaction, uint16_t reason) {
    uint64_t record[SMMU_EVENT_WORDS];
    event_start(record, F_UUT, transaction);
    smmu_field_set(record, EVENT_STAG, reason); /* the field Reason stands in the same place */
    set_access(record, NULL, transaction);
    smmu_field_set(record, EVENT_ADDRESS, transaction->address);
    smmu_lock(smmu);
    event_record(smmu, (transaction->flags & SMMU_SECURE_STREAM) != 0 ? SECURE : NON_SECURE, record);
    smmu_unlock(smmu);
}

void smmu_page_hint(struct smmu *smmu, const struct smmu_transaction *transaction, uint8_t pages, uint8_t permissions) {
    uint64_t record[SMMU_EVENT_WORDS];
    event_start(record, E_PAGE_REQUEST, transaction);
    smmu_field_set(record, EVENT_HINT_SPAN, pages);
    smmu_field_set(record, EVENT_HINT_ACCESS, permissions);
    smmu_field_set(record, EVENT_ADDRESS, transaction->address);
    smmu_lock(smmu);
    event_record(smmu, (transaction->flags & SMMU_SECURE_STREAM) != 0 ? SECURE : NON_SECURE, record);
    smmu_unlock(smmu);
}
