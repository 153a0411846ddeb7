/* SPDX-License-Identifier: MIT */
/*
 * One walk over the devicetree; each node is offered to the readers below, which know by its place, name or
 * compatible list whether it is theirs. No tables of pointers here: adapters may run before relocation.
 */
#include "common/boot_fdt.h"

#include "abi/status.h"
#include "base/fdt.h"
#include "base/string.h"
#include "common/boot_memory.h"

#define UART_NS16550_REGISTERS    8u
#define UART_PL011_SIZE           0x48u
#define UART_SHIFT_MAX            4u
#define GICV2_DISTRIBUTOR_SIZE    0x1000u
#define GICV2_CPU_INTERFACE_SIZE  0x100u
#define GICV3_DISTRIBUTOR_SIZE    0x10000u
#define GICV3_REDISTRIBUTOR_SIZE  0x20000u
#define PLIC_SOURCE_MAX           1023u
#define PLIC_CONTEXT_OFFSET       0x200000u
#define PLIC_CONTEXT_SIZE         0x1000u
#define RISCV_SUPERVISOR_EXTERNAL 9u /* cause of the interrupt that a supervisor context of the PLIC raises */
#define CONTEXT_NONE              UINT32_MAX

struct reader {
    struct boot_info *info;
    struct fdt fdt;
    struct fdt_walk walk;
    uint32_t reserved_memory; /* nodes: /reserved-memory, /cpus, that of stdout-path, the interrupt controller */
    uint32_t cpus;
    uint32_t console;
    uint32_t controller;
    bool console_found;       /* the console's own UART was read, not a substitute */
    struct boot_range console_range;
    uint32_t last_cpu_node;   /* the node of the last entry of info->cpu */
    uint32_t cpu_phandle[TS_CPU_COUNT_MAX]; /* of the interrupt controller inside each CPU; 0: none */
};

static void fail(struct reader *r, const char *error) {
    boot_fail(r->info, error);
}

static bool is_compatible(const struct reader *r, const char *compatible) {
    return fdt_is_compatible(&r->fdt, fdt_walk_node(&r->walk), compatible);
}

/* One entry of reg as a CPU address, at least min_size long. */
static bool read_registers(struct reader *r, uint32_t index, uint64_t min_size, struct boot_range *range) {
    uint64_t base, size;
    if (!fdt_walk_reg(&r->fdt, &r->walk, index, &base, &size) || size < min_size) {
        return false;
    }
    *range = (struct boot_range){base, size};
    return true;
}

static void add_device(struct reader *r, const struct boot_range *range) {
    boot_memory_add(r->info, BOOT_MEMORY_DEVICE, range->base, range->length);
}

/* Adds all of a node's reg to the memory map. Memory and reservations are never behind a bus of their own. */
static void add_reg(struct reader *r, enum boot_memory_kind kind) {
    uint64_t base, size;
    uint32_t parent = fdt_walk_parent(&r->walk), node = fdt_walk_node(&r->walk);
    uint32_t count = fdt_reg_count(&r->fdt, parent, node);
    if (count == 0) {
        fail(r, "devicetree: reg of a memory node is missing or malformed");
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!fdt_read_reg(&r->fdt, parent, node, i, &base, &size)) {
            fail(r, "devicetree: reg of a memory node is impossible");
            return;
        }
        if (!boot_memory_add(r->info, kind, base, size)) {
            return;
        }
    }
}

static void read_memory(struct reader *r) {
    uint32_t node = fdt_walk_node(&r->walk);
    if (fdt_walk_parent(&r->walk) == r->reserved_memory && r->reserved_memory != FDT_NONE) {
        /* Without reg it only asks for memory, and nobody here uses such a pool. */
        if (fdt_property(&r->fdt, node, "reg").data != NULL) {
            add_reg(r, BOOT_MEMORY_RESERVED);
        }
    } else if (r->walk.depth == 1 && fdt_has_string(fdt_property(&r->fdt, node, "device_type"), "memory")) {
        add_reg(r, BOOT_MEMORY_USABLE);
    }
}

static void read_reserve_map(struct reader *r) {
    uint64_t base, size;
    for (uint32_t i = 0; fdt_read_reserve(&r->fdt, i, &base, &size); i++) {
        if (!boot_memory_add(r->info, BOOT_MEMORY_RESERVED, base, size)) {
            return;
        }
    }
}

