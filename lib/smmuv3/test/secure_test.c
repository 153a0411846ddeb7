/* SPDX-License-Identifier: MIT */
/* The Secure programming interface beside the Non-secure one (3.10.2): registers, streams, queues, commands. */
#include "smmuv3/test/suite.h"

#include <string.h>

#define S (SMMU_SECURE_STREAM)

static void install(struct rig *rig, uint32_t stream, struct rig_space *space) {
    uint64_t cd[SMMU_CD_WORDS], ste[SMMU_STE_WORDS];
    smmu_build_context(&space->context, cd);
    memcpy(rig->ram + space->cd_address, cd, sizeof(cd));
    smmu_build_stream(&space->stream, ste);
    memcpy(rig->ram + rig->secure_stream_table + stream * 64, ste, sizeof(ste));
}

static void map_secure(struct rig *rig, struct rig_space *space) {
    rig_stage1(rig, space, 12, 48);
    smmu_tables_map(&space->tables, VA, PA, 3, RIG_PAGE);
    install(rig, 1, space);
}

static void run_hidden(struct rig *rig, const void *argument) {
    (void)argument;
    assert_int_equal(rig_read_secure(rig, SMMU_IDR1), 1u << 31 | 16);
    assert_int_equal(rig_read(rig, SMMU_SECURE + SMMU_IDR1), 0);
    rig_write(rig, SMMU_SECURE + SMMU_CR0, 0);
    assert_int_equal(rig_read_secure(rig, SMMU_CR0),
                     SMMU_CR0_SMMUEN | SMMU_CR0_EVENTQEN | SMMU_CR0_CMDQEN);
    assert_int_equal(smmu_read(rig->smmu, SMMU_SPACE_SECURE, SMMU_IDR1, 4), rig_read(rig, SMMU_IDR1));
}

static void run_registers(struct rig *rig, const void *argument) {
    (void)argument;
    assert_int_equal(rig_read_secure(rig, SMMU_IDR0), 1u << 13);
    assert_int_equal(rig_read_secure(rig, SMMU_IDR3), 1u << 6);
    rig_write_secure(rig, SMMU_CR0, ~0u);
    assert_int_equal(rig_read_secure(rig, SMMU_CR0ACK), SMMU_CR0_SMMUEN | SMMU_CR0_EVENTQEN | SMMU_CR0_CMDQEN);
    rig_write_secure(rig, SMMU_PRIQ_BASE, 0x1000);
    assert_int_equal(rig_read_secure(rig, SMMU_PRIQ_BASE), 0);
    rig_write_secure(rig, SMMU_IRQ_CTRL, 7);
    assert_int_equal(rig_read_secure(rig, SMMU_IRQ_CTRLACK), SMMU_IRQ_GERROR | SMMU_IRQ_EVENTQ);
}

static void prepare_absent(struct rig *rig, const void *argument) {
    (void)argument;
    rig->config.features &= ~(uint32_t)SMMU_FEATURE_SECURE;
}

static void run_absent(struct rig *rig, const void *argument) {
    (void)argument;
    assert_int_equal(rig_read_secure(rig, SMMU_IDR1), 0);
    rig_write_secure(rig, SMMU_CR0, 1);
    assert_int_equal(rig_read_secure(rig, SMMU_CR0), 0);
    check_outcome(rig, 1, 0x1000, S, SMMU_ABORT);
    check_no_event(rig);
}

static void run_streams_apart(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space secure, other;
    map_secure(rig, &secure);
    map_one(rig, &other);
    smmu_tables_map(&other.tables, VA, 0x00333000, 3, RIG_PAGE);
    for (unsigned i = 0; i < 3; i++) { /* the same StreamID, ASID and address, also in all caches */
        check_translates(rig, 1, VA, S, PA);
        check_translates(rig, 1, VA, 0, 0x00333000);
    }
    assert_int_equal(smmu_tlb_used(rig->smmu), 2);
}

