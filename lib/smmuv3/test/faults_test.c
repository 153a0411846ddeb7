/* SPDX-License-Identifier: MIT */
/* Faults: what each stage's configuration makes of them, their order, their records; the event queue; stalls. */
#include "smmuv3/test/suite.h"

#include <string.h>

/* --- 5.5: A, R and S of each stage */

struct settings {
    const char *name;
    bool stage2, abort, record, stall;
    enum smmu_outcome outcome;
    bool recorded;
};

static const struct settings settings[] = {
    {"stage 1, ARS = 000", false, false, false, false, SMMU_IGNORED, false},
    {"stage 1, ARS = 010", false, false, true, false, SMMU_IGNORED, true},
    {"stage 1, ARS = 100", false, true, false, false, SMMU_ABORT, false},
    {"stage 1, ARS = 110", false, true, true, false, SMMU_ABORT, true},
    {"stage 1, ARS = 001", false, false, false, true, SMMU_STALLED, true},
    {"stage 1, ARS = 111", false, true, true, true, SMMU_STALLED, true},
    {"stage 2, RS = 00", true, false, false, false, SMMU_ABORT, false},
    {"stage 2, RS = 10", true, false, true, false, SMMU_ABORT, true},
    {"stage 2, RS = 01", true, false, false, true, SMMU_STALLED, true},
    {"stage 2, RS = 11", true, false, true, true, SMMU_STALLED, true},
};

static void run_settings(struct rig *rig, const void *argument) {
    const struct settings *row = argument;
    struct rig_space space;
    struct smmu_tables stage2;
    uint64_t record[SMMU_EVENT_WORDS];
    map_nested(rig, &space, &stage2);
    if (row->stage2) {
        smmu_tables_unmap(&stage2, IPA, 3);
        space.stream.stage2_stall = row->stall;
        space.stream.stage2_silent = !row->record;
    } else {
        smmu_tables_unmap(&space.tables, VA, 3);
        space.context.stall = row->stall;
        space.context.silent = !row->record;
        space.context.ignored = !row->abort;
    }
    rig_install(rig, 1, &space);
    check_outcome(rig, 1, VA, 0, row->outcome);
    assert_int_equal(rig_event(rig, record), row->recorded);
    if (row->recorded) {
        assert_int_equal(smmu_field(record, EVENT_TYPE), F_TRANSLATION);
        assert_int_equal(smmu_field(record, EVENT_STALL), row->stall);
        assert_int_equal(smmu_field(record, EVENT_S2), row->stage2);
    }
    assert_int_equal(smmu_stalls_held(rig->smmu), row->stall);
}

/* Only the four translation faults obey them. */
static void run_configuration_errors(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    map_one(rig, &space);
    space.context.silent = space.context.stall = space.context.ignored = true;
    rig_install(rig, 1, &space);
    rig->abort_at = smmu_tables_find(&space.tables, VA, 2);
    check_faults(rig, 1, VA, 0, F_WALK_EABT);
    rig_store(rig, space.cd_address, 0);
    rig_command(rig, CMD_CFGI_STE | 1ul << 32, 0);
    check_faults(rig, 1, VA, 0, C_BAD_CD);
}

/* --- 7.3.22: order. Each row has two faults, of which the first is to be seen. */

static void run_order_sid(struct rig *rig, const void *argument) {
    (void)argument;
    rig->abort_at = rig_stream_address(rig, 256);
    check_faults(rig, 256, 0, 0, C_BAD_STREAMID);
}

static void run_order_ste(struct rig *rig, const void *argument) {
    (void)argument;
    struct smmu_result result;
    rig->abort_at = rig_stream_address(rig, 1);
    assert_int_equal(rig_access_substream(rig, 1, 1, 0, SMMU_SUBSTREAM, &result), SMMU_ABORT);
    check_event_type(rig, F_STE_FETCH);
    rig->abort_at = RIG_NOWHERE;
    assert_int_equal(rig_access_substream(rig, 1, 1, 0, SMMU_SUBSTREAM, &result), SMMU_ABORT);
    check_event_type(rig, C_BAD_STE);
}

static void run_order_substream(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_result result;
    map_one(rig, &space);
    rig->abort_at = space.cd_address;
    assert_int_equal(rig_access_substream(rig, 1, 5, VA, SMMU_SUBSTREAM, &result), SMMU_ABORT);
    check_event_type(rig, C_BAD_SUBSTREAMID);
}

