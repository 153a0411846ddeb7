/* SPDX-License-Identifier: MIT */
/* The memory map: firmware that lies, then overlaps of all kinds, checked against a map with one byte per page. */
#include "base/test/hostile.h"

#include "common/boot_memory.h"

#define PAGE       TS_PAGE_SIZE
#define MODEL_SIZE 64u /* pages */
#define NOTHING    0xff

static struct boot_info info;

static void begin(void) {
    memset(&info, 0, sizeof(info));
}

static void expect_entry(uint32_t index, uint64_t base, uint64_t length, uint32_t kind) {
    assert_true(index < info.memory_count);
    assert_int_equal(info.memory[index].base, base);
    assert_int_equal(info.memory[index].length, length);
    assert_int_equal(info.memory[index].kind, kind);
}

/* A machine with 64 MiB at 1 GiB, ready to be finished. */
static void begin_machine(void) {
    begin();
    info.cpu_count = 1;
    boot_memory_add(&info, BOOT_MEMORY_USABLE, 0x40000000, 0x4000000);
    info.kernel = (struct boot_range){0x40200000, 0x100000};
    info.archive = (struct boot_range){0x41000000, 0x2345};
}

static void expect_finish_error(const char *error) {
    boot_memory_finish(&info);
    assert_non_null(info.error);
    assert_non_null(strstr(info.error, error));
}

static void memory_refuses_range_that_wraps(void **state) {
    (void)state;
    begin();
    assert_false(boot_memory_add(&info, BOOT_MEMORY_USABLE, 0xfffffffffffff000, 0x2000));
    assert_non_null(info.error);
    assert_int_equal(info.memory_count, 0);
}

static void memory_refuses_range_above_physical_addresses(void **state) {
    (void)state;
    begin();
    assert_false(boot_memory_add(&info, BOOT_MEMORY_RESERVED, 0, UINT64_MAX));
    assert_non_null(info.error);
    begin();
    assert_true(boot_memory_add(&info, BOOT_MEMORY_RESERVED, 0, (uint64_t)1 << 52));
    assert_null(info.error);
}

static void memory_ignores_empty_range(void **state) {
    (void)state;
    begin();
    assert_true(boot_memory_add(&info, BOOT_MEMORY_DEVICE, UINT64_MAX, 0));
    assert_int_equal(info.memory_count, 0);
}

static void memory_reports_too_many_entries(void **state) {
    (void)state;
    begin();
    for (uint64_t i = 0; i < BOOT_MEMORY_MAX; i++) {
        assert_true(boot_memory_add(&info, BOOT_MEMORY_USABLE, i * 2 * PAGE, PAGE));
    }
    assert_null(info.error);
    assert_false(boot_memory_add(&info, BOOT_MEMORY_USABLE, BOOT_MEMORY_MAX * 2 * PAGE, PAGE));
    assert_non_null(strstr(info.error, "too many"));
    assert_int_equal(info.memory_count, BOOT_MEMORY_MAX);
}

static void memory_reports_no_room_for_a_split(void **state) {
    (void)state;
    begin();
    for (uint64_t i = 0; i < BOOT_MEMORY_MAX; i++) {
        assert_true(boot_memory_add(&info, BOOT_MEMORY_USABLE, i * 8 * PAGE, 4 * PAGE));
    }
    assert_false(boot_memory_add(&info, BOOT_MEMORY_RESERVED, 8 * PAGE + PAGE, PAGE));
    assert_non_null(strstr(info.error, "too many"));
}

static void memory_rounds_usable_inward(void **state) {
    (void)state;
    begin();
    boot_memory_add(&info, BOOT_MEMORY_USABLE, 0x1001, 0x2fff);
    boot_memory_add(&info, BOOT_MEMORY_USABLE, 0x8000, 0x1fff);
    boot_memory_add(&info, BOOT_MEMORY_USABLE, 0x20001, 0x1ffe);
    assert_int_equal(info.memory_count, 2);
    expect_entry(0, 0x2000, 0x2000, BOOT_MEMORY_USABLE);
    expect_entry(1, 0x8000, 0x1000, BOOT_MEMORY_USABLE);
}

static void memory_rounds_others_outward(void **state) {
    (void)state;
    begin();
    boot_memory_add(&info, BOOT_MEMORY_RESERVED, 0x1fff, 2);
    boot_memory_add(&info, BOOT_MEMORY_DEVICE, 0x9000010, 1);
    expect_entry(0, 0x1000, 0x2000, BOOT_MEMORY_RESERVED);
    expect_entry(1, 0x9000000, 0x1000, BOOT_MEMORY_DEVICE);
}

static void memory_merges_neighbours_and_overlaps(void **state) {
    (void)state;
    begin();
    boot_memory_add(&info, BOOT_MEMORY_USABLE, 0x4000, 0x1000);
    boot_memory_add(&info, BOOT_MEMORY_USABLE, 0x1000, 0x1000);
    boot_memory_add(&info, BOOT_MEMORY_USABLE, 0x2000, 0x2000);
    boot_memory_add(&info, BOOT_MEMORY_USABLE, 0x3000, 0x8000);
    assert_int_equal(info.memory_count, 1);
    expect_entry(0, 0x1000, 0xa000, BOOT_MEMORY_USABLE);
}

