/* SPDX-License-Identifier: MIT */
/* Tables and registers by somebody who means harm: no access outside of RAM, no endless loop, no crash. */
#include "smmuv3/test/suite.h"

#include <string.h>

static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* A table that points to itself has as many levels as any other. */
static void run_self_reference(struct rig *rig, const void *argument) {
    const unsigned *granule = argument;
    struct rig_space space;
    rig_stage1(rig, &space, *granule, 48);
    space.tables.root = rig_alloc(rig, 1ul << *granule);
    rig_install(rig, 1, &space);
    for (unsigned i = 0; i < 1u << (*granule - 3); i++) {
        rig_store(rig, space.tables.root + i * 8, space.tables.root | 0x403);
    }
    struct smmu_result result;
    assert_int_equal(rig_access(rig, 1, 0x123456789abc, 0, &result), SMMU_ABORT); /* AP = 00: privileged */
    check_event_type(rig, F_PERMISSION);
    assert_int_equal(rig_access(rig, 1, 0x123456789abc, SMMU_PRIVILEGED, &result), SMMU_OK);
    assert_int_equal(result.address, space.tables.root | (0x123456789abc & ((1ul << *granule) - 1)));
}

static void run_stage2_self_reference(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_tables stage2;
    struct smmu_result result;
    map_nested(rig, &space, &stage2);
    for (unsigned i = 0; i < 1024; i++) {
        rig_store(rig, stage2.root + i * 8, stage2.root | 0x4c3);
    }
    check_command(rig, CMD_CFGI_STE_RANGE, 31);
    enum smmu_outcome outcome = rig_access(rig, 1, VA, 0, &result);
    assert_true(outcome == SMMU_OK || outcome == SMMU_ABORT);
}

/* All of RAM is noise: entries, descriptors, tables, commands. Repeats with each seed. */
static void run_noise(struct rig *rig, const void *argument) {
    const uint64_t *seed = argument;
    uint64_t state = *seed;
    struct smmu_result result;
    for (uint64_t address = 0; address < 2ul << 20; address += 8) {
        uint64_t value = next_random(&state);
        rig_store(rig, address, (value & 7) < 3 ? value & 0x1fffffful : value);
    }
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t draw = next_random(&state);
        uint32_t stream = (uint32_t)draw & 0x1ff, flags = (uint32_t)(draw >> 9) & 0x7f;
        enum smmu_outcome outcome = rig_access_substream(rig, stream, (uint32_t)(draw >> 20) & 0xfffff,
                                                         next_random(&state) >> (draw >> 60 << 2), flags, &result);
        assert_true(outcome <= SMMU_BUSY);
        if (outcome == SMMU_OK) {
            assert_true(result.address < 1ul << 48);
        }
        if ((draw >> 48 & 15) == 0) {
            rig_write(rig, (uint32_t)(draw >> 32) & 0x1fffc, (uint32_t)next_random(&state));
        }
    }
}

/* Random bits in otherwise good structures find the corners of the checks. */
static void run_flipped(struct rig *rig, const void *argument) {
    const uint64_t *seed = argument;
    uint64_t state = *seed;
    struct rig_space space;
    struct smmu_tables stage2;
    struct smmu_result result;
    map_nested(rig, &space, &stage2);
    uint64_t places[] = {rig_stream_address(rig, 1), space.cd_address, space.tables.root, stage2.root};
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t draw = next_random(&state), place = places[draw & 3] + (draw >> 2 & 7) * 8;
        uint64_t before = rig_load(rig, place);
        rig_store(rig, place, before ^ 1ul << (draw >> 8 & 63) ^ 1ul << (draw >> 16 & 63));
        rig_command(rig, CMD_CFGI_STE | 1ul << 32, 0);
        assert_true(rig_access(rig, 1, VA, (uint32_t)(draw >> 24) & 7, &result) <= SMMU_BUSY);
        rig_store(rig, place, before);
        if ((draw >> 60) == 0) {
            rig_command(rig, CMD_TLBI_NSNH_ALL, 0);
            rig_command(rig, CMD_STALL_TERM | 1ul << 32, 0);
        }
    }
    rig_command(rig, CMD_TLBI_NSNH_ALL, 0);
    rig_command(rig, CMD_CFGI_STE_RANGE, 31);
    check_translates(rig, 1, VA, 0, PA);
}

static void run_queue_outside(struct rig *rig, const void *argument) {
    (void)argument;
    rig_write(rig, SMMU_CR0, 0);
    rig_write64(rig, SMMU_CMDQ_BASE, 0xfffffffffff00013);
    rig_write64(rig, SMMU_EVENTQ_BASE, 0xfffffffffff00013);
    rig_write64(rig, SMMU_PRIQ_BASE, 0xfffffffffff00013);
    rig_write(rig, SMMU_CR0, SMMU_CR0_SMMUEN | SMMU_CR0_QUEUES);
    rig_write(rig, SMMU_CMDQ_PROD, 1);
    check_outcome(rig, 1, 0, 0, SMMU_ABORT);
    const struct smmu_page_request page = {.stream = 1, .read = true, .last = true};
    assert_false(smmu_page_request(rig->smmu, &page));
    assert_int_equal(rig_read(rig, SMMU_GERROR),
                     SMMU_GERROR_CMDQ | SMMU_GERROR_EVENTQ_ABT | SMMU_GERROR_PRIQ_ABT);
}

