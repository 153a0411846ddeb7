/* SPDX-License-Identifier: MIT */
/* libFuzzer harness of the ELF parser:
 * clang -g -O1 -fsanitize=fuzzer,address,undefined -I lib lib/base/test/fuzz_elf.c lib/base/elf.c */
#include "abi/status.h"
#include "base/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct elf elf;
    volatile uint8_t sum = 0;
    if (elf_open(&elf, data, size, 62u) != TS_OK) {
        return 0;
    }
    for (uint32_t i = 0; i < elf.segment_count; i++) {
        for (uint64_t k = 0; k < elf.segment[i].file_size; k++) {
            sum = (uint8_t)(sum + data[elf.segment[i].offset + k]);
        }
        if (elf.segment[i].page_end <= elf.segment[i].page_start) {
            __builtin_trap();
        }
    }
    return 0;
}
