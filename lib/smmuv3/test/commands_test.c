/* SPDX-License-Identifier: MIT */
/* The command queue: errors and restart, wrap, scopes of invalidation, CMD_SYNC, prefetch. */
#include "smmuv3/test/suite.h"

#include <string.h>

/* --- What is ILLEGAL */

struct illegal {
    const char *name;
    uint64_t word0, word1;
    uint32_t without; /* 0: illegal always */
    uint8_t stall_model;
};

static const struct illegal illegals[] = {
    {"opcode 0x00", 0x00, 0, 0, 0},
    {"opcode 0x08", 0x08, 0, 0, 0},
    {"opcode 0x14", 0x14, 0, 0, 0},
    {"opcode 0x80", 0x80, 0, 0, 0},
    {"opcode 0xff", 0xff, 0, 0, 0},
    {"CFGI_VMS_PIDM without MPAM", CMD_CFGI_VMS_PIDM, 0, 0, 0},
    {"DPTI_ALL without DPT", 0x70, 0, 0, 0},
    {"DPTI_PA without DPT", 0x73, 0, 0, 0},
    {"TLBI_EL3_ALL from the Non-secure queue", CMD_TLBI_EL3_ALL, 0, 0, 0},
    {"TLBI_EL3_VA from the Non-secure queue", CMD_TLBI_EL3_VA, 0, 0, 0},
    {"TLBI_S_EL2_ALL", CMD_TLBI_S_EL2_ALL, 0, 0, 0},
    {"TLBI_S_EL2_VA", CMD_TLBI_S_EL2_VA, 0, 0, 0},
    {"TLBI_S_S12_VMALL", CMD_TLBI_S_S12_VMALL, 0, 0, 0},
    {"TLBI_S_S2_IPA", CMD_TLBI_S_S2_IPA, 0, 0, 0},
    {"TLBI_SNH_ALL", CMD_TLBI_SNH_ALL, 0, 0, 0},
    {"SSec on CFGI_STE", CMD_CFGI_STE | 1ul << 10, 0, 0, 0},
    {"SSec on CFGI_STE_RANGE", CMD_CFGI_STE_RANGE | 1ul << 10, 31, 0, 0},
    {"SSec on CFGI_CD", CMD_CFGI_CD | 1ul << 10, 0, 0, 0},
    {"SSec on CFGI_CD_ALL", CMD_CFGI_CD_ALL | 1ul << 10, 0, 0, 0},
    {"SSec on PREFETCH_CONFIG", CMD_PREFETCH_CONFIG | 1ul << 10, 0, 0, 0},
    {"SSec on RESUME", CMD_RESUME | 1ul << 10, 0, 0, 0},
    {"SSec on STALL_TERM", CMD_STALL_TERM | 1ul << 10, 0, 0, 0},
    {"SYNC with CS = 3", CMD_SYNC | 3ul << 12, 0, 0, 0},
    {"PRI_RESP with Resp = 3", CMD_PRI_RESP, 3ul << 12, 0, 0},
    {"TLBI_NH_VA: TG = 1, NUM = SCALE = TTL = 0", CMD_TLBI_NH_VA, 1ul << 10, 0, 0},
    {"TLBI_NH_VAA: TG = 3, NUM = SCALE = TTL = 0", CMD_TLBI_NH_VAA, 3ul << 10, 0, 0},
    {"TLBI_NH_VA: TG = 2 with TTL = 1 is TTL = 0", CMD_TLBI_NH_VA, 2ul << 10 | 1ul << 8, 0, 0},
    {"TLBI_S2_IPA: TG = 1, NUM = SCALE = TTL = 0", CMD_TLBI_S2_IPA, 1ul << 10, 0, 0},
    {"TLBI_EL2_VA: TG = 1, NUM = SCALE = TTL = 0", CMD_TLBI_EL2_VA, 1ul << 10, 0, 0},
    {"CFGI_CD without stage 1", CMD_CFGI_CD, 0, SMMU_FEATURE_STAGE1, 0},
    {"CFGI_CD_ALL without stage 1", CMD_CFGI_CD_ALL, 0, SMMU_FEATURE_STAGE1, 0},
    {"TLBI_NH_ALL without stage 1", CMD_TLBI_NH_ALL, 0, SMMU_FEATURE_STAGE1, 0},
    {"TLBI_NH_ASID without stage 1", CMD_TLBI_NH_ASID, 0, SMMU_FEATURE_STAGE1, 0},
    {"TLBI_EL2_ALL without Hyp", CMD_TLBI_EL2_ALL, 0, SMMU_FEATURE_HYP, 0},
    {"TLBI_EL2_ASID without Hyp", CMD_TLBI_EL2_ASID, 0, SMMU_FEATURE_HYP, 0},
    {"TLBI_S12_VMALL without stage 2", CMD_TLBI_S12_VMALL, 0, SMMU_FEATURE_STAGE2, 0},
    {"TLBI_S2_IPA without stage 2", CMD_TLBI_S2_IPA, 0, SMMU_FEATURE_STAGE2, 0},
    {"ATC_INV without ATS", CMD_ATC_INV, 0, SMMU_FEATURE_ATS | SMMU_FEATURE_PRI, 0},
    {"PRI_RESP without PRI", CMD_PRI_RESP, 0, SMMU_FEATURE_PRI, 0},
    {"RESUME with STALL_MODEL = 01", CMD_RESUME, 0, 0, SMMU_TERMINATE_ONLY},
    {"STALL_TERM with STALL_MODEL = 01", CMD_STALL_TERM, 0, 0, SMMU_TERMINATE_ONLY},
};

