/* SPDX-License-Identifier: MIT */
/* The ELF parser: files that lie in each field, then that it gives what the file says. */
#include "base/test/hostile.h"

#include "abi/status.h"
#include "base/elf.h"

#define PAGE          TS_PAGE_SIZE
#define TYPE_LOAD     1u
#define TYPE_DYNAMIC  2u
#define TYPE_INTERP   3u
#define TYPE_NOTE     4u
#define TYPE_STACK    0x6474e551u
#define HEADERS       64u
#define NOTE_OFFSET   0x300u
#define FIELD_TYPE    0u
#define FIELD_FLAGS   4u
#define FIELD_OFFSET  8u
#define FIELD_ADDRESS 16u
#define FIELD_FILE    32u
#define FIELD_MEMORY  40u
#define FIELD_ALIGN   48u
#define TEXT          0
#define DATA          1
#define NOTE          2
#define STACK         3

static uint8_t image[3 * PAGE];

static void put(size_t offset, uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; i++) {
        image[offset + i] = (uint8_t)(value >> (i * 8));
    }
}

static size_t header_at(unsigned index) {
    return HEADERS + index * 56u;
}

static void put_header(unsigned index, uint32_t type, uint32_t flags, uint64_t offset, uint64_t address,
                       uint64_t file_size, uint64_t memory_size, uint64_t align) {
    size_t at = header_at(index);
    put(at + FIELD_TYPE, type, 4);
    put(at + FIELD_FLAGS, flags, 4);
    put(at + FIELD_OFFSET, offset, 8);
    put(at + FIELD_ADDRESS, address, 8);
    put(at + FIELD_FILE, file_size, 8);
    put(at + FIELD_MEMORY, memory_size, 8);
    put(at + FIELD_ALIGN, align, 8);
}

/* Text with the headers in it, data with zeroes behind, the ABI note after another note, a stack. */
static void build(void) {
    memset(image, 0, sizeof(image));
    memcpy(image, "\177ELF\2\1\1", 7);
    put(16, 2, 2);
    put(18, ELF_MACHINE_RISCV, 2);
    put(20, 1, 4);
    put(24, 0x10400, 8);
    put(32, HEADERS, 8);
    put(52, 64, 2);
    put(54, 56, 2);
    put(56, 4, 2);
    put_header(TEXT, TYPE_LOAD, ELF_READ | ELF_EXECUTE, 0, 0x10000, 0x800, 0x800, PAGE);
    put_header(DATA, TYPE_LOAD, ELF_READ | ELF_WRITE, PAGE + 0x10, 0x12010, 0x100, 0x2000, PAGE);
    put_header(NOTE, TYPE_NOTE, ELF_READ, NOTE_OFFSET, 0x10300, 64, 64, 4);
    put_header(STACK, TYPE_STACK, ELF_READ | ELF_WRITE, 0, 0, 0, 0, 16);
    put(NOTE_OFFSET, 4, 4);
    put(NOTE_OFFSET + 4, 3, 4);
    put(NOTE_OFFSET + 8, 1, 4);
    memcpy(image + NOTE_OFFSET + 12, "GNU\0abc", 7);
    put(NOTE_OFFSET + 20, 8, 4);
    put(NOTE_OFFSET + 24, 8, 4);
    put(NOTE_OFFSET + 28, 1, 4);
    memcpy(image + NOTE_OFFSET + 32, "Tessera", 8);
    put(NOTE_OFFSET + 40, 0x1122334455667788, 8);
}

static size_t image_size(void) {
    return PAGE + 0x110;
}

/* What a loader relies on. */
static void check_sound(const struct elf *elf, size_t size) {
    bool entry_found = false;
    assert_in_range(elf->segment_count, 1, ELF_SEGMENT_MAX);
    for (uint32_t i = 0; i < elf->segment_count; i++) {
        const struct elf_segment *s = &elf->segment[i];
        assert_true(s->offset <= size && s->file_size <= size - s->offset);
        assert_true(s->file_size <= s->memory_size && s->memory_size > 0);
        assert_true(s->address + s->memory_size > s->address);
        assert_true(s->page_start <= s->address && s->address + s->memory_size <= s->page_end);
        assert_int_equal((s->page_start | s->page_end) % PAGE, 0);
        assert_int_equal((s->address - s->offset) % PAGE, 0);
        assert_false((s->flags & ELF_WRITE) != 0 && (s->flags & ELF_EXECUTE) != 0);
        assert_true(i == 0 || s[-1].page_end <= s->page_start);
        assert_true(elf->page_start <= s->page_start && s->page_end <= elf->page_end);
        entry_found |= (s->flags & ELF_EXECUTE) != 0 && elf->entry - s->address < s->file_size;
    }
    assert_true(entry_found);
}

