/* SPDX-License-Identifier: MIT */
/*
 * State of the SMMU, and what its files need of each other.
 *
 * There are two levels of caches, as in hardware. Each port has small ones of its own, which only its thread touches;
 * a hit in them takes no lock. Behind them are those that all ports share. One lock protects everything but the ports'
 * caches. Whatever is invalidated advances the epoch, and a port believes only entries of the present epoch: an
 * invalidation drops all that ports know, while the shared caches lose exactly what was named.
 */
#pragma once

#include "smmuv3/layout.h"
#include "smmuv3/smmuv3.h"

#define WAYS      4u /* of the shared caches */
#define PAGE_BITS 12u

/* --- Registers of one security state */

enum security {
    NON_SECURE,
    SECURE,
    SECURITY_COUNT
};

struct queue {
    uint64_t base;
    uint32_t prod, cons;
};

struct interrupt_config {
    uint64_t address; /* CFG0 */
    uint32_t data, attributes;
};

struct bank {
    uint32_t cr0, cr0ack, cr1, cr2;
    uint32_t gbpa, agbpa; /* GBPA with Update set: not yet in effect */
    uint32_t gbpa_effective;
    uint32_t irq_ctrl, irq_ctrlack;
    uint32_t gerror, gerrorn;
    uint32_t strtab_base_cfg;
    uint64_t strtab_base;
    struct queue commands, events, page_requests;
    struct interrupt_config gerror_irq, event_irq, page_request_irq;
};

/* --- Faults */

/* What becomes an event record, or the answer to an ATS request. */
struct fault {
    uint8_t event; /* enum smmu_event; 0: none */
    uint8_t class; /* enum smmu_event_class */
    bool stage2;
    bool table_write;   /* the write of a stage 1 descriptor was refused by stage 2 */
    uint64_t ipa;       /* stage 2 */
    uint64_t fetch;     /* F_STE_FETCH, F_CD_FETCH, F_WALK_EABT */
};

/* --- Decoded configuration */

/* One set of translation tables, as the walk needs it. */
struct regime {
    uint64_t table;
    uint64_t address_mask;  /* of a descriptor's bits 47..12 */
    uint64_t beyond;        /* of those, the ones above the output size */
    uint64_t input_mask;
    uint8_t granule_bits;
    uint8_t stride;         /* index bits of a level */
    uint8_t start_level;
    uint8_t start_shift;    /* of an address, to the index in the first table */
    uint8_t input_bits;
    uint8_t output_bits;
    uint8_t block_levels;   /* set of levels that may have blocks */
    uint8_t contiguous[4];  /* by level: log2 of the descriptors that the hint covers */
    bool address52;         /* bits 15..12 of a descriptor are address bits 51..48 */
    bool big_endian;
    bool disabled;          /* EPD */
    bool no_hierarchy;      /* HAD */
    bool ignore_top_byte;   /* TBI */
    bool no_user;           /* E0PD */
    bool non_secure;        /* NSCFG: the first table is in Non-secure space */
};

enum context_kind {
    CONTEXT_ABORT,     /* Config 0xx: silent */
    CONTEXT_BYPASS,
    CONTEXT_STAGE1,
    CONTEXT_STAGE2,    /* also a nested stream whose stage 1 is skipped */
    CONTEXT_NESTED,
    CONTEXT_SKIP,      /* stage 1 skipped, no stage 2 */
};

#define OVERRIDE_MEMORY             (1ul << 0)
#define OVERRIDE_SHAREABILITY       (1ul << 1)
#define OVERRIDE_MEMORY_SHIFT       8
#define OVERRIDE_SHAREABILITY_SHIFT 16

/* Who a stage 1 belongs to (5.2, StreamWorld): tags, number of privilege levels and address ranges follow from it. */
enum world {
    WORLD_EL1 = 1, /* Secure or Non-secure */
    WORLD_EL2,
    WORLD_EL2_E2H,
    WORLD_EL3,
};

