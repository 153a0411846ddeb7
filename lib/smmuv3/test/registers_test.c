/* SPDX-License-Identifier: MIT */
/* The register pages: identification, guards, updates and their acknowledgement, errors, interrupts, reset. */
#include "smmuv3/test/suite.h"

#include <string.h>

/* --- Identification: each claim, with and without */

struct claim {
    const char *name;
    uint32_t offset, mask, with, without; /* expected values, with the feature and without */
    uint32_t feature;
};

static const struct claim claims[] = {
    {"IDR0.S2P", SMMU_IDR0, 1u << 0, 1u << 0, 0, SMMU_FEATURE_STAGE2},
    {"IDR0.TTF is AArch64", SMMU_IDR0, 3u << 2, 2u << 2, 2u << 2, 0},
    {"IDR0.COHACC", SMMU_IDR0, 1u << 4, 1u << 4, 0, SMMU_FEATURE_COHERENT},
    {"IDR0.BTM is never claimed", SMMU_IDR0, 1u << 5, 0, 0, 0},
    {"IDR0.Hyp", SMMU_IDR0, 1u << 9, 1u << 9, 0, SMMU_FEATURE_HYP},
    {"IDR0.ATS", SMMU_IDR0, 1u << 10, 1u << 10, 0, SMMU_FEATURE_ATS | SMMU_FEATURE_PRI},
    {"IDR0.ASID16", SMMU_IDR0, 1u << 12, 1u << 12, 0, SMMU_FEATURE_ASID16},
    {"IDR0.MSI", SMMU_IDR0, 1u << 13, 1u << 13, 0, SMMU_FEATURE_MSI},
    {"IDR0.ATOS is never claimed", SMMU_IDR0, 1u << 15 | 1u << 20, 0, 0, 0},
    {"IDR0.PRI", SMMU_IDR0, 1u << 16, 1u << 16, 0, SMMU_FEATURE_PRI},
    {"IDR0.VMW", SMMU_IDR0, 1u << 17, 1u << 17, 0, SMMU_FEATURE_VMW},
    {"IDR0.VMID16", SMMU_IDR0, 1u << 18, 1u << 18, 0, SMMU_FEATURE_VMID16},
    {"IDR0.CD2L", SMMU_IDR0, 1u << 19, 1u << 19, 0, SMMU_FEATURE_TWO_LEVEL_CONTEXTS},
    {"IDR0.TTENDIAN", SMMU_IDR0, 3u << 21, 0, 2u << 21, SMMU_FEATURE_BIG_ENDIAN},
    {"IDR0.RME_IMPL is never claimed", SMMU_IDR0, 1u << 30, 0, 0, 0},
    {"IDR1.PRIQS", SMMU_IDR1, 0x1fu << 11, 16u << 11, 0, SMMU_FEATURE_PRI},
    {"IDR1.EVENTQS", SMMU_IDR1, 0x1fu << 16, 16u << 16, 16u << 16, 0},
    {"IDR1.CMDQS", SMMU_IDR1, 0x1fu << 21, 16u << 21, 16u << 21, 0},
    {"IDR1.SSIDSIZE", SMMU_IDR1, 0x1fu << 6, 20u << 6, 20u << 6, 0},
    {"IDR1.SIDSIZE", SMMU_IDR1, 0x3f, 16, 16, 0},
    {"IDR1.ECMDQ is never claimed", SMMU_IDR1, 1u << 31, 0, 0, 0},
    {"IDR3.XNX and FWB", SMMU_IDR3, 1u << 4 | 1u << 8, 1u << 4 | 1u << 8, 0, SMMU_FEATURE_STAGE2},
    {"IDR3.STT", SMMU_IDR3, 1u << 9, 1u << 9, 0, SMMU_FEATURE_SMALL_TABLES},
    {"IDR3.RIL and BBML = 2", SMMU_IDR3, 7u << 10, 1u << 10 | 2u << 11, 1u << 10 | 2u << 11, 0},
    {"IDR3.MPAM and DPT are never claimed", SMMU_IDR3, 1u << 7 | 1u << 15, 0, 0, 0},
    {"IDR5.OAS = 48", SMMU_IDR5, 7, 5, 5, 0},
    {"IDR5 granules", SMMU_IDR5, 7u << 4, 7u << 4, 7u << 4, 0},
    {"IDR5.VAX", SMMU_IDR5, 3u << 10, 1u << 10, 0, SMMU_FEATURE_VA52},
    {"IDR5.DS and D128 are never claimed", SMMU_IDR5, 3u << 7, 0, 0, 0},
    {"IDR5.STALL_MAX", SMMU_IDR5, 0xffffu << 16, 64u << 16, 64u << 16, 0},
    {"AIDR is 3.3", SMMU_AIDR, ~0u, 3, 3, 0},
    {"IDR2 and IDR4 are zero", SMMU_IDR2, ~0u, 0, 0, 0},
};

