/* SPDX-License-Identifier: MIT */
/* See suite.h. */
#include "smmuv3/test/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 1024u

static struct row rows[ROWS_MAX];
static struct CMUnitTest tests[ROWS_MAX];
static size_t row_count;

void suite_add(const struct row *row) {
    if (row_count == ROWS_MAX) {
        abort();
    }
    rows[row_count] = *row;
    rows[row_count].name = strdup(row->name);
    row_count++;
}

void suite_add_named(const char *prefix, const char *name, void (*run)(struct rig *rig, const void *argument),
                     const void *argument, void (*prepare)(struct rig *rig, const void *argument)) {
    char text[160];
    snprintf(text, sizeof(text), "%s%s", prefix, name);
    suite_add(&(struct row){text, run, argument, prepare});
}

static void run_row(void **state) {
    const struct row *row = *state;
    struct rig rig;
    rig_prepare(&rig);
    if (row->prepare != NULL) {
        row->prepare(&rig, row->argument);
    }
    rig_init(&rig);
    rig_start(&rig);
    row->run(&rig, row->argument);
    rig_free(&rig);
}

int suite_run(const char *name) {
    for (size_t i = 0; i < row_count; i++) {
        tests[i] = (struct CMUnitTest){.name = rows[i].name, .test_func = run_row, .initial_state = &rows[i]};
    }
    int failed = _cmocka_run_group_tests(name, tests, row_count, NULL, NULL);
    for (size_t i = 0; i < row_count; i++) {
        free((void *)(uintptr_t)rows[i].name);
    }
    return failed;
}

/* --- Events */

void check_event(struct rig *rig, enum smmu_event type, uint32_t stream, ...) {
    uint64_t expected[SMMU_EVENT_WORDS] = {0}, record[SMMU_EVENT_WORDS];
    va_list fields;
    smmu_field_set(expected, EVENT_TYPE, type);
    smmu_field_set(expected, EVENT_SID, stream);
    va_start(fields, stream);
    for (int low = va_arg(fields, int); low >= 0; low = va_arg(fields, int)) {
        int width = va_arg(fields, int);
        smmu_field_set(expected, (unsigned)low, (unsigned)width, va_arg(fields, uint64_t));
    }
    va_end(fields);
    assert_true(rig_event(rig, record));
    for (unsigned i = 0; i < SMMU_EVENT_WORDS; i++) {
        assert_int_equal(record[i], expected[i]);
    }
}

void check_no_event(struct rig *rig) {
    assert_int_equal(rig_event_count(rig), 0);
}

void check_event_type(struct rig *rig, enum smmu_event type) {
    uint64_t record[SMMU_EVENT_WORDS];
    assert_true(rig_event(rig, record));
    assert_int_equal(smmu_field(record, EVENT_TYPE), type);
}

/* --- Transactions */

void check_translates(struct rig *rig, uint32_t stream, uint64_t address, uint32_t flags, uint64_t expected) {
    struct smmu_result result;
    assert_int_equal(rig_access(rig, stream, address, flags, &result), SMMU_OK);
    assert_int_equal(result.address, expected);
}

void check_outcome(struct rig *rig, uint32_t stream, uint64_t address, uint32_t flags, enum smmu_outcome expected) {
    struct smmu_result result;
    assert_int_equal(rig_access(rig, stream, address, flags, &result), expected);
}

void check_faults(struct rig *rig, uint32_t stream, uint64_t address, uint32_t flags, enum smmu_event type) {
    check_outcome(rig, stream, address, flags, SMMU_ABORT);
    check_event_type(rig, type);
    check_no_event(rig);
}

/* --- Commands */

void check_command(struct rig *rig, uint64_t word0, uint64_t word1) {
    rig_command(rig, word0, word1);
    assert_int_equal(rig_read(rig, SMMU_CMDQ_CONS), rig->command_prod);
    assert_int_equal((rig_read(rig, SMMU_GERROR) ^ rig_read(rig, SMMU_GERRORN)) & SMMU_GERROR_CMDQ, 0);
}

void check_command_error(struct rig *rig, uint64_t word0, uint64_t word1, enum smmu_command_error error) {
    uint32_t before = rig_read(rig, SMMU_CMDQ_CONS);
    rig_command(rig, word0, word1);
    assert_int_equal(rig_read(rig, SMMU_CMDQ_CONS), (before & 0xfffff) | (uint32_t)error << SMMU_CMDQ_ERROR_SHIFT);
    assert_int_equal((rig_read(rig, SMMU_GERROR) ^ rig_read(rig, SMMU_GERRORN)) & SMMU_GERROR_CMDQ,
                     SMMU_GERROR_CMDQ);
}

/* --- Streams */

void map_one(struct rig *rig, struct rig_space *space) {
    rig_stage1(rig, space, 12, 48);
    assert_true(smmu_tables_map(&space->tables, VA, PA, 3, RIG_PAGE));
    rig_install(rig, 1, space);
}

static void make_stage2(struct rig *rig, struct smmu_tables *stage2) {
    rig_stage2(rig, stage2, 12, 40);
    for (uint64_t block = 0; block < RIG_RAM_BYTES; block += 2ul << 20) {
        assert_true(smmu_tables_map(stage2, block, block, 2, RIG_PAGE2));
    }
    assert_true(smmu_tables_map(stage2, IPA, PA, 3, RIG_PAGE2));
}

void map_nested(struct rig *rig, struct rig_space *space, struct smmu_tables *stage2) {
    make_stage2(rig, stage2);
    rig_stage1(rig, space, 12, 48);
    space->stream.config = STE_CONFIG_NESTED;
    space->stream.stage2 = stage2;
    space->stream.output_bits = 48;
    space->stream.vmid = 1;
    assert_true(smmu_tables_map(&space->tables, VA, IPA, 3, RIG_PAGE));
    rig_install(rig, 1, space);
}

void map_stage2(struct rig *rig, struct rig_space *space, struct smmu_tables *stage2) {
    make_stage2(rig, stage2);
    rig_stage1(rig, space, 12, 48);
    space->stream.config = STE_CONFIG_S2;
    space->stream.stage2 = stage2;
    space->stream.output_bits = 48;
    space->stream.vmid = 1;
    rig_install(rig, 1, space);
}
