/* SPDX-License-Identifier: MIT */
/* Context descriptors: look-up by SubstreamID, validity, what their fields do. */
#include "smmuv3/test/suite.h"

#include <string.h>

/* --- 5.4.2: what makes a descriptor ILLEGAL */

struct change {
    const char *name;
    struct {
        unsigned low, width;
        uint64_t value;
    } fields[4];
    bool illegal;
    enum smmu_event fault; /* legal, but this comes of it */
    uint32_t without, with;
    uint8_t stall_model, output_bits, granules, ste_stalld;
    int8_t hardware_update; /* -1: none, 0: as usual */
};

#define SET(field, value) {field, value}
#define ROW(text, bad, ...) {.name = text, .illegal = bad, __VA_ARGS__}

static const struct change changes[] = {
    ROW("V = 0", true, .fields = {SET(CD_V, 0)}),
    ROW("AA64 = 0", true, .fields = {SET(CD_AA64, 0)}),
    ROW("S with S1STALLD", true, .fields = {SET(CD_S, 1)}, .ste_stalld = 1),
    ROW("S = 0 with S1STALLD", false, .fields = {SET(CD_S, 0)}, .ste_stalld = 1),
    ROW("S with STALL_MODEL = 01", true, .fields = {SET(CD_S, 1)}, .stall_model = SMMU_TERMINATE_ONLY),
    ROW("S = 0 with STALL_MODEL = 10", true, .fields = {SET(CD_S, 0)}, .stall_model = SMMU_STALL_FORCED),
    ROW("S with STALL_MODEL = 10", false, .fields = {SET(CD_S, 1)}, .stall_model = SMMU_STALL_FORCED),
    ROW("A = 0 with TERM_MODEL", true, .fields = {SET(CD_A, 0)}, .with = SMMU_FEATURE_ABORT_ONLY),
    ROW("A = 0 without TERM_MODEL", false, .fields = {SET(CD_A, 0)}),
    ROW("ENDI with little-endian tables", true, .fields = {SET(CD_ENDI, 1)}, .without = SMMU_FEATURE_BIG_ENDIAN),
    ROW("ENDI is ignored with both halves disabled", false,
        .fields = {SET(CD_ENDI, 1), SET(CD_EPD0, 1), SET(CD_EPD1, 1)}, .without = SMMU_FEATURE_BIG_ENDIAN,
        .fault = F_TRANSLATION),
    ROW("HA without HTTU", true, .fields = {SET(CD_HA, 1)}, .hardware_update = -1),
    ROW("HD without HTTU", true, .fields = {SET(CD_HD, 1)}, .hardware_update = -1),
    ROW("HA with HTTU = 1", false, .fields = {SET(CD_HA, 1)}, .hardware_update = 1),
    ROW("HD with HTTU = 1", true, .fields = {SET(CD_HA, 1), SET(CD_HD, 1)}, .hardware_update = 1),
    ROW("ASID above 255 with 8 bits", true, .fields = {SET(CD_ASID, 256)}, .without = SMMU_FEATURE_ASID16),
    ROW("ASID above 255 with 16 bits", false, .fields = {SET(CD_ASID, 0xffff)}),
    ROW("T0SZ = 15", true, .fields = {SET(CD_T0SZ, 15)}),
    ROW("T0SZ = 16", false, .fields = {SET(CD_T0SZ, 16)}),
    ROW("T0SZ = 40 without STT", true, .fields = {SET(CD_T0SZ, 40)}, .without = SMMU_FEATURE_SMALL_TABLES),
    ROW("T0SZ = 48 with STT", false, .fields = {SET(CD_T0SZ, 48)}, .fault = F_TRANSLATION),
    ROW("T0SZ = 49 with STT", true, .fields = {SET(CD_T0SZ, 49)}),
    ROW("T0SZ = 48 with STT and 64 KiB", true, .fields = {SET(CD_T0SZ, 48), SET(CD_TG0, 1)}),
    ROW("T0SZ = 12 with 64 KiB without VAX", true, .fields = {SET(CD_T0SZ, 12), SET(CD_TG0, 1)},
        .without = SMMU_FEATURE_VA52),
    ROW("T0SZ = 12 with 4 KiB", true, .fields = {SET(CD_T0SZ, 12)}),
    ROW("TG0 = 11 is reserved", true, .fields = {SET(CD_TG0, 3)}),
    ROW("TG0 = 64 KiB without it", true, .fields = {SET(CD_TG0, 1)}, .granules = 3, .without = SMMU_FEATURE_VA52),
    ROW("TG0 = 16 KiB without it", true, .fields = {SET(CD_TG0, 2)}, .granules = 5),
    ROW("TTB0 beyond IPS", true, .fields = {SET(CD_IPS, 2), {64 + 40, 1, 1}}),
    ROW("TTB0 beyond OAS", true, .fields = {SET(CD_IPS, 5), {64 + 44, 1, 1}}, .output_bits = 44),
    ROW("TTB0 beyond 48 bits with 4 KiB", true, .fields = {SET(CD_IPS, 6), {64 + 48, 1, 1}}, .output_bits = 52),
    ROW("EPD0 ignores T0SZ, TG0 and TTB0", false,
        .fields = {SET(CD_EPD0, 1), SET(CD_T0SZ, 0), SET(CD_TG0, 3), {64 + 50, 1, 1}}, .fault = F_TRANSLATION),
    ROW("EPD1 = 0 wants a valid T1SZ", true, .fields = {SET(CD_EPD1, 0), SET(CD_TG1, 2)}),
    ROW("EPD1 = 0 wants a valid TG1", true, .fields = {SET(CD_EPD1, 0), SET(CD_T1SZ, 16), SET(CD_TG1, 0)}),
    ROW("EPD1 = 0 with TG1 = 4 KiB", false, .fields = {SET(CD_EPD1, 0), SET(CD_T1SZ, 16), SET(CD_TG1, 2)}),
    ROW("EPD1 = 0 with TG1 = 16 KiB", false, .fields = {SET(CD_EPD1, 0), SET(CD_T1SZ, 16), SET(CD_TG1, 1)}),
    ROW("EPD1 = 0 with TG1 = 64 KiB", false, .fields = {SET(CD_EPD1, 0), SET(CD_T1SZ, 16), SET(CD_TG1, 3)}),
    ROW("TTB1 beyond IPS", true,
        .fields = {SET(CD_EPD1, 0), SET(CD_T1SZ, 16), SET(CD_TG1, 2), {128 + 50, 1, 1}}),
};

