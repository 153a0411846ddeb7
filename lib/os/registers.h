/* SPDX-License-Identifier: MIT */
/* Device registers for drivers: mapping them by the handle that the manifest named, and I/O ports
 * (os/impl/cpu.h). */
#pragma once

#include "abi/types.h"
#include "os/impl/cpu.h"

/* Maps the VMO of this name; the argument reg-offset says where in it the device begins.
 * OUT_OF_RANGE if `size` bytes are not there. */
ts_status_t ts_registers_map(const char *name, size_t size, volatile uint8_t **registers);
