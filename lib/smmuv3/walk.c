/* SPDX-License-Identifier: MIT */
/*
 * Walks of translation tables (VMSAv8-64; 3.13, 7.3.22): stage 1, stage 2, and stage 1 whose every table lies at an
 * address that stage 2 translates. Faults come in the order of 7.3.22.
 *
 * Access flag and dirty state are written into descriptors by compare-and-exchange. If the descriptor changed in the
 * meantime, the walk begins again; after ATTEMPTS of those the transaction is told to come back later, so that nobody
 * who keeps changing a table can keep the SMMU busy.
 */
#include "smmuv3/internal.h"

#define INLINE   static inline __attribute__((always_inline))
#define ATTEMPTS 16u
#define LEVEL_LAST 3u

#define ALL_READ    (1u << SMMU_USER_READ | 1u << SMMU_PRIVILEGED_READ)
#define ALL_WRITE   (1u << SMMU_USER_WRITE | 1u << SMMU_PRIVILEGED_WRITE)
#define ALL_USER    ((1u << SMMU_PRIVILEGED_READ) - 1)
#define ALL_EXECUTE (1u << SMMU_USER_EXECUTE | 1u << SMMU_PRIVILEGED_EXECUTE)

/* A leaf descriptor, and where it lies. */
struct found {
    uint64_t descriptor;
    uint64_t ipa;       /* of the descriptor; its physical address without stage 2 */
    uint64_t location;
    uint64_t hierarchy; /* attributes of the tables above */
    unsigned level, shift;
    bool non_secure;    /* the table lies in Non-secure space */
};

/* A change of a descriptor that is still to be made. */
struct update {
    uint64_t location, expected, desired;
    bool big_endian, non_secure, stage1;
};

static bool raise(struct walk *walk, enum smmu_event event, bool stage1) {
    walk->fault = (struct fault){.event = (uint8_t)event,
                                 .class = stage1 ? SMMU_CLASS_IN : walk->class,
                                 .stage2 = !stage1,
                                 .ipa = walk->ipa};
    return false;
}

/* An external abort is the only fault of stage 1 that is not of class IN. */
static bool raise_abort(struct walk *walk, uint64_t address, bool stage1) {
    raise(walk, F_WALK_EABT, stage1);
    walk->fault.fetch = address;
    if (stage1) {
        walk->fault.class = SMMU_CLASS_TT;
    }
    return false;
}

INLINE enum smmu_space space_of(const struct context *context, bool non_secure) {
    return context->security == SECURE && !non_secure ? SMMU_SPACE_SECURE : SMMU_SPACE_NON_SECURE;
}

INLINE uint64_t output_address(const struct regime *regime, uint64_t descriptor) {
    uint64_t address = descriptor & regime->address_mask;
    return regime->address52 ? address | (descriptor >> 12 & 0xf) << 48 : address;
}

/* Where the stage 1 descriptor at an IPA is; `needed` is to be permitted there. */
static bool locate_descriptor(struct walk *walk, uint64_t ipa, unsigned needed, uint64_t *location) {
    struct leaf leaf;
    walk->class = SMMU_CLASS_TT;
    if (!walk_stage2(walk, ipa, needed, &leaf)) {
        walk->fault.table_write = needed == 1u << SMMU_PRIVILEGED_WRITE;
        return false;
    }
    *location = leaf.address;
    return true;
}

/* From the table to the leaf. The bits of `input` above the regime's input size are clear. */
INLINE bool descend(struct walk *walk, const struct regime *regime, uint64_t input, bool stage1, struct found *found) {
    struct smmu *smmu = walk->smmu;
    bool nested = SMMUV3_TWO_STAGE && stage1 && walk->context->kind == CONTEXT_NESTED;
    unsigned shift = regime->granule_bits + regime->stride * (LEVEL_LAST - regime->start_level);
    uint64_t table = regime->table, hierarchy = 0, index_mask = ~0ul;
    bool non_secure = stage1 && regime->non_secure;
    for (unsigned level = regime->start_level;; level++, shift -= regime->stride) {
        uint64_t ipa = table + ((input >> shift & index_mask) << 3), address = ipa;
        bool aborted = false;
        if (nested && !locate_descriptor(walk, ipa, 1u << SMMU_PRIVILEGED_READ, &address)) {
            return false;
        }
        smmu->statistics.descriptor_reads++;
        uint64_t descriptor =
            smmu->bus.read64(smmu->bus.context, space_of(walk->context, non_secure), address, &aborted);
        if (aborted) {
            return raise_abort(walk, address, stage1);
        }
        if (regime->big_endian) {
            descriptor = __builtin_bswap64(descriptor);
        }
        if ((descriptor & TTD_VALID) == 0) {
            return raise(walk, F_TRANSLATION, stage1);
        }
        if (level == LEVEL_LAST || (descriptor & TTD_TABLE) == 0) {
            bool is_leaf = level == LEVEL_LAST ? (descriptor & TTD_TABLE) != 0 : (regime->block_levels >> level & 1) != 0;
            *found = (struct found){descriptor, ipa, address, hierarchy, level, shift, non_secure};
            return is_leaf || raise(walk, F_TRANSLATION, stage1);
        }
        table = output_address(regime, descriptor);
        if (table >> regime->output_bits != 0) {
            return raise(walk, F_ADDR_SIZE, stage1);
        }
        if (stage1) {
            non_secure = non_secure || (descriptor & TTD_NS_TABLE) != 0;
            hierarchy |= regime->no_hierarchy ? 0 : descriptor;
        }
        index_mask = low_mask(regime->stride);
    }
}

