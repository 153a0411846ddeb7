/* SPDX-License-Identifier: MIT */
/*
 * ACPI tables, as far as a kernel needs them to start: the MADT (CPUs and interrupt controllers),
 * and from the FADT how to power off. The tables are hostile input. Pure code: memory is reached
 * through a callback, so that tests and fuzzers on the build machine run it too.
 */
#pragma once

#include "abi/types.h"

#define ACPI_CPU_MAX      64
#define ACPI_IOAPIC_MAX   7
#define ACPI_OVERRIDE_MAX 16

struct acpi_reader {
    /* The bytes [address, address+length) of physical memory, or null if they may not be read. */
    const void *(*read)(void *context, uint64_t address, size_t length);
    void *context;
};

struct acpi_ioapic {
    uint64_t address;
    uint32_t first_line;
};

struct acpi_override {
    uint32_t line;
    bool level, low;
};

struct acpi_machine {
    bool has_madt;
    uint64_t local_apic;
    uint32_t cpu_count;        /* kept ones; enabled CPUs only */
    uint32_t cpus_dropped;     /* above ACPI_CPU_MAX, or with ids that an 8-bit APIC cannot name */
    uint8_t cpu[ACPI_CPU_MAX]; /* local APIC ids */
    uint32_t ioapic_count;
    struct acpi_ioapic ioapic[ACPI_IOAPIC_MAX];
    uint32_t override_count;
    struct acpi_override overrides[ACPI_OVERRIDE_MAX];
    uint16_t pm1a_control; /* port, 0: unknown */
    uint8_t sleep_type;    /* of the off state */
};

/* Looks for the root pointer where a BIOS leaves it; 0: not there. */
uint64_t acpi_find_root(const struct acpi_reader *reader);

/* Fills *machine from the tables that the root pointer at `root` leads to. Null, or what is wrong
 * with them. */
const char *acpi_read(const struct acpi_reader *reader, uint64_t root,
                      struct acpi_machine *machine);
