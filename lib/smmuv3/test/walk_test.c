/* SPDX-License-Identifier: MIT */
/* Walks of translation tables: granules, levels, ranges, permissions, attributes; stage 1, stage 2, nested. */
#include "smmuv3/test/suite.h"

#include <stdio.h>
#include <string.h>

/* --- Geometry: every granule, number of levels and kind of leaf */

struct geometry {
    const char *name;
    unsigned granule, input_bits, level;
    uint64_t output;
    bool stage2, wide; /* wide: 52 bits of output */
};

static const struct geometry geometries[] = {
    {"4 KiB, 48 bits, page", 12, 48, 3, 0x00abc000, false, false},
    {"4 KiB, 48 bits, 2 MiB block", 12, 48, 2, 0x40000000, false, false},
    {"4 KiB, 48 bits, 1 GiB block", 12, 48, 1, 0x7f40000000, false, false},
    {"4 KiB, 39 bits (3 levels), page", 12, 39, 3, 0x00abc000, false, false},
    {"4 KiB, 39 bits, 1 GiB block at the first level", 12, 39, 1, 0xc0000000, false, false},
    {"4 KiB, 40 bits: a first table of two entries", 12, 40, 3, 0x00abc000, false, false},
    {"4 KiB, 30 bits (2 levels), page", 12, 30, 3, 0x00abc000, false, false},
    {"4 KiB, 30 bits, 2 MiB block at the first level", 12, 30, 2, 0x00600000, false, false},
    {"4 KiB, 25 bits, page", 12, 25, 3, 0x00abc000, false, false},
    {"4 KiB, 21 bits (1 level, STT), page", 12, 21, 3, 0x00abc000, false, false},
    {"4 KiB, 16 bits (1 level, STT), page", 12, 16, 3, 0x00abc000, false, false},
    {"16 KiB, 48 bits (4 levels), page", 14, 48, 3, 0x00abc000, false, false},
    {"16 KiB, 47 bits (3 levels), page", 14, 47, 3, 0x00abc000, false, false},
    {"16 KiB, 47 bits, 32 MiB block", 14, 47, 2, 0x7e000000, false, false},
    {"16 KiB, 36 bits (2 levels), page", 14, 36, 3, 0x00abc000, false, false},
    {"16 KiB, 36 bits, 32 MiB block at the first level", 14, 36, 2, 0x7e000000, false, false},
    {"16 KiB, 25 bits (1 level), page", 14, 25, 3, 0x00abc000, false, false},
    {"64 KiB, 48 bits (3 levels), page", 16, 48, 3, 0x00ab0000, false, false},
    {"64 KiB, 48 bits, 512 MiB block", 16, 48, 2, 0x7e0000000, false, false},
    {"64 KiB, 42 bits (2 levels), page", 16, 42, 3, 0x00ab0000, false, false},
    {"64 KiB, 42 bits, 512 MiB block at the first level", 16, 42, 2, 0x7e0000000, false, false},
    {"64 KiB, 29 bits (1 level), page", 16, 29, 3, 0x00ab0000, false, false},
    {"64 KiB, 52 bits, page", 16, 52, 3, 0x00ab0000, false, true},
    {"64 KiB, 52 bits, page beyond 48 bits", 16, 52, 3, 0xf123400ab0000, false, true},
    {"64 KiB, 52 bits, 512 MiB block beyond 48 bits", 16, 52, 2, 0xf1237e0000000, false, true},
    {"64 KiB, 52 bits, 4 TiB block", 16, 52, 1, 0xf0c0000000000, false, true},
    {"stage 2, 4 KiB, 48 bits, page", 12, 48, 3, 0x00abc000, true, false},
    {"stage 2, 4 KiB, 44 bits, page", 12, 44, 3, 0x00abc000, true, false},
    {"stage 2, 4 KiB, 43 bits: 16 first tables", 12, 43, 3, 0x00abc000, true, false},
    {"stage 2, 4 KiB, 40 bits: 2 first tables", 12, 40, 3, 0x00abc000, true, false},
    {"stage 2, 4 KiB, 40 bits, 1 GiB block", 12, 40, 1, 0xc0000000, true, false},
    {"stage 2, 4 KiB, 40 bits, 2 MiB block", 12, 40, 2, 0x00600000, true, false},
    {"stage 2, 4 KiB, 34 bits: 16 tables of level 2", 12, 34, 3, 0x00abc000, true, false},
    {"stage 2, 4 KiB, 25 bits (STT): 16 pages of level 3", 12, 25, 3, 0x00abc000, true, false},
    {"stage 2, 16 KiB, 40 bits", 14, 40, 3, 0x00abc000, true, false},
    {"stage 2, 16 KiB, 47 bits", 14, 47, 3, 0x00abc000, true, false},
    {"stage 2, 16 KiB, 36 bits, 32 MiB block", 14, 36, 2, 0x7e000000, true, false},
    {"stage 2, 16 KiB, 29 bits: 16 tables of level 3", 14, 29, 3, 0x00abc000, true, false},
    {"stage 2, 64 KiB, 48 bits", 16, 48, 3, 0x00ab0000, true, false},
    {"stage 2, 64 KiB, 46 bits: 16 tables of level 2", 16, 46, 3, 0x00ab0000, true, false},
    {"stage 2, 64 KiB, 40 bits, 512 MiB block", 16, 40, 2, 0x7e0000000, true, false},
    {"stage 2, 64 KiB, 52 bits beyond 48 bits", 16, 52, 3, 0xf123400ab0000, true, true},
};

