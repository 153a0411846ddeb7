/* SPDX-License-Identifier: MIT */
/* Calls on handles. */
#include "gen/handlers.h"

#include "abi/rights.h"
#include "kernel/fault.h"
#include "kernel/process.h"

#define CLOSE_MAX 1024u

ts_status_t sys_null(void) {
    return TS_OK;
}

ts_status_t sys_handle_close(ts_handle_t handle) {
    return handle == TS_HANDLE_INVALID ? TS_OK : handle_close(process_handles_current(), handle);
}

/* H7: each handle is closed whatever happens to the others; the first error is the answer. */
ts_status_t sys_handle_close_many(uaddr_t handles, size_t count) {
    if (count > CLOSE_MAX) {
        return TS_ERR_OUT_OF_RANGE;
    }
    ts_status_t result = TS_OK;
    for (size_t i = 0; i < count; i++) {
        ts_handle_t handle = 0;
        ts_status_t status = user_copy_in(&handle, handles + i * sizeof(handle), sizeof(handle));
        if (status != TS_OK) {
            return status;
        }
        status = sys_handle_close(handle);
        result = result == TS_OK ? status : result;
        sched_preemption_point();
    }
    return result;
}

ts_status_t sys_handle_duplicate(ts_handle_t handle, ts_rights_t rights, ts_handle_t *duplicate) {
    return handle_duplicate(process_handles_current(), handle, rights, duplicate);
}

ts_status_t sys_handle_replace(ts_handle_t handle, ts_rights_t rights, ts_handle_t *replacement) {
    return handle_replace(process_handles_current(), handle, rights, replacement);
}

ts_status_t sys_handle_revoke(ts_handle_t handle) {
    return handle_revoke(process_handles_current(), handle);
}