static void run_claim(struct rig *rig, const void *argument) {
    const struct claim *claim = argument;
    assert_int_equal(rig_read(rig, claim->offset) & claim->mask, claim->with);
    rig_write(rig, claim->offset, ~0u);
    assert_int_equal(rig_read(rig, claim->offset) & claim->mask, claim->with);
}

static void prepare_without(struct rig *rig, const void *argument) {
    const struct claim *claim = argument;
    rig->config.features &= ~claim->feature;
}

static void run_without(struct rig *rig, const void *argument) {
    const struct claim *claim = argument;
    assert_int_equal(rig_read(rig, claim->offset) & claim->mask, claim->without);
}

/* --- Guards (6.3): written values stay out while the enable is on */

struct guarded {
    const char *name;
    uint32_t offset, value;
    uint32_t open;  /* CR0 with which it can be written */
    uint32_t extra; /* bits that read back apart from the value */
};

#define EVERYTHING (SMMU_CR0_SMMUEN | SMMU_CR0_QUEUES | SMMU_CR0_ATSCHK)
static const struct guarded guards[] = {
    {"CR2", SMMU_CR2, 0xb, EVERYTHING & ~SMMU_CR0_SMMUEN, 0},
    {"STRTAB_BASE", SMMU_STRTAB_BASE, 0x123440, EVERYTHING & ~SMMU_CR0_SMMUEN, 0},
    {"STRTAB_BASE upper half", SMMU_STRTAB_BASE + 4, 0x40001234, EVERYTHING & ~SMMU_CR0_SMMUEN, 0},
    {"STRTAB_BASE_CFG", SMMU_STRTAB_BASE_CFG, 0x1020a, EVERYTHING & ~SMMU_CR0_SMMUEN, 0},
    {"CR1 table attributes", SMMU_CR1, 0xd40, EVERYTHING & ~SMMU_CR0_SMMUEN, 0},
    {"CR1 queue attributes", SMMU_CR1, 0x35, SMMU_CR0_SMMUEN, 0},
    {"CMDQ_BASE", SMMU_CMDQ_BASE, 0x567804, EVERYTHING & ~SMMU_CR0_CMDQEN, 0},
    {"CMDQ_CONS", SMMU_CMDQ_CONS, 0x5, EVERYTHING & ~SMMU_CR0_CMDQEN, 0},
    {"EVENTQ_BASE", SMMU_EVENTQ_BASE, 0x567805, EVERYTHING & ~SMMU_CR0_EVENTQEN, 0},
    {"EVENTQ_PROD", SMMU_EVENTQ_PROD, 0x80000005, EVERYTHING & ~SMMU_CR0_EVENTQEN, 0},
    {"PRIQ_BASE", SMMU_PRIQ_BASE, 0x567806, EVERYTHING & ~SMMU_CR0_PRIQEN, 0},
    {"PRIQ_PROD", SMMU_PRIQ_PROD, 0x80000006, EVERYTHING & ~SMMU_CR0_PRIQEN, 0},
};

static void run_guard(struct rig *rig, const void *argument) {
    const struct guarded *row = argument;
    uint32_t before = rig_read(rig, row->offset);
    assert_int_not_equal(before, row->value);
    rig_write(rig, row->offset, row->value);
    assert_int_equal(rig_read(rig, row->offset), before);
    rig_write(rig, SMMU_CR0, row->open);
    rig_write(rig, row->offset, row->value);
    assert_int_equal(rig_read(rig, row->offset), row->value);
}