struct context {
    uint8_t kind;  /* enum context_kind */
    uint8_t world; /* enum world */
    uint8_t eats;
    uint8_t security;
    uint8_t config;     /* STE.Config */
    uint8_t secure_ns;  /* NSCFG: 0 incoming, 2 Secure, 3 Non-secure */
    /* Incoming attributes and what overrides them. */
    uint8_t classes[8]; /* access class by the lower flags of a transaction */
    uint64_t override;  /* OVERRIDE_ bits */
    bool passes_pasid; /* PPAR */
    /* Stage 1 */
    bool abort, record, stall; /* A, R, S */
    bool access_flag_off, hardware_access, hardware_dirty;
    bool write_never_execute, privileged_never; /* WXN, PAN */
    /* Stage 2 */
    bool s2_record, s2_stall;
    bool s2_access_flag_off, s2_hardware_access, s2_hardware_dirty;
    bool s2_protect_walks, s2_force_write_back; /* PTW, FWB */
    struct regime half[2];
    struct regime stage2;
    uint64_t mair;
    uint64_t tag;            /* of TLB entries, see tlb.h */
    uint64_t salt;           /* of the tag, for hashes */
    bool plain;              /* see plain.h */
    uint8_t permissions[16]; /* of stage 1, by AP, PXN and UXN */
    uint16_t attributes[32]; /* of stage 1, by AttrIndx and SH, as in a result */
};

/* What the file of a transaction's stream needs while it is handled. */
struct walk {
    struct smmu *smmu;
    const struct context *context;
    struct fault fault;
    uint8_t needed;      /* set of enum smmu_permission */
    uint8_t class;       /* of stage 2 faults */
    bool busy;           /* a descriptor changed under every attempt to update it */
    bool any_permission; /* ATS: what is not permitted is no fault */
    uint64_t ipa;
};

/* What a stage, or both, say of an address. */
struct leaf {
    uint64_t address;
    uint8_t bits; /* log2 of the size of the block */
    uint8_t permissions;
    struct smmu_attributes attributes;
    uint64_t ipa; /* between the stages, if there are two */
    bool global, non_secure;
    bool transient; /* not to be cached */
    bool forced;    /* stage 2 decides the memory type alone (FWB) */
};

/* --- Caches */

struct tlb_entry {
    uint64_t key, tag, output, rest; /* see tlb.h; key 0: empty */
};

struct config_entry {
    uint64_t key;  /* StreamID, and SubstreamID in the upper half */
    uint64_t mode; /* CONFIG_VALID, and the flags that belong to the key; 0: empty */
};
#define CONFIG_FLAGS (SMMU_SUBSTREAM | SMMU_SECURE_STREAM)
#define CONFIG_VALID (1ul << 32)

/* --- Held transactions */

enum stall_state {
    STALL_FREE,
    STALL_HELD,
    STALL_DONE, /* `resumed` has to be called */
};

struct stall {
    uint8_t state;
    uint8_t outcome;
    bool recorded; /* its event is in the queue */
    bool secure;
    uint32_t reserved;
    struct smmu_transaction transaction;
    struct smmu_result result;
    uint64_t record[SMMU_EVENT_WORDS];
};

/* --- The SMMU */

struct smmu {
    uint64_t epoch;           /* atomic: read by ports without the lock; never 0 */
    uint32_t lock;            /* atomic */
    uint32_t stalls_done;     /* in state STALL_DONE */
    struct smmu_config config;
    struct smmu_bus bus;
    uint32_t id[6];           /* IDR0..IDR5 */
    uint8_t output_bits, input_bits;
    uint64_t output_mask;

    struct bank banks[SECURITY_COUNT];

    /* The shared caches. */
    struct tlb_entry *tlb;
    uint8_t *tlb_marks, *tlb_hands; /* by entry: used since last considered; by set: whose turn it is to go */
    uint64_t tlb_mask;              /* of a number, to a set */
    struct config_entry *configs;
    struct context *contexts;       /* by entry of `configs` */
    uint8_t *config_hands;
    struct context scratch;         /* what was just fetched */
    uint64_t tlb_sizes;             /* set of the sizes that entries may have, as page_bits */
    uint64_t config_mask;           /* of a hash, to a set */
    uint32_t config_used;
    uint32_t substream_entries;     /* of the configuration cache */
    bool tlb_globals;               /* there may be global entries */
    bool mark_use;