static void memory_reserved_cuts_usable(void **state) {
    (void)state;
    begin();
    boot_memory_add(&info, BOOT_MEMORY_USABLE, 0x10000, 0x10000);
    boot_memory_add(&info, BOOT_MEMORY_RESERVED, 0x14000, 0x1000);
    assert_int_equal(info.memory_count, 3);
    expect_entry(0, 0x10000, 0x4000, BOOT_MEMORY_USABLE);
    expect_entry(1, 0x14000, 0x1000, BOOT_MEMORY_RESERVED);
    expect_entry(2, 0x15000, 0xb000, BOOT_MEMORY_USABLE);
}

static void memory_usable_fills_around_reserved(void **state) {
    (void)state;
    begin();
    boot_memory_add(&info, BOOT_MEMORY_RESERVED, 0x14000, 0x1000);
    boot_memory_add(&info, BOOT_MEMORY_RESERVED, 0x1f000, 0x2000);
    boot_memory_add(&info, BOOT_MEMORY_USABLE, 0x10000, 0x10000);
    assert_int_equal(info.memory_count, 4);
    expect_entry(0, 0x10000, 0x4000, BOOT_MEMORY_USABLE);
    expect_entry(2, 0x15000, 0xa000, BOOT_MEMORY_USABLE);
    expect_entry(3, 0x1f000, 0x2000, BOOT_MEMORY_RESERVED);
}

static void memory_reports_registers_in_ram(void **state) {
    (void)state;
    begin();
    boot_memory_add(&info, BOOT_MEMORY_USABLE, 0x10000, 0x10000);
    boot_memory_add(&info, BOOT_MEMORY_DEVICE, 0x14000, 0x1000);
    assert_non_null(strstr(info.error, "RAM"));
    begin();
    boot_memory_add(&info, BOOT_MEMORY_DEVICE, 0x14000, 0x1000);
    boot_memory_add(&info, BOOT_MEMORY_USABLE, 0x10000, 0x10000);
    assert_non_null(strstr(info.error, "RAM"));
}

static void memory_registers_may_be_reserved(void **state) {
    (void)state;
    begin();
    boot_memory_add(&info, BOOT_MEMORY_RESERVED, 0xfee00000, 0x100000);
    boot_memory_add(&info, BOOT_MEMORY_DEVICE, 0xfee00000, 0x1000);
    assert_null(info.error);
    expect_entry(0, 0xfee00000, 0x1000, BOOT_MEMORY_DEVICE);
}

/* Random ranges in random order against the simplest possible map. */
static void memory_agrees_with_a_model(void **state) {
    (void)state;
    static const uint8_t strength[] = {0, 4, 3, 1, 2}; /* by kind */
    uint64_t random = 42;
    for (unsigned round = 0; round < 3000; round++) {
        uint8_t model[MODEL_SIZE];
        memset(model, NOTHING, sizeof(model));
        begin();
        for (unsigned i = 0; i < 12; i++) {
            uint64_t bits = hostile_random(&random);
            enum boot_memory_kind kind = bits % 5;
            uint64_t first = bits >> 8 & 31, count = bits >> 16 & 31;
            assert_true(boot_memory_add(&info, kind, first * PAGE, count * PAGE));
            for (uint64_t page = first; page < first + count; page++) {
                if (model[page] == NOTHING || strength[model[page]] < strength[kind]) {
                    model[page] = (uint8_t)kind;
                }
            }
        }
        uint64_t page = 0;
        for (uint32_t i = 0; i < info.memory_count; i++) {
            const struct boot_memory *entry = &info.memory[i];
            for (; page < entry->base / PAGE; page++) {
                assert_int_equal(model[page], NOTHING);
            }
            assert_true(page == entry->base / PAGE && entry->length > 0);
            assert_false(i > 0 && entry[-1].kind == entry->kind && entry[-1].base + entry[-1].length == entry->base);
            for (; page < (entry->base + entry->length) / PAGE; page++) {
                assert_int_equal(model[page], entry->kind);
            }
        }
        for (; page < MODEL_SIZE; page++) {
            assert_int_equal(model[page], NOTHING);
        }
    }
}

static void memory_covers_across_entries(void **state) {
    (void)state;
    begin();
    boot_memory_add(&info, BOOT_MEMORY_USABLE, 0x10000, 0x4000);
    boot_memory_add(&info, BOOT_MEMORY_RESERVED, 0x14000, 0x1000);
    assert_true(boot_memory_covers(&info, 0x10001, 0x4fff));
    assert_false(boot_memory_covers(&info, 0x10001, 0x5000));
    assert_false(boot_memory_covers(&info, 0xffff, 2));
    assert_false(boot_memory_covers(&info, 0x10000, UINT64_MAX));
    assert_true(boot_memory_covers(&info, 0, 0));
}

