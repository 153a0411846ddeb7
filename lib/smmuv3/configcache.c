/* SPDX-License-Identifier: MIT */
/*
 * The shared configuration cache: what a stream table entry and a context descriptor together say, by StreamID and
 * SubstreamID. Only valid configuration is kept.
 */
#include "smmuv3/tlb.h"

static uint32_t entry_count(const struct smmu *smmu) {
    return SMMUV3_CACHES ? smmu->config.configuration_entries : 0;
}

static uint64_t mode_of(uint32_t flags) {
    return CONFIG_VALID | (flags & CONFIG_FLAGS);
}

static uint64_t key_of(uint32_t stream, uint32_t substream) {
    return stream | (uint64_t)substream << 32;
}

static struct config_entry *set_of(const struct smmu *smmu, uint64_t key) {
    uint64_t hash = (key * 0x9e3779b97f4a7c15ul) >> 32;
    return &smmu->configs[(hash & smmu->config_mask) * WAYS];
}

static bool is_of(const struct config_entry *entry, enum security security) {
    return ((entry->mode & SMMU_SECURE_STREAM) != 0) == (security == SECURE);
}

/* Ports point to the context of an entry. */
static void drop(struct smmu *smmu, struct config_entry *entry) {
    epoch_advance(smmu);
    smmu->substream_entries -= (entry->mode & SMMU_SUBSTREAM) != 0;
    smmu->config_used--;
    entry->mode = 0;
}

/* An empty entry of the set, made by force if need be. */
static struct config_entry *make_room(struct smmu *smmu, struct config_entry *entries) {
    for (unsigned way = 0; way < WAYS; way++) {
        if (entries[way].mode == 0) {
            return &entries[way];
        }
    }
    struct config_entry *victim = &entries[smmu->config_hands[(entries - smmu->configs) / WAYS]++ % WAYS];
    drop(smmu, victim);
    return victim;
}

static void insert(struct smmu *smmu, uint64_t key, uint64_t mode, const struct context *context) {
    struct config_entry *entry = make_room(smmu, set_of(smmu, key));
    *entry = (struct config_entry){key, mode};
    smmu->config_used++;
    smmu->substream_entries += (mode & SMMU_SUBSTREAM) != 0;
    smmu->contexts[entry - smmu->configs] = *context;
}

static struct config_entry *find(struct smmu *smmu, uint64_t key, uint64_t mode) {
    if (!SMMUV3_CACHES) {
        return NULL;
    }
    struct config_entry *entries = set_of(smmu, key);
    for (unsigned way = 0; way < WAYS; way++) {
        if (entries[way].key == key && entries[way].mode == mode) {
            return &entries[way];
        }
    }
    return NULL;
}

/* --- Fetching */

static bool bad_substream(struct walk *walk, enum smmu_event event) {
    walk->fault = (struct fault){.event = (uint8_t)event};
    return false;
}

/* Which context descriptor a transaction uses, if any: S1CDMax and S1DSS (5.2). */
static bool select_context(struct walk *walk, const uint64_t *ste, const struct smmu_transaction *transaction,
                           struct context *context, uint32_t *substream) {
    bool given = (transaction->flags & SMMU_SUBSTREAM) != 0;
    bool stage1 = (context->config & 1) != 0;
    unsigned bits = walk->smmu->config.substream_bits == 0 ? 0 : (unsigned)smmu_field(ste, STE_S1CDMAX);
    unsigned without = (unsigned)smmu_field(ste, STE_S1DSS);
    *substream = given ? transaction->substream : 0;
    if (given && (!stage1 || bits == 0 || (uint64_t)transaction->substream >> bits != 0)) {
        return bad_substream(walk, C_BAD_SUBSTREAMID);
    }
    if (!stage1 || bits == 0) {
        return true;
    }
    if (given) {
        return without != 2 || transaction->substream != 0 || bad_substream(walk, F_STREAM_DISABLED);
    }
    if (without == 1) {
        context->kind = context->kind == CONTEXT_NESTED ? CONTEXT_STAGE2 : CONTEXT_SKIP;
        context->tag |= TAG_IPA;
        return true;
    }
    return without == 2 || bad_substream(walk, F_STREAM_DISABLED);
}

