/* SPDX-License-Identifier: MIT */
/* Calls on any object, ports and events. */
#include "gen/handlers.h"

#include "abi/rights.h"
#include "arch/time.h"
#include "kernel/assert.h"
#include "kernel/devices.h"
#include "kernel/fault.h"
#include "kernel/process.h"
#include "kernel/syscall.h"

/* A thread that waits for one object, on its own stack. */
struct single_wait {
    struct observer observer;
    struct task *task;
    ts_signals_t observed;
};

/* Object lock held. */
static void single_fire(struct observer *observer, ts_status_t status, ts_signals_t observed) {
    struct single_wait *wait = container_of(observer, struct single_wait, observer);
    if (task_claim(wait->task)) {
        wait->observed = observed;
        task_wake(wait->task, status);
    }
}

static ts_status_t wait_for(struct object *object, struct single_wait *wait, ts_time_t deadline) {
    task_wait_begin(NULL);
    enum observing observing = object_observe(object, &wait->observer, &wait->observed);
    if (observing != OBSERVING_WAITS) {
        if (task_claim(wait->task)) {
            wait->task->state = TASK_RUNNING;
        } else {
            (void)task_block(TS_TIME_INFINITE); /* somebody else claimed it, and wakes it */
        }
        return observing == OBSERVING_SATISFIED ? TS_OK : TS_ERR_CANCELED;
    }
    ts_status_t status = task_block(deadline);
    if (object_unobserve(object, &wait->observer) && status != TS_OK) {
        wait->observed = object->signals;
    }
    return status;
}

ts_status_t sys_object_wait_one(ts_handle_t handle, ts_signals_t signals, ts_time_t deadline,
                                ts_signals_t *observed) {
    struct handle_view view;
    ts_status_t status = handle_lookup_view(process_handles_current(), handle, 0, 0, &view);
    if (status != TS_OK) {
        return status;
    }
    if (!view.object->waitable) {
        return TS_ERR_NOT_SUPPORTED;
    }
    if ((view.rights & TS_RIGHT_WAIT) == 0) {
        return TS_ERR_ACCESS_DENIED;
    }
    struct single_wait wait = {.task = task_current()};
    wait.observer.signals = signals;
    wait.observer.capability = view.capability;
    wait.observer.fire = single_fire;
    object_reference(view.object);
    status = wait_for(view.object, &wait, deadline);
    object_release(view.object);
    *observed = wait.observed;
    return status;
}

ts_status_t sys_object_wait_async(ts_handle_t handle, struct port *port, uint64_t key, ts_signals_t signals,
                                  uint32_t options) {
    if ((options & ~(TS_WAIT_ASYNC_TIMESTAMP | TS_WAIT_ASYNC_EDGE)) != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    struct handle_view view;
    ts_status_t status = handle_lookup_view(process_handles_current(), handle, 0, 0, &view);
    if (status != TS_OK) {
        return status;
    }
    if (!view.object->waitable) {
        return TS_ERR_NOT_SUPPORTED;
    }
    if ((view.rights & TS_RIGHT_WAIT) == 0) {
        return TS_ERR_ACCESS_DENIED;
    }
    return port_wait_async(port, view.object, view.capability, key, signals, options,
                           &process_current()->job->account);
}

/* P13: user signals on any object; SIGNALED on events only. */
ts_status_t sys_object_signal(ts_handle_t handle, ts_signals_t clear, ts_signals_t set) {
    struct handle_view view;
    ts_status_t status = handle_lookup_view(process_handles_current(), handle, 0, 0, &view);
    if (status != TS_OK) {
        return status;
    }
    if (!view.object->waitable) {
        return TS_ERR_NOT_SUPPORTED;
    }
    if ((view.rights & TS_RIGHT_SIGNAL) == 0) {
        return TS_ERR_ACCESS_DENIED;
    }
    ts_signals_t allowed = TS_SIGNAL_USER_ALL | (view.object->kind == TS_OBJECT_EVENT ? TS_SIGNAL_SIGNALED : 0);
    if (((clear | set) & ~allowed) != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    object_update_signals(view.object, clear, set);
    return TS_OK;
}

/* A new object, with the creation's reference, becomes a handle with the kind's default rights. */
static ts_status_t publish(struct object *object, ts_rights_t rights, struct capability *parent,
                           ts_handle_t *handle) {
    ts_status_t status = handle_add(process_handles_current(), object, rights, 0, parent, handle);
    object_release(object);
    return status;
}

ts_status_t sys_port_create(uint32_t options, ts_handle_t *handle) {
    if (options != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    struct port *port = NULL;
    ts_status_t status = port_create(&process_current()->job->account, &port);
    return status == TS_OK ? publish(&port->object, TS_DEFAULT_RIGHTS_PORT, NULL, handle) : status;
}

ts_status_t sys_port_queue(struct port *port, uaddr_t packet) {
    struct ts_packet copy;
    ts_status_t status = user_copy_in(&copy, packet, sizeof(copy));
    return status == TS_OK ? port_queue_user(port, &copy, &process_current()->job->account) : status;
}

/* The buffer is tried first, so that no packet is lost to a bad address. */
ts_status_t sys_port_wait(struct port *port, uaddr_t packet, ts_time_t deadline) {
    struct ts_packet copy = {0};
    ts_status_t status = user_copy_out(packet, &copy, sizeof(copy));
    if (status != TS_OK) {
        return status;
    }
    status = port_wait(port, deadline, &copy);
    return status == TS_OK ? user_copy_out(packet, &copy, sizeof(copy)) : status;
}

ts_status_t sys_port_cancel(struct port *port, ts_handle_t source, uint64_t key) {
    struct object *object = NULL;
    ts_status_t status = handle_lookup(process_handles_current(), source, 0, 0, &object);
    return status == TS_OK ? port_cancel(port, object, key) : status;
}

ts_status_t sys_event_create(uint32_t options, ts_handle_t *handle) {
    if (options != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    struct event *event = NULL;
    ts_status_t status = event_create(&process_current()->job->account, &event);
    return status == TS_OK ? publish(&event->object, TS_DEFAULT_RIGHTS_EVENT, NULL, handle) : status;
}
