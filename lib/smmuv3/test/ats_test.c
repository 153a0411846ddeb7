/* SPDX-License-Identifier: MIT */
/* PCIe ATS and PRI: translation requests, translated transactions, invalidation, page requests. */
#include "smmuv3/test/suite.h"

#include <string.h>

#define ON (SMMU_CR0_SMMUEN | SMMU_CR0_QUEUES)

static enum smmu_ats_status request(struct rig *rig, uint32_t stream, uint64_t address, uint32_t flags,
                                    struct smmu_ats_completion *completion) {
    const struct smmu_transaction transaction = {
        .stream = stream, .address = address, .flags = flags, .attributes = {0xff, 3}};
    return smmu_ats_request(rig->smmu, &transaction, completion);
}

static void set_cr2(struct rig *rig, uint32_t value) {
    rig_write(rig, SMMU_CR0, SMMU_CR0_QUEUES);
    rig_write(rig, SMMU_CR2, value);
    rig_write(rig, SMMU_CR0, ON | SMMU_CR0_ATSCHK);
}

static void map_ats(struct rig *rig, struct rig_space *space, uint8_t eats) {
    map_one(rig, space);
    space->stream.eats = eats;
    rig_install(rig, 1, space);
}

/* --- 3.9.1.2: requests that are refused */

static void run_request_disabled(struct rig *rig, const void *argument) {
    (void)argument;
    struct smmu_ats_completion completion;
    rig_write(rig, SMMU_CR0, SMMU_CR0_QUEUES);
    assert_int_equal(request(rig, 1, VA + 5, SMMU_WRITE | SMMU_PRIVILEGED, &completion), SMMU_ATS_UNSUPPORTED);
    check_event(rig, F_BAD_ATS_TREQ, 1, F(EVENT_TREQ_SPAN, 1), F(EVENT_TREQ_R, 1), F(EVENT_TREQ_W, 1),
                F(EVENT_TREQ_P, 1), F(EVENT_ADDRESS, VA), END);
}

static void run_request_secure(struct rig *rig, const void *argument) {
    (void)argument;
    struct smmu_ats_completion completion;
    uint64_t record[SMMU_EVENT_WORDS];
    assert_int_equal(request(rig, 1, VA, SMMU_SECURE_STREAM, &completion), SMMU_ATS_UNSUPPORTED);
    assert_true(rig_event_secure(rig, record));
    assert_int_equal(smmu_field(record, EVENT_TYPE), F_BAD_ATS_TREQ);
    check_no_event(rig);
}

struct refusal {
    const char *name;
    uint8_t config, eats;
    bool atschk;
    enum smmu_ats_status expected;
    bool recorded;
};

static const struct refusal refusals[] = {
    {"Config = 000: UR, silently", STE_CONFIG_ABORT, 1, true, SMMU_ATS_UNSUPPORTED, false},
    {"Config = 100: UR, recorded", STE_CONFIG_BYPASS, 1, true, SMMU_ATS_UNSUPPORTED, true},
    {"EATS = 00: UR, recorded", STE_CONFIG_S1, 0, true, SMMU_ATS_UNSUPPORTED, true},
    {"EATS = 11 without DPT: UR, recorded", STE_CONFIG_S1, 3, true, SMMU_ATS_UNSUPPORTED, true},
    {"EATS = 01", STE_CONFIG_S1, 1, true, SMMU_ATS_SUCCESS, false},
    {"EATS = 01 without ATSCHK", STE_CONFIG_S1, 1, false, SMMU_ATS_SUCCESS, false},
    {"EATS = 10 nested", STE_CONFIG_NESTED, 2, true, SMMU_ATS_SUCCESS, false},
    {"EATS = 10 without ATSCHK: UR, recorded", STE_CONFIG_NESTED, 2, false, SMMU_ATS_UNSUPPORTED, true},
};

static void run_refusal(struct rig *rig, const void *argument) {
    const struct refusal *row = argument;
    struct rig_space space;
    struct smmu_tables stage2;
    struct smmu_ats_completion completion;
    if (row->config == STE_CONFIG_NESTED) {
        map_nested(rig, &space, &stage2);
    } else {
        map_one(rig, &space);
    }
    space.stream.config = row->config;
    space.stream.eats = row->eats;
    rig_install(rig, 1, &space);
    rig_write(rig, SMMU_CR0, ON | (row->atschk ? SMMU_CR0_ATSCHK : 0));
    assert_int_equal(request(rig, 1, VA, 0, &completion), row->expected);
    if (row->recorded) {
        check_event_type(rig, F_BAD_ATS_TREQ);
    }
    check_no_event(rig);
}

