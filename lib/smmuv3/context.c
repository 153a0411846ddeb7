/* SPDX-License-Identifier: MIT */
/* Context descriptors: finding them (3.3.2), their validity (5.4.2), and their meaning. */
#include "smmuv3/tlb.h"

#define CD_BITS        6u
#define L1CD_BITS      3u
#define MAIR_WORD      3u
#define FORMAT_4K      1u /* S1Fmt: leaf tables of 64 descriptors */
#define FORMAT_64K     2u /* of 1024 */

static bool fetch_failed(struct walk *walk, enum smmu_event event, uint64_t address) {
    walk->fault = (struct fault){.event = (uint8_t)event, .fetch = address};
    return false;
}

/* Through stage 2 where there is one: the address is an IPA then. */
static bool read_structure(struct walk *walk, uint64_t address, void *buffer, uint32_t size) {
    struct smmu *smmu = walk->smmu;
    const struct context *context = walk->context;
    if (SMMUV3_TWO_STAGE && context->kind == CONTEXT_NESTED) {
        struct leaf leaf;
        walk->class = SMMU_CLASS_CD;
        if (!walk_stage2(walk, address, 1u << SMMU_PRIVILEGED_READ, &leaf)) {
            return false;
        }
        address = leaf.address;
    }
    if (!memory_read(smmu, (enum security)context->security, address, buffer, size)) {
        return fetch_failed(walk, F_CD_FETCH, address);
    }
    return true;
}

/* The address of a descriptor, by the format of the table. `context` has stage 2 already. */
static bool find(struct walk *walk, const uint64_t *ste, uint32_t substream, uint64_t *address) {
    unsigned contexts = walk->smmu->config.substream_bits == 0 ? 0 : (unsigned)smmu_field(ste, STE_S1CDMAX);
    unsigned format = contexts == 0 ? 0 : (unsigned)smmu_field(ste, STE_S1FMT);
    uint64_t table = ste[0] & STE_S1CONTEXT;
    if (format != FORMAT_4K && format != FORMAT_64K) {
        *address = (table & ~low_mask(contexts + CD_BITS)) + ((uint64_t)substream << CD_BITS);
        return true;
    }
    unsigned leaf_bits = format == FORMAT_4K ? 6 : 10;
    unsigned table_bits = (contexts > leaf_bits ? contexts - leaf_bits : 0) + L1CD_BITS;
    uint64_t descriptor;
    table = table_bits > CD_BITS ? table & ~low_mask(table_bits) : table;
    if (!read_structure(walk, table + ((uint64_t)(substream >> leaf_bits) << L1CD_BITS), &descriptor,
                        sizeof(descriptor))) {
        return false;
    }
    uint64_t leaf = descriptor & L1CD_POINTER & ~low_mask(leaf_bits + CD_BITS);
    if (smmu_field(&descriptor, L1CD_V) == 0 ||
        (walk->context->kind != CONTEXT_NESTED && (leaf & ~walk->smmu->output_mask) != 0)) {
        return fetch_failed(walk, C_BAD_SUBSTREAMID, 0);
    }
    *address = leaf + ((uint64_t)(substream & low_mask32(leaf_bits)) << CD_BITS);
    return true;
}

bool context_fetch(struct walk *walk, const uint64_t *ste, struct context *context, uint32_t substream,
                   uint64_t cd[SMMU_CD_WORDS]) {
    uint64_t address;
    walk->context = context;
    if (!find(walk, ste, substream, &address)) {
        return false;
    }
    walk->smmu->statistics.configuration_fetches++;
    return read_structure(walk, address, cd, SMMU_CD_BYTES);
}

/* --- Validity */

static bool has_two_ranges(const struct context *context) {
    return context->world == WORLD_EL1 || context->world == WORLD_EL2_E2H;
}

/* EPD counts only where there are two ranges; without the second, TTB1 is never used. */
static bool is_disabled(const struct context *context, const uint64_t *cd, unsigned half) {
    if (!has_two_ranges(context)) {
        return half == 1;
    }
    return half == 0 ? smmu_field(cd, CD_EPD0) != 0 : smmu_field(cd, CD_EPD1) != 0;
}

static unsigned granule_of(const uint64_t *cd, unsigned half) {
    static const uint8_t lower[4] = {12, 16, 14, 0}, upper[4] = {0, 14, 12, 16};
    return half == 0 ? lower[smmu_field(cd, CD_TG0)] : upper[smmu_field(cd, CD_TG1)];
}

static unsigned size_of(const uint64_t *cd, unsigned half) {
    return (unsigned)(half == 0 ? smmu_field(cd, CD_T0SZ) : smmu_field(cd, CD_T1SZ));
}

/* Output bits: at most what the SMMU has, and 48 unless the granule is 64 KiB. */
static unsigned output_bits_of(const struct smmu *smmu, const uint64_t *cd, unsigned granule) {
    unsigned bits = size_bits((unsigned)smmu_field(cd, CD_IPS));
    bits = bits < smmu->output_bits ? bits : smmu->output_bits;
    return granule == 16 || bits < 48 ? bits : 48;
}