static const struct guarded interrupt_guards[] = {
    {"GERROR_IRQ_CFG0", SMMU_GERROR_IRQ_CFG0, 0x8000000, SMMU_IRQ_EVENTQ | SMMU_IRQ_PRIQ, 0},
    {"GERROR_IRQ_CFG1", SMMU_GERROR_IRQ_CFG1, 0x12345678, SMMU_IRQ_EVENTQ | SMMU_IRQ_PRIQ, 0},
    {"GERROR_IRQ_CFG2", SMMU_GERROR_IRQ_CFG2, 0x3f, SMMU_IRQ_EVENTQ | SMMU_IRQ_PRIQ, 0},
    {"EVENTQ_IRQ_CFG0", SMMU_EVENTQ_IRQ_CFG0, 0x8000004, SMMU_IRQ_GERROR | SMMU_IRQ_PRIQ, 0},
    {"EVENTQ_IRQ_CFG1", SMMU_EVENTQ_IRQ_CFG1, 0x12345679, SMMU_IRQ_GERROR | SMMU_IRQ_PRIQ, 0},
    {"EVENTQ_IRQ_CFG2", SMMU_EVENTQ_IRQ_CFG2, 0x21, SMMU_IRQ_GERROR | SMMU_IRQ_PRIQ, 0},
    {"PRIQ_IRQ_CFG0", SMMU_PRIQ_IRQ_CFG0, 0x8000008, SMMU_IRQ_GERROR | SMMU_IRQ_EVENTQ, 0},
    {"PRIQ_IRQ_CFG1", SMMU_PRIQ_IRQ_CFG1, 0x1234567a, SMMU_IRQ_GERROR | SMMU_IRQ_EVENTQ, 0},
    {"PRIQ_IRQ_CFG2", SMMU_PRIQ_IRQ_CFG2, 0x80000022, SMMU_IRQ_GERROR | SMMU_IRQ_EVENTQ, 0},
};

static void run_interrupt_guard(struct rig *rig, const void *argument) {
    const struct guarded *row = argument;
    rig_write(rig, row->offset, row->value);
    assert_int_equal(rig_read(rig, row->offset), 0);
    rig_write(rig, SMMU_IRQ_CTRL, row->open);
    rig_write(rig, row->offset, row->value);
    assert_int_equal(rig_read(rig, row->offset), row->value);
}

/* --- Updates */

static void run_cr0_reserved(struct rig *rig, const void *argument) {
    (void)argument;
    rig_write(rig, SMMU_CR0, ~0u);
    assert_int_equal(rig_read(rig, SMMU_CR0), EVERYTHING | SMMU_CR0_VMW);
    assert_int_equal(rig_read(rig, SMMU_CR0ACK), EVERYTHING | SMMU_CR0_VMW);
    rig_write(rig, SMMU_CR0ACK, 0);
    assert_int_equal(rig_read(rig, SMMU_CR0ACK), EVERYTHING | SMMU_CR0_VMW);
}

static void prepare_bare(struct rig *rig, const void *argument) {
    (void)argument;
    rig->config.features &= ~(uint32_t)(SMMU_FEATURE_ATS | SMMU_FEATURE_PRI | SMMU_FEATURE_VMW | SMMU_FEATURE_HYP);
}

static void run_cr0_bare(struct rig *rig, const void *argument) {
    (void)argument;
    rig_write(rig, SMMU_CR0, ~0u);
    assert_int_equal(rig_read(rig, SMMU_CR0ACK), SMMU_CR0_SMMUEN | SMMU_CR0_EVENTQEN | SMMU_CR0_CMDQEN);
    rig_write(rig, SMMU_CR0, 0);
    rig_write(rig, SMMU_CR2, ~0u);
    assert_int_equal(rig_read(rig, SMMU_CR2), SMMU_CR2_RECINVSID);
    rig_write(rig, SMMU_IRQ_CTRL, ~0u);
    assert_int_equal(rig_read(rig, SMMU_IRQ_CTRLACK), SMMU_IRQ_GERROR | SMMU_IRQ_EVENTQ);
    rig_write(rig, SMMU_PRIQ_PROD, 5);
    assert_int_equal(rig_read(rig, SMMU_PRIQ_PROD), 0);
}

static void prepare_deferred(struct rig *rig, const void *argument) {
    (void)argument;
    rig->config.deferred_updates = true;
}

static void run_deferred_cr0(struct rig *rig, const void *argument) {
    (void)argument;
    assert_int_equal(rig_read(rig, SMMU_CR0), EVERYTHING);
    assert_int_equal(rig_read(rig, SMMU_CR0ACK), 0);
    check_outcome(rig, 1, 0x1000, 0, SMMU_OK); /* not in effect: bypass */
    rig_write(rig, SMMU_CR0, 0);
    assert_int_equal(rig_read(rig, SMMU_CR0), EVERYTHING); /* a field under way keeps its value */
    smmu_run(rig->smmu);
    assert_int_equal(rig_read(rig, SMMU_CR0ACK), EVERYTHING);
    check_outcome(rig, 1, 0x1000, 0, SMMU_ABORT);
    rig_write(rig, SMMU_CR0, 0);
    smmu_run(rig->smmu);
    assert_int_equal(rig_read(rig, SMMU_CR0ACK), 0);
}

