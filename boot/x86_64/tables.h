/* SPDX-License-Identifier: MIT */
/* The boot tables, shared by header.S, which makes them, and adapter.c, which may add to them. */
#pragma once

#define PAGE_TABLE_FLAGS 0x003 /* present, writable */
#define PAGE_LEAF_FLAGS  0x083 /* and large */
#define DIRECT_INDEX     256   /* of KERNEL_DIRECT_BASE in the third-level table */
