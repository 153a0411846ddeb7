/* SPDX-License-Identifier: MIT */
/*
 * struct boot_info from devicetrees like those of QEMU's machines, each built with one thing wrong. The whole is also
 * cut off and damaged at random: whatever comes out must be a sound boot_info or have an error.
 */
#include "base/test/hostile.h"

#include "base/test/fdt_builder.h"
#include "common/boot_fdt.h"
#include "common/boot_memory.h"

#define RAM       0x80000000u
#define BLOB_PHYS (RAM + 0x2000000u)

/* What a test changes in the machine that is built. */
struct machine {
    bool riscv;
    uint32_t gic_version;
    uint32_t regions;       /* redistributor regions announced; one more than 1 is really there */
    uint32_t cpus;
    uint32_t source_count;  /* riscv,ndev */
    uint32_t context_rows;  /* of the PLIC, less than two per CPU: cut off */
    uint32_t plic_size;
    uint32_t uart_shift, uart_width, uart_size;
    uint32_t archive_start, archive_end;
    bool archive_wide;      /* 64-bit cells */
    const char *arguments;
    const char *stdout_path;
    const char *method;     /* of PSCI */
    bool same_reg;          /* all CPUs have reg 0 */
    uint32_t disabled_cpu;  /* plus one */
    uint32_t no_supervisor; /* CPU plus one that has no row for supervisor mode */
};

static struct fdt_builder builder;
static uint8_t blob[70000];
static size_t blob_size;
static struct boot_info info;

static struct machine default_machine(bool riscv) {
    return (struct machine){.riscv = riscv, .gic_version = 3, .regions = 1, .cpus = 4, .source_count = 96,
                            .context_rows = 8, .plic_size = 0x600000, .uart_size = 0x1000, .uart_width = 1,
                            .arguments = "selftest", .stdout_path = "serial0:115200", .method = "hvc"};
}

static void build_reg(const char *name, uint32_t base, uint32_t size) {
    build_cells(&builder, name, 4, 0u, base, 0u, size);
}

static void build_chosen(const struct machine *m) {
    build_begin(&builder, "aliases");
    build_string(&builder, "serial0", "/soc/serial@9000000");
    build_end(&builder);
    build_begin(&builder, "chosen");
    if (m->arguments != NULL) {
        build_string(&builder, "bootargs", m->arguments);
    }
    if (m->stdout_path != NULL) {
        build_string(&builder, "stdout-path", m->stdout_path);
    }
    if (m->archive_start != 0 && m->archive_wide) {
        build_cells(&builder, "linux,initrd-start", 2, 0u, m->archive_start);
        build_cells(&builder, "linux,initrd-end", 2, 0u, m->archive_end);
    } else if (m->archive_start != 0) {
        build_cells(&builder, "linux,initrd-start", 1, m->archive_start);
        build_cells(&builder, "linux,initrd-end", 1, m->archive_end);
    }
    build_end(&builder);
}

static void build_memory(void) {
    build_begin(&builder, "memory@80000000");
    build_string(&builder, "device_type", "memory");
    build_cells(&builder, "reg", 8, 0u, RAM, 0u, 0x4000000u, 1u, 0u, 0u, 0x1000000u);
    build_end(&builder);
    build_begin(&builder, "reserved-memory");
    build_cells(&builder, "#address-cells", 1, 2u);
    build_cells(&builder, "#size-cells", 1, 2u);
    build_property(&builder, "ranges", "", 0);
    build_begin(&builder, "firmware@80000000");
    build_reg("reg", RAM, 0x80000);
    build_end(&builder);
    build_begin(&builder, "pool");
    build_cells(&builder, "size", 2, 0u, 0x100000u);
    build_end(&builder);
    build_end(&builder);
}

