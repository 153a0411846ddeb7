/* SPDX-License-Identifier: MIT */
/*
 * Interrupts (3.18) and global errors (7.5). A source with an address in IRQ_CFG0 sends a message, otherwise it has
 * its wire. What an interrupt tells of is visible before the interrupt: callers update memory and registers first.
 */
#include "smmuv3/internal.h"

#define MSI_ADDRESS_MASK 0x00fffffffffffffcul

static const struct {
    uint32_t enable, message_aborted;
    enum smmu_interrupt wire[SECURITY_COUNT];
} sources[] = {
    [SOURCE_EVENTQ] = {SMMU_IRQ_EVENTQ, SMMU_GERROR_MSI_EVENTQ,
                       {SMMU_INTERRUPT_EVENTQ, SMMU_INTERRUPT_SECURE_EVENTQ}},
    [SOURCE_PRIQ] = {SMMU_IRQ_PRIQ, SMMU_GERROR_MSI_PRIQ, {SMMU_INTERRUPT_PRIQ, SMMU_INTERRUPT_PRIQ}},
    [SOURCE_GERROR] = {SMMU_IRQ_GERROR, SMMU_GERROR_MSI_GERROR,
                       {SMMU_INTERRUPT_GERROR, SMMU_INTERRUPT_SECURE_GERROR}},
};

static void signal_wire(struct smmu *smmu, enum smmu_interrupt wire) {
    smmu->statistics.interrupts++;
    if (smmu->bus.interrupt != NULL) {
        smmu->bus.interrupt(smmu->bus.context, wire);
    }
}

static bool send_message(struct smmu *smmu, enum security security, uint64_t address, uint32_t data) {
    smmu->statistics.messages++;
    return memory_write(smmu, security, address & MSI_ADDRESS_MASK & smmu->output_mask, &data, sizeof(data));
}

bool gerror_is_active(const struct smmu *smmu, enum security security, uint32_t error) {
    const struct bank *bank = &smmu->banks[security];
    return ((bank->gerror ^ bank->gerrorn) & error) != 0;
}

static const struct interrupt_config *config_of(const struct bank *bank, enum interrupt_source source) {
    switch (source) {
    case SOURCE_EVENTQ:
        return &bank->event_irq;
    case SOURCE_PRIQ:
        return &bank->page_request_irq;
    default:
        return &bank->gerror_irq;
    }
}

void interrupt_raise(struct smmu *smmu, enum security security, enum interrupt_source source) {
    const struct bank *bank = &smmu->banks[security];
    const struct interrupt_config *config = config_of(bank, source);
    if ((bank->irq_ctrlack & sources[source].enable) == 0) {
        return;
    }
    if (!has(smmu, SMMU_FEATURE_MSI) || (config->address & MSI_ADDRESS_MASK) == 0) {
        signal_wire(smmu, sources[source].wire[security]);
    } else if (!send_message(smmu, security, config->address, config->data)) {
        gerror_activate(smmu, security, sources[source].message_aborted);
    }
}

/* An error that is active already is not logged again. An aborted GERROR message raises no other: it would abort too. */
void gerror_activate(struct smmu *smmu, enum security security, uint32_t error) {
    if (gerror_is_active(smmu, security, error)) {
        return;
    }
    smmu->banks[security].gerror ^= error;
    if (error != SMMU_GERROR_MSI_GERROR) {
        interrupt_raise(smmu, security, SOURCE_GERROR);
    }
}

/* Completion of CMD_SYNC with CS = 1: needs no enable bit. */
void interrupt_sync(struct smmu *smmu, enum security security, uint64_t address, uint32_t data) {
    if (!has(smmu, SMMU_FEATURE_MSI) || (address & MSI_ADDRESS_MASK) == 0) {
        signal_wire(smmu, security == SECURE ? SMMU_INTERRUPT_SECURE_SYNC : SMMU_INTERRUPT_SYNC);
    } else if (!send_message(smmu, security, address, data)) {
        gerror_activate(smmu, security, SMMU_GERROR_MSI_CMDQ);
    }
}
