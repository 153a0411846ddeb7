/* SPDX-License-Identifier: MIT */
/* The devicetree reader: hostile blobs first, then that it finds what is there. */
#include "base/test/hostile.h"

#include "abi/status.h"
#include "base/fdt.h"
#include "base/test/fdt_builder.h"

#define HEADER_TOTAL_SIZE     4
#define HEADER_STRUCTURE      8
#define HEADER_STRINGS        12
#define HEADER_RESERVE        16
#define HEADER_VERSION        20
#define HEADER_LAST_VERSION   24
#define HEADER_STRINGS_SIZE   32
#define HEADER_STRUCTURE_SIZE 36

static struct fdt_builder builder;
static uint8_t blob[70000];
static size_t blob_size;

static void begin(void) {
    memset(&builder, 0, sizeof(builder));
}

static void finish(void) {
    build_token(&builder, 9);
    blob_size = build_blob(&builder, blob);
}

/* A small machine that has everything the reader knows. */
static void build_machine(void) {
    begin();
    builder.reserve[0] = 0x48000000;
    builder.reserve[1] = 0x10000;
    builder.reserve_count = 2;
    build_begin(&builder, "");
    build_cells(&builder, "#address-cells", 1, 2u);
    build_cells(&builder, "#size-cells", 1, 2u);
    build_begin(&builder, "aliases");
    build_string(&builder, "serial0", "/soc/serial@9000000");
    build_string(&builder, "loop", "loop");
    build_end(&builder);
    build_begin(&builder, "memory@40000000");
    build_string(&builder, "device_type", "memory");
    build_cells(&builder, "reg", 8, 0u, 0x40000000u, 0u, 0x20000000u, 1u, 0u, 0u, 0x1000u);
    build_end(&builder);
    build_token(&builder, 4);
    build_begin(&builder, "soc");
    build_property(&builder, "ranges", "", 0);
    build_cells(&builder, "#address-cells", 1, 2u);
    build_cells(&builder, "#size-cells", 1, 2u);
    build_begin(&builder, "serial@9000000");
    build_cells(&builder, "phandle", 1, 7u);
    build_property(&builder, "compatible", "arm,pl011\0arm,primecell", 24);
    build_cells(&builder, "reg", 4, 0u, 0x9000000u, 0u, 0x1000u);
    build_end(&builder);
    build_begin(&builder, "bus@10000000");
    build_cells(&builder, "#address-cells", 1, 1u);
    build_cells(&builder, "#size-cells", 1, 1u);
    build_cells(&builder, "ranges", 8, 0u, 0u, 0x10000000u, 0x1000u, 0x8000u, 2u, 0x20000000u, 0x1000u);
    build_begin(&builder, "timer@10");
    build_cells(&builder, "reg", 4, 0x10u, 0x10u, 0x8010u, 0x10u);
    build_string(&builder, "status", "disabled");
    build_end(&builder);
    build_begin(&builder, "timer@20");
    build_cells(&builder, "phandle", 1, 9u);
    build_cells(&builder, "reg", 2, 0xff0u, 0x20u);
    build_end(&builder);
    build_end(&builder);
    build_end(&builder);
    build_end(&builder);
    finish();
}

/* Asks every question about every node of an accepted blob. */
static bool read_all(const uint8_t *input, size_t size) {
    struct fdt fdt;
    struct fdt_walk walk;
    uint64_t a, b;
    unsigned nodes = 0;
    if (fdt_open(&fdt, input, size) != TS_OK) {
        assert_non_null(fdt.error);
        assert_int_equal(fdt_next_node(&fdt, fdt.root, NULL), FDT_NONE);
        return false;
    }
    fdt_walk_start(&fdt, &walk);
    do {
        uint32_t node = fdt_walk_node(&walk);
        struct fdt_property property = {0};
        while (fdt_next_property(&fdt, node, &property)) {
            for (uint32_t i = 0; fdt_string(property.value, i) != NULL; i++) {
                assert_in_range(strlen(fdt_string(property.value, i)), 0, size);
            }
            fdt_has_string(property.value, "x");
            fdt_read_cells(property.value, 0, 3, &a);
            assert_in_range(strlen(property.name), 0, size);
        }
        assert_in_range(strlen(fdt_name(&fdt, node)), 0, size);
        for (uint32_t i = 0; i < 3; i++) {
            fdt_walk_reg(&fdt, &walk, i, &a, &b);
        }
        fdt_is_enabled(&fdt, node);
        fdt_first_child(&fdt, node);
        fdt_next_sibling(&fdt, node);
        nodes++;
    } while (nodes < 1000 && fdt_walk_next(&fdt, &walk));
    assert_in_range(nodes, 1, size);
    fdt_find_path(&fdt, "serial0/x");
    fdt_find_path(&fdt, "/soc/bus/timer@20");
    fdt_find_phandle(&fdt, 9);
    fdt_find_compatible(&fdt, FDT_NONE, "arm,primecell");
    for (uint32_t i = 0; fdt_read_reserve(&fdt, i, &a, &b); i++) {
        assert_in_range(i, 0, size);
    }
    return true;
}