static void read_command_line(struct reader *r, uint32_t chosen) {
    struct fdt_value value = fdt_property(&r->fdt, chosen, "bootargs");
    if (value.data == NULL || value.length == 0) {
        return;
    }
    const char *text = fdt_string(value, 0);
    if (text == NULL) {
        fail(r, "devicetree: bootargs is not terminated");
    } else if (strlen(text) >= BOOT_COMMAND_LINE_MAX) {
        fail(r, "devicetree: bootargs is too long");
    } else {
        string_copy(r->info->command_line, BOOT_COMMAND_LINE_MAX, text);
    }
}

static void read_archive(struct reader *r, uint32_t chosen) {
    uint64_t start, end;
    bool has_start = fdt_property(&r->fdt, chosen, "linux,initrd-start").data != NULL;
    bool has_end = fdt_property(&r->fdt, chosen, "linux,initrd-end").data != NULL;
    if (!has_start && !has_end) {
        return;
    }
    if (!fdt_read_number(&r->fdt, chosen, "linux,initrd-start", &start) ||
        !fdt_read_number(&r->fdt, chosen, "linux,initrd-end", &end) || end < start) {
        fail(r, "devicetree: linux,initrd-start and linux,initrd-end do not fit together");
        return;
    }
    r->info->archive = (struct boot_range){start, end - start};
}

static void read_chosen(struct reader *r) {
    uint32_t chosen = fdt_find_path(&r->fdt, "/chosen");
    read_command_line(r, chosen);
    read_archive(r, chosen);
    struct fdt_value value = fdt_property(&r->fdt, chosen, "stdout-path");
    if (value.data == NULL) {
        return;
    }
    const char *path = fdt_string(value, 0);
    r->console = path != NULL ? fdt_find_path(&r->fdt, path) : FDT_NONE;
    if (r->console == FDT_NONE) {
        fail(r, "devicetree: stdout-path names no node");
    }
}

/* The UART of the current node; false if it is none that can be driven. */
static bool read_uart(struct reader *r, struct boot_uart *uart, struct boot_range *range) {
    uint32_t node = fdt_walk_node(&r->walk);
    if (is_compatible(r, "arm,pl011")) {
        *uart = (struct boot_uart){.kind = BOOT_UART_PL011};
        return read_registers(r, 0, UART_PL011_SIZE, range);
    }
    if (!is_compatible(r, "ns16550a") && !is_compatible(r, "ns16550")) {
        return false;
    }
    uint32_t shift = fdt_read_u32(&r->fdt, node, "reg-shift", 0);
    uint32_t offset = fdt_read_u32(&r->fdt, node, "reg-offset", 0);
    *uart = (struct boot_uart){.kind = BOOT_UART_NS16550_MMIO, .shift = shift};
    /* Registers are driven by single bytes. */
    if (fdt_read_u32(&r->fdt, node, "reg-io-width", 1) != 1 || shift > UART_SHIFT_MAX ||
        !read_registers(r, 0, (uint64_t)offset + (UART_NS16550_REGISTERS << shift), range)) {
        return false;
    }
    range->base += offset;
    range->length -= offset;
    return true;
}

static void read_console(struct reader *r) {
    bool is_console = fdt_walk_node(&r->walk) == r->console && r->console != FDT_NONE;
    struct boot_uart uart;
    struct boot_range range;
    if ((r->info->uart.kind != BOOT_UART_NONE && !is_console) || r->console_found ||
        !read_uart(r, &uart, &range)) {
        return;
    }
    uart.base = range.base;
    r->info->uart = uart;
    r->console_range = range;
    r->console_found = is_console;
}

/* Remembers the controller's registers, from entry `first` of reg on; false if they are not there. */
static bool read_ranges(struct reader *r, uint32_t first, uint32_t count, uint64_t min_size) {
    struct boot_controller *controller = &r->info->controller;
    if (count > BOOT_INTERRUPT_REGIONS - first) {
        return false;
    }
    for (uint32_t i = first; i < first + count; i++) {
        if (!read_registers(r, i, min_size, &controller->range[i])) {
            return false;
        }
        add_device(r, &controller->range[i]);
    }
    controller->range_count = first + count;
    return true;
}

