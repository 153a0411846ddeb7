/* SPDX-License-Identifier: MIT */
/*
 * The command queues (chapter 4). Commands are carried out when PROD is written, the queue enabled, or an error
 * acknowledged; at most as many as the queue can hold. All but CMD_SYNC are complete when they are consumed. CMD_SYNC
 * waits until the brackets (smmu_port_begin) that it found open are closed.
 *
 * Reserved bits are ignored. Parameters out of range have no effect.
 */
#include "smmuv3/tlb.h"

#define PREFETCH_MAX       256u /* addresses of one command */
#define ATC_SIZE_ALL       52u

enum verdict {
    VERDICT_DONE,
    VERDICT_ILLEGAL,
    VERDICT_ATC_FAILED,
    VERDICT_WAIT,
};

struct command {
    uint64_t words[2];
    enum security queue;  /* that it came from */
    enum security target; /* by SSec */
};

/* --- Configuration */

static uint32_t stream_of(const struct command *command) {
    return (uint32_t)smmu_field(command->words, CMD_SID);
}

static void invalidate_stream_range(struct smmu *smmu, const struct command *command) {
    unsigned bits = (unsigned)smmu_field(command->words, CMD_RANGE) + 1;
    uint32_t first = stream_of(command) & ~low_mask32(bits);
    config_invalidate_streams(smmu, command->target, first, first | low_mask32(bits));
}

static enum verdict invalidate_configuration(struct smmu *smmu, const struct command *command, unsigned opcode) {
    uint32_t stream = stream_of(command), substream = (uint32_t)smmu_field(command->words, CMD_SSID);
    bool of_stage1 = opcode == CMD_CFGI_CD || opcode == CMD_CFGI_CD_ALL;
    if (of_stage1 && !has(smmu, SMMU_FEATURE_STAGE1)) {
        return VERDICT_ILLEGAL;
    }
    if (opcode == CMD_CFGI_STE_RANGE) {
        invalidate_stream_range(smmu, command);
    } else if (opcode == CMD_CFGI_CD) {
        config_invalidate_context(smmu, command->target, stream, substream);
    } else {
        config_invalidate_stream(smmu, command->target, stream);
    }
    return VERDICT_DONE;
}

static enum verdict prefetch(struct smmu *smmu, const struct command *command, unsigned opcode) {
    bool addresses = opcode == CMD_PREFETCH_ADDR, substream = smmu_field(command->words, CMD_SSV) != 0;
    struct smmu_transaction transaction = {
        .stream = stream_of(command),
        .substream = substream ? (uint32_t)smmu_field(command->words, CMD_SSID) : 0,
        .address = addresses ? command->words[1] & CMD_ADDRESS : 0,
        .flags = (substream ? SMMU_SUBSTREAM : 0) | (command->target == SECURE ? SMMU_SECURE_STREAM : 0),
    };
    unsigned size = addresses ? (unsigned)smmu_field(command->words, CMD_PREFETCH_SIZE) : 0;
    unsigned stride = addresses ? (unsigned)smmu_field(command->words, CMD_PREFETCH_STRIDE) : 0;
    unsigned count = size >= 8 ? PREFETCH_MAX : 1u << size;
    if ((smmu->banks[command->target].cr0ack & SMMU_CR0_SMMUEN) != 0) {
        translate_prefetch(smmu, &transaction, addresses, count, PAGE_BITS + stride);
    }
    return VERDICT_DONE;
}

/* --- TLB */

/* Addresses that a command is about (4.4.1.1). False: a reserved combination. */
static bool range_of(const struct command *command, uint64_t first, uint64_t *last) {
    unsigned granule = (unsigned)smmu_field(command->words, CMD_TG), level = (unsigned)smmu_field(command->words, CMD_TTL);
    unsigned scale = (unsigned)smmu_field(command->words, CMD_SCALE);
    uint64_t count = smmu_field(command->words, CMD_NUM) + 1, length, end;
    *last = first | low_mask(PAGE_BITS);
    if (granule == 0) {
        return true;
    }
    if (granule == 2 && level == 1) {
        level = 0; /* no such level without 52-bit addresses in 16 KiB tables */
    }
    if (count == 1 && scale == 0 && level == 0) {
        return false;
    }
    unsigned shift = scale + 2 * granule + 10;
    bool overflows = shift > 63 || __builtin_mul_overflow(count, 1ul << shift, &length) ||
                     __builtin_add_overflow(first, length - 1, &end);
    *last = overflows ? ~0ul : end;
    return true;
}

