/* SPDX-License-Identifier: MIT */
/*
 * The GIC, version 2 or 3. Lines are INTIDs: 0-15 are SGIs (IPIs), 16-31 private to each CPU, from
 * 32 on shared. The distributor is alike in both versions; private lines have their registers in
 * the CPU's redistributor under version 3, and the CPU interface is a register block in version 2,
 * system registers in version 3. Set and clear registers need no lock; trigger registers, where 16
 * lines share a word, are changed under config_lock.
 */
#include "arch/irq.h"

#include "arch/io.h"
#include "arch/smp.h"
#include "arm64/arm64_priv.h"

/* Distributor, and the SGI frame of a redistributor. */
#define GICD_CTLR       0x000u
#define GICD_TYPER      0x004u
#define GICD_IGROUPR    0x080u
#define GICD_ISENABLER  0x100u
#define GICD_ICENABLER  0x180u
#define GICD_ISPENDR    0x200u
#define GICD_ICPENDR    0x280u
#define GICD_ICACTIVER  0x380u
#define GICD_IPRIORITYR 0x400u
#define GICD_ITARGETSR  0x800u
#define GICD_ICFGR      0xc00u
#define GICD_SGIR       0xf00u
#define GICD_IROUTER    0x6000u

#define CTLR_V2_ENABLE  1u
#define CTLR_V3_ENABLE  0x12u /* group 1, affinity routing */
#define CTLR_V3_PENDING (1u << 31)

#define GICR_CTLR           0x00u
#define GICR_TYPER          0x08u
#define GICR_WAKER          0x14u
#define GICR_FRAME          0x10000u
#define GICR_CTLR_PENDING   (1u << 3)
#define GICR_TYPER_LAST     (1u << 4)
#define GICR_TYPER_VIRTUAL  (1u << 1)
#define GICR_WAKER_SLEEP    (1u << 1)
#define GICR_WAKER_SLEEPING (1u << 2)

#define GICC_CTLR  0x00u
#define GICC_PMR   0x04u
#define GICC_BPR   0x08u
#define GICC_IAR   0x0cu
#define GICC_EOIR  0x10u
#define GICC_HPPIR 0x18u

#define INTID_MASK     0x3ffu
#define INTID_SPECIAL  1020u /* from here on: nothing to handle */
#define LINES_PRIVATE  32u
#define MPIDR_AFFINITY 0xff00fffffful
#define WAIT_LIMIT     1000000u

/* Priorities: the lowest number is the most urgent; the four bits that every GIC has are enough to
 * tell lines apart. */
#define PRIORITY_SGI   0x00u
#define PRIORITY_TIMER 0x10u
#define PRIORITY_FIRST 0x20u /* of a line with priority 255 */
#define PRIORITY_RANGE 0xc0u
#define PRIORITY_ALL   0xffu

static bool version3;
static volatile uint8_t *distributor; /* null: not set up */
static volatile uint8_t *interface2;  /* version 2: CPU interface */
static unsigned line_count;
static const struct boot_controller *controller;
static uint32_t target_bit[TS_CPU_COUNT_MAX]; /* version 2: each CPU's own, written by it before it
                                                 is sent anything */
static uint64_t ready_cpus;                   /* atomic: their CPU interface is set up */
static bool config_lock;