static void prepare_illegal(struct rig *rig, const void *argument) {
    const struct illegal *row = argument;
    rig->config.features &= ~row->without;
    rig->config.stall_model = row->stall_model;
    if ((row->without & SMMU_FEATURE_STAGE1) != 0) {
        rig->config.features &=
            ~(uint32_t)(SMMU_FEATURE_HYP | SMMU_FEATURE_SECURE | SMMU_FEATURE_TWO_LEVEL_CONTEXTS);
        rig->config.substream_bits = 0;
    }
}

static void run_illegal(struct rig *rig, const void *argument) {
    const struct illegal *row = argument;
    check_command(rig, CMD_SYNC, 0);
    check_command_error(rig, row->word0, row->word1, SMMU_CERROR_ILL);
}

/* --- Commands that are consumed, whatever their parameters */

static const struct illegal legals[] = {
    {"PREFETCH_CONFIG beyond the table", CMD_PREFETCH_CONFIG | 0xfffffffful << 32, 0, 0, 0},
    {"PREFETCH_ADDR of an invalid stream", CMD_PREFETCH_ADDR | 3ul << 32, 0x5000 | 31, 0, 0},
    {"CFGI_STE beyond the table", CMD_CFGI_STE | 0xfffffffful << 32, 1, 0, 0},
    {"CFGI_STE_RANGE of all", CMD_CFGI_STE_RANGE, 31, 0, 0},
    {"CFGI_CD of a large SubstreamID", CMD_CFGI_CD | 0xffffful << 12, 1, 0, 0},
    {"CFGI_CD_ALL", CMD_CFGI_CD_ALL, 0, 0, 0},
    {"TLBI_NH_VA with all range bits", CMD_TLBI_NH_VA | 31ul << 12 | 63ul << 20, ~0ul, 0, 0},
    {"TLBI_NH_VAA at the top of the space", CMD_TLBI_NH_VAA | 31ul << 12 | 20ul << 20, 0xfffffffffffff000 | 1ul << 10,
     0, 0},
    {"TLBI_S2_IPA with SCALE = 63", CMD_TLBI_S2_IPA | 63ul << 20, 1ul << 10, 0, 0},
    {"TLBI_EL2_VAA", CMD_TLBI_EL2_VAA, 0x1000, 0, 0},
    {"TLBI_S12_VMALL", CMD_TLBI_S12_VMALL | 0xfffful << 32, 0, 0, 0},
    {"ATC_INV with Size = 63", CMD_ATC_INV, 63, 0, 0},
    {"RESUME of a STAG that is none", CMD_RESUME | 1ul << 12, 0xffff, 0, 0},
    {"STALL_TERM of a stream without stalls", CMD_STALL_TERM | 5ul << 32, 0, 0, 0},
    {"reserved bits of SYNC", CMD_SYNC | 0xf00, 3, 0, 0},
};

static void run_legal(struct rig *rig, const void *argument) {
    const struct illegal *row = argument;
    check_command(rig, row->word0, row->word1);
    check_no_event(rig);
}

/* --- The queue */

static void run_wrap(struct rig *rig, const void *argument) {
    (void)argument;
    for (unsigned i = 0; i < 5u << RIG_QUEUE_BITS; i++) {
        check_command(rig, CMD_SYNC, 0);
    }
}

static void run_batch(struct rig *rig, const void *argument) {
    (void)argument;
    struct smmu_statistics before, after;
    smmu_statistics(rig->smmu, &before);
    for (unsigned i = 0; i < 1u << RIG_QUEUE_BITS; i++) {
        rig_store(rig, rig->commands + i * 16, CMD_SYNC);
    }
    rig_write(rig, SMMU_CMDQ_PROD, 1u << RIG_QUEUE_BITS); /* full: equal indexes, wrap bits differ */
    assert_int_equal(rig_read(rig, SMMU_CMDQ_CONS), 1u << RIG_QUEUE_BITS);
    smmu_statistics(rig->smmu, &after);
    assert_int_equal(after.syncs - before.syncs, 1u << RIG_QUEUE_BITS);
    assert_int_equal(rig->signals, 1); /* SEV: it was full, and is not */
}