/* True if the descriptor was as expected and is as desired now. */
static bool commit(struct walk *walk, const struct update *update) {
    struct smmu *smmu = walk->smmu;
    uint64_t expected = update->expected, desired = update->desired;
    if (update->big_endian) {
        expected = __builtin_bswap64(expected);
        desired = __builtin_bswap64(desired);
    }
    uint64_t seen = expected;
    if (!smmu->bus.compare_exchange(smmu->bus.context, space_of(walk->context, update->non_secure), update->location,
                                    &seen, desired)) {
        return raise_abort(walk, update->location, update->stage1);
    }
    if (seen != expected) {
        walk->busy = true;
        return false;
    }
    smmu->statistics.descriptor_updates++;
    return true;
}

/* What a leaf of either stage says of its block. */
INLINE void describe(const struct regime *regime, const struct found *found, uint64_t input, bool use_contiguous,
                     struct leaf *leaf) {
    uint64_t offset = low_mask(found->shift);
    leaf->address = (output_address(regime, found->descriptor) & ~offset) | (input & offset);
    leaf->bits = (uint8_t)found->shift;
    if ((found->descriptor & TTD_CONTIGUOUS) != 0 && use_contiguous) {
        leaf->bits = (uint8_t)(leaf->bits + regime->contiguous[found->level]);
    }
    leaf->transient = found->level != LEVEL_LAST && (found->descriptor & TTD_NO_TRANSITION) != 0;
    leaf->forced = false;
}

/* Decides on access flag and permissions: false and a fault, or what the descriptor has to become. `dirty` is what it
 * is with the dirty state set, `potential` are the permissions that it then gives. */
INLINE bool permit(struct walk *walk, bool stage1, unsigned needed, bool hardware_access, bool access_flag_off,
                   uint64_t descriptor, uint64_t dirty, unsigned potential, struct leaf *leaf, uint64_t *desired) {
    *desired = descriptor;
    if ((descriptor & TTD_AF) == 0 && !hardware_access && !access_flag_off) {
        return raise(walk, F_ACCESS, stage1);
    }
    if ((needed & ~leaf->permissions & potential & ALL_WRITE) != 0) {
        *desired = dirty;
        leaf->permissions = (uint8_t)potential;
    }
    bool lenient = walk->any_permission && (stage1 || walk->class == SMMU_CLASS_IN);
    if ((leaf->permissions & needed) == 0 && !lenient) {
        return raise(walk, F_PERMISSION, stage1);
    }
    if (hardware_access && (leaf->permissions & needed) != 0) {
        *desired |= TTD_AF;
    }
    return true;
}

/* --- Stage 2 */

/* MemAttr of a descriptor: what stage 2 asks for. With FWB it can force a type, whatever stage 1 says. */
static void stage2_attributes(const struct context *context, uint64_t descriptor, struct leaf *leaf) {
    unsigned bits = (unsigned)smmu_field(&descriptor, TTD_S2_ATTR);
    leaf->attributes.shareability = (uint8_t)smmu_field(&descriptor, TTD_SH);
    if (!context->s2_force_write_back || (bits & 4) == 0) {
        leaf->attributes.memory = attributes_memory(bits);
    } else {
        leaf->attributes.memory = (bits & 3) == 1 ? 0x44 : 0xff;
        leaf->forced = (bits & 3) == 2;
    }
    leaf->attributes = attributes_normalise(leaf->attributes);
}

static unsigned stage2_permissions(uint64_t descriptor) {
    static const uint8_t execute[4] = {ALL_EXECUTE, 1u << SMMU_USER_EXECUTE, 0, 1u << SMMU_PRIVILEGED_EXECUTE};
    return ((descriptor & TTD_S2_READ) != 0 ? ALL_READ : 0) | ((descriptor & TTD_S2_WRITE) != 0 ? ALL_WRITE : 0) |
           execute[smmu_field(&descriptor, TTD_S2_XN)];
}

