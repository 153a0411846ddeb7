/* SPDX-License-Identifier: MIT */
/* The cpio reader: damaged archives, then that it finds what is in good ones. */
#include "base/test/hostile.h"

#include <stdio.h>

#include "abi/status.h"
#include "base/cpio.h"

#define FIELD(index) (6u + (index) * 8u)

static uint8_t archive[8192];
static size_t archive_size;

static void pad(void) {
    while (archive_size % 4 != 0) {
        archive[archive_size++] = 0;
    }
}

static void add(const char *magic, const char *name, uint32_t mode, const char *data, size_t size) {
    uint32_t sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum += (uint8_t)data[i];
    }
    archive_size += (size_t)snprintf((char *)archive + archive_size, 128, "%s%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
                                     magic, 1u, mode, 0u, 0u, 1u, 0u, (unsigned)size, 0u, 0u, 0u, 0u,
                                     (unsigned)strlen(name) + 1, magic[5] == '2' ? sum : 0);
    memcpy(archive + archive_size, name, strlen(name) + 1);
    archive_size += strlen(name) + 1;
    pad();
    memcpy(archive + archive_size, data, size);
    archive_size += size;
    pad();
}

static void build(const char *magic) {
    memset(archive, 0, sizeof(archive));
    archive_size = 0;
    add(magic, ".", 0040755, "", 0);
    add(magic, "bin", 0040755, "", 0);
    add(magic, "bin/init", 0100755, "init program", 12);
    add(magic, "./etc/manifest", 0100644, "abc", 3);
    add(magic, "/empty", 0100644, "", 0);
    add(magic, "bin/init", 0100755, "another", 7);
    add(magic, "TRAILER!!!", 0, "", 0);
}

static bool parse(const uint8_t *input, size_t size) {
    struct cpio_entry entry;
    size_t position = 0;
    uint32_t count, read = 0;
    bool good = cpio_check(input, size, &count) == TS_OK;
    while (cpio_next(input, size, &position, &entry) == TS_OK) {
        uint32_t sum = 0;
        for (size_t i = 0; i < entry.size; i++) {
            sum += entry.data[i];
        }
        assert_in_range(strlen(entry.name) + sum * 0, 0, size);
        assert_in_range(read++, 0, size / 110);
    }
    cpio_find(input, size, "bin/init", &entry);
    assert_true(!good || read == count);
    return good;
}

static void expect_damage(void) {
    uint32_t count;
    struct cpio_entry entry;
    hostile_run(parse, archive, archive_size);
    assert_int_equal(cpio_check(archive, archive_size, &count), TS_ERR_IO_DATA_INTEGRITY);
    assert_int_equal(cpio_find(archive, archive_size, "not there", &entry), TS_ERR_IO_DATA_INTEGRITY);
}

static void cpio_refuses_truncation_at_every_byte(void **state) {
    (void)state;
    build("070701");
    assert_true(hostile_run(parse, archive, archive_size));
    /* The trailer's padding may be missing. */
    assert_int_equal(hostile_truncate(parse, archive, archive_size), 3);
}

static void cpio_survives_mutations(void **state) {
    (void)state;
    build("070701");
    hostile_mutate(parse, archive, archive_size, 30000);
}

static void cpio_survives_every_value_of_every_byte_of_a_header(void **state) {
    (void)state;
    build("070701");
    for (unsigned i = 0; i < 110 * 256; i++) {
        uint8_t old = archive[i / 256];
        archive[i / 256] = (uint8_t)i;
        parse(archive, archive_size);
        archive[i / 256] = old;
    }
}

static void cpio_refuses_empty_input(void **state) {
    (void)state;
    uint32_t count;
    assert_int_equal(cpio_check(archive, 0, &count), TS_ERR_IO_DATA_INTEGRITY);
}

static void cpio_refuses_other_magic(void **state) {
    (void)state;
    build("070707");
    expect_damage();
}

static void cpio_refuses_digits_that_are_none(void **state) {
    (void)state;
    static const char bad[] = {'g', 'G', ' ', '-', 'x', 0, '/', ':', '@', '`'};
    for (unsigned i = 0; i < sizeof(bad); i++) {
        build("070701");
        archive[FIELD(6)] = (uint8_t)bad[i];
        expect_damage();
    }
}

