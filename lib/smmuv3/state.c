/* SPDX-License-Identifier: MIT */
/*
 * Save and restore: registers, held transactions, the shared TLB, statistics, one after the other, in the layout that
 * structures have on every 64-bit machine. Decoded configuration is not saved but fetched anew, which an SMMU may do at
 * any time. Nothing in the bytes is trusted: what could lead astray is checked first.
 */
#include "smmuv3/tlb.h"

#define MAGIC   0x314554415453554dul
#define VERSION 1u

struct header {
    uint64_t magic;
    uint32_t version, bytes;
    uint32_t features, tlb_entries, stall_entries, reserved;
    uint64_t shape; /* the rest of the configuration */
    uint64_t tlb_sizes;
    uint32_t tlb_globals, sync_waiting;
    uint32_t atc_failed[SECURITY_COUNT];
    struct smmu_statistics statistics;
};

_Static_assert(sizeof(struct bank) == 152 && sizeof(struct stall) == 88 && sizeof(struct tlb_entry) == 32,
               "what is saved has the same layout everywhere");

static uint32_t tlb_entries(const struct smmu *smmu) {
    return SMMUV3_CACHES ? smmu->config.tlb_entries : 0;
}

static size_t state_size(const struct smmu *smmu) {
    return sizeof(struct header) + sizeof(smmu->banks) + smmu->config.stall_entries * sizeof(struct stall) +
           tlb_entries(smmu) * sizeof(struct tlb_entry);
}

static uint64_t shape_of(const struct smmu_config *config) {
    return config->granules | (uint64_t)config->stream_bits << 8 | (uint64_t)config->secure_stream_bits << 16 |
           (uint64_t)config->substream_bits << 24 | (uint64_t)config->output_bits << 32 |
           (uint64_t)config->stall_model << 40 | (uint64_t)config->hardware_update << 48;
}

static struct header make_header(const struct smmu *smmu) {
    return (struct header){
        .magic = MAGIC,
        .version = VERSION,
        .bytes = (uint32_t)state_size(smmu),
        .features = smmu->config.features,
        .tlb_entries = tlb_entries(smmu),
        .stall_entries = smmu->config.stall_entries,
        .shape = shape_of(&smmu->config),
        .tlb_sizes = smmu->tlb_sizes,
        .tlb_globals = smmu->tlb_globals,
        .sync_waiting = smmu->sync_waiting,
        .atc_failed = {smmu->atc_failed[NON_SECURE], smmu->atc_failed[SECURE]},
        .statistics = smmu->statistics,
    };
}

size_t smmu_save(struct smmu *smmu, void *buffer, size_t size) {
    smmu_lock(smmu);
    size_t needed = state_size(smmu);
    if (size >= needed) {
        struct header header = make_header(smmu);
        char *next = buffer;
        memcpy(next, &header, sizeof(header));
        next += sizeof(header);
        memcpy(next, smmu->banks, sizeof(smmu->banks));
        next += sizeof(smmu->banks);
        memcpy(next, smmu->stalls, smmu->config.stall_entries * sizeof(struct stall));
        next += smmu->config.stall_entries * sizeof(struct stall);
        memcpy(next, smmu->tlb, tlb_entries(smmu) * sizeof(struct tlb_entry));
    }
    smmu_unlock(smmu);
    return needed;
}

/* --- Restore */

static bool header_fits(const struct smmu *smmu, const struct header *header, size_t size) {
    struct header ours = make_header(smmu);
    uint64_t sizes = low_mask(53) & ~low_mask(PAGE_BITS);
    return header->magic == MAGIC && header->version == VERSION && header->bytes == ours.bytes &&
           size >= header->bytes && header->features == ours.features && header->tlb_entries == ours.tlb_entries &&
           header->stall_entries == ours.stall_entries && header->shape == ours.shape &&
           (header->tlb_sizes & ~sizes) == 0;
}

