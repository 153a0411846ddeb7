/* SPDX-License-Identifier: MIT */
/* Every length is checked before it is used, every checksum before contents are believed; all loops
 * are bounded. */
#include "x86_64/acpi.h"

#include "base/checked.h"
#include "base/string.h"

#define ROOT_SIZE          20u
#define ROOT_SIZE_EXTENDED 36u
#define ROOT_SIZE_MAX      256u
#define ROOT_ALIGN         16u
#define BIOS_AREA          0xe0000ul
#define BIOS_AREA_SIZE     0x20000ul
#define EBDA_SEGMENT       0x40eul /* word: segment of the extended BIOS data area */
#define EBDA_SIZE          1024u

#define HEADER_SIZE    36u
#define TABLE_SIZE_MAX (4ul << 20)

#define MADT_LOCAL_APIC 36u
#define MADT_ENTRIES    44u
#define FADT_DSDT       40u
#define FADT_PM1A       64u

enum madt_entry {
    MADT_CPU = 0,
    MADT_IOAPIC = 1,
    MADT_OVERRIDE = 2,
    MADT_APIC_ADDRESS = 5,
    MADT_CPU_WIDE = 9
};

#define CPU_ENABLED 1u
#define APIC_ID_ALL 255u

static uint64_t load(const uint8_t *bytes, unsigned size) {
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        value |= (uint64_t)bytes[i] << 8 * i;
    }
    return value;
}

static uint32_t load32(const uint8_t *bytes) {
    return (uint32_t)load(bytes, 4);
}

static bool sum_is_zero(const uint8_t *bytes, size_t size) {
    uint8_t sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    return sum == 0;
}

static const uint8_t *read_bytes(const struct acpi_reader *reader, uint64_t address, size_t size) {
    uint64_t end;
    return checked_add(address, size, &end) ? reader->read(reader->context, address, size) : NULL;
}

static bool is_root(const uint8_t *bytes) {
    return memcmp(bytes, "RSD PTR ", 8) == 0 && sum_is_zero(bytes, ROOT_SIZE);
}

static uint64_t find_in(const struct acpi_reader *reader, uint64_t base, size_t size) {
    const uint8_t *area = read_bytes(reader, base, size);
    for (size_t i = 0; area != NULL && i + ROOT_SIZE <= size; i += ROOT_ALIGN) {
        if (is_root(area + i)) {
            return base + i;
        }
    }
    return 0;
}

uint64_t acpi_find_root(const struct acpi_reader *reader) {
    const uint8_t *segment = read_bytes(reader, EBDA_SEGMENT, 2);
    uint64_t ebda = segment == NULL ? 0 : load(segment, 2) << 4;
    uint64_t root = ebda == 0 ? 0 : find_in(reader, ebda, EBDA_SIZE);
    return root != 0 ? root : find_in(reader, BIOS_AREA, BIOS_AREA_SIZE);
}

/* The whole table at address with its size, or null. */
static const uint8_t *read_table(const struct acpi_reader *reader, uint64_t address,
                                 const char *signature, size_t *size) {
    const uint8_t *header = read_bytes(reader, address, HEADER_SIZE);
    if (header == NULL || memcmp(header, signature, 4) != 0) {
        return NULL;
    }
    *size = load32(header + 4);
    if (*size < HEADER_SIZE || *size > TABLE_SIZE_MAX) {
        return NULL;
    }
    const uint8_t *table = read_bytes(reader, address, *size);
    return table != NULL && sum_is_zero(table, *size) ? table : NULL;
}

static bool add_cpu(struct acpi_machine *machine, uint32_t id, uint32_t flags) {
    if ((flags & CPU_ENABLED) == 0) {
        return true;
    }
    if (machine->cpu_count == ACPI_CPU_MAX || id >= APIC_ID_ALL) {
        machine->cpus_dropped++;
        return true;
    }
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        if (machine->cpu[i] == id) {
            return false;
        }
    }
    machine->cpu[machine->cpu_count++] = (uint8_t)id;
    return true;
}

static void add_ioapic(struct acpi_machine *machine, const uint8_t *entry) {
    if (machine->ioapic_count < ACPI_IOAPIC_MAX) {
        struct acpi_ioapic *ioapic = &machine->ioapic[machine->ioapic_count++];
        ioapic->address = load32(entry + 4);
        ioapic->first_line = load32(entry + 8);
    }
}

/* Flags: polarity in bits 0-1, trigger in bits 2-3; 0 is the bus's way (ISA: high, edge), 3 means
 * low or level. */
static void add_override(struct acpi_machine *machine, const uint8_t *entry) {
    if (machine->override_count < ACPI_OVERRIDE_MAX) {
        struct acpi_override *override = &machine->overrides[machine->override_count++];
        override->line = load32(entry + 4);
        override->low = (entry[8] & 3) == 3;
        override->level = (entry[8] >> 2 & 3) == 3;
    }
}

