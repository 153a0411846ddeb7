/* SPDX-License-Identifier: MIT */
/* Helpers of the architecture's self-tests. */
#pragma once

#include "abi/types.h"

#define SPACE_USER 0x10000ul /* a page of user mode, readable and writable; nothing follows it */
#define SPACE_CODE 0x20000ul /* a page of the kernel in the lower half, executable */

/* space.c: makes a user half of its own live on this CPU, and returns the kernel's alias of the
 * page at SPACE_USER; the page at SPACE_CODE follows it there. Interrupts stay off until
 * space_leave(). */
uint8_t *space_enter(void);
void space_leave(void);

/* probe.S: reads *address, true: into *value. False if that faults: then error and value are the
 * error code and the address. The fault does not reach the kernel: probe_table_load() diverted page
 * faults; trap_load() ends that. */
bool probe_read(const void *address, uint64_t *error, uint64_t *value);
void probe_fault(void);

/* probe.S: sets xmm5, returns what it was. The FPU is on. */
uint64_t fpu_exchange(uint64_t value);