static void prepare_geometry(struct rig *rig, const void *argument) {
    const struct geometry *row = argument;
    rig->config.output_bits = row->wide ? 52 : 48;
}

/* The highest block of the range: all index bits are ones. */
static void run_geometry(struct rig *rig, const void *argument) {
    const struct geometry *row = argument;
    struct rig_space space;
    struct smmu_tables stage2;
    struct smmu_result result;
    unsigned bits = smmu_level_bits(row->granule, row->level);
    uint64_t size = 1ul << bits, input = (1ul << row->input_bits) - size, inside = (size - 1) & 0xfedcba9876543210ul;
    rig_stage1(rig, &space, row->granule, row->input_bits);
    if (row->stage2) {
        rig_stage2(rig, &stage2, row->granule, row->input_bits);
        assert_true(smmu_tables_map(&stage2, input, row->output, row->level, RIG_PAGE2));
        space.stream.config = STE_CONFIG_S2;
        space.stream.stage2 = &stage2;
        space.stream.output_bits = rig->config.output_bits;
    } else {
        assert_true(smmu_tables_map(&space.tables, input, row->output, row->level, RIG_PAGE));
    }
    rig_install(rig, 1, &space);
    assert_int_equal(rig_access(rig, 1, input | inside, 0, &result), SMMU_OK);
    assert_int_equal(result.address, row->output | inside);
    assert_int_equal(result.page_bits, bits);
    assert_int_equal(result.permissions & 0x1b, 0x1b);
    if (input != 0) {
        check_faults(rig, 1, input - 1, 0, F_TRANSLATION);
    }
    check_faults(rig, 1, 1ul << row->input_bits, 0, row->input_bits == rig->config.output_bits && row->stage2
                                                       ? F_ADDR_SIZE
                                                       : F_TRANSLATION);
}

/* --- Ranges */

static void install_both(struct rig *rig, struct rig_space *space, struct smmu_tables *upper, bool tbi) {
    map_one(rig, space);
    assert_true(smmu_tables_init(upper, &rig->memory, 12, 39, false));
    assert_true(smmu_tables_map(upper, 0x7fffffe000, 0x00cde000, 3, RIG_PAGE));
    space->context.upper = upper;
    space->context.ignore_top_byte = tbi;
    rig_install(rig, 1, space);
}

struct range {
    const char *name;
    uint64_t address;
    bool tbi;
    uint64_t expected; /* 0: F_TRANSLATION */
};

static const struct range ranges[] = {
    {"lower half", VA, false, PA},
    {"upper half", 0xffffffffffffe123, false, 0x00cde123},
    {"lower half, bit 48 set", VA | 1ul << 48, false, 0},
    {"lower half, bit 63 set", VA | 1ul << 63, false, 0},
    {"lower half, bit 55 set", VA | 1ul << 55, false, 0},
    {"upper half, bit 39 clear", 0xffffff7fffffe000, false, 0},
    {"upper half, bit 63 clear", 0x7fffffffffffe000, false, 0},
    {"TBI: a tag in the lower half", VA | 0xa5ul << 56, true, PA},
    {"TBI: a tag in the upper half", 0x5affffffffffe040, true, 0x00cde040},
    {"TBI: bit 55 is no tag", VA | 1ul << 55, true, 0},
    {"TBI: bit 48 is no tag", VA | 1ul << 48, true, 0},
};

static void run_range(struct rig *rig, const void *argument) {
    const struct range *row = argument;
    struct rig_space space;
    struct smmu_tables upper;
    install_both(rig, &space, &upper, row->tbi);
    if (row->expected != 0) {
        check_translates(rig, 1, row->address, 0, row->expected);
        check_translates(rig, 1, row->address, 0, row->expected);
        return;
    }
    check_outcome(rig, 1, row->address, 0, SMMU_ABORT);
    check_event(rig, F_TRANSLATION, 1, F(EVENT_RNW, 1), F(EVENT_CLASS, SMMU_CLASS_IN),
                F(EVENT_ADDRESS, row->address), END);
}

/* Two tags, one page, one TLB entry, which one invalidation takes away. */
static void run_tags_share(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_tables upper;
    install_both(rig, &space, &upper, true);
    check_translates(rig, 1, VA | 0x11ul << 56, 0, PA);
    check_translates(rig, 1, VA | 0x22ul << 56, 0, PA);
    assert_int_equal(smmu_tlb_used(rig->smmu), 1);
    check_command(rig, CMD_TLBI_NH_VA | 1ul << 48, VA);
    assert_int_equal(smmu_tlb_used(rig->smmu), 0);
}

