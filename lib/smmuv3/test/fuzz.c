/* SPDX-License-Identifier: MIT */
/*
 * What an input means: a program of small steps on a system that is set up well, so that inputs reach deep soon: write
 * registers, change words of structures and tables, send commands, present transactions, requests and page requests.
 * An access outside of RAM is an abort of the bus, one outside of the state a sanitizer's.
 */
#include "smmuv3/test/fuzz.h"

#include <stdlib.h>

#include "smmuv3/test/rig.h"

#define STEPS_MAX 256u

struct input {
    const uint8_t *next, *end;
};

static uint64_t take(struct input *input, unsigned bytes) {
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++) {
        value = value << 8 | (input->next < input->end ? *input->next++ : 0);
    }
    return value;
}

/* Words worth changing: of the stream table, context descriptors, tables, queues. */
static uint64_t place(struct rig *rig, struct rig_space *space, const struct smmu_tables *stage2, uint64_t draw) {
    const uint64_t bases[8] = {rig->stream_table,  rig->stream_table + 64, space->cd_address, space->tables.root,
                               stage2->root,       rig->commands,          rig->events,       0x10000};
    return bases[draw & 7] + (draw >> 3 & 0x1ff) * 8;
}

static void present(struct rig *rig, struct input *input) {
    uint32_t flags = (uint32_t)take(input, 1) & 0x7f, stream = (uint32_t)take(input, 1) & 7;
    uint64_t address = take(input, 2) << 12 | (flags & 1 ? 0xffff000000000000 : 0);
    struct smmu_result result;
    if (rig_access_substream(rig, stream, (uint32_t)take(input, 1), address, flags, &result) > SMMU_BUSY) {
        abort();
    }
}

static void ask(struct rig *rig, struct input *input) {
    struct smmu_ats_completion completion;
    struct smmu_transaction request = {.stream = (uint32_t)take(input, 1) & 7,
                                       .flags = (uint32_t)take(input, 1) & 0x1f,
                                       .address = take(input, 3) << 12};
    struct smmu_page_request page = {.stream = request.stream,
                                     .substream = 1,
                                     .has_substream = (request.flags & 8) != 0,
                                     .read = (request.flags & 1) != 0,
                                     .last = (request.flags & 2) != 0,
                                     .group = (uint16_t)take(input, 1)};
    smmu_ats_request(rig->smmu, &request, &completion);
    smmu_page_request(rig->smmu, &page);
}

static void step(struct rig *rig, struct rig_space *space, struct smmu_tables *stage2, struct input *input) {
    uint64_t word0, where, kind = take(input, 1);
    switch (kind & 7) {
    case 0:
        where = take(input, 2) << 2;
        rig_write(rig, (uint32_t)where & 0x1fffc, (uint32_t)take(input, 4));
        break;
    case 1:
        where = take(input, 2) << 2;
        smmu_write(rig->smmu, kind >> 3 & 1, (uint32_t)where & 0x1fffc, take(input, 8), 1u << (kind >> 4 & 3));
        break;
    case 2:
        where = place(rig, space, stage2, take(input, 2));
        rig_store(rig, where, take(input, 8));
        break;
    case 3:
        where = place(rig, space, stage2, take(input, 2));
        rig_store(rig, where, rig_load(rig, where) ^ 1ul << (take(input, 1) & 63));
        break;
    case 4:
        word0 = take(input, 1) | take(input, 1) << 32 | take(input, 3) << 8;
        rig_command(rig, word0, take(input, 3) << 10 | take(input, 1));
        break;
    case 5:
        ask(rig, input);
        break;
    default:
        present(rig, input);
        break;
    }
}

/* Stream 1 stage 1, 2 nested, 3 bypass; what is mapped is in reach of present(). */
static void set_up(struct rig *rig, struct rig_space *space, struct smmu_tables *stage2, uint8_t options) {
    rig->config.stall_entries = 4;
    rig->config.tlb_entries = 16;
    rig->config.configuration_entries = 8;
    rig->config.replacement = options & 1;
    rig->config.deferred_updates = (options & 2) != 0;
    rig->config.stall_model = (uint8_t)((options & 4) != 0 ? SMMU_STALL_OR_TERMINATE : (options >> 3 & 3) % 3);
    rig->ram_bytes = 1ul << 19;
    rig->port_streams = rig->port_pages = 8;
    rig_init(rig);
    rig_start(rig);
    rig_stage2(rig, stage2, 12, 40);
    rig_stage1(rig, space, 12, 39);
    space->context.stall = (options & 4) != 0;
    space->context.hardware_access = space->context.hardware_dirty = (options & 0x20) != 0;
    for (uint64_t page = 0; page < 8; page++) {
        smmu_tables_map(&space->tables, page << 12, page << 14, 3, RIG_PAGE | (page & 1 ? TTD_AP_READ_ONLY | TTD_DBM : 0));
    }
    smmu_tables_map(stage2, 0, 0, 1, RIG_PAGE2);
    rig_install(rig, 1, space);
    struct rig_space nested = *space;
    nested.stream.config = STE_CONFIG_NESTED;
    nested.stream.stage2 = stage2;
    nested.stream.output_bits = 48;
    nested.stream.eats = 2;
    rig_install(rig, 2, &nested);
    nested.stream.config = STE_CONFIG_BYPASS;
    rig_install(rig, 3, &nested);
}

void fuzz_run(const uint8_t *data, size_t size) {
    struct rig rig;
    struct rig_space space;
    struct smmu_tables stage2;
    struct input input = {data, data + size};
    rig_prepare(&rig);
    set_up(&rig, &space, &stage2, (uint8_t)take(&input, 1));
    for (unsigned i = 0; i < STEPS_MAX && input.next < input.end; i++) {
        step(&rig, &space, &stage2, &input);
    }
    smmu_run(rig.smmu);
    rig_free(&rig);
}