static void run_order_cd(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_tables stage2;
    map_nested(rig, &space, &stage2);
    space.stream.contexts = 0x90000000;
    rig_install(rig, 1, &space);
    rig->abort_at = space.cd_address;
    check_faults(rig, 1, VA, 0, F_TRANSLATION); /* stage 2 of the CD before its fetch */
    smmu_tables_map(&stage2, 0x90000000, space.cd_address & ~0xffful, 3, RIG_PAGE2);
    space.stream.contexts |= space.cd_address & 0xfff;
    rig_install(rig, 1, &space);
    check_faults(rig, 1, VA, 0, F_CD_FETCH);
}

static void run_order_stage2_of_table(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_tables stage2;
    map_nested(rig, &space, &stage2);
    uint64_t table = smmu_tables_find(&space.tables, VA, 1);
    smmu_tables_unmap(&stage2, table, 2); /* the stage 1 tables are in that block */
    space.stream.contexts = 0x90000000 | (space.cd_address & 0xfff);
    smmu_tables_map(&stage2, 0x90000000, space.cd_address & ~0xffful, 3, RIG_PAGE2);
    rig_install(rig, 1, &space);
    check_outcome(rig, 1, VA + 3, SMMU_WRITE, SMMU_ABORT);
    check_event(rig, F_TRANSLATION, 1, F(EVENT_S2, 1), F(EVENT_CLASS, SMMU_CLASS_TT), F(EVENT_ADDRESS, VA + 3), 192,
                64, space.tables.root & EVENT_IPA, END);
}

static void run_order_stage1_first(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_tables stage2;
    map_nested(rig, &space, &stage2);
    smmu_tables_map(&space.tables, VA, IPA, 3, RIG_PAGE | TTD_AP_READ_ONLY);
    smmu_tables_unmap(&stage2, IPA, 3);
    check_outcome(rig, 1, VA, SMMU_WRITE, SMMU_ABORT);
    check_event(rig, F_PERMISSION, 1, F(EVENT_CLASS, SMMU_CLASS_IN), F(EVENT_ADDRESS, VA), END);
}

/* --- Stage 2 records */

struct stage2_fault {
    const char *name;
    uint64_t descriptor; /* of the page at IPA */
    uint32_t flags;
    enum smmu_event expected;
};

static const struct stage2_fault stage2_faults[] = {
    {"F_TRANSLATION", 0, 0, F_TRANSLATION},
    {"F_ADDR_SIZE", 1ul << 47 | 0x4c3, SMMU_WRITE, F_ADDR_SIZE},
    {"F_ACCESS", 0x00abc0c3, SMMU_PRIVILEGED, F_ACCESS},
    {"F_PERMISSION for a write", 0x00abc443, SMMU_WRITE, F_PERMISSION},
    {"F_PERMISSION for an instruction", 2ul << 53 | 0x00abc4c3, SMMU_INSTRUCTION, F_PERMISSION},
};

static void run_stage2_fault(struct rig *rig, const void *argument) {
    const struct stage2_fault *row = argument;
    struct rig_space space;
    struct smmu_tables stage2;
    uint64_t ste[SMMU_STE_WORDS];
    map_nested(rig, &space, &stage2);
    smmu_build_stream(&space.stream, ste);
    smmu_field_set(ste, STE_S2PS, 4); /* 44 bits */
    rig_stream(rig, 1, ste);
    rig_store(rig, smmu_tables_find(&stage2, IPA, 3), row->descriptor);
    check_outcome(rig, 1, VA + 0x123, row->flags, SMMU_ABORT);
    check_event(rig, row->expected, 1, F(EVENT_PNU, (row->flags & SMMU_PRIVILEGED) != 0),
                F(EVENT_IND, (row->flags & SMMU_INSTRUCTION) != 0), F(EVENT_RNW, (row->flags & SMMU_WRITE) == 0),
                F(EVENT_S2, 1), F(EVENT_CLASS, SMMU_CLASS_IN), F(EVENT_ADDRESS, VA + 0x123), 192, 64, IPA, END);
}

