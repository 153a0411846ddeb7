/* SPDX-License-Identifier: MIT */
/* The library's own side: configuration, caches and their replacement, ports, statistics, save and restore. */
#include "smmuv3/test/suite.h"

#include <stdlib.h>
#include <string.h>

/* --- Configurations that cannot be */

struct impossible {
    const char *name;
    uint32_t without, with;
    int field; /* which of the sizes is wrong */
};

static const struct impossible impossibles[] = {
    {"no stage", SMMU_FEATURE_STAGE1 | SMMU_FEATURE_STAGE2, 0, 0},
    {"EL2 without stage 1", SMMU_FEATURE_STAGE1 | SMMU_FEATURE_SECURE | SMMU_FEATURE_TWO_LEVEL_CONTEXTS, 0, 0},
    {"PRI without ATS", SMMU_FEATURE_ATS, 0, 0},
    {"many streams with linear tables only", SMMU_FEATURE_TWO_LEVEL_STREAMS, 0, 0},
    {"52-bit addresses without 64 KiB pages", 0, 0, 1},
    {"SIDSIZE = 33", 0, 0, 2},
    {"SSIDSIZE = 21", 0, 0, 3},
    {"OAS = 47", 0, 0, 4},
    {"a command queue of 2^20", 0, 0, 5},
    {"a TLB of 100 entries", 0, 0, 6},
    {"a TLB of 2 entries", 0, 0, 7},
    {"a configuration cache of 3", 0, 0, 8},
    {"no room for a stall", 0, 0, 9},
    {"70000 stalls", 0, 0, 10},
    {"no port", 0, 0, 11},
    {"HTTU = 3", 0, 0, 12},
    {"STALL_MODEL = 3", 0, 0, 13},
    {"no granule", 0, 0, 14},
    {"an unknown replacement", 0, 0, 15},
};

static void run_impossible(struct rig *rig, const void *argument) {
    const struct impossible *row = argument;
    struct smmu_config config = rig->config;
    config.features = (config.features & ~row->without) | row->with;
    switch (row->field) {
    case 1: config.granules = SMMU_GRANULE_4K; break;
    case 2: config.stream_bits = 33; break;
    case 3: config.substream_bits = 21; break;
    case 4: config.output_bits = 47; break;
    case 5: config.command_queue_bits = 20; break;
    case 6: config.tlb_entries = 100; break;
    case 7: config.tlb_entries = 2; break;
    case 8: config.configuration_entries = 3; break;
    case 9: config.stall_entries = 0; break;
    case 10: config.stall_entries = 70000; break;
    case 11: config.port_entries = 0; break;
    case 12: config.hardware_update = 3; break;
    case 13: config.stall_model = 3; break;
    case 14: config.granules = 0; break;
    case 15: config.replacement = 2; break;
    default: break;
    }
    assert_int_equal(smmu_size(&config), 0);
    assert_null(smmu_init(NULL, &config, &rig->bus));
}

/* --- Ports */

static void run_ports(struct rig *rig, const void *argument) {
    (void)argument;
    struct smmu_port ports[16];
    void *memory = malloc(smmu_port_size(1, 1));
    assert_int_equal(smmu_port_size(3, 4), 0);
    assert_int_equal(smmu_port_size(4, 0), 0);
    assert_false(smmu_port_init(&ports[0], rig->smmu, memory, 3, 4));
    for (unsigned i = 1; i < rig->config.port_entries; i++) {
        assert_true(smmu_port_init(&ports[i], rig->smmu, memory, 1, 1));
    }
    assert_false(smmu_port_init(&ports[0], rig->smmu, memory, 1, 1));
    free(memory);
}

/* A port answers what it knows; whatever is invalidated, it asks again, and the shared TLB still knows the rest. */
static void run_port_hits(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_statistics before, after;
    map_one(rig, &space);
    check_translates(rig, 1, VA, 0, PA);
    uint64_t hits = rig->port.hits;
    for (unsigned i = 0; i < 10; i++) {
        check_translates(rig, 1, VA + i, SMMU_WRITE, PA + i);
    }
    assert_int_equal(rig->port.hits, hits + 10);
    check_command(rig, CMD_TLBI_NH_VA | 1ul << 48, VA + 0x1000);
    smmu_statistics(rig->smmu, &before);
    check_translates(rig, 1, VA, 0, PA);
    smmu_statistics(rig->smmu, &after);
    assert_int_equal(rig->port.hits, hits + 10);
    assert_int_equal(after.tlb_hits, before.tlb_hits + 1);
    assert_int_equal(after.walks, before.walks);
}