/* --- Configuration errors are completer aborts, recorded only if asked for */

enum damage {
    DAMAGE_SID,
    DAMAGE_STE_FETCH,
    DAMAGE_STE,
    DAMAGE_SUBSTREAM,
    DAMAGE_DISABLED,
    DAMAGE_CD_FETCH,
    DAMAGE_CD,
    DAMAGE_WALK,
};

struct error {
    const char *name;
    enum damage damage;
    enum smmu_event expected;
};

static const struct error errors[] = {
    {"C_BAD_STREAMID", DAMAGE_SID, C_BAD_STREAMID},
    {"F_STE_FETCH", DAMAGE_STE_FETCH, F_STE_FETCH},
    {"C_BAD_STE", DAMAGE_STE, C_BAD_STE},
    {"C_BAD_SUBSTREAMID", DAMAGE_SUBSTREAM, C_BAD_SUBSTREAMID},
    {"F_STREAM_DISABLED", DAMAGE_DISABLED, F_STREAM_DISABLED},
    {"F_CD_FETCH", DAMAGE_CD_FETCH, F_CD_FETCH},
    {"C_BAD_CD", DAMAGE_CD, C_BAD_CD},
    {"F_WALK_EABT", DAMAGE_WALK, F_WALK_EABT},
};

static struct smmu_transaction damage(struct rig *rig, struct rig_space *space, enum damage kind) {
    struct smmu_transaction transaction = {.stream = 1, .address = VA};
    switch (kind) {
    case DAMAGE_SID:
        transaction.stream = 300;
        break;
    case DAMAGE_STE_FETCH:
        rig->abort_at = rig_stream_address(rig, 1);
        break;
    case DAMAGE_STE:
        rig_store(rig, rig_stream_address(rig, 1), 0);
        break;
    case DAMAGE_SUBSTREAM:
        transaction.flags = SMMU_SUBSTREAM;
        transaction.substream = 3;
        break;
    case DAMAGE_DISABLED:
        space->stream.context_bits = 2;
        rig_install(rig, 1, space);
        break;
    case DAMAGE_CD_FETCH:
        rig->abort_at = space->cd_address;
        break;
    case DAMAGE_CD:
        rig_store(rig, space->cd_address, 0);
        break;
    case DAMAGE_WALK:
        rig->abort_at = smmu_tables_find(&space->tables, VA, 3);
        break;
    }
    return transaction;
}

static void run_error(struct rig *rig, const void *argument) {
    const struct error *row = argument;
    struct rig_space space;
    struct smmu_ats_completion completion;
    map_ats(rig, &space, 1);
    struct smmu_transaction transaction = damage(rig, &space, row->damage);
    assert_int_equal(smmu_ats_request(rig->smmu, &transaction, &completion), SMMU_ATS_COMPLETER_ABORT);
    check_no_event(rig);
    set_cr2(rig, SMMU_CR2_REC_CFG_ATS | SMMU_CR2_RECINVSID);
    assert_int_equal(smmu_ats_request(rig->smmu, &transaction, &completion), SMMU_ATS_COMPLETER_ABORT);
    check_event_type(rig, row->expected);
}

static void run_unrecorded_sid(struct rig *rig, const void *argument) {
    (void)argument;
    struct smmu_ats_completion completion;
    set_cr2(rig, SMMU_CR2_REC_CFG_ATS);
    assert_int_equal(request(rig, 300, VA, 0, &completion), SMMU_ATS_COMPLETER_ABORT);
    check_no_event(rig);
}

/* --- What is granted */

struct grant {
    const char *name;
    uint64_t descriptor; /* bits of the page; 0: not mapped */
    uint32_t flags;
    bool read, write, execute;
};