static void run_prod_beyond(struct rig *rig, const void *argument) {
    (void)argument;
    struct smmu_statistics after;
    for (unsigned i = 0; i < 1u << RIG_QUEUE_BITS; i++) {
        rig_store(rig, rig->commands + i * 16, CMD_SYNC);
    }
    rig_write(rig, SMMU_CMDQ_PROD, (1u << RIG_QUEUE_BITS) + 5); /* more than the queue has */
    smmu_statistics(rig->smmu, &after);
    assert_true(after.syncs <= 1u << RIG_QUEUE_BITS);
}

static void run_disabled(struct rig *rig, const void *argument) {
    (void)argument;
    rig_write(rig, SMMU_CR0, SMMU_CR0_SMMUEN);
    rig_command(rig, CMD_SYNC, 0);
    assert_int_equal(rig_read(rig, SMMU_CMDQ_CONS), 0);
    rig_write(rig, SMMU_CR0, SMMU_CR0_SMMUEN | SMMU_CR0_CMDQEN);
    assert_int_equal(rig_read(rig, SMMU_CMDQ_CONS), 1);
}

static void run_restart(struct rig *rig, const void *argument) {
    (void)argument;
    check_command_error(rig, 0xff, 0, SMMU_CERROR_ILL);
    rig_command(rig, CMD_SYNC, 0);
    assert_int_equal(rig_read(rig, SMMU_CMDQ_CONS) & 0xfffff, 0); /* stopped */
    rig_store(rig, rig->commands, CMD_SYNC);                       /* software rewrites it */
    rig_write(rig, SMMU_GERRORN, SMMU_GERROR_CMDQ);
    assert_int_equal(rig_read(rig, SMMU_CMDQ_CONS) & 0xfffff, 2);
}

static void run_restart_again(struct rig *rig, const void *argument) {
    (void)argument;
    check_command_error(rig, 0xff, 0, SMMU_CERROR_ILL);
    rig_write(rig, SMMU_GERRORN, SMMU_GERROR_CMDQ); /* not rewritten: it fails again */
    assert_int_equal(rig_read(rig, SMMU_CMDQ_CONS) & 0xfffff, 0);
    assert_int_equal(rig_read(rig, SMMU_GERROR), 0);
    assert_int_equal(rig_read(rig, SMMU_GERRORN), SMMU_GERROR_CMDQ);
}

static void run_fetch_abort(struct rig *rig, const void *argument) {
    (void)argument;
    rig->abort_at = rig->commands + 16;
    check_command(rig, CMD_SYNC, 0);
    rig_command(rig, CMD_SYNC, 0);
    assert_int_equal(rig_read(rig, SMMU_CMDQ_CONS), 1 | SMMU_CERROR_ABT << SMMU_CMDQ_ERROR_SHIFT);
    rig->abort_at = RIG_NOWHERE;
    rig_write(rig, SMMU_GERRORN, SMMU_GERROR_CMDQ);
    assert_int_equal(rig_read(rig, SMMU_CMDQ_CONS) & 0xfffff, 2);
}

/* The code of the last error, not of all. */
static void run_error_code(struct rig *rig, const void *argument) {
    (void)argument;
    check_command_error(rig, 0xff, 0, SMMU_CERROR_ILL);
    rig->abort_at = rig->commands;
    rig_write(rig, SMMU_GERRORN, SMMU_GERROR_CMDQ);
    assert_int_equal(rig_read(rig, SMMU_CMDQ_CONS), (uint32_t)SMMU_CERROR_ABT << SMMU_CMDQ_ERROR_SHIFT);
}

static void run_largest_size(struct rig *rig, const void *argument) {
    (void)argument;
    rig_write(rig, SMMU_CR0, SMMU_CR0_SMMUEN);
    rig_write64(rig, SMMU_CMDQ_BASE, rig->commands | 31);
    assert_int_equal(rig_read(rig, SMMU_CMDQ_BASE) & 31, 31);
    rig_write(rig, SMMU_CMDQ_PROD, 0x1ffff); /* the wrap bit of 16 bits, and all below */
    rig_write(rig, SMMU_CMDQ_CONS, 0x1ffff);
    rig_write(rig, SMMU_CR0, SMMU_CR0_SMMUEN | SMMU_CR0_CMDQEN);
    assert_int_equal(rig_read(rig, SMMU_CMDQ_CONS), 0x1ffff);
}

/* --- Configuration invalidation: stale until named */

struct cfgi {
    const char *name;
    uint64_t word0, word1;
    bool drops; /* the cached descriptor of stream 1, SubstreamID 2 */
};