static void run_epd(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_tables upper;
    install_both(rig, &space, &upper, false);
    space.context.lower = NULL;
    rig_install(rig, 1, &space);
    check_faults(rig, 1, 0, 0, F_TRANSLATION);
    check_translates(rig, 1, 0xffffffffffffe000, 0, 0x00cde000);
    space.context.lower = &space.tables;
    space.context.upper = NULL;
    rig_install(rig, 1, &space);
    rig_command(rig, CMD_CFGI_STE | 1ul << 32, 0);
    check_faults(rig, 1, ~0ul, 0, F_TRANSLATION);
    check_translates(rig, 1, VA, 0, PA);
}

static void set_cd(struct rig *rig, struct rig_space *space, unsigned low, unsigned width, uint64_t value) {
    uint64_t cd[SMMU_CD_WORDS];
    memcpy(cd, rig->ram + space->cd_address, sizeof(cd));
    smmu_field_set(cd, low, width, value);
    memcpy(rig->ram + space->cd_address, cd, sizeof(cd));
}

static void run_e0pd(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    map_one(rig, &space);
    set_cd(rig, &space, CD_E0PD0, 1);
    check_faults(rig, 1, VA, 0, F_TRANSLATION);
    check_faults(rig, 1, VA, SMMU_INSTRUCTION, F_TRANSLATION);
    check_translates(rig, 1, VA, SMMU_PRIVILEGED, PA);
}

/* --- Descriptors that are wrong */

struct wrong {
    const char *name;
    unsigned granule, level;
    uint64_t descriptor; /* written at that level */
    uint8_t ips;
    enum smmu_event expected;
};

static const struct wrong wrongs[] = {
    {"invalid at level 0", 12, 0, 0, 5, F_TRANSLATION},
    {"invalid at level 1", 12, 1, 2, 5, F_TRANSLATION},
    {"invalid at level 2", 12, 2, 0xfffffffffffffffe, 5, F_TRANSLATION},
    {"invalid at level 3", 12, 3, 0, 5, F_TRANSLATION},
    {"reserved at level 3", 12, 3, 0x401, 5, F_TRANSLATION},
    {"block at level 0", 12, 0, 0x401, 5, F_TRANSLATION},
    {"16 KiB: block at level 1", 14, 1, 0x401, 5, F_TRANSLATION},
    {"64 KiB: block at level 1", 16, 1, 0x401, 5, F_TRANSLATION},
    {"table beyond IPS at level 0", 12, 0, 1ul << 40 | 3, 2, F_ADDR_SIZE},
    {"table beyond IPS at level 2", 12, 2, 1ul << 40 | 3, 2, F_ADDR_SIZE},
    {"page beyond IPS", 12, 3, 1ul << 40 | 0x403, 2, F_ADDR_SIZE},
    {"block beyond IPS", 12, 2, 1ul << 40 | 0x401, 2, F_ADDR_SIZE},
    {"page beyond IPS without access flag: the size first", 12, 3, 1ul << 40 | 3, 2, F_ADDR_SIZE},
    {"page without access flag", 12, 3, 0x00abc003, 5, F_ACCESS},
    {"block without access flag", 12, 2, 0x00a00001, 5, F_ACCESS},
    {"no access flag and no permission: the flag first", 12, 3, 0x00abc083, 5, F_ACCESS},
    {"no permission", 12, 3, 0x00abc403, 5, F_PERMISSION},
};

static void run_wrong(struct rig *rig, const void *argument) {
    const struct wrong *row = argument;
    struct rig_space space;
    rig_stage1(rig, &space, row->granule, 48);
    smmu_tables_map(&space.tables, VA & ~0xfffful, PA & ~0xfffful, 3, RIG_PAGE);
    rig_install(rig, 1, &space);
    set_cd(rig, &space, CD_IPS, row->ips);
    rig_store(rig, smmu_tables_find(&space.tables, VA & ~0xfffful, row->level), row->descriptor);
    check_outcome(rig, 1, VA & ~0xfffful, 0, SMMU_ABORT);
    check_event(rig, row->expected, 1, F(EVENT_RNW, 1), F(EVENT_CLASS, SMMU_CLASS_IN),
                F(EVENT_ADDRESS, VA & ~0xfffful), END);
    assert_int_equal(smmu_tlb_used(rig->smmu), 0);
}

static void run_walk_abort(struct rig *rig, const void *argument) {
    const unsigned *level = argument;
    struct rig_space space;
    map_one(rig, &space);
    rig->abort_at = smmu_tables_find(&space.tables, VA, *level);
    check_outcome(rig, 1, VA + 8, SMMU_WRITE, SMMU_ABORT);
    check_event(rig, F_WALK_EABT, 1, F(EVENT_CLASS, SMMU_CLASS_TT), F(EVENT_ADDRESS, VA + 8), 192, 64, rig->abort_at,
                END);
}