static void run_ipa_range(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_tables stage2;
    map_stage2(rig, &space, &stage2);
    check_outcome(rig, 1, 1ul << 40, 0, SMMU_ABORT);
    check_event(rig, F_TRANSLATION, 1, F(EVENT_RNW, 1), F(EVENT_S2, 1), F(EVENT_CLASS, SMMU_CLASS_IN),
                F(EVENT_ADDRESS, 1ul << 40), 192, 64, 1ul << 40, END);
    check_outcome(rig, 1, 1ul << 48, 0, SMMU_ABORT);
    check_event(rig, F_ADDR_SIZE, 1, F(EVENT_RNW, 1), F(EVENT_CLASS, SMMU_CLASS_IN), F(EVENT_ADDRESS, 1ul << 48), END);
}

static void run_stage2_walk_abort(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_tables stage2;
    map_nested(rig, &space, &stage2);
    rig->abort_at = smmu_tables_find(&stage2, IPA, 3);
    check_outcome(rig, 1, VA, 0, SMMU_ABORT);
    check_event(rig, F_WALK_EABT, 1, F(EVENT_RNW, 1), F(EVENT_S2, 1), F(EVENT_CLASS, SMMU_CLASS_IN),
                F(EVENT_ADDRESS, VA), 192, 64, rig->abort_at, END);
}

static void run_nested_walk_abort(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_tables stage2;
    map_nested(rig, &space, &stage2);
    rig->abort_at = smmu_tables_find(&space.tables, VA, 3);
    check_outcome(rig, 1, VA, 0, SMMU_ABORT);
    check_event(rig, F_WALK_EABT, 1, F(EVENT_RNW, 1), F(EVENT_CLASS, SMMU_CLASS_TT), F(EVENT_ADDRESS, VA), 192, 64,
                rig->abort_at, END);
}

static void run_protected_walk(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_tables stage2;
    map_nested(rig, &space, &stage2);
    space.stream.stage2_protect_walks = true;
    rig_install(rig, 1, &space);
    smmu_tables_map(&stage2, IPA, PA, 3, TTD_AF | TTD_S2_READ | 1ul << 2); /* the page itself may be Device */
    check_translates(rig, 1, VA, 0, PA);
    check_command(rig, CMD_TLBI_NSNH_ALL, 0);
    smmu_tables_map(&stage2, 0, 0, 2, TTD_AF | TTD_S2_READ | TTD_S2_WRITE | 1ul << 2); /* Device */
    check_outcome(rig, 1, VA, 0, SMMU_ABORT);
    check_event(rig, F_PERMISSION, 1, F(EVENT_RNW, 1), F(EVENT_S2, 1), F(EVENT_CLASS, SMMU_CLASS_TT), F(EVENT_TTRNW, 1),
                F(EVENT_ADDRESS, VA), 192, 64, smmu_tables_find(&space.tables, VA, 0) & EVENT_IPA, END);
}

/* --- The record's other fields */

static void run_substream_record(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_result result;
    map_one(rig, &space);
    uint64_t table = rig_alloc(rig, 1024);
    space.cd_address = table + 64 * 9;
    space.stream.contexts = table;
    space.stream.context_bits = 4;
    rig_install(rig, 1, &space);
    assert_int_equal(rig_access_substream(rig, 1, 9, 0xfff, SMMU_SUBSTREAM | SMMU_PRIVILEGED | SMMU_INSTRUCTION, &result),
                     SMMU_ABORT);
    assert_int_equal(result.event, F_TRANSLATION);
    check_event(rig, F_TRANSLATION, 1, F(EVENT_SSV, 1), F(EVENT_SSID, 9), F(EVENT_PNU, 1), F(EVENT_IND, 1),
                F(EVENT_RNW, 1), F(EVENT_CLASS, SMMU_CLASS_IN), F(EVENT_ADDRESS, 0xfff), END);
}

static void run_write_is_data(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    map_one(rig, &space);
    check_outcome(rig, 1, 0, SMMU_WRITE | SMMU_INSTRUCTION, SMMU_ABORT);
    check_event(rig, F_TRANSLATION, 1, F(EVENT_CLASS, SMMU_CLASS_IN), END);
}

static void run_unsupported(struct rig *rig, const void *argument) {
    (void)argument;
    const struct smmu_transaction transaction = {
        .stream = 7, .substream = 3, .address = 0x1234, .flags = SMMU_SUBSTREAM | SMMU_PRIVILEGED};
    rig_write(rig, SMMU_CR0, SMMU_CR0_EVENTQEN); /* also with SMMUEN = 0 */
    smmu_unsupported(rig->smmu, &transaction, 0xbeef);
    check_event(rig, F_UUT, 7, F(EVENT_SSV, 1), F(EVENT_SSID, 3), F(EVENT_STAG, 0xbeef), F(EVENT_PNU, 1),
                F(EVENT_RNW, 1), F(EVENT_ADDRESS, 0x1234), END);
}

