/* SPDX-License-Identifier: MIT */
/*
 * What tests need of the machine: one file per architecture. There is an interrupt line that no driver has and that a
 * program can make fire: by the interrupt controller where it has the means, otherwise by a device that is in every
 * such machine and that nobody uses.
 */
#pragma once

#include "abi/types.h"

extern const uint32_t device_line;
extern const uint32_t device_line_options; /* of interrupt_create */

/* Whether interrupt_trigger works for such a line. */
extern const bool device_can_trigger;

/* Options with which interrupt_trigger does not work for the line either; the same as above if there are none. */
extern const uint32_t device_untriggerable_options;

/* Gets hold of the device behind the line; false if that failed. release gives it back. */
bool device_prepare(ts_handle_t root);
void device_release(void);

/* The line fires (once more). The status is that of what did it. */
ts_status_t device_fire(ts_handle_t interrupt);

/* A page of registers that is in every machine, and what a word in it is. */
extern const uint64_t device_page;
extern const uint32_t device_word_offset;
extern const uint32_t device_word;

/* RAM, which nobody gets as registers. */
extern const uint64_t device_ram_page;

/* An I/O port whose value is known once it was selected; meaningless where there are no ports. */
#define DEVICE_PORT_SELECT 0x70u
#define DEVICE_PORT_VALUE  0x71u
#define DEVICE_PORT_INDEX  0x0du /* of the clock chip: whether its battery is good */
#define DEVICE_PORT_RESULT 0x80u
