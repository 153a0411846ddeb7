/* SPDX-License-Identifier: MIT */
/* Calls on endpoints. The message calls work on the register frame; see kernel/endpoint.h. */
#include "gen/handlers.h"

#include "abi/rights.h"
#include "arch/context.h"
#include "gen/lookup.h"
#include "kernel/assert.h"
#include "kernel/endpoint.h"
#include "kernel/port.h"
#include "kernel/process.h"

ts_status_t sys_endpoint_create(uint32_t options, ts_handle_t *handle) {
    if (options != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    struct endpoint *endpoint = NULL;
    ts_status_t status = endpoint_create(&process_current()->job->account, &endpoint);
    if (status == TS_OK) {
        status = handle_add(process_handles_current(), &endpoint->object, TS_DEFAULT_RIGHTS_ENDPOINT, 0, NULL, handle);
        object_release(&endpoint->object);
    }
    return status;
}

/* N3: a badge is set once; a minted handle can call and be passed on, nothing more. */
ts_status_t sys_endpoint_mint(struct endpoint *endpoint, const struct handle_view *endpoint_view, uint64_t badge,
                              ts_rights_t rights, ts_handle_t *minted) {
    if (endpoint_view->badge != 0) {
        user_error("endpoint_mint: the handle has a badge already");
        return TS_ERR_ACCESS_DENIED;
    }
    ts_rights_t possible = endpoint_view->rights & (TS_RIGHT_WRITE | TS_RIGHT_TRANSFER | TS_RIGHT_DUPLICATE);
    rights = rights == TS_RIGHT_SAME_RIGHTS ? possible : rights;
    if (badge == 0 || (rights & ~possible) != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    return handle_add(process_handles_current(), &endpoint->object, rights, badge, endpoint_view->capability, minted);
}

ts_status_t sys_endpoint_bind_port(struct endpoint *endpoint, struct port *port) {
    return endpoint_bind_port(endpoint, port);
}

static ts_status_t refuse(struct arch_frame *frame, unsigned results, ts_status_t status) {
    for (unsigned i = 0; i < results; i++) {
        arch_frame_set_value(frame, i, 0);
    }
    return status;
}

ts_status_t sys_call(struct arch_frame *frame) {
    struct handle_view view;
    ts_status_t status =
        endpoint_view_from_handle(process_handles_current(), arch_frame_argument(frame, 0), TS_RIGHT_WRITE, &view);
    if (status == TS_OK) {
        status = endpoint_call((struct endpoint *)view.object, view.badge, frame);
    }
    return refuse(frame, 7, status);
}

ts_status_t sys_reply_wait(struct arch_frame *frame) {
    struct endpoint *endpoint = NULL;
    ts_status_t status =
        endpoint_from_handle(process_handles_current(), arch_frame_argument(frame, 0), TS_RIGHT_READ, &endpoint);
    if (status == TS_OK) {
        status = endpoint_reply_wait(endpoint, frame);
    }
    return status == TS_OK ? TS_OK : refuse(frame, 8, status);
}

ts_status_t sys_reply_save(uint32_t options, ts_handle_t *handle) {
    if (options != 0) {
        return TS_ERR_INVALID_ARGS;
    }
    struct reply *reply = NULL;
    ts_status_t status = reply_create(&process_current()->job->account, &reply);
    if (status == TS_OK) {
        status = handle_add(process_handles_current(), &reply->object, TS_DEFAULT_RIGHTS_REPLY, 0, NULL, handle);
        if (status == TS_OK) {
            reply_keep(reply);
        }
        object_release(&reply->object);
    }
    return status;
}

/* N5: the right is used up whatever comes of it. */
ts_status_t sys_reply_send(struct arch_frame *frame) {
    ts_handle_t handle = arch_frame_argument(frame, 0);
    struct reply *reply = NULL;
    ts_status_t status = reply_from_handle(process_handles_current(), handle, TS_RIGHT_WRITE, &reply);
    if (status == TS_OK) {
        status = reply_send(reply, frame);
        (void)handle_close(process_handles_current(), handle);
    }
    return status;
}