static void finish_keeps_kernel_and_archive(void **state) {
    (void)state;
    begin_machine();
    boot_memory_finish(&info);
    assert_null(info.error);
    assert_int_equal(info.memory_count, 5);
    expect_entry(1, 0x40200000, 0x100000, BOOT_MEMORY_KERNEL);
    expect_entry(3, 0x41000000, 0x3000, BOOT_MEMORY_BOOT);
}

static void finish_reports_archive_outside_of_memory(void **state) {
    (void)state;
    begin_machine();
    info.archive.base = 0x43fff000;
    expect_finish_error("archive lies outside");
    begin_machine();
    info.archive.length = UINT64_MAX;
    expect_finish_error("archive");
}

static void finish_reports_devicetree_outside_of_memory(void **state) {
    (void)state;
    begin_machine();
    info.devicetree = (struct boot_range){0x1000, 0x1000};
    expect_finish_error("devicetree lies outside");
}

static void finish_reports_kernel_outside_of_memory(void **state) {
    (void)state;
    begin_machine();
    info.kernel.base = 0x3ff00000;
    expect_finish_error("kernel image lies outside");
    begin_machine();
    info.kernel.length = 0;
    expect_finish_error("no kernel");
}

static void finish_reports_archive_over_kernel(void **state) {
    (void)state;
    begin_machine();
    info.archive.base = 0x402fffff;
    expect_finish_error("overlap the kernel");
}

static void finish_reports_archive_over_devicetree(void **state) {
    (void)state;
    begin_machine();
    info.devicetree = (struct boot_range){0x41002344, 0x1000};
    expect_finish_error("archive and the devicetree overlap");
}

static void finish_lets_archive_and_kernel_share_a_page(void **state) {
    (void)state;
    begin_machine();
    info.kernel.length = 0x100800;
    info.archive.base = 0x40300800;
    boot_memory_finish(&info);
    assert_null(info.error);
    expect_entry(1, 0x40200000, 0x101000, BOOT_MEMORY_KERNEL);
}

static void finish_reports_no_usable_memory(void **state) {
    (void)state;
    begin_machine();
    boot_memory_add(&info, BOOT_MEMORY_RESERVED, 0x40000000, 0x4000000);
    expect_finish_error("no usable");
}

static void finish_reports_no_cpu(void **state) {
    (void)state;
    begin_machine();
    info.cpu_count = 0;
    expect_finish_error("no CPU");
}

static void finish_keeps_the_first_error(void **state) {
    (void)state;
    begin_machine();
    info.error = "first";
    info.cpu_count = 0;
    boot_memory_finish(&info);
    assert_string_equal(info.error, "first");
}

static void cpu_first_moves_the_boot_cpu(void **state) {
    (void)state;
    begin();
    for (uint32_t i = 0; i < 4; i++) {
        info.cpu[info.cpu_count++] = (struct boot_cpu){.hardware_id = i * 10, .controller_context = i};
    }
    boot_cpu_set_first(&info, 20);
    static const uint64_t expected[] = {20, 0, 10, 30};
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(info.cpu[i].hardware_id, expected[i]);
    }
    assert_int_equal(info.cpu[0].controller_context, 2);
    boot_cpu_set_first(&info, 20);
    assert_int_equal(info.cpu[0].hardware_id, 20);
    assert_null(info.error);
}

static void cpu_first_reports_an_unlisted_cpu(void **state) {
    (void)state;
    begin();
    info.cpu_count = 1;
    boot_cpu_set_first(&info, 7);
    assert_non_null(info.error);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_refuses_range_that_wraps),
        cmocka_unit_test(memory_refuses_range_above_physical_addresses),
        cmocka_unit_test(memory_ignores_empty_range),
        cmocka_unit_test(memory_reports_too_many_entries),
        cmocka_unit_test(memory_reports_no_room_for_a_split),
        cmocka_unit_test(memory_rounds_usable_inward),
        cmocka_unit_test(memory_rounds_others_outward),
        cmocka_unit_test(memory_merges_neighbours_and_overlaps),
        cmocka_unit_test(memory_reserved_cuts_usable),
        cmocka_unit_test(memory_usable_fills_around_reserved),
        cmocka_unit_test(memory_reports_registers_in_ram),
        cmocka_unit_test(memory_registers_may_be_reserved),
        cmocka_unit_test(memory_agrees_with_a_model),
        cmocka_unit_test(memory_covers_across_entries),
        cmocka_unit_test(finish_keeps_kernel_and_archive),
        cmocka_unit_test(finish_reports_archive_outside_of_memory),
        cmocka_unit_test(finish_reports_devicetree_outside_of_memory),
        cmocka_unit_test(finish_reports_kernel_outside_of_memory),
        cmocka_unit_test(finish_reports_archive_over_kernel),
        cmocka_unit_test(finish_reports_archive_over_devicetree),
        cmocka_unit_test(finish_lets_archive_and_kernel_share_a_page),
        cmocka_unit_test(finish_reports_no_usable_memory),
        cmocka_unit_test(finish_reports_no_cpu),
        cmocka_unit_test(finish_keeps_the_first_error),
        cmocka_unit_test(cpu_first_moves_the_boot_cpu),
        cmocka_unit_test(cpu_first_reports_an_unlisted_cpu),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
