/* SPDX-License-Identifier: MIT */
/*
 * Interrupt controllers: the local APIC of each CPU and the IOAPICs, whose inputs are the lines
 * (GSIs). The legacy controller pair is masked for ever. Lines have fixed vectors. controller_lock
 * protects the IOAPICs' index registers and struct line.
 *
 * An IOAPIC ignores an edge on a masked input, so an edge line is masked in software: it stays open
 * in the IOAPIC, and one edge that arrives meanwhile is remembered (and only then the input is
 * closed). Unmasking delivers it.
 */
#include "x86_64_priv.h"

#include "arch/irq.h"
#include "arch/smp.h"
#include "arch/upcall.h"

#define APIC_ID           0x020
#define APIC_PRIORITY     0x080
#define APIC_END          0x0b0
#define APIC_SPURIOUS     0x0f0
#define APIC_COMMAND_LOW  0x300
#define APIC_COMMAND_HIGH 0x310
#define APIC_LINT0        0x350
#define APIC_LINT1        0x360
#define APIC_ERROR_LVT    0x370
#define APIC_ENABLE       0x100u
#define APIC_MASKED       0x10000u
#define APIC_NMI          0x400u
#define APIC_COMMAND_BUSY 0x1000u
#define APIC_BASE_ENABLE  0x800ul
#define APIC_WAIT_LIMIT   100000u

#define IOAPIC_INDEX   0x00
#define IOAPIC_DATA    0x10
#define IOAPIC_VERSION 1
#define IOAPIC_ENTRY   0x10
#define ENTRY_LOW      0x2000u /* polarity */
#define ENTRY_LEVEL    0x8000u
#define ENTRY_MASKED   0x10000u

#define LINE_MAX  (VECTOR_LINE_END - VECTOR_LINE)
#define ISA_LINES 16

struct ioapic {
    volatile uint8_t *registers;
    unsigned first, count; /* lines */
};

struct line {
    uint32_t mode; /* ENTRY_LOW, ENTRY_LEVEL */
    uint8_t cpu;
    bool masked;  /* as the kernel asked */
    bool pending; /* edge that arrived while masked */
};

static volatile uint8_t *local_apic;
static struct ioapic ioapics[BOOT_INTERRUPT_REGIONS];
static unsigned ioapic_count;
static unsigned line_count;
static struct line lines[LINE_MAX];
static uint32_t controller_lock;

uint32_t apic_read(unsigned offset) {
    return arch_mmio_read32(local_apic + offset);
}

void apic_write(unsigned offset, uint32_t value) {
    arch_mmio_write32(local_apic + offset, value);
}

void apic_end_of_interrupt(void) {
    apic_write(APIC_END, 0);
}

/* Interrupts are off and no NMI sends, so the two halves of the command stay together. */
void apic_send(unsigned cpu, uint32_t command) {
    for (unsigned i = 0;
         i < APIC_WAIT_LIMIT && (apic_read(APIC_COMMAND_LOW) & APIC_COMMAND_BUSY) != 0; i++) {
        arch_cpu_pause();
    }
    apic_write(APIC_COMMAND_HIGH, smp_apic_id(cpu) << 24);
    apic_write(APIC_COMMAND_LOW, command | APIC_COMMAND_ASSERT);
}

static uint32_t ioapic_read(const struct ioapic *io, unsigned index) {
    arch_mmio_write32(io->registers + IOAPIC_INDEX, index);
    return arch_mmio_read32(io->registers + IOAPIC_DATA);
}

static void ioapic_write(const struct ioapic *io, unsigned index, uint32_t value) {
    arch_mmio_write32(io->registers + IOAPIC_INDEX, index);
    arch_mmio_write32(io->registers + IOAPIC_DATA, value);
}

static const struct ioapic *ioapic_of(unsigned line) {
    for (unsigned i = 0; i < ioapic_count; i++) {
        if (line >= ioapics[i].first && line - ioapics[i].first < ioapics[i].count) {
            return &ioapics[i];
        }
    }
    return NULL;
}