static bool parse(const uint8_t *input, size_t size) {
    struct elf elf;
    if (elf_open(&elf, input, size, ELF_MACHINE_RISCV) != TS_OK) {
        assert_non_null(elf.error);
        assert_int_equal(elf.segment_count, 0);
        return false;
    }
    check_sound(&elf, size);
    return true;
}

static void expect(ts_status_t status, const char *error) {
    struct elf elf;
    hostile_run(parse, image, image_size());
    assert_int_equal(elf_open(&elf, image, image_size(), ELF_MACHINE_RISCV), status);
    if (strstr(elf.error, error) == NULL) {
        fail_msg("%s", elf.error);
    }
}

/* One field of one program header changed. */
static void expect_field(unsigned index, unsigned field, uint64_t value, ts_status_t status, const char *error) {
    build();
    put(header_at(index) + field, value, field <= FIELD_FLAGS ? 4 : 8);
    expect(status, error);
}

static void elf_refuses_truncation_at_every_byte(void **state) {
    (void)state;
    build();
    assert_true(hostile_run(parse, image, image_size()));
    assert_int_equal(hostile_truncate(parse, image, image_size()), 0);
}

static void elf_survives_mutations(void **state) {
    (void)state;
    build();
    /* The headers and the notes; what is in the segments means nothing to the parser. */
    put(header_at(DATA) + FIELD_OFFSET, 0x210, 8);
    put(header_at(DATA) + FIELD_ADDRESS, 0x12210, 8);
    assert_true(hostile_run(parse, image, 0x800));
    hostile_mutate(parse, image, 0x800, 30000);
    put(header_at(TEXT) + FIELD_FILE, 0x410, 8);
    put(header_at(TEXT) + FIELD_MEMORY, 0x410, 8);
    hostile_mutate(parse, image, 0x410, 30000);
}

static void elf_survives_every_value_of_every_header_byte(void **state) {
    (void)state;
    build();
    for (unsigned i = 0; i < (HEADERS + 4 * 56) * 256; i++) {
        uint8_t old = image[i / 256];
        image[i / 256] = (uint8_t)i;
        parse(image, image_size());
        image[i / 256] = old;
    }
}

static void elf_refuses_other_files(void **state) {
    (void)state;
    build();
    image[0] = 0;
    expect(TS_ERR_IO_DATA_INTEGRITY, "not an ELF");
    build();
    image[4] = 1;
    expect(TS_ERR_NOT_SUPPORTED, "64-bit");
    build();
    image[5] = 2;
    expect(TS_ERR_NOT_SUPPORTED, "little-endian");
    build();
    put(16, 3, 2);
    expect(TS_ERR_NOT_SUPPORTED, "fixed addresses");
}

static void elf_refuses_other_machine(void **state) {
    (void)state;
    build();
    put(18, ELF_MACHINE_AARCH64, 2);
    expect(TS_ERR_NOT_SUPPORTED, "machine");
}

static void elf_refuses_impossible_header_sizes(void **state) {
    (void)state;
    build();
    put(52, 63, 2);
    expect(TS_ERR_IO_DATA_INTEGRITY, "impossible header");
    build();
    put(54, 32, 2);
    expect(TS_ERR_IO_DATA_INTEGRITY, "impossible header");
}

static void elf_refuses_program_headers_out_of_bounds(void **state) {
    (void)state;
    static const uint64_t offsets[] = {0x10000, UINT64_MAX, UINT64_MAX - 223, (uint64_t)1 << 63};
    for (unsigned i = 0; i < 4; i++) {
        build();
        put(32, offsets[i], 8);
        expect(TS_ERR_IO_DATA_INTEGRITY, "program headers");
    }
    build();
    put(56, 0xffff, 2);
    expect(TS_ERR_IO_DATA_INTEGRITY, "program headers");
    build();
    put(56, 0, 2);
    expect(TS_ERR_IO_DATA_INTEGRITY, "program headers");
}

static void elf_refuses_segment_outside_of_file(void **state) {
    (void)state;
    expect_field(DATA, FIELD_FILE, 0x101, TS_ERR_IO_DATA_INTEGRITY, "outside");
    expect_field(DATA, FIELD_FILE, UINT64_MAX, TS_ERR_IO_DATA_INTEGRITY, "outside");
    expect_field(DATA, FIELD_OFFSET, UINT64_MAX - 0xfef, TS_ERR_IO_DATA_INTEGRITY, "outside");
}

static void elf_refuses_segment_smaller_in_memory(void **state) {
    (void)state;
    expect_field(DATA, FIELD_MEMORY, 0xff, TS_ERR_IO_DATA_INTEGRITY, "larger in the file");
    expect_field(DATA, FIELD_MEMORY, 0, TS_ERR_IO_DATA_INTEGRITY, "larger in the file");
}