/* The same with a header that says what is really there, so that the blocks are cut off and not the blob. */
static bool read_all_of_cut(const uint8_t *input, size_t size) {
    if (size < 40) {
        return read_all(input, size);
    }
    uint8_t *copy = malloc(size);
    assert_non_null(copy);
    memcpy(copy, input, size);
    put_be32(copy + HEADER_TOTAL_SIZE, (uint32_t)size);
    bool accepted = read_all(copy, size);
    free(copy);
    return accepted;
}

static void expect_refused(ts_status_t status, const char *error) {
    struct fdt fdt;
    uint8_t *copy = malloc(blob_size);
    assert_non_null(copy);
    memcpy(copy, blob, blob_size);
    assert_int_equal(fdt_open(&fdt, copy, blob_size), status);
    assert_non_null(strstr(fdt.error, error));
    free(copy);
}

static void expect_header_refused(unsigned field, uint32_t value, ts_status_t status, const char *error) {
    build_machine();
    put_be32(blob + field, value);
    expect_refused(status, error);
}

static void open_machine(struct fdt *fdt) {
    build_machine();
    assert_int_equal(fdt_open(fdt, blob, blob_size), TS_OK);
}

static void fdt_refuses_truncation_at_every_byte(void **state) {
    (void)state;
    build_machine();
    assert_true(hostile_run(read_all, blob, blob_size));
    assert_int_equal(hostile_truncate(read_all, blob, blob_size), 0);
}

static void fdt_refuses_blocks_cut_at_every_byte(void **state) {
    (void)state;
    build_machine();
    assert_int_equal(hostile_truncate(read_all_of_cut, blob, blob_size), 0);
}

static void fdt_survives_mutations(void **state) {
    (void)state;
    build_machine();
    hostile_mutate(read_all, blob, blob_size, 20000);
}

static void fdt_survives_every_value_of_every_header_byte(void **state) {
    (void)state;
    build_machine();
    for (unsigned i = 0; i < 40 * 256; i++) {
        uint8_t old = blob[i / 256];
        blob[i / 256] = (uint8_t)i;
        hostile_run(read_all, blob, blob_size);
        blob[i / 256] = old;
    }
}

static void fdt_survives_a_blob_that_changes_after_open(void **state) {
    (void)state;
    uint64_t random = 1;
    struct fdt fdt;
    for (unsigned round = 0; round < 2000; round++) {
        build_machine();
        uint8_t *copy = malloc(blob_size);
        assert_non_null(copy);
        memcpy(copy, blob, blob_size);
        assert_int_equal(fdt_open(&fdt, copy, blob_size), TS_OK);
        for (unsigned i = 0; i < 8; i++) {
            copy[40 + hostile_random(&random) % (blob_size - 40)] = (uint8_t)hostile_random(&random);
        }
        struct fdt_walk walk;
        uint64_t base, size;
        fdt_walk_start(&fdt, &walk);
        for (unsigned i = 0; i < 1000 && fdt_walk_next(&fdt, &walk); i++) {
            fdt_walk_reg(&fdt, &walk, 0, &base, &size);
            fdt_is_compatible(&fdt, fdt_walk_node(&walk), "arm,pl011");
        }
        fdt_find_path(&fdt, "/soc/bus/timer");
        free(copy);
    }
}

static void fdt_refuses_empty_input(void **state) {
    (void)state;
    struct fdt fdt;
    assert_int_equal(fdt_open(&fdt, blob, 0), TS_ERR_BUFFER_TOO_SMALL);
}