#define SID(s)  ((uint64_t)(s) << 32)
#define SSID(s) ((uint64_t)(s) << 12)
static const struct cfgi cfgis[] = {
    {"nothing", CMD_SYNC, 0, false},
    {"CFGI_STE of the stream", CMD_CFGI_STE | SID(1), 0, true},
    {"CFGI_STE with Leaf", CMD_CFGI_STE | SID(1), 1, true},
    {"CFGI_STE of another stream", CMD_CFGI_STE | SID(2), 0, false},
    {"CFGI_STE_RANGE around it", CMD_CFGI_STE_RANGE | SID(0), 0, true},
    {"CFGI_STE_RANGE aligns the StreamID", CMD_CFGI_STE_RANGE | SID(7), 2, true},
    {"CFGI_STE_RANGE beside it", CMD_CFGI_STE_RANGE | SID(2), 0, false},
    {"CFGI_ALL", CMD_CFGI_STE_RANGE | SID(0xffffffff), 31, true},
    {"CFGI_CD of the SubstreamID", CMD_CFGI_CD | SID(1) | SSID(2), 0, true},
    {"CFGI_CD with Leaf", CMD_CFGI_CD | SID(1) | SSID(2), 1, true},
    {"CFGI_CD of another SubstreamID", CMD_CFGI_CD | SID(1) | SSID(3), 0, false},
    {"CFGI_CD of another stream", CMD_CFGI_CD | SID(2) | SSID(2), 0, false},
    {"CFGI_CD_ALL of the stream", CMD_CFGI_CD_ALL | SID(1), 0, true},
    {"CFGI_CD_ALL of another stream", CMD_CFGI_CD_ALL | SID(2), 0, false},
    {"TLBI_NSNH_ALL", CMD_TLBI_NSNH_ALL, 0, false},
};

static void run_cfgi(struct rig *rig, const void *argument) {
    const struct cfgi *row = argument;
    struct rig_space space, other;
    struct smmu_result result;
    map_one(rig, &space);
    rig_stage1(rig, &other, 12, 48);
    smmu_tables_map(&other.tables, VA, 0x00777000, 3, RIG_PAGE);
    uint64_t table = rig_alloc(rig, 1024);
    space.cd_address = table + 2 * 64;
    space.stream.contexts = table;
    space.stream.context_bits = 4;
    rig_install(rig, 1, &space);
    assert_int_equal(rig_access_substream(rig, 1, 2, VA, SMMU_SUBSTREAM, &result), SMMU_OK);
    assert_int_equal(result.address, PA);
    space.context.lower = &other.tables; /* another table, another ASID */
    space.context.asid = 2;
    rig_install(rig, 1, &space);
    check_command(rig, row->word0, row->word1);
    check_command(rig, CMD_SYNC, 0);
    assert_int_equal(rig_access_substream(rig, 1, 2, VA, SMMU_SUBSTREAM, &result), SMMU_OK);
    assert_int_equal(result.address, row->drops ? 0x00777000 : PA);
}

/* Without a SubstreamID descriptor 0 is used: CFGI_CD names it by SubstreamID 0. */
static void run_cfgi_zero(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    map_one(rig, &space);
    check_translates(rig, 1, VA, 0, PA);
    space.context.asid = 2;
    space.context.lower = NULL;
    rig_install(rig, 1, &space);
    check_translates(rig, 1, VA, 0, PA);
    check_command(rig, CMD_CFGI_CD | SID(1), 1);
    check_faults(rig, 1, VA, 0, F_TRANSLATION);
}

/* --- TLB invalidation: which of the cached translations each command takes away */

enum {
    A = 1 << 0, /* stream 1: VMID 1, ASID 1, page at VA */
    B = 1 << 1, /* stream 1: the page after VA */
    C = 1 << 2, /* stream 2: VMID 1, ASID 2, page at VA */
    D = 1 << 3, /* stream 3: VMID 2, ASID 1, page at VA */
    G = 1 << 4, /* stream 1: a global page at VA + 8 KiB */
    K = 1 << 5, /* stream 1: a 2 MiB block at VA + 1 GiB */
    S = 1 << 6, /* stream 4: stage 2 alone, VMID 1, IPA */
    N = 1 << 7, /* stream 5: nested, VMID 1, ASID 5, VA */
    E = 1 << 8, /* stream 6: EL2, VA */
    EVERY = (1 << 9) - 1,
};

struct tlbi {
    const char *name;
    uint64_t word0, word1;
    unsigned dropped;
};

