/* SPDX-License-Identifier: MIT */
/* Thread creation. */
#include "os/thread.h"

#include "abi/options.h"
#include "abi/status.h"
#include "base/string.h"
#include "gen/os_calls.h"
#include "os/start.h"

#define STACK_RANGE (TS_VMAR_CAN_MAP_READ | TS_VMAR_CAN_MAP_WRITE | TS_VMAR_CAN_MAP_SPECIFIC)

/* In crt0.S: calls ts_thread_main on an aligned stack. */
void ts_thread_begin(void);
_Noreturn void ts_thread_main(void (*function)(void *), void *argument);

void ts_thread_main(void (*function)(void *), void *argument) {
    function(argument);
    ts_thread_exit();
}

ts_status_t ts_stack_map(ts_handle_t vmar, size_t size, bool wired, uint64_t *base, uint64_t *top) {
    ts_handle_t vmo;
    ts_handle_t range;
    uint64_t start;
    size = (size + TS_PAGE_SIZE - 1) & ~(TS_PAGE_SIZE - 1);
    ts_status_t status = ts_vmo_create(size, 0, &vmo);
    if (status != TS_OK) {
        return status;
    }
    if (wired) {
        status = ts_vmo_op_range(vmo, TS_VMO_OP_COMMIT, 0, size);
    }
    if (status == TS_OK) {
        status = ts_vmar_allocate(vmar, STACK_RANGE, 0, size + TS_PAGE_SIZE, &range, &start);
    }
    if (status == TS_OK) {
        uint32_t options = TS_VMAR_READ | TS_VMAR_WRITE | TS_VMAR_SPECIFIC | (wired ? TS_VMAR_MAP_RANGE : 0);
        status = ts_vmar_map(range, options, TS_PAGE_SIZE, vmo, 0, size, base);
        if (status != TS_OK) {
            (void)!ts_vmar_destroy(range);
        }
        (void)!ts_handle_close(range);
    }
    (void)!ts_handle_close(vmo);
    *top = status == TS_OK ? *base + size : 0;
    return status;
}

ts_status_t ts_thread_spawn(const char *name, void (*function)(void *), void *argument,
                            size_t stack_size, ts_handle_t *thread) {
    uint64_t base;
    uint64_t top;
    ts_handle_t vmar = ts_startup_handle("vmar");
    *thread = TS_HANDLE_INVALID;
    ts_status_t status = ts_stack_map(vmar, stack_size, false, &base, &top);
    if (status != TS_OK) {
        return status;
    }
    status = ts_thread_create(ts_startup_handle("process"), name, strlen(name), 0, thread);
    if (status == TS_OK) {
        status = ts_thread_start(*thread, (uint64_t)ts_thread_begin, top, (uint64_t)function,
                                 (uint64_t)argument);
        if (status != TS_OK) {
            (void)!ts_handle_close(*thread);
            *thread = TS_HANDLE_INVALID;
        }
    }
    if (status != TS_OK) {
        (void)!ts_vmar_unmap(vmar, base - TS_PAGE_SIZE, top - base + TS_PAGE_SIZE);
    }
    return status;
}