static void build_cpus(const struct machine *m) {
    build_begin(&builder, "cpus");
    build_cells(&builder, "#address-cells", 1, 1u);
    build_cells(&builder, "#size-cells", 1, 0u);
    if (m->riscv) {
        build_cells(&builder, "timebase-frequency", 1, 10000000u);
    }
    build_begin(&builder, "cpu-map");
    build_end(&builder);
    for (uint32_t i = 0; i < m->cpus; i++) {
        build_begin(&builder, "cpu");
        build_string(&builder, "device_type", "cpu");
        build_cells(&builder, "reg", 1, m->same_reg ? 0 : i);
        if (m->disabled_cpu == i + 1) {
            build_string(&builder, "status", "disabled");
        }
        if (m->riscv) {
            build_begin(&builder, "interrupt-controller");
            build_string(&builder, "compatible", "riscv,cpu-intc");
            build_cells(&builder, "phandle", 1, 100 + i);
            build_end(&builder);
        }
        build_end(&builder);
    }
    build_end(&builder);
}

static void build_plic(const struct machine *m) {
    uint8_t rows[8 * 256];
    uint32_t count = 0;
    for (uint32_t i = 0; i < m->context_rows; i++) {
        uint32_t cpu = i / 2;
        put_be32(rows + count * 8, 100 + cpu);
        put_be32(rows + count * 8 + 4, i % 2 == 0 ? 11 : m->no_supervisor == cpu + 1 ? 0xffffffff : 9);
        count++;
    }
    build_begin(&builder, "plic@c000000");
    build_string(&builder, "compatible", "sifive,plic-1.0.0");
    build_reg("reg", 0xc000000, m->plic_size);
    build_cells(&builder, "riscv,ndev", 1, m->source_count);
    build_property(&builder, "interrupts-extended", rows, count * 8);
    build_end(&builder);
    build_begin(&builder, "test@100000");
    build_string(&builder, "compatible", "sifive,test1");
    build_reg("reg", 0x100000, 0x1000);
    build_end(&builder);
}

static void build_gic(const struct machine *m) {
    build_begin(&builder, "intc@8000000");
    build_string(&builder, "compatible", m->gic_version == 3 ? "arm,gic-v3" : "arm,cortex-a15-gic");
    if (m->gic_version == 3) {
        build_cells(&builder, "#redistributor-regions", 1, m->regions);
        build_cells(&builder, "reg", 12, 0u, 0x8000000u, 0u, 0x10000u, 0u, 0x80a0000u, 0u, 0xf60000u, 0x40u, 0u, 0u,
                    0x4000000u);
    } else {
        build_cells(&builder, "reg", 8, 0u, 0x8000000u, 0u, 0x10000u, 0u, 0x8010000u, 0u, 0x10000u);
    }
    build_end(&builder);
    build_begin(&builder, "psci");
    build_string(&builder, "compatible", "arm,psci-1.0");
    build_string(&builder, "method", m->method);
    build_end(&builder);
}

static void build_serial(const struct machine *m) {
    build_begin(&builder, "serial@8fff000");
    build_string(&builder, "compatible", m->riscv ? "ns16550a" : "arm,pl011");
    build_reg("reg", 0x8fff000, 0x1000);
    build_end(&builder);
    build_begin(&builder, "serial@9000000");
    build_string(&builder, "compatible", m->riscv ? "ns16550a" : "arm,pl011");
    build_cells(&builder, "reg-shift", 1, m->uart_shift);
    build_cells(&builder, "reg-io-width", 1, m->uart_width);
    build_reg("reg", 0x9000000, m->uart_size);
    build_end(&builder);
}

static void build_machine(const struct machine *m) {
    memset(&builder, 0, sizeof(builder));
    builder.reserve[0] = RAM + 0x3000000;
    builder.reserve[1] = 0x1000;
    builder.reserve_count = 2;
    build_begin(&builder, "");
    build_cells(&builder, "#address-cells", 1, 2u);
    build_cells(&builder, "#size-cells", 1, 2u);
    build_chosen(m);
    build_memory();
    build_cpus(m);
    build_begin(&builder, "soc");
    build_cells(&builder, "#address-cells", 1, 2u);
    build_cells(&builder, "#size-cells", 1, 2u);
    build_property(&builder, "ranges", "", 0);
    build_serial(m);
    if (m->riscv) {
        build_plic(m);
    } else {
        build_gic(m);
    }
    build_end(&builder);
    build_end(&builder);
    build_token(&builder, 9);
    blob_size = build_blob(&builder, blob);
}

