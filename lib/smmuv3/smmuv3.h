/* SPDX-License-Identifier: MIT */
/*
 * An Arm SMMUv3 (IHI 0070 G.b) in software. It is driven as the hardware is: through its registers (smmu_read,
 * smmu_write), and through stream tables, context descriptors, translation tables and queues in the memory that the
 * user of the library gives access to. Devices present transactions through ports (smmu_translate).
 *
 * The caller gives the memory for the state; nothing is allocated later. Everything may be called from any thread. A
 * translation that a port's caches know takes no lock; everything else takes one lock, inside of which the callbacks
 * of struct smmu_bus run: these must not call into the library, except `resumed`.
 *
 * Where the architecture leaves a choice, docs/smmuv3.md says which one is made.
 */
#pragma once

#include "abi/types.h"

/* What can be left out when the library is built; the ID registers then do not claim it. */
#ifndef SMMUV3_SUBSTREAMS
#define SMMUV3_SUBSTREAMS 1
#endif
#ifndef SMMUV3_TWO_STAGE
#define SMMUV3_TWO_STAGE 1 /* stage 2, alone and nested */
#endif
#ifndef SMMUV3_CACHES
#define SMMUV3_CACHES 1 /* TLB and configuration cache */
#endif

struct smmu;

/* --- Configuration */

enum smmu_feature {
    SMMU_FEATURE_STAGE1 = 1 << 0,
    SMMU_FEATURE_STAGE2 = 1 << 1,
    SMMU_FEATURE_TWO_LEVEL_STREAMS = 1 << 2,
    SMMU_FEATURE_TWO_LEVEL_CONTEXTS = 1 << 3,
    SMMU_FEATURE_ASID16 = 1 << 4,
    SMMU_FEATURE_VMID16 = 1 << 5,
    SMMU_FEATURE_ATS = 1 << 6,
    SMMU_FEATURE_PRI = 1 << 7,
    SMMU_FEATURE_MSI = 1 << 8,
    SMMU_FEATURE_HYP = 1 << 9,       /* the EL2 stream worlds */
    SMMU_FEATURE_SECURE = 1 << 10,   /* a second, Secure programming interface; stage 1 only */
    SMMU_FEATURE_VA52 = 1 << 11,
    SMMU_FEATURE_VMW = 1 << 12,      /* VMID wildcards */
    SMMU_FEATURE_BIG_ENDIAN = 1 << 13, /* tables of either endianness; else little only */
    SMMU_FEATURE_ABORT_ONLY = 1 << 14, /* TERM_MODEL: terminated transactions always abort */
    SMMU_FEATURE_COHERENT = 1 << 15,
    SMMU_FEATURE_SMALL_TABLES = 1 << 16, /* STT */
    SMMU_FEATURE_RESET_ABORTS = 1 << 17, /* GBPA.ABORT is 1 after reset */
    SMMU_FEATURE_NO_STAGE1_ATS = 1 << 18, /* NS1ATS: split-stage ATS is not supported */
    SMMU_FEATURE_PASID_RESPONSE = 1 << 19, /* PPS: automatic page responses carry the PASID of the request */
    SMMU_FEATURE_ALL = ((1 << 14) - 1) | 1 << 15 | 1 << 16,
};

enum smmu_granule {
    SMMU_GRANULE_4K = 1 << 0,
    SMMU_GRANULE_16K = 1 << 1,
    SMMU_GRANULE_64K = 1 << 2,
    SMMU_GRANULE_ALL = 7,
};

enum smmu_stall_model {
    SMMU_STALL_OR_TERMINATE,
    SMMU_TERMINATE_ONLY,
    SMMU_STALL_FORCED,
};

enum smmu_replacement {
    SMMU_REPLACE_FIFO,
    SMMU_REPLACE_LRU, /* second chance: an entry that was used since it was last considered stays */
};