static void run_deferred_guard(struct rig *rig, const void *argument) {
    (void)argument;
    smmu_run(rig->smmu);
    rig_write(rig, SMMU_CR0, 0);
    rig_write(rig, SMMU_STRTAB_BASE_CFG, 3); /* not acknowledged yet */
    assert_int_equal(rig_read(rig, SMMU_STRTAB_BASE_CFG), RIG_STREAM_BITS);
    smmu_run(rig->smmu);
    rig_write(rig, SMMU_STRTAB_BASE_CFG, 3);
    assert_int_equal(rig_read(rig, SMMU_STRTAB_BASE_CFG), 3);
}

static void run_deferred_irq(struct rig *rig, const void *argument) {
    (void)argument;
    assert_int_equal(rig_read(rig, SMMU_IRQ_CTRLACK), 0);
    smmu_run(rig->smmu);
    assert_int_equal(rig_read(rig, SMMU_IRQ_CTRLACK), 7);
    rig_write(rig, SMMU_IRQ_CTRL, 0);
    rig_write(rig, SMMU_EVENTQ_IRQ_CFG1, 5);
    assert_int_equal(rig_read(rig, SMMU_EVENTQ_IRQ_CFG1), 0);
    rig_write(rig, SMMU_IRQ_CTRL, 7);
    smmu_run(rig->smmu);
    assert_int_equal(rig_read(rig, SMMU_IRQ_CTRLACK), 0); /* the first value was kept */
}

static void run_gbpa_without_update(struct rig *rig, const void *argument) {
    (void)argument;
    uint32_t before = rig_read(rig, SMMU_GBPA);
    rig_write(rig, SMMU_GBPA, SMMU_GBPA_ABORT);
    assert_int_equal(rig_read(rig, SMMU_GBPA), before);
}

static void run_gbpa_abort(struct rig *rig, const void *argument) {
    (void)argument;
    rig_write(rig, SMMU_CR0, SMMU_CR0_QUEUES);
    check_translates(rig, 1, 0x1234, 0, 0x1234);
    rig_write(rig, SMMU_GBPA, SMMU_GBPA_UPDATE | SMMU_GBPA_ABORT);
    assert_int_equal(rig_read(rig, SMMU_GBPA), SMMU_GBPA_ABORT);
    check_outcome(rig, 1, 0x1234, 0, SMMU_ABORT);
    check_no_event(rig);
}

static void run_gbpa_deferred(struct rig *rig, const void *argument) {
    (void)argument;
    rig_write(rig, SMMU_GBPA, SMMU_GBPA_UPDATE | SMMU_GBPA_ABORT);
    assert_int_equal(rig_read(rig, SMMU_GBPA), SMMU_GBPA_UPDATE | SMMU_GBPA_ABORT);
    rig_write(rig, SMMU_GBPA, SMMU_GBPA_UPDATE);
    assert_int_equal(rig_read(rig, SMMU_GBPA), SMMU_GBPA_UPDATE | SMMU_GBPA_ABORT);
    check_outcome(rig, 1, 0x1234, 0, SMMU_OK);
    smmu_run(rig->smmu);
    assert_int_equal(rig_read(rig, SMMU_GBPA), SMMU_GBPA_ABORT);
}

static void run_gbpa_attributes(struct rig *rig, const void *argument) {
    (void)argument;
    struct smmu_result result;
    rig_write(rig, SMMU_CR0, 0);
    rig_write(rig, SMMU_GBPA, SMMU_GBPA_UPDATE | 0x1f | 3u << 12); /* MTCFG, write-back, inner shareable */
    assert_int_equal(rig_access(rig, 1, 0x1000, 0, &result), SMMU_OK);
    assert_int_equal(result.attributes.memory, 0xff);
    assert_int_equal(result.attributes.shareability, 3);
    rig_write(rig, SMMU_GBPA, SMMU_GBPA_UPDATE | 0x11 | 3u << 12); /* Device-nGnRE */
    assert_int_equal(rig_access(rig, 1, 0x1000, 0, &result), SMMU_OK);
    assert_int_equal(result.attributes.memory, 0x04);
    assert_int_equal(result.attributes.shareability, 2);
    rig_write(rig, SMMU_GBPA, SMMU_GBPA_UPDATE | 1u << 12); /* incoming */
    assert_int_equal(rig_access(rig, 1, 0x1000, 0, &result), SMMU_OK);
    assert_int_equal(result.attributes.memory, 0xff);
    assert_int_equal(result.attributes.shareability, 3);
}