static void prepare_change(struct rig *rig, const void *argument) {
    const struct change *change = argument;
    rig->config.features = (rig->config.features & ~change->without) | change->with;
    rig->config.stall_model = change->stall_model;
    rig->config.output_bits = change->output_bits != 0 ? change->output_bits : 48;
    rig->config.granules = change->granules != 0 ? change->granules : SMMU_GRANULE_ALL;
    if (change->hardware_update != 0) {
        rig->config.hardware_update = change->hardware_update > 0 ? 1 : 0;
    }
}

static void run_change(struct rig *rig, const void *argument) {
    const struct change *change = argument;
    struct rig_space space;
    uint64_t cd[SMMU_CD_WORDS], ste[SMMU_STE_WORDS];
    map_one(rig, &space);
    smmu_build_stream(&space.stream, ste);
    smmu_field_set(ste, STE_S1STALLD, change->ste_stalld);
    rig_stream(rig, 1, ste);
    space.context.stall = change->stall_model == SMMU_STALL_FORCED;
    smmu_build_context(&space.context, cd);
    for (unsigned i = 0; i < 4; i++) {
        if (change->fields[i].width != 0) {
            smmu_field_set(cd, change->fields[i].low, change->fields[i].width, change->fields[i].value);
        }
    }
    memcpy(rig->ram + space.cd_address, cd, sizeof(cd));
    if (change->illegal) {
        check_outcome(rig, 1, VA, 0, SMMU_ABORT);
        check_event(rig, C_BAD_CD, 1, END);
    } else if (change->fault != 0) {
        check_faults(rig, 1, VA, 0, change->fault);
    } else {
        check_translates(rig, 1, VA, 0, PA);
    }
}