/* Sorted, apart, whole pages, no numbers out of bounds: what the kernel relies on. */
static void check_sound(void) {
    assert_in_range(info.memory_count, 1, BOOT_MEMORY_MAX);
    assert_in_range(info.cpu_count, 1, TS_CPU_COUNT_MAX);
    assert_in_range(info.controller.range_count, 0, BOOT_INTERRUPT_REGIONS);
    assert_in_range(strnlen(info.command_line, BOOT_COMMAND_LINE_MAX), 0, BOOT_COMMAND_LINE_MAX - 1);
    for (uint32_t i = 0; i < info.memory_count; i++) {
        const struct boot_memory *entry = &info.memory[i];
        assert_true((entry->base | entry->length) % TS_PAGE_SIZE == 0 && entry->length > 0);
        assert_in_range(entry->kind, BOOT_MEMORY_USABLE, BOOT_MEMORY_DEVICE);
        assert_false(i > 0 && entry[-1].base + entry[-1].length > entry->base);
    }
    assert_true(boot_memory_covers(&info, info.kernel.base, info.kernel.length));
    assert_true(boot_memory_covers(&info, info.archive.base, info.archive.length));
    assert_true(boot_memory_covers(&info, info.devicetree.base, info.devicetree.length));
}

static bool read_blob(const uint8_t *input, size_t size) {
    memset(&info, 0, sizeof(info));
    boot_info_from_fdt(&info, input, size, BLOB_PHYS);
    info.kernel = (struct boot_range){RAM + 0x200000, 0x123456};
    boot_memory_finish(&info);
    if (info.error == NULL) {
        check_sound();
    }
    return info.error == NULL;
}

static void expect_good(const struct machine *m) {
    build_machine(m);
    if (!hostile_run(read_blob, blob, blob_size)) {
        fail_msg("%s", info.error);
    }
}

static void expect_error(const struct machine *m, const char *error) {
    build_machine(m);
    assert_false(hostile_run(read_blob, blob, blob_size));
    if (strstr(info.error, error) == NULL) {
        fail_msg("%s", info.error);
    }
}

static bool has_device(uint64_t base) {
    for (uint32_t i = 0; i < info.memory_count; i++) {
        if (info.memory[i].base == base) {
            return info.memory[i].kind == BOOT_MEMORY_DEVICE;
        }
    }
    return false;
}

static void boot_fdt_refuses_truncation_at_every_byte(void **state) {
    (void)state;
    struct machine m = default_machine(true);
    expect_good(&m);
    assert_int_equal(hostile_truncate(read_blob, blob, blob_size), 0);
}

static void boot_fdt_survives_mutations_of_arm(void **state) {
    (void)state;
    struct machine m = default_machine(false);
    expect_good(&m);
    hostile_mutate(read_blob, blob, blob_size, 10000);
}

static void boot_fdt_survives_mutations_of_riscv(void **state) {
    (void)state;
    struct machine m = default_machine(true);
    expect_good(&m);
    hostile_mutate(read_blob, blob, blob_size, 10000);
}

static void boot_fdt_refuses_garbage(void **state) {
    (void)state;
    memset(blob, 0x5a, 1000);
    assert_false(read_blob(blob, 1000));
    assert_non_null(strstr(info.error, "magic"));
    assert_false(read_blob(blob, 0));
}

static void boot_fdt_reads_riscv_machine(void **state) {
    (void)state;
    struct machine m = default_machine(true);
    expect_good(&m);
    assert_int_equal(info.cpu_count, 4);
    assert_int_equal(info.cpu[3].hardware_id, 3);
    assert_int_equal(info.cpu[3].controller_context, 7);
    assert_int_equal(info.timer_frequency, 10000000);
    assert_int_equal(info.controller.kind, BOOT_CONTROLLER_PLIC);
    assert_int_equal(info.controller.line_count, 96);
    assert_int_equal(info.controller.range[0].base, 0xc000000);
    assert_int_equal(info.power.kind, BOOT_POWER_TEST_DEVICE);
    assert_int_equal(info.power.base, 0x100000);
    assert_true(has_device(0xc000000) && has_device(0x100000) && has_device(0x9000000));
    assert_string_equal(info.command_line, "selftest");
    assert_int_equal(info.devicetree.base, BLOB_PHYS);
    assert_int_equal(info.devicetree.length, blob_size);
}