/* Holding controller_lock. Makes the input as struct line says; the half with the mask is written
 * last. */
static void line_program(unsigned line) {
    const struct ioapic *io = ioapic_of(line);
    const struct line *l = &lines[line];
    bool closed = l->masked && ((l->mode & ENTRY_LEVEL) != 0 || l->pending);
    unsigned index = IOAPIC_ENTRY + 2 * (line - io->first);
    ioapic_write(io, index + 1, smp_apic_id(l->cpu) << 24);
    ioapic_write(io, index, (VECTOR_LINE + line) | l->mode | (closed ? ENTRY_MASKED : 0));
}

/* An input that nobody has asked for stays closed, even if it has edges. */
static void ioapic_close_all(const struct ioapic *io) {
    for (unsigned i = 0; i < io->count; i++) {
        ioapic_write(io, IOAPIC_ENTRY + 2 * i, ENTRY_MASKED);
        ioapic_write(io, IOAPIC_ENTRY + 2 * i + 1, 0);
    }
}

static void ioapic_add(uint64_t base, unsigned first) {
    struct ioapic *io = &ioapics[ioapic_count];
    io->registers = phys_to_virt(base);
    io->first = first;
    io->count = (ioapic_read(io, IOAPIC_VERSION) >> 16 & 0xff) + 1;
    if (first >= LINE_MAX || ioapic_of(first) != NULL) {
        return;
    }
    if (io->count > LINE_MAX - first) {
        io->count = LINE_MAX - first;
    }
    ioapic_close_all(io);
    ioapic_count++;
    if (first + io->count > line_count) {
        line_count = first + io->count;
    }
}

/* Without another word from the firmware the first 16 lines are ISA's: rising edges; the others
 * PCI's: low levels. */
static void lines_init(const struct boot_controller *controller) {
    for (unsigned line = 0; line < LINE_MAX; line++) {
        lines[line].masked = true;
        lines[line].mode = line < ISA_LINES ? 0 : ENTRY_LEVEL | ENTRY_LOW;
    }
    for (unsigned i = 0; i < controller->override_count && i < BOOT_OVERRIDE_MAX; i++) {
        const struct boot_override *o = &controller->overrides[i];
        if (o->line < LINE_MAX) {
            lines[o->line].mode = (o->level ? ENTRY_LEVEL : 0) | (o->low ? ENTRY_LOW : 0);
        }
    }
}

/* Moves the legacy controllers' vectors away from the exceptions, then masks all of their inputs.
 */
static void legacy_mask(void) {
    static const struct {
        uint8_t port, value;
    } steps[] = {{0x20, 0x11}, {0xa0, 0x11}, {0x21, VECTOR_LEGACY}, {0xa1, VECTOR_LEGACY + 8},
                 {0x21, 0x04}, {0xa1, 0x02}, {0x21, 0x01},          {0xa1, 0x01},
                 {0x21, 0xff}, {0xa1, 0xff}};
    for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        arch_port_write8(steps[i].port, steps[i].value);
    }
}

/* Boot CPU, once. range[0] is the local APIC, the others are IOAPICs. */
void apic_map(const struct boot_info *bi) {
    const struct boot_controller *controller = &bi->controller;
    legacy_mask();
    local_apic = phys_to_virt(controller->range[0].base);
    lines_init(controller);
    for (unsigned i = 1; i < controller->range_count && i < BOOT_INTERRUPT_REGIONS; i++) {
        ioapic_add(controller->range[i].base, controller->first_line[i]);
    }
}

