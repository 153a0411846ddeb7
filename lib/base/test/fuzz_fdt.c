/* SPDX-License-Identifier: MIT */
/* libFuzzer harness of the devicetree reader:
 * clang -g -O1 -fsanitize=fuzzer,address,undefined -I lib lib/base/test/fuzz_fdt.c lib/base/fdt.c */
#include "abi/status.h"
#include "base/fdt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fdt fdt;
    struct fdt_walk walk;
    uint64_t base, length;
    if (fdt_open(&fdt, data, size) != TS_OK) {
        return 0;
    }
    fdt_walk_start(&fdt, &walk);
    do {
        struct fdt_property property = {0};
        for (uint32_t i = 0; i < 3; i++) {
            fdt_walk_reg(&fdt, &walk, i, &base, &length);
        }
        while (fdt_next_property(&fdt, fdt_walk_node(&walk), &property)) {
            fdt_string(property.value, 2);
            fdt_read_cells(property.value, 1, 2, &base);
        }
        fdt_next_sibling(&fdt, fdt_walk_node(&walk));
    } while (fdt_walk_next(&fdt, &walk));
    fdt_find_path(&fdt, "serial0:x");
    fdt_find_path(&fdt, "/soc/serial");
    fdt_find_phandle(&fdt, 1);
    fdt_find_compatible(&fdt, FDT_NONE, "arm,pl011");
    for (uint32_t i = 0; fdt_read_reserve(&fdt, i, &base, &length); i++) {
    }
    return 0;
}
