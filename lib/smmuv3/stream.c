/* SPDX-License-Identifier: MIT */
/* Stream table entries: finding them (3.3.1), their validity (5.2.2), and their meaning. */
#include "base/string.h"
#include "smmuv3/tlb.h"

#define STRTAB_ADDRESS     0x00ffffffffffffc0ul
#define STRTAB_LOG2SIZE    0x3fu
#define STRTAB_SPLIT_SHIFT 6
#define STRTAB_SPLIT       0x1fu
#define STRTAB_TWO_LEVEL   1u
#define STRTAB_FMT_SHIFT   16
#define L1STD_BITS         3u
#define STE_BITS           6u
#define SPAN_MAX           11u

static bool fetch_failed(struct walk *walk, enum smmu_event event, uint64_t address) {
    walk->fault = (struct fault){.event = (uint8_t)event, .fetch = address};
    return false;
}

/* An address beyond the output size is not truncated: it is a failed fetch (3.4.3). */
static bool read_structure(struct walk *walk, enum security security, uint64_t address, void *buffer, uint32_t size) {
    struct smmu *smmu = walk->smmu;
    if ((address & ~smmu->output_mask) != 0 || !memory_read(smmu, security, address, buffer, size)) {
        return fetch_failed(walk, F_STE_FETCH, address);
    }
    return true;
}

static unsigned split_of(uint32_t config) {
    unsigned split = config >> STRTAB_SPLIT_SHIFT & STRTAB_SPLIT;
    return split == 8 || split == 10 ? split : 6;
}

/* The address of the entry in the second level of a table. */
static bool find_second_level(struct walk *walk, enum security security, uint32_t stream, uint64_t *address) {
    const struct bank *bank = &walk->smmu->banks[security];
    unsigned split = split_of(bank->strtab_base_cfg);
    unsigned size = bank->strtab_base_cfg & STRTAB_LOG2SIZE;
    unsigned table_bits = (size > split ? size - split : 0) + L1STD_BITS;
    uint64_t base = bank->strtab_base & STRTAB_ADDRESS;
    base = table_bits > STE_BITS ? base & ~low_mask(table_bits) : base;
    uint64_t descriptor;
    if (!read_structure(walk, security, base + ((uint64_t)(stream >> split) << L1STD_BITS), &descriptor,
                        sizeof(descriptor))) {
        return false;
    }
    unsigned span = (unsigned)smmu_field(&descriptor, L1STD_SPAN);
    if (span == 0 || span > SPAN_MAX || span > split + 1 ||
        (stream & low_mask32(split)) >= 1u << (span - 1)) {
        return fetch_failed(walk, C_BAD_STREAMID, 0);
    }
    uint64_t table = descriptor & L1STD_POINTER & ~low_mask(span - 1 + STE_BITS);
    *address = table + ((uint64_t)(stream & low_mask32(split)) << STE_BITS);
    return true;
}

bool stream_fetch(struct walk *walk, enum security security, uint32_t stream, struct stream_entry *entry) {
    struct smmu *smmu = walk->smmu;
    const struct bank *bank = &smmu->banks[security];
    unsigned implemented = security == SECURE ? smmu->config.secure_stream_bits : smmu->config.stream_bits;
    unsigned size = bank->strtab_base_cfg & STRTAB_LOG2SIZE;
    unsigned effective = size < implemented ? size : implemented;
    uint64_t address;
    if (((uint64_t)stream & ~low_mask(effective)) != 0) {
        return fetch_failed(walk, C_BAD_STREAMID, 0);
    }
    if (has(smmu, SMMU_FEATURE_TWO_LEVEL_STREAMS) &&
        (bank->strtab_base_cfg >> STRTAB_FMT_SHIFT & 3) == STRTAB_TWO_LEVEL) {
        if (!find_second_level(walk, security, stream, &address)) {
            return false;
        }
    } else {
        uint64_t base = bank->strtab_base & STRTAB_ADDRESS & ~low_mask(size + STE_BITS);
        address = base + ((uint64_t)stream << STE_BITS);
    }
    smmu->statistics.configuration_fetches++;
    return read_structure(walk, security, address, entry->words, sizeof(entry->words));
}

/* --- Sizes and granules, also of context descriptors */

unsigned size_bits(unsigned encoded) {
    static const uint8_t bits[8] = {32, 36, 40, 42, 44, 48, 52, 52};
    return bits[encoded & 7];
}

static unsigned granule_of(unsigned encoded) { /* of TG0 and S2TG */
    static const uint8_t bits[4] = {12, 16, 14, 0};
    return bits[encoded & 3];
}