static void run_global_bypass(struct rig *rig, const void *argument) {
    (void)argument;
    struct smmu_result result;
    rig_write(rig, SMMU_CR0, SMMU_CR0_QUEUES);
    assert_int_equal(rig_access_substream(rig, 9999, 77, 0x5678, SMMU_SUBSTREAM | SMMU_WRITE, &result), SMMU_OK);
    assert_int_equal(result.address, 0x5678);
    check_outcome(rig, 1, 1ul << 48, 0, SMMU_ABORT);
    check_no_event(rig);
}

static void prepare_reset_aborts(struct rig *rig, const void *argument) {
    (void)argument;
    rig->config.features |= SMMU_FEATURE_RESET_ABORTS;
}

static void run_reset_aborts(struct rig *rig, const void *argument) {
    (void)argument;
    smmu_reset(rig->smmu);
    assert_int_equal(rig_read(rig, SMMU_GBPA) & SMMU_GBPA_ABORT, SMMU_GBPA_ABORT);
    check_outcome(rig, 1, 0, 0, SMMU_ABORT);
}

static void run_reset(struct rig *rig, const void *argument) {
    (void)argument;
    static const uint32_t offsets[] = {SMMU_CR0, SMMU_CR0ACK, SMMU_IRQ_CTRL, SMMU_IRQ_CTRLACK, SMMU_GERROR,
                                       SMMU_GERRORN, SMMU_CMDQ_PROD, SMMU_STRTAB_BASE_CFG};
    struct rig_space space;
    map_one(rig, &space);
    check_translates(rig, 1, VA, 0, PA);
    smmu_reset(rig->smmu);
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        assert_int_equal(rig_read(rig, offsets[i]), 0);
    }
    assert_int_equal(smmu_tlb_used(rig->smmu), 0);
    assert_int_equal(smmu_configuration_used(rig->smmu), 0);
}

/* --- Access */

static void run_halves(struct rig *rig, const void *argument) {
    (void)argument;
    rig_write(rig, SMMU_CR0, 0);
    rig_write64(rig, SMMU_CMDQ_BASE, 0x4012345678abcd05);
    assert_int_equal(rig_read(rig, SMMU_CMDQ_BASE), 0x78abcd05);
    assert_int_equal(rig_read(rig, SMMU_CMDQ_BASE + 4), 0x40123456);
    rig_write(rig, SMMU_CMDQ_BASE + 4, 0xff000001);
    assert_int_equal(smmu_read(rig->smmu, 0, SMMU_CMDQ_BASE, 8), 0x4000000178abcd05);
}

static void run_odd_accesses(struct rig *rig, const void *argument) {
    (void)argument;
    assert_int_equal(smmu_read(rig->smmu, 0, SMMU_IDR0, 2), 0);
    assert_int_equal(smmu_read(rig->smmu, 0, SMMU_IDR0, 1), 0);
    assert_int_equal(smmu_read(rig->smmu, 0, SMMU_IDR0 + 2, 4), 0);
    assert_int_equal(smmu_read(rig->smmu, 0, SMMU_CMDQ_BASE + 4, 8), 0);
    assert_int_equal(smmu_read(rig->smmu, 0, SMMU_IDR0, 8), 0);
    assert_int_equal(smmu_read(rig->smmu, 0, SMMU_CR0, 8), 0);
    assert_int_equal(smmu_read(rig->smmu, 0, SMMU_IDR0, 16), 0);
    smmu_write(rig->smmu, 0, SMMU_CR0, 0, 8);
    assert_int_equal(rig_read(rig, SMMU_CR0), EVERYTHING);
    smmu_write(rig->smmu, 0, SMMU_CR0, 0, 2);
    assert_int_equal(rig_read(rig, SMMU_CR0), EVERYTHING);
    assert_int_equal(smmu_read(rig->smmu, 0, SMMU_REGISTERS_SIZE, 4), 0);
    assert_int_equal(smmu_read(rig->smmu, 0, 0xfffffffc, 4), 0);
}

