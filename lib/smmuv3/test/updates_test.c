/* SPDX-License-Identifier: MIT */
/* Hardware updates of access flag and dirty state (3.13). */
#include "smmuv3/test/suite.h"

#include <string.h>

#define CLEAN (RIG_PAGE | TTD_AP_READ_ONLY | TTD_DBM)

static uint64_t leaf_of(struct rig *rig, const struct smmu_tables *tables, uint64_t input) {
    return rig_load(rig, smmu_tables_find(tables, input, 3));
}

/* --- Stage 1: what becomes of a descriptor */

struct update {
    const char *name;
    uint64_t before;
    bool access, dirty; /* HA, HD */
    uint32_t flags;
    enum smmu_event expected; /* 0: translated */
    uint64_t set, cleared;    /* bits of the descriptor afterwards */
};

static const struct update updates[] = {
    {"HA: read sets AF", RIG_PAGE & ~TTD_AF, true, false, 0, 0, TTD_AF, 0},
    {"HA: write sets AF", RIG_PAGE & ~TTD_AF, true, false, SMMU_WRITE, 0, TTD_AF, 0},
    {"without HA: F_ACCESS", RIG_PAGE & ~TTD_AF, false, false, 0, F_ACCESS, 0, TTD_AF},
    {"HA: no permission, no AF", (RIG_PAGE & ~TTD_AF) | TTD_AP_READ_ONLY, true, false, SMMU_WRITE, F_PERMISSION, 0,
     TTD_AF},
    {"HD: write makes a clean page dirty", CLEAN, true, true, SMMU_WRITE, 0, TTD_AF | TTD_DBM, TTD_AP_READ_ONLY},
    {"HD: read leaves it clean", CLEAN, true, true, 0, 0, TTD_AP_READ_ONLY, 0},
    {"HD: write sets AF and dirty at once", CLEAN & ~TTD_AF, true, true, SMMU_WRITE, 0, TTD_AF, TTD_AP_READ_ONLY},
    {"HD without DBM: F_PERMISSION", RIG_PAGE | TTD_AP_READ_ONLY, true, true, SMMU_WRITE, F_PERMISSION,
     TTD_AP_READ_ONLY, 0},
    {"DBM without HD: F_PERMISSION", CLEAN, true, false, SMMU_WRITE, F_PERMISSION, TTD_AP_READ_ONLY, 0},
    {"HD without HA: F_PERMISSION", CLEAN, false, true, SMMU_WRITE, F_PERMISSION, TTD_AP_READ_ONLY, 0},
    {"HD: a privileged page stays so", CLEAN & ~TTD_AP_USER, true, true, SMMU_WRITE, F_PERMISSION, TTD_AP_READ_ONLY, 0},
    {"HD: privileged write to it", CLEAN & ~TTD_AP_USER, true, true, SMMU_WRITE | SMMU_PRIVILEGED, 0, 0,
     TTD_AP_READ_ONLY},
};

static void run_update(struct rig *rig, const void *argument) {
    const struct update *row = argument;
    struct rig_space space;
    map_one(rig, &space);
    space.context.hardware_access = row->access;
    space.context.hardware_dirty = row->dirty;
    rig_install(rig, 1, &space);
    smmu_tables_map(&space.tables, VA, PA, 3, row->before);
    if (row->expected != 0) {
        check_faults(rig, 1, VA, row->flags, row->expected);
    } else {
        check_translates(rig, 1, VA, row->flags, PA);
    }
    uint64_t after = leaf_of(rig, &space.tables, VA);
    assert_int_equal(after & row->set, row->set);
    assert_int_equal(after & row->cleared, 0);
}

/* A clean page in the TLB does not hide the first write. */
static void run_cached_clean(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    map_one(rig, &space);
    space.context.hardware_access = space.context.hardware_dirty = true;
    rig_install(rig, 1, &space);
    smmu_tables_map(&space.tables, VA, PA, 3, CLEAN);
    check_translates(rig, 1, VA, 0, PA);
    assert_true((leaf_of(rig, &space.tables, VA) & TTD_AP_READ_ONLY) != 0);
    check_translates(rig, 1, VA, SMMU_WRITE, PA);
    assert_int_equal(leaf_of(rig, &space.tables, VA) & TTD_AP_READ_ONLY, 0);
    uint64_t hits = rig->port.hits;
    check_translates(rig, 1, VA, SMMU_WRITE, PA);
    assert_int_equal(rig->port.hits, hits + 1);
}