static void boot_fdt_reads_gic_v3(void **state) {
    (void)state;
    struct machine m = default_machine(false);
    m.regions = 2;
    expect_good(&m);
    assert_int_equal(info.controller.kind, BOOT_CONTROLLER_GICV3);
    assert_int_equal(info.controller.range_count, 3);
    assert_int_equal(info.controller.range[2].base, 0x4000000000);
    assert_true(has_device(0x4000000000));
    assert_int_equal(info.power.firmware, BOOT_POWER_PSCI_HVC);
    assert_int_equal(info.uart.kind, BOOT_UART_PL011);
}

static void boot_fdt_reads_gic_v2(void **state) {
    (void)state;
    struct machine m = default_machine(false);
    m.gic_version = 2;
    m.method = "smc";
    expect_good(&m);
    assert_int_equal(info.controller.kind, BOOT_CONTROLLER_GICV2);
    assert_int_equal(info.controller.range_count, 2);
    assert_int_equal(info.controller.range[1].base, 0x8010000);
    assert_int_equal(info.power.firmware, BOOT_POWER_PSCI_SMC);
}

static void boot_fdt_reports_gic_with_impossible_regions(void **state) {
    (void)state;
    static const uint32_t regions[] = {0, 3, 8, 0xffffffff};
    for (unsigned i = 0; i < 4; i++) {
        struct machine m = default_machine(false);
        m.regions = regions[i];
        expect_error(&m, "GIC");
    }
}

static void boot_fdt_reports_unknown_psci_method(void **state) {
    (void)state;
    struct machine m = default_machine(false);
    m.method = "smcx";
    expect_error(&m, "PSCI");
}

static void boot_fdt_reports_plic_with_impossible_sources(void **state) {
    (void)state;
    struct machine m = default_machine(true);
    m.source_count = 0;
    expect_error(&m, "riscv,ndev");
    m.source_count = 1024;
    expect_error(&m, "riscv,ndev");
}

static void boot_fdt_reports_plic_too_small_for_its_contexts(void **state) {
    (void)state;
    struct machine m = default_machine(true);
    m.plic_size = 0x207000;
    expect_error(&m, "interrupts-extended");
    m.plic_size = 0x200000;
    expect_error(&m, "registers");
    m.plic_size = 0x208000;
    expect_good(&m);
}

static void boot_fdt_reports_plic_without_contexts(void **state) {
    (void)state;
    struct machine m = default_machine(true);
    m.context_rows = 0;
    expect_error(&m, "interrupts-extended");
}

static void boot_fdt_drops_cpu_without_supervisor_mode(void **state) {
    (void)state;
    struct machine m = default_machine(true);
    m.no_supervisor = 1;
    expect_good(&m);
    assert_int_equal(info.cpu_count, 3);
    assert_int_equal(info.cpu[0].hardware_id, 1);
    assert_int_equal(info.cpu[0].controller_context, 3);
}

static void boot_fdt_drops_disabled_cpu(void **state) {
    (void)state;
    struct machine m = default_machine(false);
    m.disabled_cpu = 2;
    expect_good(&m);
    assert_int_equal(info.cpu_count, 3);
    assert_int_equal(info.cpu[1].hardware_id, 2);
}

static void boot_fdt_drops_cpus_above_the_maximum(void **state) {
    (void)state;
    struct machine m = default_machine(true);
    m.cpus = 100;
    m.context_rows = 200;
    expect_good(&m);
    assert_int_equal(info.cpu_count, TS_CPU_COUNT_MAX);
    assert_int_equal(info.cpu[63].controller_context, 127);
}

static void boot_fdt_reports_two_cpus_with_one_id(void **state) {
    (void)state;
    struct machine m = default_machine(false);
    m.same_reg = true;
    expect_error(&m, "two CPUs");
}

static void boot_fdt_reports_no_cpus(void **state) {
    (void)state;
    struct machine m = default_machine(false);
    m.cpus = 0;
    expect_error(&m, "no CPU");
}

