/* SPDX-License-Identifier: MIT */
/* Names of the kernel's functions, for backtraces. The table is made from the linked kernel and linked in again. */
#pragma once

#include "abi/types.h"

/* The function that contains ip, and how far into it; null: none. Any context. */
const char *symbol_find(uint64_t ip, uint64_t *offset);
