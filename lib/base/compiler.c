/* SPDX-License-Identifier: MIT */
/* Helpers that the compiler calls where the CPU has no instruction for them and no libgcc is linked. */
#include "abi/types.h"

int __popcountdi2(uint64_t value);
int __clzdi2(uint64_t value);
int __ctzdi2(uint64_t value);

int __popcountdi2(uint64_t value) {
    value -= (value >> 1) & 0x5555555555555555ul;
    value = (value & 0x3333333333333333ul) + ((value >> 2) & 0x3333333333333333ul);
    value = (value + (value >> 4)) & 0x0f0f0f0f0f0f0f0ful;
    return (int)((value * 0x0101010101010101ul) >> 56);
}

/* The de Bruijn sequence maps each isolated bit to its own top six bits. */
static int bit_position(uint64_t bit) {
    static const uint8_t position[64] = {
        0,  1,  48, 2,  57, 49, 28, 3,  61, 58, 50, 42, 38, 29, 17, 4,  62, 55, 59, 36, 53, 51,
        43, 22, 45, 39, 33, 30, 24, 18, 12, 5,  63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21,
        44, 32, 23, 11, 46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9,  13, 8,  7,  6};
    return position[(bit * 0x03f79d71b4cb0a89ul) >> 58];
}

int __ctzdi2(uint64_t value) {
    return bit_position(value & (0 - value));
}

/* All bits below the highest one are set, so that a subtraction leaves it alone. */
int __clzdi2(uint64_t value) {
    value |= value >> 1;
    value |= value >> 2;
    value |= value >> 4;
    value |= value >> 8;
    value |= value >> 16;
    value |= value >> 32;
    return 63 - bit_position(value - (value >> 1));
}