/* --- Stage 1 permissions: all that AP, PXN and UXN give, as sets of uR uW uX pR pW pX. */

struct permissions {
    const char *name;
    uint64_t attributes;
    uint8_t plain, wxn, pan; /* the set, with CD.WXN, with CD.PAN */
};

#define UR 1
#define UW 2
#define UX 4
#define PR 8
#define PW 16
#define PX 32
#define RO TTD_AP_READ_ONLY
#define US TTD_AP_USER

static const struct permissions permissions[] = {
    {"AP = 00", 0, PR | PW | PX | UX, PR | PW | UX, PR | PW | PX | UX},
    {"AP = 00, PXN", TTD_PXN, PR | PW | UX, PR | PW | UX, PR | PW | UX},
    {"AP = 00, UXN", TTD_UXN, PR | PW | PX, PR | PW, PR | PW | PX},
    {"AP = 00, PXN, UXN", TTD_PXN | TTD_UXN, PR | PW, PR | PW, PR | PW},
    {"AP = 01", US, PR | PW | UR | UW | UX, PR | PW | UR | UW, UR | UW | UX},
    {"AP = 01, PXN", US | TTD_PXN, PR | PW | UR | UW | UX, PR | PW | UR | UW, UR | UW | UX},
    {"AP = 01, UXN", US | TTD_UXN, PR | PW | UR | UW, PR | PW | UR | UW, UR | UW},
    {"AP = 01, PXN, UXN", US | TTD_PXN | TTD_UXN, PR | PW | UR | UW, PR | PW | UR | UW, UR | UW},
    {"AP = 10", RO, PR | PX | UX, PR | PX | UX, PR | PX | UX},
    {"AP = 10, PXN", RO | TTD_PXN, PR | UX, PR | UX, PR | UX},
    {"AP = 10, UXN", RO | TTD_UXN, PR | PX, PR | PX, PR | PX},
    {"AP = 10, PXN, UXN", RO | TTD_PXN | TTD_UXN, PR, PR, PR},
    {"AP = 11", RO | US, PR | PX | UR | UX, PR | PX | UR | UX, PX | UR | UX},
    {"AP = 11, PXN", RO | US | TTD_PXN, PR | UR | UX, PR | UR | UX, UR | UX},
    {"AP = 11, UXN", RO | US | TTD_UXN, PR | PX | UR, PR | PX | UR, PX | UR},
    {"AP = 11, PXN, UXN", RO | US | TTD_PXN | TTD_UXN, PR | UR, PR | UR, UR},
};

static const uint32_t access_flags[6] = {
    0, SMMU_WRITE, SMMU_INSTRUCTION, SMMU_PRIVILEGED, SMMU_PRIVILEGED | SMMU_WRITE, SMMU_PRIVILEGED | SMMU_INSTRUCTION,
};

/* Each of the six accesses, and what the answer says is permitted. */
static void check_permissions(struct rig *rig, uint64_t address, uint8_t expected) {
    struct smmu_result result;
    for (unsigned i = 0; i < 6; i++) {
        bool permitted = (expected >> i & 1) != 0;
        assert_int_equal(rig_access(rig, 1, address, access_flags[i], &result), permitted ? SMMU_OK : SMMU_ABORT);
        if (permitted) {
            assert_int_equal(result.permissions, expected);
        } else {
            check_event_type(rig, F_PERMISSION);
        }
    }
}

static void run_permissions(struct rig *rig, const void *argument) {
    const struct permissions *row = argument;
    struct rig_space space;
    map_one(rig, &space);
    smmu_tables_map(&space.tables, VA, PA, 3, row->attributes | TTD_AF | TTD_NOT_GLOBAL);
    check_permissions(rig, VA, row->plain);
}

static void run_wxn(struct rig *rig, const void *argument) {
    const struct permissions *row = argument;
    struct rig_space space;
    map_one(rig, &space);
    space.context.write_never_execute = true;
    rig_install(rig, 1, &space);
    smmu_tables_map(&space.tables, VA, PA, 3, row->attributes | TTD_AF | TTD_NOT_GLOBAL);
    check_permissions(rig, VA, row->wxn);
}

static void run_pan(struct rig *rig, const void *argument) {
    const struct permissions *row = argument;
    struct rig_space space;
    map_one(rig, &space);
    space.context.privileged_never = true;
    rig_install(rig, 1, &space);
    smmu_tables_map(&space.tables, VA, PA, 3, row->attributes | TTD_AF | TTD_NOT_GLOBAL);
    check_permissions(rig, VA, row->pan);
}

struct hierarchy {
    const char *name;
    uint64_t table, page;
    uint8_t expected, disabled; /* disabled: with CD.HAD0 */
};

