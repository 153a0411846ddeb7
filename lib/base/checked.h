/* SPDX-License-Identifier: MIT */
/* Arithmetic on foreign numbers. Each returns true and stores the result if it fits, else false and stores nothing. */
#pragma once

#include "abi/types.h"

static inline __attribute__((warn_unused_result)) bool checked_add(uint64_t a, uint64_t b, uint64_t *sum) {
    uint64_t result;
    if (__builtin_add_overflow(a, b, &result)) {
        return false;
    }
    *sum = result;
    return true;
}

static inline __attribute__((warn_unused_result)) bool checked_multiply(uint64_t a, uint64_t b, uint64_t *product) {
    uint64_t result;
    if (__builtin_mul_overflow(a, b, &result)) {
        return false;
    }
    *product = result;
    return true;
}

/* align: a power of two. */
static inline __attribute__((warn_unused_result)) bool checked_align_up(uint64_t value, uint64_t align,
                                                                        uint64_t *aligned) {
    uint64_t result;
    if (__builtin_add_overflow(value, align - 1, &result)) {
        return false;
    }
    *aligned = result & ~(align - 1);
    return true;
}

static inline uint64_t align_down(uint64_t value, uint64_t align) {
    return value & ~(align - 1);
}

static inline bool is_aligned(uint64_t value, uint64_t align) {
    return (value & (align - 1)) == 0;
}

/* [offset, offset + length) lies in [0, size). */
static inline bool range_is_inside(uint64_t offset, uint64_t length, uint64_t size) {
    return offset <= size && length <= size - offset;
}

/* Neither range wraps; empty ranges overlap nothing. */
static inline bool ranges_overlap(uint64_t a, uint64_t a_length, uint64_t b, uint64_t b_length) {
    return a_length > 0 && b_length > 0 && (a <= b ? b - a < a_length : a - b < b_length);
}