/* What follows from the granule alone. False: there is no such granule. */
bool regime_set_granule(const struct smmu *smmu, struct regime *regime, unsigned granule_bits) {
    unsigned granule = granule_bits == 12   ? SMMU_GRANULE_4K
                       : granule_bits == 14 ? SMMU_GRANULE_16K
                       : granule_bits == 16 ? SMMU_GRANULE_64K
                                            : 0;
    if ((smmu->config.granules & granule) == 0) {
        return false;
    }
    bool large_output = smmu->output_bits > 48;
    regime->granule_bits = (uint8_t)granule_bits;
    regime->stride = (uint8_t)(granule_bits - 3);
    regime->address_mask = 0x0000fffffffff000ul & ~low_mask(granule_bits);
    regime->address52 = granule_bits == 16 && large_output;
    regime->block_levels = granule_bits == 12 ? 6 : granule_bits == 16 && large_output ? 6 : 4;
    memset(regime->contiguous, 0, sizeof(regime->contiguous));
    regime->contiguous[1] = granule_bits == 12 ? 4 : 0;
    regime->contiguous[2] = granule_bits == 12 ? 4 : 5;
    regime->contiguous[3] = granule_bits == 12 ? 4 : granule_bits == 14 ? 7 : 5;
    return true;
}

static unsigned stage2_output_bits(const struct smmu *smmu, const uint64_t *ste) {
    unsigned bits = size_bits((unsigned)smmu_field(ste, STE_S2PS));
    bits = bits < smmu->output_bits ? bits : smmu->output_bits;
    return granule_of((unsigned)smmu_field(ste, STE_S2TG)) == 16 || bits < 48 ? bits : 48;
}

/* The level at which stage 2 starts; 4 for reserved encodings. */
static unsigned stage2_start_level(const struct smmu *smmu, const uint64_t *ste) {
    static const uint8_t of_4k[4] = {2, 1, 0, 3}, of_others[4] = {3, 2, 1, 4};
    unsigned encoded = (unsigned)smmu_field(ste, STE_S2SL0);
    if (granule_of((unsigned)smmu_field(ste, STE_S2TG)) != 12) {
        return of_others[encoded];
    }
    return encoded == 3 && !has(smmu, SMMU_FEATURE_SMALL_TABLES) ? 4 : of_4k[encoded];
}

static bool stage2_size_is_legal(const struct smmu *smmu, const uint64_t *ste) {
    unsigned granule = granule_of((unsigned)smmu_field(ste, STE_S2TG));
    unsigned size = (unsigned)smmu_field(ste, STE_S2T0SZ);
    unsigned max = !has(smmu, SMMU_FEATURE_SMALL_TABLES) ? 39 : granule == 16 ? 47 : 48;
    unsigned min = granule == 16 ? 12 : 16;
    min = min > 64u - smmu->input_bits ? min : 64u - smmu->input_bits;
    if (size < min || size > max) {
        return false;
    }
    unsigned level = stage2_start_level(smmu, ste);
    if (level > 3) {
        return false;
    }
    /* The first level resolves at least one bit, and at most four more than one table has: 16 tables side by side. */
    int below = (int)(granule + (granule - 3) * (3 - level));
    int resolved = (int)(64 - size) - below;
    return resolved >= 1 && resolved <= (int)(granule - 3 + 4);
}

static bool endianness_is_legal(const struct smmu *smmu, bool big) {
    return !big || has(smmu, SMMU_FEATURE_BIG_ENDIAN);
}

static bool stage2_is_legal(const struct smmu *smmu, enum security security, const uint64_t *ste) {
    struct regime regime;
    bool stall = smmu_field(ste, STE_S2S) != 0;
    bool access = smmu_field(ste, STE_S2HA) != 0, dirty = smmu_field(ste, STE_S2HD) != 0;
    uint8_t update = smmu->config.hardware_update;
    if (!SMMUV3_TWO_STAGE || !has(smmu, SMMU_FEATURE_STAGE2) || security == SECURE) {
        return false;
    }
    if ((stall && smmu->config.stall_model == SMMU_TERMINATE_ONLY) ||
        (!stall && smmu->config.stall_model == SMMU_STALL_FORCED)) {
        return false;
    }
    if (smmu_field(ste, STE_S2AA64) == 0 || ((access || dirty) && update == 0) || (dirty && update == 1)) {
        return false;
    }
    return regime_set_granule(smmu, &regime, granule_of((unsigned)smmu_field(ste, STE_S2TG))) &&
           (ste[3] & STE_S2TTB) >> stage2_output_bits(smmu, ste) == 0 && stage2_size_is_legal(smmu, ste) &&
           endianness_is_legal(smmu, smmu_field(ste, STE_S2ENDI) != 0);
}

