/* SPDX-License-Identifier: MIT */
/* Manifest and devices, read from trees that the test compiles with dtc, and from damaged ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "abi/status.h"
#include "base/string.h"
#include "init/device.h"
#include "init/manifest.h"

#define BLOB_MAX 65536

static struct manifest manifest;
static uint8_t blob[BLOB_MAX];

/* Runs dtc over a source text; returns the blob's size. */
static size_t compile(const char *source) {
    char path[] = "/tmp/tessera-test-XXXXXX";
    char command[128];
    int file = mkstemp(path);
    assert_true(file >= 0);
    FILE *stream = fdopen(file, "w");
    fprintf(stream, "/dts-v1/;\n/ { %s };\n", source);
    fclose(stream);
    snprintf(command, sizeof(command), "dtc -q -I dts -O dtb %s", path);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    size_t size = fread(blob, 1, sizeof(blob), pipe);
    assert_int_equal(pclose(pipe), 0);
    remove(path);
    return size;
}

static ts_status_t read(const char *source) {
    return manifest_read(&manifest, blob, compile(source));
}

static void test_entry(void **state) {
    (void)state;
    assert_int_equal(
        read("servers { a { program = \"p\"; provides = \"s\"; uses = \"x\", \"y\"; resources = "
             "\"log\";"
             "restart = \"always\"; backoff = <5 50>; budget = <3 1000>; priority = <7>; public; "
             "manage;"
             "memory-limit = <4096>; handle-limit = <9>; arguments = \"one\", \"two\"; critical; "
             "}; };"
             "programs { default { priority = <3>; }; tests { resources = \"root\"; }; };"),
        TS_OK);
    const struct manifest_entry *entry = &manifest.server[0];
    assert_int_equal(manifest.server_count, 1);
    assert_string_equal(entry->name, "a");
    assert_string_equal(entry->program, "p");
    assert_string_equal(entry->provides, "s");
    assert_int_equal(entry->uses.count, 2);
    assert_string_equal(entry->uses.name[1], "y");
    assert_string_equal(entry->arguments.name[1], "two");
    assert_string_equal(entry->resources.name[0], "log");
    assert_true(entry->is_public && entry->manage && entry->critical);
    assert_int_equal(entry->restart.mode, RESTART_ALWAYS);
    assert_int_equal(entry->restart.pause_first, 5000000);
    assert_int_equal(entry->restart.pause_max, 50000000);
    assert_int_equal(entry->restart.budget, 3);
    assert_int_equal(entry->restart.window, 1000000000);
    assert_int_equal(entry->priority, 7);
    assert_int_equal(entry->ceiling[TS_CEILING_MEMORY], 4096);
    assert_int_equal(entry->ceiling[TS_CEILING_HANDLES], 9);
    assert_true(entry->ceiling[TS_CEILING_THREADS] == TS_CEILING_UNSET);
    assert_string_equal(manifest_program(&manifest, "tests")->resources.name[0], "root");
    assert_int_equal(manifest_program(&manifest, "other")->priority, 3);
}

static void test_defaults(void **state) {
    (void)state;
    assert_int_equal(read("servers { a { }; };"), TS_OK);
    const struct manifest_entry *entry = &manifest.server[0];
    assert_string_equal(entry->program, "a");
    assert_null(entry->provides);
    assert_int_equal(entry->restart.mode, RESTART_NEVER);
    assert_int_equal(entry->priority, MANIFEST_PRIORITY);
    assert_false(entry->is_public || entry->manage || entry->critical);
    assert_int_equal(manifest_program(&manifest, "x")->uses.count, 0);
}

static void test_words(void **state) {
    (void)state;
    assert_int_equal(read("servers { a { only = \"x\", \"yy\"; unless = \"z\"; manual; }; b { }; };"), TS_OK);
    const struct manifest_entry *entry = &manifest.server[0];
    assert_true(entry->manual);
    assert_false(manifest_is_meant(entry, ""));
    assert_false(manifest_is_meant(entry, "y xx yyy ="));
    assert_true(manifest_is_meant(entry, "q yy"));
    assert_true(manifest_is_meant(entry, "x"));
    assert_false(manifest_is_meant(entry, "x z"));
    assert_true(manifest_is_meant(&manifest.server[1], "z  "));
    assert_false(manifest.server[1].manual);
}