static const struct grant grants[] = {
    {"read and write", RIG_PAGE, SMMU_WRITE, true, true, false},
    {"No Write: write is not granted", RIG_PAGE, 0, true, false, false},
    {"execute requested", RIG_PAGE, SMMU_INSTRUCTION, true, false, true},
    {"execute requested of UXN", RIG_PAGE | TTD_UXN, SMMU_INSTRUCTION, true, false, false},
    {"a read-only page", RIG_PAGE | TTD_AP_READ_ONLY, SMMU_WRITE, true, false, false},
    {"a privileged page, unprivileged", RIG_PAGE & ~TTD_AP_USER, SMMU_WRITE, false, false, false},
    {"a privileged page, privileged", RIG_PAGE & ~TTD_AP_USER, SMMU_WRITE | SMMU_PRIVILEGED, true, true, false},
    {"execute-only", (RIG_PAGE & ~TTD_AP_USER), SMMU_INSTRUCTION, false, false, true},
    {"not mapped", 0, SMMU_WRITE, false, false, false},
    {"no access flag", RIG_PAGE & ~TTD_AF, SMMU_WRITE, false, false, false},
};

static void run_grant(struct rig *rig, const void *argument) {
    const struct grant *row = argument;
    struct rig_space space;
    struct smmu_ats_completion completion;
    map_ats(rig, &space, 1);
    space.context.stall = true; /* requests never stall */
    rig_install(rig, 1, &space);
    if (row->descriptor == 0) {
        smmu_tables_unmap(&space.tables, VA, 3);
    } else {
        smmu_tables_map(&space.tables, VA, PA, 3, row->descriptor);
    }
    assert_int_equal(request(rig, 1, VA + 0x123, row->flags, &completion), SMMU_ATS_SUCCESS);
    assert_int_equal(completion.read, row->read);
    assert_int_equal(completion.write, row->write);
    assert_int_equal(completion.execute, row->execute);
    assert_int_equal(completion.address, row->read || row->write ? PA : 0);
    assert_false(completion.global);
    check_no_event(rig);
    assert_int_equal(smmu_stalls_held(rig->smmu), 0);
}

static void run_large_page(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_ats_completion completion;
    map_ats(rig, &space, 1);
    smmu_tables_map(&space.tables, 1ul << 30, 0x600000, 2, RIG_PAGE);
    assert_int_equal(request(rig, 1, (1ul << 30) + 0x12345, 0, &completion), SMMU_ATS_SUCCESS);
    assert_int_equal(completion.address, 0x600000);
    assert_int_equal(completion.page_bits, 21);
}

static void run_full_nested(struct rig *rig, const void *argument) {
    const uint8_t *eats = argument;
    struct rig_space space;
    struct smmu_tables stage2;
    struct smmu_ats_completion completion;
    map_nested(rig, &space, &stage2);
    space.stream.eats = *eats;
    rig_install(rig, 1, &space);
    assert_int_equal(request(rig, 1, VA, SMMU_WRITE, &completion), SMMU_ATS_SUCCESS);
    assert_int_equal(completion.address, *eats == 1 ? PA : IPA);
    assert_true(completion.read && completion.write);
    smmu_tables_map(&stage2, IPA, PA, 3, RIG_PAGE2 & ~TTD_S2_WRITE); /* stage 2 counts in both forms */
    assert_int_equal(request(rig, 1, VA, SMMU_WRITE, &completion), SMMU_ATS_SUCCESS);
    assert_true(completion.read && !completion.write);
}

static void run_skip(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_ats_completion completion;
    map_ats(rig, &space, 1);
    space.stream.context_bits = 2;
    space.stream.without_substream = 1;
    rig_install(rig, 1, &space);
    assert_int_equal(request(rig, 1, VA, SMMU_WRITE, &completion), SMMU_ATS_SUCCESS);
    assert_int_equal(completion.address, VA);
    assert_true(completion.read && completion.write && !completion.untranslated_only);
}

static void run_stage2_denies_table(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_tables stage2;
    struct smmu_ats_completion completion;
    map_nested(rig, &space, &stage2);
    space.stream.eats = 1;
    space.stream.contexts = 0x80000000 | (space.cd_address & 0xfff);
    smmu_tables_map(&stage2, 0x80000000, space.cd_address & ~0xffful, 3, RIG_PAGE2);
    rig_install(rig, 1, &space);
    smmu_tables_map(&stage2, 0, 0, 2, TTD_AF | 0xful << 2); /* no access to the tables */
    assert_int_equal(request(rig, 1, VA, 0, &completion), SMMU_ATS_SUCCESS);
    assert_false(completion.read);
    check_no_event(rig);
}

static void prepare_no_ats(struct rig *rig, const void *argument) {
    (void)argument;
    rig->config.features &= ~(uint32_t)(SMMU_FEATURE_ATS | SMMU_FEATURE_PRI);
}