    struct stall *stalls;
    uint32_t stalls_held, stall_hand;

    /* A CMD_SYNC that waits for brackets: the activity each port had. */
    uint32_t sync_waiting;    /* atomic: set of enum security */
    uint32_t port_count;
    struct smmu_port **ports;
    uint64_t *sync_snapshot[SECURITY_COUNT];
    bool atc_failed[SECURITY_COUNT]; /* an ATC_INV since the last SYNC was not answered */

    struct smmu_statistics statistics;
};

static inline bool has(const struct smmu *smmu, uint32_t feature) {
    return (smmu->config.features & feature) != 0;
}

static inline uint32_t low_mask32(unsigned bits) {
    return bits >= 32 ? ~0u : (1u << bits) - 1;
}

static inline uint64_t low_mask(unsigned bits) {
    return bits >= 64 ? ~0ul : (1ul << bits) - 1;
}

/* --- The lock. Releasing it calls `resumed` for transactions that came to their end. */
void smmu_lock_contended(struct smmu *smmu);
void smmu_unlock_finishing(struct smmu *smmu);

static inline void smmu_lock(struct smmu *smmu) {
    if (__atomic_exchange_n(&smmu->lock, 1, __ATOMIC_ACQUIRE) != 0) {
        smmu_lock_contended(smmu);
    }
}

static inline void smmu_unlock(struct smmu *smmu) {
    if (smmu->stalls_done != 0) {
        smmu_unlock_finishing(smmu);
    } else {
        __atomic_store_n(&smmu->lock, 0, __ATOMIC_RELEASE);
    }
}

/* --- queue.c. Accesses of the SMMU itself; false: external abort. */
bool memory_read(struct smmu *smmu, enum security security, uint64_t address, void *buffer, uint32_t size);
bool memory_write(struct smmu *smmu, enum security security, uint64_t address, const void *buffer, uint32_t size);

unsigned queue_bits(const struct queue *queue, unsigned max);
uint64_t queue_entry(const struct smmu *smmu, const struct queue *queue, unsigned bits, uint32_t index, uint32_t size);
bool queue_is_empty(const struct queue *queue, unsigned bits);
bool queue_is_full(const struct queue *queue, unsigned bits);
uint32_t queue_next(uint32_t index, unsigned bits);

/* --- interrupt.c */
enum interrupt_source {
    SOURCE_EVENTQ,
    SOURCE_PRIQ,
    SOURCE_GERROR,
};
void interrupt_raise(struct smmu *smmu, enum security security, enum interrupt_source source);
void interrupt_sync(struct smmu *smmu, enum security security, uint64_t address, uint32_t data);
void gerror_activate(struct smmu *smmu, enum security security, uint32_t error);
bool gerror_is_active(const struct smmu *smmu, enum security security, uint32_t error);

/* --- event.c */
void event_start(uint64_t record[SMMU_EVENT_WORDS], enum smmu_event type, const struct smmu_transaction *transaction);
void event_of_fault(uint64_t record[SMMU_EVENT_WORDS], const struct walk *walk,
                    const struct smmu_transaction *transaction);
/* Loses the record if the queue cannot take it. */
void event_record(struct smmu *smmu, enum security security, const uint64_t record[SMMU_EVENT_WORDS]);
/* Records and counts an event of only the common fields. */
void event_record_plain(struct smmu *smmu, enum smmu_event type, const struct smmu_transaction *transaction);
/* False if it has to wait: records of stalls are never lost. */
bool event_record_stall(struct smmu *smmu, enum security security, const uint64_t record[SMMU_EVENT_WORDS]);

