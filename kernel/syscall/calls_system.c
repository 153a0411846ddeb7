/* SPDX-License-Identifier: MIT */
/* Calls on the system: log, power, debugging, time. */
#include "gen/handlers.h"

#include "arch/cpu.h"
#include "arch/time.h"
#include "base/string.h"
#include "gen/syscalls.h"
#include "kernel/assert.h"
#include "kernel/fault.h"
#include "kernel/frames.h"
#include "kernel/devices.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "kernel/system.h"
#include "kernel/trace.h"
#include "kernel/vmo.h"

#define LOG_PART 512u
#define LOG_TEXT_MAX 256u
#define FRAME_BATCH 64u /* more than a CPU keeps for itself */
#define FRAMES_MAX 1024u

ts_status_t sys_log_read(struct resource *resource, const struct handle_view *resource_view, uint64_t position,
                         uaddr_t buffer, size_t size, uint64_t *next, size_t *actual) {
    (void)resource_view;
    if (!resource_covers(resource, TS_RESOURCE_LOG, 0, 0)) {
        return TS_ERR_ACCESS_DENIED;
    }
    char part[LOG_PART];
    *next = position;
    while (*actual < size) {
        size_t wanted = size - *actual < sizeof(part) ? size - *actual : sizeof(part);
        size_t count = log_read(next, part, wanted);
        ts_status_t status = user_copy_out(buffer + *actual, part, count);
        if (status != TS_OK) {
            return status;
        }
        *actual += count;
        if (count == 0) {
            break;
        }
    }
    return TS_OK;
}

ts_status_t sys_log_write(struct resource *resource, const struct handle_view *resource_view, uaddr_t text,
                          size_t length) {
    (void)resource_view;
    if (!resource_covers(resource, TS_RESOURCE_LOG, 0, 0)) {
        return TS_ERR_ACCESS_DENIED;
    }
    if (length > LOG_TEXT_MAX) {
        return TS_ERR_OUT_OF_RANGE;
    }
    char line[LOG_TEXT_MAX + 1] = {0};
    ts_status_t status = user_copy_in(line, text, length);
    for (size_t i = 0; i < length && status == TS_OK; i++) {
        line[i] = line[i] >= ' ' && line[i] <= '~' ? line[i] : '?';
    }
    if (status == TS_OK) {
        log_line("%s: %s", process_current()->name, line);
    }
    return status;
}

ts_status_t sys_system_power(struct resource *resource, const struct handle_view *resource_view, uint32_t action,
                             uint32_t code) {
    (void)resource_view;
    if (!resource_covers(resource, TS_RESOURCE_POWER, 0, 0)) {
        return TS_ERR_ACCESS_DENIED;
    }
    if (action > TS_POWER_REBOOT || code > 255) {
        return TS_ERR_INVALID_ARGS;
    }
    trace_count_call(TS_SYSCALL_SYSTEM_POWER, TS_OK);
    arch_reset(action == TS_POWER_OFF ? ARCH_RESET_OFF : ARCH_RESET_REBOOT, code);
}

/* For measurement: frames are taken in batches, so that what a CPU keeps is refilled and drained. */
static ts_status_t cycle_frames(uint64_t wanted, uint64_t *value) {
    if (wanted > FRAMES_MAX) {
        return TS_ERR_INVALID_ARGS;
    }
    struct frame *batch[FRAME_BATCH];
    for (uint64_t left = wanted; left > 0; left -= left < FRAME_BATCH ? left : FRAME_BATCH) {
        unsigned count = 0;
        while (count < FRAME_BATCH && count < left && (batch[count] = frame_alloc(FRAME_KERNEL, FRAME_ANY)) != NULL) {
            count++;
        }
        *value += count;
        while (count > 0) {
            frame_free(batch[--count]);
        }
    }
    return TS_OK;
}

ts_status_t sys_system_debug(struct resource *resource, const struct handle_view *resource_view, uint32_t command,
                             uint64_t argument, uint64_t *value) {
    (void)resource_view;
    if (!resource_covers(resource, TS_RESOURCE_DEBUG, 0, 0)) {
        return TS_ERR_ACCESS_DENIED;
    }
    switch (command) {
    case TS_DEBUG_SELFTEST:
    case TS_DEBUG_AUDIT:
        irq_off_measure(false);
        *value = command == TS_DEBUG_AUDIT ? audit_run() : selftest_run();
        irq_off_measure(true);
        return TS_OK;
    case TS_DEBUG_CONSOLE_RELEASE:
        log_release_console();
        return TS_OK;
    case TS_DEBUG_CONSOLE_BYTES:
        *value = log_console_bytes_after_release();
        return TS_OK;
    case TS_DEBUG_CALL_COUNT:
        *value = trace_call_count((unsigned)argument & 0xffff, -(ts_status_t)(argument >> 16 & 0xffff));
        return CONFIG_DEBUG ? TS_OK : TS_ERR_NOT_SUPPORTED;
    case TS_DEBUG_COUNTER:
        if (argument == TS_COUNTER_CALLS) {
            *value = trace_call_total();
            return TS_OK;
        }
        return system_counter(argument, value);
    case TS_DEBUG_DUMP_THREADS:
        *value = system_dump_threads();
        return TS_OK;
    case TS_DEBUG_USER_COUNTERS:
        arch_time_user_counters(argument != 0);
        return TS_OK;
    case TS_DEBUG_MUTATION:
        syscall_arm_mutation(argument != 0 ? process_current()->job : NULL);
        return CONFIG_DEBUG ? TS_OK : TS_ERR_NOT_SUPPORTED;
    case TS_DEBUG_FAIL_ALLOCATION:
        *value = system_fail_allocation(process_current()->job, argument);
        return CONFIG_DEBUG ? TS_OK : TS_ERR_NOT_SUPPORTED;
    case TS_DEBUG_FRAMES:
        return cycle_frames(argument, value);
    case TS_DEBUG_RECLAIM:
        *value = vmo_discard_unlocked(argument);
        return TS_OK;
    default:
        return TS_ERR_INVALID_ARGS;
    }
}

ts_status_t sys_system_inspect(struct resource *resource, const struct handle_view *resource_view, uint32_t topic,
                               uint64_t object, uint64_t start, uaddr_t buffer, size_t size, size_t *actual,
                               uint64_t *next) {
    (void)resource_view;
    if (!resource_covers(resource, TS_RESOURCE_DEBUG, 0, 0)) {
        return TS_ERR_ACCESS_DENIED;
    }
    return system_inspect(topic, object, start, buffer, size, actual, next);
}

ts_status_t sys_clock_read(ts_time_t *now) {
    *now = arch_time_now();
    return TS_OK;
}
