/* SPDX-License-Identifier: MIT */
/*
 * What the boot adapters tell the kernel: one structure for every firmware.
 * The adapter validates all of it; the kernel trusts it. All addresses are physical.
 */
#pragma once

#include "abi/types.h"

#define BOOT_MEMORY_MAX       128
#define BOOT_COMMAND_LINE_MAX 512
#define BOOT_INTERRUPT_REGIONS 8
#define BOOT_OVERRIDE_MAX     16

enum boot_memory_kind {
    BOOT_MEMORY_USABLE,   /* free RAM */
    BOOT_MEMORY_KERNEL,   /* RAM: kernel image */
    BOOT_MEMORY_BOOT,     /* RAM: boot archive, devicetree: kept, mapped read-only */
    BOOT_MEMORY_RESERVED, /* RAM or not: never touched */
    BOOT_MEMORY_DEVICE,   /* registers which the kernel itself drives: UART, interrupt controller, ... */
};

struct boot_range {
    uint64_t base;
    uint64_t length; /* bytes; 0: absent */
};

/* Sorted by base; no overlap; base and length are multiples of the page size. */
struct boot_memory {
    uint64_t base;
    uint64_t length;
    uint32_t kind; /* enum boot_memory_kind */
    uint32_t reserved;
};

enum boot_uart_kind { BOOT_UART_NONE, BOOT_UART_NS16550_PORT, BOOT_UART_NS16550_MMIO, BOOT_UART_PL011 };

struct boot_uart {
    uint32_t kind;       /* enum boot_uart_kind */
    uint32_t shift;      /* register stride is 1 << shift bytes */
    uint64_t base;       /* port number or physical address */
};

enum boot_controller_kind { BOOT_CONTROLLER_NONE, BOOT_CONTROLLER_APIC, BOOT_CONTROLLER_GICV2, BOOT_CONTROLLER_GICV3, BOOT_CONTROLLER_PLIC };

/* A line whose trigger firmware tells of (ACPI interrupt source override). */
struct boot_override {
    uint32_t line;
    uint8_t level; /* 0: edge */
    uint8_t low;   /* 0: active high, rising */
    uint16_t reserved;
};

struct boot_controller {
    uint32_t kind;       /* enum boot_controller_kind */
    uint32_t line_count; /* interrupt lines, 0: ask the hardware */
    uint32_t range_count;
    uint32_t reserved;
    /* APIC: local APIC, IOAPIC. GICv2: distributor, CPU interface. GICv3: distributor, redistributors.... PLIC: registers. */
    struct boot_range range[BOOT_INTERRUPT_REGIONS];
    uint32_t first_line[BOOT_INTERRUPT_REGIONS]; /* APIC: of each IOAPIC */
    uint32_t override_count;
    struct boot_override overrides[BOOT_OVERRIDE_MAX];
};

struct boot_cpu {
    uint64_t hardware_id; /* APIC id, MPIDR, hart id */
    uint32_t controller_context; /* PLIC: context number of the hart's S mode; otherwise 0 */
    uint32_t reserved;
};

enum boot_power_kind {
    BOOT_POWER_NONE,
    BOOT_POWER_DEBUG_EXIT,  /* x86: isa-debug-exit at port base */
    BOOT_POWER_SEMIHOSTING, /* arm64 */
    BOOT_POWER_TEST_DEVICE, /* sifive_test at physical address base */
    BOOT_POWER_PSCI_HVC,
    BOOT_POWER_PSCI_SMC,
    BOOT_POWER_SBI,
    BOOT_POWER_ACPI,        /* x86: reset by keyboard controller, off by ACPI port base */
};

struct boot_power {
    uint32_t kind; /* enum boot_power_kind: the way that carries an exit code, if there is one */
    uint32_t firmware; /* enum boot_power_kind: the firmware's own way (PSCI, SBI, ACPI) */
    uint64_t base;
    uint32_t firmware_base; /* ACPI: port of PM1a control, 0: none */
    uint32_t sleep_type;    /* ACPI: what is written there for off */
};

struct boot_info {
    struct boot_memory memory[BOOT_MEMORY_MAX];
    uint32_t memory_count;
    uint32_t cpu_count;                     /* at least 1; memory and CPUs above the maxima are dropped and logged */
    struct boot_cpu cpu[TS_CPU_COUNT_MAX];  /* cpu[0] is the boot CPU */
    struct boot_range kernel;               /* the loaded image, bss included */
    struct boot_range archive;              /* boot archive (cpio); length 0: none */
    struct boot_range devicetree;           /* flattened devicetree from firmware; length 0: none */
    uint64_t rsdp;                          /* ACPI root pointer, 0: none */
    uint64_t trampoline;                    /* a reserved page below 1 MiB to start CPUs in, 0: none */
    uint64_t timer_frequency;               /* Hz, 0: the architecture measures or reads it */
    struct boot_uart uart;
    struct boot_controller controller;
    struct boot_power power;
    char command_line[BOOT_COMMAND_LINE_MAX]; /* terminated */
    char firmware[32];                        /* "multiboot2", "PVH", "arm64 Image", "SBI": for the log */
    const char *error;                        /* not null: why the machine cannot be started; the kernel prints it and stops */
};