static void test_reclaim(void **state) {
    (void)state;
    assert_int_equal(read("servers { a { swap-pages = <77>; reclaim = \"clock\"; frames = <9>; }; };"
                          "programs { default { reclaim = \"none\"; frames = <5>; swapped; swap-limit = <8192>; }; };"),
                     TS_OK);
    assert_int_equal(manifest_swap_pages(&manifest), 77);
    assert_int_equal(manifest.server[0].reclaim, TS_RECLAIM_CLOCK);
    assert_int_equal(manifest.server[0].frames, 9);
    assert_false(manifest.server[0].is_swapped);
    assert_int_equal(manifest.fallback.reclaim, TS_RECLAIM_NONE);
    assert_true(manifest.fallback.is_swapped);
    assert_int_equal(manifest.fallback.ceiling[TS_CEILING_SWAP], 8192);
    assert_int_equal(read("servers { a { }; };"), TS_OK);
    assert_int_equal(manifest_swap_pages(&manifest), 0);
    assert_int_equal(manifest.server[0].reclaim, TS_RECLAIM_COUNT);
    static const char *const bad[] = {
        "servers { a { reclaim = \"lru\"; }; };",
        "servers { a { frames = <3>; }; };",
        "servers { a { reclaim = \"fifo\"; frames = <3>; }; };",
        "servers { a { swap-pages = <1>; }; b { swapped; }; };",
        "servers { a { reclaim = \"lru\"; frames = <3>; swapped; }; };",
        "servers { a { swap-pages = <1>; }; b { swap-pages = <1>; }; };",
        "servers { a { }; }; programs { p { reclaim = \"arc\"; frames = <3>; swapped; }; };",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(read(bad[i]), TS_ERR_INVALID_ARGS);
        assert_non_null(manifest.error);
    }
}

static void test_order(void **state) {
    (void)state;
    assert_int_equal(
        read("servers { a { depends = \"service\", \"b\"; }; b { depends = \"c\"; }; c { }; d { };"
             "e { provides = \"service\"; depends = \"c\"; }; };"),
        TS_OK);
    char order[6] = "";
    for (uint32_t i = 0; i < manifest.server_count; i++) {
        order[i] = manifest.server[i].name[0];
    }
    assert_string_equal(order, "cbdea");
}

static void test_bad_manifests(void **state) {
    (void)state;
    assert_int_equal(read(""), TS_ERR_INVALID_ARGS);
    assert_non_null(manifest.error);
    assert_int_equal(read("servers { a { depends = \"b\"; }; b { depends = \"a\"; }; };"),
                     TS_ERR_INVALID_ARGS);
    assert_int_equal(read("servers { a { depends = \"nobody\"; }; };"), TS_ERR_INVALID_ARGS);
    assert_string_equal(manifest.culprit, "a");
    assert_int_equal(read("servers { a { priority = <256>; }; };"), TS_ERR_INVALID_ARGS);
    assert_int_equal(read("servers { a { restart = \"perhaps\"; }; };"), TS_ERR_INVALID_ARGS);
    assert_int_equal(read("servers { a { backoff = <10 5>; }; };"), TS_ERR_INVALID_ARGS);
    assert_int_equal(read("servers { a { budget = <33 5>; }; };"), TS_ERR_INVALID_ARGS);
    assert_int_equal(
        read("servers { a { uses = \"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"; }; };"),
        TS_ERR_OUT_OF_RANGE);
}

static void test_too_many_servers(void **state) {
    char source[4096] = "servers {";
    (void)state;
    for (unsigned i = 0; i <= MANIFEST_SERVERS_MAX; i++) {
        snprintf(source + strlen(source), 32, "s%u { };", i);
    }
    snprintf(source + strlen(source), 8, "};");
    assert_int_equal(read(source), TS_ERR_OUT_OF_RANGE);
}

/* Every single byte of a good manifest changed in a few ways: an answer, and no access outside
 * (ASan). */