/* VMIDs count only where there is stage 2, and wildcards hide their lower bits. */
static uint64_t vmid_mask(const struct smmu *smmu, enum security security) {
    static const uint8_t wildcard[8] = {0, 1, 3, 7, 15, 0, 0, 0};
    if (security == SECURE || !SMMUV3_TWO_STAGE || !has(smmu, SMMU_FEATURE_STAGE2)) {
        return 0;
    }
    return TAG_VMID & ~(uint64_t)wildcard[(smmu->banks[security].cr0ack & SMMU_CR0_VMW) >> 6];
}

/* Whose entries: mask and value of tags. */
struct scope {
    uint64_t mask, value;
};

static struct scope scope_of(const struct smmu *smmu, const struct command *command, enum security security,
                             enum world world) {
    uint64_t vmid = world == WORLD_EL1 ? vmid_mask(smmu, security) : 0;
    return (struct scope){
        TAG_WORLD | TAG_SECURE | vmid,
        (uint64_t)world << TAG_WORLD_SHIFT | (security == SECURE ? TAG_SECURE : 0) |
            (smmu_field(command->words, CMD_VMID) & vmid),
    };
}

static uint64_t asid_of(const struct command *command) {
    return smmu_field(command->words, CMD_ASID) << TAG_ASID_SHIFT;
}

/* By ASID: entries that are not global. */
static void invalidate_asid(struct smmu *smmu, const struct command *command, struct scope scope) {
    tlb_invalidate(smmu, scope.mask | TAG_IPA | TAG_GLOBAL | TAG_ASID, scope.value | asid_of(command));
}

/* By address: entries of the ASID, and global ones; of all ASIDs if it is none. */
static enum verdict invalidate_address(struct smmu *smmu, const struct command *command, struct scope scope,
                                       bool by_asid) {
    uint64_t first = command->words[1] & CMD_ADDRESS, last;
    uint64_t exact = TAG_WORLD | TAG_SECURE | TAG_IPA | TAG_GLOBAL | TAG_ASID;
    if (!range_of(command, first, &last)) {
        return VERDICT_ILLEGAL;
    }
    if (!by_asid) {
        tlb_invalidate_range(smmu, scope.mask | TAG_IPA, scope.value, first, last);
        return VERDICT_DONE;
    }
    /* Where VMIDs do not count, all tags have VMID 0, which makes one tag of it. */
    uint64_t vmid = (scope.mask & TAG_VMID) == 0 ? TAG_VMID : scope.mask & TAG_VMID;
    tlb_invalidate_range(smmu, exact | vmid, scope.value | asid_of(command), first, last);
    if (smmu->tlb_globals != 0) {
        tlb_invalidate_range(smmu, exact | vmid, scope.value | TAG_GLOBAL, first, last);
    }
    return VERDICT_DONE;
}

static enum verdict invalidate_stage1(struct smmu *smmu, const struct command *command, unsigned kind,
                                      struct scope scope, bool has_asids) {
    switch (kind) {
    case 0:
        tlb_invalidate(smmu, scope.mask | TAG_IPA, scope.value);
        return VERDICT_DONE;
    case 1:
        if (has_asids) {
            invalidate_asid(smmu, command, scope);
        }
        return VERDICT_DONE;
    case 2:
        return invalidate_address(smmu, command, scope, has_asids);
    default:
        return invalidate_address(smmu, command, scope, false);
    }
}

/* The lower bits of the opcodes say the same in all groups: all, ASID, address and ASID, address. */
static enum verdict invalidate_el1(struct smmu *smmu, const struct command *command, unsigned opcode) {
    if (!has(smmu, SMMU_FEATURE_STAGE1)) {
        return VERDICT_ILLEGAL;
    }
    struct scope scope = scope_of(smmu, command, command->queue, WORLD_EL1);
    return invalidate_stage1(smmu, command, opcode & 3, scope, true);
}

