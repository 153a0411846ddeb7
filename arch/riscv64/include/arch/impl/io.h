/* SPDX-License-Identifier: MIT */
/*
 * RISC-V: device registers. The fences order an access against memory accesses as a driver expects:
 * what was written to memory before is visible before a register write, and a register read comes
 * before reads that follow.
 */
#pragma once

#include "abi/types.h"

static inline uint32_t arch_mmio_read32(const volatile void *address) {
    uint32_t value;
    __asm__ volatile("lw %0, 0(%1)\n\tfence i, ior" : "=r"(value) : "r"(address) : "memory");
    return value;
}

static inline void arch_mmio_write32(volatile void *address, uint32_t value) {
    __asm__ volatile("fence orw, o\n\tsw %0, 0(%1)" ::"r"(value), "r"(address) : "memory");
}

static inline uint8_t arch_mmio_read8(const volatile void *address) {
    uint8_t value;
    __asm__ volatile("lbu %0, 0(%1)\n\tfence i, ior" : "=r"(value) : "r"(address) : "memory");
    return value;
}

static inline void arch_mmio_write8(volatile void *address, uint8_t value) {
    __asm__ volatile("fence orw, o\n\tsb %0, 0(%1)" ::"r"(value), "r"(address) : "memory");
}

static inline uint8_t arch_port_read8(uint16_t port) {
    (void)port;
    return 0xff;
}

static inline void arch_port_write8(uint16_t port, uint8_t value) {
    (void)port;
    (void)value;
}
