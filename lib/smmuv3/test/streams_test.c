/* SPDX-License-Identifier: MIT */
/* Stream tables and their entries: look-up, validity, bypass, attributes, substreams. */
#include "smmuv3/test/suite.h"

#include <string.h>

/* --- 5.2.2: what makes an entry ILLEGAL */

enum base {
    BASE_S1,
    BASE_S2,
    BASE_NESTED,
    BASE_BYPASS,
    BASE_ABORT,
};

struct change {
    const char *name;
    enum base base;
    struct {
        unsigned low, width;
        uint64_t value;
    } fields[3];
    enum smmu_event expected; /* 0: legal */
    uint32_t without;         /* features taken away */
    uint8_t stall_model, output_bits, granules;
    int8_t hardware_update, substream_bits; /* -1: none, 0: as usual */
};

#define SET(field, value) {field, value}
#define ROW(text, kind, outcome, ...) {.name = text, .base = kind, .expected = outcome, __VA_ARGS__}

static const struct change changes[] = {
    ROW("STE.V = 0", BASE_S1, C_BAD_STE, .fields = {SET(STE_V, 0)}),
    ROW("STE.V = 0 also with Config = 0", BASE_ABORT, C_BAD_STE, .fields = {SET(STE_V, 0)}),
    ROW("unchanged stage 1", BASE_S1, 0, .without = 0),
    ROW("unchanged stage 2", BASE_S2, 0, .without = 0),
    ROW("unchanged nested", BASE_NESTED, 0, .without = 0),
    ROW("Config = 1x1 without stage 1", BASE_S1, C_BAD_STE,
     .without = SMMU_FEATURE_STAGE1 | SMMU_FEATURE_HYP | SMMU_FEATURE_SECURE | SMMU_FEATURE_TWO_LEVEL_CONTEXTS, .substream_bits = -1),
    ROW("Config = 110 without stage 2", BASE_S2, C_BAD_STE, .without = SMMU_FEATURE_STAGE2),
    ROW("Config = 111 without stage 2", BASE_NESTED, C_BAD_STE, .without = SMMU_FEATURE_STAGE2),
    ROW("EATS = 10 on stage 1 alone", BASE_S1, C_BAD_STE, .fields = {SET(STE_EATS, 2)}),
    ROW("EATS = 10 on stage 2 alone", BASE_S2, C_BAD_STE, .fields = {SET(STE_EATS, 2)}),
    ROW("EATS = 10 nested", BASE_NESTED, 0, .fields = {SET(STE_EATS, 2)}),
    ROW("EATS = 10 with S2S", BASE_NESTED, C_BAD_STE, .fields = {SET(STE_EATS, 2), SET(STE_S2S, 1)}),
    ROW("EATS = 01 with S2S", BASE_NESTED, C_BAD_STE, .fields = {SET(STE_EATS, 1), SET(STE_S2S, 1)}),
    ROW("EATS = 01 with S2S on stage 1 alone", BASE_S1, 0, .fields = {SET(STE_EATS, 1), SET(STE_S2S, 1)}),
    ROW("EATS = 10 is ignored without ATS", BASE_S1, 0, .fields = {SET(STE_EATS, 2)},
     .without = SMMU_FEATURE_ATS | SMMU_FEATURE_PRI),
    ROW("EATS = 10 is ignored on bypass", BASE_BYPASS, 0, .fields = {SET(STE_EATS, 2)}),
    ROW("STRW = 01 is reserved", BASE_S1, C_BAD_STE, .fields = {SET(STE_STRW, 1)}),
    ROW("STRW = 11 is reserved", BASE_S1, C_BAD_STE, .fields = {SET(STE_STRW, 3)}),
    ROW("STRW = 10 is EL2", BASE_S1, 0, .fields = {SET(STE_STRW, 2)}),
    ROW("STRW is ignored with stage 2", BASE_NESTED, 0, .fields = {SET(STE_STRW, 3)}),
    ROW("STRW is ignored without Hyp", BASE_S1, 0, .fields = {SET(STE_STRW, 1)}, .without = SMMU_FEATURE_HYP),
    ROW("STRW is ignored on bypass", BASE_BYPASS, 0, .fields = {SET(STE_STRW, 3)}),
    ROW("S1STALLD with STALL_MODEL = 00", BASE_S1, 0, .fields = {SET(STE_S1STALLD, 1)}),
    ROW("S1STALLD with STALL_MODEL = 01", BASE_S1, C_BAD_STE, .fields = {SET(STE_S1STALLD, 1)},
     .stall_model = SMMU_TERMINATE_ONLY),
    ROW("S1STALLD with STALL_MODEL = 10", BASE_S1, C_BAD_STE, .fields = {SET(STE_S1STALLD, 1)}, .stall_model = SMMU_STALL_FORCED),
    ROW("S1CDMax beyond SSIDSIZE", BASE_S1, C_BAD_STE, .fields = {SET(STE_S1CDMAX, 21)}),
    ROW("S1CDMax is ignored with SSIDSIZE = 0", BASE_S1, 0, .fields = {SET(STE_S1CDMAX, 21)}, .substream_bits = -1),
    ROW("S1Fmt = 01 without CD2L", BASE_S1, C_BAD_STE, .fields = {SET(STE_S1CDMAX, 8), SET(STE_S1FMT, 1)},
     .without = SMMU_FEATURE_TWO_LEVEL_CONTEXTS),
    ROW("S1Fmt = 10 without CD2L", BASE_S1, C_BAD_STE, .fields = {SET(STE_S1CDMAX, 8), SET(STE_S1FMT, 2)},
     .without = SMMU_FEATURE_TWO_LEVEL_CONTEXTS),
    ROW("S1Fmt = 01 with one context is ignored", BASE_S1, 0, .fields = {SET(STE_S1FMT, 1)},
     .without = SMMU_FEATURE_TWO_LEVEL_CONTEXTS),
    ROW("S1ContextPtr beyond OAS", BASE_S1, C_BAD_STE, .fields = {{44, 1, 1}}, .output_bits = 44),
    ROW("S1ContextPtr beyond IAS is for stage 2", BASE_NESTED, F_TRANSLATION, .fields = {{44, 1, 1}}, .output_bits = 44),
    ROW("S2AA64 = 0", BASE_S2, C_BAD_STE, .fields = {SET(STE_S2AA64, 0)}),
    ROW("S2S with STALL_MODEL = 01", BASE_S2, C_BAD_STE, .fields = {SET(STE_S2S, 1)}, .stall_model = SMMU_TERMINATE_ONLY),
    ROW("S2S = 0 with STALL_MODEL = 10", BASE_S2, C_BAD_STE, .fields = {SET(STE_S2S, 0)}, .stall_model = SMMU_STALL_FORCED),
    ROW("S2S = 1 with STALL_MODEL = 10", BASE_S2, 0, .fields = {SET(STE_S2S, 1)}, .stall_model = SMMU_STALL_FORCED),
    ROW("S2HA without HTTU", BASE_S2, C_BAD_STE, .fields = {SET(STE_S2HA, 1)}, .hardware_update = -1),
    ROW("S2HD without HTTU", BASE_S2, C_BAD_STE, .fields = {SET(STE_S2HD, 1)}, .hardware_update = -1),
    ROW("S2HA with HTTU = 1", BASE_S2, 0, .fields = {SET(STE_S2HA, 1)}, .hardware_update = 1),
    ROW("S2HD with HTTU = 1", BASE_S2, C_BAD_STE, .fields = {SET(STE_S2HA, 1), SET(STE_S2HD, 1)}, .hardware_update = 1),
    ROW("S2HD with HTTU = 2", BASE_S2, 0, .fields = {SET(STE_S2HA, 1), SET(STE_S2HD, 1)}),
    ROW("S2TG = 11 is reserved", BASE_S2, C_BAD_STE, .fields = {SET(STE_S2TG, 3)}),
    ROW("S2TG = 64 KiB without it", BASE_S2, C_BAD_STE, .fields = {SET(STE_S2TG, 1)}, .without = SMMU_FEATURE_VA52, .granules = 3),
    ROW("S2TG = 16 KiB without it", BASE_S2, C_BAD_STE, .fields = {SET(STE_S2TG, 2)}, .granules = 5),
    ROW("S2TTB beyond S2PS", BASE_S2, C_BAD_STE, .fields = {{192 + 44, 1, 1}, SET(STE_S2PS, 4)}),
    ROW("S2TTB beyond 48 bits with 4 KiB", BASE_S2, C_BAD_STE, .fields = {{192 + 48, 1, 1}, SET(STE_S2PS, 6)}, .output_bits = 52),
    ROW("S2T0SZ below 64 - IAS", BASE_S2, C_BAD_STE, .fields = {SET(STE_S2T0SZ, 19), SET(STE_S2SL0, 2)}, .output_bits = 44),
    ROW("S2T0SZ of 40 without STT", BASE_S2, C_BAD_STE, .fields = {SET(STE_S2T0SZ, 40), SET(STE_S2SL0, 0)},
     .without = SMMU_FEATURE_SMALL_TABLES),
    ROW("S2T0SZ of 49", BASE_S2, C_BAD_STE, .fields = {SET(STE_S2T0SZ, 49), SET(STE_S2SL0, 0)}),
    ROW("S2SL0 = 2 with 24 bits", BASE_S2, C_BAD_STE, .fields = {SET(STE_S2T0SZ, 39), SET(STE_S2SL0, 2)}),
    ROW("S2SL0 = 0 with 40 bits: too many tables", BASE_S2, C_BAD_STE, .fields = {SET(STE_S2T0SZ, 24), SET(STE_S2SL0, 0)}),
    ROW("S2SL0 = 3 without STT", BASE_S2, C_BAD_STE, .fields = {SET(STE_S2T0SZ, 39), SET(STE_S2SL0, 3)},
     .without = SMMU_FEATURE_SMALL_TABLES),
    ROW("S2SL0 = 3 with 64 KiB", BASE_S2, C_BAD_STE, .fields = {SET(STE_S2TG, 1), SET(STE_S2SL0, 3)}),
    ROW("S2ENDI with little-endian tables", BASE_S2, C_BAD_STE, .fields = {SET(STE_S2ENDI, 1)},
     .without = SMMU_FEATURE_BIG_ENDIAN),
    ROW("S2VMID above 255 with 8 bits", BASE_S2, C_BAD_STE, .fields = {SET(STE_S2VMID, 256)}, .without = SMMU_FEATURE_VMID16),
    ROW("S2VMID above 255 on a stage 1 of EL1", BASE_S1, C_BAD_STE, .fields = {SET(STE_S2VMID, 256)},
     .without = SMMU_FEATURE_VMID16),
    ROW("S2VMID is ignored by EL2", BASE_S1, 0, .fields = {SET(STE_S2VMID, 256), SET(STE_STRW, 2)},
     .without = SMMU_FEATURE_VMID16),
    ROW("S2VMID above 255 with 16 bits", BASE_S2, 0, .fields = {SET(STE_S2VMID, 0xffff)}),
};

