/* SPDX-License-Identifier: MIT */
/*
 * RISC-V: the alarm of the Goldfish clock, because nothing but a device makes a line of the PLIC pending; and the
 * first virtio slot.
 */
#include "guest/device.h"

#include "abi/options.h"
#include "abi/status.h"
#include "guest/support.h"

#define CLOCK_BASE      0x101000u
#define CLOCK_ALARM_LOW  (0x08u / 4)
#define CLOCK_ALARM_HIGH (0x0cu / 4)
#define CLOCK_ENABLE     (0x10u / 4)
#define CLOCK_CLEAR      (0x1cu / 4)

const uint32_t device_line = 11;
const uint32_t device_line_options = 0;
const bool device_can_trigger = false;
const uint32_t device_untriggerable_options = 0;

const uint64_t device_page = 0x10001000;
const uint32_t device_word_offset = 0;
const uint32_t device_word = 0x74726976; /* "virt" */

const uint64_t device_ram_page = 0x80200000;

static volatile uint32_t *registers;

bool device_prepare(ts_handle_t root) {
    ts_handle_t vmo = TS_HANDLE_INVALID;
    if (!CHECK_OK(ts_vmo_create_physical(root, CLOCK_BASE, TS_PAGE_SIZE, &vmo))) {
        return false;
    }
    registers = (volatile uint32_t *)map_vmo(vmo, TS_PAGE_SIZE);
    close_handle(vmo);
    if (registers != NULL) {
        registers[CLOCK_CLEAR] = 1;
        registers[CLOCK_ENABLE] = 1;
    }
    return registers != NULL;
}

void device_release(void) {
    if (registers != NULL) {
        registers[CLOCK_ENABLE] = 0;
        registers[CLOCK_CLEAR] = 1;
        unmap((uint64_t)registers, TS_PAGE_SIZE);
        registers = NULL;
    }
}

/* An alarm in the past fires at once. The old request is taken back first, so that there is a change to be seen. */
ts_status_t device_fire(ts_handle_t interrupt) {
    (void)interrupt;
    registers[CLOCK_CLEAR] = 1;
    registers[CLOCK_ALARM_HIGH] = 0;
    registers[CLOCK_ALARM_LOW] = 1;
    return TS_OK;
}