static void boot_fdt_reads_archive_in_both_widths(void **state) {
    (void)state;
    struct machine m = default_machine(false);
    m.archive_start = RAM + 0x1000000;
    m.archive_end = m.archive_start + 0x1234;
    for (unsigned i = 0; i < 2; i++) {
        m.archive_wide = i == 1;
        expect_good(&m);
        assert_int_equal(info.archive.base, m.archive_start);
        assert_int_equal(info.archive.length, 0x1234);
    }
}

static void boot_fdt_reports_archive_that_ends_before_its_start(void **state) {
    (void)state;
    struct machine m = default_machine(false);
    m.archive_start = RAM + 0x1000000;
    m.archive_end = RAM;
    expect_error(&m, "linux,initrd");
}

static void boot_fdt_reports_archive_with_half_a_range(void **state) {
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        memset(&builder, 0, sizeof(builder));
        build_begin(&builder, "");
        build_begin(&builder, "chosen");
        build_cells(&builder, i == 0 ? "linux,initrd-start" : "linux,initrd-end", 1, RAM);
        build_end(&builder);
        build_end(&builder);
        build_token(&builder, 9);
        blob_size = build_blob(&builder, blob);
        assert_false(read_blob(blob, blob_size));
        assert_non_null(strstr(info.error, "linux,initrd"));
    }
}

static void boot_fdt_reports_archive_outside_of_memory(void **state) {
    (void)state;
    struct machine m = default_machine(false);
    m.archive_start = 0x1000;
    m.archive_end = 0x2000;
    expect_error(&m, "archive lies outside");
}

static void boot_fdt_reports_command_line_that_is_too_long(void **state) {
    (void)state;
    struct machine m = default_machine(false);
    char text[BOOT_COMMAND_LINE_MAX + 1];
    memset(text, 'a', sizeof(text));
    text[BOOT_COMMAND_LINE_MAX] = 0;
    m.arguments = text;
    expect_error(&m, "bootargs");
    text[BOOT_COMMAND_LINE_MAX - 1] = 0;
    expect_good(&m);
    assert_string_equal(info.command_line, text);
}

static void boot_fdt_reads_the_console_of_stdout_path(void **state) {
    (void)state;
    struct machine m = default_machine(true);
    m.uart_shift = 2;
    expect_good(&m);
    assert_int_equal(info.uart.kind, BOOT_UART_NS16550_MMIO);
    assert_int_equal(info.uart.base, 0x9000000);
    assert_int_equal(info.uart.shift, 2);
}

static void boot_fdt_takes_any_uart_without_stdout_path(void **state) {
    (void)state;
    struct machine m = default_machine(true);
    m.stdout_path = NULL;
    expect_good(&m);
    assert_int_equal(info.uart.base, 0x8fff000);
    assert_true(has_device(0x8fff000));
    assert_false(has_device(0x9000000));
}

static void boot_fdt_reports_stdout_path_to_nowhere_on_some_uart(void **state) {
    (void)state;
    struct machine m = default_machine(true);
    m.stdout_path = "/soc/serial@1";
    expect_error(&m, "stdout-path");
    assert_int_equal(info.uart.base, 0x8fff000);
}

static void boot_fdt_leaves_uarts_that_it_cannot_drive(void **state) {
    (void)state;
    struct machine m = default_machine(true);
    m.uart_width = 4;
    expect_good(&m);
    assert_int_equal(info.uart.base, 0x8fff000);
    m.uart_width = 1;
    m.uart_shift = 40;
    expect_good(&m);
    assert_int_equal(info.uart.base, 0x8fff000);
    m.uart_shift = 2;
    m.uart_size = 31;
    expect_good(&m);
    assert_int_equal(info.uart.base, 0x8fff000);
}

static void boot_fdt_has_a_console_for_its_errors(void **state) {
    (void)state;
    struct machine m = default_machine(true);
    m.same_reg = true;
    m.archive_start = 1;
    expect_error(&m, "linux,initrd");
    assert_int_equal(info.uart.base, 0x9000000);
}