#define VMID(v) ((uint64_t)(v) << 32)
#define ASID(a) ((uint64_t)(a) << 48)
#define RANGE(tg, num, scale, address) (num) << 12 | (uint64_t)(scale) << 20, (address) | (uint64_t)(tg) << 10
static const struct tlbi tlbis[] = {
    {"nothing", CMD_SYNC, 0, 0},
    {"CFGI_ALL", CMD_CFGI_STE_RANGE, 31, 0},
    {"NH_ALL of VMID 1", CMD_TLBI_NH_ALL | VMID(1), 0, A | B | C | G | K | N},
    {"NH_ALL of VMID 2", CMD_TLBI_NH_ALL | VMID(2), 0, D},
    {"NH_ASID 1 of VMID 1: not global", CMD_TLBI_NH_ASID | VMID(1) | ASID(1), 0, A | B | K},
    {"NH_ASID 2 of VMID 1", CMD_TLBI_NH_ASID | VMID(1) | ASID(2), 0, C},
    {"NH_ASID 5 of VMID 1: nested", CMD_TLBI_NH_ASID | VMID(1) | ASID(5), 0, N},
    {"NH_ASID 0 is not global", CMD_TLBI_NH_ASID | VMID(1) | ASID(0), 0, 0},
    {"NH_VAA inside of a block", CMD_TLBI_NH_VAA | VMID(1), VA + (1ul << 30) + 0x5000, K},
    {"NH_ASID 9", CMD_TLBI_NH_ASID | VMID(1) | ASID(9), 0, 0},
    {"NH_VA", CMD_TLBI_NH_VA | VMID(1) | ASID(1), VA, A},
    {"NH_VA with Leaf", CMD_TLBI_NH_VA | VMID(1) | ASID(1), VA | 1, A},
    {"NH_VA of another ASID", CMD_TLBI_NH_VA | VMID(1) | ASID(2), VA, C},
    {"NH_VA of another VMID", CMD_TLBI_NH_VA | VMID(2) | ASID(1), VA, D},
    {"NH_VA: global whatever the ASID", CMD_TLBI_NH_VA | VMID(1) | ASID(9), VA + 0x2000, G},
    {"NH_VA inside of a block", CMD_TLBI_NH_VA | VMID(1) | ASID(1), VA + (1ul << 30) + 0x5000, K},
    {"NH_VA beside everything", CMD_TLBI_NH_VA | VMID(1) | ASID(1), VA + (1ul << 31), 0},
    {"NH_VAA", CMD_TLBI_NH_VAA | VMID(1), VA, A | C | N},
    {"NH_VAA of a global page", CMD_TLBI_NH_VAA | VMID(1), VA + 0x2000, G},
    {"NH_VA, range of 2 pages", CMD_TLBI_NH_VA | VMID(1) | ASID(1) | RANGE(1, 1ul, 0, VA), A | B},
    {"NH_VA, range of 4 pages", CMD_TLBI_NH_VA | VMID(1) | ASID(1) | RANGE(1, 3ul, 0, VA), A | B | G},
    {"NH_VA, range by SCALE", CMD_TLBI_NH_VA | VMID(1) | ASID(1) | RANGE(1, 0ul, 2, VA), A | B | G},
    {"NH_VA, range up to the page before", CMD_TLBI_NH_VA | VMID(1) | ASID(1) | RANGE(1, 3ul, 0, VA - 0x4000), 0},
    {"NH_VA, range over everything", CMD_TLBI_NH_VA | VMID(1) | ASID(1) | RANGE(1, 31ul, 20, 0ul), A | B | G | K},
    {"NH_VA, 64 KiB granule", CMD_TLBI_NH_VA | VMID(1) | ASID(1) | RANGE(3, 1ul, 0, VA & ~0xfffful), A | B | G},
    {"NH_VA, range that ends in a block", CMD_TLBI_NH_VA | VMID(1) | ASID(1) |
     RANGE(1, 15ul, 0, (VA & ~0x1ffffful) + (1ul << 30) - 0x8000), K},
    {"NH_VAA, range of 4 pages", CMD_TLBI_NH_VAA | VMID(1) | RANGE(1, 3ul, 0, VA), A | B | C | G | N},
    {"NH_VA with a level hint", CMD_TLBI_NH_VA | VMID(1) | ASID(1), VA | 1ul << 10 | 3ul << 8, A},
    {"S12_VMALL of VMID 1", CMD_TLBI_S12_VMALL | VMID(1), 0, A | B | C | G | K | S | N},
    {"S12_VMALL of VMID 2", CMD_TLBI_S12_VMALL | VMID(2), 0, D},
    {"S2_IPA: stage 2 alone, not nested", CMD_TLBI_S2_IPA | VMID(1), IPA, S},
    {"S2_IPA of another VMID", CMD_TLBI_S2_IPA | VMID(2), IPA, 0},
    {"S2_IPA beside it", CMD_TLBI_S2_IPA | VMID(1), IPA + 0x1000, 0},
    {"S2_IPA, range", CMD_TLBI_S2_IPA | VMID(1) | RANGE(1, 3ul, 0, IPA - 0x2000), S},
    {"NSNH_ALL: all but EL2", CMD_TLBI_NSNH_ALL, 0, EVERY & ~E},
    {"EL2_ALL", CMD_TLBI_EL2_ALL, 0, E},
    {"EL2_VA", CMD_TLBI_EL2_VA, VA, E},
    {"EL2_VAA", CMD_TLBI_EL2_VAA, VA, E},
    {"EL2_VA beside it", CMD_TLBI_EL2_VA, VA + 0x1000, 0},
    {"EL2_ASID without E2H", CMD_TLBI_EL2_ASID | ASID(1), 0, 0},
};

