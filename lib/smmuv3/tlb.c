/* SPDX-License-Identifier: MIT */
/* See tlb.h. All of it under the lock. */
#include "smmuv3/tlb.h"

static uint32_t entry_count(const struct smmu *smmu) {
    return SMMUV3_CACHES ? smmu->config.tlb_entries : 0;
}

uint32_t tlb_count(const struct smmu *smmu) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < entry_count(smmu); i++) {
        count += smmu->tlb[i].key != 0;
    }
    return count;
}

void tlb_unpack(const struct tlb_entry *entry, uint64_t address, unsigned bits, struct leaf *leaf) {
    struct smmu_result result;
    memcpy(&result.attributes, &entry->rest, sizeof(entry->rest));
    leaf->address = (entry->output & OUTPUT_ADDRESS) | (address & low_mask(bits));
    leaf->bits = (uint8_t)bits;
    leaf->permissions = entry->output & OUTPUT_PERMISSIONS;
    leaf->attributes = result.attributes;
    leaf->non_secure = result.space == SMMU_SPACE_NON_SECURE;
    leaf->forced = (entry->output & OUTPUT_FORCED) != 0;
    leaf->transient = false;
}

bool tlb_find_leaf(struct smmu *smmu, uint64_t address, const struct context *context, struct leaf *leaf) {
    unsigned bits = 0;
    if (!SMMUV3_CACHES) {
        return false;
    }
    struct tlb_entry *entry = tlb_find(smmu, address, context->tag, context->salt, &bits);
    if (entry == NULL && smmu->tlb_globals) {
        uint64_t tag = (context->tag & ~TAG_ASID) | TAG_GLOBAL;
        entry = tlb_find(smmu, address, tag, tlb_salt(tag), &bits);
    }
    if (entry == NULL) {
        return false;
    }
    if (smmu->mark_use) {
        smmu->tlb_marks[entry - smmu->tlb] = 1;
    }
    tlb_unpack(entry, address, bits, leaf);
    return true;
}

struct tlb_entry *tlb_second_chance(struct smmu *smmu, struct tlb_entry *entries) {
    uint64_t first = (uint64_t)(entries - smmu->tlb);
    uint8_t *hand = &smmu->tlb_hands[first / WAYS];
    for (unsigned i = 0; i < WAYS; i++) {
        uint8_t *mark = &smmu->tlb_marks[first + *hand % WAYS];
        if (*mark == 0) {
            break;
        }
        *mark = 0;
        ++*hand;
    }
    return &entries[(*hand)++ % WAYS];
}

static struct tlb_entry *find_one(struct smmu *smmu, uint64_t key, uint64_t tag) {
    return tlb_probe(tlb_set(smmu, key, tlb_salt(tag)), key, tag);
}

/* Replaces what is known of the block, if anything is: its permissions may have changed. */
void tlb_insert(struct smmu *smmu, uint64_t address, const struct context *context, const struct leaf *leaf) {
    uint64_t tag = context->tag, key = tlb_key(address, leaf->bits), rest;
    struct smmu_result result = {0};
    if (!SMMUV3_CACHES || leaf->transient) {
        return;
    }
    if (leaf->global) {
        tag = (tag & ~TAG_ASID) | TAG_GLOBAL;
        smmu->tlb_globals = true;
    }
    struct tlb_entry *old = find_one(smmu, key, tag);
    if (old != NULL) {
        old->key = 0;
    }
    result.attributes = leaf->attributes;
    result.space = leaf->non_secure ? SMMU_SPACE_NON_SECURE : SMMU_SPACE_SECURE;
    result.permissions = leaf->permissions;
    result.page_bits = leaf->bits;
    memcpy(&rest, &result.attributes, sizeof(rest));
    uint64_t output = (leaf->address & ~low_mask(leaf->bits)) | leaf->permissions | (leaf->forced ? OUTPUT_FORCED : 0);
    tlb_fill(smmu, address, leaf->bits, tag, tlb_salt(tag), output, rest);
}

/* --- Invalidation */

static void drop_entry(struct smmu *smmu, struct tlb_entry *entry) {
    entry->key = 0;
    smmu->statistics.tlb_invalidated++;
}

void tlb_invalidate(struct smmu *smmu, uint64_t mask, uint64_t value) {
    epoch_advance(smmu);
    for (uint32_t i = 0; i < entry_count(smmu); i++) {
        struct tlb_entry *entry = &smmu->tlb[i];
        if (entry->key != 0 && (entry->tag & mask) == value) {
            drop_entry(smmu, entry);
        }
    }
}

static bool covers(const struct tlb_entry *entry, uint64_t first, uint64_t last) {
    unsigned bits = (unsigned)(entry->key & low_mask(KEY_SIZE_BITS)) + PAGE_BITS - 1;
    uint64_t start = entry->key >> KEY_SIZE_BITS << bits;
    return start <= last && start + low_mask(bits) >= first;
}

static void scan_range(struct smmu *smmu, uint64_t mask, uint64_t value, uint64_t first, uint64_t last) {
    for (uint32_t i = 0; i < entry_count(smmu); i++) {
        struct tlb_entry *entry = &smmu->tlb[i];
        if (entry->key != 0 && (entry->tag & mask) == value && covers(entry, first, last)) {
            drop_entry(smmu, entry);
        }
    }
}

/* How many look-ups a range takes, over all sizes that entries have. */
static uint64_t count_probes(const struct smmu *smmu, uint64_t first, uint64_t last) {
    uint64_t probes = 0;
    for (uint64_t sizes = smmu->tlb_sizes; sizes != 0; sizes &= sizes - 1) {
        probes += ((last - first) >> __builtin_ctzl(sizes)) + 2;
    }
    return probes;
}

void tlb_invalidate_range(struct smmu *smmu, uint64_t mask, uint64_t value, uint64_t first, uint64_t last) {
    epoch_advance(smmu);
    bool one_tag = (~mask & (TAG_VMID | TAG_ASID | TAG_WORLD | TAG_SECURE | TAG_IPA | TAG_GLOBAL)) == 0;
    if (!one_tag || count_probes(smmu, first, last) >= entry_count(smmu)) {
        scan_range(smmu, mask, value, first, last);
        return;
    }
    for (uint64_t sizes = smmu->tlb_sizes; sizes != 0; sizes &= sizes - 1) {
        unsigned bits = (unsigned)__builtin_ctzl(sizes);
        uint64_t address = first >> bits << bits;
        for (uint64_t left = ((last - address) >> bits) + 1; left != 0; left--, address += 1ul << bits) {
            struct tlb_entry *entry = find_one(smmu, tlb_key(address, bits), value);
            if (entry != NULL) {
                drop_entry(smmu, entry);
            }
        }
    }
}
