/* SPDX-License-Identifier: MIT */
/*
 * From multiboot2 or PVH, and ACPI, to struct boot_info. Runs once, on the boot tables and the boot
 * CPU; physical memory is read through the direct map. What the loader and the firmware left is
 * hostile: bad data ends in info.error.
 */
#include "arch/io.h"
#include "arch/impl/layout.h"
#include "arch/mmu.h"
#include "arch/upcall.h"
#include "base/checked.h"
#include "base/string.h"
#include "common/boot_memory.h"
#include "x86_64/acpi.h"
#include "x86_64/tables.h"

#define PVH_MAGIC        0x336ec578u
#define MULTIBOOT2_MAGIC 0x36d76289u

#define LOADER_SIZE_MAX  (1u << 20)
#define MEMORY_MAP_MAX   1024u
#define REGISTER_PAGE    4096ul
#define LOCAL_APIC_BASE  0xfee00000ul
#define IOAPIC_BASE      0xfec00000ul
#define MSR_LOCAL_APIC   0x1b
#define LOCAL_APIC_WIDE  0x400u /* x2APIC mode */
#define LOCAL_APIC_MASK  0x000ffffffffff000ul
#define TRAMPOLINE_LIMIT 0xa0000ul
#define BOOT_MAP_SMALL   (4ul << 30)

#define COM1             0x3f8
#define PORT_DEBUG_EXIT  0xf4
#define MEMORY_AVAILABLE 1u

enum multiboot2_tag {
    TAG_END = 0,
    TAG_COMMAND_LINE = 1,
    TAG_MODULE = 3,
    TAG_MEMORY_MAP = 6,
    TAG_ACPI_OLD = 14,
    TAG_ACPI_NEW = 15,
};

struct multiboot2_entry {
    uint64_t base, length;
    uint32_t type, reserved;
};

struct pvh_start {
    uint32_t magic, version, flags, module_count;
    uint64_t modules, command_line, rsdp, memory_map;
    uint32_t memory_map_count, reserved;
};

/* qboot puts the list at an odd place: no alignment may be assumed. */
struct pvh_module {
    uint64_t base, size, command_line, reserved;
} __attribute__((packed));

#define TABLE_ENTRIES 512u
#define LEAF_SHIFT    21
#define TABLE_SHIFT   30

extern char kernel_image_start[], kernel_image_end[];
extern uint64_t boot_high_table[];
_Noreturn void boot_main(uint32_t magic, uint32_t address);

static struct boot_info info;

static void cpu_id(uint32_t leaf, uint32_t *b, uint32_t *c, uint32_t *d) {
    uint32_t a = leaf;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(*b), "=c"(*c), "=d"(*d) : "2"(0));
}

static uint64_t read_msr(uint32_t msr) {
    uint32_t low;
    uint32_t high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

/* Bytes that the boot tables map. */
static uint64_t mapped_limit(void) {
    uint32_t b, c, d;
    cpu_id(0x80000001, &b, &c, &d);
    return (d & 1u << 26) != 0 ? KERNEL_DIRECT_SIZE : BOOT_MAP_SMALL;
}

static const void *read_physical(void *context, uint64_t address, size_t length) {
    (void)context;
    return range_is_inside(address, length, mapped_limit()) ? phys_to_virt(address) : NULL;
}

/* 115200 baud, 8 bits, no interrupts; polled by the kernel's log. */
static void uart_start(void) {
    static const uint8_t steps[][2] = {{1, 0x00}, {3, 0x80}, {0, 0x01}, {1, 0x00},
                                       {3, 0x03}, {2, 0x07}, {4, 0x0b}};
    arch_port_write8(COM1 + 7, 0x5a);
    if (arch_port_read8(COM1 + 7) != 0x5a) {
        return;
    }
    for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        arch_port_write8((uint16_t)(COM1 + steps[i][0]), steps[i][1]);
    }
    info.uart = (struct boot_uart){.kind = BOOT_UART_NS16550_PORT, .base = COM1};
}

/* QEMU's exit device reads as 0, a port that nobody answers as ones. Not asked on real machines. */
static void find_power(void) {
    uint32_t b, c, d;
    cpu_id(1, &b, &c, &d);
    if ((c & 1u << 31) != 0 && arch_port_read32(PORT_DEBUG_EXIT) == 0) {
        info.power.kind = BOOT_POWER_DEBUG_EXIT;
        info.power.base = PORT_DEBUG_EXIT;
    }
}