static void run_no_ats(struct rig *rig, const void *argument) {
    (void)argument;
    struct smmu_ats_completion completion;
    const struct smmu_page_request page = {.stream = 1, .last = true};
    assert_int_equal(request(rig, 1, VA, 0, &completion), SMMU_ATS_UNSUPPORTED);
    assert_false(smmu_page_request(rig->smmu, &page));
    check_no_event(rig);
}

/* --- 3.9.1.3: translated transactions */

static void run_translated_disabled(struct rig *rig, const void *argument) {
    (void)argument;
    rig_write(rig, SMMU_CR0, SMMU_CR0_QUEUES);
    check_outcome(rig, 1, PA, SMMU_TRANSLATED, SMMU_ABORT);
    check_event(rig, F_TRANSL_FORBIDDEN, 1, F(EVENT_RNW, 1), F(EVENT_ADDRESS, PA), END);
}

static void run_translated_secure(struct rig *rig, const void *argument) {
    (void)argument;
    uint64_t record[SMMU_EVENT_WORDS];
    check_outcome(rig, 1, PA, SMMU_TRANSLATED | SMMU_SECURE_STREAM, SMMU_ABORT);
    assert_true(rig_event_secure(rig, record));
    assert_int_equal(smmu_field(record, EVENT_TYPE), F_TRANSL_FORBIDDEN);
}

struct translated {
    const char *name;
    uint8_t config, eats;
    bool atschk;
    enum smmu_outcome outcome;
    uint64_t expected;
    bool forbidden;
};

static const struct translated translateds[] = {
    {"ATSCHK = 0: passes without a look", STE_CONFIG_ABORT, 0, false, SMMU_OK, PA, false},
    {"Config = 000: aborts silently", STE_CONFIG_ABORT, 1, true, SMMU_ABORT, 0, false},
    {"Config = 100: F_TRANSL_FORBIDDEN", STE_CONFIG_BYPASS, 1, true, SMMU_ABORT, 0, true},
    {"EATS = 00: F_TRANSL_FORBIDDEN", STE_CONFIG_S1, 0, true, SMMU_ABORT, 0, true},
    {"EATS = 11: F_TRANSL_FORBIDDEN", STE_CONFIG_S1, 3, true, SMMU_ABORT, 0, true},
    {"EATS = 01 passes", STE_CONFIG_S1, 1, true, SMMU_OK, PA, false},
};

static void run_translated(struct rig *rig, const void *argument) {
    const struct translated *row = argument;
    struct rig_space space;
    struct smmu_result result;
    map_one(rig, &space);
    space.stream.config = row->config;
    space.stream.eats = row->eats;
    rig_install(rig, 1, &space);
    rig_write(rig, SMMU_CR0, ON | (row->atschk ? SMMU_CR0_ATSCHK : 0));
    assert_int_equal(rig_access(rig, 1, PA, SMMU_TRANSLATED | SMMU_WRITE, &result), row->outcome);
    if (row->outcome == SMMU_OK) {
        assert_int_equal(result.address, row->expected);
    }
    if (row->forbidden) {
        check_event(rig, F_TRANSL_FORBIDDEN, 1, F(EVENT_ADDRESS, PA), END);
    }
    check_no_event(rig);
}

static void run_translated_split(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_tables stage2;
    map_nested(rig, &space, &stage2);
    space.stream.eats = 2;
    rig_install(rig, 1, &space);
    check_translates(rig, 1, IPA + 0x44, SMMU_TRANSLATED, PA + 0x44);
    smmu_tables_map(&stage2, IPA, PA, 3, RIG_PAGE2 & ~TTD_S2_WRITE);
    check_outcome(rig, 1, IPA, SMMU_TRANSLATED | SMMU_WRITE, SMMU_ABORT);
    check_event(rig, F_PERMISSION, 1, F(EVENT_S2, 1), F(EVENT_CLASS, SMMU_CLASS_IN), F(EVENT_ADDRESS, IPA), 192, 64,
                IPA, END);
    check_outcome(rig, 1, 1ul << 48, SMMU_TRANSLATED, SMMU_ABORT);
    check_event(rig, F_ADDR_SIZE, 1, F(EVENT_RNW, 1), F(EVENT_CLASS, SMMU_CLASS_IN), F(EVENT_ADDRESS, 1ul << 48), END);
}