static struct rig_space space_of_asid(struct rig *rig, uint32_t stream, uint16_t vmid, uint16_t asid, uint8_t world) {
    struct rig_space space;
    rig_stage1(rig, &space, 12, 48);
    space.context.asid = asid;
    space.stream.vmid = vmid;
    space.stream.world = world;
    smmu_tables_map(&space.tables, VA, PA, 3, RIG_PAGE);
    rig_install(rig, stream, &space);
    return space;
}

static const struct {
    uint32_t stream;
    uint64_t address;
} cached[] = {{1, VA}, {1, VA + 0x1000}, {2, VA}, {3, VA}, {1, VA + 0x2000}, {1, VA + (1ul << 30)}, {4, IPA}, {5, VA},
              {6, VA}};
#define CACHED (sizeof(cached) / sizeof(cached[0]))

/* What is still cached translates; what is not meets tables that are gone. */
static unsigned find_dropped(struct rig *rig) {
    struct smmu_result result;
    unsigned dropped = 0;
    uint64_t record[SMMU_EVENT_WORDS];
    for (unsigned i = 0; i < CACHED; i++) {
        if (rig_access(rig, cached[i].stream, cached[i].address, 0, &result) != SMMU_OK) {
            dropped |= 1u << i;
            assert_true(rig_event(rig, record));
        }
    }
    return dropped;
}

static void run_tlbi(struct rig *rig, const void *argument) {
    const struct tlbi *row = argument;
    struct rig_space nested, alone;
    struct smmu_tables of_nested, of_alone;
    struct smmu_result result;
    struct rig_space first = space_of_asid(rig, 1, 1, 1, 0), el2 = space_of_asid(rig, 6, 0, 0, 2);
    struct rig_space second = space_of_asid(rig, 2, 1, 2, 0), third = space_of_asid(rig, 3, 2, 1, 0);
    smmu_tables_map(&first.tables, VA + 0x1000, PA, 3, RIG_PAGE);
    smmu_tables_map(&first.tables, VA + 0x2000, PA, 3, RIG_PAGE & ~TTD_NOT_GLOBAL);
    smmu_tables_map(&first.tables, VA + (1ul << 30), 0x600000, 2, RIG_PAGE);
    uint64_t ste[SMMU_STE_WORDS];
    memcpy(ste, rig->ram + rig_stream_address(rig, 1), sizeof(ste));
    map_nested(rig, &nested, &of_nested);
    nested.context.asid = 5;
    rig_install(rig, 5, &nested);
    map_stage2(rig, &alone, &of_alone);
    rig_install(rig, 4, &alone);
    rig_stream(rig, 1, ste);
    for (unsigned i = 0; i < CACHED; i++) {
        assert_int_equal(rig_access(rig, cached[i].stream, cached[i].address, 0, &result), SMMU_OK);
    }
    const struct smmu_tables *tables[] = {&first.tables, &second.tables, &third.tables, &nested.tables, &el2.tables};
    for (unsigned i = 0; i < 5; i++) {
        for (uint64_t page = 0; page < 3; page++) {
            struct smmu_tables copy = *tables[i];
            smmu_tables_unmap(&copy, VA + page * 0x1000, 3);
        }
    }
    smmu_tables_unmap(&first.tables, VA + (1ul << 30), 2);
    smmu_tables_unmap(&of_alone, IPA, 3);
    assert_int_equal(find_dropped(rig), 0);
    check_command(rig, row->word0, row->word1);
    assert_int_equal(find_dropped(rig), row->dropped);
}

static void run_e2h(struct rig *rig, const void *argument) {
    (void)argument;
    rig_write(rig, SMMU_CR0, SMMU_CR0_QUEUES);
    rig_write(rig, SMMU_CR2, SMMU_CR2_E2H | SMMU_CR2_RECINVSID);
    rig_write(rig, SMMU_CR0, SMMU_CR0_QUEUES | SMMU_CR0_SMMUEN);
    struct rig_space space = space_of_asid(rig, 1, 0, 3, 2);
    check_translates(rig, 1, VA, 0, PA);
    smmu_tables_unmap(&space.tables, VA, 3);
    check_command(rig, CMD_TLBI_EL2_ASID | ASID(4), 0);
    check_command(rig, CMD_TLBI_EL2_VA | ASID(4), VA);
    check_command(rig, CMD_TLBI_NSNH_ALL, 0);
    check_translates(rig, 1, VA, 0, PA);
    check_command(rig, CMD_TLBI_EL2_ASID | ASID(3), 0);
    check_faults(rig, 1, VA, 0, F_TRANSLATION);
}