static const char *read_madt_entry(struct acpi_machine *machine, const uint8_t *entry,
                                   size_t size) {
    static const uint8_t size_min[] = {[MADT_CPU] = 8,
                                       [MADT_IOAPIC] = 12,
                                       [MADT_OVERRIDE] = 10,
                                       [MADT_APIC_ADDRESS] = 12,
                                       [MADT_CPU_WIDE] = 16};
    if (entry[0] < sizeof(size_min) && size < size_min[entry[0]]) {
        return "ACPI: a MADT entry is too short";
    }
    bool single = true;
    switch (entry[0]) {
    case MADT_CPU: single = add_cpu(machine, entry[3], load32(entry + 4)); break;
    case MADT_CPU_WIDE: single = add_cpu(machine, load32(entry + 4), load32(entry + 8)); break;
    case MADT_IOAPIC: add_ioapic(machine, entry); break;
    case MADT_OVERRIDE: add_override(machine, entry); break;
    case MADT_APIC_ADDRESS: machine->local_apic = load(entry + 4, 8); break;
    }
    return single ? NULL : "ACPI: the MADT lists a CPU twice";
}

static const char *read_madt(struct acpi_machine *machine, const uint8_t *table, size_t size) {
    if (machine->has_madt) {
        return "ACPI: two MADTs";
    }
    if (size < MADT_ENTRIES) {
        return "ACPI: the MADT is truncated";
    }
    machine->has_madt = true;
    machine->local_apic = load32(table + MADT_LOCAL_APIC);
    for (size_t offset = MADT_ENTRIES; offset < size;) {
        size_t left = size - offset;
        const uint8_t *entry = table + offset;
        if (left < 2 || entry[1] < 2 || entry[1] > left) {
            return "ACPI: a MADT entry has a bad length";
        }
        const char *error = read_madt_entry(machine, entry, entry[1]);
        if (error != NULL) {
            return error;
        }
        offset += entry[1];
    }
    return NULL;
}

/* The off state's sleep type is the first number of the package named _S5_. A full interpreter
 * would be needed to be sure; what does not look like a package of small constants is ignored. */
static void find_sleep_type(struct acpi_machine *machine, const uint8_t *dsdt, size_t size) {
    for (size_t i = HEADER_SIZE; i + 9 <= size; i++) {
        if (memcmp(dsdt + i, "_S5_", 4) == 0 && dsdt[i + 4] == 0x12 && dsdt[i + 5] < 0x40) {
            const uint8_t *value = dsdt + i + 7;
            machine->sleep_type = value[0] == 0x0a ? value[1] & 7 : value[0] & 7;
            return;
        }
    }
}

static void read_fadt(const struct acpi_reader *reader, struct acpi_machine *machine,
                      const uint8_t *table, size_t size) {
    if (size < FADT_PM1A + 4) {
        return;
    }
    uint32_t port = load32(table + FADT_PM1A);
    size_t dsdt_size;
    const uint8_t *dsdt = read_table(reader, load32(table + FADT_DSDT), "DSDT", &dsdt_size);
    if (port <= UINT16_MAX) {
        machine->pm1a_control = (uint16_t)port;
    }
    if (dsdt != NULL) {
        find_sleep_type(machine, dsdt, dsdt_size);
    }
}

/* Only a MADT that is there but broken is an error: nothing else is needed to start. */
static const char *read_listed(const struct acpi_reader *reader, struct acpi_machine *machine,
                               uint64_t address) {
    const uint8_t *header = read_bytes(reader, address, HEADER_SIZE);
    size_t size;
    if (header != NULL && memcmp(header, "APIC", 4) == 0) {
        const uint8_t *table = read_table(reader, address, "APIC", &size);
        return table == NULL ? "ACPI: the MADT's length or checksum is wrong"
                             : read_madt(machine, table, size);
    }
    const uint8_t *fadt = read_table(reader, address, "FACP", &size);
    if (fadt != NULL) {
        read_fadt(reader, machine, fadt, size);
    }
    return NULL;
}

/* Address of the table of tables, and the size of its entries; 0: the root pointer is broken. */
static uint64_t read_root(const struct acpi_reader *reader, uint64_t root, unsigned *entry_size) {
    const uint8_t *bytes = read_bytes(reader, root, ROOT_SIZE);
    if (bytes == NULL || !is_root(bytes)) {
        return 0;
    }
    *entry_size = 4;
    uint64_t rsdt = load32(bytes + 16);
    const uint8_t *extended = bytes[15] >= 2 ? read_bytes(reader, root, ROOT_SIZE_EXTENDED) : NULL;
    if (extended == NULL) {
        return bytes[15] >= 2 ? 0 : rsdt;
    }
    uint32_t length = load32(extended + 20);
    uint64_t xsdt = load(extended + 24, 8);
    const uint8_t *all = length < ROOT_SIZE_EXTENDED || length > ROOT_SIZE_MAX
                             ? NULL
                             : read_bytes(reader, root, length);
    if (all == NULL || !sum_is_zero(all, length)) {
        return 0;
    }
    *entry_size = xsdt != 0 ? 8 : 4;
    return xsdt != 0 ? xsdt : rsdt;
}

const char *acpi_read(const struct acpi_reader *reader, uint64_t root,
                      struct acpi_machine *machine) {
    unsigned entry_size;
    size_t size;
    memset(machine, 0, sizeof(*machine));
    uint64_t address = read_root(reader, root, &entry_size);
    if (address == 0) {
        return "ACPI: the root pointer is broken";
    }
    const uint8_t *list = read_table(reader, address, entry_size == 8 ? "XSDT" : "RSDT", &size);
    if (list == NULL) {
        return "ACPI: the root table is broken";
    }
    for (size_t offset = HEADER_SIZE; offset + entry_size <= size; offset += entry_size) {
        const char *error = read_listed(reader, machine, load(list + offset, entry_size));
        if (error != NULL) {
            return error;
        }
    }
    return NULL;
}