static void prepare_change(struct rig *rig, const void *argument) {
    const struct change *change = argument;
    rig->config.features &= ~change->without;
    rig->config.stall_model = change->stall_model;
    rig->config.output_bits = change->output_bits != 0 ? change->output_bits : 48;
    rig->config.granules = change->granules != 0 ? change->granules : SMMU_GRANULE_ALL;
    if (change->hardware_update != 0) {
        rig->config.hardware_update = change->hardware_update > 0 ? 1 : 0;
    }
    if (change->substream_bits != 0) {
        rig->config.substream_bits = 0;
    }
}

static void run_change(struct rig *rig, const void *argument) {
    const struct change *change = argument;
    struct rig_space space;
    struct smmu_tables stage2;
    uint64_t ste[SMMU_STE_WORDS], address = VA;
    bool forced = change->stall_model == SMMU_STALL_FORCED;
    switch (change->base) {
    case BASE_S2:
        map_stage2(rig, &space, &stage2);
        address = IPA;
        break;
    case BASE_NESTED:
        map_nested(rig, &space, &stage2);
        break;
    default:
        map_one(rig, &space);
        break;
    }
    space.context.stall = forced;
    space.stream.stage2_stall = forced;
    rig_install(rig, 1, &space);
    if (change->base == BASE_BYPASS || change->base == BASE_ABORT) {
        space.stream.config = change->base == BASE_BYPASS ? STE_CONFIG_BYPASS : STE_CONFIG_ABORT;
    }
    smmu_build_stream(&space.stream, ste);
    for (unsigned i = 0; i < 3; i++) {
        if (change->fields[i].width != 0) {
            smmu_field_set(ste, change->fields[i].low, change->fields[i].width, change->fields[i].value);
        }
    }
    rig_stream(rig, 1, ste);
    if (change->expected == 0) {
        uint64_t expected = change->base == BASE_BYPASS ? address : PA;
        check_translates(rig, 1, address, 0, expected);
        check_no_event(rig);
    } else {
        check_faults(rig, 1, address, 0, change->expected);
    }
}