static void run_events_apart(struct rig *rig, const void *argument) {
    (void)argument;
    uint64_t record[SMMU_EVENT_WORDS];
    check_outcome(rig, 3, 0x1000, S, SMMU_ABORT);
    check_no_event(rig);
    assert_true(rig_event_secure(rig, record));
    assert_int_equal(record[0], C_BAD_STE | 3ul << 32);
    assert_int_equal(rig->interrupts[SMMU_INTERRUPT_SECURE_EVENTQ], 1);
    assert_int_equal(rig->interrupts[SMMU_INTERRUPT_EVENTQ], 0);
    check_outcome(rig, 3, 0x1000, 0, SMMU_ABORT);
    check_event_type(rig, C_BAD_STE);
    assert_false(rig_event_secure(rig, record));
}

static void run_enables_apart(struct rig *rig, const void *argument) {
    (void)argument;
    rig_write_secure(rig, SMMU_CR0, 0);
    check_translates(rig, 1, 0x5000, S, 0x5000);
    check_outcome(rig, 1, 0x5000, 0, SMMU_ABORT);
}

/* --- Spaces */

static void run_output_space(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_result result;
    map_secure(rig, &space);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(rig_access(rig, 1, VA, S, &result), SMMU_OK);
        assert_int_equal(result.space, SMMU_SPACE_SECURE);
    }
    smmu_tables_map(&space.tables, VA + 0x1000, PA, 3, RIG_PAGE | TTD_NS);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(rig_access(rig, 1, VA + 0x1000, S, &result), SMMU_OK);
        assert_int_equal(result.space, SMMU_SPACE_NON_SECURE);
    }
}

/* NSTable moves the tables below, and the page, into Non-secure space. */
static void run_ns_table(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_result result;
    map_secure(rig, &space);
    check_translates(rig, 1, VA, S, PA);
    rig->spaces_seen = 0;
    uint64_t entry = smmu_tables_find(&space.tables, VA, 1);
    rig_store(rig, entry, rig_load(rig, entry) | TTD_NS_TABLE);
    rig_command_secure(rig, CMD_TLBI_NH_ALL, 0);
    assert_int_equal(rig_access(rig, 1, VA, S, &result), SMMU_OK);
    assert_int_equal(result.space, SMMU_SPACE_NON_SECURE);
    assert_int_equal(rig->spaces_seen, 3);
}

static void run_nscfg_table(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    uint64_t cd[SMMU_CD_WORDS];
    map_secure(rig, &space);
    memcpy(cd, rig->ram + space.cd_address, sizeof(cd));
    smmu_field_set(cd, CD_NSCFG0, 1);
    memcpy(rig->ram + space.cd_address, cd, sizeof(cd));
    check_translates(rig, 1, VA, S, PA);
    rig->spaces_seen = 0;
    rig_command_secure(rig, CMD_TLBI_NH_ALL, 0);
    check_translates(rig, 1, VA, S, PA);
    assert_int_equal(rig->spaces_seen & 1, 1);
}

struct bypass {
    const char *name;
    unsigned nscfg;
    uint32_t flags;
    enum smmu_space expected;
};

static const struct bypass bypasses[] = {
    {"NSCFG = 00, incoming Secure", 0, 0, SMMU_SPACE_SECURE},
    {"NSCFG = 00, incoming Non-secure", 0, SMMU_NON_SECURE, SMMU_SPACE_NON_SECURE},
    {"NSCFG = 10 makes Secure", 2, SMMU_NON_SECURE, SMMU_SPACE_SECURE},
    {"NSCFG = 11 makes Non-secure", 3, 0, SMMU_SPACE_NON_SECURE},
};

static void run_bypass(struct rig *rig, const void *argument) {
    const struct bypass *row = argument;
    struct rig_space space;
    struct smmu_result result;
    map_secure(rig, &space);
    space.stream.config = STE_CONFIG_BYPASS;
    install(rig, 1, &space);
    uint64_t address = rig->secure_stream_table + 64 + 8;
    rig_store(rig, address, rig_load(rig, address) | (uint64_t)row->nscfg << 46);
    assert_int_equal(rig_access(rig, 1, 0x5000, S | row->flags, &result), SMMU_OK);
    assert_int_equal(result.space, row->expected);
    rig_write_secure(rig, SMMU_CR0, 0);
    rig_write_secure(rig, SMMU_GBPA, SMMU_GBPA_UPDATE | row->nscfg << 14);
    assert_int_equal(rig_access(rig, 1, 0x5000, S | row->flags, &result), SMMU_OK);
    assert_int_equal(result.space, row->expected);
}

