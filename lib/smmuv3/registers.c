/* SPDX-License-Identifier: MIT */
/*
 * The register pages (6.2, 6.3): a table of what lies where and who guards it, and what writing has for effects. A
 * guarded register ignores writes while what it configures is enabled, or not yet acknowledged as disabled.
 *
 * Page 1 aliases page 0. Accesses of other sizes than 4 and 8, unaligned ones, and 8-byte ones that span two registers
 * read as zero and write nothing.
 */
#include "smmuv3/tlb.h"

enum guard {
    GUARD_NONE,
    GUARD_READ_ONLY,
    GUARD_SMMUEN,
    GUARD_CMDQEN,
    GUARD_EVENTQEN,
    GUARD_PRIQEN,
    GUARD_GERROR_IRQ,
    GUARD_EVENTQ_IRQ,
    GUARD_PRIQ_IRQ,
};

enum {
    ONLY_NON_SECURE = 1 << 0,
    ONLY_SECURE = 1 << 1,
    NEEDS_PRI = 1 << 2,
    NEEDS_MSI = 1 << 3,
    IS_WIDE = 1 << 4,
};

struct place {
    uint16_t offset; /* from the start of the state's registers */
    uint8_t flags, guard;
    uint16_t field;  /* in struct bank */
    uint64_t mask;   /* bits that exist */
};

#define FIELD(name)     offsetof(struct bank, name)
#define QUEUE_BASE_MASK 0x40fffffffffffffful
#define INDEX_MASK      0x800ffffful
#define ADDRESS_MASK    0x00fffffffffffffcul
#define MESSAGE_MASK    0x3ful