static void fdt_refuses_wrong_magic(void **state) {
    (void)state;
    expect_header_refused(0, 0xedfe0dd0, TS_ERR_IO_DATA_INTEGRITY, "magic");
}

static void fdt_refuses_old_version(void **state) {
    (void)state;
    expect_header_refused(HEADER_VERSION, 15, TS_ERR_NOT_SUPPORTED, "version");
}

static void fdt_refuses_incompatible_new_version(void **state) {
    (void)state;
    expect_header_refused(HEADER_LAST_VERSION, 18, TS_ERR_NOT_SUPPORTED, "version");
}

static void fdt_refuses_total_size_beyond_input(void **state) {
    (void)state;
    expect_header_refused(HEADER_TOTAL_SIZE, 0x7fffffff, TS_ERR_BUFFER_TOO_SMALL, "truncated");
    expect_header_refused(HEADER_TOTAL_SIZE, 0xffffffff, TS_ERR_IO_DATA_INTEGRITY, "total size");
}

static void fdt_refuses_total_size_below_header(void **state) {
    (void)state;
    expect_header_refused(HEADER_TOTAL_SIZE, 39, TS_ERR_IO_DATA_INTEGRITY, "total size");
}

static void fdt_refuses_structure_out_of_bounds(void **state) {
    (void)state;
    expect_header_refused(HEADER_STRUCTURE, 0xfffffffc, TS_ERR_IO_DATA_INTEGRITY, "structure block");
    expect_header_refused(HEADER_STRUCTURE_SIZE, 0xfffffff0, TS_ERR_IO_DATA_INTEGRITY, "structure block");
}

static void fdt_refuses_misaligned_structure(void **state) {
    (void)state;
    expect_header_refused(HEADER_STRUCTURE, 58, TS_ERR_IO_DATA_INTEGRITY, "structure block");
}

static void fdt_refuses_strings_out_of_bounds(void **state) {
    (void)state;
    expect_header_refused(HEADER_STRINGS, 0xffffffff, TS_ERR_IO_DATA_INTEGRITY, "strings block");
    expect_header_refused(HEADER_STRINGS_SIZE, 0xffffffff, TS_ERR_IO_DATA_INTEGRITY, "strings block");
}

static void fdt_refuses_reserve_map_out_of_bounds(void **state) {
    (void)state;
    expect_header_refused(HEADER_RESERVE, 0xfffffff8, TS_ERR_IO_DATA_INTEGRITY, "reserve map");
}

static void fdt_refuses_unterminated_reserve_map(void **state) {
    (void)state;
    build_machine();
    uint32_t tail = (uint32_t)blob_size;
    memset(blob + tail, 0x11, 64);
    blob_size += 64;
    put_be32(blob + HEADER_TOTAL_SIZE, (uint32_t)blob_size);
    put_be32(blob + HEADER_RESERVE, tail);
    expect_refused(TS_ERR_IO_DATA_INTEGRITY, "reserve map");
}

static void fdt_refuses_reservation_that_wraps(void **state) {
    (void)state;
    build_machine();
    memset(blob + 40, 0xff, 16);
    expect_refused(TS_ERR_IO_DATA_INTEGRITY, "wraps");
}

static void fdt_accepts_nesting_up_to_the_limit(void **state) {
    (void)state;
    begin();
    build_begin(&builder, "");
    for (unsigned i = 1; i < FDT_DEPTH_MAX; i++) {
        build_begin(&builder, "n");
    }
    for (unsigned i = 0; i < FDT_DEPTH_MAX; i++) {
        build_end(&builder);
    }
    finish();
    assert_true(hostile_run(read_all, blob, blob_size));
}

static void fdt_refuses_depth_bomb(void **state) {
    (void)state;
    begin();
    build_begin(&builder, "");
    for (unsigned i = 0; i < 8000; i++) {
        build_begin(&builder, "n");
    }
    finish();
    expect_refused(TS_ERR_IO_DATA_INTEGRITY, "too deep");
}

static void fdt_refuses_unterminated_node_name(void **state) {
    (void)state;
    begin();
    build_begin(&builder, "");
    build_token(&builder, 1);
    build_bytes(&builder, "abcdabcdabcd", 12);
    blob_size = build_blob(&builder, blob);
    expect_refused(TS_ERR_IO_DATA_INTEGRITY, "malformed");
}