static bool half_is_legal(const struct smmu *smmu, const uint64_t *cd, unsigned half) {
    struct regime regime;
    unsigned granule = granule_of(cd, half), size = size_of(cd, half);
    unsigned max = !has(smmu, SMMU_FEATURE_SMALL_TABLES) ? 39 : granule == 16 ? 47 : 48;
    unsigned min = granule == 16 && has(smmu, SMMU_FEATURE_VA52) ? 12 : 16;
    return regime_set_granule(smmu, &regime, granule) && size >= min && size <= max &&
           (cd[1 + half] & CD_TTB) >> output_bits_of(smmu, cd, granule) == 0;
}

static bool faults_are_legal(const struct smmu *smmu, const uint64_t *ste, const uint64_t *cd) {
    bool stall = smmu_field(cd, CD_S) != 0;
    if (stall && (smmu_field(ste, STE_S1STALLD) != 0 || smmu->config.stall_model == SMMU_TERMINATE_ONLY)) {
        return false;
    }
    if (!stall && smmu->config.stall_model == SMMU_STALL_FORCED) {
        return false;
    }
    return smmu_field(cd, CD_A) != 0 || !has(smmu, SMMU_FEATURE_ABORT_ONLY);
}

static bool updates_are_legal(const struct smmu *smmu, const uint64_t *cd) {
    bool access = smmu_field(cd, CD_HA) != 0, dirty = smmu_field(cd, CD_HD) != 0;
    uint8_t update = smmu->config.hardware_update;
    return !((access || dirty) && update == 0) && !(dirty && update == 1);
}

bool context_is_legal(const struct smmu *smmu, const struct context *context, const uint64_t *ste, const uint64_t *cd) {
    bool lower = !is_disabled(context, cd, 0), upper = !is_disabled(context, cd, 1);
    if (smmu_field(cd, CD_V) == 0 || !faults_are_legal(smmu, ste, cd) || !updates_are_legal(smmu, cd)) {
        return false;
    }
    if (smmu_field(cd, CD_AA64) == 0) {
        return false;
    }
    if ((lower || upper) && smmu_field(cd, CD_ENDI) != 0 && !has(smmu, SMMU_FEATURE_BIG_ENDIAN)) {
        return false;
    }
    if (has_two_ranges(context) && !has(smmu, SMMU_FEATURE_ASID16) && smmu_field(cd, CD_ASID) > 255) {
        return false;
    }
    return (!lower || half_is_legal(smmu, cd, 0)) && (!upper || half_is_legal(smmu, cd, 1));
}

/* --- Meaning */

/* How many levels it takes decides where a walk starts; how many bits are left, how large the first table is. */
static void set_start(struct regime *regime, uint64_t table) {
    unsigned bits = regime->input_bits - regime->granule_bits;
    unsigned levels = (bits + regime->stride - 1u) / regime->stride;
    unsigned first = bits - regime->stride * (levels - 1);
    regime->start_level = (uint8_t)(4 - levels);
    regime->table = table & ~low_mask(first + 3);
}

static void decode_half(const struct smmu *smmu, const uint64_t *cd, unsigned half, const struct context *context,
                        struct regime *regime) {
    regime->ignore_top_byte = (half == 0 ? smmu_field(cd, CD_TBI0) : smmu_field(cd, CD_TBI1)) != 0;
    regime->disabled = is_disabled(context, cd, half);
    if (regime->disabled) {
        return;
    }
    unsigned granule = granule_of(cd, half);
    regime_set_granule(smmu, regime, granule);
    regime->input_bits = (uint8_t)(64 - size_of(cd, half));
    regime->output_bits = (uint8_t)output_bits_of(smmu, cd, granule);
    regime->big_endian = smmu_field(cd, CD_ENDI) != 0;
    regime->no_hierarchy = (half == 0 ? smmu_field(cd, CD_HAD0) : smmu_field(cd, CD_HAD1)) != 0;
    regime->no_user = has_two_ranges(context) &&
                      (half == 0 ? smmu_field(cd, CD_E0PD0) : smmu_field(cd, CD_E0PD1)) != 0;
    regime->non_secure = (half == 0 ? smmu_field(cd, CD_NSCFG0) : smmu_field(cd, CD_NSCFG1)) != 0;
    set_start(regime, cd[1 + half] & CD_TTB);
}

void context_decode(const struct smmu *smmu, const uint64_t *cd, struct context *context) {
    context->abort = smmu_field(cd, CD_A) != 0;
    context->record = smmu_field(cd, CD_R) != 0;
    context->stall = smmu_field(cd, CD_S) != 0;
    context->access_flag_off = smmu_field(cd, CD_AFFD) != 0;
    context->hardware_access = smmu_field(cd, CD_HA) != 0;
    context->hardware_dirty = context->hardware_access && smmu_field(cd, CD_HD) != 0;
    context->write_never_execute = smmu_field(cd, CD_WXN) != 0;
    context->privileged_never = smmu_field(cd, CD_PAN) != 0 && has_two_ranges(context);
    context->mair = smmu_field(cd, CD_MAIR);
    decode_half(smmu, cd, 0, context, &context->half[0]);
    decode_half(smmu, cd, 1, context, &context->half[1]);
    if (has_two_ranges(context)) {
        context->tag |= smmu_field(cd, CD_ASID) << TAG_ASID_SHIFT;
    }
}
