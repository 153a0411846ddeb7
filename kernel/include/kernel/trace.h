/* SPDX-License-Identifier: MIT */
/*
 * The trace: per CPU, a ring of what the kernel did last. Costs one predicted branch when it is off. It is on in debug
 * builds and with `trace` on the command line. A ring is written by its own CPU only, interrupts off; a panic reads.
 * Debug builds also count how often each system call ended with each status.
 */
#pragma once

#include "abi/types.h"

enum trace_event { TRACE_NONE, TRACE_CALL, TRACE_SWITCH, TRACE_INTERRUPT, TRACE_FAULT, TRACE_EVENT_COUNT };

struct trace_record {
    uint64_t time;   /* cycles */
    uint32_t event;  /* enum trace_event */
    uint32_t value;  /* call number, priority, line, kind of fault */
    uint64_t detail; /* status, task, -, address */
    uint64_t task;   /* the running one */
};

extern uint32_t trace_enabled; /* set once at boot */

void trace_start(const char *command_line);
void trace_record(enum trace_event event, uint32_t value, uint64_t detail);

/* The last system calls and the last events of every CPU, oldest first. */
void trace_dump(void (*print)(const char *format, ...) __attribute__((format(printf, 1, 2))));

/* Counts the end of a system call, where its status is written: by the dispatcher, or by whoever ends the wait of a
 * thread that has no kernel stack. Calls that do not return are counted with TS_OK when they begin. */
void trace_count(unsigned number, ts_status_t status);

static inline void trace_count_call(unsigned number, ts_status_t status) {
    if (CONFIG_DEBUG) {
        trace_count(number, status);
    }
}

/* How often the call ended with the status; all calls together. 0 in release builds. */
uint64_t trace_call_count(unsigned number, ts_status_t status);
uint64_t trace_call_total(void);

static inline void trace(enum trace_event event, uint32_t value, uint64_t detail) {
    if (__builtin_expect(trace_enabled != 0, 0)) {
        trace_record(event, value, detail);
    }
}
