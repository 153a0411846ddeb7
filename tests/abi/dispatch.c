/* SPDX-License-Identifier: MIT */
/* Generated from lib/abi by scripts/gen/abi.py: edit the tables instead.
 * Takes the arguments of each system call from the register frame, looks up its typed handles,
 * calls the handler and puts its results back. Where 32 bits are meant, more is INVALID_ARGS. */
#include "gen/handlers.h"

#include "abi/rights.h"
#include "abi/status.h"
#include "arch/context.h"
#include "gen/lookup.h"
#include "gen/syscalls.h"
#include "kernel/process.h"
#include "kernel/object.h"
#include "kernel/trace.h"

static ts_status_t refuse(struct arch_frame *frame, unsigned results, ts_status_t status) {
    for (unsigned i = 0; i < results; i++) {
        arch_frame_set_value(frame, i, 0);
    }
    return status;
}

static ts_status_t dispatch_null(struct arch_frame *frame) {
    (void)frame;
    return sys_null();
}

static ts_status_t dispatch_handle_close(struct arch_frame *frame) {
    return sys_handle_close((ts_handle_t)arch_frame_argument(frame, 0));
}

static ts_status_t dispatch_handle_close_many(struct arch_frame *frame) {
    return sys_handle_close_many((uaddr_t)arch_frame_argument(frame, 0),
        (size_t)arch_frame_argument(frame, 1));
}

static ts_status_t dispatch_handle_duplicate(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 1) >> 32) != 0) {
        return refuse(frame, 1, TS_ERR_INVALID_ARGS);
    }
    ts_handle_t duplicate = 0;
    ts_status_t status = sys_handle_duplicate((ts_handle_t)arch_frame_argument(frame, 0),
        (ts_rights_t)arch_frame_argument(frame, 1), &duplicate);
    arch_frame_set_value(frame, 0, (uint64_t)duplicate);
    return status;
}

static ts_status_t dispatch_handle_replace(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 1) >> 32) != 0) {
        return refuse(frame, 1, TS_ERR_INVALID_ARGS);
    }
    ts_handle_t replacement = 0;
    ts_status_t status = sys_handle_replace((ts_handle_t)arch_frame_argument(frame, 0),
        (ts_rights_t)arch_frame_argument(frame, 1), &replacement);
    arch_frame_set_value(frame, 0, (uint64_t)replacement);
    return status;
}

static ts_status_t dispatch_handle_revoke(struct arch_frame *frame) {
    return sys_handle_revoke((ts_handle_t)arch_frame_argument(frame, 0));
}

static ts_status_t dispatch_object_wait_one(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 1) >> 32) != 0) {
        return refuse(frame, 1, TS_ERR_INVALID_ARGS);
    }
    ts_signals_t observed = 0;
    ts_status_t status = sys_object_wait_one((ts_handle_t)arch_frame_argument(frame, 0),
        (ts_signals_t)arch_frame_argument(frame, 1), (ts_time_t)arch_frame_argument(frame, 2),
        &observed);
    arch_frame_set_value(frame, 0, (uint64_t)observed);
    return status;
}

static ts_status_t dispatch_object_wait_async(struct arch_frame *frame) {
    if (((arch_frame_argument(frame, 3) | arch_frame_argument(frame, 4)) >> 32) != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    const struct handle_table *handles = process_handles_current();
    struct port *port;
    ts_status_t status = port_from_handle(handles, arch_frame_argument(frame, 1), TS_RIGHT_WRITE,
        &port);
    if (status != TS_OK) {
        return status;
    }
    return sys_object_wait_async((ts_handle_t)arch_frame_argument(frame, 0), port,
        (uint64_t)arch_frame_argument(frame, 2), (ts_signals_t)arch_frame_argument(frame, 3),
        (uint32_t)arch_frame_argument(frame, 4));
}

static ts_status_t dispatch_object_signal(struct arch_frame *frame) {
    if (((arch_frame_argument(frame, 1) | arch_frame_argument(frame, 2)) >> 32) != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    return sys_object_signal((ts_handle_t)arch_frame_argument(frame, 0),
        (ts_signals_t)arch_frame_argument(frame, 1), (ts_signals_t)arch_frame_argument(frame, 2));
}

static ts_status_t dispatch_object_get_info(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 1) >> 32) != 0) {
        return refuse(frame, 2, TS_ERR_INVALID_ARGS);
    }
    size_t actual = 0;
    size_t available = 0;
    ts_status_t status = sys_object_get_info((ts_handle_t)arch_frame_argument(frame, 0),
        (uint32_t)arch_frame_argument(frame, 1), (uaddr_t)arch_frame_argument(frame, 2),
        (size_t)arch_frame_argument(frame, 3), &actual, &available);
    arch_frame_set_value(frame, 0, (uint64_t)actual);
    arch_frame_set_value(frame, 1, (uint64_t)available);
    return status;
}

static ts_status_t dispatch_object_set_name(struct arch_frame *frame) {
    return sys_object_set_name((ts_handle_t)arch_frame_argument(frame, 0),
        (uaddr_t)arch_frame_argument(frame, 1), (size_t)arch_frame_argument(frame, 2));
}

static ts_status_t dispatch_port_create(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 0) >> 32) != 0) {
        return refuse(frame, 1, TS_ERR_INVALID_ARGS);
    }
    ts_handle_t port = 0;
    ts_status_t status = sys_port_create((uint32_t)arch_frame_argument(frame, 0), &port);
    arch_frame_set_value(frame, 0, (uint64_t)port);
    return status;
}

static ts_status_t dispatch_port_queue(struct arch_frame *frame) {
    const struct handle_table *handles = process_handles_current();
    struct port *port;
    ts_status_t status = port_from_handle(handles, arch_frame_argument(frame, 0), TS_RIGHT_WRITE,
        &port);
    if (status != TS_OK) {
        return status;
    }
    object_reference((struct object *)port);
    status = sys_port_queue(port, (uaddr_t)arch_frame_argument(frame, 1));
    object_release((struct object *)port);
    return status;
}

static ts_status_t dispatch_port_wait(struct arch_frame *frame) {
    const struct handle_table *handles = process_handles_current();
    struct port *port;
    ts_status_t status = port_from_handle(handles, arch_frame_argument(frame, 0), TS_RIGHT_READ,
        &port);
    if (status != TS_OK) {
        return status;
    }
    object_reference((struct object *)port);
    status = sys_port_wait(port, (uaddr_t)arch_frame_argument(frame, 1),
        (ts_time_t)arch_frame_argument(frame, 2));
    object_release((struct object *)port);
    return status;
}

static ts_status_t dispatch_port_cancel(struct arch_frame *frame) {
    const struct handle_table *handles = process_handles_current();
    struct port *port;
    ts_status_t status = port_from_handle(handles, arch_frame_argument(frame, 0), TS_RIGHT_WRITE,
        &port);
    if (status != TS_OK) {
        return status;
    }
    return sys_port_cancel(port, (ts_handle_t)arch_frame_argument(frame, 1),
        (uint64_t)arch_frame_argument(frame, 2));
}

static ts_status_t dispatch_event_create(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 0) >> 32) != 0) {
        return refuse(frame, 1, TS_ERR_INVALID_ARGS);
    }
    ts_handle_t event = 0;
    ts_status_t status = sys_event_create((uint32_t)arch_frame_argument(frame, 0), &event);
    arch_frame_set_value(frame, 0, (uint64_t)event);
    return status;
}

static ts_status_t dispatch_endpoint_create(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 0) >> 32) != 0) {
        return refuse(frame, 1, TS_ERR_INVALID_ARGS);
    }
    ts_handle_t endpoint = 0;
    ts_status_t status = sys_endpoint_create((uint32_t)arch_frame_argument(frame, 0), &endpoint);
    arch_frame_set_value(frame, 0, (uint64_t)endpoint);
    return status;
}

