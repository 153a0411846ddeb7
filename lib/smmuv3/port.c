/* SPDX-License-Identifier: MIT */
/*
 * Ports: the path of a hit. A port remembers streams and pages, each in the one place that the lower bits of its number
 * give, so that a hit takes two look-ups of a few instructions, and neither lock nor loop. Entries of another epoch
 * count for nothing (see internal.h). Pages are remembered in pieces of 4 KiB, with the whole answer.
 */
#include "smmuv3/plain.h"

#define FLAGS_OF_ACCESS  7u
#define ATTRIBUTES_SHIFT 40 /* in the tag of a page that stage 2 alone translates */

/* A transaction's flags and attributes are one word; those that decide on the access alone are no part of the key. */
#define MODE_MASK 0x0000fffffffffff8ul
_Static_assert(offsetof(struct smmu_transaction, attributes) == offsetof(struct smmu_transaction, flags) + 4 &&
                   sizeof(struct smmu_attributes) == 2,
               "flags and attributes are read as one word");

struct smmu_port_stream {
    uint64_t key;  /* StreamID, and SubstreamID in the upper half */
    uint64_t mode;
    uint64_t epoch;
    uint64_t tag;
    uint8_t classes[8];
    const struct context *context;
    uint64_t salt; /* spreads the same page of several tags */
};

struct smmu_port_page {
    uint64_t page; /* all bits of the address, a byte on top that is ignored included */
    uint64_t tag;
    uint64_t epoch;
    uint64_t output; /* address, and permissions in its lower bits */
    uint64_t rest;   /* of the result */
};
static inline uint64_t key_of(const struct smmu_transaction *transaction) {
    uint64_t key;
    memcpy(&key, &transaction->stream, sizeof(key));
    return key;
}

static inline uint64_t mode_of(const struct smmu_transaction *transaction) {
    uint64_t mode;
    memcpy(&mode, &transaction->flags, sizeof(mode));
    return mode & MODE_MASK;
}

static inline struct smmu_port_page *page_place(const struct smmu_port *port, uint64_t page, uint64_t salt) {
    return &port->pages[(uint32_t)(page ^ salt) & port->page_mask];
}

static inline bool knows(const struct smmu_port_stream *stream, const struct smmu_transaction *transaction, uint64_t epoch) {
    return stream->key == key_of(transaction) && stream->mode == mode_of(transaction) && stream->epoch == epoch;
}

static void remember_stream(struct smmu_port *port, const struct smmu_transaction *transaction,
                            const struct context *context) {
    struct smmu_port_stream *stream = &port->streams[transaction->stream & port->stream_mask];
    stream->key = key_of(transaction);
    stream->mode = mode_of(transaction);
    stream->epoch = port->smmu->epoch;
    stream->context = context;
    stream->tag = context->tag;
    if (context->kind == CONTEXT_STAGE2) {
        stream->tag |= ((uint64_t)transaction->attributes.memory << 8 | transaction->attributes.shareability)
                       << ATTRIBUTES_SHIFT;
    }
    stream->salt = context->salt;
    memcpy(stream->classes, context->classes, sizeof(stream->classes));
}

static inline void remember_page(struct smmu_port_page *place, const struct smmu_port_stream *stream, uint64_t page,
                                 uint64_t output, uint64_t rest) {
    *place = (struct smmu_port_page){page, stream->tag, stream->epoch, output, rest};
}

/* --- Misses */

/* Everything else: streams that are not known, faults, bypass. */
static enum smmu_outcome translate_unknown(struct smmu_port *port, const struct smmu_transaction *transaction,
                                           struct smmu_result *result) {
    struct smmu *smmu = port->smmu;
    const struct context *context = NULL;
    if ((transaction->flags & SMMU_TRANSLATED) != 0) {
        return translated_locked(smmu, transaction, result);
    }
    enum smmu_outcome outcome = translate_locked(smmu, transaction, result, &context);
    if (SMMUV3_CACHES && context != NULL) {
        remember_stream(port, transaction, context);
        const struct smmu_port_stream *stream = &port->streams[transaction->stream & port->stream_mask];
        uint64_t page = transaction->address >> PAGE_BITS, rest;
        memcpy(&rest, &result->attributes, sizeof(rest));
        remember_page(page_place(port, page, stream->salt), stream, page,
                      (result->address & OUTPUT_ADDRESS) | result->permissions, rest);
    }
    return outcome;
}