/* --- Entries that are ILLEGAL here */

struct illegal {
    const char *name;
    uint8_t config, world;
    bool legal;
};

static const struct illegal illegals[] = {
    {"stage 2 is not supported", STE_CONFIG_S2, 0, false},
    {"nested is not supported", STE_CONFIG_NESTED, 0, false},
    {"STRW = 00 is Secure EL1", STE_CONFIG_S1, 0, true},
    {"STRW = 01 is EL3", STE_CONFIG_S1, 1, true},
    {"STRW = 10, Secure EL2, is not supported", STE_CONFIG_S1, 2, false},
    {"STRW = 11 is reserved", STE_CONFIG_S1, 3, false},
};

static void run_illegal(struct rig *rig, const void *argument) {
    const struct illegal *row = argument;
    struct rig_space space;
    struct smmu_tables stage2;
    struct smmu_result result;
    uint64_t record[SMMU_EVENT_WORDS];
    map_secure(rig, &space);
    rig_stage2(rig, &stage2, 12, 40);
    space.stream.stage2 = &stage2;
    space.stream.output_bits = 48;
    space.stream.config = row->config;
    space.stream.world = row->world;
    install(rig, 1, &space);
    assert_int_equal(rig_access(rig, 1, VA, S, &result), row->legal ? SMMU_OK : SMMU_ABORT);
    assert_int_equal(rig_event_secure(rig, record), !row->legal);
    if (!row->legal) {
        assert_int_equal(smmu_field(record, EVENT_TYPE), C_BAD_STE);
    }
}

/* --- Commands of the Secure queue */

enum {
    SECURE_EL1 = 1,
    SECURE_EL3 = 2,
    NORMAL = 4,
};

struct scope {
    const char *name;
    uint64_t word0, word1;
    bool secure_queue;
    unsigned dropped;
};

static const struct scope scopes[] = {
    {"NH_ALL from the Secure queue: Secure EL1", CMD_TLBI_NH_ALL, 0, true, SECURE_EL1},
    {"NH_ALL from the Non-secure queue", CMD_TLBI_NH_ALL, 0, false, NORMAL},
    {"NH_ASID from the Secure queue", CMD_TLBI_NH_ASID | 1ul << 48, 0, true, SECURE_EL1},
    {"NH_VA from the Secure queue", CMD_TLBI_NH_VA | 1ul << 48, VA, true, SECURE_EL1},
    {"NH_VAA from the Non-secure queue", CMD_TLBI_NH_VAA, VA, false, NORMAL},
    {"EL3_ALL from the Secure queue", CMD_TLBI_EL3_ALL, 0, true, SECURE_EL3},
    {"EL3_VA from the Secure queue", CMD_TLBI_EL3_VA, VA, true, SECURE_EL3},
    {"EL3_VA beside it", CMD_TLBI_EL3_VA, VA + 0x1000, true, 0},
    {"NSNH_ALL from the Secure queue: Non-secure", CMD_TLBI_NSNH_ALL, 0, true, NORMAL},
    {"S12_VMALL from the Secure queue: Non-secure", CMD_TLBI_S12_VMALL, 0, true, NORMAL},
};