static void fdt_refuses_property_name_out_of_bounds(void **state) {
    (void)state;
    begin();
    build_begin(&builder, "");
    build_token(&builder, 3);
    build_token(&builder, 0);
    build_token(&builder, 0x10000);
    build_end(&builder);
    finish();
    expect_refused(TS_ERR_IO_DATA_INTEGRITY, "malformed");
}

static void fdt_refuses_unterminated_property_name(void **state) {
    (void)state;
    begin();
    build_begin(&builder, "");
    build_cells(&builder, "reg", 1, 1u);
    build_end(&builder);
    finish();
    put_be32(blob + HEADER_STRINGS_SIZE, 3);
    expect_refused(TS_ERR_IO_DATA_INTEGRITY, "malformed");
}

static void fdt_refuses_property_longer_than_block(void **state) {
    (void)state;
    static const uint32_t lengths[] = {24, 0x7fffffff, 0xfffffff4, 0xffffffff};
    for (unsigned i = 0; i < 4; i++) {
        begin();
        build_begin(&builder, "");
        build_token(&builder, 3);
        build_token(&builder, lengths[i]);
        build_token(&builder, build_name(&builder, "x"));
        build_end(&builder);
        finish();
        expect_refused(TS_ERR_IO_DATA_INTEGRITY, "malformed");
    }
}

static void fdt_refuses_property_after_subnode(void **state) {
    (void)state;
    begin();
    build_begin(&builder, "");
    build_begin(&builder, "a");
    build_end(&builder);
    build_cells(&builder, "reg", 1, 1u);
    build_end(&builder);
    finish();
    expect_refused(TS_ERR_IO_DATA_INTEGRITY, "property outside");
}

static void fdt_refuses_property_outside_of_nodes(void **state) {
    (void)state;
    begin();
    build_cells(&builder, "reg", 1, 1u);
    finish();
    expect_refused(TS_ERR_IO_DATA_INTEGRITY, "property outside");
}

static void fdt_refuses_end_without_begin(void **state) {
    (void)state;
    begin();
    build_begin(&builder, "");
    build_end(&builder);
    build_end(&builder);
    finish();
    expect_refused(TS_ERR_IO_DATA_INTEGRITY, "never began");
}

static void fdt_refuses_end_inside_a_node(void **state) {
    (void)state;
    begin();
    build_begin(&builder, "");
    build_begin(&builder, "a");
    build_end(&builder);
    finish();
    expect_refused(TS_ERR_IO_DATA_INTEGRITY, "ends inside");
}

static void fdt_refuses_two_roots(void **state) {
    (void)state;
    begin();
    build_begin(&builder, "");
    build_end(&builder);
    build_begin(&builder, "");
    build_end(&builder);
    finish();
    expect_refused(TS_ERR_IO_DATA_INTEGRITY, "one root");
}

static void fdt_refuses_no_root(void **state) {
    (void)state;
    begin();
    finish();
    expect_refused(TS_ERR_IO_DATA_INTEGRITY, "ends inside");
}

static void fdt_refuses_unknown_token(void **state) {
    (void)state;
    begin();
    build_begin(&builder, "");
    build_token(&builder, 5);
    build_end(&builder);
    finish();
    expect_refused(TS_ERR_IO_DATA_INTEGRITY, "malformed");
}

static void fdt_refuses_missing_end_token(void **state) {
    (void)state;
    begin();
    build_begin(&builder, "");
    build_end(&builder);
    blob_size = build_blob(&builder, blob);
    expect_refused(TS_ERR_IO_DATA_INTEGRITY, "unterminated");
}

static void fdt_survives_many_nops(void **state) {
    (void)state;
    begin();
    for (unsigned i = 0; i < 10000; i++) {
        build_token(&builder, 4);
    }
    build_begin(&builder, "");
    build_token(&builder, 4);
    build_cells(&builder, "x", 1, 3u);
    build_token(&builder, 4);
    build_cells(&builder, "y", 1, 4u);
    build_end(&builder);
    finish();
    struct fdt fdt;
    assert_int_equal(fdt_open(&fdt, blob, blob_size), TS_OK);
    assert_int_equal(fdt_read_u32(&fdt, fdt.root, "y", 0), 4);
}