/* --- 3.3.1: look-up */

static void run_sid_range(struct rig *rig, const void *argument) {
    (void)argument;
    check_outcome(rig, 256, 0, 0, SMMU_ABORT);
    check_event(rig, C_BAD_STREAMID, 256, END);
    check_outcome(rig, 0xffffffff, 0, SMMU_WRITE, SMMU_ABORT);
    check_event(rig, C_BAD_STREAMID, 0xffffffff, END);
}

static void run_sid_last(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    map_one(rig, &space);
    rig_install(rig, 255, &space);
    check_translates(rig, 255, VA, 0, PA);
}

static void run_sid_unrecorded(struct rig *rig, const void *argument) {
    (void)argument;
    rig_write(rig, SMMU_CR0, 0);
    rig_write(rig, SMMU_CR2, 0);
    rig_write(rig, SMMU_CR0, SMMU_CR0_SMMUEN | SMMU_CR0_QUEUES);
    check_outcome(rig, 256, 0, 0, SMMU_ABORT);
    check_no_event(rig);
}

static void run_one_stream(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    map_one(rig, &space);
    rig_install(rig, 0, &space);
    rig_write(rig, SMMU_CR0, SMMU_CR0_QUEUES);
    rig_write(rig, SMMU_STRTAB_BASE_CFG, 0);
    rig_write(rig, SMMU_CR0, SMMU_CR0_SMMUEN | SMMU_CR0_QUEUES);
    check_translates(rig, 0, VA, 0, PA);
    check_faults(rig, 1, VA, 0, C_BAD_STREAMID);
}