static void run_translated_error(struct rig *rig, const void *argument) {
    (void)argument;
    check_outcome(rig, 1, PA, SMMU_TRANSLATED, SMMU_ABORT); /* an invalid entry */
    check_outcome(rig, 300, PA, SMMU_TRANSLATED, SMMU_ABORT);
    check_no_event(rig);
    set_cr2(rig, SMMU_CR2_REC_CFG_ATS); /* RECINVSID does not count here */
    check_faults(rig, 1, PA, SMMU_TRANSLATED, C_BAD_STE);
    check_faults(rig, 300, PA, SMMU_TRANSLATED, C_BAD_STREAMID);
}

static void run_translated_beyond(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    map_ats(rig, &space, 1);
    check_outcome(rig, 1, 1ul << 48, SMMU_TRANSLATED, SMMU_ABORT);
    check_no_event(rig);
}

/* --- 4.5.1: invalidation */

struct invalidation {
    const char *name;
    uint64_t word0, word1;
    bool has_substream, global;
    uint64_t address, size;
};

static const struct invalidation invalidations[] = {
    {"one page", CMD_ATC_INV | 5ul << 32, 0x1234567000, false, false, 0x1234567000, 0x1000},
    {"2 MiB, aligned", CMD_ATC_INV | 5ul << 32, 0x1234567000 | 9, false, false, 0x1234400000, 0x200000},
    {"everything", CMD_ATC_INV | 5ul << 32, 0x1234567000 | 52, false, false, 0, 0},
    {"of a PASID", CMD_ATC_INV | 5ul << 32 | 1 << 11 | 7 << 12, 0x5000, true, false, 0x5000, 0x1000},
    {"of a PASID, global", CMD_ATC_INV | 5ul << 32 | 1 << 11 | 1 << 9 | 7 << 12, 0x5000, true, true, 0x5000, 0x1000},
    {"global without PASID", CMD_ATC_INV | 5ul << 32 | 1 << 9, 0x5000, false, false, 0x5000, 0x1000},
};

static void run_invalidation(struct rig *rig, const void *argument) {
    const struct invalidation *row = argument;
    check_command(rig, row->word0, row->word1);
    assert_int_equal(rig->invalidations, 1);
    assert_int_equal(rig->invalidation.stream, 5);
    assert_int_equal(rig->invalidation.has_substream, row->has_substream);
    assert_int_equal(rig->invalidation.substream, row->has_substream ? 7 : 0);
    assert_int_equal(rig->invalidation.global, row->global);
    assert_int_equal(rig->invalidation.address, row->address);
    assert_int_equal(rig->invalidation.size, row->size);
}

static void run_invalidation_disabled(struct rig *rig, const void *argument) {
    (void)argument;
    rig_write(rig, SMMU_CR0, SMMU_CR0_QUEUES);
    check_command(rig, CMD_ATC_INV, 0);
    check_command(rig, CMD_PRI_RESP, 2ul << 12);
    assert_int_equal(rig->invalidations, 0);
    assert_int_equal(rig->responses, 0);
}

/* --- Chapter 8 */

static bool ask(struct rig *rig, uint16_t group, bool last, int32_t substream) {
    const struct smmu_page_request page = {.stream = 3,
                                           .substream = substream < 0 ? 0 : (uint32_t)substream,
                                           .has_substream = substream >= 0,
                                           .read = true,
                                           .write = true,
                                           .execute = substream >= 0,
                                           .privileged = substream >= 0,
                                           .last = last,
                                           .group = group,
                                           .address = 0x7654321000};
    return smmu_page_request(rig->smmu, &page);
}

static void run_page_record(struct rig *rig, const void *argument) {
    (void)argument;
    uint64_t expected[2] = {0, 0x7654321000 | 0x1ab};
    assert_true(ask(rig, 0x1ab, true, 0x98765));
    smmu_field_set(expected, PRI_SID, 3);
    smmu_field_set(expected, PRI_SSID, 0x98765);
    expected[0] |= 0xful << 58 | 1ul << 62 | 1ul << 63;
    assert_int_equal(rig_load(rig, rig->page_requests), expected[0]);
    assert_int_equal(rig_load(rig, rig->page_requests + 8), expected[1]);
    assert_int_equal(rig_read(rig, SMMU_PRIQ_PROD), 1);
    assert_int_equal(rig->interrupts[SMMU_INTERRUPT_PRIQ], 1);
}

