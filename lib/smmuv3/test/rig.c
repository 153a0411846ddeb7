/* SPDX-License-Identifier: MIT */
/* See rig.h. */
#include "smmuv3/test/rig.h"

#include <stdlib.h>
#include <string.h>

#define ENTRIES (1u << RIG_QUEUE_BITS)

/* --- The bus */

static bool aborts(const struct rig *rig, uint64_t address, uint32_t size) {
    return address > rig->ram_bytes - size || (rig->abort_at >= address && rig->abort_at < address + size);
}

static uint64_t bus_read64(void *context, uint32_t space, uint64_t address, bool *aborted) {
    struct rig *rig = context;
    if (aborts(rig, address, 8)) {
        *aborted = true;
        return 0;
    }
    rig->spaces_seen |= 1u << space;
    rig->reads++;
    return __atomic_load_n((uint64_t *)(void *)(rig->ram + address), __ATOMIC_ACQUIRE);
}

static bool bus_read(void *context, uint32_t space, uint64_t address, void *buffer, uint32_t size) {
    struct rig *rig = context;
    if (aborts(rig, address, size)) {
        return false;
    }
    rig->spaces_seen |= 1u << space;
    memcpy(buffer, rig->ram + address, size);
    return true;
}

static bool bus_write(void *context, uint32_t space, uint64_t address, const void *buffer, uint32_t size) {
    struct rig *rig = context;
    (void)space;
    bool refused = rig->abort_writes_at >= address && rig->abort_writes_at < address + size;
    if (aborts(rig, address, size) || refused) {
        return false;
    }
    memcpy(rig->ram + address, buffer, size);
    return true;
}

static bool bus_compare_exchange(void *context, uint32_t space, uint64_t address, uint64_t *expected,
                                 uint64_t desired) {
    struct rig *rig = context;
    (void)space;
    if (aborts(rig, address, 8) || rig->abort_writes_at == address) {
        return false;
    }
    if (rig->contend) {
        *expected ^= 1ul << 58;
        return true;
    }
    __atomic_compare_exchange_n((uint64_t *)(void *)(rig->ram + address), expected, desired, false, __ATOMIC_SEQ_CST,
                                __ATOMIC_SEQ_CST);
    return true;
}

static void bus_interrupt(void *context, enum smmu_interrupt interrupt) {
    struct rig *rig = context;
    rig->interrupts[interrupt]++;
}

static void bus_event_signal(void *context) {
    struct rig *rig = context;
    rig->signals++;
}

static bool bus_ats_invalidate(void *context, uint32_t stream, bool has_substream, uint32_t substream, bool global,
                               uint64_t address, uint64_t size) {
    struct rig *rig = context;
    rig->invalidations++;
    rig->invalidation.stream = stream;
    rig->invalidation.substream = substream;
    rig->invalidation.has_substream = has_substream;
    rig->invalidation.global = global;
    rig->invalidation.address = address;
    rig->invalidation.size = size;
    return !rig->atc_silent;
}

static void bus_page_response(void *context, const struct smmu_page_response *response) {
    struct rig *rig = context;
    rig->response[rig->responses++ % RIG_LOG] = *response;
}

static void bus_resumed(void *context, const struct smmu_transaction *transaction, enum smmu_outcome outcome,
                        const struct smmu_result *result) {
    struct rig *rig = context;
    uint32_t slot = rig->resumes++ % RIG_LOG;
    rig->resumed[slot] = *transaction;
    rig->outcome[slot] = outcome;
    rig->result[slot] = *result;
}

/* --- Life */

static uint64_t allocate(void *context, uint64_t bytes) {
    return rig_alloc(context, bytes);
}

void rig_prepare(struct rig *rig) {
    memset(rig, 0, sizeof(*rig));
    smmu_config_default(&rig->config);
    rig->ram_bytes = RIG_RAM_BYTES;
    rig->port_streams = 16;
    rig->port_pages = 64;
}

void rig_add_port(struct rig *rig) {
    rig->port_state = malloc(smmu_port_size(rig->port_streams, rig->port_pages));
    if (!smmu_port_init(&rig->port, rig->smmu, rig->port_state, rig->port_streams, rig->port_pages)) {
        abort();
    }
}

void rig_init(struct rig *rig) {
    rig->abort_at = rig->abort_writes_at = RIG_NOWHERE;
    rig->ram = calloc(1, rig->ram_bytes);
    rig->next = 0x10000;
    rig->bus = (struct smmu_bus){.context = rig,
                                 .read64 = bus_read64,
                                 .read = bus_read,
                                 .write = bus_write,
                                 .compare_exchange = bus_compare_exchange,
                                 .interrupt = bus_interrupt,
                                 .event_signal = bus_event_signal,
                                 .ats_invalidate = bus_ats_invalidate,
                                 .page_response = bus_page_response,
                                 .resumed = bus_resumed};
    rig->memory = (struct smmu_table_memory){rig, allocate, bus_read64, bus_write};
    size_t bytes = smmu_size(&rig->config);
    rig->state = bytes == 0 ? NULL : aligned_alloc(64, bytes);
    rig->smmu = rig->state == NULL ? NULL : smmu_init(rig->state, &rig->config, &rig->bus);
    if (rig->smmu == NULL) {
        abort();
    }
    rig_add_port(rig);
}

