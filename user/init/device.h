/* SPDX-License-Identifier: MIT */
/* Finds the device that a driver drives in the machine's devicetree. Pure; used by init. */
#pragma once

#include "base/fdt.h"
#include "init/manifest.h"

struct device {
    const char *name; /* of its node */
    bool is_ports;    /* base and size are I/O ports, not physical addresses */
    bool has_interrupt;
    uint64_t base;
    uint64_t size;
    uint32_t reg_shift;
    uint32_t line;    /* as the kernel counts lines */
    uint32_t options; /* TS_INTERRUPT_ */
};

/* The first enabled device that is compatible with one of the names, but the one that /chosen names
 * as the console if that is compatible. False if there is none with usable registers. */
bool device_find(const struct fdt *machine, const struct manifest_names *compatible,
                 struct device *device);
