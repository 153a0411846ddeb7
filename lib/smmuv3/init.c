/* SPDX-License-Identifier: MIT */
/* Configuration, the ID registers that follow from it, reset, the lock, and what can be asked of a running SMMU. */
#include "base/string.h"
#include "smmuv3/tlb.h"

#define ALIGNMENT      64u
#define QUEUE_BITS_MAX 19u
#define STALLS_MAX     65535u

/* --- Configuration */

void smmu_config_default(struct smmu_config *config) {
    *config = (struct smmu_config){
        .features = SMMU_FEATURE_ALL,
        .granules = SMMU_GRANULE_ALL,
        .stream_bits = 16,
        .secure_stream_bits = 16,
        .substream_bits = SMMUV3_SUBSTREAMS ? 20 : 0,
        .output_bits = 48,
        .command_queue_bits = 16,
        .event_queue_bits = 16,
        .page_request_queue_bits = 16,
        .stall_model = SMMU_STALL_OR_TERMINATE,
        .hardware_update = 2,
        .tlb_entries = 2048,
        .configuration_entries = 256,
        .stall_entries = 64,
        .port_entries = 16,
    };
}

static bool is_cache_size(uint32_t entries) {
    return entries >= WAYS && (entries & (entries - 1)) == 0;
}

static int encode_size(unsigned bits) {
    static const uint8_t sizes[] = {32, 36, 40, 42, 44, 48, 52};
    for (unsigned i = 0; i < sizeof(sizes); i++) {
        if (sizes[i] == bits) {
            return (int)i;
        }
    }
    return -1;
}

static bool sizes_are_possible(const struct smmu_config *config) {
    return config->stream_bits <= 32 && config->secure_stream_bits <= 32 && config->substream_bits <= 20 &&
           config->command_queue_bits <= QUEUE_BITS_MAX && config->event_queue_bits <= QUEUE_BITS_MAX &&
           config->page_request_queue_bits <= QUEUE_BITS_MAX && encode_size(config->output_bits) >= 0 &&
           is_cache_size(config->tlb_entries) && is_cache_size(config->configuration_entries) &&
           config->stall_entries >= 1 && config->stall_entries <= STALLS_MAX && config->port_entries >= 1 &&
           config->port_entries <= 4096 && config->tlb_entries <= 1u << 28 && config->configuration_entries <= 1u << 24;
}

/* What the architecture, or this library, wants to have together. */
static bool features_are_possible(const struct smmu_config *config) {
    uint32_t features = config->features;
    uint32_t of_stage1 = SMMU_FEATURE_HYP | SMMU_FEATURE_SECURE | SMMU_FEATURE_TWO_LEVEL_CONTEXTS;
    if ((features & (SMMU_FEATURE_STAGE1 | SMMU_FEATURE_STAGE2)) == 0 ||
        ((features & SMMU_FEATURE_STAGE1) == 0 && ((features & of_stage1) != 0 || config->substream_bits != 0))) {
        return false;
    }
    if ((features & SMMU_FEATURE_PRI) != 0 && (features & SMMU_FEATURE_ATS) == 0) {
        return false;
    }
    if ((features & SMMU_FEATURE_VA52) != 0 && (config->granules & SMMU_GRANULE_64K) == 0) {
        return false;
    }
    bool wide = config->stream_bits >= 7 || config->secure_stream_bits >= 7;
    return (features & SMMU_FEATURE_TWO_LEVEL_STREAMS) != 0 || !wide;
}

static bool is_possible(const struct smmu_config *config) {
    return sizes_are_possible(config) && features_are_possible(config) && config->granules != 0 &&
           config->granules <= SMMU_GRANULE_ALL && config->stall_model <= SMMU_STALL_FORCED &&
           config->hardware_update <= 2 && config->replacement <= SMMU_REPLACE_LRU;
}

/* What the build left out. */
static void apply_build(struct smmu_config *config) {
    if (!SMMUV3_SUBSTREAMS) {
        config->substream_bits = 0;
    }
    if (!SMMUV3_TWO_STAGE) {
        config->features &= ~(uint32_t)SMMU_FEATURE_STAGE2;
    }
}

/* --- Memory: the state, and behind it the arrays */

struct arrays {
    size_t tlb, marks, tlb_hands, configs, contexts, config_hands, stalls, ports, snapshots, end;
};