static void test_damaged(void **state) {
    (void)state;
    size_t size = compile("servers { a { program = \"p\"; uses = \"x\", \"y\"; backoff = <5 50>; };"
                          "b { depends = \"a\"; }; }; programs { default { priority = <3>; }; };");
    uint8_t *copy = malloc(size);
    for (size_t i = 0; i < size; i++) {
        static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
        for (size_t v = 0; v < sizeof(values); v++) {
            memcpy(copy, blob, size);
            copy[i] ^= values[v];
            if (manifest_read(&manifest, copy, size) != TS_OK) {
                assert_non_null(manifest.error);
            }
        }
    }
    for (size_t length = 0; length < size; length++) {
        uint8_t *cut = malloc(length);
        memcpy(cut, blob, length);
        assert_int_not_equal(manifest_read(&manifest, cut, length), TS_OK);
        free(cut);
    }
    free(copy);
}

static bool find(const char *source, const char *compatible, struct device *device) {
    struct fdt fdt;
    struct manifest_names names = {1, {compatible}};
    assert_int_equal(fdt_open(&fdt, blob, compile(source)), TS_OK);
    return device_find(&fdt, &names, device);
}

static void test_device_with_one_cell(void **state) {
    struct device device;
    (void)state;
    assert_true(
        find("#address-cells = <2>; #size-cells = <2>;"
             "soc { compatible = \"simple-bus\"; ranges; #address-cells = <2>; #size-cells = <2>;"
             "interrupt-parent = <&plic>; plic: plic@c { #interrupt-cells = <1>; };"
             "serial@10000000 { compatible = \"ns16550a\"; reg = <0 0x10000000 0 0x100>; "
             "interrupts = <10>;"
             "reg-shift = <2>; }; };",
             "ns16550a", &device));
    assert_int_equal(device.base, 0x10000000);
    assert_int_equal(device.size, 0x100);
    assert_int_equal(device.line, 10);
    assert_int_equal(device.options, 0);
    assert_int_equal(device.reg_shift, 2);
    assert_true(device.has_interrupt);
    assert_false(device.is_ports);
}

static void test_device_with_three_cells(void **state) {
    struct device device;
    (void)state;
    assert_true(find("#address-cells = <2>; #size-cells = <2>; interrupt-parent = <&gic>;"
                     "gic: gic { #interrupt-cells = <3>; };"
                     "uart@9000000 { compatible = \"arm,pl011\", \"arm,primecell\"; reg = <0 "
                     "0x9000000 0 0x1000>;"
                     "interrupts = <0 1 4>; };",
                     "arm,pl011", &device));
    assert_int_equal(device.line, 33);
    assert_int_equal(device.options, 0);
}

static void test_device_with_ports(void **state) {
    struct device device;
    (void)state;
    assert_true(
        find("#address-cells = <2>; #size-cells = <2>;"
             "isa { compatible = \"isa\"; #address-cells = <2>; #size-cells = <1>;"
             "serial@3f8 { compatible = \"ns16550a\"; reg = <1 0x3f8 8>; interrupts = <4 3>; }; };",
             "ns16550a", &device));
    assert_true(device.is_ports);
    assert_int_equal(device.base, 0x3f8);
    assert_int_equal(device.size, 8);
    assert_int_equal(device.line, 4);
    assert_int_equal(device.options, TS_INTERRUPT_EDGE);
}

static void test_device_choice(void **state) {
    struct device device;
    (void)state;
    const char *two =
        "#address-cells = <1>; #size-cells = <1>; chosen { stdout-path = \"/u@2000:115200\"; };"
        "u@1000 { compatible = \"u\"; reg = <0x1000 16>; };"
        "u@2000 { compatible = \"u\"; reg = <0x2000 16>; };";
    assert_true(find(two, "u", &device));
    assert_int_equal(device.base, 0x2000);
    assert_false(device.has_interrupt);
    const char *disabled =
        "#address-cells = <1>; #size-cells = <1>;"
        "u@1000 { compatible = \"u\"; reg = <0x1000 16>; status = \"disabled\"; };"
        "u@2000 { compatible = \"u\"; };"
        "u@3000 { compatible = \"u\"; reg = <0x3000 16>; };";
    assert_true(find(disabled, "u", &device));
    assert_int_equal(device.base, 0x3000);
    assert_false(find(disabled, "v", &device));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entry),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_reclaim),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_bad_manifests),
        cmocka_unit_test(test_too_many_servers),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_device_with_one_cell),
        cmocka_unit_test(test_device_with_three_cells),
        cmocka_unit_test(test_device_with_ports),
        cmocka_unit_test(test_device_choice),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("user/init manifest", tests, NULL, NULL);
}