static void run_wildcard(struct rig *rig, const void *argument) {
    (void)argument;
    rig_write(rig, SMMU_CR0, SMMU_CR0_QUEUES | SMMU_CR0_SMMUEN | 2u << 6); /* two bits do not count */
    struct rig_space space = space_of_asid(rig, 1, 0x13, 1, 0);
    check_translates(rig, 1, VA, 0, PA);
    smmu_tables_unmap(&space.tables, VA, 3);
    check_command(rig, CMD_TLBI_NH_VA | VMID(0x14) | ASID(1), VA);
    check_translates(rig, 1, VA, 0, PA);
    check_command(rig, CMD_TLBI_NH_VA | VMID(0x10) | ASID(1), VA);
    check_faults(rig, 1, VA, 0, F_TRANSLATION);
}

/* An entry that does not permit is not believed: the tables say what is permitted now. */
static void run_upgrade(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    map_one(rig, &space);
    smmu_tables_map(&space.tables, VA, PA, 3, RIG_PAGE | TTD_AP_READ_ONLY);
    check_translates(rig, 1, VA, 0, PA);
    check_faults(rig, 1, VA, SMMU_WRITE, F_PERMISSION);
    smmu_tables_map(&space.tables, VA, PA, 3, RIG_PAGE);
    check_translates(rig, 1, VA, SMMU_WRITE, PA);
    check_translates(rig, 1, VA, SMMU_WRITE, PA);
    assert_int_equal(smmu_tlb_used(rig->smmu), 1);
}

/* --- CMD_SYNC */

static void run_sync_wire(struct rig *rig, const void *argument) {
    (void)argument;
    check_command(rig, CMD_SYNC | 1ul << 12, 0);
    assert_int_equal(rig->interrupts[SMMU_INTERRUPT_SYNC], 1);
    check_command(rig, CMD_SYNC, 0x1000);
    assert_int_equal(rig->interrupts[SMMU_INTERRUPT_SYNC], 1);
}

static void run_sync_message(struct rig *rig, const void *argument) {
    (void)argument;
    uint64_t target = rig_alloc(rig, 8);
    check_command(rig, CMD_SYNC | 1ul << 12 | 0xdeadbeeful << 32, target);
    assert_int_equal(rig_load(rig, target), 0xdeadbeef);
    assert_int_equal(rig->interrupts[SMMU_INTERRUPT_SYNC], 0);
}

static void run_sync_message_aborts(struct rig *rig, const void *argument) {
    (void)argument;
    uint64_t target = rig_alloc(rig, 8);
    rig->abort_writes_at = target;
    check_command(rig, CMD_SYNC | 1ul << 12, target);
    assert_int_equal(rig_read(rig, SMMU_GERROR), SMMU_GERROR_MSI_CMDQ);
}

static void run_sync_event(struct rig *rig, const void *argument) {
    (void)argument;
    check_command(rig, CMD_SYNC | 2ul << 12, 0);
    assert_int_equal(rig->signals, 1);
}

static void run_sync_bracket(struct rig *rig, const void *argument) {
    (void)argument;
    smmu_port_begin(&rig->port);
    rig_command(rig, CMD_TLBI_NSNH_ALL, 0);
    rig_command(rig, CMD_SYNC | 1ul << 12, 0);
    assert_int_equal(rig_read(rig, SMMU_CMDQ_CONS), 1);
    assert_int_equal(rig->interrupts[SMMU_INTERRUPT_SYNC], 0);
    smmu_port_end(&rig->port);
    assert_int_equal(rig_read(rig, SMMU_CMDQ_CONS), 2);
    assert_int_equal(rig->interrupts[SMMU_INTERRUPT_SYNC], 1);
    smmu_port_begin(&rig->port);
    smmu_port_end(&rig->port);
    check_command(rig, CMD_SYNC, 0);
}

/* Only brackets that were open count: the next one of the same port does not. */
static void run_sync_later_bracket(struct rig *rig, const void *argument) {
    (void)argument;
    struct smmu_port other;
    void *memory = rig_alloc(rig, 4096) + rig->ram;
    assert_true(smmu_port_init(&other, rig->smmu, memory, 1, 1));
    smmu_port_begin(&rig->port);
    rig_command(rig, CMD_SYNC, 0);
    smmu_port_begin(&other); /* after the SYNC was looked at */
    smmu_port_end(&rig->port);
    assert_int_equal(rig_read(rig, SMMU_CMDQ_CONS), 1);
    smmu_port_end(&other);
}

