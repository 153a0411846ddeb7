/* SPDX-License-Identifier: MIT */
/* What user programs need of the CPU: thread pointer, the time page's counter, ports. */
#pragma once

#include "abi/message.h"
#include "base/elf.h"

#define TS_ELF_MACHINE ELF_MACHINE_RISCV /* programs that run here */

/* The calling thread's message buffer. */
static inline struct ts_message_buffer *ts_message_buffer(void) {
    struct ts_message_buffer *buffer;
    __asm__ volatile("mv %0, tp" : "=r"(buffer));
    return buffer;
}

/* The counter of the time page. */
static inline uint64_t ts_counter_read(void) {
    uint64_t value;
    __asm__ volatile("rdtime %0" : "=r"(value) : : "memory");
    return value;
}

/* This CPU has no I/O ports. */
static inline uint8_t ts_port_read8(uint16_t port) {
    (void)port;
    return 0xff;
}

static inline void ts_port_write8(uint16_t port, uint8_t value) {
    (void)port;
    (void)value;
}