static void read_gic(struct reader *r, bool v3) {
    uint32_t regions = v3 ? fdt_read_u32(&r->fdt, fdt_walk_node(&r->walk), "#redistributor-regions", 1) : 1;
    r->info->controller.kind = v3 ? BOOT_CONTROLLER_GICV3 : BOOT_CONTROLLER_GICV2;
    if (regions == 0 || !read_ranges(r, 0, 1, v3 ? GICV3_DISTRIBUTOR_SIZE : GICV2_DISTRIBUTOR_SIZE) ||
        !read_ranges(r, 1, regions, v3 ? GICV3_REDISTRIBUTOR_SIZE : GICV2_CPU_INTERFACE_SIZE)) {
        fail(r, "devicetree: the GIC's registers are missing, too small or too many");
    }
}

static void read_plic(struct reader *r) {
    struct boot_controller *controller = &r->info->controller;
    controller->kind = BOOT_CONTROLLER_PLIC;
    controller->line_count = fdt_read_u32(&r->fdt, fdt_walk_node(&r->walk), "riscv,ndev", 0);
    if (controller->line_count == 0 || controller->line_count > PLIC_SOURCE_MAX) {
        fail(r, "devicetree: riscv,ndev of the PLIC is missing or impossible");
    }
    if (!read_ranges(r, 0, 1, PLIC_CONTEXT_OFFSET + PLIC_CONTEXT_SIZE)) {
        fail(r, "devicetree: the PLIC's registers are missing or too small");
    }
}

static void read_controller(struct reader *r) {
    if (r->controller != FDT_NONE) {
        return;
    }
    r->controller = fdt_walk_node(&r->walk);
    if (is_compatible(r, "arm,gic-v3")) {
        read_gic(r, true);
    } else if (is_compatible(r, "arm,cortex-a15-gic") || is_compatible(r, "arm,gic-400")) {
        read_gic(r, false);
    } else if (is_compatible(r, "riscv,plic0") || is_compatible(r, "sifive,plic-1.0.0")) {
        read_plic(r);
    } else {
        r->controller = FDT_NONE;
    }
}

static void read_power(struct reader *r) {
    struct boot_power *power = &r->info->power;
    if (is_compatible(r, "arm,psci-1.0") || is_compatible(r, "arm,psci-0.2")) {
        struct fdt_value method = fdt_property(&r->fdt, fdt_walk_node(&r->walk), "method");
        if (fdt_has_string(method, "hvc")) {
            power->firmware = BOOT_POWER_PSCI_HVC;
        } else if (fdt_has_string(method, "smc")) {
            power->firmware = BOOT_POWER_PSCI_SMC;
        } else {
            fail(r, "devicetree: PSCI has neither method hvc nor smc");
        }
    } else if (power->kind == BOOT_POWER_NONE &&
               (is_compatible(r, "sifive,test0") || is_compatible(r, "sifive,test1"))) {
        struct boot_range range;
        if (!read_registers(r, 0, sizeof(uint32_t), &range)) {
            fail(r, "devicetree: the test device has no registers");
            return;
        }
        power->kind = BOOT_POWER_TEST_DEVICE;
        power->base = range.base;
        add_device(r, &range);
    }
}

static void add_cpu(struct reader *r) {
    struct boot_info *info = r->info;
    uint32_t node = fdt_walk_node(&r->walk);
    uint64_t id, unused, frequency;
    if (!fdt_read_reg(&r->fdt, r->cpus, node, 0, &id, &unused)) {
        fail(r, "devicetree: a CPU has no reg");
        return;
    }
    for (uint32_t i = 0; i < info->cpu_count; i++) {
        if (info->cpu[i].hardware_id == id) {
            fail(r, "devicetree: two CPUs have the same reg");
            return;
        }
    }
    if (info->cpu_count == TS_CPU_COUNT_MAX) {
        return;
    }
    if (info->timer_frequency == 0 && fdt_read_number(&r->fdt, node, "timebase-frequency", &frequency)) {
        info->timer_frequency = frequency;
    }
    r->last_cpu_node = node;
    r->cpu_phandle[info->cpu_count] = 0;
    info->cpu[info->cpu_count++] = (struct boot_cpu){.hardware_id = id};
}

