/* SPDX-License-Identifier: MIT */
/*
 * ARMv8 stage 1 of EL1&0, 4 KiB granule: 48 bits in 4 levels, or 39 bits in 3. The lower range is in TTBR0, the
 * upper in TTBR1: two tables, each of which starts at its own index 0. Facts: ARM DDI 0487, D8.3.
 */
#pragma once

#include "formats/format.h"

#define PT_ARM_VALID      (1ul << 0)
#define PT_ARM_TABLE      (1ul << 1) /* a table, or a page at level 0; clear: a block */
#define PT_ARM_ATTR_SHIFT 2
#define PT_ARM_USER       (1ul << 6)
#define PT_ARM_READ_ONLY  (1ul << 7)
#define PT_ARM_SH_INNER   (3ul << 8)
#define PT_ARM_SH_OUTER   (2ul << 8)
#define PT_ARM_ACCESSED   (1ul << 10)
#define PT_ARM_NOT_GLOBAL (1ul << 11)
#define PT_ARM_PXN        (1ul << 53)
#define PT_ARM_UXN        (1ul << 54)
#define PT_ARM_SOFT_WRITE (1ul << 55)
#define PT_ARM_SOFT_DIRTY (1ul << 56)
#define PT_ARM_ADDRESS    0x0000fffffffff000ul

/* MAIR_EL1, which the CPU's start-up code sets: the attribute index is the memory type. 0 normal write-back,
 * 1 normal non-cacheable, 2 Device-nGnRE, 3 normal non-cacheable (gathers writes), 4 normal write-through. */
#define PT_ARM_MAIR 0x000000bb440444fful

PT_INLINE uint64_t pt_arm_stage1_attributes(uint32_t flags, unsigned level) {
    uint64_t type = (flags & PT_TYPE_MASK) >> PT_TYPE_SHIFT;
    uint64_t never = (flags & PT_USER) != 0 ? PT_ARM_PXN : PT_ARM_UXN;
    uint64_t unless = (flags & PT_USER) != 0 ? PT_ARM_UXN : PT_ARM_PXN;
    return PT_ARM_VALID | (level == 0 ? PT_ARM_TABLE : 0) | type << PT_ARM_ATTR_SHIFT |
           (type == 0 ? PT_ARM_SH_INNER : PT_ARM_SH_OUTER) | pt_bit(flags, PT_USER, PT_ARM_USER) |
           pt_bit(~flags, PT_WRITE, PT_ARM_READ_ONLY) | pt_bit(flags, PT_ACCESSED, PT_ARM_ACCESSED) |
           pt_bit(flags, PT_DIRTY, PT_ARM_SOFT_DIRTY) |
           pt_bit(~flags, PT_GLOBAL, PT_ARM_NOT_GLOBAL) | never | pt_bit(~flags, PT_EXECUTE, unless);
}

PT_INLINE uint32_t pt_arm_stage1_flags(uint64_t entry, unsigned level) {
    (void)level;
    uint64_t execute_never = (entry & PT_ARM_USER) != 0 ? PT_ARM_UXN : PT_ARM_PXN;
    return PT_READ | pt_flag(~entry, PT_ARM_READ_ONLY, PT_WRITE) |
           pt_flag(~entry, execute_never, PT_EXECUTE) | pt_flag(entry, PT_ARM_USER, PT_USER) |
           pt_flag(~entry, PT_ARM_NOT_GLOBAL, PT_GLOBAL) |
           pt_flag(entry, PT_ARM_ACCESSED, PT_ACCESSED) |
           pt_flag(entry, PT_ARM_SOFT_DIRTY, PT_DIRTY) |
           (uint32_t)((entry >> PT_ARM_ATTR_SHIFT) & 7) << PT_TYPE_SHIFT;
}

#define PT_FORMAT_ARM_STAGE1_OF(text, identity, level_count, bits)                                 \
    {                                                                                              \
        .name = (text), .id = (identity), .levels = (level_count), .root_bits = 9,                 \
        .range_bits = (bits), .physical_bits = 48, .upper_range = true,                            \
        .break_before_make = true, .dirty_by_fault = true, .valid_mask = PT_ARM_VALID,             \
        .address_mask = PT_ARM_ADDRESS, .table_mask = PT_ARM_VALID | PT_ARM_TABLE,                 \
        .table_value = PT_ARM_VALID | PT_ARM_TABLE, .table_bits = PT_ARM_VALID | PT_ARM_TABLE,     \
        .soft_write = PT_ARM_SOFT_WRITE, .kept_flags = PT_KEPT_STAGE1 | PT_TYPE_MASK,              \
        .attributes = pt_arm_stage1_attributes, .flags = pt_arm_stage1_flags                       \
    }
#define PT_FORMAT_ARM_STAGE1                                                                       \
    PT_FORMAT_ARM_STAGE1_OF("ARM stage 1, 48 bits", PT_FORMAT_ID_ARM_STAGE1, 4, 48)
#define PT_FORMAT_ARM_STAGE1_39                                                                    \
    PT_FORMAT_ARM_STAGE1_OF("ARM stage 1, 39 bits", PT_FORMAT_ID_ARM_STAGE1_39, 3, 39)
