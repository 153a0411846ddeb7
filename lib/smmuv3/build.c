/* SPDX-License-Identifier: MIT */
/* See build.h. */
#include "smmuv3/build.h"

#include "base/string.h"

#define LEVEL_LAST 3u
#define ADDRESS_MASK 0x0000fffffffff000ul

static unsigned stride(const struct smmu_tables *tables) {
    return tables->granule_bits - 3u;
}

unsigned smmu_level_bits(unsigned granule_bits, unsigned level) {
    return granule_bits + (granule_bits - 3) * (LEVEL_LAST - level);
}

/* --- Translation tables */

bool smmu_tables_init(struct smmu_tables *tables, const struct smmu_table_memory *memory, unsigned granule_bits,
                      unsigned input_bits, bool stage2) {
    *tables = (struct smmu_tables){.memory = memory,
                                   .granule_bits = (uint8_t)granule_bits,
                                   .input_bits = (uint8_t)input_bits,
                                   .start_level = LEVEL_LAST,
                                   .stage2 = stage2};
    /* Stage 2 may resolve four bits more than one table has, by 16 tables side by side. */
    unsigned extra = stage2 ? 4 : 0;
    while (input_bits > smmu_level_bits(granule_bits, tables->start_level) + stride(tables) + extra) {
        tables->start_level--;
    }
    unsigned first = input_bits - smmu_level_bits(granule_bits, tables->start_level);
    tables->root = memory->allocate(memory->context, 8ul << (first < 3 ? 3 : first));
    return tables->root != 0;
}

static uint64_t swap(const struct smmu_tables *tables, uint64_t value) {
    return tables->big_endian ? __builtin_bswap64(value) : value;
}

static bool read_descriptor(const struct smmu_tables *tables, uint64_t address, uint64_t *value) {
    const struct smmu_table_memory *memory = tables->memory;
    bool aborted = false;
    *value = swap(tables, memory->read64(memory->context, SMMU_SPACE_NON_SECURE, address, &aborted));
    return !aborted;
}

static bool write_descriptor(const struct smmu_tables *tables, uint64_t address, uint64_t value) {
    const struct smmu_table_memory *memory = tables->memory;
    value = swap(tables, value);
    return memory->write(memory->context, SMMU_SPACE_NON_SECURE, address, &value, sizeof(value));
}

/* Address bits as they stand in a descriptor: with 64 KiB pages, bits 51..48 are in 15..12. */
static uint64_t encode_address(const struct smmu_tables *tables, uint64_t address) {
    uint64_t encoded = address & ADDRESS_MASK;
    return tables->granule_bits == 16 ? encoded | (address >> 48 & 0xf) << 12 : encoded;
}

static uint64_t decode_address(const struct smmu_tables *tables, uint64_t descriptor) {
    uint64_t low = descriptor & ADDRESS_MASK & ~((1ul << tables->granule_bits) - 1);
    return tables->granule_bits == 16 ? low | (descriptor >> 12 & 0xf) << 48 : low;
}

static uint64_t entry_address(const struct smmu_tables *tables, uint64_t table, uint64_t input, unsigned level) {
    uint64_t index = (input & (~0ul >> (64 - tables->input_bits))) >> smmu_level_bits(tables->granule_bits, level);
    if (level != tables->start_level) {
        index &= (1ul << stride(tables)) - 1;
    }
    return table + index * 8;
}

/* The table below an entry; it is made if there is none and `make` says so. 0: none. */
static uint64_t next_table(const struct smmu_tables *tables, uint64_t entry, bool make) {
    const struct smmu_table_memory *memory = tables->memory;
    uint64_t descriptor;
    if (!read_descriptor(tables, entry, &descriptor)) {
        return 0;
    }
    if ((descriptor & TTD_VALID) != 0) {
        return (descriptor & TTD_TABLE) != 0 ? decode_address(tables, descriptor) : 0;
    }
    uint64_t table = make ? memory->allocate(memory->context, 1ul << tables->granule_bits) : 0;
    if (table == 0 || !write_descriptor(tables, entry, encode_address(tables, table) | TTD_VALID | TTD_TABLE)) {
        return 0;
    }
    return table;
}

static uint64_t find(const struct smmu_tables *tables, uint64_t input, unsigned level, bool make) {
    uint64_t table = tables->root;
    for (unsigned at = tables->start_level; table != 0 && at < level; at++) {
        table = next_table(tables, entry_address(tables, table, input, at), make);
    }
    return table == 0 || level < tables->start_level ? 0 : entry_address(tables, table, input, level);
}

uint64_t smmu_tables_find(const struct smmu_tables *tables, uint64_t input, unsigned level) {
    return find(tables, input, level, false);
}

bool smmu_tables_map(struct smmu_tables *tables, uint64_t input, uint64_t output, unsigned level, uint64_t attributes) {
    uint64_t entry = find(tables, input, level, true);
    uint64_t type = level == LEVEL_LAST ? TTD_VALID | TTD_TABLE : TTD_VALID;
    return entry != 0 && write_descriptor(tables, entry, encode_address(tables, output) | attributes | type);
}

bool smmu_tables_unmap(struct smmu_tables *tables, uint64_t input, unsigned level) {
    uint64_t entry = find(tables, input, level, false);
    return entry != 0 && write_descriptor(tables, entry, 0);
}

/* --- Structures */