/* CPUs, and the interrupt controllers inside them. */
static void read_cpu(struct reader *r) {
    uint32_t parent = fdt_walk_parent(&r->walk), node = fdt_walk_node(&r->walk);
    if (parent == FDT_NONE) {
        return;
    }
    if (parent == r->cpus && fdt_has_string(fdt_property(&r->fdt, node, "device_type"), "cpu")) {
        add_cpu(r);
    } else if (parent == r->last_cpu_node && is_compatible(r, "riscv,cpu-intc")) {
        r->cpu_phandle[r->info->cpu_count - 1] = fdt_read_u32(&r->fdt, node, "phandle", 0);
    }
}

static void set_context(struct reader *r, uint32_t phandle, uint32_t context) {
    struct boot_info *info = r->info;
    for (uint32_t i = 0; i < info->cpu_count && phandle != 0; i++) {
        if (r->cpu_phandle[i] == phandle) {
            if (info->cpu[i].controller_context != CONTEXT_NONE) {
                fail(r, "devicetree: a CPU has two supervisor contexts of the PLIC");
            }
            info->cpu[i].controller_context = context;
        }
    }
}

/* The i-th row of the PLIC's interrupts-extended says which CPU, and which of its modes, context i interrupts. */
static void read_plic_contexts(struct reader *r) {
    struct boot_info *info = r->info;
    struct fdt_value rows = fdt_property(&r->fdt, r->controller, "interrupts-extended");
    uint64_t room = (info->controller.range[0].length - PLIC_CONTEXT_OFFSET) / PLIC_CONTEXT_SIZE;
    uint64_t phandle, cause;
    for (uint32_t i = 0; i < info->cpu_count; i++) {
        info->cpu[i].controller_context = CONTEXT_NONE;
    }
    if (rows.length == 0 || rows.length % 8 != 0 || rows.length / 8 > room) {
        fail(r, "devicetree: interrupts-extended of the PLIC is missing, malformed or too long");
    }
    for (uint32_t i = 0; i < room && fdt_read_cells(rows, i * 2, 1, &phandle) &&
                         fdt_read_cells(rows, i * 2 + 1, 1, &cause); i++) {
        if (cause == RISCV_SUPERVISOR_EXTERNAL) {
            set_context(r, (uint32_t)phandle, i);
        }
    }
    /* A CPU without a supervisor context has no supervisor mode: not one for the kernel. */
    uint32_t kept = 0;
    for (uint32_t i = 0; i < info->cpu_count; i++) {
        if (info->cpu[i].controller_context != CONTEXT_NONE) {
            info->cpu[kept++] = info->cpu[i];
        }
    }
    info->cpu_count = kept;
}

static void read_nodes(struct reader *r) {
    fdt_walk_start(&r->fdt, &r->walk);
    do {
        if (fdt_is_enabled(&r->fdt, fdt_walk_node(&r->walk))) {
            read_memory(r);
            read_cpu(r);
            read_console(r);
            read_controller(r);
            read_power(r);
        }
    } while (fdt_walk_next(&r->fdt, &r->walk));
}

void boot_info_from_fdt(struct boot_info *info, const void *blob, size_t max_size, uint64_t blob_phys) {
    struct reader r = {.info = info, .console = FDT_NONE, .controller = FDT_NONE, .last_cpu_node = FDT_NONE};
    if (fdt_open(&r.fdt, blob, max_size) != TS_OK) {
        boot_fail(info, r.fdt.error);
        return;
    }
    uint64_t frequency;
    info->devicetree = (struct boot_range){blob_phys, r.fdt.size};
    r.reserved_memory = fdt_find_path(&r.fdt, "/reserved-memory");
    r.cpus = fdt_find_path(&r.fdt, "/cpus");
    if (fdt_read_number(&r.fdt, r.cpus, "timebase-frequency", &frequency)) {
        info->timer_frequency = frequency;
    }
    read_chosen(&r);
    read_reserve_map(&r);
    read_nodes(&r);
    add_device(&r, &r.console_range);
    if (info->controller.kind == BOOT_CONTROLLER_PLIC && info->controller.range_count > 0) {
        read_plic_contexts(&r);
    }
}