/* Bytes that are not 0 or 1 are no bool; nobody may look at them as one. */
static bool stall_is_sane(const char *bytes) {
    uint8_t state = (uint8_t)bytes[offsetof(struct stall, state)];
    uint8_t outcome = (uint8_t)bytes[offsetof(struct stall, outcome)];
    return state <= STALL_DONE && outcome <= SMMU_IGNORED && (uint8_t)bytes[offsetof(struct stall, recorded)] <= 1 &&
           (uint8_t)bytes[offsetof(struct stall, secure)] <= 1;
}

static bool entry_is_sane(const struct smmu *smmu, const struct header *header, const char *bytes) {
    struct tlb_entry entry;
    memcpy(&entry, bytes, sizeof(entry));
    unsigned bits = (unsigned)(entry.key & low_mask(KEY_SIZE_BITS)) + PAGE_BITS - 1;
    return entry.key == 0 || (bits >= PAGE_BITS && bits <= 52 && (header->tlb_sizes >> bits & 1) != 0 &&
                              (entry.output & OUTPUT_ADDRESS & ~smmu->output_mask) == 0);
}

static bool contents_are_sane(const struct smmu *smmu, const struct header *header, const char *stalls,
                              const char *entries) {
    for (uint32_t i = 0; i < header->stall_entries; i++) {
        if (!stall_is_sane(stalls + i * sizeof(struct stall))) {
            return false;
        }
    }
    for (uint32_t i = 0; i < header->tlb_entries; i++) {
        if (!entry_is_sane(smmu, header, entries + i * sizeof(struct tlb_entry))) {
            return false;
        }
    }
    return true;
}

static void count_stalls(struct smmu *smmu) {
    smmu->stalls_held = smmu->stalls_done = 0;
    for (uint32_t i = 0; i < smmu->config.stall_entries; i++) {
        smmu->stalls_held += smmu->stalls[i].state == STALL_HELD;
        smmu->stalls_done += smmu->stalls[i].state == STALL_DONE;
    }
}

static void take_over(struct smmu *smmu, const struct header *header, const char *banks, const char *stalls,
                      const char *entries) {
    memcpy(smmu->banks, banks, sizeof(smmu->banks));
    memcpy(smmu->stalls, stalls, header->stall_entries * sizeof(struct stall));
    memcpy(smmu->tlb, entries, header->tlb_entries * sizeof(struct tlb_entry));
    smmu->tlb_sizes = header->tlb_sizes;
    smmu->tlb_globals = header->tlb_globals != 0;
    smmu->sync_waiting = 0; /* no brackets are open here */
    smmu->atc_failed[NON_SECURE] = header->atc_failed[NON_SECURE] != 0;
    smmu->atc_failed[SECURE] = header->atc_failed[SECURE] != 0;
    smmu->statistics = header->statistics;
    count_stalls(smmu);
    config_invalidate_security(smmu, NON_SECURE);
    config_invalidate_security(smmu, SECURE);
}

bool smmu_restore(struct smmu *smmu, const void *buffer, size_t size) {
    struct header header;
    if (size < sizeof(header)) {
        return false;
    }
    memcpy(&header, buffer, sizeof(header));
    const char *banks = (const char *)buffer + sizeof(header), *stalls = banks + sizeof(smmu->banks);
    smmu_lock(smmu);
    bool fits = header_fits(smmu, &header, size);
    if (fits) {
        const char *entries = stalls + header.stall_entries * sizeof(struct stall);
        fits = contents_are_sane(smmu, &header, stalls, entries);
        if (fits) {
            take_over(smmu, &header, banks, stalls, entries);
        }
    }
    /* A CMD_SYNC that waited goes on. */
    for (enum security security = NON_SECURE; fits && security < SECURITY_COUNT; security++) {
        commands_process(smmu, security);
    }
    smmu_unlock(smmu);
    return fits;
}