static void fdt_accepts_version_16(void **state) {
    (void)state;
    build_machine();
    put_be32(blob + HEADER_VERSION, 16);
    put_be32(blob + HEADER_STRUCTURE_SIZE, 0xffffffff); /* not a size there */
    assert_true(hostile_run(read_all, blob, blob_size));
}

static void fdt_reads_at_any_alignment(void **state) {
    (void)state;
    static uint8_t shifted[2048];
    for (unsigned shift = 0; shift < 8; shift++) {
        build_machine();
        assert_true(blob_size + shift < sizeof(shifted));
        memcpy(shifted + shift, blob, blob_size);
        assert_true(read_all(shifted + shift, blob_size));
    }
}

static void fdt_announces_its_size(void **state) {
    (void)state;
    build_machine();
    assert_int_equal(fdt_announced_size(blob), blob_size);
    blob[0] = 0;
    assert_int_equal(fdt_announced_size(blob), 0);
}

static void fdt_no_node_answers_nothing(void **state) {
    (void)state;
    struct fdt fdt;
    struct fdt_walk walk;
    uint64_t number;
    open_machine(&fdt);
    assert_int_equal(fdt_first_child(&fdt, FDT_NONE), FDT_NONE);
    assert_int_equal(fdt_next_sibling(&fdt, FDT_NONE), FDT_NONE);
    assert_int_equal(fdt_next_node(&fdt, FDT_NONE, NULL), FDT_NONE);
    assert_int_equal(fdt_parent(&fdt, FDT_NONE), FDT_NONE);
    assert_false(fdt_walk_to(&fdt, &walk, FDT_NONE));
    assert_string_equal(fdt_name(&fdt, FDT_NONE), "");
    assert_false(fdt_name_is(&fdt, FDT_NONE, ""));
    assert_null(fdt_property(&fdt, FDT_NONE, "reg").data);
    assert_false(fdt_is_enabled(&fdt, FDT_NONE));
    assert_false(fdt_read_number(&fdt, FDT_NONE, "reg", &number));
    assert_int_equal(fdt_find_child(&fdt, FDT_NONE, "a"), FDT_NONE);
}

static void fdt_offsets_that_are_no_nodes_answer_nothing(void **state) {
    (void)state;
    struct fdt fdt;
    open_machine(&fdt);
    for (uint32_t offset = 1; offset < fdt.structure_size + 16; offset++) {
        uint32_t next = fdt_first_child(&fdt, offset);
        assert_true(next == FDT_NONE || next > offset);
        fdt_property(&fdt, offset, "reg");
        assert_in_range(strlen(fdt_name(&fdt, offset)), 0, blob_size);
    }
}

static void fdt_walks_children_and_siblings(void **state) {
    (void)state;
    struct fdt fdt;
    open_machine(&fdt);
    uint32_t aliases = fdt_first_child(&fdt, fdt.root);
    assert_string_equal(fdt_name(&fdt, aliases), "aliases");
    uint32_t memory = fdt_next_sibling(&fdt, aliases);
    assert_true(fdt_name_is(&fdt, memory, "memory"));
    assert_true(fdt_name_is(&fdt, memory, "memory@40000000"));
    assert_false(fdt_name_is(&fdt, memory, "mem"));
    uint32_t soc = fdt_next_sibling(&fdt, memory);
    assert_string_equal(fdt_name(&fdt, soc), "soc");
    assert_int_equal(fdt_next_sibling(&fdt, soc), FDT_NONE);
    assert_int_equal(fdt_next_sibling(&fdt, fdt.root), FDT_NONE);
    uint32_t bus = fdt_next_sibling(&fdt, fdt_first_child(&fdt, soc));
    assert_string_equal(fdt_name(&fdt, bus), "bus@10000000");
    assert_int_equal(fdt_parent(&fdt, bus), soc);
    assert_int_equal(fdt_next_sibling(&fdt, bus), FDT_NONE);
    assert_int_equal(fdt_parent(&fdt, fdt.root), FDT_NONE);
}

static void fdt_walks_depth_first(void **state) {
    (void)state;
    struct fdt fdt;
    open_machine(&fdt);
    static const int depths[] = {0, 1, 1, 1, 2, 2, 3, 3};
    uint32_t node = fdt.root;
    int depth = 0;
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(depth, depths[i]);
        node = fdt_next_node(&fdt, node, &depth);
    }
    assert_int_equal(node, FDT_NONE);
}