static void run_big_endian(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    rig_stage1(rig, &space, 12, 48);
    space.tables.big_endian = true;
    space.context.hardware_access = true;
    smmu_tables_map(&space.tables, VA, PA, 3, RIG_PAGE & ~TTD_AF);
    rig_install(rig, 1, &space);
    check_translates(rig, 1, VA, 0, PA);
    assert_true((__builtin_bswap64(leaf_of(rig, &space.tables, VA)) & TTD_AF) != 0);
}

static void run_update_aborts(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    map_one(rig, &space);
    space.context.hardware_access = true;
    rig_install(rig, 1, &space);
    smmu_tables_map(&space.tables, VA, PA, 3, RIG_PAGE & ~TTD_AF);
    rig->abort_writes_at = smmu_tables_find(&space.tables, VA, 3);
    check_outcome(rig, 1, VA, 0, SMMU_ABORT);
    check_event(rig, F_WALK_EABT, 1, F(EVENT_RNW, 1), F(EVENT_CLASS, SMMU_CLASS_TT), F(EVENT_ADDRESS, VA), 192, 64,
                rig->abort_writes_at, END);
}

/* A descriptor that changes every time: bounded work, and the device is told to come back. */
static void run_contended(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    map_one(rig, &space);
    space.context.hardware_access = true;
    rig_install(rig, 1, &space);
    smmu_tables_map(&space.tables, VA, PA, 3, RIG_PAGE & ~TTD_AF);
    rig->contend = true;
    check_outcome(rig, 1, VA, 0, SMMU_BUSY);
    check_no_event(rig);
    rig->contend = false;
    check_translates(rig, 1, VA, 0, PA);
}

/* --- Stage 2 and nested */

static void map_updating(struct rig *rig, struct rig_space *space, struct smmu_tables *stage2, bool stage1) {
    map_nested(rig, space, stage2);
    space->stream.stage2_hardware_access = space->stream.stage2_hardware_dirty = true;
    space->context.hardware_access = space->context.hardware_dirty = stage1;
    rig_install(rig, 1, space);
}

static void run_stage2(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_tables stage2;
    map_updating(rig, &space, &stage2, false);
    smmu_tables_map(&stage2, IPA, PA, 3, TTD_S2_READ | 0xful << 2 | TTD_DBM);
    check_translates(rig, 1, VA, 0, PA);
    assert_int_equal(leaf_of(rig, &stage2, IPA) & (TTD_AF | TTD_S2_WRITE), TTD_AF);
    check_translates(rig, 1, VA, SMMU_WRITE, PA);
    assert_int_equal(leaf_of(rig, &stage2, IPA) & (TTD_AF | TTD_S2_WRITE), TTD_AF | TTD_S2_WRITE);
}

static void run_stage2_alone(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_tables stage2;
    map_stage2(rig, &space, &stage2);
    space.stream.stage2_hardware_access = true;
    rig_install(rig, 1, &space);
    smmu_tables_map(&stage2, IPA, PA, 3, RIG_PAGE2 & ~TTD_AF);
    check_translates(rig, 1, IPA, SMMU_WRITE, PA);
    assert_true((leaf_of(rig, &stage2, IPA) & TTD_AF) != 0);
    rig->contend = true;
    smmu_tables_map(&stage2, IPA + 0x1000, PA, 3, RIG_PAGE2 & ~TTD_AF);
    check_outcome(rig, 1, IPA + 0x1000, 0, SMMU_BUSY);
    rig->contend = false;
    rig->abort_writes_at = smmu_tables_find(&stage2, IPA + 0x1000, 3);
    check_outcome(rig, 1, IPA + 0x1000, 0, SMMU_ABORT);
    check_event(rig, F_WALK_EABT, 1, F(EVENT_RNW, 1), F(EVENT_S2, 1), F(EVENT_CLASS, SMMU_CLASS_IN),
                F(EVENT_ADDRESS, IPA + 0x1000), 192, 64, rig->abort_writes_at, END);
}

/* The write of a stage 1 descriptor is a write to stage 2, which may refuse it. */
static void run_table_write_refused(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_tables stage2;
    map_updating(rig, &space, &stage2, true);
    smmu_tables_map(&space.tables, VA, IPA, 3, RIG_PAGE & ~TTD_AF);
    uint64_t descriptor = smmu_tables_find(&space.tables, VA, 3);
    for (uint64_t block = 0; block < RIG_RAM_BYTES; block += 2ul << 20) {
        smmu_tables_map(&stage2, block, block, 2, RIG_PAGE2 & ~TTD_S2_WRITE);
    }
    check_outcome(rig, 1, VA, 0, SMMU_ABORT);
    check_event(rig, F_PERMISSION, 1, F(EVENT_RNW, 1), F(EVENT_S2, 1), F(EVENT_CLASS, SMMU_CLASS_TT),
                F(EVENT_ADDRESS, VA), 192, 64, descriptor & EVENT_IPA, END);
    assert_int_equal(rig_load(rig, descriptor) & TTD_AF, 0);
}