static size_t place(size_t *end, size_t count, size_t size) {
    size_t start = *end;
    *end = (start + count * size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    return start;
}

static void lay_out(const struct smmu_config *config, struct arrays *arrays) {
    uint32_t tlb = SMMUV3_CACHES ? config->tlb_entries : 0, streams = SMMUV3_CACHES ? config->configuration_entries : 0;
    size_t *end = &arrays->end;
    *end = 0;
    place(end, 1, sizeof(struct smmu));
    arrays->tlb = place(end, tlb, sizeof(struct tlb_entry));
    arrays->marks = place(end, tlb, 1);
    arrays->tlb_hands = place(end, tlb / WAYS, 1);
    arrays->configs = place(end, streams, sizeof(struct config_entry));
    arrays->contexts = place(end, streams, sizeof(struct context));
    arrays->config_hands = place(end, streams / WAYS, 1);
    arrays->stalls = place(end, config->stall_entries, sizeof(struct stall));
    arrays->ports = place(end, config->port_entries, sizeof(struct smmu_port *));
    arrays->snapshots = place(end, (size_t)config->port_entries * SECURITY_COUNT, sizeof(uint64_t));
}

size_t smmu_size(const struct smmu_config *config) {
    struct arrays arrays;
    if (!is_possible(config)) {
        return 0;
    }
    lay_out(config, &arrays);
    return arrays.end;
}

/* --- Identification (6.3.1 to 6.3.6) */

static uint32_t flag(const struct smmu *smmu, uint32_t feature, unsigned bit) {
    return has(smmu, feature) ? 1u << bit : 0;
}

static uint32_t make_id0(const struct smmu *smmu) {
    return flag(smmu, SMMU_FEATURE_STAGE2, 0) | flag(smmu, SMMU_FEATURE_STAGE1, 1) | 2u << 2 |
           flag(smmu, SMMU_FEATURE_COHERENT, 4) | (uint32_t)smmu->config.hardware_update << 6 |
           flag(smmu, SMMU_FEATURE_HYP, 9) | flag(smmu, SMMU_FEATURE_ATS, 10) |
           flag(smmu, SMMU_FEATURE_NO_STAGE1_ATS, 11) | flag(smmu, SMMU_FEATURE_ASID16, 12) |
           flag(smmu, SMMU_FEATURE_MSI, 13) | (smmu->bus.event_signal != NULL ? 1u << 14 : 0) |
           flag(smmu, SMMU_FEATURE_PRI, 16) | flag(smmu, SMMU_FEATURE_VMW, 17) |
           flag(smmu, SMMU_FEATURE_VMID16, 18) | flag(smmu, SMMU_FEATURE_TWO_LEVEL_CONTEXTS, 19) |
           (has(smmu, SMMU_FEATURE_BIG_ENDIAN) ? 0 : 2u << 21) | flag(smmu, SMMU_FEATURE_ATS, 23) |
           (uint32_t)smmu->config.stall_model << 24 | flag(smmu, SMMU_FEATURE_ABORT_ONLY, 26) |
           flag(smmu, SMMU_FEATURE_TWO_LEVEL_STREAMS, 27);
}

static uint32_t make_id1(const struct smmu_config *config) {
    uint32_t page_requests = (config->features & SMMU_FEATURE_PRI) != 0 ? config->page_request_queue_bits : 0;
    return config->stream_bits | (uint32_t)config->substream_bits << 6 | page_requests << 11 |
           (uint32_t)config->event_queue_bits << 16 | (uint32_t)config->command_queue_bits << 21 | 3u << 26;
}

static uint32_t make_id3(const struct smmu *smmu) {
    return flag(smmu, SMMU_FEATURE_STAGE1, 2) | flag(smmu, SMMU_FEATURE_STAGE2, 4) |
           flag(smmu, SMMU_FEATURE_PASID_RESPONSE, 5) | flag(smmu, SMMU_FEATURE_STAGE2, 8) |
           flag(smmu, SMMU_FEATURE_SMALL_TABLES, 9) | 1u << 10 | 2u << 11 | flag(smmu, SMMU_FEATURE_STAGE1, 13) |
           flag(smmu, SMMU_FEATURE_STAGE2, 14);
}

static uint32_t make_id5(const struct smmu *smmu) {
    uint32_t stalls = smmu->config.stall_model == SMMU_TERMINATE_ONLY ? 0 : smmu->config.stall_entries;
    return (uint32_t)encode_size(smmu->config.output_bits) | (uint32_t)smmu->config.granules << 4 |
           flag(smmu, SMMU_FEATURE_VA52, 10) | stalls << 16;
}

/* --- Life */

static void set_arrays(struct smmu *smmu, char *memory) {
    struct arrays arrays;
    lay_out(&smmu->config, &arrays);
    smmu->tlb = (struct tlb_entry *)(memory + arrays.tlb);
    smmu->tlb_marks = (uint8_t *)(memory + arrays.marks);
    smmu->tlb_hands = (uint8_t *)(memory + arrays.tlb_hands);
    smmu->configs = (struct config_entry *)(memory + arrays.configs);
    smmu->contexts = (struct context *)(memory + arrays.contexts);
    smmu->config_hands = (uint8_t *)(memory + arrays.config_hands);
    smmu->stalls = (struct stall *)(memory + arrays.stalls);
    smmu->ports = (struct smmu_port **)(memory + arrays.ports);
    smmu->sync_snapshot[NON_SECURE] = (uint64_t *)(memory + arrays.snapshots);
    smmu->sync_snapshot[SECURE] = smmu->sync_snapshot[NON_SECURE] + smmu->config.port_entries;
}

/* Registers whose reset value is unknown are 0. */
static void reset_registers(struct smmu *smmu) {
    memset(smmu->banks, 0, sizeof(smmu->banks));
    for (enum security security = NON_SECURE; security < SECURITY_COUNT; security++) {
        struct bank *bank = &smmu->banks[security];
        bank->gbpa = SMMU_GBPA_SHCFG_INCOMING | (has(smmu, SMMU_FEATURE_RESET_ABORTS) ? SMMU_GBPA_ABORT : 0);
        bank->gbpa_effective = bank->gbpa;
        smmu->atc_failed[security] = false;
    }
    smmu->sync_waiting = 0;
}

struct smmu *smmu_init(void *memory, const struct smmu_config *config, const struct smmu_bus *bus) {
    struct smmu *smmu = memory;
    size_t size = smmu_size(config);
    if (size == 0) {
        return NULL;
    }
    memset(memory, 0, size);
    smmu->config = *config;
    apply_build(&smmu->config);
    smmu->bus = *bus;
    smmu->epoch = 1;
    smmu->output_bits = smmu->input_bits = config->output_bits;
    smmu->output_mask = low_mask(config->output_bits);
    smmu->mark_use = config->replacement == SMMU_REPLACE_LRU;
    smmu->tlb_mask = config->tlb_entries / WAYS - 1;
    smmu->config_mask = config->configuration_entries / WAYS - 1;
    set_arrays(smmu, memory);
    smmu->id[0] = make_id0(smmu);
    smmu->id[1] = make_id1(&smmu->config);
    smmu->id[3] = make_id3(smmu);
    smmu->id[5] = make_id5(smmu);
    reset_registers(smmu);
    return smmu;
}

/* Transactions that are held abort; caches are empty. */
void smmu_reset(struct smmu *smmu) {
    smmu_lock(smmu);
    for (enum security security = NON_SECURE; security < SECURITY_COUNT; security++) {
        stall_terminate(smmu, security, 0, true);
        config_invalidate_security(smmu, security);
    }
    tlb_invalidate(smmu, 0, 0);
    reset_registers(smmu);
    smmu_unlock(smmu);
}

/* --- The lock */

void smmu_lock_contended(struct smmu *smmu) {
    do {
        while (__atomic_load_n(&smmu->lock, __ATOMIC_RELAXED) != 0) {
            if (smmu->bus.pause != NULL) {
                smmu->bus.pause(smmu->bus.context);
            }
        }
    } while (__atomic_exchange_n(&smmu->lock, 1, __ATOMIC_ACQUIRE) != 0);
}

static bool take_finished(struct smmu *smmu, struct stall *taken) {
    for (uint32_t i = 0; i < smmu->config.stall_entries && smmu->stalls_done != 0; i++) {
        struct stall *stall = &smmu->stalls[i];
        if (stall->state == STALL_DONE) {
            *taken = *stall;
            stall->state = STALL_FREE;
            smmu->stalls_done--;
            return true;
        }
    }
    return false;
}

void smmu_unlock_finishing(struct smmu *smmu) {
    struct stall stall;
    while (take_finished(smmu, &stall)) {
        __atomic_store_n(&smmu->lock, 0, __ATOMIC_RELEASE);
        if (smmu->bus.resumed != NULL) {
            smmu->bus.resumed(smmu->bus.context, &stall.transaction, (enum smmu_outcome)stall.outcome, &stall.result);
        }
        smmu_lock(smmu);
    }
    __atomic_store_n(&smmu->lock, 0, __ATOMIC_RELEASE);
}

/* --- Questions */

void smmu_statistics(struct smmu *smmu, struct smmu_statistics *statistics) {
    smmu_lock(smmu);
    *statistics = smmu->statistics;
    smmu_unlock(smmu);
}

uint32_t smmu_tlb_used(struct smmu *smmu) {
    smmu_lock(smmu);
    uint32_t value = tlb_count(smmu);
    smmu_unlock(smmu);
    return value;
}

static uint32_t read_count(struct smmu *smmu, const uint32_t *count) {
    smmu_lock(smmu);
    uint32_t value = *count;
    smmu_unlock(smmu);
    return value;
}

uint32_t smmu_configuration_used(struct smmu *smmu) {
    return read_count(smmu, &smmu->config_used);
}

uint32_t smmu_stalls_held(struct smmu *smmu) {
    return read_count(smmu, &smmu->stalls_held);
}