static void fdt_finds_paths(void **state) {
    (void)state;
    struct fdt fdt;
    open_machine(&fdt);
    uint32_t serial = fdt_find_path(&fdt, "/soc/serial@9000000");
    assert_string_equal(fdt_name(&fdt, serial), "serial@9000000");
    assert_int_equal(fdt_find_path(&fdt, "/soc/serial"), serial);
    assert_int_equal(fdt_find_path(&fdt, "//soc//serial/"), serial);
    assert_int_equal(fdt_find_path(&fdt, "/soc/serial:115200n8"), serial);
    assert_int_equal(fdt_find_path(&fdt, "serial0"), serial);
    assert_int_equal(fdt_find_path(&fdt, "serial0:115200"), serial);
    assert_int_equal(fdt_find_path(&fdt, "/"), fdt.root);
    assert_int_equal(fdt_find_path(&fdt, "/soc/serial@1"), FDT_NONE);
    assert_int_equal(fdt_find_path(&fdt, "/soc/serial/x"), FDT_NONE);
    assert_int_equal(fdt_find_path(&fdt, "serial"), FDT_NONE);
    assert_int_equal(fdt_find_path(&fdt, "loop"), FDT_NONE);
    assert_int_equal(fdt_find_path(&fdt, ""), FDT_NONE);
}

static void fdt_finds_compatible(void **state) {
    (void)state;
    struct fdt fdt;
    open_machine(&fdt);
    uint32_t node = fdt_find_compatible(&fdt, FDT_NONE, "arm,primecell");
    assert_string_equal(fdt_name(&fdt, node), "serial@9000000");
    assert_int_equal(fdt_find_compatible(&fdt, node, "arm,primecell"), FDT_NONE);
    assert_int_equal(fdt_find_compatible(&fdt, FDT_NONE, "primecell"), FDT_NONE);
    assert_int_equal(fdt_find_compatible(&fdt, FDT_NONE, "arm,pl01"), FDT_NONE);
}

static void fdt_finds_phandle(void **state) {
    (void)state;
    struct fdt fdt;
    open_machine(&fdt);
    assert_string_equal(fdt_name(&fdt, fdt_find_phandle(&fdt, 7)), "serial@9000000");
    assert_int_equal(fdt_find_phandle(&fdt, 8), FDT_NONE);
    assert_int_equal(fdt_find_phandle(&fdt, 0), FDT_NONE);
    assert_int_equal(fdt_find_phandle(&fdt, UINT32_MAX), FDT_NONE);
}

static void fdt_string_lists_need_terminators(void **state) {
    (void)state;
    struct fdt_value list = {(const uint8_t *)"ab\0cd\0ef", 8};
    assert_string_equal(fdt_string(list, 1), "cd");
    assert_null(fdt_string(list, 2));
    assert_true(fdt_has_string(list, "cd"));
    assert_false(fdt_has_string(list, "ef"));
    assert_false(fdt_has_string(list, "c"));
    assert_null(fdt_string((struct fdt_value){NULL, 0}, 0));
}

static void fdt_read_cells_checks_bounds_and_width(void **state) {
    (void)state;
    uint64_t number = 5;
    struct fdt_value value = {(const uint8_t *)"\0\0\0\1\0\0\0\2\0\0\0\3", 12};
    assert_true(fdt_read_cells(value, 0, 2, &number));
    assert_int_equal(number, 0x100000002);
    assert_false(fdt_read_cells(value, 0, 3, &number));
    assert_false(fdt_read_cells(value, 2, 2, &number));
    assert_false(fdt_read_cells(value, 3, 1, &number));
    assert_false(fdt_read_cells(value, UINT32_MAX, 2, &number));
    assert_false(fdt_read_cells(value, 1, UINT32_MAX, &number));
    assert_true(fdt_read_cells(value, 3, 0, &number));
    assert_int_equal(number, 0);
}

