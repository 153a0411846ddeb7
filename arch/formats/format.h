/* SPDX-License-Identifier: MIT */
/*
 * What the page-table walker must know of a format. Each format is one header that defines an initialiser of struct
 * pt_format; kernel/mm/pagetable.c instantiates the walker once per format, with all of this known at compile time.
 *
 * Tables are pages of 512 eight-byte entries; only the root may be larger. Levels count from the leaf: an entry of a
 * level-0 table maps 4 KiB, of level 1 2 MiB, of level 2 1 GiB. In every format an entry that is invalid to the
 * hardware is free for software, and 0 is a hole.
 */
#pragma once

#include "abi/types.h"

/* Permissions and memory type of a leaf. W and X together are refused (INVALID_ARGS), as are W and X without R.
 * None of R, W and X: mapped, but every access faults. */
enum pt_flags {
    PT_READ = 1,
    PT_WRITE = 2,
    PT_EXECUTE = 4,
    PT_USER = 8,
    PT_GLOBAL = 16,
    PT_ACCESSED = 32, /* reported by query; set in new leaves unless pagetable_soft_ad */
    PT_DIRTY = 64,
    PT_TYPE_SHIFT = 8,
    PT_TYPE_CACHED = 0 << 8,
    PT_TYPE_UNCACHED = 1 << 8,
    PT_TYPE_DEVICE = 2 << 8,
    PT_TYPE_WRITE_COMBINING = 3 << 8,
    PT_TYPE_WRITE_THROUGH = 4 << 8,
    PT_TYPE_MASK = 7 << 8,
};

#define PT_PERMISSIONS (PT_READ | PT_WRITE | PT_EXECUTE | PT_USER)
#define PT_ENTRY_BITS  9
#define PT_ENTRIES     ((unsigned)1 << PT_ENTRY_BITS)
#define PT_LEVEL_MAX   2u /* of a leaf */

enum pt_format_id {
    PT_FORMAT_ID_X86_64,
    PT_FORMAT_ID_ARM_STAGE1_39,
    PT_FORMAT_ID_SV39,
    PT_FORMAT_ID_SV48,
    PT_FORMAT_ID_ARM_STAGE1,
    PT_FORMAT_ID_EPT,
    PT_FORMAT_ID_ARM_STAGE2,
    PT_FORMAT_ID_SV39X4,
    PT_FORMAT_ID_SV48X4,
    PT_FORMAT_ID_COUNT
};

struct pt_format {
    const char *name;
    uint8_t id;            /* enum pt_format_id */
    uint8_t levels;        /* of tables, the root included */
    uint8_t root_bits;     /* index bits of the root table */
    uint8_t range_bits;    /* address bits from this one up must be equal (upper_range), or zero */
    uint8_t physical_bits; /* of output addresses */
    uint8_t address_shift; /* an address stands in an entry shifted right by this */
    bool upper_range;      /* addresses whose upper bits are all one exist */
    bool shared_upper;     /* one root serves both ranges: the upper half of a root is the kernel's */
    bool break_before_make; /* a live entry may change size only by way of a flushed hole */
    bool table_flush_all;  /* a flush by address does not reach cached table entries */
    bool dirty_by_fault;   /* the hardware keeps no dirty bit: a clean page is write-protected */
    uint64_t valid_mask;   /* hardware looks at an entry only if one of these bits is set */
    uint64_t address_mask; /* address bits as they stand in an entry */
    uint64_t table_mask;   /* entry & table_mask == table_value: it points to a table (level above 0) */
    uint64_t table_value;
    uint64_t table_bits;   /* all of an entry that points to a table, but the address */
    uint64_t soft_write;   /* a bit that hardware ignores in leaves: writable, but withheld until dirty */
    uint32_t kept_flags;   /* enum pt_flags that an entry can tell */
    uint32_t forced_flags; /* flags that every leaf reports */

    /* All of a leaf but its address; R is set. */
    uint64_t (*attributes)(uint32_t flags, unsigned level);
    /* And back, of a valid leaf. */
    uint32_t (*flags)(uint64_t entry, unsigned level);
};

/* The instances, defined with the walker. */
extern const struct pt_format pt_format_x86_64;
extern const struct pt_format pt_format_ept;
extern const struct pt_format pt_format_arm_stage1;    /* 48 bits, 4 levels */
extern const struct pt_format pt_format_arm_stage1_39; /* 39 bits, 3 levels */
extern const struct pt_format pt_format_arm_stage2;
extern const struct pt_format pt_format_sv39;
extern const struct pt_format pt_format_sv48;
extern const struct pt_format pt_format_sv39x4;
extern const struct pt_format pt_format_sv48x4;

#define PT_KEPT_STAGE1 0x7fu  /* R W X U G A D */
#define PT_KEPT_STAGE2 0x67u  /* R W X A D */

/* The encoders are written to vanish into the walker. */
#define PT_INLINE static inline __attribute__((always_inline))

PT_INLINE uint64_t pt_bit(uint32_t flags, uint32_t flag, uint64_t bit) {
    return (flags & flag) != 0 ? bit : 0;
}

PT_INLINE uint32_t pt_flag(uint64_t entry, uint64_t bit, uint32_t flag) {
    return (entry & bit) != 0 ? flag : 0;
}