void apic_init_cpu(bool boot_cpu) {
    msr_write(MSR_APIC_BASE, msr_read(MSR_APIC_BASE) | APIC_BASE_ENABLE);
    apic_write(APIC_PRIORITY, 0);
    apic_write(APIC_LINT0, APIC_MASKED);
    apic_write(APIC_LINT1, boot_cpu ? APIC_NMI : APIC_MASKED);
    apic_write(APIC_ERROR_LVT, APIC_MASKED);
    apic_write(APIC_TIMER_LVT, APIC_MASKED);
    apic_write(APIC_SPURIOUS, APIC_ENABLE | VECTOR_SPURIOUS);
    arch_percpu()->apic_id = apic_read(APIC_ID) >> 24;
    mmu_cpu_online();
}

unsigned arch_irq_line_count(void) {
    return line_count;
}

/* Line 0 is the interval timer's, or the legacy controllers'. */
bool arch_irq_line_usable(unsigned line) {
    return line != 0 && line < line_count && ioapic_of(line) != NULL;
}

bool irq_line_is_open(unsigned line) {
    raw_lock_acquire(&controller_lock);
    const struct ioapic *io = ioapic_of(line);
    bool open = (ioapic_read(io, IOAPIC_ENTRY + 2 * (line - io->first)) & ENTRY_MASKED) == 0;
    raw_lock_release(&controller_lock);
    return open;
}

void arch_irq_mask(unsigned line) {
    raw_lock_acquire(&controller_lock);
    lines[line].masked = true;
    if ((lines[line].mode & ENTRY_LEVEL) != 0) {
        line_program(line);
    }
    raw_lock_release(&controller_lock);
}

void arch_irq_unmask(unsigned line) {
    raw_lock_acquire(&controller_lock);
    bool pending = lines[line].pending;
    lines[line].masked = false;
    lines[line].pending = false;
    line_program(line);
    unsigned cpu = lines[line].cpu;
    raw_lock_release(&controller_lock);
    if (pending) {
        apic_send(cpu, APIC_COMMAND_FIXED | (VECTOR_LINE + line));
    }
}

void arch_irq_set_trigger(unsigned line, enum arch_irq_trigger trigger) {
    bool level = trigger == ARCH_IRQ_LEVEL_HIGH || trigger == ARCH_IRQ_LEVEL_LOW;
    bool low = trigger == ARCH_IRQ_LEVEL_LOW || trigger == ARCH_IRQ_EDGE_FALLING;
    raw_lock_acquire(&controller_lock);
    lines[line].mode = (level ? ENTRY_LEVEL : 0) | (low ? ENTRY_LOW : 0);
    lines[line].pending = false;
    line_program(line);
    raw_lock_release(&controller_lock);
}

/* Priorities come with vectors here, and vectors are fixed. */
void arch_irq_set_priority(unsigned line, unsigned priority) {
    (void)line;
    (void)priority;
}

void arch_irq_set_target(unsigned line, unsigned cpu) {
    raw_lock_acquire(&controller_lock);
    lines[line].cpu = (uint8_t)cpu;
    line_program(line);
    raw_lock_release(&controller_lock);
}

/* No register of an IOAPIC makes an input pending, but an edge is only a message to a CPU, which the
 * local APIC can send as well. A level needs the device: the IOAPIC would wait for its end. */
bool arch_irq_raise(unsigned line) {
    if (!arch_irq_line_usable(line)) {
        return false;
    }
    raw_lock_acquire(&controller_lock);
    bool edge = (lines[line].mode & ENTRY_LEVEL) == 0;
    unsigned cpu = lines[line].cpu;
    raw_lock_release(&controller_lock);
    if (edge) {
        apic_send(cpu, APIC_COMMAND_FIXED | (VECTOR_LINE + line));
    }
    return edge;
}

/* True: the kernel shall know. */
static bool line_accept(unsigned line) {
    raw_lock_acquire(&controller_lock);
    bool accepted = !lines[line].masked;
    if (!accepted) {
        lines[line].pending = (lines[line].mode & ENTRY_LEVEL) == 0;
        line_program(line);
    }
    raw_lock_release(&controller_lock);
    return accepted;
}

void irq_line_dispatch(unsigned line) {
    if (arch_irq_line_usable(line) && line_accept(line)) {
        kernel_irq(line);
    }
}