static ts_status_t dispatch_endpoint_mint(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 2) >> 32) != 0) {
        return refuse(frame, 1, TS_ERR_INVALID_ARGS);
    }
    const struct handle_table *handles = process_handles_current();
    struct handle_view endpoint_view;
    ts_status_t status = endpoint_view_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_DUPLICATE, &endpoint_view);
    if (status != TS_OK) {
        return refuse(frame, 1, status);
    }
    ts_handle_t minted = 0;
    status = sys_endpoint_mint((struct endpoint *)endpoint_view.object, &endpoint_view,
        (uint64_t)arch_frame_argument(frame, 1), (ts_rights_t)arch_frame_argument(frame, 2),
        &minted);
    arch_frame_set_value(frame, 0, (uint64_t)minted);
    return status;
}

static ts_status_t dispatch_endpoint_bind_port(struct arch_frame *frame) {
    const struct handle_table *handles = process_handles_current();
    struct endpoint *endpoint;
    ts_status_t status = endpoint_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_READ, &endpoint);
    if (status != TS_OK) {
        return status;
    }
    struct port *port;
    status = port_from_handle(handles, arch_frame_argument(frame, 1), TS_RIGHT_READ, &port);
    if (status != TS_OK) {
        return status;
    }
    return sys_endpoint_bind_port(endpoint, port);
}

static ts_status_t dispatch_reply_save(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 0) >> 32) != 0) {
        return refuse(frame, 1, TS_ERR_INVALID_ARGS);
    }
    ts_handle_t reply = 0;
    ts_status_t status = sys_reply_save((uint32_t)arch_frame_argument(frame, 0), &reply);
    arch_frame_set_value(frame, 0, (uint64_t)reply);
    return status;
}

static ts_status_t dispatch_job_create(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 1) >> 32) != 0) {
        return refuse(frame, 1, TS_ERR_INVALID_ARGS);
    }
    const struct handle_table *handles = process_handles_current();
    struct job *parent;
    ts_status_t status = job_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_MANAGE_JOB, &parent);
    if (status != TS_OK) {
        return refuse(frame, 1, status);
    }
    ts_handle_t job = 0;
    status = sys_job_create(parent, (uint32_t)arch_frame_argument(frame, 1), &job);
    arch_frame_set_value(frame, 0, (uint64_t)job);
    return status;
}

static ts_status_t dispatch_job_set_ceiling(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 1) >> 32) != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    const struct handle_table *handles = process_handles_current();
    struct job *job;
    ts_status_t status = job_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_SET_POLICY, &job);
    if (status != TS_OK) {
        return status;
    }
    return sys_job_set_ceiling(job, (uint32_t)arch_frame_argument(frame, 1),
        (uint64_t)arch_frame_argument(frame, 2));
}

static ts_status_t dispatch_task_kill(struct arch_frame *frame) {
    return sys_task_kill((ts_handle_t)arch_frame_argument(frame, 0));
}

static ts_status_t dispatch_job_set_reclaim(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 1) >> 32) != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    const struct handle_table *handles = process_handles_current();
    struct job *job;
    ts_status_t status = job_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_SET_POLICY, &job);
    if (status != TS_OK) {
        return status;
    }
    return sys_job_set_reclaim(job, (uint32_t)arch_frame_argument(frame, 1),
        (uint64_t)arch_frame_argument(frame, 2));
}

static ts_status_t dispatch_job_set_swap(struct arch_frame *frame) {
    const struct handle_table *handles = process_handles_current();
    struct job *job;
    ts_status_t status = job_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_SET_POLICY, &job);
    if (status != TS_OK) {
        return status;
    }
    struct vmo *vmo;
    status = vmo_from_handle(handles, arch_frame_argument(frame, 1),
        TS_RIGHT_READ | TS_RIGHT_WRITE, &vmo);
    if (status != TS_OK) {
        return status;
    }
    return sys_job_set_swap(job, vmo);
}

static ts_status_t dispatch_job_set_reserve(struct arch_frame *frame) {
    const struct handle_table *handles = process_handles_current();
    struct job *job;
    ts_status_t status = job_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_SET_POLICY, &job);
    if (status != TS_OK) {
        return status;
    }
    return sys_job_set_reserve(job, (uint64_t)arch_frame_argument(frame, 1));
}

static ts_status_t dispatch_process_create(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 3) >> 32) != 0) {
        return refuse(frame, 2, TS_ERR_INVALID_ARGS);
    }
    const struct handle_table *handles = process_handles_current();
    struct job *job;
    ts_status_t status = job_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_MANAGE_PROCESS, &job);
    if (status != TS_OK) {
        return refuse(frame, 2, status);
    }
    object_reference((struct object *)job);
    ts_handle_t process = 0;
    ts_handle_t vmar = 0;
    status = sys_process_create(job, (uaddr_t)arch_frame_argument(frame, 1),
        (size_t)arch_frame_argument(frame, 2), (uint32_t)arch_frame_argument(frame, 3), &process,
        &vmar);
    object_release((struct object *)job);
    arch_frame_set_value(frame, 0, (uint64_t)process);
    arch_frame_set_value(frame, 1, (uint64_t)vmar);
    return status;
}

static ts_status_t dispatch_process_start(struct arch_frame *frame) {
    const struct handle_table *handles = process_handles_current();
    struct process *process;
    ts_status_t status = process_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_WRITE, &process);
    if (status != TS_OK) {
        return status;
    }
    struct thread *thread;
    status = thread_from_handle(handles, arch_frame_argument(frame, 1), TS_RIGHT_WRITE, &thread);
    if (status != TS_OK) {
        return status;
    }
    return sys_process_start(process, thread, (uint64_t)arch_frame_argument(frame, 2),
        (uint64_t)arch_frame_argument(frame, 3), (ts_handle_t)arch_frame_argument(frame, 4),
        (uint64_t)arch_frame_argument(frame, 5));
}

static ts_status_t dispatch_process_exit(struct arch_frame *frame) {
    trace_count_call(TS_SYSCALL_PROCESS_EXIT, TS_OK);
    sys_process_exit((uint64_t)arch_frame_argument(frame, 0));
}

static ts_status_t dispatch_thread_create(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 3) >> 32) != 0) {
        return refuse(frame, 1, TS_ERR_INVALID_ARGS);
    }
    const struct handle_table *handles = process_handles_current();
    struct process *process;
    ts_status_t status = process_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_MANAGE_THREAD, &process);
    if (status != TS_OK) {
        return refuse(frame, 1, status);
    }
    object_reference((struct object *)process);
    ts_handle_t thread = 0;
    status = sys_thread_create(process, (uaddr_t)arch_frame_argument(frame, 1),
        (size_t)arch_frame_argument(frame, 2), (uint32_t)arch_frame_argument(frame, 3), &thread);
    object_release((struct object *)process);
    arch_frame_set_value(frame, 0, (uint64_t)thread);
    return status;
}

static ts_status_t dispatch_thread_start(struct arch_frame *frame) {
    const struct handle_table *handles = process_handles_current();
    struct thread *thread;
    ts_status_t status = thread_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_MANAGE_THREAD, &thread);
    if (status != TS_OK) {
        return status;
    }
    return sys_thread_start(thread, (uint64_t)arch_frame_argument(frame, 1),
        (uint64_t)arch_frame_argument(frame, 2), (uint64_t)arch_frame_argument(frame, 3),
        (uint64_t)arch_frame_argument(frame, 4));
}

static ts_status_t dispatch_thread_exit(struct arch_frame *frame) {
    (void)frame;
    trace_count_call(TS_SYSCALL_THREAD_EXIT, TS_OK);
    sys_thread_exit();
}

static ts_status_t dispatch_thread_yield(struct arch_frame *frame) {
    (void)frame;
    return sys_thread_yield();
}

static ts_status_t dispatch_thread_set_priority(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 1) >> 32) != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    const struct handle_table *handles = process_handles_current();
    struct thread *thread;
    ts_status_t status = thread_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_MANAGE_THREAD, &thread);
    if (status != TS_OK) {
        return status;
    }
    return sys_thread_set_priority(thread, (uint32_t)arch_frame_argument(frame, 1));
}