static bool fetch_context(struct walk *walk, const uint64_t *ste, struct context *context, uint32_t substream) {
    uint64_t cd[SMMU_CD_WORDS];
    if (!context_fetch(walk, ste, context, substream, cd)) {
        return false;
    }
    if (!context_is_legal(walk->smmu, context, ste, cd)) {
        walk->fault = (struct fault){.event = C_BAD_CD};
        return false;
    }
    context_decode(walk->smmu, cd, context);
    return true;
}

static bool fetch(struct walk *walk, const struct smmu_transaction *transaction, struct context *context) {
    struct smmu *smmu = walk->smmu;
    enum security security = (transaction->flags & SMMU_SECURE_STREAM) != 0 ? SECURE : NON_SECURE;
    struct stream_entry entry;
    uint32_t substream;
    if (!stream_fetch(walk, security, transaction->stream, &entry)) {
        return false;
    }
    if (!stream_is_legal(smmu, security, entry.words)) {
        walk->fault = (struct fault){.event = C_BAD_STE};
        return false;
    }
    stream_decode(smmu, security, entry.words, context);
    if (context->kind == CONTEXT_ABORT) {
        return true;
    }
    if (!select_context(walk, entry.words, transaction, context, &substream)) {
        return false;
    }
    bool stage1 = context->kind == CONTEXT_STAGE1 || context->kind == CONTEXT_NESTED;
    if (stage1 && !fetch_context(walk, entry.words, context, substream)) {
        return false;
    }
    plain_prepare(walk->smmu, context);
    return true;
}

/* With a fault in fetching a context descriptor, walk->context has the stream's part of the context. */
const struct context *config_get(struct walk *walk, const struct smmu_transaction *transaction) {
    struct smmu *smmu = walk->smmu;
    uint64_t mode = mode_of(transaction->flags);
    uint64_t key = key_of(transaction->stream, transaction->substream);
    if ((transaction->flags & SMMU_SUBSTREAM) == 0) {
        key = key_of(transaction->stream, 0);
    }
    struct config_entry *entry = find(smmu, key, mode);
    if (entry != NULL) {
        walk->context = &smmu->contexts[entry - smmu->configs];
        return walk->context;
    }
    if (!fetch(walk, transaction, &smmu->scratch)) {
        return NULL;
    }
    walk->context = &smmu->scratch;
    if (SMMUV3_CACHES) {
        insert(smmu, key, mode, walk->context);
    }
    return walk->context;
}

/* --- Invalidation */

void config_invalidate_streams(struct smmu *smmu, enum security security, uint32_t first, uint32_t last) {
    epoch_advance(smmu);
    for (uint32_t i = 0; i < entry_count(smmu) && smmu->config_used != 0; i++) {
        struct config_entry *entry = &smmu->configs[i];
        uint32_t stream = (uint32_t)entry->key;
        if (entry->mode != 0 && is_of(entry, security) && stream >= first && stream <= last) {
            drop(smmu, entry);
        }
    }
}

/* Entries with a SubstreamID may be anywhere. */
void config_invalidate_stream(struct smmu *smmu, enum security security, uint32_t stream) {
    if (smmu->substream_entries != 0) {
        config_invalidate_streams(smmu, security, stream, stream);
        return;
    }
    uint32_t flags = security == SECURE ? SMMU_SECURE_STREAM : 0;
    epoch_advance(smmu);
    struct config_entry *entry = find(smmu, key_of(stream, 0), mode_of(flags));
    if (entry != NULL) {
        drop(smmu, entry);
    }
}

/* Descriptor 0 also serves transactions without a SubstreamID. */
void config_invalidate_context(struct smmu *smmu, enum security security, uint32_t stream, uint32_t substream) {
    uint32_t flags = security == SECURE ? SMMU_SECURE_STREAM : 0;
    epoch_advance(smmu);
    struct config_entry *entry = find(smmu, key_of(stream, substream), mode_of(flags | SMMU_SUBSTREAM));
    if (entry != NULL) {
        drop(smmu, entry);
    }
    entry = substream == 0 ? find(smmu, key_of(stream, 0), mode_of(flags)) : NULL;
    if (entry != NULL) {
        drop(smmu, entry);
    }
}

void config_invalidate_security(struct smmu *smmu, enum security security) {
    config_invalidate_streams(smmu, security, 0, ~0u);
}