static void cpio_refuses_size_beyond_the_archive(void **state) {
    (void)state;
    build("070701");
    memcpy(archive + FIELD(6), "ffffffff", 8);
    expect_damage();
    memcpy(archive + FIELD(6), "7fffffff", 8);
    expect_damage();
}

static void cpio_refuses_name_sizes_that_lie(void **state) {
    (void)state;
    static const char *sizes[] = {"00000000", "00000001", "00000003", "00001001", "ffffffff"};
    for (unsigned i = 0; i < 5; i++) {
        build("070701");
        memcpy(archive + FIELD(11), sizes[i], 8);
        expect_damage();
    }
}

static void cpio_refuses_missing_trailer(void **state) {
    (void)state;
    build("070701");
    archive_size = 0;
    add("070701", "a", 0100644, "x", 1);
    expect_damage();
}

static void cpio_notices_damage_by_checksum(void **state) {
    (void)state;
    uint32_t count;
    build("070702");
    assert_true(hostile_run(parse, archive, archive_size));
    for (size_t i = 0; i < archive_size; i++) {
        if (memcmp(archive + i, "init program", 12) == 0) {
            archive[i] ^= 1;
        }
    }
    assert_int_equal(cpio_check(archive, archive_size, &count), TS_ERR_IO_DATA_INTEGRITY);
}

static void cpio_accepts_capital_digits(void **state) {
    (void)state;
    build("070701");
    memcpy(archive + FIELD(0), "ABCDEF09", 8);
    assert_true(hostile_run(parse, archive, archive_size));
}

static void cpio_iterates(void **state) {
    (void)state;
    static const char *names[] = {".", "bin", "bin/init", "etc/manifest", "empty", "bin/init"};
    struct cpio_entry entry;
    size_t position = 0;
    uint32_t count;
    build("070701");
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(cpio_next(archive, archive_size, &position, &entry), TS_OK);
        assert_string_equal(entry.name, names[i]);
    }
    assert_int_equal(cpio_next(archive, archive_size, &position, &entry), TS_ERR_NOT_FOUND);
    assert_int_equal(cpio_check(archive, archive_size, &count), TS_OK);
    assert_int_equal(count, 6);
}

static void cpio_finds_by_name(void **state) {
    (void)state;
    struct cpio_entry entry;
    build("070701");
    assert_int_equal(cpio_find(archive, archive_size, "bin/init", &entry), TS_OK);
    assert_int_equal(entry.size, 12);
    assert_memory_equal(entry.data, "init program", 12);
    assert_int_equal(cpio_find(archive, archive_size, "/etc/manifest", &entry), TS_OK);
    assert_memory_equal(entry.data, "abc", 3);
    assert_int_equal(cpio_find(archive, archive_size, "empty", &entry), TS_OK);
    assert_int_equal(entry.size, 0);
}

static void cpio_finds_only_files(void **state) {
    (void)state;
    struct cpio_entry entry;
    build("070701");
    assert_int_equal(cpio_find(archive, archive_size, "bin", &entry), TS_ERR_NOT_FOUND);
    assert_int_equal(cpio_find(archive, archive_size, "bin/ini", &entry), TS_ERR_NOT_FOUND);
    assert_int_equal(cpio_find(archive, archive_size, "", &entry), TS_ERR_NOT_FOUND);
}

static void cpio_ignores_what_follows_the_trailer(void **state) {
    (void)state;
    build("070701");
    memset(archive + archive_size, 0xff, 100);
    archive_size += 100;
    assert_true(hostile_run(parse, archive, archive_size));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpio_refuses_truncation_at_every_byte),
        cmocka_unit_test(cpio_survives_mutations),
        cmocka_unit_test(cpio_survives_every_value_of_every_byte_of_a_header),
        cmocka_unit_test(cpio_refuses_empty_input),
        cmocka_unit_test(cpio_refuses_other_magic),
        cmocka_unit_test(cpio_refuses_digits_that_are_none),
        cmocka_unit_test(cpio_refuses_size_beyond_the_archive),
        cmocka_unit_test(cpio_refuses_name_sizes_that_lie),
        cmocka_unit_test(cpio_refuses_missing_trailer),
        cmocka_unit_test(cpio_notices_damage_by_checksum),
        cmocka_unit_test(cpio_accepts_capital_digits),
        cmocka_unit_test(cpio_iterates),
        cmocka_unit_test(cpio_finds_by_name),
        cmocka_unit_test(cpio_finds_only_files),
        cmocka_unit_test(cpio_ignores_what_follows_the_trailer),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