static void run_undefined(struct rig *rig, const void *argument) {
    (void)argument;
    static const uint32_t defined_in_other_builds[] = {0x30, 0x40, 0x48, 0x100, 0x130, 0x180, 0x200, 0xfd0, 0x4000};
    for (size_t i = 0; i < sizeof(defined_in_other_builds) / sizeof(uint32_t); i++) {
        rig_write(rig, defined_in_other_builds[i], ~0u);
        assert_int_equal(rig_read(rig, defined_in_other_builds[i]), 0);
    }
}

static void run_page1(struct rig *rig, const void *argument) {
    (void)argument;
    assert_int_equal(rig_read(rig, SMMU_PAGE1 + SMMU_IDR1), rig_read(rig, SMMU_IDR1));
    rig_write(rig, SMMU_EVENTQ_CONS, 3);
    assert_int_equal(rig_read(rig, 0xac), 3);
    rig_write(rig, 0xcc, 7);
    assert_int_equal(rig_read(rig, SMMU_PRIQ_CONS), 7);
}

static void prepare_no_msi(struct rig *rig, const void *argument) {
    (void)argument;
    rig->config.features &= ~(uint32_t)SMMU_FEATURE_MSI;
}

static void run_no_msi(struct rig *rig, const void *argument) {
    (void)argument;
    rig_write(rig, SMMU_IRQ_CTRL, 0);
    rig_write(rig, SMMU_EVENTQ_IRQ_CFG0, 0x1000);
    rig_write(rig, SMMU_GERROR_IRQ_CFG1, 0x1000);
    assert_int_equal(rig_read(rig, SMMU_EVENTQ_IRQ_CFG0), 0);
    assert_int_equal(rig_read(rig, SMMU_GERROR_IRQ_CFG1), 0);
    rig_write(rig, SMMU_PRIQ_IRQ_CFG2, SMMU_PRIQ_IRQ_LO);
    assert_int_equal(rig_read(rig, SMMU_PRIQ_IRQ_CFG2), SMMU_PRIQ_IRQ_LO);
}

/* --- Errors and interrupts */

static void fault_once(struct rig *rig) {
    check_outcome(rig, 1, 0x1000, 0, SMMU_ABORT); /* an all-zero entry: C_BAD_STE */
}

static void run_event_wire(struct rig *rig, const void *argument) {
    (void)argument;
    fault_once(rig);
    fault_once(rig);
    assert_int_equal(rig->interrupts[SMMU_INTERRUPT_EVENTQ], 1); /* empty to non-empty only */
    uint64_t record[SMMU_EVENT_WORDS];
    assert_true(rig_event(rig, record) && rig_event(rig, record));
    fault_once(rig);
    assert_int_equal(rig->interrupts[SMMU_INTERRUPT_EVENTQ], 2);
}

static void run_event_disabled(struct rig *rig, const void *argument) {
    (void)argument;
    rig_write(rig, SMMU_IRQ_CTRL, SMMU_IRQ_GERROR | SMMU_IRQ_PRIQ);
    fault_once(rig);
    assert_int_equal(rig->interrupts[SMMU_INTERRUPT_EVENTQ], 0);
}

static void set_message(struct rig *rig, uint32_t offset, uint64_t address, uint32_t data) {
    rig_write(rig, SMMU_IRQ_CTRL, 0);
    rig_write64(rig, offset, address);
    rig_write(rig, offset + 8, data);
    rig_write(rig, SMMU_IRQ_CTRL, 7);
}

static void run_event_message(struct rig *rig, const void *argument) {
    (void)argument;
    uint64_t target = rig_alloc(rig, 8);
    set_message(rig, SMMU_EVENTQ_IRQ_CFG0, target, 0xcafe0001);
    fault_once(rig);
    assert_int_equal(rig_load(rig, target), 0xcafe0001);
    assert_int_equal(rig->interrupts[SMMU_INTERRUPT_EVENTQ], 0);
}

static void run_event_message_aborts(struct rig *rig, const void *argument) {
    (void)argument;
    uint64_t target = rig_alloc(rig, 8);
    set_message(rig, SMMU_EVENTQ_IRQ_CFG0, target, 1);
    rig->abort_writes_at = target;
    fault_once(rig);
    assert_int_equal(rig_read(rig, SMMU_GERROR), SMMU_GERROR_MSI_EVENTQ);
    assert_int_equal(rig->interrupts[SMMU_INTERRUPT_GERROR], 1);
    assert_int_equal(rig_event_count(rig), 1);
}