static void run_scope(struct rig *rig, const void *argument) {
    const struct scope *row = argument;
    struct rig_space el1, el3, normal;
    struct smmu_result result;
    map_one(rig, &normal);
    map_secure(rig, &el1);
    rig_stage1(rig, &el3, 12, 48);
    smmu_tables_map(&el3.tables, VA, PA, 3, RIG_PAGE);
    el3.stream.world = 1;
    install(rig, 2, &el3);
    const struct {
        uint32_t stream, flags;
        struct smmu_tables *tables;
    } entries[] = {{1, S, &el1.tables}, {2, S, &el3.tables}, {1, 0, &normal.tables}};
    for (unsigned i = 0; i < 3; i++) {
        check_translates(rig, entries[i].stream, VA, entries[i].flags, PA);
        smmu_tables_unmap(entries[i].tables, VA, 3);
    }
    if (row->secure_queue) {
        rig_command_secure(rig, row->word0, row->word1);
        assert_int_equal(rig_read_secure(rig, SMMU_CMDQ_CONS), rig->secure_command_prod);
    } else {
        check_command(rig, row->word0, row->word1);
    }
    unsigned dropped = 0;
    for (unsigned i = 0; i < 3; i++) {
        dropped |= rig_access(rig, entries[i].stream, VA, entries[i].flags, &result) == SMMU_OK ? 0 : 1u << i;
    }
    assert_int_equal(dropped, row->dropped);
}

static const uint64_t secure_illegals[] = {CMD_TLBI_S_EL2_ALL, CMD_TLBI_S_S12_VMALL, CMD_TLBI_SNH_ALL, CMD_ATC_INV,
                                           CMD_PRI_RESP, CMD_SYNC | 3ul << 12};

static void run_secure_illegal(struct rig *rig, const void *argument) {
    const uint64_t *word = argument;
    rig_command_secure(rig, *word, 0);
    assert_int_equal(rig_read_secure(rig, SMMU_CMDQ_CONS), (uint32_t)SMMU_CERROR_ILL << SMMU_CMDQ_ERROR_SHIFT);
    assert_int_equal(rig_read_secure(rig, SMMU_GERROR), SMMU_GERROR_CMDQ);
    assert_int_equal(rig_read(rig, SMMU_GERROR), 0);
    assert_int_equal(rig->interrupts[SMMU_INTERRUPT_SECURE_GERROR], 1);
}

static void run_ssec(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space secure, normal;
    map_one(rig, &normal);
    map_secure(rig, &secure);
    check_translates(rig, 1, VA, S, PA);
    check_translates(rig, 1, VA, 0, PA);
    assert_int_equal(smmu_configuration_used(rig->smmu), 2);
    rig_command_secure(rig, CMD_CFGI_STE | 1ul << 32, 0); /* SSec = 0: the Non-secure stream */
    assert_int_equal(smmu_configuration_used(rig->smmu), 1);
    rig_store(rig, rig_stream_address(rig, 1), 0);
    check_translates(rig, 1, VA, S, PA);
    check_faults(rig, 1, VA, 0, C_BAD_STE);
    rig_command_secure(rig, CMD_CFGI_STE | 1ul << 32 | 1 << 10, 0);
    assert_int_equal(smmu_configuration_used(rig->smmu), 0);
}

static void run_stalls_apart(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space secure;
    uint64_t record[SMMU_EVENT_WORDS];
    map_secure(rig, &secure);
    secure.context.stall = true;
    install(rig, 1, &secure);
    check_outcome(rig, 1, 0x1000, S, SMMU_STALLED);
    assert_true(rig_event_secure(rig, record));
    uint64_t stag = smmu_field(record, EVENT_STAG);
    check_command(rig, CMD_RESUME | 1ul << 32, stag); /* the Non-secure queue cannot reach it */
    check_command(rig, CMD_STALL_TERM | 1ul << 32, 0);
    assert_int_equal(smmu_stalls_held(rig->smmu), 1);
    rig_command_secure(rig, CMD_RESUME | 1ul << 32, stag); /* SSec = 0 */
    assert_int_equal(smmu_stalls_held(rig->smmu), 1);
    rig_command_secure(rig, CMD_RESUME | 1ul << 32 | 1 << 10, stag);
    assert_int_equal(smmu_stalls_held(rig->smmu), 0);
    assert_int_equal(rig->outcome[0], SMMU_IGNORED);
}