/* LOG2SIZE counts at most as SIDSIZE. */
static void prepare_small(struct rig *rig, const void *argument) {
    (void)argument;
    rig->config.stream_bits = 4;
}

static void run_sidsize(struct rig *rig, const void *argument) {
    (void)argument;
    check_faults(rig, 16, 0, 0, C_BAD_STREAMID);
    check_faults(rig, 15, 0, 0, C_BAD_STE);
}

static void run_ste_fetch(struct rig *rig, const void *argument) {
    (void)argument;
    rig->abort_at = rig_stream_address(rig, 5);
    check_outcome(rig, 5, 0x1000, 0, SMMU_ABORT);
    check_event(rig, F_STE_FETCH, 5, 192, 64, (uint64_t)rig_stream_address(rig, 5), END);
}

static void run_ste_beyond(struct rig *rig, const void *argument) {
    (void)argument;
    rig_write(rig, SMMU_CR0, SMMU_CR0_QUEUES);
    rig_write64(rig, SMMU_STRTAB_BASE, 1ul << 50);
    rig_write(rig, SMMU_CR0, SMMU_CR0_SMMUEN | SMMU_CR0_QUEUES);
    check_outcome(rig, 2, 0, 0, SMMU_ABORT);
    check_event(rig, F_STE_FETCH, 2, 192, 64, (1ul << 50) + 128, END);
}

/* The base is aligned to the table's size, whatever is written. */
static void run_alignment(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    map_one(rig, &space);
    rig_write(rig, SMMU_CR0, SMMU_CR0_QUEUES);
    rig_write64(rig, SMMU_STRTAB_BASE, rig->stream_table | 0x3fc0);
    rig_write(rig, SMMU_CR0, SMMU_CR0_SMMUEN | SMMU_CR0_QUEUES);
    check_translates(rig, 1, VA, 0, PA);
}

/* --- Two levels */

struct two_level {
    const char *name;
    unsigned split, span;     /* span: of the descriptor of the stream */
    uint32_t stream;
    enum smmu_event expected; /* 0: found */
};