struct smmu_config {
    uint32_t features;           /* enum smmu_feature */
    uint8_t granules;            /* enum smmu_granule */
    uint8_t stream_bits;         /* SIDSIZE, at most 32 */
    uint8_t secure_stream_bits;
    uint8_t substream_bits;      /* SSIDSIZE, at most 20 */
    uint8_t output_bits;         /* OAS: 32, 36, 40, 42, 44, 48 or 52 */
    uint8_t command_queue_bits;  /* log2 of the largest queue, at most 19 */
    uint8_t event_queue_bits;
    uint8_t page_request_queue_bits;
    uint8_t stall_model;         /* enum smmu_stall_model */
    uint8_t hardware_update;     /* HTTU: 0 none, 1 access flag, 2 access flag and dirty state */
    uint8_t replacement;         /* enum smmu_replacement */
    bool deferred_updates;       /* CR0, IRQ_CTRL and GBPA take effect only in smmu_run() */
    uint32_t tlb_entries;        /* powers of two, at least 4 */
    uint32_t configuration_entries;
    uint32_t stall_entries;      /* transactions held at most; at most 65535 */
    uint32_t port_entries;       /* ports at most */
};

/* Everything on, 48-bit output, sizes for a small system. */
void smmu_config_default(struct smmu_config *config);

/* --- The system around it */

enum smmu_space {
    SMMU_SPACE_NON_SECURE,
    SMMU_SPACE_SECURE,
};

enum smmu_interrupt { /* edges */
    SMMU_INTERRUPT_EVENTQ,
    SMMU_INTERRUPT_PRIQ,
    SMMU_INTERRUPT_SYNC,
    SMMU_INTERRUPT_GERROR,
    SMMU_INTERRUPT_SECURE_EVENTQ,
    SMMU_INTERRUPT_SECURE_SYNC,
    SMMU_INTERRUPT_SECURE_GERROR,
    SMMU_INTERRUPT_COUNT
};

struct smmu_transaction;
struct smmu_result;
struct smmu_page_response;

enum smmu_outcome {
    SMMU_OK,      /* go on with the translated address */
    SMMU_ABORT,   /* answer with a bus error */
    SMMU_IGNORED, /* reads give zero, writes are dropped, no error */
    SMMU_STALLED, /* the transaction is held; `resumed` will be called with its outcome */
    SMMU_BUSY,    /* no room to hold it, or a table that changes all the time: present it again later */
};

/* Addresses are physical; reads and writes are aligned to their size or, if larger, to 8 bytes. False: an external
 * abort; read64, through which tables are walked, sets `*aborted` instead, and leaves it alone otherwise. A null
 * callback: the system has no such thing. */
struct smmu_bus {
    void *context;
    uint64_t (*read64)(void *context, uint32_t space, uint64_t address, bool *aborted);
    bool (*read)(void *context, uint32_t space, uint64_t address, void *buffer, uint32_t size);
    bool (*write)(void *context, uint32_t space, uint64_t address, const void *buffer, uint32_t size);
    /* Atomic on 8 bytes: writes `desired` where `*expected` stands, else returns in it what stands there. */
    bool (*compare_exchange)(void *context, uint32_t space, uint64_t address, uint64_t *expected, uint64_t desired);
    void (*interrupt)(void *context, enum smmu_interrupt interrupt);
    void (*event_signal)(void *context); /* SEV: wakes CPUs that wait for an event */
    void (*pause)(void *context);        /* while waiting for the lock: lets others run */
    /* ATS invalidation to an endpoint; size 0 means everything. False: the endpoint did not answer in time. */
    bool (*ats_invalidate)(void *context, uint32_t stream, bool has_substream, uint32_t substream, bool global,
                           uint64_t address, uint64_t size);
    void (*page_response)(void *context, const struct smmu_page_response *response);
    /* A held transaction came to its end, with SMMU_OK, SMMU_ABORT or SMMU_IGNORED. Called without the lock. */
    void (*resumed)(void *context, const struct smmu_transaction *transaction, enum smmu_outcome outcome,
                    const struct smmu_result *result);
};

