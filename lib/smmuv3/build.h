/* SPDX-License-Identifier: MIT */
/*
 * Builders: what software would write into memory for an SMMU, made from named parts. For those who use the library
 * without a driver, for its tests, and for drivers. Nothing here knows the state of an SMMU.
 */
#pragma once

#include "smmuv3/layout.h"
#include "smmuv3/smmuv3.h"

/* --- Translation tables */

/* Where tables are, and how they are reached. `allocate` gives a zeroed, aligned piece of memory, 0 if there is none. */
struct smmu_table_memory {
    void *context;
    uint64_t (*allocate)(void *context, uint64_t bytes);
    uint64_t (*read64)(void *context, uint32_t space, uint64_t address, bool *aborted);
    bool (*write)(void *context, uint32_t space, uint64_t address, const void *buffer, uint32_t size);
};

struct smmu_tables {
    const struct smmu_table_memory *memory;
    uint64_t root;
    uint8_t granule_bits; /* 12, 14 or 16 */
    uint8_t input_bits;
    uint8_t start_level;
    bool stage2;          /* start tables may be concatenated, to save a level */
    bool big_endian;
};

/* Chooses the start level and allocates the root. */
bool smmu_tables_init(struct smmu_tables *tables, const struct smmu_table_memory *memory, unsigned granule_bits,
                      unsigned input_bits, bool stage2);

/* Maps one page or block at `level` (3: a page). `attributes` are the bits of the descriptor other than its address
 * and type. Tables on the way are made. False: no memory, or something else is mapped there. */
bool smmu_tables_map(struct smmu_tables *tables, uint64_t input, uint64_t output, unsigned level, uint64_t attributes);

/* Where the descriptor of an address at `level` is; 0 if there is no table. */
uint64_t smmu_tables_find(const struct smmu_tables *tables, uint64_t input, unsigned level);

bool smmu_tables_unmap(struct smmu_tables *tables, uint64_t input, unsigned level);

/* Log2 of what a descriptor at `level` covers. */
unsigned smmu_level_bits(unsigned granule_bits, unsigned level);

/* --- Context descriptors */

struct smmu_context_spec {
    const struct smmu_tables *lower, *upper; /* null: disabled (EPD) */
    uint16_t asid;
    uint8_t output_bits;
    uint64_t mair;
    bool stall, silent, ignored;  /* S, not R, not A */
    bool access_flag_off, hardware_access, hardware_dirty;
    bool write_never_execute, privileged_never;
    bool ignore_top_byte;         /* of both halves */
};

void smmu_build_context(const struct smmu_context_spec *spec, uint64_t cd[SMMU_CD_WORDS]);

/* --- Stream table entries */

struct smmu_stream_spec {
    uint8_t config;            /* enum smmu_ste_config */
    uint64_t contexts;         /* address of the context descriptor, or of a table of them */
    uint8_t context_bits;      /* log2 of how many: S1CDMax */
    uint8_t context_format;    /* S1Fmt */
    uint8_t without_substream; /* S1DSS */
    uint8_t world;             /* STRW */
    uint8_t eats;
    const struct smmu_tables *stage2;
    uint16_t vmid;
    uint8_t output_bits;       /* of stage 2 */
    bool stage2_stall, stage2_silent;
    bool stage2_hardware_access, stage2_hardware_dirty, stage2_protect_walks;
};

void smmu_build_stream(const struct smmu_stream_spec *spec, uint64_t ste[SMMU_STE_WORDS]);

/* Level 1 descriptors: of a table with 2^bits stream table entries, and of a table of context descriptors. */
uint64_t smmu_build_l1_stream(uint64_t table, unsigned bits);
uint64_t smmu_build_l1_context(uint64_t table);