#define ALL (UR | UW | UX | PR | PW)
static const struct hierarchy hierarchies[] = {
    {"APTable = 01", TTD_AP_TABLE_USER, US, PR | PW | PX | UX, ALL},
    {"APTable = 10", TTD_AP_TABLE_READ, US, PR | PX | UR | UX, ALL},
    {"APTable = 11", TTD_AP_TABLE_USER | TTD_AP_TABLE_READ, US, PR | PX | UX, ALL},
    {"PXNTable", TTD_PXN_TABLE, RO | US, PR | UR | UX, PR | PX | UR | UX},
    {"UXNTable", TTD_UXN_TABLE, RO | US, PR | PX | UR, PR | PX | UR | UX},
};

static void run_hierarchy_with(struct rig *rig, const struct hierarchy *row, bool disabled) {
    struct rig_space space;
    map_one(rig, &space);
    set_cd(rig, &space, CD_HAD0, disabled);
    smmu_tables_map(&space.tables, VA, PA, 3, row->page | TTD_AF | TTD_NOT_GLOBAL);
    uint64_t entry = smmu_tables_find(&space.tables, VA, 1);
    rig_store(rig, entry, rig_load(rig, entry) | row->table);
    check_permissions(rig, VA, disabled ? row->disabled : row->expected);
}

static void run_hierarchy(struct rig *rig, const void *argument) {
    run_hierarchy_with(rig, argument, false);
}

static void run_had(struct rig *rig, const void *argument) {
    run_hierarchy_with(rig, argument, true);
}

/* EL2 without E2H: one privilege level, XN in place of UXN, AP[1] without meaning. */
struct el2 {
    const char *name;
    uint64_t attributes;
    uint8_t expected;
};

static const struct el2 el2s[] = {
    {"AP = 00", 0, 0x3f},
    {"AP = 10", RO, 0x2d},
    {"XN", TTD_UXN, 0x1b},
    {"AP = 10, XN", RO | TTD_UXN, 0x09},
    {"PXN means nothing", TTD_PXN, 0x3f},
};

static void run_el2(struct rig *rig, const void *argument) {
    const struct el2 *row = argument;
    struct rig_space space;
    map_one(rig, &space);
    space.stream.world = 2;
    rig_install(rig, 1, &space);
    smmu_tables_map(&space.tables, VA, PA, 3, row->attributes | TTD_AF);
    check_permissions(rig, VA, row->expected);
}

static void run_el2_range(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_tables upper;
    install_both(rig, &space, &upper, false);
    space.stream.world = 2;
    rig_install(rig, 1, &space);
    check_translates(rig, 1, VA, 0, PA);
    check_faults(rig, 1, 0xffffffffffffe000, 0, F_TRANSLATION);
}

/* --- Stage 2 permissions */

static const struct el2 stage2s[] = {
    {"S2AP = 00", TTD_S2_READ & 0, UX | PX},
    {"S2AP = 01", TTD_S2_READ, UR | PR | UX | PX},
    {"S2AP = 10", TTD_S2_WRITE, UW | PW | UX | PX},
    {"S2AP = 11", TTD_S2_READ | TTD_S2_WRITE, UR | PR | UW | PW | UX | PX},
    {"XN = 01: unprivileged execution", TTD_S2_READ | 1ul << 53, UR | PR | UX},
    {"XN = 10: no execution", TTD_S2_READ | 2ul << 53, UR | PR},
    {"XN = 11: privileged execution", TTD_S2_READ | 3ul << 53, UR | PR | PX},
};

static void run_stage2_permissions(struct rig *rig, const void *argument) {
    const struct el2 *row = argument;
    struct rig_space space;
    struct smmu_tables stage2;
    map_stage2(rig, &space, &stage2);
    smmu_tables_map(&stage2, IPA, PA, 3, row->attributes | TTD_AF | 0xful << 2);
    check_permissions(rig, IPA, row->expected);
}

/* Both stages have to permit. */
static void run_nested_permissions(struct rig *rig, const void *argument) {
    const struct el2 *row = argument;
    struct rig_space space;
    struct smmu_tables stage2;
    map_nested(rig, &space, &stage2);
    smmu_tables_map(&stage2, IPA, PA, 3, row->attributes | TTD_AF | 0xful << 2);
    check_permissions(rig, VA, row->expected & (UR | UW | UX | PR | PW));
}

/* --- Attributes */

struct type {
    const char *name;
    uint64_t stage1, stage2; /* descriptor bits; 0: no such stage */
    struct smmu_attributes incoming, expected;
    bool fwb;
};

#define IDX(i) ((uint64_t)(i) << 2)
#define SH(s)  ((uint64_t)(s) << 8)
#define S1     TTD_AF | TTD_NOT_GLOBAL | TTD_AP_USER
#define S2     TTD_AF | TTD_S2_READ | TTD_S2_WRITE

