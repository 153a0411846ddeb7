/* SPDX-License-Identifier: MIT */
/* Bitmaps in 64-bit words, not atomic: the caller's lock protects them. Bits beyond the count are kept clear. */
#pragma once

#include "abi/types.h"

#define BITMAP_WORD_BITS    64u
#define BITMAP_WORDS(count) (((size_t)(count) + BITMAP_WORD_BITS - 1) / BITMAP_WORD_BITS)

static inline bool bitmap_test(const uint64_t *map, size_t bit) {
    return (map[bit / BITMAP_WORD_BITS] >> (bit % BITMAP_WORD_BITS) & 1) != 0;
}

static inline void bitmap_set(uint64_t *map, size_t bit) {
    map[bit / BITMAP_WORD_BITS] |= (uint64_t)1 << (bit % BITMAP_WORD_BITS);
}

static inline void bitmap_clear(uint64_t *map, size_t bit) {
    map[bit / BITMAP_WORD_BITS] &= ~((uint64_t)1 << (bit % BITMAP_WORD_BITS));
}

/* The first bit at or after `from` that is set (or clear, if `flip` is all ones); count if there is none. */
static inline size_t bitmap_find_flipped(const uint64_t *map, size_t count, size_t from, uint64_t flip) {
    while (from < count) {
        uint64_t word = (map[from / BITMAP_WORD_BITS] ^ flip) >> (from % BITMAP_WORD_BITS);
        if (word != 0) {
            size_t bit = from + (size_t)__builtin_ctzll(word);
            return bit < count ? bit : count;
        }
        from = (from / BITMAP_WORD_BITS + 1) * BITMAP_WORD_BITS;
    }
    return count;
}

static inline size_t bitmap_find_set(const uint64_t *map, size_t count, size_t from) {
    return bitmap_find_flipped(map, count, from, 0);
}

static inline size_t bitmap_find_clear(const uint64_t *map, size_t count, size_t from) {
    return bitmap_find_flipped(map, count, from, ~(uint64_t)0);
}
