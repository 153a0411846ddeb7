/* SPDX-License-Identifier: MIT */
/* The table is generated (scripts/gen/symbols.py): ascending offsets from the start of the text, and where names begin. */
#include "kernel/symbols.h"

extern const uint32_t kernel_symbol_count;
extern const uint32_t kernel_symbol_offsets[];
extern const uint32_t kernel_symbol_names[];
extern const char kernel_symbol_text[];
extern const char kernel_text_start[], kernel_text_end[];

const char *symbol_find(uint64_t ip, uint64_t *offset) {
    if (ip < (uint64_t)kernel_text_start || ip >= (uint64_t)kernel_text_end || kernel_symbol_count == 0) {
        return NULL;
    }
    uint32_t target = (uint32_t)(ip - (uint64_t)kernel_text_start);
    uint32_t low = 0, high = kernel_symbol_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (kernel_symbol_offsets[middle] <= target) {
            low = middle;
        } else {
            high = middle;
        }
    }
    *offset = target - kernel_symbol_offsets[low];
    return &kernel_symbol_text[kernel_symbol_names[low]];
}
