/* SPDX-License-Identifier: MIT */
/* Calls of drivers: interrupts, resources, I/O ports. */
#include "gen/handlers.h"

#include "abi/rights.h"
#include "arch/irq.h"
#include "arch/ports.h"
#include "kernel/assert.h"
#include "kernel/devices.h"
#include "kernel/process.h"

ts_status_t sys_interrupt_create(struct resource *resource, const struct handle_view *resource_view, uint32_t line,
                                 uint32_t options, ts_handle_t *handle) {
    if ((options & ~(TS_INTERRUPT_EDGE | TS_INTERRUPT_ACTIVE_LOW)) != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    if (!resource_covers(resource, TS_RESOURCE_INTERRUPT, line, 1)) {
        return TS_ERR_ACCESS_DENIED;
    }
    struct interrupt *interrupt = NULL;
    ts_status_t status = interrupt_create(&process_current()->job->account, line, options, &interrupt);
    if (status == TS_OK) {
        ts_rights_t rights = handle_child_rights(resource_view, TS_DEFAULT_RIGHTS_INTERRUPT);
        status = handle_add(process_handles_current(), &interrupt->object, rights, 0, resource_view->capability,
                            handle);
        object_release(&interrupt->object);
    }
    return status;
}

ts_status_t sys_interrupt_bind(struct interrupt *interrupt, struct port *port, uint64_t key) {
    return interrupt_bind(interrupt, port, key);
}

ts_status_t sys_interrupt_wait(struct interrupt *interrupt, ts_time_t deadline, ts_time_t *timestamp) {
    object_reference(&interrupt->object);
    ts_status_t status = interrupt_wait(interrupt, deadline, timestamp);
    object_release(&interrupt->object);
    return status;
}

ts_status_t sys_interrupt_ack(struct interrupt *interrupt) {
    return interrupt_ack(interrupt);
}

ts_status_t sys_interrupt_trigger(struct interrupt *interrupt) {
    return arch_irq_raise(interrupt->line) ? TS_OK : TS_ERR_NOT_SUPPORTED;
}

ts_status_t sys_resource_create(struct resource *parent, const struct handle_view *parent_view, uint32_t kind,
                                uint64_t base, uint64_t length, ts_handle_t *handle) {
    uint64_t end;
    if (kind >= TS_RESOURCE_COUNT || kind == TS_RESOURCE_ROOT) {
        return TS_ERR_INVALID_ARGS;
    }
    if (__builtin_add_overflow(base, length, &end)) {
        return TS_ERR_OUT_OF_RANGE;
    }
    if (!resource_covers(parent, kind, base, length)) {
        return TS_ERR_ACCESS_DENIED;
    }
    struct resource *resource = NULL;
    ts_status_t status =
        resource_create(&process_current()->job->account, kind, base, length, &resource);
    if (status == TS_OK) {
        ts_rights_t rights = handle_child_rights(parent_view, TS_DEFAULT_RIGHTS_RESOURCE);
        status = handle_add(process_handles_current(), &resource->object, rights, 0, parent_view->capability, handle);
        object_release(&resource->object);
    }
    return status;
}

ts_status_t sys_ports_enable(struct resource *resource, const struct handle_view *resource_view, uint32_t base,
                             uint32_t length) {
    if (ARCH_PORT_COUNT == 0) {
        return TS_ERR_NOT_SUPPORTED;
    }
    if (length == 0) {
        return TS_ERR_INVALID_ARGS;
    }
    uint64_t end = (uint64_t)base + length;
    if (end > ARCH_PORT_COUNT) {
        return TS_ERR_OUT_OF_RANGE;
    }
    if (!resource_covers(resource, TS_RESOURCE_IOPORT, base, length)) {
        return TS_ERR_ACCESS_DENIED;
    }
    return ports_enable(process_current(), resource_view->capability, base, length);
}