static ts_status_t dispatch_thread_set_affinity(struct arch_frame *frame) {
    const struct handle_table *handles = process_handles_current();
    struct thread *thread;
    ts_status_t status = thread_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_MANAGE_THREAD, &thread);
    if (status != TS_OK) {
        return status;
    }
    return sys_thread_set_affinity(thread, (uint64_t)arch_frame_argument(frame, 1));
}

static ts_status_t dispatch_thread_sleep(struct arch_frame *frame) {
    return sys_thread_sleep((ts_time_t)arch_frame_argument(frame, 0));
}

static ts_status_t dispatch_vmar_allocate(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 1) >> 32) != 0) {
        return refuse(frame, 2, TS_ERR_INVALID_ARGS);
    }
    const struct handle_table *handles = process_handles_current();
    struct handle_view parent_view;
    ts_status_t status = vmar_view_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_NONE, &parent_view);
    if (status != TS_OK) {
        return refuse(frame, 2, status);
    }
    ts_handle_t child = 0;
    uint64_t address = 0;
    status = sys_vmar_allocate((struct vmar *)parent_view.object, &parent_view,
        (uint32_t)arch_frame_argument(frame, 1), (uint64_t)arch_frame_argument(frame, 2),
        (uint64_t)arch_frame_argument(frame, 3), &child, &address);
    arch_frame_set_value(frame, 0, (uint64_t)child);
    arch_frame_set_value(frame, 1, (uint64_t)address);
    return status;
}

static ts_status_t dispatch_vmar_map(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 1) >> 32) != 0) {
        return refuse(frame, 1, TS_ERR_INVALID_ARGS);
    }
    const struct handle_table *handles = process_handles_current();
    struct handle_view vmar_view;
    ts_status_t status = vmar_view_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_NONE, &vmar_view);
    if (status != TS_OK) {
        return refuse(frame, 1, status);
    }
    struct handle_view vmo_view;
    status = vmo_view_from_handle(handles, arch_frame_argument(frame, 3), TS_RIGHT_MAP, &vmo_view);
    if (status != TS_OK) {
        return refuse(frame, 1, status);
    }
    uint64_t address = 0;
    status = sys_vmar_map((struct vmar *)vmar_view.object, &vmar_view,
        (uint32_t)arch_frame_argument(frame, 1), (uint64_t)arch_frame_argument(frame, 2),
        (struct vmo *)vmo_view.object, &vmo_view, (uint64_t)arch_frame_argument(frame, 4),
        (uint64_t)arch_frame_argument(frame, 5), &address);
    arch_frame_set_value(frame, 0, (uint64_t)address);
    return status;
}

static ts_status_t dispatch_vmar_unmap(struct arch_frame *frame) {
    const struct handle_table *handles = process_handles_current();
    struct vmar *vmar;
    ts_status_t status = vmar_from_handle(handles, arch_frame_argument(frame, 0), TS_RIGHT_NONE,
        &vmar);
    if (status != TS_OK) {
        return status;
    }
    return sys_vmar_unmap(vmar, (uint64_t)arch_frame_argument(frame, 1),
        (uint64_t)arch_frame_argument(frame, 2));
}

static ts_status_t dispatch_vmar_protect(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 1) >> 32) != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    const struct handle_table *handles = process_handles_current();
    struct handle_view vmar_view;
    ts_status_t status = vmar_view_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_NONE, &vmar_view);
    if (status != TS_OK) {
        return status;
    }
    return sys_vmar_protect((struct vmar *)vmar_view.object, &vmar_view,
        (uint32_t)arch_frame_argument(frame, 1), (uint64_t)arch_frame_argument(frame, 2),
        (uint64_t)arch_frame_argument(frame, 3));
}

static ts_status_t dispatch_vmar_destroy(struct arch_frame *frame) {
    const struct handle_table *handles = process_handles_current();
    struct vmar *vmar;
    ts_status_t status = vmar_from_handle(handles, arch_frame_argument(frame, 0), TS_RIGHT_NONE,
        &vmar);
    if (status != TS_OK) {
        return status;
    }
    return sys_vmar_destroy(vmar);
}

static ts_status_t dispatch_vmar_op_range(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 1) >> 32) != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    const struct handle_table *handles = process_handles_current();
    struct vmar *vmar;
    ts_status_t status = vmar_from_handle(handles, arch_frame_argument(frame, 0), TS_RIGHT_NONE,
        &vmar);
    if (status != TS_OK) {
        return status;
    }
    return sys_vmar_op_range(vmar, (uint32_t)arch_frame_argument(frame, 1),
        (uint64_t)arch_frame_argument(frame, 2), (uint64_t)arch_frame_argument(frame, 3));
}

static ts_status_t dispatch_vmo_create(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 1) >> 32) != 0) {
        return refuse(frame, 1, TS_ERR_INVALID_ARGS);
    }
    ts_handle_t vmo = 0;
    ts_status_t status = sys_vmo_create((uint64_t)arch_frame_argument(frame, 0),
        (uint32_t)arch_frame_argument(frame, 1), &vmo);
    arch_frame_set_value(frame, 0, (uint64_t)vmo);
    return status;
}

static ts_status_t dispatch_vmo_read(struct arch_frame *frame) {
    const struct handle_table *handles = process_handles_current();
    struct vmo *vmo;
    ts_status_t status = vmo_from_handle(handles, arch_frame_argument(frame, 0), TS_RIGHT_READ,
        &vmo);
    if (status != TS_OK) {
        return status;
    }
    object_reference((struct object *)vmo);
    status = sys_vmo_read(vmo, (uaddr_t)arch_frame_argument(frame, 1),
        (uint64_t)arch_frame_argument(frame, 2), (uint64_t)arch_frame_argument(frame, 3));
    object_release((struct object *)vmo);
    return status;
}

static ts_status_t dispatch_vmo_write(struct arch_frame *frame) {
    const struct handle_table *handles = process_handles_current();
    struct vmo *vmo;
    ts_status_t status = vmo_from_handle(handles, arch_frame_argument(frame, 0), TS_RIGHT_WRITE,
        &vmo);
    if (status != TS_OK) {
        return status;
    }
    object_reference((struct object *)vmo);
    status = sys_vmo_write(vmo, (uaddr_t)arch_frame_argument(frame, 1),
        (uint64_t)arch_frame_argument(frame, 2), (uint64_t)arch_frame_argument(frame, 3));
    object_release((struct object *)vmo);
    return status;
}

static ts_status_t dispatch_vmo_get_size(struct arch_frame *frame) {
    const struct handle_table *handles = process_handles_current();
    struct vmo *vmo;
    ts_status_t status = vmo_from_handle(handles, arch_frame_argument(frame, 0), TS_RIGHT_NONE,
        &vmo);
    if (status != TS_OK) {
        return refuse(frame, 1, status);
    }
    uint64_t size = 0;
    status = sys_vmo_get_size(vmo, &size);
    arch_frame_set_value(frame, 0, (uint64_t)size);
    return status;
}

static ts_status_t dispatch_vmo_create_physical(struct arch_frame *frame) {
    const struct handle_table *handles = process_handles_current();
    struct handle_view resource_view;
    ts_status_t status = resource_view_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_WRITE, &resource_view);
    if (status != TS_OK) {
        return refuse(frame, 1, status);
    }
    ts_handle_t vmo = 0;
    status = sys_vmo_create_physical((struct resource *)resource_view.object, &resource_view,
        (uint64_t)arch_frame_argument(frame, 1), (uint64_t)arch_frame_argument(frame, 2), &vmo);
    arch_frame_set_value(frame, 0, (uint64_t)vmo);
    return status;
}

static ts_status_t dispatch_vmo_replace_executable(struct arch_frame *frame) {
    const struct handle_table *handles = process_handles_current();
    struct resource *resource;
    ts_status_t status = resource_from_handle(handles, arch_frame_argument(frame, 1),
        TS_RIGHT_WRITE, &resource);
    if (status != TS_OK) {
        return refuse(frame, 1, status);
    }
    ts_handle_t executable = 0;
    status = sys_vmo_replace_executable((ts_handle_t)arch_frame_argument(frame, 0), resource,
        &executable);
    arch_frame_set_value(frame, 0, (uint64_t)executable);
    return status;
}