static const struct place places[] = {
    {SMMU_CR0, 0, GUARD_NONE, FIELD(cr0), ~0ul},
    {SMMU_CR0ACK, 0, GUARD_READ_ONLY, FIELD(cr0ack), ~0ul},
    {SMMU_CR1, 0, GUARD_NONE, FIELD(cr1), SMMU_CR1_QUEUE | SMMU_CR1_TABLE},
    {SMMU_CR2, 0, GUARD_SMMUEN, FIELD(cr2), SMMU_CR2_E2H | SMMU_CR2_RECINVSID | SMMU_CR2_REC_CFG_ATS},
    {SMMU_GBPA, 0, GUARD_NONE, FIELD(gbpa), 0x801fff1ful},
    {SMMU_AGBPA, 0, GUARD_NONE, FIELD(agbpa), 0},
    {SMMU_IRQ_CTRL, 0, GUARD_NONE, FIELD(irq_ctrl), SMMU_IRQ_GERROR | SMMU_IRQ_PRIQ | SMMU_IRQ_EVENTQ},
    {SMMU_IRQ_CTRLACK, 0, GUARD_READ_ONLY, FIELD(irq_ctrlack), ~0ul},
    {SMMU_GERROR, 0, GUARD_READ_ONLY, FIELD(gerror), ~0ul},
    {SMMU_GERRORN, 0, GUARD_NONE, FIELD(gerrorn), 0xfd},
    {SMMU_GERROR_IRQ_CFG0, IS_WIDE | NEEDS_MSI, GUARD_GERROR_IRQ, FIELD(gerror_irq.address), ADDRESS_MASK},
    {SMMU_GERROR_IRQ_CFG1, NEEDS_MSI, GUARD_GERROR_IRQ, FIELD(gerror_irq.data), 0xfffffffful},
    {SMMU_GERROR_IRQ_CFG2, NEEDS_MSI, GUARD_GERROR_IRQ, FIELD(gerror_irq.attributes), MESSAGE_MASK},
    {SMMU_STRTAB_BASE, IS_WIDE, GUARD_SMMUEN, FIELD(strtab_base), 0x40ffffffffffffc0ul},
    {SMMU_STRTAB_BASE_CFG, 0, GUARD_SMMUEN, FIELD(strtab_base_cfg), 0x307fful},
    {SMMU_CMDQ_BASE, IS_WIDE, GUARD_CMDQEN, FIELD(commands.base), QUEUE_BASE_MASK},
    {SMMU_CMDQ_PROD, 0, GUARD_NONE, FIELD(commands.prod), 0xffffful},
    {SMMU_CMDQ_CONS, 0, GUARD_CMDQEN, FIELD(commands.cons), 0x7f0ffffful},
    {SMMU_EVENTQ_BASE, IS_WIDE, GUARD_EVENTQEN, FIELD(events.base), QUEUE_BASE_MASK},
    {0xa8, 0, GUARD_EVENTQEN, FIELD(events.prod), INDEX_MASK},
    {0xac, 0, GUARD_NONE, FIELD(events.cons), INDEX_MASK},
    {SMMU_EVENTQ_IRQ_CFG0, IS_WIDE | NEEDS_MSI, GUARD_EVENTQ_IRQ, FIELD(event_irq.address), ADDRESS_MASK},
    {SMMU_EVENTQ_IRQ_CFG1, NEEDS_MSI, GUARD_EVENTQ_IRQ, FIELD(event_irq.data), 0xfffffffful},
    {SMMU_EVENTQ_IRQ_CFG2, NEEDS_MSI, GUARD_EVENTQ_IRQ, FIELD(event_irq.attributes), MESSAGE_MASK},
    {SMMU_PRIQ_BASE, IS_WIDE | ONLY_NON_SECURE | NEEDS_PRI, GUARD_PRIQEN, FIELD(page_requests.base), QUEUE_BASE_MASK},
    {0xc8, ONLY_NON_SECURE | NEEDS_PRI, GUARD_PRIQEN, FIELD(page_requests.prod), INDEX_MASK},
    {0xcc, ONLY_NON_SECURE | NEEDS_PRI, GUARD_NONE, FIELD(page_requests.cons), INDEX_MASK},
    {SMMU_PRIQ_IRQ_CFG0, IS_WIDE | ONLY_NON_SECURE | NEEDS_PRI | NEEDS_MSI, GUARD_PRIQ_IRQ,
     FIELD(page_request_irq.address), ADDRESS_MASK},
    {SMMU_PRIQ_IRQ_CFG1, ONLY_NON_SECURE | NEEDS_PRI | NEEDS_MSI, GUARD_PRIQ_IRQ, FIELD(page_request_irq.data),
     0xfffffffful},
    {SMMU_PRIQ_IRQ_CFG2, ONLY_NON_SECURE | NEEDS_PRI, GUARD_PRIQ_IRQ, FIELD(page_request_irq.attributes),
     MESSAGE_MASK | SMMU_PRIQ_IRQ_LO},
};

/* --- Guards */

static bool is_on(const struct bank *bank, uint32_t bits) {
    return ((bank->cr0 | bank->cr0ack) & bits) != 0;
}

static bool is_guarded(const struct bank *bank, uint8_t guard) {
    uint32_t interrupts = bank->irq_ctrl | bank->irq_ctrlack;
    switch (guard) {
    case GUARD_NONE:
        return false;
    case GUARD_SMMUEN:
        return is_on(bank, SMMU_CR0_SMMUEN);
    case GUARD_CMDQEN:
        return is_on(bank, SMMU_CR0_CMDQEN);
    case GUARD_EVENTQEN:
        return is_on(bank, SMMU_CR0_EVENTQEN);
    case GUARD_PRIQEN:
        return is_on(bank, SMMU_CR0_PRIQEN);
    case GUARD_GERROR_IRQ:
        return (interrupts & SMMU_IRQ_GERROR) != 0;
    case GUARD_EVENTQ_IRQ:
        return (interrupts & SMMU_IRQ_EVENTQ) != 0;
    case GUARD_PRIQ_IRQ:
        return (interrupts & SMMU_IRQ_PRIQ) != 0;
    default:
        return true;
    }
}

/* --- Updates that are acknowledged */