/* RAM above the direct map is left alone. */
static void add_memory(uint64_t base, uint64_t length, uint32_t type) {
    if (type == MEMORY_AVAILABLE && base < KERNEL_DIRECT_SIZE) {
        uint64_t room = KERNEL_DIRECT_SIZE - base;
        boot_memory_add(&info, BOOT_MEMORY_USABLE, base, length < room ? length : room);
    } else if (type != MEMORY_AVAILABLE && range_is_inside(base, length, 1ul << 52)) {
        boot_memory_add(&info, BOOT_MEMORY_RESERVED, base, length);
    }
}

static void set_command_line(const char *text, size_t max) {
    size_t length = strnlen(text, max);
    if (length >= sizeof(info.command_line)) {
        boot_fail(&info, "boot: the command line is too long");
        length = sizeof(info.command_line) - 1;
    }
    memcpy(info.command_line, text, length);
    info.command_line[length] = 0;
}

static void set_archive(uint64_t base, uint64_t length) {
    if (info.archive.length == 0) {
        info.archive = (struct boot_range){base, length};
    }
}

static void read_tag_memory_map(const uint8_t *tag, uint32_t size) {
    uint32_t entry_size;
    memcpy(&entry_size, tag + 8, sizeof(entry_size));
    if (entry_size < sizeof(struct multiboot2_entry)) {
        boot_fail(&info, "multiboot2: the memory map's entries are too small");
        return;
    }
    for (uint32_t offset = 16; offset + entry_size <= size; offset += entry_size) {
        struct multiboot2_entry entry;
        memcpy(&entry, tag + offset, sizeof(entry));
        add_memory(entry.base, entry.length, entry.type);
    }
}

static void read_tag_module(const uint8_t *tag) {
    uint32_t start;
    uint32_t end;
    memcpy(&start, tag + 8, sizeof(start));
    memcpy(&end, tag + 12, sizeof(end));
    if (end < start) {
        boot_fail(&info, "multiboot2: a module ends before it starts");
    } else {
        set_archive(start, end - start);
    }
}

static void read_tag(uint32_t type, const uint8_t *tag, uint32_t size, uint64_t address) {
    if (type == TAG_COMMAND_LINE && size > 8) {
        set_command_line((const char *)tag + 8, size - 8);
    } else if (type == TAG_MODULE && size >= 16) {
        read_tag_module(tag);
    } else if (type == TAG_MEMORY_MAP && size >= 16) {
        read_tag_memory_map(tag, size);
    } else if (type == TAG_ACPI_NEW || (type == TAG_ACPI_OLD && info.rsdp == 0)) {
        info.rsdp = address + 8; /* a copy, right here */
    }
}

static void read_multiboot2(uint64_t address) {
    const uint8_t *start = phys_to_virt(address);
    uint32_t total;
    memcpy(&total, start, sizeof(total));
    string_copy(info.firmware, sizeof(info.firmware), "multiboot2");
    if (total < 16 || total > LOADER_SIZE_MAX || !range_is_inside(address, total, BOOT_MAP_SMALL)) {
        boot_fail(&info, "multiboot2: the information has a bad size");
        return;
    }
    for (uint32_t offset = 8; range_is_inside(offset, 8, total);) {
        uint32_t head[2];
        memcpy(head, start + offset, sizeof(head));
        if (head[0] == TAG_END) {
            boot_memory_add(&info, BOOT_MEMORY_RESERVED, address, total);
            return;
        }
        if (head[1] < 8 || !range_is_inside(offset, head[1], total)) {
            break;
        }
        read_tag(head[0], start + offset, head[1], address + offset);
        offset += (head[1] + 7) & ~7u;
    }
    boot_fail(&info, "multiboot2: a tag has a bad size, or the end is missing");
}

/* The lists need not be aligned: entries are copied. */
static void read_pvh_memory_map(const struct pvh_start *start) {
    struct multiboot2_entry entry;
    const uint8_t *map =
        read_physical(NULL, start->memory_map, start->memory_map_count * sizeof(entry));
    if (map == NULL) {
        boot_fail(&info, "PVH: the memory map lies outside of memory");
        return;
    }
    for (uint32_t i = 0; i < start->memory_map_count; i++) {
        memcpy(&entry, map + i * sizeof(entry), sizeof(entry));
        add_memory(entry.base, entry.length, entry.type);
    }
}