static enum verdict invalidate_el2(struct smmu *smmu, const struct command *command, unsigned opcode) {
    if (!has(smmu, SMMU_FEATURE_STAGE1) || !has(smmu, SMMU_FEATURE_HYP)) {
        return VERDICT_ILLEGAL;
    }
    bool host = (smmu->banks[NON_SECURE].cr2 & SMMU_CR2_E2H) != 0;
    struct scope scope = scope_of(smmu, command, NON_SECURE, host ? WORLD_EL2_E2H : WORLD_EL2);
    return invalidate_stage1(smmu, command, opcode & 3, scope, host);
}

static enum verdict invalidate_el3(struct smmu *smmu, const struct command *command, unsigned opcode) {
    if (command->queue != SECURE || !has(smmu, SMMU_FEATURE_STAGE1)) {
        return VERDICT_ILLEGAL;
    }
    struct scope scope = scope_of(smmu, command, SECURE, WORLD_EL3);
    return invalidate_stage1(smmu, command, opcode & 3, scope, false);
}

static enum verdict invalidate_stage2(struct smmu *smmu, const struct command *command, unsigned opcode) {
    uint64_t first = command->words[1] & CMD_IPA, last;
    if (!SMMUV3_TWO_STAGE || !has(smmu, SMMU_FEATURE_STAGE2)) {
        return VERDICT_ILLEGAL;
    }
    struct scope scope = scope_of(smmu, command, NON_SECURE, WORLD_EL1);
    if (opcode == CMD_TLBI_S12_VMALL) {
        tlb_invalidate(smmu, scope.mask, scope.value);
        return VERDICT_DONE;
    }
    if (!range_of(command, first, &last)) {
        return VERDICT_ILLEGAL;
    }
    uint64_t rest = TAG_IPA | TAG_ASID | TAG_GLOBAL;
    tlb_invalidate_range(smmu, scope.mask | rest, scope.value | TAG_IPA, first, last);
    return VERDICT_DONE;
}

static enum verdict invalidate_non_secure(struct smmu *smmu) {
    tlb_invalidate(smmu, TAG_WORLD | TAG_SECURE, (uint64_t)WORLD_EL1 << TAG_WORLD_SHIFT);
    return VERDICT_DONE;
}

/* --- ATS and PRI: for Non-secure streams, from the Non-secure queue */

static enum verdict invalidate_ats(struct smmu *smmu, const struct command *command) {
    unsigned size = (unsigned)smmu_field(command->words, CMD_ATC_SIZE);
    bool substream = smmu_field(command->words, CMD_SSV) != 0 && smmu->config.substream_bits != 0;
    if (!has(smmu, SMMU_FEATURE_ATS) || command->queue == SECURE) {
        return VERDICT_ILLEGAL;
    }
    if ((smmu->banks[NON_SECURE].cr0ack & SMMU_CR0_SMMUEN) == 0 || size > ATC_SIZE_ALL ||
        smmu->bus.ats_invalidate == NULL) {
        return VERDICT_DONE;
    }
    uint64_t bytes = size == ATC_SIZE_ALL ? 0 : 1ul << (PAGE_BITS + size);
    uint64_t address = command->words[1] & CMD_ADDRESS & ~low_mask(PAGE_BITS + size);
    bool global = substream && smmu_field(command->words, CMD_ATC_GLOBAL) != 0;
    uint32_t pasid = substream ? (uint32_t)smmu_field(command->words, CMD_SSID) : 0;
    if (!smmu->bus.ats_invalidate(smmu->bus.context, stream_of(command), substream, pasid, global, address, bytes)) {
        smmu->atc_failed[command->queue] = true;
    }
    return VERDICT_DONE;
}

static enum verdict respond_to_page_request(struct smmu *smmu, const struct command *command) {
    static const uint8_t codes[4] = {SMMU_PAGE_FAILURE, SMMU_PAGE_INVALID, SMMU_PAGE_SUCCESS, 0};
    unsigned response = (unsigned)smmu_field(command->words, CMD_PRI_RESPONSE);
    bool substream = smmu_field(command->words, CMD_SSV) != 0 && smmu->config.substream_bits != 0;
    if (!has(smmu, SMMU_FEATURE_PRI) || command->queue == SECURE || response == 3) {
        return VERDICT_ILLEGAL;
    }
    if ((smmu->banks[NON_SECURE].cr0ack & SMMU_CR0_SMMUEN) == 0) {
        return VERDICT_DONE;
    }
    struct smmu_page_response answer = {
        .stream = stream_of(command),
        .substream = substream ? (uint32_t)smmu_field(command->words, CMD_SSID) : 0,
        .has_substream = substream,
        .group = (uint16_t)smmu_field(command->words, CMD_PRI_GROUP),
        .code = codes[response],
    };
    smmu->statistics.page_responses++;
    if (smmu->bus.page_response != NULL) {
        smmu->bus.page_response(smmu->bus.context, &answer);
    }
    return VERDICT_DONE;
}