static ts_status_t dispatch_vmo_set_size(struct arch_frame *frame) {
    const struct handle_table *handles = process_handles_current();
    struct vmo *vmo;
    ts_status_t status = vmo_from_handle(handles, arch_frame_argument(frame, 0), TS_RIGHT_WRITE,
        &vmo);
    if (status != TS_OK) {
        return status;
    }
    return sys_vmo_set_size(vmo, (uint64_t)arch_frame_argument(frame, 1));
}

static ts_status_t dispatch_vmo_op_range(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 1) >> 32) != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    const struct handle_table *handles = process_handles_current();
    struct handle_view vmo_view;
    ts_status_t status = vmo_view_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_NONE, &vmo_view);
    if (status != TS_OK) {
        return status;
    }
    return sys_vmo_op_range((struct vmo *)vmo_view.object, &vmo_view,
        (uint32_t)arch_frame_argument(frame, 1), (uint64_t)arch_frame_argument(frame, 2),
        (uint64_t)arch_frame_argument(frame, 3));
}

static ts_status_t dispatch_vmo_create_child(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 1) >> 32) != 0) {
        return refuse(frame, 1, TS_ERR_INVALID_ARGS);
    }
    const struct handle_table *handles = process_handles_current();
    struct handle_view parent_view;
    ts_status_t status = vmo_view_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_DUPLICATE | TS_RIGHT_READ, &parent_view);
    if (status != TS_OK) {
        return refuse(frame, 1, status);
    }
    ts_handle_t child = 0;
    status = sys_vmo_create_child((struct vmo *)parent_view.object, &parent_view,
        (uint32_t)arch_frame_argument(frame, 1), (uint64_t)arch_frame_argument(frame, 2),
        (uint64_t)arch_frame_argument(frame, 3), &child);
    arch_frame_set_value(frame, 0, (uint64_t)child);
    return status;
}

static ts_status_t dispatch_vmo_create_contiguous(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 1) >> 32) != 0) {
        return refuse(frame, 1, TS_ERR_INVALID_ARGS);
    }
    ts_handle_t vmo = 0;
    ts_status_t status = sys_vmo_create_contiguous((uint64_t)arch_frame_argument(frame, 0),
        (uint32_t)arch_frame_argument(frame, 1), &vmo);
    arch_frame_set_value(frame, 0, (uint64_t)vmo);
    return status;
}

static ts_status_t dispatch_interrupt_create(struct arch_frame *frame) {
    if (((arch_frame_argument(frame, 1) | arch_frame_argument(frame, 2)) >> 32) != 0) {
        return refuse(frame, 1, TS_ERR_INVALID_ARGS);
    }
    const struct handle_table *handles = process_handles_current();
    struct handle_view resource_view;
    ts_status_t status = resource_view_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_WRITE, &resource_view);
    if (status != TS_OK) {
        return refuse(frame, 1, status);
    }
    ts_handle_t interrupt = 0;
    status = sys_interrupt_create((struct resource *)resource_view.object, &resource_view,
        (uint32_t)arch_frame_argument(frame, 1), (uint32_t)arch_frame_argument(frame, 2),
        &interrupt);
    arch_frame_set_value(frame, 0, (uint64_t)interrupt);
    return status;
}

static ts_status_t dispatch_interrupt_bind(struct arch_frame *frame) {
    const struct handle_table *handles = process_handles_current();
    struct interrupt *interrupt;
    ts_status_t status = interrupt_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_READ, &interrupt);
    if (status != TS_OK) {
        return status;
    }
    struct port *port;
    status = port_from_handle(handles, arch_frame_argument(frame, 1), TS_RIGHT_WRITE, &port);
    if (status != TS_OK) {
        return status;
    }
    return sys_interrupt_bind(interrupt, port, (uint64_t)arch_frame_argument(frame, 2));
}

static ts_status_t dispatch_interrupt_wait(struct arch_frame *frame) {
    const struct handle_table *handles = process_handles_current();
    struct interrupt *interrupt;
    ts_status_t status = interrupt_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_READ, &interrupt);
    if (status != TS_OK) {
        return refuse(frame, 1, status);
    }
    ts_time_t timestamp = 0;
    status = sys_interrupt_wait(interrupt, (ts_time_t)arch_frame_argument(frame, 1), &timestamp);
    arch_frame_set_value(frame, 0, (uint64_t)timestamp);
    return status;
}

static ts_status_t dispatch_interrupt_ack(struct arch_frame *frame) {
    const struct handle_table *handles = process_handles_current();
    struct interrupt *interrupt;
    ts_status_t status = interrupt_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_WRITE, &interrupt);
    if (status != TS_OK) {
        return status;
    }
    return sys_interrupt_ack(interrupt);
}

static ts_status_t dispatch_interrupt_trigger(struct arch_frame *frame) {
    const struct handle_table *handles = process_handles_current();
    struct interrupt *interrupt;
    ts_status_t status = interrupt_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_SIGNAL, &interrupt);
    if (status != TS_OK) {
        return status;
    }
    return sys_interrupt_trigger(interrupt);
}

static ts_status_t dispatch_resource_create(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 1) >> 32) != 0) {
        return refuse(frame, 1, TS_ERR_INVALID_ARGS);
    }
    const struct handle_table *handles = process_handles_current();
    struct handle_view parent_view;
    ts_status_t status = resource_view_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_WRITE, &parent_view);
    if (status != TS_OK) {
        return refuse(frame, 1, status);
    }
    ts_handle_t resource = 0;
    status = sys_resource_create((struct resource *)parent_view.object, &parent_view,
        (uint32_t)arch_frame_argument(frame, 1), (uint64_t)arch_frame_argument(frame, 2),
        (uint64_t)arch_frame_argument(frame, 3), &resource);
    arch_frame_set_value(frame, 0, (uint64_t)resource);
    return status;
}

static ts_status_t dispatch_ports_enable(struct arch_frame *frame) {
    if (((arch_frame_argument(frame, 1) | arch_frame_argument(frame, 2)) >> 32) != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    const struct handle_table *handles = process_handles_current();
    struct handle_view resource_view;
    ts_status_t status = resource_view_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_WRITE, &resource_view);
    if (status != TS_OK) {
        return status;
    }
    return sys_ports_enable((struct resource *)resource_view.object, &resource_view,
        (uint32_t)arch_frame_argument(frame, 1), (uint32_t)arch_frame_argument(frame, 2));
}

static ts_status_t dispatch_log_read(struct arch_frame *frame) {
    const struct handle_table *handles = process_handles_current();
    struct handle_view resource_view;
    ts_status_t status = resource_view_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_WRITE, &resource_view);
    if (status != TS_OK) {
        return refuse(frame, 2, status);
    }
    object_reference(resource_view.object);
    uint64_t next = 0;
    size_t actual = 0;
    status = sys_log_read((struct resource *)resource_view.object, &resource_view,
        (uint64_t)arch_frame_argument(frame, 1), (uaddr_t)arch_frame_argument(frame, 2),
        (size_t)arch_frame_argument(frame, 3), &next, &actual);
    object_release(resource_view.object);
    arch_frame_set_value(frame, 0, (uint64_t)next);
    arch_frame_set_value(frame, 1, (uint64_t)actual);
    return status;
}

static ts_status_t dispatch_log_write(struct arch_frame *frame) {
    const struct handle_table *handles = process_handles_current();
    struct handle_view resource_view;
    ts_status_t status = resource_view_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_WRITE, &resource_view);
    if (status != TS_OK) {
        return status;
    }
    object_reference(resource_view.object);
    status = sys_log_write((struct resource *)resource_view.object, &resource_view,
        (uaddr_t)arch_frame_argument(frame, 1), (size_t)arch_frame_argument(frame, 2));
    object_release(resource_view.object);
    return status;
}