/* Bytes of state that the configuration needs; 0 if the configuration is impossible. */
size_t smmu_size(const struct smmu_config *config);

/* Makes an SMMU in its reset state in `memory`, aligned to 64 bytes and as large as smmu_size() says. Null if the
 * configuration is impossible. The configuration and the bus are copied. */
struct smmu *smmu_init(void *memory, const struct smmu_config *config, const struct smmu_bus *bus);

void smmu_reset(struct smmu *smmu);

/* --- Registers. Offsets from the first of two 64 KiB pages, sizes 4 and 8; anything else reads as zero and is ignored
 * when written. `space` is that of the access: Secure registers are hidden from Non-secure ones. */

uint64_t smmu_read(struct smmu *smmu, uint32_t space, uint32_t offset, uint32_t size);
void smmu_write(struct smmu *smmu, uint32_t space, uint32_t offset, uint64_t value, uint32_t size);

/* Completes deferred updates and goes on with commands. Never needed without deferred_updates. */
void smmu_run(struct smmu *smmu);

/* --- Transactions */

enum smmu_flag {
    SMMU_WRITE = 1 << 0,
    SMMU_INSTRUCTION = 1 << 1,
    SMMU_PRIVILEGED = 1 << 2,
    SMMU_SUBSTREAM = 1 << 3,   /* a SubstreamID was supplied */
    SMMU_SECURE_STREAM = 1 << 4,
    SMMU_TRANSLATED = 1 << 5,  /* the address came from ATS */
    SMMU_NON_SECURE = 1 << 6,  /* incoming NS attribute of a Secure stream */
};

/* Bit numbers in a set of permissions. */
enum smmu_permission {
    SMMU_USER_READ,
    SMMU_USER_WRITE,
    SMMU_USER_EXECUTE,
    SMMU_PRIVILEGED_READ,
    SMMU_PRIVILEGED_WRITE,
    SMMU_PRIVILEGED_EXECUTE,
};
#define SMMU_PERMISSIONS_ALL 0x3fu

/* Memory types are written as a byte of MAIR_ELx: 0x00 Device-nGnRnE, 0x44 non-cacheable, 0xff write-back. */
struct smmu_attributes {
    uint8_t memory;
    uint8_t shareability; /* 0 none, 2 outer, 3 inner */
};

struct smmu_transaction {
    uint32_t stream;
    uint32_t substream; /* 0 without SMMU_SUBSTREAM */
    uint64_t address;
    uint32_t flags;     /* enum smmu_flag */
    struct smmu_attributes attributes;
    uint64_t token;     /* the device's own, for `resumed` */
};

struct smmu_result {
    uint64_t address;
    struct smmu_attributes attributes;
    uint8_t space;       /* enum smmu_space */
    uint8_t permissions; /* set of enum smmu_permission */
    uint8_t page_bits;   /* what was said holds for an aligned block of this size */
    uint8_t event;       /* enum smmu_event if it was not SMMU_OK, recorded or not; 0 if there is none */
    uint16_t stag;       /* with SMMU_STALLED */
};

/* A device's, or a device thread's, entry to the SMMU, with caches of its own. Used by one thread at a time. */
struct smmu_port {
    struct smmu *smmu;
    struct smmu_port_stream *streams;
    struct smmu_port_page *pages;
    uint64_t hits;        /* answered by the port's caches */
    uint32_t stream_mask, page_mask;
    uint64_t activity;    /* atomic; odd: inside a bracket */
};

/* Bytes of memory for the caches of a port: how many streams and pages it remembers, powers of two; 0 if they are not.
 * A stream or a page has one place, by the lower bits of its number. */
size_t smmu_port_size(uint32_t streams, uint32_t pages);

/* `memory` is aligned to 8 bytes, and as large as smmu_port_size() says. False if there are as many ports as
 * configured. A port stays until the SMMU is gone. */