static void run_table_marked_dirty(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_tables stage2;
    map_updating(rig, &space, &stage2, true);
    smmu_tables_map(&space.tables, VA, IPA, 3, CLEAN & ~TTD_AF);
    uint64_t descriptor = smmu_tables_find(&space.tables, VA, 3), block = descriptor & ~0x1ffffful;
    smmu_tables_map(&stage2, block, block, 2, TTD_S2_READ | TTD_AF | TTD_DBM | 0xful << 2);
    check_translates(rig, 1, VA, SMMU_WRITE, PA);
    assert_true((rig_load(rig, descriptor) & TTD_AF) != 0);
    assert_true((rig_load(rig, smmu_tables_find(&stage2, block, 2)) & TTD_S2_WRITE) != 0);
}

/* Dirty state only if the write goes through: stage 2 refuses it. */
static void run_not_dirty_on_fault(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_tables stage2;
    map_updating(rig, &space, &stage2, true);
    smmu_tables_map(&space.tables, VA, IPA, 3, CLEAN);
    smmu_tables_map(&stage2, IPA, PA, 3, TTD_AF | TTD_S2_READ | 0xful << 2);
    check_faults(rig, 1, VA, SMMU_WRITE, F_PERMISSION);
    assert_true((leaf_of(rig, &space.tables, VA) & TTD_AP_READ_ONLY) != 0);
}

static void run_ats(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_ats_completion completion;
    struct smmu_transaction request = {.stream = 1, .address = VA};
    map_one(rig, &space);
    space.context.hardware_access = space.context.hardware_dirty = true;
    space.stream.eats = 1;
    rig_install(rig, 1, &space);
    smmu_tables_map(&space.tables, VA, PA, 3, CLEAN & ~TTD_AF);
    assert_int_equal(smmu_ats_request(rig->smmu, &request, &completion), SMMU_ATS_SUCCESS);
    assert_true(completion.read && !completion.write);
    assert_int_equal(leaf_of(rig, &space.tables, VA) & (TTD_AF | TTD_AP_READ_ONLY), TTD_AF | TTD_AP_READ_ONLY);
    request.flags = SMMU_WRITE;
    assert_int_equal(smmu_ats_request(rig->smmu, &request, &completion), SMMU_ATS_SUCCESS);
    assert_true(completion.read && completion.write);
    assert_int_equal(leaf_of(rig, &space.tables, VA) & TTD_AP_READ_ONLY, 0);
    smmu_tables_map(&space.tables, VA, PA, 3, TTD_NOT_GLOBAL); /* nothing is granted: no access flag */
    assert_int_equal(smmu_ats_request(rig->smmu, &request, &completion), SMMU_ATS_SUCCESS);
    assert_false(completion.read);
    assert_int_equal(leaf_of(rig, &space.tables, VA) & TTD_AF, 0);
    rig->contend = true;
    smmu_tables_map(&space.tables, VA, PA, 3, RIG_PAGE & ~TTD_AF);
    assert_int_equal(smmu_ats_request(rig->smmu, &request, &completion), SMMU_ATS_COMPLETER_ABORT);
}

static const struct row rows[] = {
    {"3.13.3 a clean page in the TLB", run_cached_clean, NULL, NULL},
    {"3.13.2 big-endian tables", run_big_endian, NULL, NULL},
    {"3.13.2 the update aborts: F_WALK_EABT", run_update_aborts, NULL, NULL},
    {"3.13.2 the descriptor changes every time: bounded", run_contended, NULL, NULL},
    {"3.13.5 stage 2, nested", run_stage2, NULL, NULL},
    {"3.13.5 stage 2 alone", run_stage2_alone, NULL, NULL},
    {"7.3.16 stage 2 refuses the update: TTRnW = 0", run_table_write_refused, NULL, NULL},
    {"3.13.5 stage 2 of the table becomes dirty", run_table_marked_dirty, NULL, NULL},
    {"3.13.5 a refused write dirties nothing", run_not_dirty_on_fault, NULL, NULL},
    {"3.13.7 ATS: access flag and dirty state", run_ats, NULL, NULL},
};

int main(void) {
    suite_add_rows(rows);
    for (size_t i = 0; i < sizeof(updates) / sizeof(updates[0]); i++) {
        suite_add_named("3.13 ", updates[i].name, run_update, &updates[i], NULL);
    }
    return suite_run("updates");
}