static ts_status_t dispatch_system_power(struct arch_frame *frame) {
    if (((arch_frame_argument(frame, 1) | arch_frame_argument(frame, 2)) >> 32) != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    const struct handle_table *handles = process_handles_current();
    struct handle_view resource_view;
    ts_status_t status = resource_view_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_WRITE, &resource_view);
    if (status != TS_OK) {
        return status;
    }
    return sys_system_power((struct resource *)resource_view.object, &resource_view,
        (uint32_t)arch_frame_argument(frame, 1), (uint32_t)arch_frame_argument(frame, 2));
}

static ts_status_t dispatch_system_debug(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 1) >> 32) != 0) {
        return refuse(frame, 1, TS_ERR_INVALID_ARGS);
    }
    const struct handle_table *handles = process_handles_current();
    struct handle_view resource_view;
    ts_status_t status = resource_view_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_WRITE, &resource_view);
    if (status != TS_OK) {
        return refuse(frame, 1, status);
    }
    uint64_t value = 0;
    status = sys_system_debug((struct resource *)resource_view.object, &resource_view,
        (uint32_t)arch_frame_argument(frame, 1), (uint64_t)arch_frame_argument(frame, 2), &value);
    arch_frame_set_value(frame, 0, (uint64_t)value);
    return status;
}

static ts_status_t dispatch_clock_read(struct arch_frame *frame) {
    ts_time_t now = 0;
    ts_status_t status = sys_clock_read(&now);
    arch_frame_set_value(frame, 0, (uint64_t)now);
    return status;
}

static ts_status_t dispatch_system_inspect(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 1) >> 32) != 0) {
        return refuse(frame, 2, TS_ERR_INVALID_ARGS);
    }
    const struct handle_table *handles = process_handles_current();
    struct handle_view resource_view;
    ts_status_t status = resource_view_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_WRITE, &resource_view);
    if (status != TS_OK) {
        return refuse(frame, 2, status);
    }
    object_reference(resource_view.object);
    size_t actual = 0;
    uint64_t next = 0;
    status = sys_system_inspect((struct resource *)resource_view.object, &resource_view,
        (uint32_t)arch_frame_argument(frame, 1), (uint64_t)arch_frame_argument(frame, 2),
        (uint64_t)arch_frame_argument(frame, 3), (uaddr_t)arch_frame_argument(frame, 4),
        (size_t)arch_frame_argument(frame, 5), &actual, &next);
    object_release(resource_view.object);
    arch_frame_set_value(frame, 0, (uint64_t)actual);
    arch_frame_set_value(frame, 1, (uint64_t)next);
    return status;
}

static ts_status_t dispatch_vmo_set_cache_policy(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 1) >> 32) != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    const struct handle_table *handles = process_handles_current();
    struct vmo *vmo;
    ts_status_t status = vmo_from_handle(handles, arch_frame_argument(frame, 0),
        TS_RIGHT_SET_PROPERTY, &vmo);
    if (status != TS_OK) {
        return status;
    }
    return sys_vmo_set_cache_policy(vmo, (uint32_t)arch_frame_argument(frame, 1));
}

static ts_status_t dispatch_pager_create(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 0) >> 32) != 0) {
        return refuse(frame, 1, TS_ERR_INVALID_ARGS);
    }
    ts_handle_t pager = 0;
    ts_status_t status = sys_pager_create((uint32_t)arch_frame_argument(frame, 0), &pager);
    arch_frame_set_value(frame, 0, (uint64_t)pager);
    return status;
}

static ts_status_t dispatch_pager_create_vmo(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 1) >> 32) != 0) {
        return refuse(frame, 1, TS_ERR_INVALID_ARGS);
    }
    const struct handle_table *handles = process_handles_current();
    struct pager *pager;
    ts_status_t status = pager_from_handle(handles, arch_frame_argument(frame, 0), TS_RIGHT_NONE,
        &pager);
    if (status != TS_OK) {
        return refuse(frame, 1, status);
    }
    struct port *port;
    status = port_from_handle(handles, arch_frame_argument(frame, 2), TS_RIGHT_WRITE, &port);
    if (status != TS_OK) {
        return refuse(frame, 1, status);
    }
    ts_handle_t vmo = 0;
    status = sys_pager_create_vmo(pager, (uint32_t)arch_frame_argument(frame, 1), port,
        (uint64_t)arch_frame_argument(frame, 3), (uint64_t)arch_frame_argument(frame, 4), &vmo);
    arch_frame_set_value(frame, 0, (uint64_t)vmo);
    return status;
}

static ts_status_t dispatch_pager_supply_pages(struct arch_frame *frame) {
    const struct handle_table *handles = process_handles_current();
    struct pager *pager;
    ts_status_t status = pager_from_handle(handles, arch_frame_argument(frame, 0), TS_RIGHT_NONE,
        &pager);
    if (status != TS_OK) {
        return status;
    }
    struct vmo *vmo;
    status = vmo_from_handle(handles, arch_frame_argument(frame, 1), TS_RIGHT_NONE, &vmo);
    if (status != TS_OK) {
        return status;
    }
    struct vmo *from;
    status = vmo_from_handle(handles, arch_frame_argument(frame, 4),
        TS_RIGHT_READ | TS_RIGHT_WRITE, &from);
    if (status != TS_OK) {
        return status;
    }
    return sys_pager_supply_pages(pager, vmo, (uint64_t)arch_frame_argument(frame, 2),
        (uint64_t)arch_frame_argument(frame, 3), from, (uint64_t)arch_frame_argument(frame, 5));
}

static ts_status_t dispatch_pager_detach_vmo(struct arch_frame *frame) {
    const struct handle_table *handles = process_handles_current();
    struct pager *pager;
    ts_status_t status = pager_from_handle(handles, arch_frame_argument(frame, 0), TS_RIGHT_NONE,
        &pager);
    if (status != TS_OK) {
        return status;
    }
    struct vmo *vmo;
    status = vmo_from_handle(handles, arch_frame_argument(frame, 1), TS_RIGHT_NONE, &vmo);
    if (status != TS_OK) {
        return status;
    }
    return sys_pager_detach_vmo(pager, vmo);
}