static bool stage1_is_legal(const struct smmu *smmu, enum security security, const uint64_t *ste) {
    unsigned format = (unsigned)smmu_field(ste, STE_S1FMT), contexts = (unsigned)smmu_field(ste, STE_S1CDMAX);
    (void)security;
    if (!has(smmu, SMMU_FEATURE_STAGE1)) {
        return false;
    }
    if (smmu_field(ste, STE_S1STALLD) != 0 && smmu->config.stall_model != SMMU_STALL_OR_TERMINATE) {
        return false;
    }
    if (smmu->config.substream_bits != 0) {
        if (contexts > smmu->config.substream_bits) {
            return false;
        }
        if (contexts != 0 && !has(smmu, SMMU_FEATURE_TWO_LEVEL_CONTEXTS) && (format == 1 || format == 2)) {
            return false;
        }
    }
    /* With stage 2 it is an IPA, and a matter of stage 2. */
    return smmu_field(ste, STE_CONFIG) == STE_CONFIG_NESTED || (ste[0] & STE_S1CONTEXT & ~smmu->output_mask) == 0;
}

static bool ats_is_legal(const struct smmu *smmu, enum security security, const uint64_t *ste) {
    unsigned config = (unsigned)smmu_field(ste, STE_CONFIG), eats = (unsigned)smmu_field(ste, STE_EATS);
    bool stall = smmu_field(ste, STE_S2S) != 0;
    if (!has(smmu, SMMU_FEATURE_ATS) || security == SECURE || config == STE_CONFIG_BYPASS) {
        return true;
    }
    if (eats == 2) {
        return config == STE_CONFIG_NESTED && !stall && !has(smmu, SMMU_FEATURE_NO_STAGE1_ATS);
    }
    return eats != 1 || !stall || (config & 2) == 0;
}

static bool strw_is_used(const struct smmu *smmu, enum security security, const uint64_t *ste) {
    return has(smmu, SMMU_FEATURE_STAGE1) && smmu_field(ste, STE_CONFIG) == STE_CONFIG_S1 &&
           (security == SECURE || has(smmu, SMMU_FEATURE_HYP));
}

static bool strw_is_legal(const struct smmu *smmu, enum security security, const uint64_t *ste) {
    unsigned strw = (unsigned)smmu_field(ste, STE_STRW);
    if (!strw_is_used(smmu, security, ste)) {
        return true;
    }
    return security == SECURE ? strw < 2 : (strw & 1) == 0; /* no Secure EL2 here */
}

static bool vmid_is_used(const struct smmu *smmu, enum security security, const uint64_t *ste) {
    return SMMUV3_TWO_STAGE && has(smmu, SMMU_FEATURE_STAGE2) && security == NON_SECURE &&
           smmu_field(ste, STE_CONFIG) > STE_CONFIG_BYPASS &&
           (smmu_field(ste, STE_STRW) == 0 || !strw_is_used(smmu, security, ste));
}

bool stream_is_legal(const struct smmu *smmu, enum security security, const uint64_t *ste) {
    unsigned config = (unsigned)smmu_field(ste, STE_CONFIG);
    if (smmu_field(ste, STE_V) == 0) {
        return false;
    }
    if (config < STE_CONFIG_BYPASS) {
        return true;
    }
    if ((config & 1) != 0 && !stage1_is_legal(smmu, security, ste)) {
        return false;
    }
    if ((config & 2) != 0 && !stage2_is_legal(smmu, security, ste)) {
        return false;
    }
    if (!ats_is_legal(smmu, security, ste) || !strw_is_legal(smmu, security, ste)) {
        return false;
    }
    return !vmid_is_used(smmu, security, ste) || has(smmu, SMMU_FEATURE_VMID16) ||
           smmu_field(ste, STE_S2VMID) < 256;
}

/* --- Meaning */

/* Which permission a transaction needs, by its WRITE, INSTRUCTION and PRIVILEGED flags and the entry's overrides. */
static void decode_classes(const uint64_t *ste, uint8_t classes[8]) {
    unsigned privilege = (unsigned)smmu_field(ste, STE_PRIVCFG), instruction = (unsigned)smmu_field(ste, STE_INSTCFG);
    for (unsigned flags = 0; flags < 8; flags++) {
        bool is_privileged = privilege >= 2 ? privilege == 3 : (flags & SMMU_PRIVILEGED) != 0;
        bool is_instruction = instruction >= 2 ? instruction == 3 : (flags & SMMU_INSTRUCTION) != 0;
        unsigned access = (flags & SMMU_WRITE) != 0 ? SMMU_USER_WRITE
                          : is_instruction          ? SMMU_USER_EXECUTE
                                                    : SMMU_USER_READ;
        classes[flags] = (uint8_t)(access + (is_privileged ? SMMU_PRIVILEGED_READ : 0));
    }
}