static const struct type types[] = {
    {"stage 1 write-back inner", S1 | IDX(0) | SH(3), 0, {0, 0}, {0xff, 3}, false},
    {"stage 1 write-back outer", S1 | IDX(0) | SH(2), 0, {0, 0}, {0xff, 2}, false},
    {"stage 1 write-back non-shareable", S1 | IDX(0) | SH(0), 0, {0, 0}, {0xff, 0}, false},
    {"stage 1 reserved shareability", S1 | IDX(0) | SH(1), 0, {0, 0}, {0xff, 0}, false},
    {"stage 1 non-cacheable is outer shareable", S1 | IDX(1) | SH(0), 0, {0xff, 3}, {0x44, 2}, false},
    {"stage 1 device is outer shareable", S1 | IDX(2) | SH(0), 0, {0xff, 3}, {0x04, 2}, false},
    {"stage 1 write-through", S1 | IDX(3) | SH(3), 0, {0, 0}, {0xbb, 3}, false},
    {"stage 2 device over incoming write-back", 0, S2 | IDX(1) | SH(3), {0xff, 3}, {0x04, 2}, false},
    {"stage 2 write-back keeps incoming device", 0, S2 | IDX(15) | SH(3), {0x08, 0}, {0x08, 2}, false},
    {"stage 2 write-back keeps incoming write-back", 0, S2 | IDX(15) | SH(0), {0xff, 3}, {0xff, 3}, false},
    {"stage 2 non-cacheable over incoming write-back", 0, S2 | IDX(5) | SH(0), {0xff, 3}, {0x44, 2}, false},
    {"nested: device over write-back", S1 | IDX(0) | SH(3), S2 | IDX(0) | SH(3), {0, 0}, {0x00, 2}, false},
    {"nested: write-back over device", S1 | IDX(2) | SH(3), S2 | IDX(15) | SH(3), {0, 0}, {0x04, 2}, false},
    {"nested: both device, the stricter", S1 | IDX(2) | SH(3), S2 | IDX(0) | SH(3), {0, 0}, {0x00, 2}, false},
    {"nested: non-cacheable over write-back", S1 | IDX(0) | SH(3), S2 | IDX(5) | SH(3), {0, 0}, {0x44, 2}, false},
    {"nested: write-through over write-back", S1 | IDX(3) | SH(3), S2 | IDX(15) | SH(3), {0, 0}, {0xbb, 3}, false},
    {"nested: outer over inner shareable", S1 | IDX(0) | SH(3), S2 | IDX(15) | SH(2), {0, 0}, {0xff, 2}, false},
    {"nested: inner over non-shareable", S1 | IDX(0) | SH(0), S2 | IDX(15) | SH(3), {0, 0}, {0xff, 3}, false},
    {"FWB 0110 forces write-back", S1 | IDX(1) | SH(3), S2 | IDX(6) | SH(3), {0, 0}, {0xff, 3}, true},
    {"FWB 0111 keeps stage 1", S1 | IDX(1) | SH(3), S2 | IDX(7) | SH(3), {0, 0}, {0x44, 2}, true},
    {"FWB 0101 makes non-cacheable", S1 | IDX(0) | SH(3), S2 | IDX(5) | SH(3), {0, 0}, {0x44, 2}, true},
    {"FWB 0001 makes device", S1 | IDX(0) | SH(3), S2 | IDX(1) | SH(3), {0, 0}, {0x04, 2}, true},
    {"FWB 0110 on stage 2 alone", 0, S2 | IDX(6) | SH(3), {0x44, 2}, {0xff, 3}, true},
};

static void run_type(struct rig *rig, const void *argument) {
    const struct type *row = argument;
    struct rig_space space;
    struct smmu_tables stage2;
    uint64_t ste[SMMU_STE_WORDS];
    struct smmu_transaction transaction = {.stream = 1, .address = VA, .attributes = row->incoming};
    struct smmu_result result;
    if (row->stage2 == 0) {
        map_one(rig, &space);
        smmu_tables_map(&space.tables, VA, PA, 3, row->stage1);
    } else if (row->stage1 == 0) {
        map_stage2(rig, &space, &stage2);
        transaction.address = IPA;
    } else {
        map_nested(rig, &space, &stage2);
        smmu_tables_map(&space.tables, VA, IPA, 3, row->stage1);
    }
    if (row->stage2 != 0) {
        smmu_tables_map(&stage2, IPA, PA, 3, row->stage2);
        smmu_build_stream(&space.stream, ste);
        smmu_field_set(ste, STE_S2FWB, row->fwb);
        rig_stream(rig, 1, ste);
        if (row->fwb) { /* what stage 2 says of the tables has another meaning then */
            for (uint64_t block = 0; block < RIG_RAM_BYTES; block += 2ul << 20) {
                smmu_tables_map(&stage2, block, block, 2, S2 | IDX(6) | SH(3));
            }
        }
    }
    for (unsigned i = 0; i < 3; i++) { /* the walk, the shared TLB, the port */
        memset(&result, 0xee, sizeof(result));
        assert_int_equal(smmu_translate(&rig->port, &transaction, &result), SMMU_OK);
        assert_int_equal(result.attributes.memory, row->expected.memory);
        assert_int_equal(result.attributes.shareability, row->expected.shareability);
    }
}