/* The page of one stream is not another's, though both are in the same place of the port. */
static void run_port_conflicts(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space first, second;
    map_one(rig, &first);
    rig_stage1(rig, &second, 12, 48);
    second.context.asid = 2;
    smmu_tables_map(&second.tables, VA, 0x00444000, 3, RIG_PAGE);
    rig_install(rig, 17, &second); /* 16 places */
    for (unsigned i = 0; i < 4; i++) {
        check_translates(rig, 1, VA, 0, PA);
        check_translates(rig, 17, VA, 0, 0x00444000);
    }
    for (uint64_t i = 0; i < 300; i++) {
        smmu_tables_map(&first.tables, (i + 1) << 20, i << 12, 3, RIG_PAGE);
    }
    for (uint64_t i = 0; i < 600; i++) {
        check_translates(rig, 1, (i % 300 + 1) << 20, 0, i % 300 << 12);
    }
}

/* --- Replacement in the shared TLB */

static void prepare_small(struct rig *rig, const void *argument) {
    const uint8_t *replacement = argument;
    rig->config.tlb_entries = 4;
    rig->config.configuration_entries = 4;
    rig->config.replacement = *replacement;
}

static bool is_cached(struct rig *rig, uint64_t address) {
    struct smmu_statistics before, after;
    struct smmu_result result;
    rig_command(rig, CMD_TLBI_NH_ASID | 99ul << 48, 0); /* so that the port asks */
    smmu_statistics(rig->smmu, &before);
    assert_int_equal(rig_access(rig, 1, address, 0, &result), SMMU_OK);
    smmu_statistics(rig->smmu, &after);
    return after.tlb_hits != before.tlb_hits;
}

static void run_replacement(struct rig *rig, const void *argument) {
    const uint8_t *replacement = argument;
    struct rig_space space;
    rig_stage1(rig, &space, 12, 48);
    rig_install(rig, 1, &space);
    for (uint64_t i = 0; i < 5; i++) {
        smmu_tables_map(&space.tables, i << 12, i << 12, 3, RIG_PAGE);
    }
    for (uint64_t i = 0; i < 4; i++) {
        assert_false(is_cached(rig, i << 12));
    }
    assert_int_equal(smmu_tlb_used(rig->smmu), 4);
    assert_true(is_cached(rig, 0)); /* used again: under LRU it stays */
    assert_false(is_cached(rig, 4ul << 12));
    assert_int_equal(smmu_tlb_used(rig->smmu), 4);
    assert_int_equal(is_cached(rig, 0), *replacement == SMMU_REPLACE_LRU);
}

static void run_configuration_replacement(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    map_one(rig, &space);
    for (unsigned round = 0; round < 3; round++) {
        for (uint32_t stream = 0; stream < 9; stream++) {
            rig_install(rig, stream, &space);
            check_translates(rig, stream, VA, 0, PA);
        }
    }
    assert_int_equal(smmu_configuration_used(rig->smmu), 4);
}

/* --- Statistics */

static void run_statistics(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_statistics statistics;
    struct smmu_ats_completion completion;
    const struct smmu_transaction request = {.stream = 1, .address = VA};
    const struct smmu_page_request page = {.stream = 1, .read = true, .last = true};
    map_one(rig, &space);
    space.context.hardware_access = true;
    rig_install(rig, 1, &space);
    smmu_tables_map(&space.tables, VA, PA, 3, RIG_PAGE & ~TTD_AF);
    check_translates(rig, 1, VA, 0, PA);
    check_faults(rig, 1, 0, 0, F_TRANSLATION);
    check_command(rig, CMD_TLBI_NSNH_ALL, 0);
    check_command(rig, CMD_SYNC | 1ul << 12, rig->events + 8);
    check_command_error(rig, 0xff, 0, SMMU_CERROR_ILL);
    smmu_ats_request(rig->smmu, &request, &completion);
    smmu_page_request(rig->smmu, &page);
    smmu_statistics(rig->smmu, &statistics);
    assert_int_equal(statistics.translations, 2);
    assert_int_equal(statistics.walks, 2);
    assert_int_equal(statistics.descriptor_updates, 1);
    assert_int_equal(statistics.faults, 1);
    assert_int_equal(statistics.events, 2);
    assert_int_equal(statistics.commands, 2);
    assert_int_equal(statistics.command_errors, 1);
    assert_int_equal(statistics.syncs, 1);
    assert_int_equal(statistics.tlb_insertions, 1);
    assert_int_equal(statistics.tlb_invalidated, 1);
    assert_int_equal(statistics.ats_requests, 1);
    assert_int_equal(statistics.page_requests, 1);
    assert_int_equal(statistics.messages, 1);
}