static const struct two_level two_levels[] = {
    {"SPLIT = 6, whole span", 6, 7, 0x43, 0},
    {"SPLIT = 8, whole span", 8, 9, 0x1fe, 0},
    {"SPLIT = 10, whole span", 10, 11, 0xbff, 0},
    {"another SPLIT counts as 6", 7, 7, 0x43, 0},
    {"Span = 0", 6, 0, 0x43, C_BAD_STREAMID},
    {"Span = 1 covers one stream", 6, 1, 0x40, 0},
    {"Span = 1 covers no second", 6, 1, 0x41, C_BAD_STREAMID},
    {"StreamID at the end of the span", 6, 3, 0x43, 0},
    {"StreamID beyond the span", 6, 3, 0x44, C_BAD_STREAMID},
    {"Span = SPLIT + 2", 6, 8, 0x43, C_BAD_STREAMID},
    {"Span = 12 is reserved", 10, 12, 0x403, C_BAD_STREAMID},
    {"Span = 31 is reserved", 10, 31, 0x403, C_BAD_STREAMID},
};

static void prepare_two_level(struct rig *rig, const void *argument) {
    (void)argument;
    rig->config.stream_bits = 12;
}

static void use_two_levels(struct rig *rig, unsigned split, unsigned bits, uint64_t table) {
    rig_write(rig, SMMU_CR0, SMMU_CR0_QUEUES);
    rig_write64(rig, SMMU_STRTAB_BASE, table);
    rig_write(rig, SMMU_STRTAB_BASE_CFG, bits | split << 6 | 1u << 16);
    rig_write(rig, SMMU_CR0, SMMU_CR0_SMMUEN | SMMU_CR0_QUEUES);
}

static void run_two_level(struct rig *rig, const void *argument) {
    const struct two_level *row = argument;
    unsigned split = row->split == 8 || row->split == 10 ? row->split : 6;
    struct rig_space space;
    uint64_t ste[SMMU_STE_WORDS];
    uint64_t first = rig_alloc(rig, 8ul << (12 - split)), second = rig_alloc(rig, 64ul << split);
    map_one(rig, &space);
    smmu_build_stream(&space.stream, ste);
    uint32_t low = row->stream & ((1u << split) - 1);
    memcpy(rig->ram + second + low * 64, ste, sizeof(ste));
    rig_store(rig, first + (row->stream >> split) * 8, second | row->span);
    use_two_levels(rig, row->split, 12, first);
    if (row->expected == 0) {
        check_translates(rig, row->stream, VA, 0, PA);
        check_no_event(rig);
    } else {
        check_faults(rig, row->stream, VA, 0, row->expected);
    }
}

static void run_l1std_abort(struct rig *rig, const void *argument) {
    (void)argument;
    uint64_t first = rig_alloc(rig, 512);
    use_two_levels(rig, 6, 12, first);
    rig->abort_at = first + 8 * 3;
    check_outcome(rig, 3 << 6, 0, 0, SMMU_ABORT);
    check_event(rig, F_STE_FETCH, 3 << 6, 192, 64, first + 24, END);
}

static void run_l2_alignment(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    uint64_t ste[SMMU_STE_WORDS];
    uint64_t first = rig_alloc(rig, 512), second = rig_alloc(rig, 4096);
    map_one(rig, &space);
    smmu_build_stream(&space.stream, ste);
    memcpy(rig->ram + second + 5 * 64, ste, sizeof(ste));
    rig_store(rig, first, (second + 0x7c0) | 7);
    use_two_levels(rig, 6, 12, first);
    check_translates(rig, 5, VA, 0, PA);
}

static void prepare_linear_only(struct rig *rig, const void *argument) {
    (void)argument;
    rig->config.features &= ~(uint32_t)SMMU_FEATURE_TWO_LEVEL_STREAMS;
    rig->config.stream_bits = rig->config.secure_stream_bits = 6;
}

static void run_linear_only(struct rig *rig, const void *argument) {
    (void)argument;
    rig_write(rig, SMMU_CR0, 0);
    rig_write(rig, SMMU_STRTAB_BASE_CFG, 0x3ffff);
    assert_int_equal(rig_read(rig, SMMU_STRTAB_BASE_CFG), 0x3f);
}

/* --- Bypass, abort, attributes */

static void install_bypass(struct rig *rig, unsigned low, unsigned width, uint64_t value) {
    const struct smmu_stream_spec spec = {.config = STE_CONFIG_BYPASS};
    uint64_t ste[SMMU_STE_WORDS];
    smmu_build_stream(&spec, ste);
    smmu_field_set(ste, low, width, value);
    rig_stream(rig, 1, ste);
}

static void run_abort(struct rig *rig, const void *argument) {
    const uint64_t *config = argument;
    install_bypass(rig, STE_CONFIG, *config);
    check_outcome(rig, 1, 0x5000, 0, SMMU_ABORT);
    check_no_event(rig);
}

