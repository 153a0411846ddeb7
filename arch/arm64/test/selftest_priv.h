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

/* probe.S: reads *address, true: into *value. False if that traps: then cause and value are ESR and
 * FAR. The trap does not reach the kernel. */
bool probe_read(const void *address, uint64_t *cause, uint64_t *value);

/* probe.S: sets d5, returns what it was. Vector registers are on. */
uint64_t fpu_exchange(uint64_t value);

/* lines.c: tests of the interrupt controller. */
bool lines_mask_unmask(void);
bool lines_raise(void);