/* --- Save and restore */

static void move(struct rig *rig, void *buffer, size_t size) {
    assert_int_equal(smmu_save(rig->smmu, buffer, size), size);
    free(rig->state);
    free(rig->port_state);
    rig->state = aligned_alloc(64, smmu_size(&rig->config));
    rig->smmu = smmu_init(rig->state, &rig->config, &rig->bus);
    rig_add_port(rig);
}

static void run_save(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_statistics before, after;
    uint64_t record[SMMU_EVENT_WORDS];
    map_one(rig, &space);
    space.context.stall = true;
    rig_install(rig, 1, &space);
    check_translates(rig, 1, VA, 0, PA);
    check_outcome(rig, 1, VA + 0x1000, SMMU_WRITE, SMMU_STALLED);
    assert_true(rig_event(rig, record));
    smmu_tables_unmap(&space.tables, VA, 3); /* the stale entry goes along */
    smmu_statistics(rig->smmu, &before);
    size_t size = smmu_save(rig->smmu, NULL, 0);
    void *buffer = malloc(size);
    move(rig, buffer, size);
    assert_int_equal(rig_read(rig, SMMU_CR0ACK), 0);
    assert_true(smmu_restore(rig->smmu, buffer, size));
    free(buffer);
    assert_int_equal(rig_read(rig, SMMU_CR0ACK), SMMU_CR0_SMMUEN | SMMU_CR0_QUEUES | SMMU_CR0_ATSCHK);
    assert_int_equal(rig_read(rig, SMMU_EVENTQ_PROD), 1);
    smmu_statistics(rig->smmu, &after);
    assert_memory_equal(&before, &after, sizeof(before));
    check_translates(rig, 1, VA, 0, PA);
    assert_int_equal(smmu_stalls_held(rig->smmu), 1);
    smmu_tables_map(&space.tables, VA + 0x1000, PA, 3, RIG_PAGE);
    check_command(rig, CMD_RESUME | 1ul << 32 | 1 << 12, smmu_field(record, EVENT_STAG));
    assert_int_equal(rig->outcome[0], SMMU_OK);
    assert_int_equal(rig->resumed[0].address, VA + 0x1000);
}

/* Whatever is wrong with the bytes is seen before anything has changed. */
static void run_bad_bytes(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    map_one(rig, &space);
    check_translates(rig, 1, VA, 0, PA);
    size_t size = smmu_save(rig->smmu, NULL, 0);
    uint8_t *buffer = malloc(size), *changed = malloc(size);
    assert_int_equal(smmu_save(rig->smmu, buffer, size), size);
    assert_int_equal(smmu_save(rig->smmu, buffer, size - 1), size);
    for (size_t length = 0; length < 400; length++) {
        assert_false(smmu_restore(rig->smmu, buffer, length));
    }
    assert_false(smmu_restore(rig->smmu, buffer, size - 1));
    for (size_t byte = 0; byte < 40; byte++) { /* magic, version, sizes, features, shape */
        memcpy(changed, buffer, size);
        changed[byte] ^= 0x40;
        if (byte < 28 || byte >= 32) {
            assert_false(smmu_restore(rig->smmu, changed, size));
        }
    }
    uint64_t state = 5;
    for (unsigned i = 0; i < 3000; i++) {
        memcpy(changed, buffer, size);
        for (unsigned j = 0; j < 4; j++) {
            state = state * 6364136223846793005ul + 1442695040888963407ul;
            changed[(state >> 20) % size] = (uint8_t)(state >> 50);
        }
        if (smmu_restore(rig->smmu, changed, size)) {
            struct smmu_result result;
            assert_true(rig_access(rig, 1, VA, 0, &result) <= SMMU_BUSY);
        }
    }
    assert_true(smmu_restore(rig->smmu, buffer, size));
    check_translates(rig, 1, VA, 0, PA);
    free(buffer);
    free(changed);
}

/* Stage 2 alone answers by the device's attributes: a port must not mix them up. */
static void run_port_attributes(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    struct smmu_tables stage2;
    struct smmu_result result;
    map_stage2(rig, &space, &stage2);
    for (unsigned i = 0; i < 6; i++) {
        struct smmu_transaction transaction = {
            .stream = 1, .address = IPA, .attributes = {i % 2 == 0 ? 0xff : 0x44, 3}};
        assert_int_equal(smmu_translate(&rig->port, &transaction, &result), SMMU_OK);
        assert_int_equal(result.attributes.memory, transaction.attributes.memory);
    }
}