static void run_bypass(struct rig *rig, const void *argument) {
    (void)argument;
    install_bypass(rig, STE_V, 1);
    check_translates(rig, 1, 0x123456789abc, SMMU_WRITE, 0x123456789abc);
    check_no_event(rig);
}

static void run_bypass_size(struct rig *rig, const void *argument) {
    (void)argument;
    install_bypass(rig, STE_V, 1);
    check_outcome(rig, 1, 1ul << 48, 0, SMMU_ABORT);
    check_event(rig, F_ADDR_SIZE, 1, F(EVENT_RNW, 1), F(EVENT_CLASS, SMMU_CLASS_IN), F(EVENT_ADDRESS, 1ul << 48), END);
}

static void run_bypass_substream(struct rig *rig, const void *argument) {
    (void)argument;
    struct smmu_result result;
    install_bypass(rig, STE_V, 1);
    assert_int_equal(rig_access_substream(rig, 1, 3, 0x1000, SMMU_SUBSTREAM, &result), SMMU_ABORT);
    check_event(rig, C_BAD_SUBSTREAMID, 1, F(EVENT_SSV, 1), F(EVENT_SSID, 3), END);
}

struct override {
    const char *name;
    unsigned low, width;
    uint64_t value;
    struct smmu_attributes incoming, expected;
};

static const struct override overrides[] = {
    {"SHCFG = 01 keeps the incoming shareability", STE_SHCFG, 1, {0xff, 3}, {0xff, 3}},
    {"SHCFG = 00 is non-shareable", STE_SHCFG, 0, {0xff, 3}, {0xff, 0}},
    {"SHCFG = 10 is outer shareable", STE_SHCFG, 2, {0xff, 3}, {0xff, 2}},
    {"SHCFG = 11 is inner shareable", STE_SHCFG, 3, {0xff, 0}, {0xff, 3}},
    {"incoming memory type without MTCFG", STE_MEMATTR, 0, {0x44, 3}, {0x44, 2}},
    {"MTCFG with MemAttr = 0000: Device-nGnRnE", STE_MEMATTR, 0x10, {0xff, 3}, {0x00, 2}},
    {"MTCFG with MemAttr = 0001: Device-nGnRE", STE_MEMATTR, 0x11, {0xff, 3}, {0x04, 2}},
    {"MTCFG with MemAttr = 0101: non-cacheable", STE_MEMATTR, 0x15, {0xff, 3}, {0x44, 2}},
    {"MTCFG with MemAttr = 1010: write-through", STE_MEMATTR, 0x1a, {0xff, 3}, {0xbb, 3}},
    {"MTCFG with MemAttr = 1111: write-back", STE_MEMATTR, 0x1f, {0x00, 3}, {0xff, 3}},
};

static void run_override(struct rig *rig, const void *argument) {
    const struct override *row = argument;
    struct smmu_transaction transaction = {.stream = 1, .address = 0x1000, .attributes = row->incoming};
    struct smmu_result result;
    if (row->low == 96) { /* MemAttr, and MTCFG above it */
        install_bypass(rig, 96, 5, row->value);
    } else {
        install_bypass(rig, row->low, row->width, row->value);
    }
    assert_int_equal(smmu_translate(&rig->port, &transaction, &result), SMMU_OK);
    assert_int_equal(result.attributes.memory, row->expected.memory);
    assert_int_equal(result.attributes.shareability, row->expected.shareability);
}

/* A page for privileged reads only: who gets through shows what became of the attribute. */
struct class_override {
    const char *name;
    unsigned low, width;
    uint64_t value, attributes;
    uint32_t flags;
    bool permitted;
};