/* --- stream.c, context.c: fetch and decode. False: walk->fault says why. */
struct stream_entry {
    uint64_t words[SMMU_STE_WORDS];
};
bool stream_fetch(struct walk *walk, enum security security, uint32_t stream, struct stream_entry *entry);
bool stream_is_legal(const struct smmu *smmu, enum security security, const uint64_t *ste);
void stream_decode(const struct smmu *smmu, enum security security, const uint64_t *ste, struct context *context);
bool regime_set_granule(const struct smmu *smmu, struct regime *regime, unsigned granule_bits);
unsigned size_bits(unsigned encoded); /* of IPS, PS and OAS */
bool context_fetch(struct walk *walk, const uint64_t *ste, struct context *context, uint32_t substream,
                   uint64_t cd[SMMU_CD_WORDS]);
bool context_is_legal(const struct smmu *smmu, const struct context *context, const uint64_t *ste, const uint64_t *cd);
void context_decode(const struct smmu *smmu, const uint64_t *cd, struct context *context);

/* --- configcache.c. The context of a transaction, from the cache or memory; null: walk->fault says why. */
const struct context *config_get(struct walk *walk, const struct smmu_transaction *transaction);
void config_invalidate_stream(struct smmu *smmu, enum security security, uint32_t stream);
void config_invalidate_streams(struct smmu *smmu, enum security security, uint32_t first, uint32_t last);
void config_invalidate_context(struct smmu *smmu, enum security security, uint32_t stream, uint32_t substream);
void config_invalidate_security(struct smmu *smmu, enum security security);

/* Whoever changed what ports may have cached calls this; still under the lock. */
static inline void epoch_advance(struct smmu *smmu) {
    __atomic_store_n(&smmu->epoch, smmu->epoch + 1, __ATOMIC_SEQ_CST);
}

/* --- walk.c. False: walk->fault, or walk->busy. */
bool walk_stage2(struct walk *walk, uint64_t ipa, unsigned needed, struct leaf *leaf);
bool walk_all(struct walk *walk, uint64_t input, struct leaf *leaf);
unsigned walk_stage1_permissions(const struct context *context, uint64_t descriptor);
unsigned walk_stage2_permissions(uint64_t descriptor);

/* --- plain.c: when a context is complete. */
void plain_prepare(const struct smmu *smmu, struct context *context);

/* --- attributes.c */
uint8_t attributes_memory(unsigned bits); /* from four bits, as in STE.MemAttr, to a byte of MAIR_ELx */
bool attributes_are_device(struct smmu_attributes attributes);
struct smmu_attributes attributes_normalise(struct smmu_attributes attributes);
struct smmu_attributes attributes_combine(struct smmu_attributes a, struct smmu_attributes b);

/* --- command.c */
void commands_process(struct smmu *smmu, enum security security);
void commands_bracket_closed(struct smmu *smmu);

/* --- stall.c */
bool stall_hold(struct smmu *smmu, enum security security, const struct smmu_transaction *transaction,
                uint64_t record[SMMU_EVENT_WORDS], struct smmu_result *result);
void stall_resume(struct smmu *smmu, enum security security, uint32_t stream, uint32_t stag, bool retry, bool abort);
void stall_terminate(struct smmu *smmu, enum security security, uint32_t stream, bool all);
void stall_record_waiting(struct smmu *smmu, enum security security);

/* --- translate.c */
void translate_answer(const struct context *context, const struct smmu_transaction *transaction,
                      const struct leaf *leaf, struct smmu_result *result);
struct smmu_attributes attributes_of_stage2(const struct context *context, const struct smmu_transaction *transaction,
                                            struct smmu_attributes stage2);
/* `cacheable`: the context, if a port may remember the answer; else null. */
enum smmu_outcome translate_locked(struct smmu *smmu, const struct smmu_transaction *transaction,
                                   struct smmu_result *result, const struct context **cacheable);
void translate_prefetch(struct smmu *smmu, const struct smmu_transaction *transaction, bool addresses, unsigned count,
                        unsigned stride_bits);

/* --- ats.c: transactions whose address ATS gave out. */
enum smmu_outcome translated_locked(struct smmu *smmu, const struct smmu_transaction *transaction,
                                    struct smmu_result *result);