static void run_page_plain(struct rig *rig, const void *argument) {
    (void)argument;
    const struct smmu_page_request page = {
        .stream = 3, .read = true, .execute = true, .privileged = true, .substream = 5, .address = 0x1000};
    assert_true(smmu_page_request(rig->smmu, &page)); /* X, Priv and PASID count only with SSV */
    assert_int_equal(rig_load(rig, rig->page_requests), 3 | 1ul << 60);
}

static void run_page_interrupt_last(struct rig *rig, const void *argument) {
    (void)argument;
    rig_write(rig, SMMU_IRQ_CTRL, 0);
    rig_write(rig, SMMU_PRIQ_IRQ_CFG2, SMMU_PRIQ_IRQ_LO);
    rig_write(rig, SMMU_IRQ_CTRL, 7);
    assert_true(ask(rig, 1, false, -1));
    assert_int_equal(rig->interrupts[SMMU_INTERRUPT_PRIQ], 0);
    assert_true(ask(rig, 1, true, -1));
    assert_int_equal(rig->interrupts[SMMU_INTERRUPT_PRIQ], 1);
}

static void run_page_message(struct rig *rig, const void *argument) {
    (void)argument;
    uint64_t target = rig_alloc(rig, 8);
    rig_write(rig, SMMU_IRQ_CTRL, 0);
    rig_write64(rig, SMMU_PRIQ_IRQ_CFG0, target);
    rig_write(rig, SMMU_PRIQ_IRQ_CFG1, 99);
    rig_write(rig, SMMU_IRQ_CTRL, 7);
    assert_true(ask(rig, 1, false, -1));
    assert_int_equal(rig_load(rig, target), 99);
    rig->abort_writes_at = target;
    rig_write(rig, SMMU_PRIQ_CONS, 1);
    assert_true(ask(rig, 1, true, -1));
    assert_int_equal(rig_read(rig, SMMU_GERROR), SMMU_GERROR_MSI_PRIQ);
}

static void check_response(struct rig *rig, uint32_t number, uint16_t group, uint8_t code, int32_t substream) {
    assert_int_equal(rig->responses, number);
    const struct smmu_page_response *response = &rig->response[number - 1];
    assert_int_equal(response->stream, 3);
    assert_int_equal(response->group, group);
    assert_int_equal(response->code, code);
    assert_int_equal(response->has_substream, substream >= 0);
    assert_int_equal(response->substream, substream >= 0 ? substream : 0);
}

static void run_page_disabled(struct rig *rig, const void *argument) {
    (void)argument;
    rig_write(rig, SMMU_CR0, SMMU_CR0_SMMUEN);
    assert_false(ask(rig, 4, false, 6));
    check_response(rig, 1, 4, SMMU_PAGE_FAILURE, -1);
    rig_write(rig, SMMU_CR0, SMMU_CR0_PRIQEN); /* in effect only with SMMUEN */
    assert_false(ask(rig, 5, true, 6));
    check_response(rig, 2, 5, SMMU_PAGE_FAILURE, -1);
    assert_int_equal(rig_read(rig, SMMU_CR0ACK), SMMU_CR0_PRIQEN);
}

static void run_page_secure(struct rig *rig, const void *argument) {
    (void)argument;
    const struct smmu_page_request page = {.stream = 3, .secure = true, .last = true, .read = true, .group = 9};
    assert_false(smmu_page_request(rig->smmu, &page));
    check_response(rig, 1, 9, SMMU_PAGE_FAILURE, -1);
}

static void fill_pages(struct rig *rig) {
    for (unsigned i = 0; i < 1u << RIG_QUEUE_BITS; i++) {
        assert_true(ask(rig, (uint16_t)i, false, -1));
    }
}

static void run_page_overflow(struct rig *rig, const void *argument) {
    (void)argument;
    fill_pages(rig);
    assert_false(ask(rig, 7, false, -1));
    assert_int_equal(rig->responses, 0); /* only the last of a group is answered */
    assert_int_equal(rig_read(rig, SMMU_PRIQ_PROD), 1u << RIG_QUEUE_BITS | SMMU_QUEUE_OVERFLOW);
    assert_false(ask(rig, 7, true, -1));
    check_response(rig, 1, 7, SMMU_PAGE_SUCCESS, -1);
    rig_write(rig, SMMU_PRIQ_CONS, 1u << RIG_QUEUE_BITS); /* empty, but not acknowledged: closed */
    assert_false(ask(rig, 8, true, -1));
    check_response(rig, 2, 8, SMMU_PAGE_SUCCESS, -1);
    rig_write(rig, SMMU_PRIQ_CONS, 1u << RIG_QUEUE_BITS | SMMU_QUEUE_OVERFLOW);
    assert_true(ask(rig, 9, true, -1));
}

