/* SPDX-License-Identifier: MIT */
/*
 * The entry that all RISC-V formats share. Memory types are ignored: they come from the platform, and the CPUs that
 * this runs on have no Svpbmt. Facts: RISC-V privileged architecture 1.12, chapters 4.3 to 4.5 and 8.5.
 */
#pragma once

#include "formats/format.h"

#define PT_SV_VALID      (1ul << 0)
#define PT_SV_READ       (1ul << 1)
#define PT_SV_WRITE      (1ul << 2)
#define PT_SV_EXECUTE    (1ul << 3)
#define PT_SV_USER       (1ul << 4)
#define PT_SV_GLOBAL     (1ul << 5)
#define PT_SV_ACCESSED   (1ul << 6)
#define PT_SV_DIRTY      (1ul << 7)
#define PT_SV_SOFT_WRITE (1ul << 8)
#define PT_SV_ADDRESS    0x003ffffffffffc00ul

/* The low seven of enum pt_flags stand in an entry as they are, one bit higher. */
_Static_assert(PT_READ << 1 == PT_SV_READ && PT_WRITE << 1 == PT_SV_WRITE, "R and W");
_Static_assert(PT_EXECUTE << 1 == PT_SV_EXECUTE && PT_USER << 1 == PT_SV_USER, "X and U");
_Static_assert(PT_GLOBAL << 1 == PT_SV_GLOBAL, "G");
_Static_assert(PT_ACCESSED << 1 == PT_SV_ACCESSED && PT_DIRTY << 1 == PT_SV_DIRTY, "A and D");

PT_INLINE uint64_t pt_sv_attributes(uint32_t flags, unsigned level) {
    (void)level;
    return PT_SV_VALID | (uint64_t)(flags & PT_KEPT_STAGE1) << 1;
}

PT_INLINE uint32_t pt_sv_flags(uint64_t entry, unsigned level) {
    (void)level;
    return (uint32_t)(entry >> 1) & PT_KEPT_STAGE1;
}

/* The second stage treats every access as one of user mode. */
PT_INLINE uint64_t pt_sv_x4_attributes(uint32_t flags, unsigned level) {
    (void)level;
    return PT_SV_VALID | PT_SV_USER | (uint64_t)(flags & PT_KEPT_STAGE2) << 1;
}

#define PT_FORMAT_SV_OF(text, identity, level_count, bits)                                         \
    {                                                                                              \
        .name = (text), .id = (identity), .levels = (level_count), .root_bits = 9,                 \
        .range_bits = (bits)-1, .physical_bits = 56, .address_shift = 2, .upper_range = true,      \
        .shared_upper = true, .table_flush_all = true, .valid_mask = PT_SV_VALID,                  \
        .address_mask = PT_SV_ADDRESS,                                                             \
        .table_mask = PT_SV_VALID | PT_SV_READ | PT_SV_WRITE | PT_SV_EXECUTE,                      \
        .table_value = PT_SV_VALID, .table_bits = PT_SV_VALID, .soft_write = PT_SV_SOFT_WRITE,     \
        .kept_flags = PT_KEPT_STAGE1, .attributes = pt_sv_attributes, .flags = pt_sv_flags         \
    }
#define PT_FORMAT_SV_X4_OF(text, identity, level_count, bits)                                      \
    {                                                                                              \
        .name = (text), .id = (identity), .levels = (level_count), .root_bits = 11,                \
        .range_bits = (bits), .physical_bits = 56, .address_shift = 2, .table_flush_all = true,    \
        .valid_mask = PT_SV_VALID, .address_mask = PT_SV_ADDRESS,                                  \
        .table_mask = PT_SV_VALID | PT_SV_READ | PT_SV_WRITE | PT_SV_EXECUTE,                      \
        .table_value = PT_SV_VALID, .table_bits = PT_SV_VALID, .soft_write = PT_SV_SOFT_WRITE,     \
        .kept_flags = PT_KEPT_STAGE2, .forced_flags = PT_USER,                                     \
        .attributes = pt_sv_x4_attributes, .flags = pt_sv_flags                                    \
    }