static void elf_refuses_segment_that_wraps(void **state) {
    (void)state;
    expect_field(DATA, FIELD_MEMORY, UINT64_MAX, TS_ERR_IO_DATA_INTEGRITY, "wraps");
    expect_field(DATA, FIELD_MEMORY, UINT64_MAX - 0x12010, TS_ERR_IO_DATA_INTEGRITY, "wraps");
    expect_field(DATA, FIELD_ADDRESS, 0xfffffffffffff010, TS_ERR_IO_DATA_INTEGRITY, "wraps");
}

static void elf_refuses_misaligned_segment(void **state) {
    (void)state;
    expect_field(DATA, FIELD_ADDRESS, 0x12018, TS_ERR_IO_DATA_INTEGRITY, "misaligned");
    expect_field(DATA, FIELD_ALIGN, 3, TS_ERR_IO_DATA_INTEGRITY, "misaligned");
}

static void elf_refuses_overlapping_segments(void **state) {
    (void)state;
    expect_field(TEXT, FIELD_MEMORY, 0x2011, TS_ERR_IO_DATA_INTEGRITY, "overlap");
    expect_field(DATA, FIELD_ADDRESS, 0x10010, TS_ERR_IO_DATA_INTEGRITY, "overlap");
}

static void elf_refuses_segments_that_share_a_page(void **state) {
    (void)state;
    expect_field(TEXT, FIELD_MEMORY, 0x2001, TS_ERR_IO_DATA_INTEGRITY, "share a page");
}

static void elf_refuses_segments_out_of_order(void **state) {
    (void)state;
    expect_field(DATA, FIELD_ADDRESS, 0x8010, TS_ERR_IO_DATA_INTEGRITY, "out of order");
}

static void elf_refuses_writable_and_executable(void **state) {
    (void)state;
    expect_field(TEXT, FIELD_FLAGS, 7, TS_ERR_ACCESS_DENIED, "writable and executable");
    expect_field(DATA, FIELD_FLAGS, 3, TS_ERR_ACCESS_DENIED, "writable and executable");
    expect_field(STACK, FIELD_FLAGS, 7, TS_ERR_ACCESS_DENIED, "executable stack");
}

static void elf_refuses_segment_that_is_not_readable(void **state) {
    (void)state;
    expect_field(DATA, FIELD_FLAGS, 2, TS_ERR_IO_DATA_INTEGRITY, "not readable");
    expect_field(DATA, FIELD_FLAGS, 0, TS_ERR_IO_DATA_INTEGRITY, "not readable");
}

static void elf_refuses_dynamic_linking(void **state) {
    (void)state;
    expect_field(NOTE, FIELD_TYPE, TYPE_INTERP, TS_ERR_NOT_SUPPORTED, "dynamically");
    expect_field(NOTE, FIELD_TYPE, TYPE_DYNAMIC, TS_ERR_NOT_SUPPORTED, "dynamically");
}

static void elf_refuses_entry_outside_of_text(void **state) {
    (void)state;
    static const uint64_t entries[] = {0, 0xffff, 0x10800, 0x12010, UINT64_MAX};
    for (unsigned i = 0; i < 5; i++) {
        build();
        put(24, entries[i], 8);
        expect(TS_ERR_IO_DATA_INTEGRITY, "entry point");
    }
}

static void elf_refuses_too_many_segments(void **state) {
    (void)state;
    build();
    put(56, ELF_SEGMENT_MAX + 1, 2);
    put(NOTE_OFFSET, 0, 8);
    for (unsigned i = 0; i <= ELF_SEGMENT_MAX; i++) {
        put_header(i, TYPE_LOAD, ELF_READ | ELF_EXECUTE, 0, 0x10000 + i * PAGE, 0x800, 0x800, PAGE);
    }
    expect(TS_ERR_NOT_SUPPORTED, "too many segments");
    put(56, ELF_SEGMENT_MAX, 2);
    assert_true(hostile_run(parse, image, image_size()));
}

static void elf_refuses_no_segments(void **state) {
    (void)state;
    build();
    put(header_at(TEXT), 0, 4);
    put(header_at(DATA), 0, 4);
    expect(TS_ERR_IO_DATA_INTEGRITY, "entry point");
}

static void elf_ignores_empty_segment(void **state) {
    (void)state;
    struct elf elf;
    build();
    put(header_at(DATA) + FIELD_FILE, 0, 8);
    put(header_at(DATA) + FIELD_MEMORY, 0, 8);
    assert_int_equal(elf_open(&elf, image, image_size(), ELF_MACHINE_RISCV), TS_OK);
    assert_int_equal(elf.segment_count, 1);
}