/* --- 3.3.2: SubstreamIDs */

struct substream {
    const char *name;
    unsigned bits, format, without; /* S1CDMax, S1Fmt, S1DSS */
    bool given;
    uint32_t substream;
    enum smmu_event expected; /* 0: translated through descriptor `substream`; EVENT_BYPASS: stage 1 skipped */
};
#define EVENT_BYPASS 0xff

static const struct substream substreams[] = {
    {"linear, first", 4, 0, 0, true, 0, 0},
    {"linear, last", 4, 0, 0, true, 15, 0},
    {"linear, beyond S1CDMax", 4, 0, 0, true, 16, C_BAD_SUBSTREAMID},
    {"far beyond S1CDMax", 4, 0, 0, true, 0xfffff, C_BAD_SUBSTREAMID},
    {"S1CDMax = 0 with a SubstreamID", 0, 0, 0, true, 0, C_BAD_SUBSTREAMID},
    {"S1CDMax = 0 without one", 0, 0, 0, false, 0, 0},
    {"4 KiB leaves, first", 8, 1, 0, true, 0, 0},
    {"4 KiB leaves, end of a leaf", 8, 1, 0, true, 63, 0},
    {"4 KiB leaves, next leaf", 8, 1, 0, true, 64, 0},
    {"4 KiB leaves, last", 8, 1, 0, true, 255, 0},
    {"4 KiB leaves, beyond", 8, 1, 0, true, 256, C_BAD_SUBSTREAMID},
    {"64 KiB leaves, end of a leaf", 12, 2, 0, true, 1023, 0},
    {"64 KiB leaves, last", 12, 2, 0, true, 4095, 0},
    {"S1Fmt = 11 is linear", 4, 3, 0, true, 9, 0},
    {"S1DSS = 00 without a SubstreamID", 4, 0, 0, false, 0, F_STREAM_DISABLED},
    {"S1DSS = 11 is 00", 4, 0, 3, false, 0, F_STREAM_DISABLED},
    {"S1DSS = 01 skips stage 1", 4, 0, 1, false, 0, EVENT_BYPASS},
    {"S1DSS = 01 with a SubstreamID", 4, 0, 1, true, 3, 0},
    {"S1DSS = 10 uses descriptor 0", 4, 0, 2, false, 0, 0},
    {"S1DSS = 10 with SubstreamID 0", 4, 0, 2, true, 0, F_STREAM_DISABLED},
    {"S1DSS = 10 with SubstreamID 1", 4, 0, 2, true, 1, 0},
    {"S1DSS = 00 with SubstreamID 0", 4, 0, 0, true, 0, 0},
};

static uint64_t place_of(struct rig *rig, const struct substream *row, uint64_t *table) {
    unsigned leaf_bits = row->format == 1 ? 6 : row->format == 2 ? 10 : 0;
    if (leaf_bits == 0) {
        *table = rig_alloc(rig, 64ul << row->bits);
        return *table + row->substream % (1u << row->bits) * 64;
    }
    uint64_t leaf = rig_alloc(rig, 64ul << leaf_bits);
    *table = rig_alloc(rig, 8ul << (row->bits - leaf_bits));
    uint32_t index = row->substream % (1u << row->bits);
    rig_store(rig, *table + (index >> leaf_bits) * 8, smmu_build_l1_context(leaf));
    return leaf + index % (1u << leaf_bits) * 64;
}