/* The stream is known, the page is not: what the shared TLB says, or a plain walk. False: translate_unknown(). */
static inline bool miss(struct smmu *smmu, const struct smmu_port_stream *stream,
                        const struct smmu_transaction *transaction, uint64_t *output, uint64_t *rest) {
    const struct context *context = stream->context;
    uint64_t address = transaction->address;
    unsigned needed = 1u << stream->classes[transaction->flags & FLAGS_OF_ACCESS], bits;
    if (!context->plain || smmu->tlb_globals) {
        return false;
    }
    struct tlb_entry *entry = tlb_find(smmu, address, context->tag, context->salt, &bits);
    if (entry != NULL) {
        smmu->statistics.tlb_hits++;
        *output = entry->output | (address & low_mask(bits) & OUTPUT_ADDRESS);
        *rest = entry->rest;
        return (*output & needed) != 0;
    }
    if (!plain_translate(smmu, context, address, needed, output, rest)) {
        return false;
    }
    tlb_fill(smmu, address, PAGE_BITS, context->tag, context->salt, *output, *rest);
    return true;
}

static inline void give(const struct smmu_transaction *transaction, uint64_t output, uint64_t rest,
                        struct smmu_result *result) {
    result->address = (output & OUTPUT_ADDRESS) | (transaction->address & ~OUTPUT_ADDRESS);
    memcpy(&result->attributes, &rest, sizeof(rest));
}

static __attribute__((noinline)) enum smmu_outcome translate_slowly(struct smmu_port *port,
                                                                    const struct smmu_transaction *transaction,
                                                                    struct smmu_result *result) {
    struct smmu *smmu = port->smmu;
    smmu_lock(smmu);
    enum smmu_outcome outcome = translate_unknown(port, transaction, result);
    smmu_unlock(smmu);
    return outcome;
}

static __attribute__((noinline)) enum smmu_outcome translate_page(struct smmu_port *port,
                                                                  const struct smmu_transaction *transaction,
                                                                  struct smmu_result *result,
                                                                  const struct smmu_port_stream *stream,
                                                                  struct smmu_port_page *place) {
    struct smmu *smmu = port->smmu;
    uint64_t output, rest;
    smmu_lock(smmu);
    enum smmu_outcome outcome = SMMU_OK;
    if (stream->epoch == smmu->epoch && miss(smmu, stream, transaction, &output, &rest)) {
        remember_page(place, stream, transaction->address >> PAGE_BITS, output, rest);
        give(transaction, output, rest, result);
    } else {
        outcome = translate_unknown(port, transaction, result);
    }
    smmu_unlock(smmu);
    return outcome;
}

/* --- Hits */

enum smmu_outcome smmu_translate(struct smmu_port *port, const struct smmu_transaction *transaction,
                                 struct smmu_result *result) {
    /* Sequentially consistent with smmu_port_begin() and epoch_advance(): either this sees the new epoch, or the
     * CMD_SYNC that follows the invalidation sees the bracket. */
    uint64_t epoch = __atomic_load_n(&port->smmu->epoch, __ATOMIC_SEQ_CST);
    const struct smmu_port_stream *stream = &port->streams[transaction->stream & port->stream_mask];
    uint64_t page = transaction->address >> PAGE_BITS;
    struct smmu_port_page *place = page_place(port, page, stream->salt);
    if (!knows(stream, transaction, epoch)) {
        return translate_slowly(port, transaction, result);
    }
    uint64_t output = place->output;
    if (place->page != page || place->tag != stream->tag || place->epoch != epoch ||
        (output >> stream->classes[transaction->flags & FLAGS_OF_ACCESS] & 1) == 0) {
        return translate_page(port, transaction, result, stream, place);
    }
    port->hits++;
    give(transaction, output, place->rest, result);
    return SMMU_OK;
}

/* --- Life */

static bool is_size(uint32_t count) {
    return count != 0 && (count & (count - 1)) == 0;
}

size_t smmu_port_size(uint32_t streams, uint32_t pages) {
    return is_size(streams) && is_size(pages)
               ? streams * sizeof(struct smmu_port_stream) + pages * sizeof(struct smmu_port_page)
               : 0;
}

bool smmu_port_init(struct smmu_port *port, struct smmu *smmu, void *memory, uint32_t streams, uint32_t pages) {
    size_t size = smmu_port_size(streams, pages);
    if (size == 0) {
        return false;
    }
    memset(memory, 0, size);
    *port = (struct smmu_port){.smmu = smmu,
                               .streams = memory,
                               .pages = (struct smmu_port_page *)((struct smmu_port_stream *)memory + streams),
                               .stream_mask = streams - 1,
                               .page_mask = pages - 1};
    smmu_lock(smmu);
    bool room = smmu->port_count < smmu->config.port_entries;
    if (room) {
        smmu->ports[smmu->port_count++] = port;
    }
    smmu_unlock(smmu);
    return room;
}

/* --- Brackets */

void smmu_port_begin(struct smmu_port *port) {
    __atomic_exchange_n(&port->activity, port->activity + 1, __ATOMIC_SEQ_CST);
}

void smmu_port_end(struct smmu_port *port) {
    struct smmu *smmu = port->smmu;
    __atomic_exchange_n(&port->activity, port->activity + 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&smmu->sync_waiting, __ATOMIC_SEQ_CST) != 0) {
        smmu_lock(smmu);
        commands_bracket_closed(smmu);
        smmu_unlock(smmu);
    }
}
