/* SPDX-License-Identifier: MIT */
/* Registers and ports. The compiler may not move or merge them; the CPU keeps uncached accesses in
 * order. */
#pragma once

#include "abi/types.h"

#define ARCH_PORT_COUNT 65536u /* user mode may be given ports: arch/ports.h */

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
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline void arch_port_write8(uint16_t port, uint8_t value) {
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

static inline void arch_port_write16(uint16_t port, uint16_t value) {
    __asm__ volatile("outw %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

static inline uint32_t arch_port_read32(uint16_t port) {
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline void arch_port_write32(uint16_t port, uint32_t value) {
    __asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port) : "memory");
}