static void fdt_reads_reg(void **state) {
    (void)state;
    struct fdt fdt;
    uint64_t base, size;
    open_machine(&fdt);
    uint32_t memory = fdt_find_path(&fdt, "/memory");
    assert_int_equal(fdt_reg_count(&fdt, fdt.root, memory), 2);
    assert_true(fdt_read_reg(&fdt, fdt.root, memory, 1, &base, &size));
    assert_int_equal(base, 0x100000000);
    assert_int_equal(size, 0x1000);
    assert_false(fdt_read_reg(&fdt, fdt.root, memory, 2, &base, &size));
    assert_false(fdt_read_reg(&fdt, fdt.root, memory, 0x40000000, &base, &size));
    assert_false(fdt_read_reg(&fdt, fdt.root, memory, UINT32_MAX, &base, &size));
}

static void fdt_refuses_reg_with_impossible_cells(void **state) {
    (void)state;
    static const uint32_t cells[] = {0, 5, 0x80000000, 0xffffffff};
    uint64_t base, size;
    struct fdt fdt;
    for (unsigned i = 0; i < 4; i++) {
        begin();
        build_begin(&builder, "");
        build_cells(&builder, "#address-cells", 1, cells[i]);
        build_cells(&builder, "#size-cells", 1, i == 0 ? 1 : cells[i]);
        build_begin(&builder, "a");
        build_cells(&builder, "reg", 4, 1u, 2u, 3u, 4u);
        build_end(&builder);
        build_end(&builder);
        finish();
        assert_int_equal(fdt_open(&fdt, blob, blob_size), TS_OK);
        uint32_t node = fdt_find_path(&fdt, "/a");
        assert_false(fdt_read_reg(&fdt, fdt.root, node, 0, &base, &size));
        assert_int_equal(fdt_reg_count(&fdt, fdt.root, node), 0);
    }
}

static void fdt_refuses_reg_that_wraps(void **state) {
    (void)state;
    uint64_t base, size;
    struct fdt fdt;
    begin();
    build_begin(&builder, "");
    build_begin(&builder, "a");
    build_cells(&builder, "reg", 3, 0xffffffffu, 0xfffff000u, 0x2000u);
    build_end(&builder);
    build_end(&builder);
    finish();
    assert_int_equal(fdt_open(&fdt, blob, blob_size), TS_OK);
    assert_false(fdt_read_reg(&fdt, fdt.root, fdt_find_path(&fdt, "/a"), 0, &base, &size));
}

static void fdt_translates_by_ranges(void **state) {
    (void)state;
    struct fdt fdt;
    struct fdt_walk walk;
    uint64_t base, size;
    open_machine(&fdt);
    assert_true(fdt_walk_to(&fdt, &walk, fdt_find_path(&fdt, "/soc/bus/timer@10")));
    assert_true(fdt_walk_reg(&fdt, &walk, 0, &base, &size));
    assert_int_equal(base, 0x10000010);
    assert_true(fdt_walk_reg(&fdt, &walk, 1, &base, &size));
    assert_int_equal(base, 0x220000010);
    assert_true(fdt_walk_to(&fdt, &walk, fdt_find_path(&fdt, "/soc/serial")));
    assert_true(fdt_walk_reg(&fdt, &walk, 0, &base, &size));
    assert_int_equal(base, 0x9000000);
}

static void fdt_refuses_reg_that_leaves_its_range(void **state) {
    (void)state;
    struct fdt fdt;
    struct fdt_walk walk;
    uint64_t base, size;
    open_machine(&fdt);
    assert_true(fdt_walk_to(&fdt, &walk, fdt_find_path(&fdt, "/soc/bus/timer@20")));
    assert_false(fdt_walk_reg(&fdt, &walk, 0, &base, &size));
}

static void fdt_refuses_reg_without_ranges(void **state) {
    (void)state;
    struct fdt fdt;
    struct fdt_walk walk;
    uint64_t base, size;
    begin();
    build_begin(&builder, "");
    build_begin(&builder, "cpus");
    build_begin(&builder, "a");
    build_cells(&builder, "reg", 3, 0u, 1u, 1u);
    build_end(&builder);
    build_end(&builder);
    build_end(&builder);
    finish();
    assert_int_equal(fdt_open(&fdt, blob, blob_size), TS_OK);
    assert_true(fdt_walk_to(&fdt, &walk, fdt_find_path(&fdt, "/cpus/a")));
    assert_false(fdt_walk_reg(&fdt, &walk, 0, &base, &size));
}

static void fdt_reads_status(void **state) {
    (void)state;
    struct fdt fdt;
    open_machine(&fdt);
    assert_false(fdt_is_enabled(&fdt, fdt_find_path(&fdt, "/soc/bus/timer@10")));
    assert_true(fdt_is_enabled(&fdt, fdt_find_path(&fdt, "/soc/bus/timer@20")));
}