static void run_substream(struct rig *rig, const void *argument) {
    const struct substream *row = argument;
    struct rig_space space;
    struct smmu_result result;
    uint64_t table;
    map_one(rig, &space);
    space.cd_address = place_of(rig, row, &table);
    space.stream.contexts = table;
    space.stream.context_bits = (uint8_t)row->bits;
    space.stream.context_format = (uint8_t)row->format;
    space.stream.without_substream = (uint8_t)row->without;
    rig_install(rig, 1, &space);
    uint32_t flags = row->given ? SMMU_SUBSTREAM : 0;
    enum smmu_outcome outcome =
        rig_access_substream(rig, 1, row->given ? row->substream : 0, VA, flags, &result);
    if (row->expected == 0 || row->expected == EVENT_BYPASS) {
        assert_int_equal(outcome, SMMU_OK);
        assert_int_equal(result.address, row->expected == 0 ? PA : VA);
        return;
    }
    assert_int_equal(outcome, SMMU_ABORT);
    check_event(rig, row->expected, 1, F(EVENT_SSV, row->given), F(EVENT_SSID, row->given ? row->substream : 0), END);
}

static void install_two_level(struct rig *rig, struct rig_space *space, uint64_t descriptor, uint64_t *table) {
    map_one(rig, space);
    *table = rig_alloc(rig, 64);
    rig_store(rig, *table + 8, descriptor);
    space->stream.contexts = *table;
    space->stream.context_bits = 8;
    space->stream.context_format = 1;
    rig_install(rig, 1, space);
}

static void run_l1cd_invalid(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_result result;
    uint64_t table;
    install_two_level(rig, &space, 0x5000, &table);
    assert_int_equal(rig_access_substream(rig, 1, 70, VA, SMMU_SUBSTREAM, &result), SMMU_ABORT);
    check_event(rig, C_BAD_SUBSTREAMID, 1, F(EVENT_SSV, 1), F(EVENT_SSID, 70), END);
}

static void run_l1cd_beyond(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_result result;
    uint64_t table;
    install_two_level(rig, &space, 1ul << 50 | 1, &table);
    assert_int_equal(rig_access_substream(rig, 1, 70, VA, SMMU_SUBSTREAM, &result), SMMU_ABORT);
    check_event(rig, C_BAD_SUBSTREAMID, 1, F(EVENT_SSV, 1), F(EVENT_SSID, 70), END);
}

static void run_l1cd_abort(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_result result;
    uint64_t table;
    install_two_level(rig, &space, 0x5001, &table);
    rig->abort_at = table + 8;
    assert_int_equal(rig_access_substream(rig, 1, 70, VA, SMMU_SUBSTREAM, &result), SMMU_ABORT);
    check_event(rig, F_CD_FETCH, 1, F(EVENT_SSV, 1), F(EVENT_SSID, 70), 192, 64, table + 8, END);
}

static void run_cd_abort(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    map_one(rig, &space);
    rig->abort_at = space.cd_address;
    check_outcome(rig, 1, VA, 0, SMMU_ABORT);
    check_event(rig, F_CD_FETCH, 1, 192, 64, space.cd_address, END);
}

static void prepare_no_substreams(struct rig *rig, const void *argument) {
    (void)argument;
    rig->config.substream_bits = 0;
}

static void run_no_substreams(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_result result;
    map_one(rig, &space);
    assert_int_equal(rig_access_substream(rig, 1, 0, VA, SMMU_SUBSTREAM, &result), SMMU_ABORT);
    check_event_type(rig, C_BAD_SUBSTREAMID);
    check_translates(rig, 1, VA, 0, PA);
}

/* --- Nested: the descriptor's address is an IPA */

static void run_nested_cd(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_tables stage2;
    map_nested(rig, &space, &stage2);
    space.stream.contexts = 0x80000000;
    smmu_tables_map(&stage2, 0x80000000, space.cd_address & ~0xffful, 3, RIG_PAGE2);
    space.stream.contexts |= space.cd_address & 0xfff;
    rig_install(rig, 1, &space);
    check_translates(rig, 1, VA, 0, PA);
}

static void run_nested_cd_fault(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_tables stage2;
    map_nested(rig, &space, &stage2);
    space.stream.contexts = 0x80000040;
    rig_install(rig, 1, &space);
    check_outcome(rig, 1, VA, SMMU_WRITE | SMMU_PRIVILEGED, SMMU_ABORT);
    check_event(rig, F_TRANSLATION, 1, F(EVENT_PNU, 1), F(EVENT_S2, 1), F(EVENT_CLASS, SMMU_CLASS_CD),
                F(EVENT_ADDRESS, VA), 192, 64, 0x80000000ul, END);
}