void rig_free(struct rig *rig) {
    free(rig->state);
    free(rig->port_state);
    free(rig->ram);
    rig->state = rig->port_state = rig->ram = NULL;
}

uint64_t rig_alloc(struct rig *rig, uint64_t bytes) {
    uint64_t align = 64;
    while (align < bytes && align < 1ul << 20) {
        align <<= 1;
    }
    uint64_t address = (rig->next + align - 1) & ~(align - 1);
    if (address + bytes > rig->ram_bytes) {
        return 0;
    }
    rig->next = address + bytes;
    return address;
}

uint64_t rig_load(struct rig *rig, uint64_t address) {
    uint64_t value;
    memcpy(&value, rig->ram + address, sizeof(value));
    return value;
}

void rig_store(struct rig *rig, uint64_t address, uint64_t value) {
    __atomic_store_n((uint64_t *)(void *)(rig->ram + address), value, __ATOMIC_RELEASE);
}

/* --- Registers and queues */

uint32_t rig_read(struct rig *rig, uint32_t offset) {
    return (uint32_t)smmu_read(rig->smmu, SMMU_SPACE_NON_SECURE, offset, 4);
}

void rig_write(struct rig *rig, uint32_t offset, uint32_t value) {
    smmu_write(rig->smmu, SMMU_SPACE_NON_SECURE, offset, value, 4);
}

void rig_write64(struct rig *rig, uint32_t offset, uint64_t value) {
    smmu_write(rig->smmu, offset >= SMMU_SECURE && offset < SMMU_PAGE1, offset, value, 8);
}

uint32_t rig_read_secure(struct rig *rig, uint32_t offset) {
    return (uint32_t)smmu_read(rig->smmu, SMMU_SPACE_SECURE, SMMU_SECURE + offset, 4);
}

void rig_write_secure(struct rig *rig, uint32_t offset, uint32_t value) {
    smmu_write(rig->smmu, SMMU_SPACE_SECURE, SMMU_SECURE + offset, value, 4);
}

static void start_secure(struct rig *rig) {
    rig->secure_stream_table = rig_alloc(rig, SMMU_STE_BYTES << RIG_STREAM_BITS);
    rig->secure_commands = rig_alloc(rig, SMMU_COMMAND_BYTES * ENTRIES);
    rig->secure_events = rig_alloc(rig, SMMU_EVENT_BYTES * ENTRIES);
    rig_write64(rig, SMMU_SECURE + SMMU_STRTAB_BASE, rig->secure_stream_table);
    rig_write_secure(rig, SMMU_STRTAB_BASE_CFG, RIG_STREAM_BITS);
    rig_write64(rig, SMMU_SECURE + SMMU_CMDQ_BASE, rig->secure_commands | RIG_QUEUE_BITS);
    rig_write64(rig, SMMU_SECURE + SMMU_EVENTQ_BASE, rig->secure_events | RIG_QUEUE_BITS);
    rig_write_secure(rig, SMMU_IRQ_CTRL, SMMU_IRQ_GERROR | SMMU_IRQ_EVENTQ);
    rig_write_secure(rig, SMMU_CR2, SMMU_CR2_RECINVSID);
    rig_write_secure(rig, SMMU_CR0, SMMU_CR0_SMMUEN | SMMU_CR0_EVENTQEN | SMMU_CR0_CMDQEN);
}

void rig_start(struct rig *rig) {
    rig->stream_table = rig_alloc(rig, SMMU_STE_BYTES << RIG_STREAM_BITS);
    rig->commands = rig_alloc(rig, SMMU_COMMAND_BYTES * ENTRIES);
    rig->events = rig_alloc(rig, SMMU_EVENT_BYTES * ENTRIES);
    rig->page_requests = rig_alloc(rig, SMMU_PAGE_REQUEST_BYTES * ENTRIES);
    rig_write64(rig, SMMU_STRTAB_BASE, rig->stream_table);
    rig_write(rig, SMMU_STRTAB_BASE_CFG, RIG_STREAM_BITS);
    rig_write64(rig, SMMU_CMDQ_BASE, rig->commands | RIG_QUEUE_BITS);
    rig_write64(rig, SMMU_EVENTQ_BASE, rig->events | RIG_QUEUE_BITS);
    rig_write64(rig, SMMU_PRIQ_BASE, rig->page_requests | RIG_QUEUE_BITS);
    rig_write(rig, SMMU_CR2, SMMU_CR2_RECINVSID);
    rig_write(rig, SMMU_IRQ_CTRL, SMMU_IRQ_GERROR | SMMU_IRQ_EVENTQ | SMMU_IRQ_PRIQ);
    rig_write(rig, SMMU_CR0, SMMU_CR0_SMMUEN | SMMU_CR0_QUEUES | SMMU_CR0_ATSCHK);
    if ((rig->config.features & SMMU_FEATURE_SECURE) != 0) {
        start_secure(rig);
    }
}