static void elf_reads_segments(void **state) {
    (void)state;
    struct elf elf;
    build();
    assert_int_equal(elf_open(&elf, image, image_size(), ELF_MACHINE_RISCV), TS_OK);
    assert_int_equal(elf.entry, 0x10400);
    assert_int_equal(elf.segment_count, 2);
    assert_int_equal(elf.page_start, 0x10000);
    assert_int_equal(elf.page_end, 0x15000);
    assert_int_equal(elf.segment[1].address, 0x12010);
    assert_int_equal(elf.segment[1].offset, PAGE + 0x10);
    assert_int_equal(elf.segment[1].page_start, 0x12000);
    assert_int_equal(elf.segment[1].flags, ELF_READ | ELF_WRITE);
}

static void elf_finds_the_abi_note(void **state) {
    (void)state;
    struct elf elf;
    build();
    assert_int_equal(elf_open(&elf, image, image_size(), ELF_MACHINE_RISCV), TS_OK);
    assert_true(elf.has_abi_id);
    assert_int_equal(elf.abi_id, 0x1122334455667788);
}

static void elf_ignores_notes_that_are_not_quite_the_abi_note(void **state) {
    (void)state;
    static const struct {
        uint32_t offset, value;
    } changes[] = {{20, 7}, {24, 4}, {24, 9}, {28, 2}, {36, 0x20617265}, {20, 0xffffffff}, {24, 0xfffffff8}, {4, 0xffffffff}};
    for (unsigned i = 0; i < 8; i++) {
        struct elf elf;
        build();
        put(NOTE_OFFSET + changes[i].offset, changes[i].value, 4);
        assert_int_equal(elf_open(&elf, image, image_size(), ELF_MACHINE_RISCV), TS_OK);
        assert_false(elf.has_abi_id);
    }
}

static void elf_ignores_notes_outside_of_the_file(void **state) {
    (void)state;
    struct elf elf;
    build();
    put(header_at(NOTE) + FIELD_OFFSET, UINT64_MAX - 8, 8);
    assert_int_equal(elf_open(&elf, image, image_size(), ELF_MACHINE_RISCV), TS_OK);
    assert_false(elf.has_abi_id);
}

/* The file is nothing but headers and notes, so that its end is that of the heap block. */
static void elf_ignores_a_note_that_is_cut_off(void **state) {
    (void)state;
    for (size_t size = 0; size < 48; size++) {
        struct elf elf;
        build();
        put(header_at(TEXT) + FIELD_FILE, NOTE_OFFSET + size, 8);
        put(header_at(DATA), 0, 4);
        put(header_at(NOTE) + FIELD_FILE, size, 8);
        put(24, 0x10000, 8);
        uint8_t *copy = malloc(NOTE_OFFSET + size);
        assert_non_null(copy);
        memcpy(copy, image, NOTE_OFFSET + size);
        assert_int_equal(elf_open(&elf, copy, NOTE_OFFSET + size, ELF_MACHINE_RISCV), TS_OK);
        assert_false(elf.has_abi_id);
        free(copy);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elf_refuses_truncation_at_every_byte),
        cmocka_unit_test(elf_survives_mutations),
        cmocka_unit_test(elf_survives_every_value_of_every_header_byte),
        cmocka_unit_test(elf_refuses_other_files),
        cmocka_unit_test(elf_refuses_other_machine),
        cmocka_unit_test(elf_refuses_impossible_header_sizes),
        cmocka_unit_test(elf_refuses_program_headers_out_of_bounds),
        cmocka_unit_test(elf_refuses_segment_outside_of_file),
        cmocka_unit_test(elf_refuses_segment_smaller_in_memory),
        cmocka_unit_test(elf_refuses_segment_that_wraps),
        cmocka_unit_test(elf_refuses_misaligned_segment),
        cmocka_unit_test(elf_refuses_overlapping_segments),
        cmocka_unit_test(elf_refuses_segments_that_share_a_page),
        cmocka_unit_test(elf_refuses_segments_out_of_order),
        cmocka_unit_test(elf_refuses_writable_and_executable),
        cmocka_unit_test(elf_refuses_segment_that_is_not_readable),
        cmocka_unit_test(elf_refuses_dynamic_linking),
        cmocka_unit_test(elf_refuses_entry_outside_of_text),
        cmocka_unit_test(elf_refuses_too_many_segments),
        cmocka_unit_test(elf_refuses_no_segments),
        cmocka_unit_test(elf_ignores_empty_segment),
        cmocka_unit_test(elf_reads_segments),
        cmocka_unit_test(elf_finds_the_abi_note),
        cmocka_unit_test(elf_ignores_notes_that_are_not_quite_the_abi_note),
        cmocka_unit_test(elf_ignores_notes_outside_of_the_file),
        cmocka_unit_test(elf_ignores_a_note_that_is_cut_off),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
