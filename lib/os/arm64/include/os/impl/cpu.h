/* SPDX-License-Identifier: MIT */
/* What user programs need of the CPU: thread pointer, the time page's counter, ports. */
#pragma once

#include "abi/message.h"
#include "base/elf.h"

#define TS_ELF_MACHINE ELF_MACHINE_AARCH64 /* programs that run here */

/* The calling thread's message buffer. */
static inline struct ts_message_buffer *ts_message_buffer(void) {
    struct ts_message_buffer *buffer;
    __asm__ volatile("mrs %0, tpidr_el0" : "=r"(buffer));
    return buffer;
}

/* The counter of the time page; the barrier keeps it from being read early. */
static inline uint64_t ts_counter_read(void) {
    uint64_t value;
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(value) : : "memory");
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
