/* SPDX-License-Identifier: MIT */
/* One input of the fuzzer; also replayed by corpus_test.c. */
#pragma once

#include "abi/types.h"

void fuzz_run(const uint8_t *data, size_t size);
