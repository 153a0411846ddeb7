/* SPDX-License-Identifier: MIT */
/* ARM64: a shared line behind which QEMU has no device, made pending in the GIC; and the first virtio slot. */
#include "guest/device.h"

#include "abi/options.h"
#include "gen/os_calls.h"

const uint32_t device_line = 232;
const uint32_t device_line_options = TS_INTERRUPT_EDGE;
const bool device_can_trigger = true;
const uint32_t device_untriggerable_options = TS_INTERRUPT_EDGE; /* the GIC can raise every line */

const uint64_t device_page = 0x0a000000;
const uint32_t device_word_offset = 0;
const uint32_t device_word = 0x74726976; /* "virt" */

const uint64_t device_ram_page = 0x40200000;

bool device_prepare(ts_handle_t root) {
    (void)root;
    return true;
}

void device_release(void) {}

ts_status_t device_fire(ts_handle_t interrupt) {
    return ts_interrupt_trigger(interrupt);
}
