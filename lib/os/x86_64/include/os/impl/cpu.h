/* SPDX-License-Identifier: MIT */
/* What user programs need of the CPU: thread pointer, the time page's counter, ports. */
#pragma once

#include "abi/message.h"
#include "base/elf.h"

#define TS_ELF_MACHINE ELF_MACHINE_X86_64 /* programs that run here */

/* The calling thread's message buffer. */
static inline struct ts_message_buffer *ts_message_buffer(void) {
    struct ts_message_buffer *buffer;
    __asm__ volatile("movq %%fs:0, %0" : "=r"(buffer));
    return buffer;
}

/* The counter of the time page. */
static inline uint64_t ts_counter_read(void) {
    uint32_t low;
    uint32_t high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/* I/O ports that ts_ports_enable() gave. */
static inline uint8_t ts_port_read8(uint16_t port) {
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void ts_port_write8(uint16_t port, uint8_t value) {
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}