static void run_stream_table_outside(struct rig *rig, const void *argument) {
    (void)argument;
    rig_write(rig, SMMU_CR0, SMMU_CR0_QUEUES);
    rig_write64(rig, SMMU_STRTAB_BASE, 0x00ffffffffffffc0);
    rig_write(rig, SMMU_STRTAB_BASE_CFG, 1u << 16 | 6 << 6 | 16);
    rig_write(rig, SMMU_CR0, SMMU_CR0_SMMUEN | SMMU_CR0_QUEUES);
    check_faults(rig, 0xffff, 0, 0, F_STE_FETCH);
}

static void run_largest_substream(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_result result;
    map_one(rig, &space);
    space.stream.context_bits = 20;
    rig_install(rig, 1, &space);
    assert_int_equal(rig_access_substream(rig, 1, 0xffffffff, VA, SMMU_SUBSTREAM, &result), SMMU_ABORT);
    check_event_type(rig, C_BAD_SUBSTREAMID);
    assert_int_equal(rig_access_substream(rig, 1, 0xfffff, VA, SMMU_SUBSTREAM, &result), SMMU_ABORT);
    check_event_type(rig, F_CD_FETCH);
    /* Without SSV whatever is in the SubstreamID does not count, in the caches neither. */
    space.stream.context_bits = 0;
    rig_install(rig, 1, &space);
    rig_command(rig, CMD_CFGI_STE | 1ul << 32, 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(rig_access_substream(rig, 1, 5 + i, VA, 0, &result), SMMU_OK);
        assert_int_equal(result.address, PA);
    }
    assert_int_equal(smmu_configuration_used(rig->smmu), 1);
}

/* Flags beyond those that exist. */
static void run_odd_flags(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_result result;
    map_one(rig, &space);
    assert_int_equal(rig_access(rig, 1, VA, 0xffffff00, &result), SMMU_OK);
    assert_int_equal(result.address, PA);
    assert_int_equal(rig_access(rig, 1, VA, 0xffffff00, &result), SMMU_OK);
}

/* More stalls than there is room for, and a guest that only ever retries. */
static void run_stall_storm(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_result result;
    uint64_t record[SMMU_EVENT_WORDS];
    map_one(rig, &space);
    space.context.stall = true;
    rig_install(rig, 1, &space);
    for (uint64_t i = 0; i < 500; i++) {
        enum smmu_outcome outcome = rig_access(rig, 1, i << 12, 0, &result);
        assert_true(outcome == SMMU_STALLED || outcome == SMMU_BUSY);
        if (rig_event(rig, record)) {
            rig_command(rig, CMD_RESUME | 1ul << 32 | 1 << 12, smmu_field(record, EVENT_STAG));
        }
    }
    assert_int_equal(smmu_stalls_held(rig->smmu), rig->config.stall_entries);
    check_command(rig, CMD_STALL_TERM | 1ul << 32, 0);
    assert_int_equal(rig->resumes, rig->config.stall_entries);
}

static const unsigned granules[] = {12, 14, 16};
static const uint64_t seeds[] = {1, 0x123456789, 0xfeedface, 77};
static const struct row rows[] = {
    {"hostile: 4 KiB table that points to itself", run_self_reference, &granules[0], NULL},
    {"hostile: 16 KiB table that points to itself", run_self_reference, &granules[1], NULL},
    {"hostile: 64 KiB table that points to itself", run_self_reference, &granules[2], NULL},
    {"hostile: stage 2 table that points to itself", run_stage2_self_reference, NULL, NULL},
    {"hostile: noise, seed 1", run_noise, &seeds[0], NULL},
    {"hostile: noise, seed 2", run_noise, &seeds[1], NULL},
    {"hostile: noise, seed 3", run_noise, &seeds[2], NULL},
    {"hostile: noise, seed 4", run_noise, &seeds[3], NULL},
    {"hostile: flipped bits, seed 1", run_flipped, &seeds[0], NULL},
    {"hostile: flipped bits, seed 2", run_flipped, &seeds[1], NULL},
    {"hostile: flipped bits, seed 3", run_flipped, &seeds[2], NULL},
    {"hostile: flipped bits, seed 4", run_flipped, &seeds[3], NULL},
    {"hostile: queues outside of memory", run_queue_outside, NULL, NULL},
    {"hostile: stream table outside of memory", run_stream_table_outside, NULL, NULL},
    {"hostile: the largest SubstreamIDs", run_largest_substream, NULL, NULL},
    {"hostile: flags that do not exist", run_odd_flags, NULL, NULL},
    {"hostile: more stalls than there is room for", run_stall_storm, NULL, NULL},
};

int main(void) {
    suite_add_rows(rows);
    return suite_run("hostile");
}
