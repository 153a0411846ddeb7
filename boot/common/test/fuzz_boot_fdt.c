/* SPDX-License-Identifier: MIT */
/* libFuzzer harness of boot_info from a devicetree:
 * clang -g -O1 -fsanitize=fuzzer,address,undefined -I lib -I boot boot/common/test/fuzz_boot_fdt.c boot/common/boot_*.c
 * lib/base/fdt.c lib/base/string.c */
#include "common/boot_fdt.h"
#include "common/boot_memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct boot_info info;
    info = (struct boot_info){0};
    boot_info_from_fdt(&info, data, size, 0x88000000);
    boot_cpu_set_first(&info, 0);
    info.kernel = (struct boot_range){0x80200000, 0x100000};
    boot_memory_finish(&info);
    for (uint32_t i = 0; i < info.memory_count; i++) {
        const struct boot_memory *entry = &info.memory[i];
        if (entry->length == 0 || (entry->base | entry->length) % TS_PAGE_SIZE != 0 ||
            (i > 0 && entry[-1].base + entry[-1].length > entry->base)) {
            __builtin_trap();
        }
    }
    return 0;
}