static void run_atc_timeout(struct rig *rig, const void *argument) {
    (void)argument;
    rig->atc_silent = true;
    check_command(rig, CMD_ATC_INV | SID(1), 0);
    check_command_error(rig, CMD_SYNC, 0, SMMU_CERROR_ATC_INV_SYNC);
    rig_write(rig, SMMU_GERRORN, rig_read(rig, SMMU_GERROR));
    assert_int_equal(rig_read(rig, SMMU_CMDQ_CONS) & 0xfffff, rig->command_prod);
}

/* --- Prefetch */

static void run_prefetch_config(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    map_one(rig, &space);
    check_command(rig, CMD_PREFETCH_CONFIG | SID(1), 0);
    assert_int_equal(smmu_configuration_used(rig->smmu), 1);
    assert_int_equal(smmu_tlb_used(rig->smmu), 0);
    check_command(rig, CMD_PREFETCH_CONFIG | SID(2), 0); /* invalid: silently nothing */
    assert_int_equal(smmu_configuration_used(rig->smmu), 1);
    check_no_event(rig);
}

static void run_prefetch_address(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    map_one(rig, &space);
    for (uint64_t i = 0; i < 8; i++) {
        smmu_tables_map(&space.tables, VA + i * 0x2000, PA, 3, RIG_PAGE);
    }
    check_command(rig, CMD_PREFETCH_ADDR | SID(1), VA | 1ul << 5 | 2); /* four of them, 8 KiB apart */
    assert_int_equal(smmu_tlb_used(rig->smmu), 4);
    check_command(rig, CMD_PREFETCH_ADDR | SID(1), (VA + 0x100000) | 3); /* not mapped */
    assert_int_equal(smmu_tlb_used(rig->smmu), 4);
    check_no_event(rig);
    rig_write(rig, SMMU_CR0, SMMU_CR0_QUEUES);
    check_command(rig, CMD_PREFETCH_ADDR | SID(1), VA + 0x2000);
    check_no_event(rig);
}

static const struct row rows[] = {
    {"3.5.1 the queue wraps", run_wrap, NULL, NULL},
    {"3.5.1 a full queue is consumed", run_batch, NULL, NULL},
    {"3.5.1 PROD beyond the queue: bounded work", run_prod_beyond, NULL, NULL},
    {"4.1.2 CMDQEN = 0: nothing is consumed", run_disabled, NULL, NULL},
    {"7.1 the failed command is fetched again", run_restart, NULL, NULL},
    {"7.1 and fails again", run_restart_again, NULL, NULL},
    {"7.1 CERROR_ABT", run_fetch_abort, NULL, NULL},
    {"7.1 CMDQ_CONS.ERR is that of the last error", run_error_code, NULL, NULL},
    {"6.3.26 LOG2SIZE counts at most as CMDQS", run_largest_size, NULL, NULL},
    {"4.3.3 CFGI_CD of SubstreamID 0 without substreams", run_cfgi_zero, NULL, NULL},
    {"4.4.2.10 E2H: ASIDs of EL2", run_e2h, NULL, NULL},
    {"3.17.6 VMW: VMID wildcards", run_wildcard, NULL, NULL},
    {"3.21.1 more permissions need no invalidation", run_upgrade, NULL, NULL},
    {"4.7.3 SYNC: wire", run_sync_wire, NULL, NULL},
    {"4.7.3 SYNC: message", run_sync_message, NULL, NULL},
    {"4.7.3 SYNC: message aborts", run_sync_message_aborts, NULL, NULL},
    {"4.7.3 SYNC: event", run_sync_event, NULL, NULL},
    {"4.7.3 SYNC waits for transactions under way", run_sync_bracket, NULL, NULL},
    {"4.7.3 SYNC does not wait for later ones", run_sync_later_bracket, NULL, NULL},
    {"3.9.1.4 ATC_INV without answer: CERROR_ATC_INV_SYNC", run_atc_timeout, NULL, NULL},
    {"4.2.1 PREFETCH_CONFIG", run_prefetch_config, NULL, NULL},
    {"4.2.2 PREFETCH_ADDR", run_prefetch_address, NULL, NULL},
};

#define ADD(prefix, table, run, prepare)                                                           \
    for (size_t i = 0; i < sizeof(table) / sizeof((table)[0]); i++) {                              \
        suite_add_named(prefix, (table)[i].name, run, &(table)[i], prepare);                       \
    }

int main(void) {
    suite_add_rows(rows);
    ADD("4.1.3 CERROR_ILL: ", illegals, run_illegal, prepare_illegal);
    ADD("4.1.7 consumed: ", legals, run_legal, NULL);
    ADD("4.3 stale until named: ", cfgis, run_cfgi, NULL);
    ADD("4.4 scope: ", tlbis, run_tlbi, NULL);
    return suite_run("commands");
}