static void run_gerror_message_aborts(struct rig *rig, const void *argument) {
    (void)argument;
    uint64_t target = rig_alloc(rig, 8);
    set_message(rig, SMMU_GERROR_IRQ_CFG0, target, 1);
    rig->abort_writes_at = target;
    check_command_error(rig, 0xff, 0, SMMU_CERROR_ILL);
    assert_int_equal(rig_read(rig, SMMU_GERROR), SMMU_GERROR_CMDQ | SMMU_GERROR_MSI_GERROR);
    struct smmu_statistics statistics;
    smmu_statistics(rig->smmu, &statistics);
    assert_int_equal(statistics.messages, 1);
    assert_int_equal(rig->interrupts[SMMU_INTERRUPT_GERROR], 0);
}

static void run_gerror_toggles(struct rig *rig, const void *argument) {
    (void)argument;
    check_command_error(rig, 0xff, 0, SMMU_CERROR_ILL);
    assert_int_equal(rig->interrupts[SMMU_INTERRUPT_GERROR], 1);
    rig_store(rig, rig->commands, CMD_SYNC);
    rig_write(rig, SMMU_GERRORN, SMMU_GERROR_CMDQ);
    assert_int_equal(rig_read(rig, SMMU_GERROR), SMMU_GERROR_CMDQ);
    check_command_error(rig, 0xff, 0, SMMU_CERROR_ILL); /* the second time it toggles back */
    assert_int_equal(rig_read(rig, SMMU_GERROR), 0);
    assert_int_equal(rig->interrupts[SMMU_INTERRUPT_GERROR], 2);
}

static void run_gerror_logged_once(struct rig *rig, const void *argument) {
    (void)argument;
    rig->abort_at = rig->events;
    fault_once(rig);
    fault_once(rig);
    assert_int_equal(rig_read(rig, SMMU_GERROR), SMMU_GERROR_EVENTQ_ABT);
    assert_int_equal(rig->interrupts[SMMU_INTERRUPT_GERROR], 1);
    rig_write(rig, SMMU_GERROR, 0);
    assert_int_equal(rig_read(rig, SMMU_GERROR), SMMU_GERROR_EVENTQ_ABT);
}

static void run_gerrorn_alone(struct rig *rig, const void *argument) {
    (void)argument;
    rig_write(rig, SMMU_GERRORN, ~0u);
    assert_int_equal(rig_read(rig, SMMU_GERRORN), 0xfd);
    assert_int_equal(rig_read(rig, SMMU_GERROR), 0);
}

/* --- The bring-up that a driver does (3.11) */

static void run_bring_up(struct rig *rig, const void *argument) {
    (void)argument;
    struct rig_space space;
    smmu_reset(rig->smmu);
    rig_write(rig, SMMU_CR0, 0);
    assert_int_equal(rig_read(rig, SMMU_CR0ACK), 0);
    rig_write(rig, SMMU_GBPA, SMMU_GBPA_UPDATE | SMMU_GBPA_ABORT);
    assert_int_equal(rig_read(rig, SMMU_GBPA) & SMMU_GBPA_UPDATE, 0);
    rig_write(rig, SMMU_CR1, 0xd75);
    rig_write(rig, SMMU_CR2, SMMU_CR2_RECINVSID | SMMU_CR2_E2H);
    rig_write64(rig, SMMU_STRTAB_BASE, rig->stream_table | 1ul << 62);
    rig_write(rig, SMMU_STRTAB_BASE_CFG, RIG_STREAM_BITS);
    rig_write64(rig, SMMU_CMDQ_BASE, rig->commands | RIG_QUEUE_BITS | 1ul << 62);
    rig_write(rig, SMMU_CMDQ_PROD, 0);
    rig_write(rig, SMMU_CMDQ_CONS, 0);
    rig_write(rig, SMMU_CR0, SMMU_CR0_CMDQEN);
    assert_int_equal(rig_read(rig, SMMU_CR0ACK), SMMU_CR0_CMDQEN);
    rig->command_prod = 0;
    check_command(rig, CMD_CFGI_STE_RANGE, 31);
    check_command(rig, CMD_TLBI_EL2_ALL, 0);
    check_command(rig, CMD_TLBI_NSNH_ALL, 0);
    check_command(rig, CMD_SYNC, 0);
    rig_write64(rig, SMMU_EVENTQ_BASE, rig->events | RIG_QUEUE_BITS);
    rig_write(rig, SMMU_EVENTQ_PROD, 0);
    rig_write(rig, SMMU_EVENTQ_CONS, 0);
    rig_write(rig, SMMU_CR0, SMMU_CR0_CMDQEN | SMMU_CR0_EVENTQEN);
    rig_write(rig, SMMU_IRQ_CTRL, 7);
    map_one(rig, &space);
    rig_write(rig, SMMU_CR0, SMMU_CR0_CMDQEN | SMMU_CR0_EVENTQEN | SMMU_CR0_SMMUEN);
    assert_int_equal(rig_read(rig, SMMU_CR0ACK), SMMU_CR0_CMDQEN | SMMU_CR0_EVENTQEN | SMMU_CR0_SMMUEN);
    check_translates(rig, 1, VA, 0, PA);
}