static void run_nested_cd_permission(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_tables stage2;
    map_nested(rig, &space, &stage2);
    space.stream.contexts = 0x80000000;
    smmu_tables_map(&stage2, 0x80000000, space.cd_address & ~0xffful, 3, TTD_AF | TTD_S2_WRITE | 0xful << 2);
    rig_install(rig, 1, &space);
    check_outcome(rig, 1, VA, 0, SMMU_ABORT);
    check_event(rig, F_PERMISSION, 1, F(EVENT_RNW, 1), F(EVENT_S2, 1), F(EVENT_CLASS, SMMU_CLASS_CD),
                F(EVENT_ADDRESS, VA), 192, 64, 0x80000000ul, END);
}

static void run_nested_cd_walk_abort(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_tables stage2;
    map_nested(rig, &space, &stage2);
    rig->abort_at = smmu_tables_find(&stage2, space.cd_address, 2);
    check_outcome(rig, 1, VA, 0, SMMU_ABORT);
    check_event(rig, F_WALK_EABT, 1, F(EVENT_RNW, 1), F(EVENT_S2, 1), F(EVENT_CLASS, SMMU_CLASS_CD),
                F(EVENT_ADDRESS, VA), 192, 64, rig->abort_at, END);
}

static void run_nested_skip(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_tables stage2;
    map_nested(rig, &space, &stage2);
    space.stream.context_bits = 4;
    space.stream.without_substream = 1;
    rig_install(rig, 1, &space);
    check_translates(rig, 1, IPA, 0, PA);
}

static void run_stage2_substream(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_tables stage2;
    struct smmu_result result;
    map_stage2(rig, &space, &stage2);
    assert_int_equal(rig_access_substream(rig, 1, 0, IPA, SMMU_SUBSTREAM, &result), SMMU_ABORT);
    check_event(rig, C_BAD_SUBSTREAMID, 1, F(EVENT_SSV, 1), END);
}

static const struct row rows[] = {
    {"5.3 L1CD.V = 0: C_BAD_SUBSTREAMID", run_l1cd_invalid, NULL, NULL},
    {"3.4.3 L1CD.L2Ptr beyond OAS: C_BAD_SUBSTREAMID", run_l1cd_beyond, NULL, NULL},
    {"7.3.10 L1CD fetch aborts: F_CD_FETCH", run_l1cd_abort, NULL, NULL},
    {"7.3.10 CD fetch aborts: F_CD_FETCH", run_cd_abort, NULL, NULL},
    {"7.3.9 SSIDSIZE = 0: any SubstreamID is bad", run_no_substreams, NULL, prepare_no_substreams},
    {"5.2 S1ContextPtr is an IPA when nested", run_nested_cd, NULL, NULL},
    {"7.3.13 stage 2 fault on the CD: CLASS = CD", run_nested_cd_fault, NULL, NULL},
    {"7.3.16 stage 2 refuses the CD: CLASS = CD", run_nested_cd_permission, NULL, NULL},
    {"7.3.12 stage 2 walk for the CD aborts: CLASS = CD", run_nested_cd_walk_abort, NULL, NULL},
    {"5.2 S1DSS = 01 nested: stage 2 alone", run_nested_skip, NULL, NULL},
    {"7.3.9 SubstreamID with stage 2 alone: C_BAD_SUBSTREAMID", run_stage2_substream, NULL, NULL},
};

int main(void) {
    suite_add_rows(rows);
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        suite_add_named("5.4.2 CD: ", changes[i].name, run_change, &changes[i], prepare_change);
    }
    for (size_t i = 0; i < sizeof(substreams) / sizeof(substreams[0]); i++) {
        suite_add_named("5.2 substreams: ", substreams[i].name, run_substream, &substreams[i], NULL);
    }
    return suite_run("contexts");
}