/* --- Stalls and synchronisation */

static enum verdict resume(struct smmu *smmu, const struct command *command, unsigned opcode) {
    if (smmu->config.stall_model == SMMU_TERMINATE_ONLY) {
        return VERDICT_ILLEGAL;
    }
    if (opcode == CMD_STALL_TERM) {
        stall_terminate(smmu, command->target, stream_of(command), false);
    } else {
        stall_resume(smmu, command->target, stream_of(command), (uint32_t)smmu_field(command->words, CMD_RESUME_STAG),
                     smmu_field(command->words, CMD_RESUME_RETRY) != 0,
                     smmu_field(command->words, CMD_RESUME_ABORT) != 0);
    }
    return VERDICT_DONE;
}

/* The first look at a CMD_SYNC notes which brackets are open; later ones, whether those are still the same. */
static bool brackets_are_open(struct smmu *smmu, enum security security) {
    uint64_t *snapshot = smmu->sync_snapshot[security];
    bool waiting = (smmu->sync_waiting & 1u << security) != 0, open = false;
    /* Sequentially consistent, and before the brackets are read: whoever closes one later sees it. */
    __atomic_fetch_or(&smmu->sync_waiting, 1u << security, __ATOMIC_SEQ_CST);
    for (uint32_t i = 0; i < smmu->port_count; i++) {
        uint64_t activity = __atomic_load_n(&smmu->ports[i]->activity, __ATOMIC_SEQ_CST);
        if (!waiting) {
            snapshot[i] = activity;
        }
        open = open || ((activity & 1) != 0 && activity == snapshot[i]);
    }
    if (!open) {
        __atomic_fetch_and(&smmu->sync_waiting, ~(1u << security), __ATOMIC_SEQ_CST);
    }
    return open;
}

static enum verdict synchronise(struct smmu *smmu, const struct command *command) {
    unsigned signal = (unsigned)smmu_field(command->words, CMD_SYNC_CS);
    if (signal == 3) {
        return VERDICT_ILLEGAL;
    }
    if (brackets_are_open(smmu, command->queue)) {
        return VERDICT_WAIT;
    }
    if (smmu->atc_failed[command->queue]) {
        smmu->atc_failed[command->queue] = false;
        return VERDICT_ATC_FAILED;
    }
    smmu->statistics.syncs++;
    if (signal == 1) {
        interrupt_sync(smmu, command->queue, command->words[1] & CMD_SYNC_MSIADDR,
                       (uint32_t)smmu_field(command->words, CMD_SYNC_MSIDATA));
    } else if (signal == 2 && smmu->bus.event_signal != NULL) {
        smmu->bus.event_signal(smmu->bus.context);
    }
    return VERDICT_DONE;
}

/* --- The queue */

static bool has_ssec(unsigned opcode) {
    return opcode <= CMD_CFGI_VMS_PIDM || opcode == CMD_RESUME || opcode == CMD_STALL_TERM;
}

static enum verdict execute_translation_command(struct smmu *smmu, const struct command *command, unsigned opcode) {
    switch (opcode) {
    case CMD_TLBI_NH_ALL:
    case CMD_TLBI_NH_ASID:
    case CMD_TLBI_NH_VA:
    case CMD_TLBI_NH_VAA:
        return invalidate_el1(smmu, command, opcode);
    case CMD_TLBI_EL3_ALL:
    case CMD_TLBI_EL3_VA:
        return invalidate_el3(smmu, command, opcode);
    case CMD_TLBI_EL2_ALL:
    case CMD_TLBI_EL2_ASID:
    case CMD_TLBI_EL2_VA:
    case CMD_TLBI_EL2_VAA:
        return invalidate_el2(smmu, command, opcode);
    case CMD_TLBI_S12_VMALL:
    case CMD_TLBI_S2_IPA:
        return invalidate_stage2(smmu, command, opcode);
    case CMD_TLBI_NSNH_ALL:
        return invalidate_non_secure(smmu);
    default: /* Secure EL2 and stage 2 do not exist here */
        return VERDICT_ILLEGAL;
    }
}

