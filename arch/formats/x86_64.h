/* SPDX-License-Identifier: MIT */
/* x86-64, 4 levels: 48-bit virtual addresses, NX on. Facts: Intel SDM volume 3, chapters 4.5 and 12.12. */
#pragma once

#include "formats/format.h"

#define PT_X86_PRESENT    (1ul << 0)
#define PT_X86_WRITE      (1ul << 1)
#define PT_X86_USER       (1ul << 2)
#define PT_X86_PWT        (1ul << 3)
#define PT_X86_PCD        (1ul << 4)
#define PT_X86_ACCESSED   (1ul << 5)
#define PT_X86_DIRTY      (1ul << 6)
#define PT_X86_LARGE      (1ul << 7)
#define PT_X86_PAT_SMALL  (1ul << 7)  /* in a 4 KiB leaf */
#define PT_X86_PAT_LARGE  (1ul << 12) /* in a larger one */
#define PT_X86_GLOBAL     (1ul << 8)
#define PT_X86_SOFT_WRITE (1ul << 9)
#define PT_X86_NX         (1ul << 63)
#define PT_X86_ADDRESS    0x000ffffffffff000ul

/* IA32_PAT, which the CPU's start-up code sets: 0 WB, 1 WT, 2 UC-, 3 UC (as at reset), 4 WC, 5 WP, 6 UC-, 7 UC. */
#define PT_X86_PAT_MSR 0x0007050100070406ul

/* PAT index by memory type, and back, one nibble each. */
#define PT_X86_PAT_OF_TYPE 0x14320u
#define PT_X86_TYPE_OF_PAT 0x21032140u

PT_INLINE uint64_t pt_x86_64_attributes(uint32_t flags, unsigned level) {
    unsigned pat = (PT_X86_PAT_OF_TYPE >> (((flags & PT_TYPE_MASK) >> PT_TYPE_SHIFT) * 4)) & 7;
    uint64_t entry = PT_X86_PRESENT | pt_bit(flags, PT_WRITE, PT_X86_WRITE) |
                     pt_bit(flags, PT_USER, PT_X86_USER) | pt_bit(flags, PT_GLOBAL, PT_X86_GLOBAL) |
                     pt_bit(flags, PT_ACCESSED, PT_X86_ACCESSED) |
                     pt_bit(flags, PT_DIRTY, PT_X86_DIRTY) |
                     pt_bit(~flags, PT_EXECUTE, PT_X86_NX) | pt_bit(pat, 1, PT_X86_PWT) |
                     pt_bit(pat, 2, PT_X86_PCD);
    if (level > 0) {
        return entry | PT_X86_LARGE | pt_bit(pat, 4, PT_X86_PAT_LARGE);
    }
    return entry | pt_bit(pat, 4, PT_X86_PAT_SMALL);
}

PT_INLINE uint32_t pt_x86_64_flags(uint64_t entry, unsigned level) {
    unsigned pat = pt_flag(entry, PT_X86_PWT, 1) | pt_flag(entry, PT_X86_PCD, 2) |
                   pt_flag(entry, level > 0 ? PT_X86_PAT_LARGE : PT_X86_PAT_SMALL, 4);
    uint32_t type = (PT_X86_TYPE_OF_PAT >> (pat * 4)) & 7;
    return PT_READ | pt_flag(entry, PT_X86_WRITE, PT_WRITE) | pt_flag(~entry, PT_X86_NX, PT_EXECUTE) |
           pt_flag(entry, PT_X86_USER, PT_USER) | pt_flag(entry, PT_X86_GLOBAL, PT_GLOBAL) |
           pt_flag(entry, PT_X86_ACCESSED, PT_ACCESSED) | pt_flag(entry, PT_X86_DIRTY, PT_DIRTY) |
           type << PT_TYPE_SHIFT;
}

#define PT_FORMAT_X86_64                                                                           \
    {                                                                                              \
        .name = "x86-64", .id = PT_FORMAT_ID_X86_64, .levels = 4, .root_bits = 9,                  \
        .range_bits = 47, .physical_bits = 52, .upper_range = true, .shared_upper = true,          \
        .valid_mask = PT_X86_PRESENT, .address_mask = PT_X86_ADDRESS,                              \
        .table_mask = PT_X86_PRESENT | PT_X86_LARGE, .table_value = PT_X86_PRESENT,                \
        .table_bits = PT_X86_PRESENT | PT_X86_WRITE | PT_X86_USER | PT_X86_ACCESSED,               \
        .soft_write = PT_X86_SOFT_WRITE, .kept_flags = PT_KEPT_STAGE1 | PT_TYPE_MASK,              \
        .attributes = pt_x86_64_attributes, .flags = pt_x86_64_flags                               \
    }