static void run_page_hint(struct rig *rig, const void *argument) {
    (void)argument;
    const struct smmu_transaction transaction = {.stream = 7, .address = 0x5000};
    smmu_page_hint(rig->smmu, &transaction, 12, 0x2d);
    check_event(rig, E_PAGE_REQUEST, 7, F(EVENT_HINT_SPAN, 12), F(EVENT_HINT_ACCESS, 0x2d), F(EVENT_ADDRESS, 0x5000),
                END);
}

/* --- The event queue */

#define ENTRIES (1u << RIG_QUEUE_BITS)

static void fill_events(struct rig *rig, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        check_outcome(rig, 2, 0, 0, SMMU_ABORT);
    }
}

static void run_overflow(struct rig *rig, const void *argument) {
    (void)argument;
    fill_events(rig, ENTRIES);
    assert_int_equal(rig_read(rig, SMMU_EVENTQ_PROD), ENTRIES);
    fill_events(rig, 1);
    assert_int_equal(rig_read(rig, SMMU_EVENTQ_PROD), ENTRIES | SMMU_QUEUE_OVERFLOW);
    fill_events(rig, 1); /* unacknowledged: it is not toggled again */
    assert_int_equal(rig_read(rig, SMMU_EVENTQ_PROD), ENTRIES | SMMU_QUEUE_OVERFLOW);
    rig_write(rig, SMMU_EVENTQ_CONS, 1); /* room, but no acknowledgement */
    fill_events(rig, 1);
    assert_int_equal(rig_read(rig, SMMU_EVENTQ_PROD), (ENTRIES + 1) | SMMU_QUEUE_OVERFLOW);
    rig_write(rig, SMMU_EVENTQ_CONS, 1 | SMMU_QUEUE_OVERFLOW);
    fill_events(rig, 1);
    assert_int_equal(rig_read(rig, SMMU_EVENTQ_PROD), ENTRIES + 1);
}

static void run_events_disabled(struct rig *rig, const void *argument) {
    (void)argument;
    rig_write(rig, SMMU_CR0, SMMU_CR0_SMMUEN);
    fill_events(rig, ENTRIES + 2);
    assert_int_equal(rig_read(rig, SMMU_EVENTQ_PROD), 0);
}

static void run_event_abort(struct rig *rig, const void *argument) {
    (void)argument;
    fill_events(rig, 1);
    rig->abort_writes_at = rig->events + SMMU_EVENT_BYTES;
    fill_events(rig, 1);
    assert_int_equal(rig_read(rig, SMMU_EVENTQ_PROD), 1);
    assert_int_equal(rig_read(rig, SMMU_GERROR), SMMU_GERROR_EVENTQ_ABT);
    rig->abort_writes_at = RIG_NOWHERE;
    fill_events(rig, 1); /* delivery stops until it is acknowledged */
    assert_int_equal(rig_read(rig, SMMU_EVENTQ_PROD), 1);
    rig_write(rig, SMMU_GERRORN, SMMU_GERROR_EVENTQ_ABT);
    fill_events(rig, 1);
    assert_int_equal(rig_read(rig, SMMU_EVENTQ_PROD), 2);
}

static void run_event_wrap(struct rig *rig, const void *argument) {
    (void)argument;
    uint64_t record[SMMU_EVENT_WORDS];
    for (unsigned i = 0; i < 3 * ENTRIES; i++) {
        fill_events(rig, 1);
        assert_true(rig_event(rig, record));
        assert_int_equal(smmu_field(record, EVENT_SID), 2);
    }
    assert_int_equal(rig_read(rig, SMMU_EVENTQ_PROD), ENTRIES);
}

static void run_event_one(struct rig *rig, const void *argument) {
    (void)argument;
    rig_write(rig, SMMU_CR0, SMMU_CR0_SMMUEN);
    rig_write64(rig, SMMU_EVENTQ_BASE, rig->events);
    rig_write(rig, SMMU_CR0, SMMU_CR0_SMMUEN | SMMU_CR0_EVENTQEN);
    fill_events(rig, 1);
    assert_int_equal(rig_read(rig, SMMU_EVENTQ_PROD), 1); /* the wrap bit is bit 0 */
    rig_write(rig, SMMU_EVENTQ_CONS, 1);
    fill_events(rig, 1);
    assert_int_equal(rig_read(rig, SMMU_EVENTQ_PROD), 0);
}