static const struct row rows[] = {
    {"6.3.9 CR0: reserved bits are never acknowledged", run_cr0_reserved, NULL, NULL},
    {"6.3.9 CR0, CR2, IRQ_CTRL: bits of absent features", run_cr0_bare, NULL, prepare_bare},
    {"6.3.9 CR0: an update under way keeps its value", run_deferred_cr0, NULL, prepare_deferred},
    {"6.3.9 guards look at CR0ACK too", run_deferred_guard, NULL, prepare_deferred},
    {"6.3.16 IRQ_CTRL: acknowledged later", run_deferred_irq, NULL, prepare_deferred},
    {"6.3.14 GBPA: ignored without Update", run_gbpa_without_update, NULL, NULL},
    {"6.3.14 GBPA: ABORT", run_gbpa_abort, NULL, NULL},
    {"6.3.14 GBPA: ignored during an update", run_gbpa_deferred, NULL, prepare_deferred},
    {"6.3.14 GBPA: attributes", run_gbpa_attributes, NULL, NULL},
    {"6.3.14 SMMUEN = 0: bypass, with a SubstreamID too", run_global_bypass, NULL, NULL},
    {"6.3.14 GBPA.ABORT after reset", run_reset_aborts, NULL, prepare_reset_aborts},
    {"3.11 reset", run_reset, NULL, NULL},
    {"6.2 64-bit registers by halves", run_halves, NULL, NULL},
    {"6.2 other sizes and unaligned accesses", run_odd_accesses, NULL, NULL},
    {"6.2 undefined offsets are RES0", run_undefined, NULL, NULL},
    {"6.2 page 1 aliases page 0", run_page1, NULL, NULL},
    {"6.3.21 IRQ_CFG without MSI is RES0", run_no_msi, NULL, prepare_no_msi},
    {"3.18 event queue interrupt: empty to non-empty", run_event_wire, NULL, NULL},
    {"3.18 event queue interrupt disabled", run_event_disabled, NULL, NULL},
    {"3.18 event queue message", run_event_message, NULL, NULL},
    {"7.5 MSI_EVENTQ_ABT_ERR", run_event_message_aborts, NULL, NULL},
    {"7.5.1 MSI_GERROR_ABT_ERR raises no interrupt", run_gerror_message_aborts, NULL, NULL},
    {"7.5 GERROR toggles and is acknowledged", run_gerror_toggles, NULL, NULL},
    {"7.5 an active error is not logged again", run_gerror_logged_once, NULL, NULL},
    {"6.3.20 GERRORN alone activates nothing inside", run_gerrorn_alone, NULL, NULL},
    {"3.11 bring-up as a driver does it", run_bring_up, NULL, NULL},
};

int main(void) {
    suite_add_rows(rows);
    for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
        suite_add_named("6.3 ", claims[i].name, run_claim, &claims[i], NULL);
        if (claims[i].feature != 0) {
            suite_add_named("6.3 absent: ", claims[i].name, run_without, &claims[i], prepare_without);
        }
    }
    for (size_t i = 0; i < sizeof(guards) / sizeof(guards[0]); i++) {
        suite_add_named("6.3 guarded by CR0: ", guards[i].name, run_guard, &guards[i], NULL);
    }
    for (size_t i = 0; i < sizeof(interrupt_guards) / sizeof(interrupt_guards[0]); i++) {
        suite_add_named("6.3 guarded by IRQ_CTRL: ", interrupt_guards[i].name, run_interrupt_guard,
                        &interrupt_guards[i], NULL);
    }
    return suite_run("registers");
}
