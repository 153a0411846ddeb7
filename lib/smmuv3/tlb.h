/* SPDX-License-Identifier: MIT */
/*
 * The shared TLB: sets of four entries, found by the number of a block and its tag. As blocks have many sizes, a
 * look-up tries each size that entries may have, the smallest first.
 *
 * A tag says whose translation it is: VMID, ASID, world, security state, and whether the input was an IPA. Global
 * entries have a tag of their own instead of an ASID. The key is the number of the block and its size. `output` is the
 * block's address, with permissions and OUTPUT_FORCED in its lower bits; `rest` the second word of a result.
 */
#pragma once

#include "base/string.h"
#include "smmuv3/internal.h"

#define TAG_VMID_SHIFT  0
#define TAG_ASID_SHIFT  16
#define TAG_WORLD_SHIFT 32
#define TAG_SECURE      (1ul << 36)
#define TAG_IPA         (1ul << 37) /* stage 2 alone */
#define TAG_GLOBAL      (1ul << 38)
#define TAG_VMID        (0xfffful << TAG_VMID_SHIFT)
#define TAG_ASID        (0xfffful << TAG_ASID_SHIFT)
#define TAG_WORLD       (0xful << TAG_WORLD_SHIFT)

#define KEY_SIZE_BITS      6u
#define OUTPUT_PERMISSIONS 0x3ful
#define OUTPUT_FORCED      (1ul << 11) /* stage 2 decides the memory type alone */
#define OUTPUT_ADDRESS     (~0xffful)

_Static_assert(sizeof(struct smmu_result) == 16 && offsetof(struct smmu_result, attributes) == 8,
               "a result is an address and one more word");

static inline uint64_t tlb_salt(uint64_t tag) {
    return (tag * 0x9e3779b97f4a7c15ul) >> 24;
}

static inline uint64_t tlb_key(uint64_t address, unsigned bits) {
    return address >> bits << KEY_SIZE_BITS | (bits - PAGE_BITS + 1);
}

static inline struct tlb_entry *tlb_set(const struct smmu *smmu, uint64_t key, uint64_t salt) {
    return &smmu->tlb[((key >> KEY_SIZE_BITS ^ salt) & smmu->tlb_mask) * WAYS];
}

static inline struct tlb_entry *tlb_probe(struct tlb_entry *entries, uint64_t key, uint64_t tag) {
#pragma GCC unroll 4
    for (unsigned way = 0; way < WAYS; way++) {
        if (entries[way].key == key && entries[way].tag == tag) {
            return &entries[way];
        }
    }
    return NULL;
}

/* The entry of one tag, and the size of its block; null if there is none. Other sizes than pages cost more. */
static inline struct tlb_entry *tlb_find(struct smmu *smmu, uint64_t address, uint64_t tag, uint64_t salt,
                                         unsigned *bits) {
    uint64_t key = tlb_key(address, PAGE_BITS), others = smmu->tlb_sizes & ~(1ul << PAGE_BITS);
    struct tlb_entry *entry = tlb_probe(tlb_set(smmu, key, salt), key, tag);
    for (*bits = PAGE_BITS; entry == NULL && others != 0; others &= others - 1) {
        *bits = (unsigned)__builtin_ctzl(others);
        key = tlb_key(address, *bits);
        entry = tlb_probe(tlb_set(smmu, key, salt), key, tag);
    }
    return entry;
}

/* Where the set's next entry goes: in turn; under LRU an entry that was used gets a second chance. */
struct tlb_entry *tlb_second_chance(struct smmu *smmu, struct tlb_entry *entries);
static inline struct tlb_entry *tlb_victim(struct smmu *smmu, struct tlb_entry *entries) {
    if (smmu->mark_use) {
        return tlb_second_chance(smmu, entries);
    }
    return &entries[smmu->tlb_hands[(uint64_t)(entries - smmu->tlb) / WAYS]++ % WAYS];
}

/* For an address whose block has no entry yet. */
static inline void tlb_fill(struct smmu *smmu, uint64_t address, unsigned bits, uint64_t tag, uint64_t salt,
                            uint64_t output, uint64_t rest) {
    uint64_t key = tlb_key(address, bits);
    struct tlb_entry *entry = tlb_victim(smmu, tlb_set(smmu, key, salt));
    *entry = (struct tlb_entry){key, tag, output, rest};
    smmu->tlb_sizes |= 1ul << bits;
    smmu->statistics.tlb_insertions++;
}

/* Of the tag, or global. */
bool tlb_find_leaf(struct smmu *smmu, uint64_t address, const struct context *context, struct leaf *leaf);
void tlb_insert(struct smmu *smmu, uint64_t address, const struct context *context, const struct leaf *leaf);
void tlb_unpack(const struct tlb_entry *entry, uint64_t address, unsigned bits, struct leaf *leaf);
uint32_t tlb_count(const struct smmu *smmu);

/* Entries with (tag & mask) == value. */
void tlb_invalidate(struct smmu *smmu, uint64_t mask, uint64_t value);

/* Of those, the ones that have an address of [first, last]. If mask and value leave only one tag, it takes time
 * proportional to the range or to the TLB, whichever is smaller. */
void tlb_invalidate_range(struct smmu *smmu, uint64_t mask, uint64_t value, uint64_t first, uint64_t last);