struct pasid {
    const char *name;
    int ppar;         /* -1: the entry is invalid */
    bool pps, recorded;
    uint8_t code;
    bool with_substream;
};

static const struct pasid pasids[] = {
    {"PPAR = 1", 1, false, false, SMMU_PAGE_SUCCESS, true},
    {"PPAR = 0", 0, false, false, SMMU_PAGE_SUCCESS, false},
    {"invalid STE", -1, false, false, SMMU_PAGE_FAILURE, false},
    {"invalid STE with REC_CFG_ATS", -1, false, true, SMMU_PAGE_FAILURE, false},
    {"PPS: PPAR is not looked at", -1, true, false, SMMU_PAGE_SUCCESS, true},
};

static void prepare_pasid(struct rig *rig, const void *argument) {
    const struct pasid *row = argument;
    rig->config.features |= row->pps ? SMMU_FEATURE_PASID_RESPONSE : 0;
}

static void run_pasid(struct rig *rig, const void *argument) {
    const struct pasid *row = argument;
    const struct smmu_stream_spec spec = {.config = STE_CONFIG_BYPASS};
    uint64_t ste[SMMU_STE_WORDS];
    smmu_build_stream(&spec, ste);
    smmu_field_set(ste, STE_PPAR, row->ppar == 1);
    smmu_field_set(ste, STE_V, row->ppar >= 0);
    rig_stream(rig, 3, ste);
    if (row->recorded) {
        set_cr2(rig, SMMU_CR2_REC_CFG_ATS);
    }
    fill_pages(rig);
    assert_false(ask(rig, 7, true, 0x55));
    check_response(rig, 1, 7, row->code, row->with_substream ? 0x55 : -1);
    if (row->recorded) {
        check_event_type(rig, C_BAD_STE);
    }
    check_no_event(rig);
}

static void run_pasid_bad_stream(struct rig *rig, const void *argument) {
    (void)argument;
    const struct smmu_page_request page = {.stream = 300, .substream = 1, .has_substream = true, .read = true, .last = true};
    set_cr2(rig, SMMU_CR2_REC_CFG_ATS | SMMU_CR2_RECINVSID);
    fill_pages(rig);
    assert_false(smmu_page_request(rig->smmu, &page));
    assert_int_equal(rig->response[0].code, SMMU_PAGE_FAILURE);
    check_event_type(rig, C_BAD_STREAMID);
    set_cr2(rig, SMMU_CR2_REC_CFG_ATS);
    assert_false(smmu_page_request(rig->smmu, &page));
    check_no_event(rig);
}

static void run_stop_marker(struct rig *rig, const void *argument) {
    (void)argument;
    const struct smmu_page_request stop = {.stream = 3, .substream = 1, .has_substream = true, .last = true};
    assert_true(smmu_page_request(rig->smmu, &stop));
    for (unsigned i = 1; i < 1u << RIG_QUEUE_BITS; i++) {
        assert_true(ask(rig, 0, false, -1));
    }
    assert_false(smmu_page_request(rig->smmu, &stop)); /* overflow: discarded, not answered */
    assert_int_equal(rig->responses, 0);
    const struct smmu_page_request no_marker = {.stream = 3, .last = true};
    assert_false(smmu_page_request(rig->smmu, &no_marker)); /* without PASID it is a request */
    assert_int_equal(rig->responses, 1);
}

static void run_page_abort(struct rig *rig, const void *argument) {
    (void)argument;
    rig->abort_writes_at = rig->page_requests;
    assert_false(ask(rig, 2, true, 4));
    check_response(rig, 1, 2, SMMU_PAGE_FAILURE, -1);
    assert_int_equal(rig_read(rig, SMMU_GERROR), SMMU_GERROR_PRIQ_ABT);
    assert_int_equal(rig_read(rig, SMMU_PRIQ_PROD), 0);
    rig->abort_writes_at = RIG_NOWHERE;
    assert_false(ask(rig, 3, true, -1));
    rig_write(rig, SMMU_GERRORN, SMMU_GERROR_PRIQ_ABT);
    assert_true(ask(rig, 3, true, -1));
}