static void fdt_reads_reserve_map(void **state) {
    (void)state;
    struct fdt fdt;
    uint64_t base, size;
    open_machine(&fdt);
    assert_true(fdt_read_reserve(&fdt, 0, &base, &size));
    assert_int_equal(base, 0x48000000);
    assert_int_equal(size, 0x10000);
    assert_false(fdt_read_reserve(&fdt, 1, &base, &size));
    assert_false(fdt_read_reserve(&fdt, UINT32_MAX, &base, &size));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fdt_refuses_truncation_at_every_byte),
        cmocka_unit_test(fdt_refuses_blocks_cut_at_every_byte),
        cmocka_unit_test(fdt_survives_mutations),
        cmocka_unit_test(fdt_survives_every_value_of_every_header_byte),
        cmocka_unit_test(fdt_survives_a_blob_that_changes_after_open),
        cmocka_unit_test(fdt_refuses_empty_input),
        cmocka_unit_test(fdt_refuses_wrong_magic),
        cmocka_unit_test(fdt_refuses_old_version),
        cmocka_unit_test(fdt_refuses_incompatible_new_version),
        cmocka_unit_test(fdt_refuses_total_size_beyond_input),
        cmocka_unit_test(fdt_refuses_total_size_below_header),
        cmocka_unit_test(fdt_refuses_structure_out_of_bounds),
        cmocka_unit_test(fdt_refuses_misaligned_structure),
        cmocka_unit_test(fdt_refuses_strings_out_of_bounds),
        cmocka_unit_test(fdt_refuses_reserve_map_out_of_bounds),
        cmocka_unit_test(fdt_refuses_unterminated_reserve_map),
        cmocka_unit_test(fdt_refuses_reservation_that_wraps),
        cmocka_unit_test(fdt_accepts_nesting_up_to_the_limit),
        cmocka_unit_test(fdt_refuses_depth_bomb),
        cmocka_unit_test(fdt_refuses_unterminated_node_name),
        cmocka_unit_test(fdt_refuses_property_name_out_of_bounds),
        cmocka_unit_test(fdt_refuses_unterminated_property_name),
        cmocka_unit_test(fdt_refuses_property_longer_than_block),
        cmocka_unit_test(fdt_refuses_property_after_subnode),
        cmocka_unit_test(fdt_refuses_property_outside_of_nodes),
        cmocka_unit_test(fdt_refuses_end_without_begin),
        cmocka_unit_test(fdt_refuses_end_inside_a_node),
        cmocka_unit_test(fdt_refuses_two_roots),
        cmocka_unit_test(fdt_refuses_no_root),
        cmocka_unit_test(fdt_refuses_unknown_token),
        cmocka_unit_test(fdt_refuses_missing_end_token),
        cmocka_unit_test(fdt_survives_many_nops),
        cmocka_unit_test(fdt_accepts_version_16),
        cmocka_unit_test(fdt_reads_at_any_alignment),
        cmocka_unit_test(fdt_announces_its_size),
        cmocka_unit_test(fdt_no_node_answers_nothing),
        cmocka_unit_test(fdt_offsets_that_are_no_nodes_answer_nothing),
        cmocka_unit_test(fdt_walks_children_and_siblings),
        cmocka_unit_test(fdt_walks_depth_first),
        cmocka_unit_test(fdt_finds_paths),
        cmocka_unit_test(fdt_finds_compatible),
        cmocka_unit_test(fdt_finds_phandle),
        cmocka_unit_test(fdt_string_lists_need_terminators),
        cmocka_unit_test(fdt_read_cells_checks_bounds_and_width),
        cmocka_unit_test(fdt_reads_reg),
        cmocka_unit_test(fdt_refuses_reg_with_impossible_cells),
        cmocka_unit_test(fdt_refuses_reg_that_wraps),
        cmocka_unit_test(fdt_translates_by_ranges),
        cmocka_unit_test(fdt_refuses_reg_that_leaves_its_range),
        cmocka_unit_test(fdt_refuses_reg_without_ranges),
        cmocka_unit_test(fdt_reads_status),
        cmocka_unit_test(fdt_reads_reserve_map),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
