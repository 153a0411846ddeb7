/* SPDX-License-Identifier: MIT */
/* x86-64: line 5, ISA's for a second printer or a sound card, as an edge from the local APIC; and the HPET. */
#include "guest/device.h"

#include "abi/options.h"
#include "gen/os_calls.h"

const uint32_t device_line = 5;
const uint32_t device_line_options = TS_INTERRUPT_EDGE;
const bool device_can_trigger = true;
const uint32_t device_untriggerable_options = 0;

const uint64_t device_page = 0xfed00000;
const uint32_t device_word_offset = 0;
const uint32_t device_word = 0x8086a201; /* vendor, three 64-bit timers or more */

const uint64_t device_ram_page = 0x100000;

bool device_prepare(ts_handle_t root) {
    (void)root;
    return true;
}

void device_release(void) {}

ts_status_t device_fire(ts_handle_t interrupt) {
    return ts_interrupt_trigger(interrupt);
}
