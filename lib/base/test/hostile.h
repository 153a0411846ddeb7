/* SPDX-License-Identifier: MIT */
/*
 * What the tests of all parsers share: inputs in heap blocks of their exact size, so that ASan sees every byte read
 * too many, cut off at every length and damaged at random. A fixed seed makes runs repeat.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Parses one input, and looks at all that the parser then says. Returns whether it was accepted. */
typedef bool (*hostile_parse)(const uint8_t *input, size_t size);

static inline uint64_t hostile_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static inline bool hostile_run(hostile_parse parse, const uint8_t *input, size_t size) {
    uint8_t *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    memcpy(copy, input, size);
    bool accepted = parse(copy, size);
    free(copy);
    return accepted;
}

/* Every shorter input; returns how many were accepted. */
static inline size_t hostile_truncate(hostile_parse parse, const uint8_t *input, size_t size) {
    size_t accepted = 0;
    for (size_t length = 0; length < size; length++) {
        accepted += hostile_run(parse, input, length) ? 1 : 0;
    }
    return accepted;
}

/* count inputs, each with one to three damaged bytes. */
static inline void hostile_mutate(hostile_parse parse, const uint8_t *input, size_t size, unsigned count) {
    uint64_t state = 0x5eed5eed5eed5eed;
    uint8_t *copy = malloc(size);
    assert_non_null(copy);
    for (unsigned i = 0; i < count; i++) {
        memcpy(copy, input, size);
        for (uint64_t damage = hostile_random(&state) % 3 + 1; damage > 0; damage--) {
            uint64_t random = hostile_random(&state);
            /* Bits, small numbers, large numbers: all are likely to meet a length or an offset. */
            uint8_t *byte = &copy[random % size];
            random = hostile_random(&state);
            uint8_t value = (uint8_t)(random >> 8);
            switch (random & 3) {
            case 0:
                *byte ^= (uint8_t)(1u << (value & 7));
                break;
            case 1:
                *byte = value & 15;
                break;
            case 2:
                *byte = 0xff;
                break;
            default:
                *byte = value;
                break;
            }
        }
        hostile_run(parse, copy, size);
    }
    free(copy);
}
