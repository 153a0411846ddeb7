/* SPDX-License-Identifier: MIT */
/*
 * Held transactions (3.12.2). The number of the slot is the STAG; a slot is free again only when its transaction has
 * ended. The record of a stall is never lost: while the queue cannot take it, the transaction waits, and when the queue
 * can, it is translated anew, so that whatever was invalidated in the meantime counts (7.2.1).
 */
#include "smmuv3/internal.h"

static struct stall *free_slot(struct smmu *smmu) {
    for (uint32_t i = 0; i < smmu->config.stall_entries; i++) {
        struct stall *stall = &smmu->stalls[smmu->stall_hand++ % smmu->config.stall_entries];
        if (stall->state == STALL_FREE) {
            return stall;
        }
    }
    return NULL;
}

/* The STAG is added to the record. */
bool stall_hold(struct smmu *smmu, enum security security, const struct smmu_transaction *transaction,
                uint64_t record[SMMU_EVENT_WORDS], struct smmu_result *result) {
    struct stall *stall = free_slot(smmu);
    if (stall == NULL) {
        return false;
    }
    result->stag = (uint16_t)(stall - smmu->stalls);
    smmu_field_set(record, EVENT_STAG, result->stag);
    smmu_field_set(record, EVENT_STALL, 1);
    stall->state = STALL_HELD;
    stall->secure = security == SECURE;
    stall->transaction = *transaction;
    for (unsigned i = 0; i < SMMU_EVENT_WORDS; i++) {
        stall->record[i] = record[i];
    }
    stall->recorded = event_record_stall(smmu, security, record);
    smmu->stalls_held++;
    smmu->statistics.stalls++;
    return true;
}

/* `resumed` is called when the lock is released. */
static void finish(struct smmu *smmu, struct stall *stall, enum smmu_outcome outcome) {
    stall->state = STALL_DONE;
    stall->outcome = (uint8_t)outcome;
    smmu->stalls_held--;
    smmu->stalls_done++;
}

/* As if it had just arrived. If it stalls again, it is in another slot. */
static void retry_now(struct smmu *smmu, struct stall *stall) {
    struct smmu_transaction transaction = stall->transaction;
    const struct context *cacheable;
    enum smmu_outcome outcome = translate_locked(smmu, &transaction, &stall->result, &cacheable);
    if (outcome == SMMU_BUSY) { /* no slot but its own */
        stall->state = STALL_FREE;
        smmu->stalls_held--;
        outcome = translate_locked(smmu, &transaction, &stall->result, &cacheable);
        if (outcome == SMMU_STALLED) {
            return;
        }
        smmu->stalls_held++;
    }
    if (outcome == SMMU_STALLED) {
        stall->state = STALL_FREE;
        smmu->stalls_held--;
        return;
    }
    finish(smmu, stall, outcome == SMMU_BUSY ? SMMU_ABORT : outcome);
}

void stall_resume(struct smmu *smmu, enum security security, uint32_t stream, uint32_t stag, bool retry, bool abort) {
    struct stall *stall = stag < smmu->config.stall_entries ? &smmu->stalls[stag] : NULL;
    if (stall == NULL || stall->state != STALL_HELD || stall->secure != (security == SECURE) || !stall->recorded ||
        stall->transaction.stream != stream) {
        return;
    }
    smmu->statistics.resumes++;
    if (retry) {
        retry_now(smmu, stall);
    } else {
        finish(smmu, stall, abort || has(smmu, SMMU_FEATURE_ABORT_ONLY) ? SMMU_ABORT : SMMU_IGNORED);
    }
}

/* CMD_STALL_TERM, or of all streams when SMMUEN becomes 0. */
void stall_terminate(struct smmu *smmu, enum security security, uint32_t stream, bool all) {
    for (uint32_t i = 0; i < smmu->config.stall_entries && smmu->stalls_held != 0; i++) {
        struct stall *stall = &smmu->stalls[i];
        if (stall->state == STALL_HELD && stall->secure == (security == SECURE) &&
            (all || stall->transaction.stream == stream)) {
            finish(smmu, stall, SMMU_ABORT);
        }
    }
}

void stall_record_waiting(struct smmu *smmu, enum security security) {
    for (uint32_t i = 0; i < smmu->config.stall_entries && smmu->stalls_held != 0; i++) {
        struct stall *stall = &smmu->stalls[i];
        if (stall->state == STALL_HELD && !stall->recorded && stall->secure == (security == SECURE)) {
            retry_now(smmu, stall);
        }
    }
}