/* --- More */

static void run_contiguous(struct rig *rig, const void *argument) {
    const struct geometry *row = argument;
    struct rig_space space;
    struct smmu_result result;
    rig_stage1(rig, &space, row->granule, row->input_bits);
    uint64_t size = 1ul << smmu_level_bits(row->granule, row->level), base = 1ul << 36;
    for (uint64_t i = 0; i < row->output; i++) {
        smmu_tables_map(&space.tables, base + i * size, i * size, row->level, RIG_PAGE | TTD_CONTIGUOUS);
    }
    rig_install(rig, 1, &space);
    assert_int_equal(rig_access(rig, 1, base + size + 5, 0, &result), SMMU_OK);
    assert_int_equal(result.address, size + 5);
    assert_int_equal(1ul << result.page_bits, size * row->output);
    check_translates(rig, 1, base + size * (row->output - 1), 0, size * (row->output - 1));
    assert_int_equal(smmu_tlb_used(rig->smmu), 1);
}

static const struct geometry contiguous[] = {
    {"4 KiB: 16 pages", 12, 48, 3, 16, false, false},
    {"4 KiB: 16 blocks", 12, 48, 2, 16, false, false},
    {"16 KiB: 128 pages", 14, 48, 3, 128, false, false},
    {"16 KiB: 32 blocks", 14, 48, 2, 32, false, false},
    {"64 KiB: 32 pages", 16, 48, 3, 32, false, false},
    {"64 KiB: 32 blocks", 16, 48, 2, 32, false, false},
};

static void run_big_endian(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    rig_stage1(rig, &space, 12, 48);
    space.tables.big_endian = true;
    smmu_tables_map(&space.tables, VA, PA, 3, RIG_PAGE);
    rig_install(rig, 1, &space);
    check_translates(rig, 1, VA, SMMU_WRITE, PA);
}

static void run_big_endian_stage2(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_tables stage2;
    rig_stage1(rig, &space, 12, 48);
    rig_stage2(rig, &stage2, 12, 40);
    stage2.big_endian = true;
    smmu_tables_map(&stage2, IPA, PA, 3, RIG_PAGE2);
    space.stream.config = STE_CONFIG_S2;
    space.stream.stage2 = &stage2;
    space.stream.output_bits = 48;
    rig_install(rig, 1, &space);
    check_translates(rig, 1, IPA, SMMU_WRITE, PA);
}

static void run_no_transition(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    rig_stage1(rig, &space, 12, 48);
    smmu_tables_map(&space.tables, 1ul << 30, 0x600000, 2, RIG_PAGE | TTD_NO_TRANSITION);
    rig_install(rig, 1, &space);
    check_translates(rig, 1, 1ul << 30, 0, 0x600000);
    assert_int_equal(smmu_tlb_used(rig->smmu), 0);
    smmu_tables_map(&space.tables, 1ul << 30, 0x800000, 2, RIG_PAGE);
    check_translates(rig, 1, 1ul << 30, 0, 0x800000);
}

static void run_affd(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    map_one(rig, &space);
    smmu_tables_map(&space.tables, VA, PA, 3, TTD_AP_USER);
    space.context.access_flag_off = true;
    rig_install(rig, 1, &space);
    check_translates(rig, 1, VA, SMMU_WRITE, PA);
}

/* A table's bits below the size of the first table do not count. */
static void run_ttb_alignment(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    map_one(rig, &space);
    uint64_t cd1 = rig_load(rig, space.cd_address + 8);
    rig_store(rig, space.cd_address + 8, cd1 | 0xff0);
    check_translates(rig, 1, VA, 0, PA);
}

static void run_nested_sizes(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_tables stage2;
    struct smmu_result result;
    map_nested(rig, &space, &stage2);
    smmu_tables_map(&space.tables, 1ul << 40, 0x600000, 2, RIG_PAGE);
    assert_int_equal(rig_access(rig, 1, (1ul << 40) + 0x1234, 0, &result), SMMU_OK);
    assert_int_equal(result.page_bits, 21);
    assert_int_equal(result.address, 0x601234);
    assert_int_equal(rig_access(rig, 1, VA, 0, &result), SMMU_OK);
    assert_int_equal(result.page_bits, 12);
    smmu_tables_map(&space.tables, 2ul << 40, 0, 1, RIG_PAGE);
    assert_int_equal(rig_access(rig, 1, 2ul << 40, 0, &result), SMMU_OK);
    assert_int_equal(result.page_bits, 21); /* 1 GiB at stage 1, 2 MiB at stage 2 */
    check_faults(rig, 1, (2ul << 40) + RIG_RAM_BYTES, 0, F_TRANSLATION);
}

