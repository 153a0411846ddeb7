/* SPDX-License-Identifier: MIT */
/*
 * The ACPI reader against tables like those of QEMU's q35, built with one thing wrong each, cut off
 * and damaged at random, with checksums that are right all the same. Each read hands out a heap
 * block of its exact size, so that ASan sees every byte read too many.
 */
#include "base/test/hostile.h"

#include "x86_64/acpi.h"

#define MEMORY_SIZE 0xd00u
#define ROOT        0x10u
#define LIST        0x40u
#define MADT        0x100u
#define FADT        0x300u
#define DSDT        0x400u
#define READS_MAX   4096u

static uint8_t memory[MEMORY_SIZE];
static const uint8_t *input;
static size_t input_size;
static void *blocks[READS_MAX];
static unsigned block_count;
static struct acpi_machine machine;

static const void *read_copy(void *context, uint64_t address, size_t length) {
    (void)context;
    if (address > input_size || length > input_size - address || block_count == READS_MAX) {
        return NULL;
    }
    void *copy = malloc(length > 0 ? length : 1);
    assert_non_null(copy);
    memcpy(copy, input + address, length);
    blocks[block_count++] = copy;
    return copy;
}

static const struct acpi_reader reader = {read_copy, NULL};

static void free_blocks(void) {
    while (block_count > 0) {
        free(blocks[--block_count]);
    }
}

static const char *read_input(const uint8_t *bytes, size_t size) {
    input = bytes;
    input_size = size;
    const char *error = acpi_read(&reader, ROOT, &machine);
    free_blocks();
    return error;
}

static void put32(uint32_t offset, uint32_t value) {
    memcpy(memory + offset, &value, sizeof(value));
}

