/* SPDX-License-Identifier: MIT */
/*
 * ARMv8 stage 2, 4 KiB granule: 40-bit intermediate addresses, which every CPU offers, in 3 levels with a root of
 * two concatenated tables (VTCR_EL2: T0SZ 24, SL0 1). Facts: ARM DDI 0487, D8.3.
 */
#pragma once

#include "formats/format.h"

#define PT_ARM2_VALID      (1ul << 0)
#define PT_ARM2_TABLE      (1ul << 1)
#define PT_ARM2_ATTR_SHIFT 2
#define PT_ARM2_READ       (1ul << 6)
#define PT_ARM2_WRITE      (1ul << 7)
#define PT_ARM2_SH_INNER   (3ul << 8)
#define PT_ARM2_ACCESSED   (1ul << 10)
#define PT_ARM2_XN         (1ul << 54)
#define PT_ARM2_SOFT_WRITE (1ul << 55)
#define PT_ARM2_SOFT_DIRTY (1ul << 56)
#define PT_ARM2_SOFT_WC    (1ul << 57) /* non-cacheable, asked for as write-combining */
#define PT_ARM2_ADDRESS    0x0000fffffffff000ul

/* MemAttr by memory type, one nibble each: write-back 1111, non-cacheable 0101, nGnRE 0001, non-cacheable,
 * write-through 1010. */
#define PT_ARM2_ATTR_OF_TYPE 0xa515fu

PT_INLINE uint64_t pt_arm_stage2_attributes(uint32_t flags, unsigned level) {
    unsigned type = (flags & PT_TYPE_MASK) >> PT_TYPE_SHIFT;
    uint64_t attribute = (PT_ARM2_ATTR_OF_TYPE >> (type * 4)) & 15;
    return PT_ARM2_VALID | (level == 0 ? PT_ARM2_TABLE : 0) | attribute << PT_ARM2_ATTR_SHIFT |
           PT_ARM2_READ | pt_bit(flags, PT_WRITE, PT_ARM2_WRITE) | PT_ARM2_SH_INNER |
           pt_bit(flags, PT_ACCESSED, PT_ARM2_ACCESSED) |
           pt_bit(flags, PT_DIRTY, PT_ARM2_SOFT_DIRTY) | pt_bit(~flags, PT_EXECUTE, PT_ARM2_XN) |
           ((flags & PT_TYPE_MASK) == PT_TYPE_WRITE_COMBINING ? PT_ARM2_SOFT_WC : 0);
}

PT_INLINE uint32_t pt_arm_stage2_type(uint64_t entry) {
    switch ((entry >> PT_ARM2_ATTR_SHIFT) & 15) {
    case 15:
        return PT_TYPE_CACHED;
    case 5:
        return (entry & PT_ARM2_SOFT_WC) != 0 ? PT_TYPE_WRITE_COMBINING : PT_TYPE_UNCACHED;
    case 10:
        return PT_TYPE_WRITE_THROUGH;
    default:
        return PT_TYPE_DEVICE;
    }
}

PT_INLINE uint32_t pt_arm_stage2_flags(uint64_t entry, unsigned level) {
    (void)level;
    return pt_flag(entry, PT_ARM2_READ, PT_READ) | pt_flag(entry, PT_ARM2_WRITE, PT_WRITE) |
           pt_flag(~entry, PT_ARM2_XN, PT_EXECUTE) | pt_flag(entry, PT_ARM2_ACCESSED, PT_ACCESSED) |
           pt_flag(entry, PT_ARM2_SOFT_DIRTY, PT_DIRTY) | pt_arm_stage2_type(entry);
}

#define PT_FORMAT_ARM_STAGE2                                                                       \
    {                                                                                              \
        .name = "ARM stage 2", .id = PT_FORMAT_ID_ARM_STAGE2, .levels = 3, .root_bits = 10,        \
        .range_bits = 40, .physical_bits = 48, .break_before_make = true, .dirty_by_fault = true,  \
        .valid_mask = PT_ARM2_VALID, .address_mask = PT_ARM2_ADDRESS,                              \
        .table_mask = PT_ARM2_VALID | PT_ARM2_TABLE, .table_value = PT_ARM2_VALID | PT_ARM2_TABLE, \
        .table_bits = PT_ARM2_VALID | PT_ARM2_TABLE, .soft_write = PT_ARM2_SOFT_WRITE,             \
        .kept_flags = PT_KEPT_STAGE2 | PT_TYPE_MASK, .forced_flags = PT_USER,                      \
        .attributes = pt_arm_stage2_attributes, .flags = pt_arm_stage2_flags                       \
    }
