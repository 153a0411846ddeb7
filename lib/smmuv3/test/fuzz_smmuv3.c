/* SPDX-License-Identifier: MIT */
/* libFuzzer's entry: `make smmu-fuzz` builds it with clang and runs it, from lib/smmuv3/test/corpus. */
#include "smmuv3/test/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_run(data, size);
    return 0;
}