/* --- Stalls */

static void stall_one(struct rig *rig, struct rig_space *space, uint64_t record[SMMU_EVENT_WORDS]) {
    map_one(rig, space);
    space->context.stall = true;
    rig_install(rig, 1, space);
    smmu_tables_unmap(&space->tables, VA, 3);
    check_outcome(rig, 1, VA + 8, SMMU_WRITE, SMMU_STALLED);
    assert_true(rig_event(rig, record));
}

static uint64_t resume(bool retry, bool abort) {
    return CMD_RESUME | (uint64_t)retry << 12 | (uint64_t)abort << 13 | 1ul << 32;
}

static void run_stall_record(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    uint64_t record[SMMU_EVENT_WORDS], expected[SMMU_EVENT_WORDS] = {0};
    stall_one(rig, &space, record);
    smmu_field_set(expected, EVENT_TYPE, F_TRANSLATION);
    smmu_field_set(expected, EVENT_SID, 1);
    smmu_field_set(expected, EVENT_STAG, smmu_field(record, EVENT_STAG));
    smmu_field_set(expected, EVENT_STALL, 1);
    smmu_field_set(expected, EVENT_CLASS, SMMU_CLASS_IN);
    smmu_field_set(expected, EVENT_ADDRESS, VA + 8);
    assert_memory_equal(record, expected, sizeof(expected));
    assert_int_equal(rig->resumes, 0);
}

static void run_retry(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    uint64_t record[SMMU_EVENT_WORDS];
    stall_one(rig, &space, record);
    smmu_tables_map(&space.tables, VA, PA, 3, RIG_PAGE);
    check_command(rig, resume(true, true), smmu_field(record, EVENT_STAG));
    assert_int_equal(rig->resumes, 1);
    assert_int_equal(rig->outcome[0], SMMU_OK);
    assert_int_equal(rig->result[0].address, PA + 8);
    assert_int_equal(rig->resumed[0].address, VA + 8);
    assert_int_equal(rig->resumed[0].token, (VA + 8) ^ 1);
    assert_int_equal(smmu_stalls_held(rig->smmu), 0);
}

static void run_retry_again(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    uint64_t record[SMMU_EVENT_WORDS], second[SMMU_EVENT_WORDS];
    stall_one(rig, &space, record);
    check_command(rig, resume(true, false), smmu_field(record, EVENT_STAG));
    assert_int_equal(rig->resumes, 0);
    assert_true(rig_event(rig, second));
    assert_int_equal(smmu_field(second, EVENT_STALL), 1);
    assert_int_not_equal(smmu_field(second, EVENT_STAG), smmu_field(record, EVENT_STAG));
    check_command(rig, resume(true, false), smmu_field(record, EVENT_STAG)); /* an old STAG does nothing */
    assert_int_equal(smmu_stalls_held(rig->smmu), 1);
    check_command(rig, resume(false, true), smmu_field(second, EVENT_STAG));
    assert_int_equal(rig->outcome[0], SMMU_ABORT);
}

static void run_retry_other_fault(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    uint64_t record[SMMU_EVENT_WORDS];
    stall_one(rig, &space, record);
    rig_store(rig, space.cd_address, 0);
    check_command(rig, CMD_CFGI_CD | 1ul << 32, 0);
    check_command(rig, resume(true, false), smmu_field(record, EVENT_STAG));
    assert_int_equal(rig->outcome[0], SMMU_ABORT);
    check_event_type(rig, C_BAD_CD);
}

static void run_terminate(struct rig *rig, const void *argument) {
    const bool *abort = argument;
    struct rig_space space;
    uint64_t record[SMMU_EVENT_WORDS];
    stall_one(rig, &space, record);
    check_command(rig, resume(false, *abort), smmu_field(record, EVENT_STAG));
    assert_int_equal(rig->resumes, 1);
    assert_int_equal(rig->outcome[0], *abort ? SMMU_ABORT : SMMU_IGNORED);
}

static void prepare_abort_only(struct rig *rig, const void *argument) {
    (void)argument;
    rig->config.features |= SMMU_FEATURE_ABORT_ONLY;
}