static uint64_t read64(const volatile void *address) {
    uint64_t value;
    __asm__ volatile("ldr %0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return value;
}

static void write64(volatile void *address, uint64_t value) {
    __asm__ volatile("str %0, [%1]" : : "r"(value), "r"(address) : "memory");
}

/* The block with a line's registers. */
static volatile uint8_t *block_of(unsigned line) {
    if (version3 && line < LINES_PRIVATE) {
        return (volatile uint8_t *)arch_percpu()->redistributor + GICR_FRAME;
    }
    return distributor;
}

static void wait_clear(volatile uint8_t *address, uint32_t bits) {
    for (unsigned i = 0; i < WAIT_LIMIT && (arch_mmio_read32(address) & bits) != 0; i++) {
        arch_cpu_pause();
    }
}

/* Version 3: enables and routes take effect when the write-pending bit is clear. */
static void wait_written(unsigned line) {
    if (version3 && line < LINES_PRIVATE) {
        wait_clear((volatile uint8_t *)arch_percpu()->redistributor + GICR_CTLR, GICR_CTLR_PENDING);
    } else if (version3) {
        wait_clear(distributor + GICD_CTLR, CTLR_V3_PENDING);
    }
}

/* Writes a line's bit in a set or clear register. */
static void write_bit(unsigned line, unsigned reg) {
    arch_mmio_write32(block_of(line) + reg + line / 32 * 4, 1u << line % 32);
}

static bool line_valid(unsigned line) {
    return distributor != NULL && line < line_count;
}

unsigned arch_irq_line_count(void) {
    return line_count;
}

bool arch_irq_line_usable(unsigned line) {
    return line_valid(line) && line >= LINES_PRIVATE;
}

void arch_irq_mask(unsigned line) {
    if (line_valid(line)) {
        write_bit(line, GICD_ICENABLER);
        wait_written(line);
    }
}

void arch_irq_unmask(unsigned line) {
    if (line_valid(line)) {
        write_bit(line, GICD_ISENABLER);
    }
}

/* Two bits a line, the upper one set for edges. The GIC does not know polarity. */
void arch_irq_set_trigger(unsigned line, enum arch_irq_trigger trigger) {
    if (!line_valid(line) || line < ARM_IRQ_PRIVATE) {
        return;
    }
    volatile uint8_t *word = block_of(line) + GICD_ICFGR + line / 16 * 4;
    uint32_t edge = 2u << line % 16 * 2;
    bool wanted = trigger == ARCH_IRQ_EDGE_RISING || trigger == ARCH_IRQ_EDGE_FALLING;
    while (__atomic_test_and_set(&config_lock, __ATOMIC_ACQUIRE)) {
        arch_spin_wait();
    }
    uint32_t value = arch_mmio_read32(word);
    arch_mmio_write32(word, wanted ? value | edge : value & ~edge);
    __atomic_clear(&config_lock, __ATOMIC_RELEASE);
}

static void write_priority(unsigned line, uint8_t priority) {
    arch_mmio_write8(block_of(line) + GICD_IPRIORITYR + line, priority);
}

void arch_irq_set_priority(unsigned line, unsigned priority) {
    if (line_valid(line)) {
        unsigned clipped = priority > 255 ? 255 : priority;
        write_priority(line, (uint8_t)(PRIORITY_FIRST + (255 - clipped) * PRIORITY_RANGE / 255));
    }
}

static uint64_t affinity_of(unsigned cpu) {
    return arm_boot_info->cpu[cpu].hardware_id & MPIDR_AFFINITY;
}

void arch_irq_set_target(unsigned line, unsigned cpu) {
    if (!arch_irq_line_usable(line) || cpu >= arm_boot_info->cpu_count) {
        return;
    }
    if (version3) {
        write64(distributor + GICD_IROUTER + line * 8, affinity_of(cpu));
    } else {
        arch_mmio_write8(distributor + GICD_ITARGETSR + line, (uint8_t)target_bit[cpu]);
    }
}

bool arch_irq_raise(unsigned line) {
    if (!line_valid(line)) {
        return false;
    }
    if (line < ARM_IRQ_PRIVATE) {
        arm_gic_send(arch_percpu()->cpu, line);
        return true;
    }
    write_bit(line, GICD_ISPENDR);
    if (line >= LINES_PRIVATE) {
        return true;
    }
    /* Not every emulated GIC lets software raise a private line. */
    return (arch_mmio_read32(block_of(line) + GICD_ISPENDR) >> line & 1) != 0;
}

void arm_gic_send(unsigned cpu, unsigned number) {
    if (distributor == NULL || cpu >= arm_boot_info->cpu_count) {
        return;
    }
    if (!version3) {
        arch_mmio_write32(distributor + GICD_SGIR, target_bit[cpu] << 16 | number);
        return;
    }
    uint64_t id = affinity_of(cpu);
    uint64_t aff0 = id & 0xff;
    ARM_WRITE(S3_0_C12_C11_5, /* ICC_SGI1R_EL1 */
              (id >> 32 & 0xff) << 48 | aff0 >> 4 << 44 | (id >> 16 & 0xff) << 32 | number << 24 |
                  (id >> 8 & 0xff) << 16 | 1ul << (aff0 & 0xf));
}

uint32_t arm_gic_acknowledge(uint32_t *token) {
    *token = version3 ? (uint32_t)ARM_READ(S3_0_C12_C12_0) /* ICC_IAR1_EL1 */
                      : arch_mmio_read32(interface2 + GICC_IAR);
    __asm__ volatile("dsb sy" : : : "memory"); /* what the sender wrote is visible from here on */
    uint32_t line = *token & (version3 ? 0xffffffu : INTID_MASK);
    return line >= INTID_SPECIAL ? ARM_IRQ_NONE : line;
}

void arm_gic_end(uint32_t token) {
    if (version3) {
        ARM_WRITE(S3_0_C12_C12_1, token); /* ICC_EOIR1_EL1 */
        arm_isb();
    } else {
        arch_mmio_write32(interface2 + GICC_EOIR, token);
    }
}

uint32_t arm_gic_pending(void) {
    if (distributor == NULL) {
        return ARM_IRQ_NONE;
    }
    uint32_t value = version3 ? (uint32_t)ARM_READ(S3_0_C12_C12_2) /* ICC_HPPIR1_EL1 */
                              : arch_mmio_read32(interface2 + GICC_HPPIR) & INTID_MASK;
    return value >= INTID_SPECIAL ? ARM_IRQ_NONE : value;
}

void arm_gic_forget(unsigned line) {
    write_bit(line, GICD_ICPENDR);
}

bool arm_gic_enabled(unsigned line) {
    return (arch_mmio_read32(block_of(line) + GICD_ISENABLER + line / 32 * 4) >> line % 32 & 1) !=
           0;
}

uint64_t arm_gic_cpus(void) {
    return __atomic_load_n(&ready_cpus, __ATOMIC_ACQUIRE);
}

/* Shared lines: masked, inactive, level, medium priority, to the boot CPU. */
static void init_shared(void) {
    for (unsigned line = LINES_PRIVATE; line < line_count; line += 32) {
        unsigned offset = line / 32 * 4;
        arch_mmio_write32(distributor + GICD_ICENABLER + offset, ~0u);
        arch_mmio_write32(distributor + GICD_ICPENDR + offset, ~0u);
        arch_mmio_write32(distributor + GICD_ICACTIVER + offset, ~0u);
        if (version3) {
            arch_mmio_write32(distributor + GICD_IGROUPR + offset, ~0u);
        }
    }
    for (unsigned line = LINES_PRIVATE; line < line_count; line += 16) {
        arch_mmio_write32(distributor + GICD_ICFGR + line / 16 * 4, 0);
    }
    for (unsigned line = LINES_PRIVATE; line < line_count; line += 4) {
        arch_mmio_write32(distributor + GICD_IPRIORITYR + line, 0x80808080u);
    }
    for (unsigned line = LINES_PRIVATE; version3 && line < line_count; line++) {
        write64(distributor + GICD_IROUTER + line * 8, affinity_of(0));
    }
}

void arm_gic_init(const struct boot_controller *given) {
    if (given->kind != BOOT_CONTROLLER_GICV2 && given->kind != BOOT_CONTROLLER_GICV3) {
        return;
    }
    controller = given;
    version3 = given->kind == BOOT_CONTROLLER_GICV3;
    distributor = phys_to_virt(given->range[0].base);
    interface2 = phys_to_virt(given->range[1].base);
    line_count = ((arch_mmio_read32(distributor + GICD_TYPER) & 0x1f) + 1) * 32;
    line_count = line_count < INTID_SPECIAL ? line_count : INTID_SPECIAL;
    arch_mmio_write32(distributor + GICD_CTLR, 0);
    wait_written(LINES_PRIVATE);
    init_shared();
    if (version3) {
        arch_mmio_write32(distributor + GICD_CTLR, CTLR_V3_ENABLE & ~2u); /* routing first */
        wait_written(LINES_PRIVATE);
    }
    arch_mmio_write32(distributor + GICD_CTLR, version3 ? CTLR_V3_ENABLE : CTLR_V2_ENABLE);
    wait_written(LINES_PRIVATE);
}

/* This CPU's redistributor: the one that has its affinity. */
static volatile uint8_t *find_redistributor(void) {
    uint64_t id = ARM_READ(mpidr_el1);
    uint64_t wanted = (id >> 32 & 0xff) << 24 | (id & 0xffffff);
    for (unsigned i = 1; i < controller->range_count; i++) {
        const struct boot_range *range = &controller->range[i];
        uint64_t offset = 0;
        while (offset + 2 * GICR_FRAME <= range->length) {
            volatile uint8_t *frame = (volatile uint8_t *)phys_to_virt(range->base) + offset;
            uint64_t type = read64(frame + GICR_TYPER);
            if (type >> 32 == wanted) {
                return frame;
            }
            if ((type & GICR_TYPER_LAST) != 0) {
                break;
            }
            offset += (type & GICR_TYPER_VIRTUAL) != 0 ? 4 * GICR_FRAME : 2 * GICR_FRAME;
        }
    }
    return NULL;
}

static bool init_cpu_v3(void) {
    volatile uint8_t *frame = find_redistributor();
    if (frame == NULL) {
        return false;
    }
    arch_percpu()->redistributor = frame;
    arch_mmio_write32(frame + GICR_WAKER, arch_mmio_read32(frame + GICR_WAKER) & ~GICR_WAKER_SLEEP);
    wait_clear(frame + GICR_WAKER, GICR_WAKER_SLEEPING);
    ARM_WRITE(S3_0_C12_C12_5, 1); /* ICC_SRE_EL1: system registers */
    arm_isb();
    return true;
}

/* Private lines: masked, except SGIs, which some controllers cannot mask. */
static void init_private(void) {
    volatile uint8_t *block = block_of(0);
    arch_mmio_write32(block + GICD_ICENABLER, 0xffff0000u);
    arch_mmio_write32(block + GICD_ICACTIVER, ~0u);
    if (version3) {
        arch_mmio_write32(block + GICD_IGROUPR, ~0u);
    }
    for (unsigned line = 0; line < LINES_PRIVATE; line += 4) {
        arch_mmio_write32(block + GICD_IPRIORITYR + line,
                          line < ARM_IRQ_PRIVATE ? PRIORITY_SGI * 0x01010101u : 0x80808080u);
    }
    write_priority(ARM_IRQ_TIMER, PRIORITY_TIMER);
    arch_mmio_write32(block + GICD_ISENABLER, 0xffffu);
    wait_written(0);
}

static void enable_interface(void) {
    if (version3) {
        ARM_WRITE(S3_0_C4_C6_0, PRIORITY_ALL); /* ICC_PMR_EL1 */
        ARM_WRITE(S3_0_C12_C12_3, 0);          /* ICC_BPR1_EL1 */
        ARM_WRITE(S3_0_C12_C12_4, 0);          /* ICC_CTLR_EL1: one write ends an interrupt */
        ARM_WRITE(S3_0_C12_C12_7, 1);          /* ICC_IGRPEN1_EL1 */
        arm_isb();
    } else {
        arch_mmio_write32(interface2 + GICC_PMR, PRIORITY_ALL);
        arch_mmio_write32(interface2 + GICC_BPR, 0);
        arch_mmio_write32(interface2 + GICC_CTLR, 1);
    }
}

/* Version 2 tells a CPU its own bit through the target registers of its private lines; they are
 * zero if there is but one CPU. */
static uint32_t read_target_bit(void) {
    uint32_t word = arch_mmio_read32(distributor + GICD_ITARGETSR);
    uint32_t bit = (word | word >> 8 | word >> 16 | word >> 24) & 0xff;
    return bit != 0 ? bit : 1;
}

void arm_gic_init_cpu(void) {
    if (distributor == NULL || (version3 && !init_cpu_v3())) {
        return;
    }
    if (!version3) {
        target_bit[arch_percpu()->cpu] = read_target_bit();
    }
    init_private();
    enable_interface();
    __atomic_fetch_or(&ready_cpus, (uint64_t)1 << arch_percpu()->cpu, __ATOMIC_RELEASE);
    for (unsigned line = LINES_PRIVATE; !version3 && arch_percpu()->cpu == 0 && line < line_count;
         line++) {
        arch_mmio_write8(distributor + GICD_ITARGETSR + line, (uint8_t)target_bit[0]);
    }
}