bool smmu_port_init(struct smmu_port *port, struct smmu *smmu, void *memory, uint32_t streams, uint32_t pages);

enum smmu_outcome smmu_translate(struct smmu_port *port, const struct smmu_transaction *transaction,
                                 struct smmu_result *result);

/* A bracket around translating and accessing memory: a CMD_SYNC that finds it open is consumed only after it was
 * closed, so that nobody uses a translation that was invalidated. Registers must not be accessed inside. */
void smmu_port_begin(struct smmu_port *port);
void smmu_port_end(struct smmu_port *port);

/* F_UUT: a device presented a transaction that its bus does not know. Always aborts. */
void smmu_unsupported(struct smmu *smmu, const struct smmu_transaction *transaction, uint16_t reason);

/* E_PAGE_REQUEST: the device will access `pages` pages from the address, with `permissions`. */
void smmu_page_hint(struct smmu *smmu, const struct smmu_transaction *transaction, uint8_t pages, uint8_t permissions);

/* --- PCIe ATS and PRI */

enum smmu_ats_status {
    SMMU_ATS_SUCCESS,
    SMMU_ATS_UNSUPPORTED,     /* UR */
    SMMU_ATS_COMPLETER_ABORT, /* CA */
};

/* `flags`: SMMU_WRITE without the No Write flag, SMMU_INSTRUCTION for Execute Requested, SMMU_PRIVILEGED. */
struct smmu_ats_completion {
    uint64_t address;
    uint8_t page_bits;
    bool read, write, execute, privileged;
    bool global;             /* never set, for a cached entry must be found by its PASID */
    bool untranslated_only;  /* U */
    struct smmu_attributes attributes;
};

enum smmu_ats_status smmu_ats_request(struct smmu *smmu, const struct smmu_transaction *request,
                                      struct smmu_ats_completion *completion);

struct smmu_page_request {
    uint32_t stream, substream;
    bool has_substream, secure;
    bool read, write, execute, privileged, last;
    uint16_t group; /* PRGIndex, 9 bits */
    uint64_t address;
};

enum smmu_page_response_code {
    SMMU_PAGE_SUCCESS = 0x0,
    SMMU_PAGE_INVALID = 0x1,
    SMMU_PAGE_FAILURE = 0xf,
};

struct smmu_page_response {
    uint32_t stream, substream;
    bool has_substream;
    uint16_t group;
    uint8_t code; /* enum smmu_page_response_code */
};

/* Queues the request, or answers it at once through `page_response`. True if it was queued. */
bool smmu_page_request(struct smmu *smmu, const struct smmu_page_request *request);

/* --- Statistics, save and restore */

struct smmu_statistics {
    uint64_t translations; /* that ports did not answer; ports count the others */
    uint64_t tlb_hits;     /* of the shared TLB */
    uint64_t configuration_fetches, walks, descriptor_reads, descriptor_updates;
    uint64_t faults, events, events_lost, stalls, resumes;
    uint64_t commands, command_errors, syncs;
    uint64_t tlb_insertions, tlb_evictions, tlb_invalidated;
    uint64_t ats_requests, page_requests, page_responses, interrupts, messages;
};

void smmu_statistics(struct smmu *smmu, struct smmu_statistics *statistics);

/* Entries in use, for inspection. */
uint32_t smmu_tlb_used(struct smmu *smmu);
uint32_t smmu_configuration_used(struct smmu *smmu);
uint32_t smmu_stalls_held(struct smmu *smmu);

/* The state, held transactions and the shared TLB included, as bytes for the same configuration on any machine;
 * configuration is fetched anew. Save returns the bytes needed, and writes only if they fit. Restore checks everything
 * before it changes anything; false if the bytes are not such a state. Neither may run inside of a bracket. */
size_t smmu_save(struct smmu *smmu, void *buffer, size_t size);
bool smmu_restore(struct smmu *smmu, const void *buffer, size_t size);