static void decode_stage2(const struct smmu *smmu, const uint64_t *ste, struct context *context) {
    struct regime *stage2 = &context->stage2;
    regime_set_granule(smmu, stage2, granule_of((unsigned)smmu_field(ste, STE_S2TG)));
    stage2->input_bits = (uint8_t)(64 - smmu_field(ste, STE_S2T0SZ));
    stage2->output_bits = (uint8_t)stage2_output_bits(smmu, ste);
    stage2->start_level = (uint8_t)stage2_start_level(smmu, ste);
    unsigned below = stage2->granule_bits + stage2->stride * (3u - stage2->start_level);
    stage2->table = ste[3] & STE_S2TTB & ~low_mask(stage2->input_bits - below + 3);
    stage2->big_endian = smmu_field(ste, STE_S2ENDI) != 0;
    stage2->no_hierarchy = true;
    context->s2_record = smmu_field(ste, STE_S2R) != 0;
    context->s2_stall = smmu_field(ste, STE_S2S) != 0;
    context->s2_access_flag_off = smmu_field(ste, STE_S2AFFD) != 0;
    context->s2_hardware_access = smmu_field(ste, STE_S2HA) != 0;
    context->s2_hardware_dirty = context->s2_hardware_access && smmu_field(ste, STE_S2HD) != 0;
    context->s2_protect_walks = smmu_field(ste, STE_S2PTW) != 0;
    context->s2_force_write_back = smmu_field(ste, STE_S2FWB) != 0;
}

static enum world world_of(const struct smmu *smmu, enum security security, const uint64_t *ste) {
    unsigned strw = strw_is_used(smmu, security, ste) ? (unsigned)smmu_field(ste, STE_STRW) : 0;
    if (strw == 1) {
        return WORLD_EL3;
    }
    if (strw == 2) {
        return (smmu->banks[security].cr2 & SMMU_CR2_E2H) != 0 ? WORLD_EL2_E2H : WORLD_EL2;
    }
    return WORLD_EL1;
}

/* All that the entry itself says; `kind` is what it says if no substream interferes. */
void stream_decode(const struct smmu *smmu, enum security security, const uint64_t *ste, struct context *context) {
    static const uint8_t kinds[8] = {[STE_CONFIG_BYPASS] = CONTEXT_BYPASS,
                                     [STE_CONFIG_S1] = CONTEXT_STAGE1,
                                     [STE_CONFIG_S2] = CONTEXT_STAGE2,
                                     [STE_CONFIG_NESTED] = CONTEXT_NESTED};
    unsigned shareability = (unsigned)smmu_field(ste, STE_SHCFG);
    memset(context, 0, sizeof(*context));
    context->config = (uint8_t)smmu_field(ste, STE_CONFIG);
    context->kind = kinds[context->config];
    context->security = (uint8_t)security;
    context->world = (uint8_t)world_of(smmu, security, ste);
    context->eats = (uint8_t)smmu_field(ste, STE_EATS);
    context->secure_ns = (uint8_t)smmu_field(ste, STE_NSCFG);
    context->passes_pasid = smmu_field(ste, STE_PPAR) != 0;
    if (smmu_field(ste, STE_MTCFG) != 0) {
        uint64_t memory = attributes_memory((unsigned)smmu_field(ste, STE_MEMATTR));
        context->override |= OVERRIDE_MEMORY | memory << OVERRIDE_MEMORY_SHIFT;
    }
    if (shareability != 1) {
        context->override |= OVERRIDE_SHAREABILITY | (uint64_t)shareability << OVERRIDE_SHAREABILITY_SHIFT;
    }
    decode_classes(ste, context->classes);
    if ((context->config & 6) == 6) {
        decode_stage2(smmu, ste, context);
    }
    context->tag = (uint64_t)context->world << TAG_WORLD_SHIFT | (security == SECURE ? TAG_SECURE : 0) |
                   (context->kind == CONTEXT_STAGE2 ? TAG_IPA : 0) |
                   (vmid_is_used(smmu, security, ste) ? smmu_field(ste, STE_S2VMID) << TAG_VMID_SHIFT : 0);
}
