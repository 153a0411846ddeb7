/* SPDX-License-Identifier: MIT */
/* The build machine has no device registers; memory stands in for them, and there are no ports. */
#pragma once

#include "abi/types.h"

static inline uint32_t arch_mmio_read32(const volatile void *address) {
    return *(const volatile uint32_t *)address;
}

static inline void arch_mmio_write32(volatile void *address, uint32_t value) {
    *(volatile uint32_t *)address = value;
}

static inline uint8_t arch_mmio_read8(const volatile void *address) {
    return *(const volatile uint8_t *)address;
}

static inline void arch_mmio_write8(volatile void *address, uint8_t value) {
    *(volatile uint8_t *)address = value;
}

static inline uint8_t arch_port_read8(uint16_t port) {
    (void)port;
    return 0xff;
}

static inline void arch_port_write8(uint16_t port, uint8_t value) {
    (void)port;
    (void)value;
}
