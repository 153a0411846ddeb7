/* SPDX-License-Identifier: MIT */
/* Register cores of the two UARTs that machines have, without system calls: for the kernel's debug console. */
#pragma once

#include "abi/bootinfo.h"

/* Register access by whoever knows the address space: `base` of struct boot_uart plus offset. */
struct uart_access {
    uint32_t (*read)(uint64_t base, unsigned offset);
    void (*write)(uint64_t base, unsigned offset, uint32_t value);
};

/* Sends one byte, waiting for room, but never for ever. */
void uart_early_put(const struct boot_uart *uart, const struct uart_access *access, char c);
