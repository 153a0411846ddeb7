/* SPDX-License-Identifier: MIT */
/* The boot tables' entries, for header.S and adapter.c. Three levels of 512 entries, 4 KiB granule;
 * memory types by the numbers of formats/arm_stage1.h. */
#pragma once

#define BOOT_TABLE_ENTRIES 512
#define BOOT_TABLE         0x3

/* Blocks, accessed, never executed at EL0. Only the image is executed at EL1. */
#define BOOT_IMAGE     0x0040000000000701 /* write-back, inner shareable */
#define BOOT_RAM       0x0060000000000701
#define BOOT_REGISTERS 0x0060000000000409

/* Places in boot_table_kernel, whose entries map a GiB each. */
#define BOOT_DIRECT_INDEX 256 /* KERNEL_DIRECT_BASE */
#define BOOT_DIRECT_COUNT 128
#define BOOT_IMAGE_INDEX  510 /* KERNEL_IMAGE_BASE */