static void read_pvh_module(const struct pvh_start *start) {
    struct pvh_module module;
    const void *list = read_physical(NULL, start->modules, sizeof(module));
    if (list == NULL) {
        boot_fail(&info, "PVH: the module list lies outside of memory");
        return;
    }
    memcpy(&module, list, sizeof(module));
    set_archive(module.base, module.size);
}

static void read_pvh_command_line(const struct pvh_start *start) {
    const char *text = read_physical(NULL, start->command_line, sizeof(info.command_line));
    if (text == NULL) {
        boot_fail(&info, "PVH: the command line lies outside of memory");
        return;
    }
    set_command_line(text, sizeof(info.command_line));
}

static void read_pvh(const struct pvh_start *start) {
    string_copy(info.firmware, sizeof(info.firmware), "PVH");
    if (start->version < 1 || start->memory_map_count == 0 ||
        start->memory_map_count > MEMORY_MAP_MAX) {
        boot_fail(&info, "PVH: no usable memory map");
        return;
    }
    info.rsdp = start->rsdp;
    read_pvh_memory_map(start);
    if (start->module_count > 0) {
        read_pvh_module(start);
    }
    if (start->command_line != 0) {
        read_pvh_command_line(start);
    }
}

static void add_cpu(uint64_t id) {
    info.cpu[info.cpu_count++].hardware_id = id;
}

/* range[0] is the local APIC, which the MSR knows best; the others are IOAPICs. */
static void add_controller(uint64_t base, uint32_t first_line) {
    struct boot_controller *controller = &info.controller;
    controller->kind = BOOT_CONTROLLER_APIC;
    controller->first_line[controller->range_count] = first_line;
    controller->range[controller->range_count++] = (struct boot_range){base, REGISTER_PAGE};
    if (!range_is_inside(base, REGISTER_PAGE, BOOT_MAP_SMALL) || !is_aligned(base, 16)) {
        boot_fail(&info, "ACPI: an interrupt controller has a bad address");
    } else {
        boot_memory_add(&info, BOOT_MEMORY_DEVICE, base, REGISTER_PAGE);
    }
}

static void use_machine(const struct acpi_machine *machine, uint64_t local_apic) {
    if (machine->local_apic != local_apic) {
        boot_fail(&info, "ACPI: the local APIC is not where the MADT says");
    }
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        add_cpu(machine->cpu[i]);
    }
    for (uint32_t i = 0; i < machine->ioapic_count; i++) {
        add_controller(machine->ioapic[i].address, machine->ioapic[i].first_line);
    }
    for (uint32_t i = 0; i < machine->override_count; i++) {
        const struct acpi_override *from = &machine->overrides[i];
        info.controller.overrides[info.controller.override_count++] =
            (struct boot_override){.line = from->line, .level = from->level, .low = from->low};
    }
}

static void read_acpi(uint32_t boot_id, uint64_t local_apic) {
    static struct acpi_machine machine;
    const struct acpi_reader reader = {read_physical, NULL};
    if (info.rsdp == 0) {
        info.rsdp = acpi_find_root(&reader);
    }
    const char *error = info.rsdp == 0 ? NULL : acpi_read(&reader, info.rsdp, &machine);
    if (error != NULL) {
        boot_fail(&info, error);
    }
    if (machine.has_madt) {
        use_machine(&machine, local_apic);
    } else {
        add_cpu(boot_id);
        add_controller(IOAPIC_BASE, 0);
    }
    if (machine.pm1a_control != 0) {
        info.power.firmware = BOOT_POWER_ACPI;
        info.power.firmware_base = machine.pm1a_control;
        info.power.sleep_type = machine.sleep_type;
    }
}

static void read_processors(void) {
    uint32_t b, c, d;
    cpu_id(1, &b, &c, &d);
    uint64_t msr = read_msr(MSR_LOCAL_APIC);
    if ((msr & LOCAL_APIC_WIDE) != 0) {
        boot_fail(&info, "boot: the local APIC is in x2APIC mode, which is not supported");
    }
    add_controller(msr & LOCAL_APIC_MASK, 0);
    read_acpi(b >> 24, msr & LOCAL_APIC_MASK);
    boot_cpu_set_first(&info, b >> 24);
}

