/* SPDX-License-Identifier: MIT */
/*
 * PCIe PRI (chapter 8): page requests go into a queue, or are answered automatically when it cannot take them. In
 * contrast to events, an overflow that is not acknowledged keeps the queue closed.
 */
#include "smmuv3/internal.h"

static void respond(struct smmu *smmu, const struct smmu_page_request *request, bool with_substream, uint8_t code) {
    struct smmu_page_response response = {
        .stream = request->stream,
        .substream = with_substream ? request->substream : 0,
        .has_substream = with_substream,
        .group = request->group,
        .code = code,
    };
    smmu->statistics.page_responses++;
    if (smmu->bus.page_response != NULL) {
        smmu->bus.page_response(smmu->bus.context, &response);
    }
}

/* Ends the requests of a PASID; nobody waits for an answer. */
static bool is_stop_marker(const struct smmu_page_request *request) {
    return request->has_substream && request->last && !request->write && !request->read;
}

/* Whether an answer carries the PASID: by the stream's entry. False: there is no valid one. */
static bool look_up_stream(struct smmu *smmu, const struct smmu_page_request *request, bool *with_substream) {
    struct smmu_transaction transaction = {.stream = request->stream};
    struct walk walk = {.smmu = smmu};
    struct stream_entry entry;
    uint32_t cr2 = smmu->banks[NON_SECURE].cr2;
    if (!stream_fetch(&walk, NON_SECURE, request->stream, &entry)) {
        bool record = (cr2 & SMMU_CR2_REC_CFG_ATS) != 0 &&
                      (walk.fault.event != C_BAD_STREAMID || (cr2 & SMMU_CR2_RECINVSID) != 0);
        uint64_t event[SMMU_EVENT_WORDS];
        event_of_fault(event, &walk, &transaction);
        if (record) {
            event_record(smmu, NON_SECURE, event);
        }
        return false;
    }
    if (!stream_is_legal(smmu, NON_SECURE, entry.words)) {
        if ((cr2 & SMMU_CR2_REC_CFG_ATS) != 0) {
            event_record_plain(smmu, C_BAD_STE, &transaction);
        }
        return false;
    }
    *with_substream = smmu_field(entry.words, STE_PPAR) != 0;
    return true;
}

/* Only the last request of a group is answered: with success, so that the device tries again. */
static void answer_overflow(struct smmu *smmu, const struct smmu_page_request *request) {
    bool with_substream = request->has_substream;
    if (!request->last) {
        return;
    }
    if (with_substream && !has(smmu, SMMU_FEATURE_PASID_RESPONSE) &&
        !look_up_stream(smmu, request, &with_substream)) {
        respond(smmu, request, false, SMMU_PAGE_FAILURE);
        return;
    }
    respond(smmu, request, with_substream, SMMU_PAGE_SUCCESS);
}

static void make_record(const struct smmu_page_request *request, uint64_t record[2]) {
    record[0] = 0;
    record[1] = request->address & ~low_mask(PAGE_BITS);
    smmu_field_set(record, PRI_SID, request->stream);
    smmu_field_set(record, PRI_READ, request->read);
    smmu_field_set(record, PRI_WRITE, request->write);
    smmu_field_set(record, PRI_LAST, request->last);
    smmu_field_set(record, PRI_GROUP, request->group);
    if (request->has_substream) {
        smmu_field_set(record, PRI_SSV, 1);
        smmu_field_set(record, PRI_SSID, request->substream);
        smmu_field_set(record, PRI_EXECUTE, request->execute);
        smmu_field_set(record, PRI_PRIV, request->privileged);
    }
}

static bool write_record(struct smmu *smmu, unsigned bits, const struct smmu_page_request *request) {
    struct bank *bank = &smmu->banks[NON_SECURE];
    struct queue *queue = &bank->page_requests;
    uint64_t record[2];
    make_record(request, record);
    bool was_empty = queue_is_empty(queue, bits);
    uint64_t address = queue_entry(smmu, queue, bits, queue->prod, SMMU_PAGE_REQUEST_BYTES);
    if (!memory_write(smmu, NON_SECURE, address, record, SMMU_PAGE_REQUEST_BYTES)) {
        gerror_activate(smmu, NON_SECURE, SMMU_GERROR_PRIQ_ABT);
        return false;
    }
    queue->prod = queue_next(queue->prod, bits);
    bool only_last = (bank->page_request_irq.attributes & SMMU_PRIQ_IRQ_LO) != 0;
    if (only_last ? request->last : was_empty) {
        interrupt_raise(smmu, NON_SECURE, SOURCE_PRIQ);
    }
    return true;
}

static bool request_locked(struct smmu *smmu, const struct smmu_page_request *request) {
    struct bank *bank = &smmu->banks[NON_SECURE];
    struct queue *queue = &bank->page_requests;
    unsigned bits = queue_bits(queue, smmu->config.page_request_queue_bits);
    uint32_t enabled = SMMU_CR0_PRIQEN | SMMU_CR0_SMMUEN;
    bool stop = is_stop_marker(request);
    smmu->statistics.page_requests++;
    if (request->secure || (bank->cr0ack & enabled) != enabled ||
        gerror_is_active(smmu, NON_SECURE, SMMU_GERROR_PRIQ_ABT)) {
        if (!stop) {
            respond(smmu, request, false, SMMU_PAGE_FAILURE);
        }
        return false;
    }
    bool overflowed = ((queue->prod ^ queue->cons) & SMMU_QUEUE_OVERFLOW) != 0;
    if (overflowed || queue_is_full(queue, bits)) {
        if (!overflowed) {
            queue->prod ^= SMMU_QUEUE_OVERFLOW;
        }
        if (!stop) {
            answer_overflow(smmu, request);
        }
        return false;
    }
    if (!write_record(smmu, bits, request)) {
        if (!stop) {
            respond(smmu, request, false, SMMU_PAGE_FAILURE);
        }
        return false;
    }
    return true;
}

bool smmu_page_request(struct smmu *smmu, const struct smmu_page_request *original) {
    struct smmu_page_request request = *original;
    if (!has(smmu, SMMU_FEATURE_PRI)) {
        return false;
    }
    if (smmu->config.substream_bits == 0) {
        request.has_substream = false;
    }
    smmu_lock(smmu);
    bool queued = request_locked(smmu, &request);
    smmu_unlock(smmu);
    return queued;
}