static enum verdict execute(struct smmu *smmu, struct command *command) {
    unsigned opcode = (unsigned)smmu_field(command->words, CMD_OPCODE);
    bool ssec = has_ssec(opcode) && smmu_field(command->words, CMD_SSEC) != 0;
    if (ssec && command->queue != SECURE) {
        return VERDICT_ILLEGAL;
    }
    command->target = ssec ? SECURE : NON_SECURE;
    switch (opcode) {
    case CMD_PREFETCH_CONFIG:
    case CMD_PREFETCH_ADDR:
        return prefetch(smmu, command, opcode);
    case CMD_CFGI_STE:
    case CMD_CFGI_STE_RANGE:
    case CMD_CFGI_CD:
    case CMD_CFGI_CD_ALL:
        return invalidate_configuration(smmu, command, opcode);
    case CMD_ATC_INV:
        return invalidate_ats(smmu, command);
    case CMD_PRI_RESP:
        return respond_to_page_request(smmu, command);
    case CMD_RESUME:
    case CMD_STALL_TERM:
        return resume(smmu, command, opcode);
    case CMD_SYNC:
        return synchronise(smmu, command);
    default:
        return execute_translation_command(smmu, command, opcode);
    }
}

/* CONS stays at the command; the code is there before the error is active (7.1). */
static void fail(struct smmu *smmu, enum security security, enum smmu_command_error error) {
    struct queue *queue = &smmu->banks[security].commands;
    queue->cons = (queue->cons & ~(0x7fu << SMMU_CMDQ_ERROR_SHIFT)) | (uint32_t)error << SMMU_CMDQ_ERROR_SHIFT;
    smmu->statistics.command_errors++;
    gerror_activate(smmu, security, SMMU_GERROR_CMDQ);
}

static bool process_one(struct smmu *smmu, enum security security, unsigned bits) {
    static const enum smmu_command_error errors[] = {[VERDICT_ILLEGAL] = SMMU_CERROR_ILL,
                                                     [VERDICT_ATC_FAILED] = SMMU_CERROR_ATC_INV_SYNC};
    struct queue *queue = &smmu->banks[security].commands;
    struct command command = {.queue = security};
    uint64_t address = queue_entry(smmu, queue, bits, queue->cons, SMMU_COMMAND_BYTES);
    if (!memory_read(smmu, security, address, command.words, SMMU_COMMAND_BYTES)) {
        fail(smmu, security, SMMU_CERROR_ABT);
        return false;
    }
    enum verdict verdict = execute(smmu, &command);
    if (verdict == VERDICT_WAIT) {
        return false;
    }
    if (verdict != VERDICT_DONE) {
        fail(smmu, security, errors[verdict]);
        return false;
    }
    bool was_full = queue_is_full(queue, bits);
    queue->cons = queue_next(queue->cons, bits);
    smmu->statistics.commands++;
    if (was_full && smmu->bus.event_signal != NULL) {
        smmu->bus.event_signal(smmu->bus.context);
    }
    return true;
}

void commands_process(struct smmu *smmu, enum security security) {
    struct queue *queue = &smmu->banks[security].commands;
    unsigned bits = queue_bits(queue, smmu->config.command_queue_bits);
    for (uint32_t left = 1u << bits; left != 0; left--) {
        if ((smmu->banks[security].cr0ack & SMMU_CR0_CMDQEN) == 0 || queue_is_empty(queue, bits) ||
            gerror_is_active(smmu, security, SMMU_GERROR_CMDQ) || !process_one(smmu, security, bits)) {
            return;
        }
    }
}

void commands_bracket_closed(struct smmu *smmu) {
    for (enum security security = NON_SECURE; security < SECURITY_COUNT; security++) {
        if ((smmu->sync_waiting & 1u << security) != 0) {
            commands_process(smmu, security);
        }
    }
}
