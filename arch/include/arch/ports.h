/* SPDX-License-Identifier: MIT */
/*
 * I/O ports of user mode, where the CPU has them (ARCH_PORT_COUNT is not 0). A process has one set
 * of ports, attached to each of its threads; switches between threads without ports cost nothing.
 * The kernel serialises changes of a set.
 */
#pragma once

#include "arch/context.h"
#include "arch/io.h"

#define ARCH_PORTS_BITMAP_SIZE 8192

struct arch_ports {
    uint64_t generation;                    /* atomic; a new one with every change */
    uint32_t first, end;                    /* bytes of the bitmap that were ever touched */
    uint8_t bitmap[ARCH_PORTS_BITMAP_SIZE]; /* a set bit refuses the port */
};

#ifdef ARCH_PORT_COUNT

/* An empty set. */
void arch_ports_init(struct arch_ports *ports);

/* Allows or refuses [base, base+length); what lies beyond the last port is ignored as a whole. On
 * running threads it works from arch_ports_sync() on. */
void arch_ports_allow(struct arch_ports *ports, uint32_t base, uint32_t length, bool allow);

/* Gives the thread this set, or none (null). On a running thread it works from arch_ports_sync()
 * on. */
void arch_ports_attach(struct arch_context *c, const struct arch_ports *ports);

/* Makes the CPUs of the set (this one included if in it) take over what the threads that they run
 * may do now. Returns when all have done so: a set that is attached to no thread may be freed then.
 * Interrupts off. */
void arch_ports_sync(uint64_t cpus);

#else

#define ARCH_PORT_COUNT 0u
static inline void arch_ports_init(struct arch_ports *ports) {
    (void)ports;
}
static inline void arch_ports_allow(struct arch_ports *ports, uint32_t base, uint32_t length,
                                    bool allow) {
    (void)ports, (void)base, (void)length, (void)allow;
}
static inline void arch_ports_attach(struct arch_context *c, const struct arch_ports *ports) {
    (void)c, (void)ports;
}
static inline void arch_ports_sync(uint64_t cpus) {
    (void)cpus;
}

#endif
