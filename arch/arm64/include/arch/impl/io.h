/* SPDX-License-Identifier: MIT */
/* Inline part of arch/io.h. Device memory keeps accesses to one device in order; ordering against
 * ordinary memory is the caller's. Written as single instructions, because a hypervisor can emulate
 * no other form. */
#pragma once

#include "abi/types.h"

static inline uint32_t arch_mmio_read32(const volatile void *address) {
    uint32_t value;
    __asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return value;
}

static inline void arch_mmio_write32(volatile void *address, uint32_t value) {
    __asm__ volatile("str %w0, [%1]" : : "r"(value), "r"(address) : "memory");
}

static inline uint8_t arch_mmio_read8(const volatile void *address) {
    uint32_t value;
    __asm__ volatile("ldrb %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return (uint8_t)value;
}

static inline void arch_mmio_write8(volatile void *address, uint8_t value) {
    __asm__ volatile("strb %w0, [%1]" : : "r"(value), "r"(address) : "memory");
}

static inline uint8_t arch_port_read8(uint16_t port) {
    (void)port;
    return 0xff;
}

static inline void arch_port_write8(uint16_t port, uint8_t value) {
    (void)port;
    (void)value;
}