static const struct class_override class_overrides[] = {
    {"PRIVCFG = 00 keeps unprivileged", STE_PRIVCFG, 0, TTD_AF, 0, false},
    {"PRIVCFG = 00 keeps privileged", STE_PRIVCFG, 0, TTD_AF, SMMU_PRIVILEGED, true},
    {"PRIVCFG = 10 makes unprivileged", STE_PRIVCFG, 2, TTD_AF, SMMU_PRIVILEGED, false},
    {"PRIVCFG = 11 makes privileged", STE_PRIVCFG, 3, TTD_AF, 0, true},
    {"INSTCFG = 00 keeps data", STE_INSTCFG, 0, TTD_AF | TTD_AP_USER | TTD_UXN, 0, true},
    {"INSTCFG = 00 keeps instruction", STE_INSTCFG, 0, TTD_AF | TTD_AP_USER | TTD_UXN, SMMU_INSTRUCTION, false},
    {"INSTCFG = 10 makes data", STE_INSTCFG, 2, TTD_AF | TTD_AP_USER | TTD_UXN, SMMU_INSTRUCTION, true},
    {"INSTCFG = 11 makes instruction", STE_INSTCFG, 3, TTD_AF | TTD_AP_USER | TTD_UXN, 0, false},
    {"INSTCFG = 11 does not touch writes", STE_INSTCFG, 3, TTD_AF | TTD_AP_USER | TTD_UXN, SMMU_WRITE, true},
};

static void run_class_override(struct rig *rig, const void *argument) {
    const struct class_override *row = argument;
    struct rig_space space;
    uint64_t ste[SMMU_STE_WORDS];
    map_one(rig, &space);
    smmu_tables_map(&space.tables, VA, PA, 3, row->attributes);
    smmu_build_stream(&space.stream, ste);
    smmu_field_set(ste, row->low, row->width, row->value);
    rig_stream(rig, 1, ste);
    if (row->permitted) {
        check_translates(rig, 1, VA, row->flags, PA);
    } else {
        check_faults(rig, 1, VA, row->flags, F_PERMISSION);
    }
}

static const uint64_t aborting_configs[] = {0, 1, 2, 3};
static const struct row rows[] = {
    {"3.3.1 StreamID beyond the table: C_BAD_STREAMID", run_sid_range, NULL, NULL},
    {"3.3.1 last StreamID of a linear table", run_sid_last, NULL, NULL},
    {"6.3.12 C_BAD_STREAMID only with RECINVSID", run_sid_unrecorded, NULL, NULL},
    {"6.3.25 LOG2SIZE = 0: one stream", run_one_stream, NULL, NULL},
    {"6.3.25 LOG2SIZE counts at most as SIDSIZE", run_sidsize, NULL, prepare_small},
    {"7.3.4 F_STE_FETCH with the address", run_ste_fetch, NULL, NULL},
    {"3.4.3 STE beyond OAS: F_STE_FETCH, not truncated", run_ste_beyond, NULL, NULL},
    {"6.3.24 base aligned to the table", run_alignment, NULL, NULL},
    {"5.1 L1STD fetch aborts: F_STE_FETCH", run_l1std_abort, NULL, prepare_two_level},
    {"5.1 L2Ptr aligned to its span", run_l2_alignment, NULL, prepare_two_level},
    {"6.3.25 FMT and SPLIT do not exist without two levels", run_linear_only, NULL, prepare_linear_only},
    {"5.2 Config = 000 aborts without an event", run_abort, &aborting_configs[0], NULL},
    {"5.2 Config = 001 aborts without an event", run_abort, &aborting_configs[1], NULL},
    {"5.2 Config = 010 aborts without an event", run_abort, &aborting_configs[2], NULL},
    {"5.2 Config = 011 aborts without an event", run_abort, &aborting_configs[3], NULL},
    {"5.2 Config = 100 passes", run_bypass, NULL, NULL},
    {"3.4 bypass beyond IAS: F_ADDR_SIZE of stage 1", run_bypass_size, NULL, NULL},
    {"7.3.9 SubstreamID on bypass: C_BAD_SUBSTREAMID", run_bypass_substream, NULL, NULL},
};

int main(void) {
    suite_add_rows(rows);
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        suite_add_named("5.2.2 STE: ", changes[i].name, run_change, &changes[i], prepare_change);
    }
    for (size_t i = 0; i < sizeof(two_levels) / sizeof(two_levels[0]); i++) {
        suite_add_named("5.1 two levels: ", two_levels[i].name, run_two_level, &two_levels[i], prepare_two_level);
    }
    for (size_t i = 0; i < sizeof(overrides) / sizeof(overrides[0]); i++) {
        suite_add_named("5.2 attributes: ", overrides[i].name, run_override, &overrides[i], NULL);
    }
    for (size_t i = 0; i < sizeof(class_overrides) / sizeof(class_overrides[0]); i++) {
        suite_add_named("5.2 overrides: ", class_overrides[i].name, run_class_override, &class_overrides[i], NULL);
    }
    return suite_run("streams");
}