static uint32_t cr0_bits(const struct smmu *smmu, enum security security) {
    uint32_t bits = SMMU_CR0_SMMUEN | SMMU_CR0_EVENTQEN | SMMU_CR0_CMDQEN;
    if (security == NON_SECURE) {
        bits |= has(smmu, SMMU_FEATURE_PRI) ? SMMU_CR0_PRIQEN : 0;
        bits |= has(smmu, SMMU_FEATURE_ATS) ? SMMU_CR0_ATSCHK : 0;
        bits |= has(smmu, SMMU_FEATURE_VMW) ? SMMU_CR0_VMW : 0;
    }
    return bits;
}

static void complete_cr0(struct smmu *smmu, enum security security) {
    struct bank *bank = &smmu->banks[security];
    uint32_t changed = bank->cr0 ^ bank->cr0ack;
    bank->cr0ack = bank->cr0;
    /* Translations that need no lock know no CR0: they find nothing when the SMMU is off. */
    if ((changed & (SMMU_CR0_SMMUEN | SMMU_CR0_ATSCHK)) != 0) {
        config_invalidate_security(smmu, security);
    }
    if ((changed & ~bank->cr0 & SMMU_CR0_SMMUEN) != 0) {
        stall_terminate(smmu, security, 0, true);
    }
    if ((changed & bank->cr0 & SMMU_CR0_EVENTQEN) != 0) {
        stall_record_waiting(smmu, security);
    }
    if ((changed & bank->cr0 & SMMU_CR0_CMDQEN) != 0) {
        commands_process(smmu, security);
    }
}

static void complete_gbpa(struct bank *bank) {
    bank->gbpa &= ~SMMU_GBPA_UPDATE;
    bank->gbpa_effective = bank->gbpa;
}

static void complete_updates(struct smmu *smmu, enum security security) {
    struct bank *bank = &smmu->banks[security];
    bank->irq_ctrlack = bank->irq_ctrl;
    complete_gbpa(bank);
    complete_cr0(smmu, security);
}

/* A field whose update is not complete keeps the value that it is changing to. VMW is one field. */
static void write_cr0(struct smmu *smmu, enum security security, uint32_t value) {
    struct bank *bank = &smmu->banks[security];
    uint32_t pending = bank->cr0 ^ bank->cr0ack;
    if ((pending & SMMU_CR0_VMW) != 0) {
        pending |= SMMU_CR0_VMW;
    }
    bank->cr0 = (value & cr0_bits(smmu, security) & ~pending) | (bank->cr0 & pending);
    if (!smmu->config.deferred_updates) {
        complete_cr0(smmu, security);
    }
}

static void write_irq_ctrl(struct smmu *smmu, enum security security, uint32_t value) {
    struct bank *bank = &smmu->banks[security];
    uint32_t exist = SMMU_IRQ_GERROR | SMMU_IRQ_EVENTQ |
                     (security == NON_SECURE && has(smmu, SMMU_FEATURE_PRI) ? SMMU_IRQ_PRIQ : 0);
    uint32_t pending = bank->irq_ctrl ^ bank->irq_ctrlack;
    bank->irq_ctrl = (value & exist & ~pending) | (bank->irq_ctrl & pending);
    if (!smmu->config.deferred_updates) {
        bank->irq_ctrlack = bank->irq_ctrl;
    }
}

/* Ignored without Update, and while an update is under way (6.3.14). */
static void write_gbpa(struct smmu *smmu, enum security security, uint32_t value) {
    struct bank *bank = &smmu->banks[security];
    if ((value & SMMU_GBPA_UPDATE) == 0 || (bank->gbpa & SMMU_GBPA_UPDATE) != 0) {
        return;
    }
    bank->gbpa = value;
    if (!smmu->config.deferred_updates) {
        complete_gbpa(bank);
    }
}

/* The two halves of CR1 have guards of their own. */
static void write_cr1(struct bank *bank, uint32_t value) {
    uint32_t open = (is_on(bank, SMMU_CR0_SMMUEN) ? 0 : SMMU_CR1_TABLE) |
                    (is_on(bank, SMMU_CR0_QUEUES) ? 0 : SMMU_CR1_QUEUE);
    bank->cr1 = (bank->cr1 & ~open) | (value & open);
}