static unsigned encode_size(unsigned bits) {
    static const uint8_t sizes[] = {32, 36, 40, 42, 44, 48};
    for (unsigned i = 0; i < sizeof(sizes); i++) {
        if (bits <= sizes[i]) {
            return i;
        }
    }
    return sizeof(sizes);
}

/* Of TG0 and S2TG; TG1 has codes of its own. */
static unsigned encode_granule(unsigned bits) {
    return bits == 12 ? 0 : bits == 14 ? 2 : 1;
}

static unsigned encode_upper_granule(unsigned bits) {
    return bits == 12 ? 2 : bits == 14 ? 1 : 3;
}

void smmu_build_context(const struct smmu_context_spec *spec, uint64_t cd[SMMU_CD_WORDS]) {
    const struct smmu_tables *any = spec->lower != NULL ? spec->lower : spec->upper;
    memset(cd, 0, SMMU_CD_BYTES);
    smmu_field_set(cd, CD_V, 1);
    smmu_field_set(cd, CD_AA64, 1);
    smmu_field_set(cd, CD_ASID, spec->asid);
    smmu_field_set(cd, CD_IPS, encode_size(spec->output_bits));
    smmu_field_set(cd, CD_MAIR, spec->mair);
    smmu_field_set(cd, CD_A, !spec->ignored);
    smmu_field_set(cd, CD_R, !spec->silent);
    smmu_field_set(cd, CD_S, spec->stall);
    smmu_field_set(cd, CD_AFFD, spec->access_flag_off);
    smmu_field_set(cd, CD_HA, spec->hardware_access);
    smmu_field_set(cd, CD_HD, spec->hardware_dirty);
    smmu_field_set(cd, CD_WXN, spec->write_never_execute);
    smmu_field_set(cd, CD_PAN, spec->privileged_never);
    smmu_field_set(cd, CD_TBI0, spec->ignore_top_byte);
    smmu_field_set(cd, CD_TBI1, spec->ignore_top_byte);
    smmu_field_set(cd, CD_ENDI, any != NULL && any->big_endian);
    smmu_field_set(cd, CD_EPD0, spec->lower == NULL);
    smmu_field_set(cd, CD_EPD1, spec->upper == NULL);
    if (spec->lower != NULL) {
        smmu_field_set(cd, CD_T0SZ, 64u - spec->lower->input_bits);
        smmu_field_set(cd, CD_TG0, encode_granule(spec->lower->granule_bits));
        cd[1] |= spec->lower->root & CD_TTB;
    }
    if (spec->upper != NULL) {
        smmu_field_set(cd, CD_T1SZ, 64u - spec->upper->input_bits);
        smmu_field_set(cd, CD_TG1, encode_upper_granule(spec->upper->granule_bits));
        cd[2] |= spec->upper->root & CD_TTB;
    }
}

static unsigned encode_start_level(const struct smmu_tables *tables) {
    static const uint8_t of_4k[4] = {2, 1, 0, 3}, of_others[4] = {3, 2, 1, 0};
    return tables->granule_bits == 12 ? of_4k[tables->start_level] : of_others[tables->start_level];
}

static void build_stage2(const struct smmu_stream_spec *spec, uint64_t *ste) {
    const struct smmu_tables *tables = spec->stage2;
    smmu_field_set(ste, STE_S2T0SZ, 64u - tables->input_bits);
    smmu_field_set(ste, STE_S2TG, encode_granule(tables->granule_bits));
    smmu_field_set(ste, STE_S2SL0, encode_start_level(tables));
    smmu_field_set(ste, STE_S2PS, encode_size(spec->output_bits));
    smmu_field_set(ste, STE_S2AA64, 1);
    smmu_field_set(ste, STE_S2ENDI, tables->big_endian);
    smmu_field_set(ste, STE_S2S, spec->stage2_stall);
    smmu_field_set(ste, STE_S2R, !spec->stage2_silent);
    smmu_field_set(ste, STE_S2HA, spec->stage2_hardware_access);
    smmu_field_set(ste, STE_S2HD, spec->stage2_hardware_dirty);
    smmu_field_set(ste, STE_S2PTW, spec->stage2_protect_walks);
    ste[3] |= tables->root & STE_S2TTB;
}

void smmu_build_stream(const struct smmu_stream_spec *spec, uint64_t ste[SMMU_STE_WORDS]) {
    memset(ste, 0, SMMU_STE_BYTES);
    smmu_field_set(ste, STE_V, 1);
    smmu_field_set(ste, STE_CONFIG, spec->config);
    smmu_field_set(ste, STE_S1FMT, spec->context_format);
    smmu_field_set(ste, STE_S1CDMAX, spec->context_bits);
    smmu_field_set(ste, STE_S1DSS, spec->without_substream);
    smmu_field_set(ste, STE_STRW, spec->world);
    smmu_field_set(ste, STE_EATS, spec->eats);
    smmu_field_set(ste, STE_SHCFG, 1);
    smmu_field_set(ste, STE_S2VMID, spec->vmid);
    ste[0] |= spec->contexts & STE_S1CONTEXT;
    if (spec->stage2 != NULL) {
        build_stage2(spec, ste);
    }
}

uint64_t smmu_build_l1_stream(uint64_t table, unsigned bits) {
    return (table & L1STD_POINTER) | (bits + 1);
}

uint64_t smmu_build_l1_context(uint64_t table) {
    return (table & L1CD_POINTER) | 1;
}
