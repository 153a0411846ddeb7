/* SPDX-License-Identifier: MIT */
/*
 * A small system around an SMMU, for tests, examples and benchmarks: RAM, a bump allocator, a bus that can be told to
 * abort, and everything that the SMMU ever sent: interrupts, messages, answers to devices.
 */
#pragma once

#include "smmuv3/build.h"
#include "smmuv3/smmuv3.h"

#define RIG_RAM_BYTES   (24ul << 20)
#define RIG_STREAM_BITS 8u
#define RIG_QUEUE_BITS  4u
#define RIG_NOWHERE     (~0ul)
#define RIG_LOG         64u

struct rig {
    struct smmu *smmu;
    void *state, *port_state;
    uint32_t port_streams, port_pages;
    struct smmu_port port;
    struct smmu_config config;
    struct smmu_bus bus;
    struct smmu_table_memory memory;
    uint8_t *ram;
    uint64_t ram_bytes, next;
    uint64_t abort_at;        /* accesses to this 8-byte word abort */
    uint64_t abort_writes_at; /* only writes do */
    uint32_t spaces_seen;     /* set of enum smmu_space of the SMMU's own reads */
    uint64_t reads;
    bool contend;             /* compare_exchange finds another value every time */
    bool atc_silent;          /* endpoints do not answer invalidations */
    /* Programmed by rig_start(). */
    uint64_t stream_table, commands, events, page_requests;
    uint64_t secure_stream_table, secure_commands, secure_events;
    uint32_t command_prod, secure_command_prod;
    /* Seen. */
    uint32_t interrupts[SMMU_INTERRUPT_COUNT];
    uint32_t signals;
    uint32_t responses, invalidations, resumes;
    struct smmu_page_response response[RIG_LOG];
    struct smmu_transaction resumed[RIG_LOG];
    enum smmu_outcome outcome[RIG_LOG];
    struct smmu_result result[RIG_LOG];
    struct {
        uint32_t stream, substream;
        bool has_substream, global;
        uint64_t address, size;
    } invalidation;
};

/* Before rig_init(): rig->config may be changed. */
void rig_prepare(struct rig *rig);
void rig_init(struct rig *rig);
void rig_add_port(struct rig *rig); /* done by rig_init() */
void rig_free(struct rig *rig);

/* Programs queues and a linear stream table as a driver does, and enables everything. */
void rig_start(struct rig *rig);

uint64_t rig_alloc(struct rig *rig, uint64_t bytes); /* zeroed, aligned to its size up to 1 MiB */
uint64_t rig_load(struct rig *rig, uint64_t address);
void rig_store(struct rig *rig, uint64_t address, uint64_t value);

uint32_t rig_read(struct rig *rig, uint32_t offset);
void rig_write(struct rig *rig, uint32_t offset, uint32_t value);
void rig_write64(struct rig *rig, uint32_t offset, uint64_t value);
uint32_t rig_read_secure(struct rig *rig, uint32_t offset);
void rig_write_secure(struct rig *rig, uint32_t offset, uint32_t value);

/* Puts a command into the queue and rings the bell. */
void rig_command(struct rig *rig, uint64_t word0, uint64_t word1);
void rig_command_secure(struct rig *rig, uint64_t word0, uint64_t word1);

/* Takes an event out of the queue: false if there is none. */
bool rig_event(struct rig *rig, uint64_t record[SMMU_EVENT_WORDS]);
bool rig_event_secure(struct rig *rig, uint64_t record[SMMU_EVENT_WORDS]);
uint32_t rig_event_count(struct rig *rig);

void rig_stream(struct rig *rig, uint32_t stream, const uint64_t ste[SMMU_STE_WORDS]);
uint64_t rig_stream_address(struct rig *rig, uint32_t stream);

enum smmu_outcome rig_access(struct rig *rig, uint32_t stream, uint64_t address, uint32_t flags,
                             struct smmu_result *result);
enum smmu_outcome rig_access_substream(struct rig *rig, uint32_t stream, uint32_t substream, uint64_t address,
                                       uint32_t flags, struct smmu_result *result);

/* A stage 1 stream with 4 KiB pages and 48 bits of addresses, ready to be mapped into. */
struct rig_space {
    struct smmu_tables tables;
    uint64_t cd_address;
    struct smmu_context_spec context;
    struct smmu_stream_spec stream;
};
#define RIG_MAIR 0x00000000bb0444fful /* 0 write-back, 1 non-cacheable, 2 device nGnRE, 3 write-through */
#define RIG_PAGE (TTD_AF | TTD_NOT_GLOBAL | TTD_AP_USER | 3ul << 8)

void rig_stage1(struct rig *rig, struct rig_space *space, unsigned granule_bits, unsigned input_bits);
void rig_stage2(struct rig *rig, struct smmu_tables *tables, unsigned granule_bits, unsigned input_bits);
#define RIG_PAGE2 (TTD_AF | TTD_S2_READ | TTD_S2_WRITE | 0xful << 2 | 3ul << 8)

/* Writes the context descriptor and the stream table entry of a space. */
void rig_install(struct rig *rig, uint32_t stream, struct rig_space *space);