static void fix_sum(uint8_t *bytes, size_t size, size_t position) {
    uint8_t sum = 0;
    bytes[position] = 0;
    for (size_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    bytes[position] = (uint8_t)-sum;
}

/* The length is believed as far as the memory reaches. */
static void fix_table(uint8_t *bytes, uint32_t offset) {
    uint32_t size;
    memcpy(&size, bytes + offset + 4, sizeof(size));
    if (size >= 36 && size <= MEMORY_SIZE - offset) {
        fix_sum(bytes + offset, size, 9);
    }
}

static void fix_all(uint8_t *bytes) {
    fix_sum(bytes + ROOT, 20, 8);
    fix_sum(bytes + ROOT, 36, 32);
    fix_table(bytes, LIST);
    fix_table(bytes, MADT);
    fix_table(bytes, FADT);
    fix_table(bytes, DSDT);
}

static void put_header(uint32_t offset, const char *signature, uint32_t size) {
    memcpy(memory + offset, signature, 4);
    put32(offset + 4, size);
}

/* Two CPUs and a disabled one, an IOAPIC, the override of line 2 and one of line 9: level, low. */
static uint32_t put_entries(uint32_t offset) {
    static const uint8_t entries[] = {
        0, 8,  0,    0, 1, 0, 0,    0,                               /* CPU 0 */
        0, 8,  1,    4, 1, 0, 0,    0,                               /* CPU 4 */
        0, 8,  2,    6, 0, 0, 0,    0,                               /* disabled */
        1, 12, 0,    0, 0, 0, 0xc0, 0xfe, 0,    0, 0, 0,             /* IOAPIC */
        2, 10, 0,    0, 2, 0, 0,    0,    0,    0,                   /* ISA 0 is line 2 */
        2, 10, 0,    9, 9, 0, 0,    0,    0x0f, 0,                   /* line 9 */
        9, 16, 0,    0, 7, 0, 0,    0,    1,    0, 0, 0, 0, 0, 0, 0, /* CPU 7, wide form */
        9, 16, 0,    0, 0, 1, 0,    0,    1,    0, 0, 0, 0, 0, 0, 0, /* CPU 256: dropped */
        4, 6,  0xff, 0, 0, 1,                                        /* unknown to us */
    };
    memcpy(memory + offset, entries, sizeof(entries));
    return (uint32_t)sizeof(entries);
}

static void build(void) {
    static const uint8_t sleep[] = {'_',  'S',  '5',  '_',  0x12, 0x06,
                                    0x04, 0x0a, 0x05, 0x00, 0x00, 0x00};
    memset(memory, 0, sizeof(memory));
    memcpy(memory + ROOT, "RSD PTR ", 8);
    memory[ROOT + 15] = 2;
    put32(ROOT + 16, 0);
    put32(ROOT + 20, 36);
    put32(ROOT + 24, LIST);
    put_header(LIST, "XSDT", 36 + 24);
    put32(LIST + 36, FADT);
    put32(LIST + 44, MADT);
    put32(LIST + 52, 0xfffffff0u); /* a table that cannot be read is skipped */
    put32(MADT + 36, 0xfee00000u);
    put_header(MADT, "APIC", 44 + put_entries(MADT + 44));
    put_header(FADT, "FACP", 132);
    put32(FADT + 40, DSDT);
    put32(FADT + 64, 0x604);
    put_header(DSDT, "DSDT", 36 + 20);
    memcpy(memory + DSDT + 40, sleep, sizeof(sleep));
    fix_all(memory);
}

static const char *read_built(void) {
    fix_all(memory);
    return read_input(memory, sizeof(memory));
}

/* Whatever comes out must be within its arrays. */
static bool parse(const uint8_t *bytes, size_t size) {
    const char *error = read_input(bytes, size);
    assert_true(machine.cpu_count <= ACPI_CPU_MAX);
    assert_true(machine.ioapic_count <= ACPI_IOAPIC_MAX);
    assert_true(machine.override_count <= ACPI_OVERRIDE_MAX);
    assert_true(machine.sleep_type < 8);
    return error == NULL;
}

static bool parse_fixed(const uint8_t *bytes, size_t size) {
    uint8_t *copy = malloc(size);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    fix_all(copy);
    bool accepted = parse(copy, size);
    free(copy);
    return accepted;
}

static void machine_is_read(void **state) {
    (void)state;
    build();
    assert_null(read_built());
    assert_true(machine.has_madt);
    assert_int_equal(machine.local_apic, 0xfee00000u);
    assert_int_equal(machine.cpu_count, 3);
    assert_int_equal(machine.cpu[1], 4);
    assert_int_equal(machine.cpu[2], 7);
    assert_int_equal(machine.cpus_dropped, 1);
    assert_int_equal(machine.ioapic_count, 1);
    assert_int_equal(machine.ioapic[0].address, 0xfec00000u);
    assert_int_equal(machine.override_count, 2);
    assert_int_equal(machine.overrides[0].line, 2);
    assert_false(machine.overrides[0].level || machine.overrides[0].low);
    assert_true(machine.overrides[1].level && machine.overrides[1].low);
    assert_int_equal(machine.pm1a_control, 0x604);
    assert_int_equal(machine.sleep_type, 5);
}

static void old_root_is_read(void **state) {
    (void)state;
    build();
    memory[ROOT + 15] = 0;
    put32(ROOT + 16, LIST);
    put_header(LIST, "RSDT", 36 + 8);
    put32(LIST + 36, FADT);
    put32(LIST + 40, MADT);
    assert_null(read_built());
    assert_int_equal(machine.cpu_count, 3);
}

static void root_is_found(void **state) {
    (void)state;
    static uint8_t low[0x100000];
    build();
    memcpy(low + 0xe0000 + 0x50, memory + ROOT, 36);
    input = low;
    input_size = sizeof(low);
    assert_int_equal(acpi_find_root(&reader), 0xe0050);
    free_blocks();
    low[0x40e] = 0x00;
    low[0x40f] = 0x9f;
    memcpy(low + 0x9f000 + 0x20, memory + ROOT, 36);
    assert_int_equal(acpi_find_root(&reader), 0x9f020);
    free_blocks();
    low[0x9f020 + 3] ^= 1;
    low[0xe0050 + 3] ^= 1;
    assert_int_equal(acpi_find_root(&reader), 0);
    free_blocks();
    input_size = 0x1000;
    assert_int_equal(acpi_find_root(&reader), 0);
    free_blocks();
}

static void bad_sums_are_refused(void **state) {
    (void)state;
    static const uint32_t where[] = {ROOT + 10, ROOT + 33, LIST + 20, MADT + 20};
    for (unsigned i = 0; i < sizeof(where) / sizeof(where[0]); i++) {
        build();
        memory[where[i]] ^= 0x40;
        assert_non_null(read_input(memory, sizeof(memory)));
    }
    build();
    memory[FADT + 20] ^= 0x40; /* not needed to start */
    assert_null(read_input(memory, sizeof(memory)));
    assert_int_equal(machine.pm1a_control, 0);
}

static void bad_lengths_are_refused(void **state) {
    (void)state;
    static const struct {
        uint32_t offset, value;
    } rows[] = {{ROOT + 20, 35},         {ROOT + 20, 0xffffffff}, {LIST + 4, 35},
                {LIST + 4, 0xffffffff},  {MADT + 4, 43},          {MADT + 4, 36},
                {MADT + 4, 0x7fffffff},  {MADT + 4, 45},          {MADT + 4, 44 + 10},
                {MADT + 44, 0x00000000}, {MADT + 44, 0x00000100}, {MADT + 44, 0x0000ff00},
                {MADT + 44, 0x00000700}};
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        build();
        put32(rows[i].offset, rows[i].value);
        assert_non_null(read_built());
    }
}

static void contradictions_are_refused(void **state) {
    (void)state;
    build();
    memory[MADT + 44 + 8 + 3] = 0; /* CPU 0 again */
    assert_non_null(read_built());
    build();
    put32(LIST + 36, MADT);
    assert_non_null(read_built());
    build();
    memcpy(memory + LIST, "RSDT", 4);
    assert_non_null(read_built());
}

static void many_cpus_are_dropped(void **state) {
    (void)state;
    build();
    for (uint32_t i = 0; i < 70; i++) {
        const uint8_t entry[8] = {0, 8, (uint8_t)i, (uint8_t)i, 1, 0, 0, 0};
        memcpy(memory + 0x800 + 44 + 8 * i, entry, sizeof(entry));
    }
    put_header(0x800, "APIC", 44 + 8 * 70);
    put32(LIST + 44, 0x800);
    fix_table(memory, 0x800);
    assert_null(read_built());
    assert_int_equal(machine.cpu_count, ACPI_CPU_MAX);
    assert_int_equal(machine.cpus_dropped, 6);
}

static void hostile_tables_do_no_harm(void **state) {
    (void)state;
    build();
    hostile_truncate(parse, memory, DSDT + 60);
    hostile_mutate(parse, memory, MEMORY_SIZE, 20000);
    hostile_mutate(parse_fixed, memory, MEMORY_SIZE, 20000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(machine_is_read),         cmocka_unit_test(old_root_is_read),
        cmocka_unit_test(root_is_found),           cmocka_unit_test(bad_sums_are_refused),
        cmocka_unit_test(bad_lengths_are_refused), cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(many_cpus_are_dropped),   cmocka_unit_test(hostile_tables_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
