/* SPDX-License-Identifier: MIT */
/* ARM's PL011 by the handle "registers" (a VMO; the argument reg-offset says where in it). The rate
 * is firmware's. */
#include "abi/status.h"
#include "os/registers.h"
#include "os/start.h"
#include "serial/pl011/pl011.h"
#include "serial/common/device.h"

#define DRAIN_POLLS 100000u

static volatile uint32_t *registers;
static uint32_t interrupt_mask;

/* Switching the FIFOs on empties them, so an idle transmitter is waited for; where they are on
 * nothing is lost. */
ts_status_t serial_device_start(void) {
    volatile uint8_t *base;
    ts_status_t status = ts_registers_map("registers", PL011_SIZE, &base);
    if (status != TS_OK) {
        return status;
    }
    registers = (volatile uint32_t *)base;
    registers[PL011_IMSC] = 0;
    if ((registers[PL011_LCRH] & PL011_LCRH_FIFOS) == 0) {
        for (unsigned i = 0; i < DRAIN_POLLS && (registers[PL011_FR] & PL011_FR_BUSY) != 0; i++) {
        }
        registers[PL011_LCRH] = PL011_LCRH_FIFOS | PL011_LCRH_8BITS;
    }
    registers[PL011_CR] = registers[PL011_CR] | PL011_CR_ENABLE | PL011_CR_SEND | PL011_CR_RECEIVE;
    interrupt_mask = PL011_INTERRUPT_RECEIVE | PL011_INTERRUPT_TIMEOUT;
    registers[PL011_IMSC] = interrupt_mask;
    return TS_OK;
}

unsigned serial_device_room(void) {
    return (registers[PL011_FR] & PL011_FR_SEND_FULL) == 0 ? 1 : 0;
}

void serial_device_put(uint8_t byte) {
    registers[PL011_DR] = byte;
}

bool serial_device_get(uint8_t *byte) {
    if ((registers[PL011_FR] & PL011_FR_RECEIVE_EMPTY) != 0) {
        return false;
    }
    *byte = (uint8_t)registers[PL011_DR];
    return true;
}

void serial_device_want_room(bool wanted) {
    uint32_t mask =
        PL011_INTERRUPT_RECEIVE | PL011_INTERRUPT_TIMEOUT | (wanted ? PL011_INTERRUPT_SEND : 0);
    if (mask != interrupt_mask) {
        interrupt_mask = mask;
        registers[PL011_IMSC] = mask;
    }
}

void serial_device_settle(void) {
    registers[PL011_ICR] = PL011_INTERRUPT_SEND | PL011_INTERRUPT_TIMEOUT;
}

bool serial_device_pending(void) {
    uint32_t flags = registers[PL011_FR];
    return (flags & PL011_FR_RECEIVE_EMPTY) == 0 ||
           ((interrupt_mask & PL011_INTERRUPT_SEND) != 0 && (flags & PL011_FR_SEND_FULL) == 0);
}
