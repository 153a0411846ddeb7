/* SPDX-License-Identifier: MIT */
/* Names that come from user space. */
#include "kernel/fault.h"
#include "kernel/syscall.h"

#include "base/string.h"

ts_status_t syscall_copy_name(uaddr_t name, size_t length, char *buffer) {
    memset(buffer, 0, TS_NAME_LENGTH);
    if (length >= TS_NAME_LENGTH) {
        return TS_ERR_OUT_OF_RANGE;
    }
    ts_status_t status = user_copy_in(buffer, name, length);
    for (size_t i = 0; i < length && status == TS_OK; i++) {
        if (buffer[i] < ' ' || buffer[i] > '~') {
            status = TS_ERR_INVALID_ARGS;
        }
    }
    return status;
}