static void boot_fdt_keeps_reservations(void **state) {
    (void)state;
    struct machine m = default_machine(true);
    expect_good(&m);
    bool firmware = false, map = false, high = false;
    for (uint32_t i = 0; i < info.memory_count; i++) {
        const struct boot_memory *entry = &info.memory[i];
        firmware |= entry->base == RAM && entry->length == 0x80000 && entry->kind == BOOT_MEMORY_RESERVED;
        map |= entry->base == RAM + 0x3000000 && entry->length == 0x1000 && entry->kind == BOOT_MEMORY_RESERVED;
        high |= entry->base == 0x100000000 && entry->length == 0x1000000 && entry->kind == BOOT_MEMORY_USABLE;
    }
    assert_true(firmware && map && high);
}

static void boot_fdt_reports_malformed_memory(void **state) {
    (void)state;
    for (unsigned cells = 0; cells < 4; cells++) {
        memset(&builder, 0, sizeof(builder));
        build_begin(&builder, "");
        build_begin(&builder, "memory");
        build_string(&builder, "device_type", "memory");
        build_cells(&builder, "reg", cells == 3 ? 4 : cells, 0u, RAM, 0x1000u, 0u);
        build_end(&builder);
        build_end(&builder);
        build_token(&builder, 9);
        blob_size = build_blob(&builder, blob);
        assert_false(hostile_run(read_blob, blob, blob_size));
        assert_non_null(strstr(info.error, "memory node"));
    }
}

static void boot_fdt_reports_memory_that_wraps(void **state) {
    (void)state;
    memset(&builder, 0, sizeof(builder));
    build_begin(&builder, "");
    build_begin(&builder, "memory");
    build_string(&builder, "device_type", "memory");
    build_cells(&builder, "reg", 3, 0xffffffffu, 0xfffff000u, 0x2000u);
    build_end(&builder);
    build_end(&builder);
    build_token(&builder, 9);
    blob_size = build_blob(&builder, blob);
    assert_false(hostile_run(read_blob, blob, blob_size));
    assert_non_null(strstr(info.error, "impossible"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boot_fdt_refuses_truncation_at_every_byte),
        cmocka_unit_test(boot_fdt_survives_mutations_of_arm),
        cmocka_unit_test(boot_fdt_survives_mutations_of_riscv),
        cmocka_unit_test(boot_fdt_refuses_garbage),
        cmocka_unit_test(boot_fdt_reads_riscv_machine),
        cmocka_unit_test(boot_fdt_reads_gic_v3),
        cmocka_unit_test(boot_fdt_reads_gic_v2),
        cmocka_unit_test(boot_fdt_reports_gic_with_impossible_regions),
        cmocka_unit_test(boot_fdt_reports_unknown_psci_method),
        cmocka_unit_test(boot_fdt_reports_plic_with_impossible_sources),
        cmocka_unit_test(boot_fdt_reports_plic_too_small_for_its_contexts),
        cmocka_unit_test(boot_fdt_reports_plic_without_contexts),
        cmocka_unit_test(boot_fdt_drops_cpu_without_supervisor_mode),
        cmocka_unit_test(boot_fdt_drops_disabled_cpu),
        cmocka_unit_test(boot_fdt_drops_cpus_above_the_maximum),
        cmocka_unit_test(boot_fdt_reports_two_cpus_with_one_id),
        cmocka_unit_test(boot_fdt_reports_no_cpus),
        cmocka_unit_test(boot_fdt_reads_archive_in_both_widths),
        cmocka_unit_test(boot_fdt_reports_archive_that_ends_before_its_start),
        cmocka_unit_test(boot_fdt_reports_archive_with_half_a_range),
        cmocka_unit_test(boot_fdt_reports_archive_outside_of_memory),
        cmocka_unit_test(boot_fdt_reports_command_line_that_is_too_long),
        cmocka_unit_test(boot_fdt_reads_the_console_of_stdout_path),
        cmocka_unit_test(boot_fdt_takes_any_uart_without_stdout_path),
        cmocka_unit_test(boot_fdt_reports_stdout_path_to_nowhere_on_some_uart),
        cmocka_unit_test(boot_fdt_leaves_uarts_that_it_cannot_drive),
        cmocka_unit_test(boot_fdt_has_a_console_for_its_errors),
        cmocka_unit_test(boot_fdt_keeps_reservations),
        cmocka_unit_test(boot_fdt_reports_malformed_memory),
        cmocka_unit_test(boot_fdt_reports_memory_that_wraps),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
