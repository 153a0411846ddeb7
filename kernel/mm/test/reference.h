/* SPDX-License-Identifier: MIT */
/*
 * The reference walker: reads page tables as the hardware would, one entry layout after the other from the manuals'
 * bit numbers, knowing nothing of arch/formats or the kernel's walker. Reserved bits that are set fail the test.
 */
#pragma once

#include "abi/types.h"

enum reference_kind {
    REFERENCE_X86_64,
    REFERENCE_EPT,
    REFERENCE_ARM1,
    REFERENCE_ARM2,
    REFERENCE_RISCV,
    REFERENCE_RISCV_GUEST
};

/* How the hardware translates: a format, and the geometry that its control registers select. */
struct reference {
    enum reference_kind kind;
    unsigned levels;
    unsigned input_bits; /* of the address that index the tables */
};

struct reference_result {
    uint64_t pa;
    uint64_t size;
    bool read, write, execute, user, global, accessed, dirty;
    unsigned memory; /* the hardware's own number of the memory type: PAT byte, MAIR byte, MemAttr, EPT type */
};

/* False: the hardware would fault on any access. `root` is physical. */
bool reference_walk(const struct reference *reference, uint64_t root, uint64_t va, struct reference_result *result);

/* The number that `memory` must have for a memory type (0 .. 4: cached, uncached, device, combining, through). */
unsigned reference_memory(const struct reference *reference, unsigned type);