/* What was cached of the configuration before a restore is forgotten. */
static void run_restore_over(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    map_one(rig, &space);
    size_t size = smmu_save(rig->smmu, NULL, 0);
    void *buffer = malloc(size);
    assert_int_equal(smmu_save(rig->smmu, buffer, size), size);
    check_translates(rig, 1, VA, 0, PA);
    rig_store(rig, rig_stream_address(rig, 1), 0);
    assert_true(smmu_restore(rig->smmu, buffer, size));
    free(buffer);
    check_faults(rig, 1, VA, 0, C_BAD_STE);
}

static void run_other_configuration(struct rig *rig, const void *argument) {
    (void)argument;
    size_t size = smmu_save(rig->smmu, NULL, 0);
    void *buffer = malloc(size);
    assert_int_equal(smmu_save(rig->smmu, buffer, size), size);
    struct smmu_config config = rig->config;
    config.hardware_update = 1;
    void *memory = aligned_alloc(64, smmu_size(&config));
    struct smmu *other = smmu_init(memory, &config, &rig->bus);
    assert_false(smmu_restore(other, buffer, size));
    free(memory);
    free(buffer);
}

/* A CMD_SYNC that waited for a bracket does not wait for ever on the other side. */
static void run_saved_sync(struct rig *rig, const void *argument) {
    (void)argument;
    smmu_port_begin(&rig->port);
    rig_command(rig, CMD_SYNC, 0);
    assert_int_equal(rig_read(rig, SMMU_CMDQ_CONS), 0);
    size_t size = smmu_save(rig->smmu, NULL, 0);
    void *buffer = malloc(size);
    move(rig, buffer, size);
    assert_true(smmu_restore(rig->smmu, buffer, size));
    free(buffer);
    assert_int_equal(rig_read(rig, SMMU_CMDQ_CONS), 1);
}

/* --- Builders */

static void run_builders(struct rig *rig, const void *argument) {
    (void)argument;
    struct smmu_tables tables;
    assert_int_equal(smmu_build_l1_stream(0x123440, 6), 0x123447);
    assert_int_equal(smmu_build_l1_context(0x123456), 0x123001);
    rig_stage2(rig, &tables, 12, 40);
    assert_int_equal(tables.start_level, 1);
    assert_int_equal(smmu_tables_find(&tables, 0x1000, 3), 0);
    assert_false(smmu_tables_unmap(&tables, 0x1000, 3));
    assert_true(smmu_tables_map(&tables, 1ul << 30, 1ul << 30, 1, RIG_PAGE2));
    assert_false(smmu_tables_map(&tables, (1ul << 30) + 0x1000, 0, 3, RIG_PAGE2)); /* a block is in the way */
    assert_false(smmu_tables_map(&tables, 0, 0, 0, RIG_PAGE2));                    /* above the first level */
    rig->next = rig->ram_bytes;
    assert_false(smmu_tables_map(&tables, 2ul << 30, 0, 3, RIG_PAGE2)); /* no memory */
    assert_false(smmu_tables_init(&tables, &rig->memory, 12, 48, false));
}

static const uint8_t fifo = SMMU_REPLACE_FIFO, lru = SMMU_REPLACE_LRU;
static const struct row rows[] = {
    {"library: ports", run_ports, NULL, NULL},
    {"library: a port's caches", run_port_hits, NULL, NULL},
    {"library: conflicts in a port's caches", run_port_conflicts, NULL, NULL},
    {"library: replacement, first in first out", run_replacement, &fifo, prepare_small},
    {"library: replacement, second chance", run_replacement, &lru, prepare_small},
    {"library: replacement of configuration", run_configuration_replacement, &fifo, prepare_small},
    {"library: statistics", run_statistics, NULL, NULL},
    {"library: save and restore", run_save, NULL, NULL},
    {"library: restore of bad bytes", run_bad_bytes, NULL, NULL},
    {"library: attributes in a port's caches", run_port_attributes, NULL, NULL},
    {"library: restore over a running state", run_restore_over, NULL, NULL},
    {"library: restore into another configuration", run_other_configuration, NULL, NULL},
    {"library: restore of a waiting SYNC", run_saved_sync, NULL, NULL},
    {"library: builders", run_builders, NULL, NULL},
};

int main(void) {
    suite_add_rows(rows);
    for (size_t i = 0; i < sizeof(impossibles) / sizeof(impossibles[0]); i++) {
        suite_add_named("library: impossible: ", impossibles[i].name, run_impossible, &impossibles[i], NULL);
    }
    return suite_run("state");
}