static uint32_t next_index(uint32_t index) {
    return (index + 1) & (2 * ENTRIES - 1);
}

void rig_command(struct rig *rig, uint64_t word0, uint64_t word1) {
    uint64_t entry = rig->commands + (rig->command_prod & (ENTRIES - 1)) * SMMU_COMMAND_BYTES;
    rig_store(rig, entry, word0);
    rig_store(rig, entry + 8, word1);
    rig->command_prod = next_index(rig->command_prod);
    rig_write(rig, SMMU_CMDQ_PROD, rig->command_prod);
}

void rig_command_secure(struct rig *rig, uint64_t word0, uint64_t word1) {
    uint64_t entry = rig->secure_commands + (rig->secure_command_prod & (ENTRIES - 1)) * SMMU_COMMAND_BYTES;
    rig_store(rig, entry, word0);
    rig_store(rig, entry + 8, word1);
    rig->secure_command_prod = next_index(rig->secure_command_prod);
    rig_write_secure(rig, SMMU_CMDQ_PROD, rig->secure_command_prod);
}

static bool take_event(struct rig *rig, uint32_t space, uint32_t base, uint64_t queue, uint64_t *record) {
    uint32_t prod = (uint32_t)smmu_read(rig->smmu, space, base + 0xa8, 4);
    uint32_t cons = (uint32_t)smmu_read(rig->smmu, space, base + 0xac, 4);
    if (((prod ^ cons) & (2 * ENTRIES - 1)) == 0) {
        return false;
    }
    memcpy(record, rig->ram + queue + (cons & (ENTRIES - 1)) * SMMU_EVENT_BYTES, SMMU_EVENT_BYTES);
    smmu_write(rig->smmu, space, base + 0xac, next_index(cons) | (cons & SMMU_QUEUE_OVERFLOW), 4);
    return true;
}

bool rig_event(struct rig *rig, uint64_t record[SMMU_EVENT_WORDS]) {
    return take_event(rig, SMMU_SPACE_NON_SECURE, SMMU_PAGE1, rig->events, record);
}

bool rig_event_secure(struct rig *rig, uint64_t record[SMMU_EVENT_WORDS]) {
    return take_event(rig, SMMU_SPACE_SECURE, SMMU_SECURE, rig->secure_events, record);
}

uint32_t rig_event_count(struct rig *rig) {
    return (rig_read(rig, SMMU_EVENTQ_PROD) - rig_read(rig, SMMU_EVENTQ_CONS)) & (2 * ENTRIES - 1);
}

/* --- Streams */

uint64_t rig_stream_address(struct rig *rig, uint32_t stream) {
    return rig->stream_table + stream * SMMU_STE_BYTES;
}

void rig_stream(struct rig *rig, uint32_t stream, const uint64_t ste[SMMU_STE_WORDS]) {
    memcpy(rig->ram + rig_stream_address(rig, stream), ste, SMMU_STE_BYTES);
}

enum smmu_outcome rig_access_substream(struct rig *rig, uint32_t stream, uint32_t substream, uint64_t address,
                                       uint32_t flags, struct smmu_result *result) {
    struct smmu_transaction transaction = {.stream = stream,
                                           .substream = substream,
                                           .address = address,
                                           .flags = flags,
                                           .attributes = {0xff, 3},
                                           .token = address ^ stream};
    return smmu_translate(&rig->port, &transaction, result);
}

enum smmu_outcome rig_access(struct rig *rig, uint32_t stream, uint64_t address, uint32_t flags,
                             struct smmu_result *result) {
    return rig_access_substream(rig, stream, 0, address, flags, result);
}

void rig_stage1(struct rig *rig, struct rig_space *space, unsigned granule_bits, unsigned input_bits) {
    memset(space, 0, sizeof(*space));
    if (!smmu_tables_init(&space->tables, &rig->memory, granule_bits, input_bits, false)) {
        abort();
    }
    space->cd_address = rig_alloc(rig, SMMU_CD_BYTES);
    space->context = (struct smmu_context_spec){
        .lower = &space->tables, .asid = 1, .output_bits = rig->config.output_bits, .mair = RIG_MAIR};
    space->stream = (struct smmu_stream_spec){.config = STE_CONFIG_S1, .contexts = space->cd_address};
}

void rig_stage2(struct rig *rig, struct smmu_tables *tables, unsigned granule_bits, unsigned input_bits) {
    if (!smmu_tables_init(tables, &rig->memory, granule_bits, input_bits, true)) {
        abort();
    }
}

void rig_install(struct rig *rig, uint32_t stream, struct rig_space *space) {
    uint64_t cd[SMMU_CD_WORDS], ste[SMMU_STE_WORDS];
    smmu_build_context(&space->context, cd);
    memcpy(rig->ram + space->cd_address, cd, sizeof(cd));
    smmu_build_stream(&space->stream, ste);
    rig_stream(rig, stream, ste);
}
