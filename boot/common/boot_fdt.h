/* SPDX-License-Identifier: MIT */
/*
 * From a devicetree to struct boot_info, for the machines whose firmware hands one over. The devicetree is hostile:
 * what is truncated or contradicts itself ends in info->error, and the rest is read all the same, so that there is
 * a console to print it on. Called by the boot adapters, before any other CPU runs; no lock.
 */
#pragma once

#include "abi/bootinfo.h"

/*
 * info: zeroed by the caller, apart from members that the devicetree does not tell. blob: the devicetree, of which
 * max_size bytes may be read. blob_phys: its physical address.
 *
 * Fills: memory (RAM, reservations, registers of the devices below), cpu (in the devicetree's order; the adapter then
 * calls boot_cpu_set_first() with the CPU it runs on), archive (the initrd), devicetree, command_line, uart (that of
 * stdout-path, else the first known one), controller (PLIC: line_count is the number of its last source), power.kind
 * if there is a test device, power.firmware if there is PSCI, and timer_frequency if there is a timebase-frequency.
 * The adapter sets firmware, kernel and what else its firmware means, and then calls boot_memory_finish().
 */
void boot_info_from_fdt(struct boot_info *info, const void *blob, size_t max_size, uint64_t blob_phys);
