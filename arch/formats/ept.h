/* SPDX-License-Identifier: MIT */
/* Extended page tables, 4 levels: 48-bit guest-physical addresses. Facts: Intel SDM volume 3, chapter 29.3. */
#pragma once

#include "formats/format.h"

#define PT_EPT_READ       (1ul << 0)
#define PT_EPT_WRITE      (1ul << 1)
#define PT_EPT_EXECUTE    (1ul << 2)
#define PT_EPT_TYPE_SHIFT 3
#define PT_EPT_TYPE_MASK  (7ul << PT_EPT_TYPE_SHIFT)
#define PT_EPT_LARGE      (1ul << 7)
#define PT_EPT_ACCESSED   (1ul << 8)
#define PT_EPT_DIRTY      (1ul << 9)
#define PT_EPT_SOFT_WRITE (1ul << 52)
#define PT_EPT_DEVICE     (1ul << 53) /* software: uncached because it is a device */
#define PT_EPT_ADDRESS    0x000ffffffffff000ul

/* EPT memory type by ours, one nibble each: WB 6, UC 0, UC 0, WC 1, WT 4; and back. */
#define PT_EPT_OF_TYPE 0x41006u
#define PT_TYPE_OF_EPT 0x10041131u

PT_INLINE uint64_t pt_ept_attributes(uint32_t flags, unsigned level) {
    unsigned type = (flags & PT_TYPE_MASK) >> PT_TYPE_SHIFT;
    return PT_EPT_READ | pt_bit(flags, PT_WRITE, PT_EPT_WRITE) |
           pt_bit(flags, PT_EXECUTE, PT_EPT_EXECUTE) | pt_bit(flags, PT_ACCESSED, PT_EPT_ACCESSED) |
           pt_bit(flags, PT_DIRTY, PT_EPT_DIRTY) |
           (uint64_t)((PT_EPT_OF_TYPE >> (type * 4)) & 7) << PT_EPT_TYPE_SHIFT |
           ((flags & PT_TYPE_MASK) == PT_TYPE_DEVICE ? PT_EPT_DEVICE : 0) |
           (level > 0 ? PT_EPT_LARGE : 0);
}

PT_INLINE uint32_t pt_ept_flags(uint64_t entry, unsigned level) {
    (void)level;
    uint32_t hardware = (uint32_t)((entry & PT_EPT_TYPE_MASK) >> PT_EPT_TYPE_SHIFT);
    uint32_t type = ((PT_TYPE_OF_EPT >> (hardware * 4)) & 7) << PT_TYPE_SHIFT;
    return PT_READ | pt_flag(entry, PT_EPT_WRITE, PT_WRITE) |
           pt_flag(entry, PT_EPT_EXECUTE, PT_EXECUTE) | pt_flag(entry, PT_EPT_ACCESSED, PT_ACCESSED) |
           pt_flag(entry, PT_EPT_DIRTY, PT_DIRTY) |
           ((entry & PT_EPT_DEVICE) != 0 ? (uint32_t)PT_TYPE_DEVICE : type);
}

#define PT_FORMAT_EPT                                                                              \
    {                                                                                              \
        .name = "EPT", .id = PT_FORMAT_ID_EPT, .levels = 4, .root_bits = 9, .range_bits = 48,      \
        .physical_bits = 52, .valid_mask = PT_EPT_READ | PT_EPT_WRITE | PT_EPT_EXECUTE,            \
        .address_mask = PT_EPT_ADDRESS, .table_mask = PT_EPT_READ | PT_EPT_LARGE,                  \
        .table_value = PT_EPT_READ, .table_bits = PT_EPT_READ | PT_EPT_WRITE | PT_EPT_EXECUTE,     \
        .soft_write = PT_EPT_SOFT_WRITE, .kept_flags = PT_KEPT_STAGE2 | PT_TYPE_MASK,              \
        .forced_flags = PT_USER, .attributes = pt_ept_attributes, .flags = pt_ept_flags            \
    }