static void run_terminate_abort_only(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    uint64_t record[SMMU_EVENT_WORDS];
    stall_one(rig, &space, record);
    check_command(rig, resume(false, false), smmu_field(record, EVENT_STAG));
    assert_int_equal(rig->outcome[0], SMMU_ABORT);
}

static void run_wrong_stream(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    uint64_t record[SMMU_EVENT_WORDS];
    stall_one(rig, &space, record);
    check_command(rig, CMD_RESUME | 2ul << 32, smmu_field(record, EVENT_STAG));
    check_command(rig, CMD_STALL_TERM | 2ul << 32, 0);
    assert_int_equal(rig->resumes, 0);
    assert_int_equal(smmu_stalls_held(rig->smmu), 1);
}

static void run_stall_term(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    uint64_t record[SMMU_EVENT_WORDS];
    stall_one(rig, &space, record);
    check_outcome(rig, 1, VA, 0, SMMU_STALLED);
    rig_install(rig, 2, &space);
    check_outcome(rig, 2, VA, 0, SMMU_STALLED);
    check_command(rig, CMD_STALL_TERM | 1ul << 32, 0);
    assert_int_equal(rig->resumes, 2);
    assert_int_equal(rig->outcome[0], SMMU_ABORT);
    assert_int_equal(rig->outcome[1], SMMU_ABORT);
    assert_int_equal(smmu_stalls_held(rig->smmu), 1);
}

static void run_smmuen_ends_stalls(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    uint64_t record[SMMU_EVENT_WORDS];
    stall_one(rig, &space, record);
    rig_write(rig, SMMU_CR0, SMMU_CR0_QUEUES);
    assert_int_equal(rig->resumes, 1);
    assert_int_equal(rig->outcome[0], SMMU_ABORT);
}

static void run_stall_waits(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    uint64_t record[SMMU_EVENT_WORDS];
    map_one(rig, &space);
    space.context.stall = true;
    rig_install(rig, 1, &space);
    fill_events(rig, ENTRIES);
    check_outcome(rig, 1, 0x5000, 0, SMMU_STALLED); /* full: held without a record, and no overflow */
    assert_int_equal(rig_read(rig, SMMU_EVENTQ_PROD), ENTRIES);
    check_command(rig, CMD_RESUME | 1ul << 32, 0); /* its STAG is not known yet: no effect */
    assert_int_equal(smmu_stalls_held(rig->smmu), 1);
    for (unsigned i = 0; i < ENTRIES; i++) {
        assert_true(rig_event(rig, record));
        assert_int_equal(smmu_field(record, EVENT_TYPE), C_BAD_STE);
    }
    assert_true(rig_event(rig, record));
    assert_int_equal(smmu_field(record, EVENT_TYPE), F_TRANSLATION);
    assert_int_equal(smmu_field(record, EVENT_STALL), 1);
    check_command(rig, resume(false, true), smmu_field(record, EVENT_STAG));
    assert_int_equal(rig->resumes, 1);
}

static void run_stall_waits_enable(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    map_one(rig, &space);
    space.context.stall = true;
    rig_install(rig, 1, &space);
    rig_write(rig, SMMU_CR0, SMMU_CR0_SMMUEN);
    check_outcome(rig, 1, 0x5000, 0, SMMU_STALLED);
    check_outcome(rig, 1, 0x6000, 0, SMMU_STALLED);
    assert_int_equal(rig_event_count(rig), 0);
    smmu_tables_map(&space.tables, 0x6000, PA, 3, RIG_PAGE); /* repaired before anybody was told */
    rig_write(rig, SMMU_CR0, SMMU_CR0_SMMUEN | SMMU_CR0_EVENTQEN);
    assert_int_equal(rig_event_count(rig), 1);
    assert_int_equal(rig->resumes, 1);
    assert_int_equal(rig->outcome[0], SMMU_OK);
}

static void prepare_few_stalls(struct rig *rig, const void *argument) {
    (void)argument;
    rig->config.stall_entries = 2;
}