static void write_gerrorn(struct smmu *smmu, enum security security, uint32_t value) {
    uint32_t was_active = smmu->banks[security].gerror ^ smmu->banks[security].gerrorn;
    smmu->banks[security].gerrorn = value;
    uint32_t cleared = was_active & ~(smmu->banks[security].gerror ^ value);
    if ((cleared & SMMU_GERROR_EVENTQ_ABT) != 0) {
        stall_record_waiting(smmu, security);
    }
    if ((cleared & SMMU_GERROR_CMDQ) != 0) {
        commands_process(smmu, security);
    }
}

/* --- Identification */

static bool secure_exists(const struct smmu *smmu) {
    return has(smmu, SMMU_FEATURE_SECURE);
}

/* Secure IDs: SECURE_IMPL, no Secure EL2, no MSIs of its own but the common ones; SAMS: no ATS commands. */
static uint32_t read_secure_id(const struct smmu *smmu, uint32_t offset) {
    switch (offset) {
    case SMMU_IDR0:
        return (smmu->id[0] & (1u << 13)) | (uint32_t)smmu->config.stall_model << 24;
    case SMMU_IDR1:
        return 1u << 31 | smmu->config.secure_stream_bits;
    case SMMU_IDR3:
        return 1u << 6;
    default:
        return 0;
    }
}

static uint32_t read_id(const struct smmu *smmu, enum security security, uint32_t offset) {
    if (security == SECURE) {
        return read_secure_id(smmu, offset);
    }
    if (offset <= SMMU_IDR5) {
        return smmu->id[offset / 4];
    }
    return offset == SMMU_AIDR ? 3 : 0; /* SMMUv3.3 */
}

/* --- Access */

static uint32_t *word_of(struct bank *bank, const struct place *place) {
    return (uint32_t *)((char *)bank + place->field);
}

static bool exists(const struct smmu *smmu, const struct place *place, enum security security) {
    return !((place->flags & ONLY_NON_SECURE) != 0 && security == SECURE) &&
           !((place->flags & NEEDS_PRI) != 0 && !has(smmu, SMMU_FEATURE_PRI)) &&
           !((place->flags & NEEDS_MSI) != 0 && !has(smmu, SMMU_FEATURE_MSI));
}

/* The place of a 4-byte word; `half` says which of a wide one. */
static const struct place *find(const struct smmu *smmu, enum security security, uint32_t offset, unsigned *half) {
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const struct place *place = &places[i];
        bool wide = (place->flags & IS_WIDE) != 0;
        if (offset == place->offset || (wide && offset == place->offset + 4u)) {
            *half = offset != place->offset;
            return exists(smmu, place, security) ? place : NULL;
        }
    }
    return NULL;
}

static uint32_t read_word(struct smmu *smmu, enum security security, uint32_t offset) {
    unsigned half;
    if (offset < SMMU_CR0) {
        return read_id(smmu, security, offset);
    }
    const struct place *place = find(smmu, security, offset, &half);
    return place == NULL ? 0 : word_of(&smmu->banks[security], place)[half];
}

/* What exists of CR2 and STRTAB_BASE_CFG depends on the configuration. */
static uint32_t existing_bits(const struct smmu *smmu, enum security security, uint32_t offset, uint32_t mask) {
    if (offset == SMMU_GBPA && security == NON_SECURE) {
        mask &= ~SMMU_GBPA_NSCFG;
    }
    if (offset == SMMU_CR2) {
        mask &= has(smmu, SMMU_FEATURE_HYP) ? ~0u : ~SMMU_CR2_E2H;
        mask &= has(smmu, SMMU_FEATURE_ATS) ? ~0u : ~SMMU_CR2_REC_CFG_ATS;
    }
    if (offset == SMMU_STRTAB_BASE_CFG && !has(smmu, SMMU_FEATURE_TWO_LEVEL_STREAMS)) {
        mask &= 0x3fu;
    }
    return mask;
}