static bool walk_stage2_once(struct walk *walk, uint64_t ipa, unsigned needed, struct leaf *leaf) {
    const struct context *context = walk->context;
    const struct regime *regime = &context->stage2;
    struct found found;
    walk->ipa = ipa;
    if (ipa >> regime->input_bits != 0) {
        return raise(walk, F_TRANSLATION, false);
    }
    if (!descend(walk, regime, ipa, false, &found)) {
        return false;
    }
    describe(regime, &found, ipa, !context->s2_hardware_access, leaf);
    if (leaf->address >> regime->output_bits != 0) {
        return raise(walk, F_ADDR_SIZE, false);
    }
    uint64_t descriptor = found.descriptor, dirty = descriptor | TTD_S2_WRITE, desired;
    leaf->permissions = (uint8_t)stage2_permissions(descriptor);
    unsigned potential = leaf->permissions;
    if (context->s2_hardware_dirty && (descriptor & TTD_DBM) != 0) {
        potential = stage2_permissions(dirty);
    }
    stage2_attributes(context, descriptor, leaf);
    if (!permit(walk, false, needed, context->s2_hardware_access, context->s2_access_flag_off, descriptor, dirty,
                potential, leaf, &desired)) {
        return false;
    }
    if (context->s2_protect_walks && walk->class == SMMU_CLASS_TT && attributes_are_device(leaf->attributes)) {
        return raise(walk, F_PERMISSION, false);
    }
    if (desired == descriptor) {
        return true;
    }
    struct update update = {found.location, descriptor, desired, regime->big_endian, false, false};
    return commit(walk, &update);
}

/* Only if a descriptor changed under it, it is tried again. */
bool walk_stage2(struct walk *walk, uint64_t ipa, unsigned needed, struct leaf *leaf) {
    for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++) {
        walk->busy = false;
        if (walk_stage2_once(walk, ipa, needed, leaf)) {
            return true;
        }
        if (!walk->busy) {
            return false;
        }
    }
    return false;
}

/* --- Stage 1 */

/* By AP, UXN and PXN of the leaf and of the tables above. A page that unprivileged code may write is never executed
 * with privileges. EL2 and EL3 have one privilege level and one execute-never bit. */
INLINE unsigned stage1_permissions(const struct context *context, uint64_t descriptor, uint64_t hierarchy) {
    bool two_levels = context->world == WORLD_EL1 || context->world == WORLD_EL2_E2H;
    bool user = (descriptor & TTD_AP_USER) != 0 && (hierarchy & TTD_AP_TABLE_USER) == 0;
    bool write = (descriptor & TTD_AP_READ_ONLY) == 0 && (hierarchy & TTD_AP_TABLE_READ) == 0;
    bool user_never = (descriptor & TTD_UXN) != 0 || (hierarchy & TTD_UXN_TABLE) != 0;
    bool never = (descriptor & TTD_PXN) != 0 || (hierarchy & TTD_PXN_TABLE) != 0;
    if (!two_levels) {
        bool execute = !user_never && !(write && context->write_never_execute);
        return ALL_READ | (write ? ALL_WRITE : 0) | (execute ? ALL_EXECUTE : 0);
    }
    unsigned permissions = 1u << SMMU_PRIVILEGED_READ | (write ? 1u << SMMU_PRIVILEGED_WRITE : 0);
    if (user) {
        permissions = context->privileged_never ? 0 : permissions;
        permissions |= 1u << SMMU_USER_READ | (write ? 1u << SMMU_USER_WRITE : 0);
    }
    if (!user_never && !(user && write && context->write_never_execute)) {
        permissions |= 1u << SMMU_USER_EXECUTE;
    }
    if (!never && !(user && write) && !(write && context->write_never_execute)) {
        permissions |= 1u << SMMU_PRIVILEGED_EXECUTE;
    }
    return permissions;
}

/* The half of the address space, and the address inside of it. */
INLINE const struct regime *select_half(const struct context *context, unsigned needed, uint64_t *input) {
    bool two_ranges = context->world == WORLD_EL1 || context->world == WORLD_EL2_E2H;
    unsigned half = two_ranges ? (unsigned)(*input >> 55 & 1) : 0;
    const struct regime *regime = &context->half[half];
    uint64_t address = regime->ignore_top_byte ? (uint64_t)((int64_t)(*input << 8) >> 8) : *input;
    if (regime->disabled || (int64_t)address >> regime->input_bits != -(int64_t)half ||
        (regime->no_user && (needed & ALL_USER) != 0)) {
        return NULL;
    }
    *input = address & low_mask(regime->input_bits);
    return regime;
}