static ts_status_t dispatch_pager_op_range(struct arch_frame *frame) {
    if ((arch_frame_argument(frame, 1) >> 32) != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    const struct handle_table *handles = process_handles_current();
    struct pager *pager;
    ts_status_t status = pager_from_handle(handles, arch_frame_argument(frame, 0), TS_RIGHT_NONE,
        &pager);
    if (status != TS_OK) {
        return status;
    }
    struct vmo *vmo;
    status = vmo_from_handle(handles, arch_frame_argument(frame, 2), TS_RIGHT_NONE, &vmo);
    if (status != TS_OK) {
        return status;
    }
    return sys_pager_op_range(pager, (uint32_t)arch_frame_argument(frame, 1), vmo,
        (uint64_t)arch_frame_argument(frame, 3), (uint64_t)arch_frame_argument(frame, 4),
        (uint64_t)arch_frame_argument(frame, 5));
}

static ts_status_t dispatch_pager_query_dirty_ranges(struct arch_frame *frame) {
    const struct handle_table *handles = process_handles_current();
    struct pager *pager;
    ts_status_t status = pager_from_handle(handles, arch_frame_argument(frame, 0), TS_RIGHT_NONE,
        &pager);
    if (status != TS_OK) {
        return refuse(frame, 2, status);
    }
    struct vmo *vmo;
    status = vmo_from_handle(handles, arch_frame_argument(frame, 1), TS_RIGHT_NONE, &vmo);
    if (status != TS_OK) {
        return refuse(frame, 2, status);
    }
    object_reference((struct object *)pager);
    object_reference((struct object *)vmo);
    size_t actual = 0;
    size_t available = 0;
    status = sys_pager_query_dirty_ranges(pager, vmo, (uint64_t)arch_frame_argument(frame, 2),
        (uint64_t)arch_frame_argument(frame, 3), (uaddr_t)arch_frame_argument(frame, 4),
        (size_t)arch_frame_argument(frame, 5), &actual, &available);
    object_release((struct object *)vmo);
    object_release((struct object *)pager);
    arch_frame_set_value(frame, 0, (uint64_t)actual);
    arch_frame_set_value(frame, 1, (uint64_t)available);
    return status;
}

static const ts_status_t errors_null[] = {TS_OK};
static const ts_status_t errors_handle_close[] = {TS_ERR_BAD_HANDLE, TS_OK};
static const ts_status_t errors_handle_close_many[] = {TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE,
    TS_ERR_OUT_OF_RANGE, TS_OK};
static const ts_status_t errors_handle_duplicate[] = {TS_ERR_NO_RESOURCES, TS_ERR_NO_MEMORY,
    TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE, TS_ERR_BAD_STATE, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_handle_replace[] = {TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE, TS_OK};
static const ts_status_t errors_handle_revoke[] = {TS_ERR_BAD_HANDLE, TS_ERR_BAD_STATE,
    TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_object_wait_one[] = {TS_ERR_NOT_SUPPORTED, TS_ERR_INVALID_ARGS,
    TS_ERR_BAD_HANDLE, TS_ERR_TIMED_OUT, TS_ERR_CANCELED, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_object_wait_async[] = {TS_ERR_NOT_SUPPORTED, TS_ERR_NO_MEMORY,
    TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_object_signal[] = {TS_ERR_NOT_SUPPORTED, TS_ERR_INVALID_ARGS,
    TS_ERR_BAD_HANDLE, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_object_get_info[] = {TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE,
    TS_ERR_WRONG_TYPE, TS_ERR_BUFFER_TOO_SMALL, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_object_set_name[] = {TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE,
    TS_ERR_WRONG_TYPE, TS_ERR_OUT_OF_RANGE, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_port_create[] = {TS_ERR_NO_RESOURCES, TS_ERR_NO_MEMORY,
    TS_ERR_INVALID_ARGS, TS_OK};
static const ts_status_t errors_port_queue[] = {TS_ERR_NO_MEMORY, TS_ERR_INVALID_ARGS,
    TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE, TS_ERR_SHOULD_WAIT, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_port_wait[] = {TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE,
    TS_ERR_WRONG_TYPE, TS_ERR_TIMED_OUT, TS_ERR_CANCELED, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_port_cancel[] = {TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE,
    TS_ERR_NOT_FOUND, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_event_create[] = {TS_ERR_NO_RESOURCES, TS_ERR_NO_MEMORY,
    TS_ERR_INVALID_ARGS, TS_OK};
static const ts_status_t errors_endpoint_create[] = {TS_ERR_NO_RESOURCES, TS_ERR_NO_MEMORY,
    TS_ERR_INVALID_ARGS, TS_OK};
static const ts_status_t errors_endpoint_mint[] = {TS_ERR_NO_RESOURCES, TS_ERR_NO_MEMORY,
    TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE, TS_ERR_BAD_STATE,
    TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_endpoint_bind_port[] = {TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE,
    TS_ERR_ALREADY_BOUND, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_call[] = {TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE,
    TS_ERR_OUT_OF_RANGE, TS_ERR_TIMED_OUT, TS_ERR_CANCELED, TS_ERR_PEER_CLOSED,
    TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_reply_wait[] = {TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE,
    TS_ERR_WRONG_TYPE, TS_ERR_OUT_OF_RANGE, TS_ERR_BAD_STATE, TS_ERR_TIMED_OUT, TS_ERR_CANCELED,
    TS_ERR_PEER_CLOSED, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_reply_save[] = {TS_ERR_NO_RESOURCES, TS_ERR_NO_MEMORY,
    TS_ERR_INVALID_ARGS, TS_ERR_BAD_STATE, TS_OK};
static const ts_status_t errors_reply_send[] = {TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE,
    TS_ERR_OUT_OF_RANGE, TS_ERR_PEER_CLOSED, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_job_create[] = {TS_ERR_NO_RESOURCES, TS_ERR_NO_MEMORY,
    TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE, TS_ERR_OUT_OF_RANGE,
    TS_ERR_BAD_STATE, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_job_set_ceiling[] = {TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE,
    TS_ERR_WRONG_TYPE, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_task_kill[] = {TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE,
    TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_job_set_reclaim[] = {TS_ERR_NO_MEMORY, TS_ERR_INVALID_ARGS,
    TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE, TS_ERR_BAD_STATE, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_job_set_swap[] = {TS_ERR_NO_MEMORY, TS_ERR_INVALID_ARGS,
    TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE, TS_ERR_OUT_OF_RANGE, TS_ERR_BAD_STATE,
    TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_job_set_reserve[] = {TS_ERR_NO_MEMORY, TS_ERR_INVALID_ARGS,
    TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE, TS_ERR_BAD_STATE, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_process_create[] = {TS_ERR_NO_RESOURCES, TS_ERR_NO_MEMORY,
    TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE, TS_ERR_OUT_OF_RANGE,
    TS_ERR_BAD_STATE, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_process_start[] = {TS_ERR_NO_RESOURCES, TS_ERR_NO_MEMORY,
    TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE, TS_ERR_BAD_STATE, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_process_exit[] = {TS_OK};
static const ts_status_t errors_thread_create[] = {TS_ERR_NO_RESOURCES, TS_ERR_NO_MEMORY,
    TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE, TS_ERR_OUT_OF_RANGE,
    TS_ERR_BAD_STATE, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_thread_start[] = {TS_ERR_NO_RESOURCES, TS_ERR_NO_MEMORY,
    TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE, TS_ERR_BAD_STATE, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_thread_exit[] = {TS_OK};
static const ts_status_t errors_thread_yield[] = {TS_OK};
static const ts_status_t errors_thread_set_priority[] = {TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE,
    TS_ERR_WRONG_TYPE, TS_ERR_OUT_OF_RANGE, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_thread_set_affinity[] = {TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE,
    TS_ERR_WRONG_TYPE, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_thread_sleep[] = {TS_OK};
static const ts_status_t errors_vmar_allocate[] = {TS_ERR_NO_RESOURCES, TS_ERR_NO_MEMORY,
    TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE, TS_ERR_BAD_STATE,
    TS_ERR_ALREADY_EXISTS, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_vmar_map[] = {TS_ERR_NOT_SUPPORTED, TS_ERR_NO_RESOURCES,
    TS_ERR_NO_MEMORY, TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE,
    TS_ERR_BUFFER_TOO_SMALL, TS_ERR_BAD_STATE, TS_ERR_ALREADY_EXISTS, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_vmar_unmap[] = {TS_ERR_NO_MEMORY, TS_ERR_INVALID_ARGS,
    TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE, TS_ERR_BAD_STATE, TS_ERR_NOT_FOUND, TS_OK};
static const ts_status_t errors_vmar_protect[] = {TS_ERR_NO_MEMORY, TS_ERR_INVALID_ARGS,
    TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE, TS_ERR_BAD_STATE, TS_ERR_NOT_FOUND,
    TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_vmar_destroy[] = {TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE,
    TS_ERR_BAD_STATE, TS_OK};
static const ts_status_t errors_vmar_op_range[] = {TS_ERR_NOT_SUPPORTED, TS_ERR_NO_MEMORY,
    TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE, TS_ERR_OUT_OF_RANGE,
    TS_ERR_BUFFER_TOO_SMALL, TS_ERR_BAD_STATE, TS_ERR_ACCESS_DENIED, TS_ERR_IO,
    TS_ERR_IO_DATA_INTEGRITY, TS_ERR_NO_SPACE, TS_OK};
static const ts_status_t errors_vmo_create[] = {TS_ERR_NO_RESOURCES, TS_ERR_NO_MEMORY,
    TS_ERR_INVALID_ARGS, TS_ERR_OUT_OF_RANGE, TS_OK};
static const ts_status_t errors_vmo_read[] = {TS_ERR_NOT_SUPPORTED, TS_ERR_NO_MEMORY,
    TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE, TS_ERR_OUT_OF_RANGE,
    TS_ERR_BUFFER_TOO_SMALL, TS_ERR_BAD_STATE, TS_ERR_ACCESS_DENIED, TS_ERR_IO,
    TS_ERR_IO_DATA_INTEGRITY, TS_ERR_NO_SPACE, TS_OK};
static const ts_status_t errors_vmo_write[] = {TS_ERR_NOT_SUPPORTED, TS_ERR_NO_MEMORY,
    TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE, TS_ERR_OUT_OF_RANGE,
    TS_ERR_BUFFER_TOO_SMALL, TS_ERR_BAD_STATE, TS_ERR_ACCESS_DENIED, TS_ERR_IO,
    TS_ERR_IO_DATA_INTEGRITY, TS_ERR_NO_SPACE, TS_OK};
static const ts_status_t errors_vmo_get_size[] = {TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE, TS_OK};
static const ts_status_t errors_vmo_create_physical[] = {TS_ERR_NO_RESOURCES, TS_ERR_NO_MEMORY,
    TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE, TS_ERR_OUT_OF_RANGE,
    TS_ERR_BAD_STATE, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_vmo_replace_executable[] = {TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE,
    TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_vmo_set_size[] = {TS_ERR_NO_MEMORY, TS_ERR_BAD_HANDLE,
    TS_ERR_WRONG_TYPE, TS_ERR_OUT_OF_RANGE, TS_ERR_BAD_STATE, TS_ERR_UNAVAILABLE,
    TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_vmo_op_range[] = {TS_ERR_NOT_SUPPORTED, TS_ERR_NO_MEMORY,
    TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE, TS_ERR_OUT_OF_RANGE,
    TS_ERR_BUFFER_TOO_SMALL, TS_ERR_BAD_STATE, TS_ERR_UNAVAILABLE, TS_ERR_ACCESS_DENIED,
    TS_ERR_IO, TS_ERR_IO_DATA_INTEGRITY, TS_ERR_NO_SPACE, TS_OK};
static const ts_status_t errors_vmo_create_child[] = {TS_ERR_NOT_SUPPORTED, TS_ERR_NO_RESOURCES,
    TS_ERR_NO_MEMORY, TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE,
    TS_ERR_OUT_OF_RANGE, TS_ERR_BAD_STATE, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_vmo_create_contiguous[] = {TS_ERR_NO_RESOURCES, TS_ERR_NO_MEMORY,
    TS_ERR_INVALID_ARGS, TS_ERR_OUT_OF_RANGE, TS_OK};
static const ts_status_t errors_interrupt_create[] = {TS_ERR_NO_RESOURCES, TS_ERR_NO_MEMORY,
    TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE, TS_ERR_OUT_OF_RANGE,
    TS_ERR_BAD_STATE, TS_ERR_ALREADY_BOUND, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_interrupt_bind[] = {TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE,
    TS_ERR_ALREADY_BOUND, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_interrupt_wait[] = {TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE,
    TS_ERR_BAD_STATE, TS_ERR_TIMED_OUT, TS_ERR_CANCELED, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_interrupt_ack[] = {TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE,
    TS_ERR_BAD_STATE, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_interrupt_trigger[] = {TS_ERR_NOT_SUPPORTED, TS_ERR_BAD_HANDLE,
    TS_ERR_WRONG_TYPE, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_resource_create[] = {TS_ERR_NO_RESOURCES, TS_ERR_NO_MEMORY,
    TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE, TS_ERR_OUT_OF_RANGE,
    TS_ERR_BAD_STATE, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_ports_enable[] = {TS_ERR_NOT_SUPPORTED, TS_ERR_NO_MEMORY,
    TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE, TS_ERR_OUT_OF_RANGE,
    TS_ERR_BAD_STATE, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_log_read[] = {TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE,
    TS_ERR_WRONG_TYPE, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_log_write[] = {TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE,
    TS_ERR_WRONG_TYPE, TS_ERR_OUT_OF_RANGE, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_system_power[] = {TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE,
    TS_ERR_WRONG_TYPE, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_system_debug[] = {TS_ERR_NOT_SUPPORTED, TS_ERR_INVALID_ARGS,
    TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_clock_read[] = {TS_OK};
static const ts_status_t errors_system_inspect[] = {TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE,
    TS_ERR_WRONG_TYPE, TS_ERR_NOT_FOUND, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_vmo_set_cache_policy[] = {TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE,
    TS_ERR_WRONG_TYPE, TS_ERR_BAD_STATE, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_pager_create[] = {TS_ERR_NO_RESOURCES, TS_ERR_NO_MEMORY,
    TS_ERR_INVALID_ARGS, TS_OK};
static const ts_status_t errors_pager_create_vmo[] = {TS_ERR_NO_RESOURCES, TS_ERR_NO_MEMORY,
    TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE, TS_ERR_OUT_OF_RANGE,
    TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_pager_supply_pages[] = {TS_ERR_NOT_SUPPORTED, TS_ERR_NO_MEMORY,
    TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE, TS_ERR_OUT_OF_RANGE,
    TS_ERR_BAD_STATE, TS_ERR_ACCESS_DENIED, TS_OK};
static const ts_status_t errors_pager_detach_vmo[] = {TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE,
    TS_ERR_WRONG_TYPE, TS_OK};
static const ts_status_t errors_pager_op_range[] = {TS_ERR_NOT_SUPPORTED, TS_ERR_NO_MEMORY,
    TS_ERR_INVALID_ARGS, TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE, TS_ERR_OUT_OF_RANGE,
    TS_ERR_NOT_FOUND, TS_OK};
static const ts_status_t errors_pager_query_dirty_ranges[] = {TS_ERR_INVALID_ARGS,
    TS_ERR_BAD_HANDLE, TS_ERR_WRONG_TYPE, TS_ERR_OUT_OF_RANGE, TS_OK};

const struct syscall_row syscall_table[TS_SYSCALL_COUNT] = {
    [TS_SYSCALL_NULL] = {dispatch_null, "null", errors_null},
    [TS_SYSCALL_HANDLE_CLOSE] = {dispatch_handle_close, "handle_close", errors_handle_close},
    [TS_SYSCALL_HANDLE_CLOSE_MANY] = {dispatch_handle_close_many, "handle_close_many",
        errors_handle_close_many},
    [TS_SYSCALL_HANDLE_DUPLICATE] = {dispatch_handle_duplicate, "handle_duplicate",
        errors_handle_duplicate},
    [TS_SYSCALL_HANDLE_REPLACE] = {dispatch_handle_replace, "handle_replace",
        errors_handle_replace},
    [TS_SYSCALL_HANDLE_REVOKE] = {dispatch_handle_revoke, "handle_revoke", errors_handle_revoke},
    [TS_SYSCALL_OBJECT_WAIT_ONE] = {dispatch_object_wait_one, "object_wait_one",
        errors_object_wait_one},
    [TS_SYSCALL_OBJECT_WAIT_ASYNC] = {dispatch_object_wait_async, "object_wait_async",
        errors_object_wait_async},
    [TS_SYSCALL_OBJECT_SIGNAL] = {dispatch_object_signal, "object_signal", errors_object_signal},
    [TS_SYSCALL_OBJECT_GET_INFO] = {dispatch_object_get_info, "object_get_info",
        errors_object_get_info},
    [TS_SYSCALL_OBJECT_SET_NAME] = {dispatch_object_set_name, "object_set_name",
        errors_object_set_name},
    [TS_SYSCALL_PORT_CREATE] = {dispatch_port_create, "port_create", errors_port_create},
    [TS_SYSCALL_PORT_QUEUE] = {dispatch_port_queue, "port_queue", errors_port_queue},
    [TS_SYSCALL_PORT_WAIT] = {dispatch_port_wait, "port_wait", errors_port_wait},
    [TS_SYSCALL_PORT_CANCEL] = {dispatch_port_cancel, "port_cancel", errors_port_cancel},
    [TS_SYSCALL_EVENT_CREATE] = {dispatch_event_create, "event_create", errors_event_create},
    [TS_SYSCALL_ENDPOINT_CREATE] = {dispatch_endpoint_create, "endpoint_create",
        errors_endpoint_create},
    [TS_SYSCALL_ENDPOINT_MINT] = {dispatch_endpoint_mint, "endpoint_mint", errors_endpoint_mint},
    [TS_SYSCALL_ENDPOINT_BIND_PORT] = {dispatch_endpoint_bind_port, "endpoint_bind_port",
        errors_endpoint_bind_port},
    [TS_SYSCALL_CALL] = {sys_call, "call", errors_call},
    [TS_SYSCALL_REPLY_WAIT] = {sys_reply_wait, "reply_wait", errors_reply_wait},
    [TS_SYSCALL_REPLY_SAVE] = {dispatch_reply_save, "reply_save", errors_reply_save},
    [TS_SYSCALL_REPLY_SEND] = {sys_reply_send, "reply_send", errors_reply_send},
    [TS_SYSCALL_JOB_CREATE] = {dispatch_job_create, "job_create", errors_job_create},
    [TS_SYSCALL_JOB_SET_CEILING] = {dispatch_job_set_ceiling, "job_set_ceiling",
        errors_job_set_ceiling},
    [TS_SYSCALL_TASK_KILL] = {dispatch_task_kill, "task_kill", errors_task_kill},
    [TS_SYSCALL_JOB_SET_RECLAIM] = {dispatch_job_set_reclaim, "job_set_reclaim",
        errors_job_set_reclaim},
    [TS_SYSCALL_JOB_SET_SWAP] = {dispatch_job_set_swap, "job_set_swap", errors_job_set_swap},
    [TS_SYSCALL_JOB_SET_RESERVE] = {dispatch_job_set_reserve, "job_set_reserve",
        errors_job_set_reserve},
    [TS_SYSCALL_PROCESS_CREATE] = {dispatch_process_create, "process_create",
        errors_process_create},
    [TS_SYSCALL_PROCESS_START] = {dispatch_process_start, "process_start", errors_process_start},
    [TS_SYSCALL_PROCESS_EXIT] = {dispatch_process_exit, "process_exit", errors_process_exit},
    [TS_SYSCALL_THREAD_CREATE] = {dispatch_thread_create, "thread_create", errors_thread_create},
    [TS_SYSCALL_THREAD_START] = {dispatch_thread_start, "thread_start", errors_thread_start},
    [TS_SYSCALL_THREAD_EXIT] = {dispatch_thread_exit, "thread_exit", errors_thread_exit},
    [TS_SYSCALL_THREAD_YIELD] = {dispatch_thread_yield, "thread_yield", errors_thread_yield},
    [TS_SYSCALL_THREAD_SET_PRIORITY] = {dispatch_thread_set_priority, "thread_set_priority",
        errors_thread_set_priority},
    [TS_SYSCALL_THREAD_SET_AFFINITY] = {dispatch_thread_set_affinity, "thread_set_affinity",
        errors_thread_set_affinity},
    [TS_SYSCALL_THREAD_SLEEP] = {dispatch_thread_sleep, "thread_sleep", errors_thread_sleep},
    [TS_SYSCALL_VMAR_ALLOCATE] = {dispatch_vmar_allocate, "vmar_allocate", errors_vmar_allocate},
    [TS_SYSCALL_VMAR_MAP] = {dispatch_vmar_map, "vmar_map", errors_vmar_map},
    [TS_SYSCALL_VMAR_UNMAP] = {dispatch_vmar_unmap, "vmar_unmap", errors_vmar_unmap},
    [TS_SYSCALL_VMAR_PROTECT] = {dispatch_vmar_protect, "vmar_protect", errors_vmar_protect},
    [TS_SYSCALL_VMAR_DESTROY] = {dispatch_vmar_destroy, "vmar_destroy", errors_vmar_destroy},
    [TS_SYSCALL_VMAR_OP_RANGE] = {dispatch_vmar_op_range, "vmar_op_range", errors_vmar_op_range},
    [TS_SYSCALL_VMO_CREATE] = {dispatch_vmo_create, "vmo_create", errors_vmo_create},
    [TS_SYSCALL_VMO_READ] = {dispatch_vmo_read, "vmo_read", errors_vmo_read},
    [TS_SYSCALL_VMO_WRITE] = {dispatch_vmo_write, "vmo_write", errors_vmo_write},
    [TS_SYSCALL_VMO_GET_SIZE] = {dispatch_vmo_get_size, "vmo_get_size", errors_vmo_get_size},
    [TS_SYSCALL_VMO_CREATE_PHYSICAL] = {dispatch_vmo_create_physical, "vmo_create_physical",
        errors_vmo_create_physical},
    [TS_SYSCALL_VMO_REPLACE_EXECUTABLE] = {dispatch_vmo_replace_executable,
        "vmo_replace_executable", errors_vmo_replace_executable},
    [TS_SYSCALL_VMO_SET_SIZE] = {dispatch_vmo_set_size, "vmo_set_size", errors_vmo_set_size},
    [TS_SYSCALL_VMO_OP_RANGE] = {dispatch_vmo_op_range, "vmo_op_range", errors_vmo_op_range},
    [TS_SYSCALL_VMO_CREATE_CHILD] = {dispatch_vmo_create_child, "vmo_create_child",
        errors_vmo_create_child},
    [TS_SYSCALL_VMO_CREATE_CONTIGUOUS] = {dispatch_vmo_create_contiguous, "vmo_create_contiguous",
        errors_vmo_create_contiguous},
    [TS_SYSCALL_INTERRUPT_CREATE] = {dispatch_interrupt_create, "interrupt_create",
        errors_interrupt_create},
    [TS_SYSCALL_INTERRUPT_BIND] = {dispatch_interrupt_bind, "interrupt_bind",
        errors_interrupt_bind},
    [TS_SYSCALL_INTERRUPT_WAIT] = {dispatch_interrupt_wait, "interrupt_wait",
        errors_interrupt_wait},
    [TS_SYSCALL_INTERRUPT_ACK] = {dispatch_interrupt_ack, "interrupt_ack", errors_interrupt_ack},
    [TS_SYSCALL_INTERRUPT_TRIGGER] = {dispatch_interrupt_trigger, "interrupt_trigger",
        errors_interrupt_trigger},
    [TS_SYSCALL_RESOURCE_CREATE] = {dispatch_resource_create, "resource_create",
        errors_resource_create},
    [TS_SYSCALL_PORTS_ENABLE] = {dispatch_ports_enable, "ports_enable", errors_ports_enable},
    [TS_SYSCALL_LOG_READ] = {dispatch_log_read, "log_read", errors_log_read},
    [TS_SYSCALL_LOG_WRITE] = {dispatch_log_write, "log_write", errors_log_write},
    [TS_SYSCALL_SYSTEM_POWER] = {dispatch_system_power, "system_power", errors_system_power},
    [TS_SYSCALL_SYSTEM_DEBUG] = {dispatch_system_debug, "system_debug", errors_system_debug},
    [TS_SYSCALL_CLOCK_READ] = {dispatch_clock_read, "clock_read", errors_clock_read},
    [TS_SYSCALL_SYSTEM_INSPECT] = {dispatch_system_inspect, "system_inspect",
        errors_system_inspect},
    [TS_SYSCALL_VMO_SET_CACHE_POLICY] = {dispatch_vmo_set_cache_policy, "vmo_set_cache_policy",
        errors_vmo_set_cache_policy},
    [TS_SYSCALL_PAGER_CREATE] = {dispatch_pager_create, "pager_create", errors_pager_create},
    [TS_SYSCALL_PAGER_CREATE_VMO] = {dispatch_pager_create_vmo, "pager_create_vmo",
        errors_pager_create_vmo},
    [TS_SYSCALL_PAGER_SUPPLY_PAGES] = {dispatch_pager_supply_pages, "pager_supply_pages",
        errors_pager_supply_pages},
    [TS_SYSCALL_PAGER_DETACH_VMO] = {dispatch_pager_detach_vmo, "pager_detach_vmo",
        errors_pager_detach_vmo},
    [TS_SYSCALL_PAGER_OP_RANGE] = {dispatch_pager_op_range, "pager_op_range",
        errors_pager_op_range},
    [TS_SYSCALL_PAGER_QUERY_DIRTY_RANGES] = {dispatch_pager_query_dirty_ranges,
        "pager_query_dirty_ranges", errors_pager_query_dirty_ranges},
};
