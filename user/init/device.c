/* SPDX-License-Identifier: MIT */
/* Devices of the machine. Interrupt numbers are turned into lines here: one cell is the line
 * itself, two are line and trigger, three are ARM's kind, number and trigger. */
#include "init/device.h"

#include "abi/options.h"
#include "base/string.h"

#define ISA_SPACE_PORTS    1u
#define SHARED_LINES_FIRST 32u /* of ARM's controller; the lines of one CPU come before */
#define CPU_LINES_FIRST    16u

enum trigger_flags { EDGE_RISING = 1, EDGE_FALLING = 2, LEVEL_HIGH = 4, LEVEL_LOW = 8 };
enum isa_trigger { ISA_LEVEL_LOW, ISA_LEVEL_HIGH, ISA_EDGE_FALLING, ISA_EDGE_RISING };

static uint32_t trigger_options(uint64_t flags) {
    return ((flags & (EDGE_RISING | EDGE_FALLING)) != 0 ? TS_INTERRUPT_EDGE : 0) |
           ((flags & (EDGE_FALLING | LEVEL_LOW)) != 0 ? TS_INTERRUPT_ACTIVE_LOW : 0);
}

static uint32_t isa_trigger_options(uint64_t type) {
    return (type == ISA_EDGE_RISING || type == ISA_EDGE_FALLING ? TS_INTERRUPT_EDGE : 0) |
           (type == ISA_EDGE_FALLING || type == ISA_LEVEL_LOW ? TS_INTERRUPT_ACTIVE_LOW : 0);
}

/* Cells of an interrupt, by the controller that the node or the nearest of its parents names. */
static uint32_t interrupt_cells(const struct fdt *machine, const struct fdt_walk *walk) {
    for (uint32_t depth = walk->depth + 1; depth-- > 0;) {
        uint64_t phandle;
        if (fdt_read_number(machine, walk->node[depth], "interrupt-parent", &phandle)) {
            uint32_t controller = fdt_find_phandle(machine, (uint32_t)phandle);
            return fdt_read_u32(machine, controller, "#interrupt-cells", 1);
        }
    }
    return 2;
}

static bool read_interrupt(const struct fdt *machine, const struct fdt_walk *walk, bool is_isa,
                           struct device *device) {
    struct fdt_value value = fdt_property(machine, fdt_walk_node(walk), "interrupts");
    uint32_t cells = interrupt_cells(machine, walk);
    uint64_t cell[3] = {0, 0, 0};
    for (uint32_t i = 0; i < cells && i < 3; i++) {
        if (!fdt_read_cells(value, i, 1, &cell[i])) {
            return false;
        }
    }
    if (cells == 3) {
        device->line = (uint32_t)cell[1] + (cell[0] == 0 ? SHARED_LINES_FIRST : CPU_LINES_FIRST);
        device->options = trigger_options(cell[2]);
    } else if (cells == 1 || cells == 2) {
        device->line = (uint32_t)cell[0];
        device->options =
            is_isa && cells == 2 ? isa_trigger_options(cell[1]) : trigger_options(cell[1]);
    }
    return cells >= 1 && cells <= 3;
}

static bool read_isa_reg(const struct fdt *machine, uint32_t node, struct device *device) {
    struct fdt_value value = fdt_property(machine, node, "reg");
    uint64_t space;
    if (!fdt_read_cells(value, 0, 1, &space) || !fdt_read_cells(value, 1, 1, &device->base) ||
        !fdt_read_cells(value, 2, 1, &device->size)) {
        return false;
    }
    device->is_ports = space == ISA_SPACE_PORTS;
    return device->is_ports;
}

static bool read_device(const struct fdt *machine, const struct fdt_walk *walk,
                        struct device *device) {
    uint32_t node = fdt_walk_node(walk);
    bool is_isa = fdt_is_compatible(machine, fdt_walk_parent(walk), "isa");
    memset(device, 0, sizeof(*device));
    device->name = fdt_name(machine, node);
    device->reg_shift = fdt_read_u32(machine, node, "reg-shift", 0);
    device->has_interrupt = read_interrupt(machine, walk, is_isa, device);
    return is_isa
               ? read_isa_reg(machine, node, device)
               : fdt_walk_reg(machine, walk, 0, &device->base, &device->size) && device->size > 0;
}

static bool is_wanted(const struct fdt *machine, uint32_t node,
                      const struct manifest_names *compatible) {
    for (uint32_t i = 0; i < compatible->count; i++) {
        if (fdt_is_compatible(machine, node, compatible->name[i])) {
            return fdt_is_enabled(machine, node);
        }
    }
    return false;
}

bool device_find(const struct fdt *machine, const struct manifest_names *compatible,
                 struct device *device) {
    const char *path =
        fdt_string(fdt_property(machine, fdt_find_path(machine, "/chosen"), "stdout-path"), 0);
    uint32_t console = path != NULL ? fdt_find_path(machine, path) : FDT_NONE;
    bool only_console = console != FDT_NONE && is_wanted(machine, console, compatible);
    struct fdt_walk walk;
    fdt_walk_start(machine, &walk);
    do {
        uint32_t node = fdt_walk_node(&walk);
        bool wanted = only_console ? node == console : is_wanted(machine, node, compatible);
        if (wanted && read_device(machine, &walk, device)) {
            return true;
        }
    } while (fdt_walk_next(machine, &walk));
    return false;
}
