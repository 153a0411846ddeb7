/* SPDX-License-Identifier: MIT */
/* Polled output. Firmware left the line settings in order; a stuck transmitter loses bytes instead of hanging. */
#include "early/uart.h"

#define NS16550_THR      0u
#define NS16550_LSR      5u
#define NS16550_LSR_THRE 0x20u
#define PL011_DR         0x00u
#define PL011_FR         0x18u
#define PL011_FR_TXFF    0x20u
#define WAIT_LIMIT       1000000u

void uart_early_put(const struct boot_uart *uart, const struct uart_access *access, char c) {
    bool pl011 = uart->kind == BOOT_UART_PL011;
    unsigned status = pl011 ? PL011_FR : NS16550_LSR << uart->shift;
    uint32_t mask = pl011 ? PL011_FR_TXFF : NS16550_LSR_THRE;
    uint32_t ready = pl011 ? 0 : NS16550_LSR_THRE;
    for (unsigned i = 0; i < WAIT_LIMIT; i++) {
        if ((access->read(uart->base, status) & mask) == ready) {
            break;
        }
    }
    access->write(uart->base, pl011 ? PL011_DR : NS16550_THR, (uint8_t)c);
}