/* The highest free page that a CPU can start in; none is no error until a second CPU shall start.
 */
static void reserve_trampoline(void) {
    for (uint32_t i = 0; i < info.memory_count; i++) {
        const struct boot_memory *entry = &info.memory[i];
        uint64_t end = entry->base + entry->length;
        end = end < TRAMPOLINE_LIMIT ? end : TRAMPOLINE_LIMIT;
        if (entry->kind == BOOT_MEMORY_USABLE && entry->base + TS_PAGE_SIZE <= end) {
            info.trampoline = end - TS_PAGE_SIZE;
        }
    }
    if (info.trampoline != 0) {
        boot_memory_add(&info, BOOT_MEMORY_RESERVED, info.trampoline, TS_PAGE_SIZE);
    }
}

static uint64_t usable_end(void) {
    uint64_t end = 0;
    for (uint32_t i = 0; i < info.memory_count; i++) {
        if (info.memory[i].kind == BOOT_MEMORY_USABLE) {
            end = info.memory[i].base + info.memory[i].length;
        }
    }
    return end;
}

/* The highest free pages that are mapped already; 0: there are none. They are never given back. */
static uint64_t take_mapped(uint64_t size) {
    uint64_t found = 0;
    for (uint32_t i = 0; i < info.memory_count; i++) {
        const struct boot_memory *entry = &info.memory[i];
        uint64_t end = entry->base + entry->length;
        end = end < BOOT_MAP_SMALL ? end : BOOT_MAP_SMALL;
        if (entry->kind == BOOT_MEMORY_USABLE && entry->base + size <= end) {
            found = end - size;
        }
    }
    if (found != 0) {
        boot_memory_add(&info, BOOT_MEMORY_RESERVED, found, size);
    }
    return found;
}

/* Without 1 GiB pages the boot tables end at 4 GiB, and the kernel needs all RAM before it has
 * tables of its own. */
static void map_rest(void) {
    uint64_t end = usable_end();
    uint64_t start = mapped_limit();
    if (end <= start) {
        return;
    }
    uint64_t count = (end - start + (1ul << TABLE_SHIFT) - 1) >> TABLE_SHIFT;
    uint64_t tables = take_mapped(count * TS_PAGE_SIZE);
    if (tables == 0) {
        boot_fail(&info, "boot: no memory below 4 GiB for the page tables of the rest");
        return;
    }
    uint64_t *leaf = phys_to_virt(tables);
    for (uint64_t i = 0; i < count * TABLE_ENTRIES; i++) {
        leaf[i] = (start + (i << LEAF_SHIFT)) | PAGE_LEAF_FLAGS;
    }
    for (uint64_t i = 0; i < count; i++) {
        boot_high_table[DIRECT_INDEX + (start >> TABLE_SHIFT) + i] =
            (tables + i * TS_PAGE_SIZE) | PAGE_TABLE_FLAGS;
    }
}

/* start.S comes here. magic and address: eax and ebx at entry. PVH loaders leave anything in eax.
 */
_Noreturn void boot_main(uint32_t magic, uint32_t address) {
    uart_start();
    find_power();
    struct pvh_start pvh = {.magic = 0};
    if (address <= BOOT_MAP_SMALL - sizeof(pvh)) {
        memcpy(&pvh, phys_to_virt(address), sizeof(pvh));
    }
    if (pvh.magic == PVH_MAGIC) {
        read_pvh(&pvh);
    } else if (magic == MULTIBOOT2_MAGIC) {
        read_multiboot2(address);
    } else {
        string_copy(info.firmware, sizeof(info.firmware), "an unknown loader");
        boot_fail(&info, "boot: neither multiboot2 nor PVH started the kernel");
    }
    info.kernel.base = (uint64_t)kernel_image_start - KERNEL_IMAGE_BASE;
    info.kernel.length = (uint64_t)(kernel_image_end - kernel_image_start);
    boot_memory_add(&info, BOOT_MEMORY_RESERVED, 0, TS_PAGE_SIZE);
    read_processors();
    boot_memory_finish(&info);
    reserve_trampoline();
    map_rest();
    kernel_main(&info);
}