static void write_word(struct smmu *smmu, enum security security, uint32_t offset, uint32_t value) {
    struct bank *bank = &smmu->banks[security];
    unsigned half;
    const struct place *place = offset < SMMU_CR0 ? NULL : find(smmu, security, offset, &half);
    if (place == NULL || is_guarded(bank, place->guard)) {
        return;
    }
    value &= existing_bits(smmu, security, offset, (uint32_t)(place->mask >> (32 * half)));
    switch (offset) {
    case SMMU_CR0:
        write_cr0(smmu, security, value);
        return;
    case SMMU_CR1:
        write_cr1(bank, value);
        return;
    case SMMU_GBPA:
        write_gbpa(smmu, security, value);
        return;
    case SMMU_IRQ_CTRL:
        write_irq_ctrl(smmu, security, value);
        return;
    case SMMU_GERRORN:
        write_gerrorn(smmu, security, value);
        return;
    default:
        word_of(bank, place)[half] = value;
        break;
    }
    if (offset == SMMU_CMDQ_PROD) {
        commands_process(smmu, security);
    } else if (offset == (SMMU_EVENTQ_CONS & ~SMMU_PAGE1)) {
        stall_record_waiting(smmu, security);
    }
}

/* INV_ALL forgets everything, of all states; ignored while any of them is enabled (6.3.62). */
static void write_init(struct smmu *smmu, uint32_t value) {
    uint32_t enabled = 0;
    for (enum security security = NON_SECURE; security < SECURITY_COUNT; security++) {
        enabled |= smmu->banks[security].cr0 | smmu->banks[security].cr0ack;
    }
    if ((value & 1) != 0 && (enabled & SMMU_CR0_SMMUEN) == 0) {
        config_invalidate_security(smmu, NON_SECURE);
        config_invalidate_security(smmu, SECURE);
        tlb_invalidate(smmu, 0, 0);
    }
}

/* Which state a register belongs to, its offset there, and whether the access may be at all. */
static bool locate(const struct smmu *smmu, uint32_t space, uint32_t offset, uint32_t size, enum security *security,
                   uint32_t *place) {
    if ((size != 4 && size != 8) || offset % size != 0 || offset >= SMMU_REGISTERS_SIZE) {
        return false;
    }
    *place = offset & (SMMU_PAGE1 - 1);
    *security = *place >= SMMU_SECURE ? SECURE : NON_SECURE;
    if (*security == SECURE && (!secure_exists(smmu) || space != SMMU_SPACE_SECURE)) {
        return false;
    }
    *place &= SMMU_SECURE - 1;
    if (size == 8) {
        unsigned half;
        const struct place *wide = find(smmu, *security, *place, &half);
        return wide != NULL && (wide->flags & IS_WIDE) != 0;
    }
    return true;
}

uint64_t smmu_read(struct smmu *smmu, uint32_t space, uint32_t offset, uint32_t size) {
    enum security security;
    uint32_t place;
    uint64_t value = 0;
    smmu_lock(smmu);
    if (locate(smmu, space, offset, size, &security, &place)) {
        value = read_word(smmu, security, place);
        if (size == 8) {
            value |= (uint64_t)read_word(smmu, security, place + 4) << 32;
        }
    }
    smmu_unlock(smmu);
    return value;
}

void smmu_write(struct smmu *smmu, uint32_t space, uint32_t offset, uint64_t value, uint32_t size) {
    enum security security;
    uint32_t place;
    smmu_lock(smmu);
    if (locate(smmu, space, offset, size, &security, &place)) {
        if (security == SECURE && place == (SMMU_S_INIT & (SMMU_SECURE - 1))) {
            write_init(smmu, (uint32_t)value);
        } else {
            write_word(smmu, security, place, (uint32_t)value);
        }
        if (size == 8) {
            write_word(smmu, security, place + 4, (uint32_t)(value >> 32));
        }
    }
    smmu_unlock(smmu);
}

void smmu_run(struct smmu *smmu) {
    smmu_lock(smmu);
    for (enum security security = NON_SECURE; security < SECURITY_COUNT; security++) {
        complete_updates(smmu, security);
        commands_process(smmu, security);
    }
    smmu_unlock(smmu);
}
