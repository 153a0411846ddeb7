/* SPDX-License-Identifier: MIT */
/*
 * Building the memory map of struct boot_info. The map is sorted, free of overlap and merged after every call.
 * Where ranges overlap, the kind later in this order wins: usable, reserved, device, boot, kernel; so the order of
 * calls does not matter. Called by the boot adapters, before any other CPU runs; no lock.
 */
#pragma once

#include "abi/bootinfo.h"

/* Notes why the machine cannot be started; the first reason stays. */
void boot_fail(struct boot_info *info, const char *error);

/* Adds a range. Usable RAM is rounded inward to pages, everything else outward. False, and info->error set, if the
 * range wraps around, ends above the largest physical address, or does not fit into the map; length 0 is nothing.
 * Device registers in RAM are an error too. */
bool boot_memory_add(struct boot_info *info, enum boot_memory_kind kind, uint64_t base, uint64_t length);

/* Is every byte of the range in the map, with whatever kind? */
bool boot_memory_covers(const struct boot_info *info, uint64_t base, uint64_t length);

/* Last step of an adapter: adds info->kernel, info->archive and info->devicetree to the map. info->error is set if
 * one of them lies outside of the memory that was added, if two of them overlap, or if there is no usable memory or
 * no CPU. */
void boot_memory_finish(struct boot_info *info);

/* Makes the CPU with this hardware id cpu[0]; the order of the others stays. info->error is set if it is not there. */
void boot_cpu_set_first(struct boot_info *info, uint64_t hardware_id);