INLINE bool walk_stage1(struct walk *walk, uint64_t input, struct leaf *leaf, struct update *update) {
    const struct context *context = walk->context;
    const struct regime *regime = select_half(context, walk->needed, &input);
    struct found found;
    if (regime == NULL) {
        return raise(walk, F_TRANSLATION, true);
    }
    if (!descend(walk, regime, input, true, &found)) {
        return false;
    }
    describe(regime, &found, input, !context->hardware_access, leaf);
    if (leaf->address >> regime->output_bits != 0) {
        return raise(walk, F_ADDR_SIZE, true);
    }
    uint64_t descriptor = found.descriptor, dirty = descriptor & ~TTD_AP_READ_ONLY, desired;
    leaf->permissions = (uint8_t)stage1_permissions(context, descriptor, found.hierarchy);
    unsigned potential = leaf->permissions;
    if (context->hardware_dirty && (descriptor & TTD_DBM) != 0) {
        potential = stage1_permissions(context, dirty, found.hierarchy);
    }
    leaf->attributes.memory = (uint8_t)(context->mair >> (smmu_field(&descriptor, TTD_ATTR) * 8));
    leaf->attributes.shareability = (uint8_t)smmu_field(&descriptor, TTD_SH);
    leaf->attributes = attributes_normalise(leaf->attributes);
    leaf->non_secure = context->security != SECURE || found.non_secure || (descriptor & TTD_NS) != 0;
    leaf->global = (context->world == WORLD_EL1 || context->world == WORLD_EL2_E2H) &&
                   (descriptor & TTD_NOT_GLOBAL) == 0 && !(context->security == SECURE && found.non_secure);
    if (!permit(walk, true, walk->needed, context->hardware_access, context->access_flag_off, descriptor, dirty,
                potential, leaf, &desired)) {
        return false;
    }
    *update = (struct update){found.location, descriptor, desired, regime->big_endian, found.non_secure, true};
    return desired == descriptor || context->kind != CONTEXT_NESTED ||
           locate_descriptor(walk, found.ipa, 1u << SMMU_PRIVILEGED_WRITE, &update->location);
}

/* --- Both */

/* The final IPA through stage 2; what both stages permit. */
static bool add_stage2(struct walk *walk, struct leaf *leaf) {
    struct leaf second;
    walk->class = SMMU_CLASS_IN;
    if (!walk_stage2(walk, leaf->address, walk->needed, &second)) {
        return false;
    }
    leaf->ipa = leaf->address;
    leaf->address = second.address;
    leaf->bits = leaf->bits < second.bits ? leaf->bits : second.bits;
    leaf->permissions &= second.permissions;
    leaf->transient = leaf->transient || second.transient;
    leaf->attributes = second.forced ? second.attributes : attributes_combine(leaf->attributes, second.attributes);
    return true;
}

static bool walk_once(struct walk *walk, uint64_t input, struct leaf *leaf) {
    struct update update;
    if (!walk_stage1(walk, input, leaf, &update)) {
        return false;
    }
    /* An ATS request that stage 1 grants nothing ends there. */
    bool granted = (leaf->permissions & walk->needed) != 0 || !walk->any_permission;
    if (SMMUV3_TWO_STAGE && walk->context->kind == CONTEXT_NESTED && granted && !add_stage2(walk, leaf)) {
        return false;
    }
    return update.desired == update.expected || commit(walk, &update);
}

/* Stage 1 is a bypass for a stage 2 alone, with the size check of one (3.4). */
static bool walk_stage2_alone(struct walk *walk, uint64_t input, struct leaf *leaf) {
    leaf->global = false;
    leaf->non_secure = true;
    leaf->ipa = input;
    if ((input & ~low_mask(walk->smmu->input_bits)) != 0) {
        return raise(walk, F_ADDR_SIZE, true);
    }
    walk->class = SMMU_CLASS_IN;
    return walk_stage2(walk, input, walk->needed, leaf);
}

bool walk_all(struct walk *walk, uint64_t input, struct leaf *leaf) {
    walk->smmu->statistics.walks++;
    if (SMMUV3_TWO_STAGE && walk->context->kind == CONTEXT_STAGE2) {
        return walk_stage2_alone(walk, input, leaf);
    }
    for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++) {
        walk->busy = false;
        if (walk_once(walk, input, leaf)) {
            return true;
        }
        if (!walk->busy) {
            return false;
        }
    }
    return false;
}

unsigned walk_stage1_permissions(const struct context *context, uint64_t descriptor) {
    return stage1_permissions(context, descriptor, 0);
}

unsigned walk_stage2_permissions(uint64_t descriptor) {
    return stage2_permissions(descriptor);
}