static void run_busy(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    uint64_t record[SMMU_EVENT_WORDS];
    stall_one(rig, &space, record);
    check_outcome(rig, 1, VA, 0, SMMU_STALLED);
    check_outcome(rig, 1, VA + 0x1000, 0, SMMU_BUSY);
    assert_int_equal(rig_event_count(rig), 1);
    check_command(rig, resume(true, false), smmu_field(record, EVENT_STAG)); /* its own slot is free then */
    assert_int_equal(smmu_stalls_held(rig->smmu), 2);
    assert_int_equal(rig->resumes, 0);
    check_command(rig, CMD_STALL_TERM | 1ul << 32, 0);
    check_outcome(rig, 1, VA + 0x1000, 0, SMMU_STALLED);
}

static const bool yes = true, no = false;
static const struct row rows[] = {
    {"5.5 only translation faults obey A, R and S", run_configuration_errors, NULL, NULL},
    {"7.3.22 C_BAD_STREAMID before F_STE_FETCH", run_order_sid, NULL, NULL},
    {"7.3.22 F_STE_FETCH before C_BAD_STE before C_BAD_SUBSTREAMID", run_order_ste, NULL, NULL},
    {"7.3.22 C_BAD_SUBSTREAMID before F_CD_FETCH", run_order_substream, NULL, NULL},
    {"7.3.22 stage 2 of the CD before F_CD_FETCH", run_order_cd, NULL, NULL},
    {"7.3.22 stage 2 of a table: CLASS = TT with its IPA", run_order_stage2_of_table, NULL, NULL},
    {"7.3.22 stage 1 permission before stage 2", run_order_stage1_first, NULL, NULL},
    {"7.3.13 IPA beyond S2T0SZ, and beyond IAS", run_ipa_range, NULL, NULL},
    {"7.3.12 stage 2 walk aborts: CLASS = IN", run_stage2_walk_abort, NULL, NULL},
    {"7.3.12 nested stage 1 fetch aborts: S2 = 0, CLASS = TT", run_nested_walk_abort, NULL, NULL},
    {"5.2 S2PTW: tables in Device memory", run_protected_walk, NULL, NULL},
    {"7.3 SSV, SubstreamID, PnU, InD, RnW", run_substream_record, NULL, NULL},
    {"7.3 InD = 0 for writes", run_write_is_data, NULL, NULL},
    {"7.3.2 F_UUT", run_unsupported, NULL, NULL},
    {"7.3.19 E_PAGE_REQUEST", run_page_hint, NULL, NULL},
    {"7.4 overflow", run_overflow, NULL, NULL},
    {"7.2.1 EVENTQEN = 0: lost without overflow", run_events_disabled, NULL, NULL},
    {"7.2.2 EVENTQ_ABT_ERR stops delivery", run_event_abort, NULL, NULL},
    {"3.5.1 the event queue wraps", run_event_wrap, NULL, NULL},
    {"3.5.1 a queue of one entry", run_event_one, NULL, NULL},
    {"3.12.2 the record of a stall", run_stall_record, NULL, NULL},
    {"4.7.1 RESUME, retry: it succeeds", run_retry, NULL, NULL},
    {"4.7.1 RESUME, retry: it stalls again", run_retry_again, NULL, NULL},
    {"4.7.1 RESUME, retry: another fault", run_retry_other_fault, NULL, NULL},
    {"4.7.1 RESUME, terminate with abort", run_terminate, &yes, NULL},
    {"4.7.1 RESUME, terminate as RAZ/WI", run_terminate, &no, NULL},
    {"4.7.1 RESUME: Ab is ignored with TERM_MODEL", run_terminate_abort_only, NULL, prepare_abort_only},
    {"4.7.1 RESUME of another stream", run_wrong_stream, NULL, NULL},
    {"4.7.2 STALL_TERM", run_stall_term, NULL, NULL},
    {"6.3.9 SMMUEN = 0 ends stalls", run_smmuen_ends_stalls, NULL, NULL},
    {"7.2.1 a stall waits for a full queue", run_stall_waits, NULL, NULL},
    {"7.2.1 a stall waits for EVENTQEN", run_stall_waits_enable, NULL, NULL},
    {"3.12.2 no room for another stall", run_busy, NULL, prepare_few_stalls},
};

int main(void) {
    suite_add_rows(rows);
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        suite_add_named("5.5 ", settings[i].name, run_settings, &settings[i], NULL);
    }
    for (size_t i = 0; i < sizeof(stage2_faults) / sizeof(stage2_faults[0]); i++) {
        suite_add_named("7.3 stage 2 record: ", stage2_faults[i].name, run_stage2_fault, &stage2_faults[i], NULL);
    }
    return suite_run("faults");
}