static void run_secure_sync(struct rig *rig, const void *argument) {
    (void)argument;
    rig_command_secure(rig, CMD_SYNC | 1ul << 12, 0);
    assert_int_equal(rig->interrupts[SMMU_INTERRUPT_SECURE_SYNC], 1);
    assert_int_equal(rig->interrupts[SMMU_INTERRUPT_SYNC], 0);
}

static void run_init(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space secure, normal;
    map_one(rig, &normal);
    map_secure(rig, &secure);
    check_translates(rig, 1, VA, S, PA);
    check_translates(rig, 1, VA, 0, PA);
    rig_write_secure(rig, SMMU_S_INIT - SMMU_SECURE, 1); /* ignored while enabled */
    assert_int_equal(smmu_tlb_used(rig->smmu), 2);
    rig_write_secure(rig, SMMU_CR0, 0);
    rig_write(rig, SMMU_CR0, 0);
    rig_write(rig, SMMU_S_INIT, 1); /* Non-secure */
    rig_write_secure(rig, SMMU_S_INIT - SMMU_SECURE, 0);
    assert_int_equal(smmu_tlb_used(rig->smmu), 2);
    rig_write_secure(rig, SMMU_S_INIT - SMMU_SECURE, 1);
    assert_int_equal(smmu_tlb_used(rig->smmu), 0);
    assert_int_equal(rig_read_secure(rig, SMMU_S_INIT - SMMU_SECURE), 0);
}

static const struct row rows[] = {
    {"6.2 Secure registers are RAZ/WI to Non-secure accesses", run_hidden, NULL, NULL},
    {"6.3 Secure registers", run_registers, NULL, NULL},
    {"6.2 SECURE_IMPL = 0: Secure registers are RES0", run_absent, NULL, prepare_absent},
    {"3.10.1 StreamIDs of both states are apart", run_streams_apart, NULL, NULL},
    {"7.2.3 events of both states are apart", run_events_apart, NULL, NULL},
    {"3.10.2 SMMUEN of both states are apart", run_enables_apart, NULL, NULL},
    {"3.10.2 NS of a page", run_output_space, NULL, NULL},
    {"3.10.2 NSTable", run_ns_table, NULL, NULL},
    {"5.4 NSCFG0: the first table", run_nscfg_table, NULL, NULL},
    {"4.1.6 SSec", run_ssec, NULL, NULL},
    {"4.7.1 stalls of both states are apart", run_stalls_apart, NULL, NULL},
    {"4.7.3 SYNC of the Secure queue", run_secure_sync, NULL, NULL},
    {"6.3.62 S_INIT.INV_ALL", run_init, NULL, NULL},
    {"4.4 Secure queue: TLBI_S_EL2_ALL is ILLEGAL", run_secure_illegal, &secure_illegals[0], NULL},
    {"4.4 Secure queue: TLBI_S_S12_VMALL is ILLEGAL", run_secure_illegal, &secure_illegals[1], NULL},
    {"4.4 Secure queue: TLBI_SNH_ALL is ILLEGAL", run_secure_illegal, &secure_illegals[2], NULL},
    {"4.5.1 Secure queue: ATC_INV is ILLEGAL with SAMS", run_secure_illegal, &secure_illegals[3], NULL},
    {"4.5.2 Secure queue: PRI_RESP is ILLEGAL with SAMS", run_secure_illegal, &secure_illegals[4], NULL},
    {"4.7.3 Secure queue: SYNC with CS = 3", run_secure_illegal, &secure_illegals[5], NULL},
};

#define ADD(prefix, table, run)                                                                    \
    for (size_t i = 0; i < sizeof(table) / sizeof((table)[0]); i++) {                              \
        suite_add_named(prefix, (table)[i].name, run, &(table)[i], NULL);                          \
    }

int main(void) {
    suite_add_rows(rows);
    ADD("3.10.2 bypass: ", bypasses, run_bypass);
    ADD("5.2.2 Secure STE: ", illegals, run_illegal);
    ADD("4.4.2 scope: ", scopes, run_scope);
    return suite_run("secure");
}