/* Both stages in pages of 4 KiB, which is what the plain walk is for: the same answers, and the same faults. */
static void run_nested_pages(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_tables stage2;
    struct smmu_result result;
    map_nested(rig, &space, &stage2);
    rig_stage2(rig, &stage2, 12, 48);
    for (uint64_t page = 0; page < 4ul << 20; page += 0x1000) {
        assert_true(smmu_tables_map(&stage2, page, page, 3, RIG_PAGE2));
    }
    smmu_tables_map(&stage2, IPA, PA, 3, TTD_AF | TTD_S2_READ | IDX(5) | SH(3));
    rig_install(rig, 1, &space);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(rig_access(rig, 1, VA + 0x77, 0, &result), SMMU_OK);
        assert_int_equal(result.address, PA + 0x77);
        assert_int_equal(result.permissions, UR | UX | PR);
        assert_int_equal(result.attributes.memory, 0x44);
        assert_int_equal(result.attributes.shareability, 2);
    }
    check_outcome(rig, 1, VA, SMMU_WRITE, SMMU_ABORT);
    check_event(rig, F_PERMISSION, 1, F(EVENT_S2, 1), F(EVENT_CLASS, SMMU_CLASS_IN), F(EVENT_ADDRESS, VA), 192, 64,
                IPA, END);
    smmu_tables_map(&space.tables, VA + 0x1000, 1ul << 48, 3, RIG_PAGE);
    smmu_tables_map(&space.tables, VA + 0x2000, IPA + 0x1000, 3, RIG_PAGE);
    check_faults(rig, 1, VA + 0x2000, 0, F_TRANSLATION);
    uint64_t table = smmu_tables_find(&space.tables, VA, 3) & ~0xffful;
    smmu_tables_unmap(&stage2, table, 3);
    check_command(rig, CMD_TLBI_NSNH_ALL, 0);
    check_outcome(rig, 1, VA, 0, SMMU_ABORT);
    check_event(rig, F_TRANSLATION, 1, F(EVENT_RNW, 1), F(EVENT_S2, 1), F(EVENT_CLASS, SMMU_CLASS_TT),
                F(EVENT_ADDRESS, VA), 192, 64, table, END);
}

static const unsigned levels[] = {0, 1, 2, 3};
static const struct row rows[] = {
    {"3.4.1 two tags share an entry", run_tags_share, NULL, NULL},
    {"5.4 EPD0 and EPD1", run_epd, NULL, NULL},
    {"5.4 E0PD0: no unprivileged access", run_e0pd, NULL, NULL},
    {"7.3.12 F_WALK_EABT at level 0", run_walk_abort, &levels[0], NULL},
    {"7.3.12 F_WALK_EABT at level 1", run_walk_abort, &levels[1], NULL},
    {"7.3.12 F_WALK_EABT at level 2", run_walk_abort, &levels[2], NULL},
    {"7.3.12 F_WALK_EABT at level 3", run_walk_abort, &levels[3], NULL},
    {"5.4 EL2 has no upper half", run_el2_range, NULL, NULL},
    {"5.4 ENDI: big-endian tables", run_big_endian, NULL, NULL},
    {"5.2 S2ENDI: big-endian stage 2 tables", run_big_endian_stage2, NULL, NULL},
    {"6.3.4 BBML: a block with nT is not cached", run_no_transition, NULL, NULL},
    {"5.4 AFFD: no access flag faults", run_affd, NULL, NULL},
    {"5.4 TTB aligned to the first table", run_ttb_alignment, NULL, NULL},
    {"3.3.3 nested, both stages in pages", run_nested_pages, NULL, NULL},
    {"3.3.3 nested: the smaller of both blocks", run_nested_sizes, NULL, NULL},
};

#define ADD(prefix, table, run, prepare)                                                           \
    for (size_t i = 0; i < sizeof(table) / sizeof((table)[0]); i++) {                              \
        suite_add_named(prefix, (table)[i].name, run, &(table)[i], prepare);                       \
    }

int main(void) {
    suite_add_rows(rows);
    ADD("3.4 walk: ", geometries, run_geometry, prepare_geometry);
    ADD("3.4.1 range: ", ranges, run_range, NULL);
    ADD("7.3.22 descriptor: ", wrongs, run_wrong, NULL);
    ADD("3.3.5 stage 1: ", permissions, run_permissions, NULL);
    ADD("5.4 WXN: ", permissions, run_wxn, NULL);
    ADD("5.4 PAN: ", permissions, run_pan, NULL);
    ADD("3.3.5 tables: ", hierarchies, run_hierarchy, NULL);
    ADD("5.4 HAD0: ", hierarchies, run_had, NULL);
    ADD("3.3.5 EL2: ", el2s, run_el2, NULL);
    ADD("3.3.5 stage 2: ", stage2s, run_stage2_permissions, NULL);
    ADD("3.3.5 nested, ", stage2s, run_nested_permissions, NULL);
    ADD("13.1.5 ", types, run_type, NULL);
    ADD("3.3.5 contiguous: ", contiguous, run_contiguous, NULL);
    return suite_run("walk");
}
