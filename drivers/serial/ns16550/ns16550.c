/* SPDX-License-Identifier: MIT */
/*
 * NS16550 and its successors, behind ports or registers, whichever handle came: "ports" (a
 * resource) or "registers" (a VMO; the arguments reg-offset and reg-shift say where in it, and how
 * far apart). Line settings are firmware's.
 */
#include "abi/info.h"
#include "abi/status.h"
#include "gen/os_calls.h"
#include "serial/ns16550/ns16550.h"
#include "os/registers.h"
#include "os/start.h"
#include "serial/common/device.h"

#define DRAIN_POLLS 100000u

static volatile uint8_t *registers; /* null: ports */
static uint16_t port_base;
static unsigned shift;
static uint8_t interrupt_enable;

static uint8_t read_register(unsigned index) {
    return registers != NULL ? registers[index << shift]
                             : ts_port_read8((uint16_t)(port_base + index));
}

static void write_register(unsigned index, uint8_t value) {
    if (registers != NULL) {
        registers[index << shift] = value;
    } else {
        ts_port_write8((uint16_t)(port_base + index), value);
    }
}

static ts_status_t claim(void) {
    ts_handle_t ports = ts_startup_handle("ports");
    if (ports == TS_HANDLE_INVALID) {
        shift = (unsigned)ts_argument_number("reg-shift", 0) & 7u;
        return ts_registers_map("registers", (size_t)NS16550_REGISTERS << shift, &registers);
    }
    struct ts_info_resource range;
    size_t actual;
    size_t available;
    ts_status_t status =
        ts_object_get_info(ports, TS_INFO_RESOURCE, &range, sizeof(range), &actual, &available);
    if (status != TS_OK) {
        return status;
    }
    if (range.length < NS16550_REGISTERS || range.base > UINT16_MAX - NS16550_REGISTERS) {
        return TS_ERR_OUT_OF_RANGE;
    }
    port_base = (uint16_t)range.base;
    return ts_ports_enable(ports, port_base, NS16550_REGISTERS);
}

/* Turning the FIFOs on empties them, which is only done to an idle transmitter; where they are on
 * already nothing is lost. */
ts_status_t serial_device_start(void) {
    ts_status_t status = claim();
    if (status != TS_OK) {
        return status;
    }
    write_register(NS16550_IER, 0);
    for (unsigned i = 0; i < DRAIN_POLLS && (read_register(NS16550_LSR) & NS16550_LSR_IDLE) == 0;
         i++) {
    }
    write_register(NS16550_FCR, NS16550_FCR_ENABLE);
    write_register(NS16550_MCR, NS16550_MCR_DTR | NS16550_MCR_RTS | NS16550_MCR_OUT2);
    interrupt_enable = NS16550_IER_RECEIVE;
    write_register(NS16550_IER, interrupt_enable);
    return TS_OK;
}

unsigned serial_device_room(void) {
    return (read_register(NS16550_LSR) & NS16550_LSR_EMPTY) != 0 ? NS16550_FIFO_BYTES : 0;
}

void serial_device_put(uint8_t byte) {
    write_register(NS16550_THR, byte);
}

bool serial_device_get(uint8_t *byte) {
    if ((read_register(NS16550_LSR) & NS16550_LSR_DATA) == 0) {
        return false;
    }
    *byte = read_register(NS16550_RBR);
    return true;
}

void serial_device_want_room(bool wanted) {
    uint8_t value = NS16550_IER_RECEIVE | (wanted ? NS16550_IER_EMPTY : 0);
    if (value != interrupt_enable) {
        interrupt_enable = value;
        write_register(NS16550_IER, value);
    }
}

void serial_device_settle(void) {
    (void)read_register(NS16550_IIR);
}

/* Not by the identification register: reading that would take the cause away. */
bool serial_device_pending(void) {
    uint8_t status = read_register(NS16550_LSR);
    return (status & NS16550_LSR_DATA) != 0 ||
           ((interrupt_enable & NS16550_IER_EMPTY) != 0 && (status & NS16550_LSR_EMPTY) != 0);
}
