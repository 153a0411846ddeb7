/* SPDX-License-Identifier: MIT */
/* libFuzzer harness of the cpio reader:
 * clang -g -O1 -fsanitize=fuzzer,address,undefined -I lib lib/base/test/fuzz_cpio.c lib/base/cpio.c */
#include "abi/status.h"
#include "base/cpio.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct cpio_entry entry;
    size_t position = 0;
    uint32_t count;
    volatile uint8_t sum = 0;
    cpio_check(data, size, &count);
    while (cpio_next(data, size, &position, &entry) == TS_OK) {
        for (size_t i = 0; i < entry.size; i++) {
            sum = (uint8_t)(sum + entry.data[i]);
        }
        for (size_t i = 0; entry.name[i] != 0; i++) {
            sum = (uint8_t)(sum + entry.name[i]);
        }
    }
    return 0;
}
