/* SPDX-License-Identifier: MIT */
/* Objects of drivers: events, interrupts, resources. */
#pragma once

#include "kernel/port.h"

struct process;

struct event {
    struct object object;
};

ts_status_t event_create(struct account *account, struct event **event);

enum interrupt_state { INTERRUPT_IDLE, INTERRUPT_FIRED, INTERRUPT_TAKEN };

struct interrupt {
    struct object object;
    struct wait_queue queue;     /* LOCK_INTERRUPT: protects all below, and holds waiting threads */
    uint32_t state;              /* FIRED: masked, not seen yet; TAKEN: masked, waits for ack */
    uint32_t line;
    ts_time_t timestamp;
    uint64_t count;
    struct port *port;           /* referenced; null: not bound */
    struct port_packet packet;
    bool closed;
    char owner[TS_NAME_LENGTH];  /* process that took the line */
};

/* ALREADY_BOUND: somebody has the line. */
ts_status_t interrupt_create(struct account *account, uint32_t line, uint32_t options, struct interrupt **interrupt);
ts_status_t interrupt_bind(struct interrupt *interrupt, struct port *port, uint64_t key);
ts_status_t interrupt_wait(struct interrupt *interrupt, ts_time_t deadline, ts_time_t *timestamp);
ts_status_t interrupt_ack(struct interrupt *interrupt);
/* The arch's upcall for a line. */
void interrupt_fire(unsigned line);
/* Calls visit for each line in use. */
void interrupt_visit(bool (*visit)(void *context, const struct interrupt *interrupt), void *context);

struct resource {
    struct object object;
    uint32_t kind;               /* enum ts_resource_kind */
    uint64_t base, length;
};

ts_status_t resource_create(struct account *account, uint32_t kind, uint64_t base, uint64_t length,
                            struct resource **resource);
/* Lets the process use I/O ports for as long as the handle of this capability exists. NO_MEMORY, BAD_STATE. */
ts_status_t ports_enable(struct process *process, struct capability *capability, uint32_t base, uint32_t length);

/* True if the resource gives the right to [base, base+length) of this kind. */
bool resource_covers(const struct resource *resource, uint32_t kind, uint64_t base, uint64_t length);