static const struct invalidation responses[] = {
    {"failure", 0, 0, false, false, SMMU_PAGE_FAILURE, 0},
    {"invalid request", 0, 1ul << 12, false, false, SMMU_PAGE_INVALID, 0},
    {"success", 0, 2ul << 12, false, false, SMMU_PAGE_SUCCESS, 0},
    {"success with PASID", 1 << 11 | 7 << 12, 2ul << 12, true, false, SMMU_PAGE_SUCCESS, 0},
};

static void run_response(struct rig *rig, const void *argument) {
    const struct invalidation *row = argument;
    check_command(rig, CMD_PRI_RESP | 3ul << 32 | row->word0, row->word1 | 0x155);
    check_response(rig, 1, 0x155, (uint8_t)row->address, row->has_substream ? 7 : -1);
}

static const uint8_t full = 1, split = 2;
static const struct row rows[] = {
    {"3.9.1.2 request with SMMUEN = 0: UR and F_BAD_ATS_TREQ", run_request_disabled, NULL, NULL},
    {"3.9.1.2 request of a Secure stream: UR", run_request_secure, NULL, NULL},
    {"3.9.1.2 C_BAD_STREAMID only with RECINVSID", run_unrecorded_sid, NULL, NULL},
    {"3.9.1.2 a block: its size", run_large_page, NULL, NULL},
    {"13.6 full ATS, nested: the physical address", run_full_nested, &full, NULL},
    {"13.6.3 split-stage ATS: the IPA", run_full_nested, &split, NULL},
    {"3.9.1.2 S1DSS = 01: identity", run_skip, NULL, NULL},
    {"3.9.1.2 stage 2 refuses a table: R = W = 0", run_stage2_denies_table, NULL, NULL},
    {"3.9 without ATS nothing is answered", run_no_ats, NULL, prepare_no_ats},
    {"3.9.1.3 translated with SMMUEN = 0", run_translated_disabled, NULL, NULL},
    {"3.9.1.3 translated, Secure", run_translated_secure, NULL, NULL},
    {"3.9.1.3 translated, split-stage: stage 2", run_translated_split, NULL, NULL},
    {"3.9.1.3 translated, configuration errors", run_translated_error, NULL, NULL},
    {"3.9.1.3 translated beyond OAS aborts", run_translated_beyond, NULL, NULL},
    {"4.5 ignored with SMMUEN = 0", run_invalidation_disabled, NULL, NULL},
    {"8 the record of a page request", run_page_record, NULL, NULL},
    {"8 a page request without PASID", run_page_plain, NULL, NULL},
    {"6.3.36 PRIQ_IRQ_CFG2.LO", run_page_interrupt_last, NULL, NULL},
    {"3.18 PRI queue message, and its abort", run_page_message, NULL, NULL},
    {"8.2 PRIQEN = 0: failure", run_page_disabled, NULL, NULL},
    {"8.2 Secure stream: failure", run_page_secure, NULL, NULL},
    {"8.1 overflow", run_page_overflow, NULL, NULL},
    {"8.1 overflow, StreamID beyond the table", run_pasid_bad_stream, NULL, NULL},
    {"8 Stop markers", run_stop_marker, NULL, NULL},
    {"8.2 PRIQ_ABT_ERR", run_page_abort, NULL, NULL},
};

#define ADD(prefix, table, run, prepare)                                                           \
    for (size_t i = 0; i < sizeof(table) / sizeof((table)[0]); i++) {                              \
        suite_add_named(prefix, (table)[i].name, run, &(table)[i], prepare);                       \
    }

int main(void) {
    suite_add_rows(rows);
    ADD("3.9.1.2 request: ", refusals, run_refusal, NULL);
    ADD("3.9.1.2 CA: ", errors, run_error, NULL);
    ADD("3.9.1.2 granted: ", grants, run_grant, NULL);
    ADD("3.9.1.3 translated: ", translateds, run_translated, NULL);
    ADD("4.5.1 ATC_INV: ", invalidations, run_invalidation, NULL);
    ADD("8.1 overflow with PASID: ", pasids, run_pasid, prepare_pasid);
    ADD("4.5.2 PRI_RESP: ", responses, run_response, NULL);
    return suite_run("ats");
}
