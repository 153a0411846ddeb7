/* SPDX-License-Identifier: MIT */
/* Generated from lib/abi by scripts/gen/abi.py: edit the tables instead.
 * The system calls: one instruction each, with the registers of arch/include/arch/context.h. */
#include "gen/os_calls.h"

#include "gen/syscalls.h"

ts_status_t ts_null(void) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_NULL;
    register uint64_t x0 __asm__("x0");
    __asm__ volatile("svc #0"
        : "+r"(x8), "=r"(x0)
        : : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14",
            "x15", "x16", "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_handle_close(ts_handle_t handle) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_HANDLE_CLOSE;
    register uint64_t x0 __asm__("x0") = handle;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0)
        : : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14",
            "x15", "x16", "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_handle_close_many(const void *handles, size_t count) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_HANDLE_CLOSE_MANY;
    register uint64_t x0 __asm__("x0") = (uint64_t)handles;
    register uint64_t x1 __asm__("x1") = count;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1)
        : : "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
            "x16", "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_handle_duplicate(ts_handle_t handle, ts_rights_t rights, ts_handle_t *duplicate) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_HANDLE_DUPLICATE;
    register uint64_t x0 __asm__("x0") = handle;
    register uint64_t x1 __asm__("x1") = rights;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1)
        : : "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
            "x16", "x17", "memory");
    *duplicate = (ts_handle_t)x1;
    return (ts_status_t)x0;
}

ts_status_t ts_handle_replace(ts_handle_t handle, ts_rights_t rights, ts_handle_t *replacement) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_HANDLE_REPLACE;
    register uint64_t x0 __asm__("x0") = handle;
    register uint64_t x1 __asm__("x1") = rights;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1)
        : : "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
            "x16", "x17", "memory");
    *replacement = (ts_handle_t)x1;
    return (ts_status_t)x0;
}

ts_status_t ts_handle_revoke(ts_handle_t handle) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_HANDLE_REVOKE;
    register uint64_t x0 __asm__("x0") = handle;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0)
        : : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14",
            "x15", "x16", "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_object_wait_one(ts_handle_t handle, ts_signals_t signals, ts_time_t deadline,
    ts_signals_t *observed) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_OBJECT_WAIT_ONE;
    register uint64_t x0 __asm__("x0") = handle;
    register uint64_t x1 __asm__("x1") = signals;
    register uint64_t x2 __asm__("x2") = deadline;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2)
        : : "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
            "x17", "memory");
    *observed = (ts_signals_t)x1;
    return (ts_status_t)x0;
}

ts_status_t ts_object_wait_async(ts_handle_t handle, ts_handle_t port, uint64_t key,
    ts_signals_t signals, uint32_t options) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_OBJECT_WAIT_ASYNC;
    register uint64_t x0 __asm__("x0") = handle;
    register uint64_t x1 __asm__("x1") = port;
    register uint64_t x2 __asm__("x2") = key;
    register uint64_t x3 __asm__("x3") = signals;
    register uint64_t x4 __asm__("x4") = options;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4)
        : : "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
            "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_object_signal(ts_handle_t handle, ts_signals_t clear, ts_signals_t set) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_OBJECT_SIGNAL;
    register uint64_t x0 __asm__("x0") = handle;
    register uint64_t x1 __asm__("x1") = clear;
    register uint64_t x2 __asm__("x2") = set;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2)
        : : "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
            "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_object_get_info(ts_handle_t handle, uint32_t topic, void *buffer, size_t size,
    size_t *actual, size_t *available) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_OBJECT_GET_INFO;
    register uint64_t x0 __asm__("x0") = handle;
    register uint64_t x1 __asm__("x1") = topic;
    register uint64_t x2 __asm__("x2") = (uint64_t)buffer;
    register uint64_t x3 __asm__("x3") = size;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
        : : "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
            "memory");
    *actual = (size_t)x1;
    *available = (size_t)x2;
    return (ts_status_t)x0;
}

ts_status_t ts_object_set_name(ts_handle_t handle, const void *name, size_t length) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_OBJECT_SET_NAME;
    register uint64_t x0 __asm__("x0") = handle;
    register uint64_t x1 __asm__("x1") = (uint64_t)name;
    register uint64_t x2 __asm__("x2") = length;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2)
        : : "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
            "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_port_create(uint32_t options, ts_handle_t *port) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_PORT_CREATE;
    register uint64_t x0 __asm__("x0") = options;
    register uint64_t x1 __asm__("x1");
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "=r"(x1)
        : : "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
            "x16", "x17", "memory");
    *port = (ts_handle_t)x1;
    return (ts_status_t)x0;
}

ts_status_t ts_port_queue(ts_handle_t port, const void *packet) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_PORT_QUEUE;
    register uint64_t x0 __asm__("x0") = port;
    register uint64_t x1 __asm__("x1") = (uint64_t)packet;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1)
        : : "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
            "x16", "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_port_wait(ts_handle_t port, void *packet, ts_time_t deadline) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_PORT_WAIT;
    register uint64_t x0 __asm__("x0") = port;
    register uint64_t x1 __asm__("x1") = (uint64_t)packet;
    register uint64_t x2 __asm__("x2") = deadline;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2)
        : : "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
            "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_port_cancel(ts_handle_t port, ts_handle_t source, uint64_t key) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_PORT_CANCEL;
    register uint64_t x0 __asm__("x0") = port;
    register uint64_t x1 __asm__("x1") = source;
    register uint64_t x2 __asm__("x2") = key;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2)
        : : "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
            "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_event_create(uint32_t options, ts_handle_t *event) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_EVENT_CREATE;
    register uint64_t x0 __asm__("x0") = options;
    register uint64_t x1 __asm__("x1");
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "=r"(x1)
        : : "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
            "x16", "x17", "memory");
    *event = (ts_handle_t)x1;
    return (ts_status_t)x0;
}

ts_status_t ts_endpoint_create(uint32_t options, ts_handle_t *endpoint) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_ENDPOINT_CREATE;
    register uint64_t x0 __asm__("x0") = options;
    register uint64_t x1 __asm__("x1");
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "=r"(x1)
        : : "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
            "x16", "x17", "memory");
    *endpoint = (ts_handle_t)x1;
    return (ts_status_t)x0;
}

ts_status_t ts_endpoint_mint(ts_handle_t endpoint, uint64_t badge, ts_rights_t rights,
    ts_handle_t *minted) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_ENDPOINT_MINT;
    register uint64_t x0 __asm__("x0") = endpoint;
    register uint64_t x1 __asm__("x1") = badge;
    register uint64_t x2 __asm__("x2") = rights;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2)
        : : "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
            "x17", "memory");
    *minted = (ts_handle_t)x1;
    return (ts_status_t)x0;
}

ts_status_t ts_endpoint_bind_port(ts_handle_t endpoint, ts_handle_t port) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_ENDPOINT_BIND_PORT;
    register uint64_t x0 __asm__("x0") = endpoint;
    register uint64_t x1 __asm__("x1") = port;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1)
        : : "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
            "x16", "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_reply_save(uint32_t options, ts_handle_t *reply) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_REPLY_SAVE;
    register uint64_t x0 __asm__("x0") = options;
    register uint64_t x1 __asm__("x1");
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "=r"(x1)
        : : "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
            "x16", "x17", "memory");
    *reply = (ts_handle_t)x1;
    return (ts_status_t)x0;
}

ts_status_t ts_job_create(ts_handle_t parent, uint32_t options, ts_handle_t *job) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_JOB_CREATE;
    register uint64_t x0 __asm__("x0") = parent;
    register uint64_t x1 __asm__("x1") = options;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1)
        : : "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
            "x16", "x17", "memory");
    *job = (ts_handle_t)x1;
    return (ts_status_t)x0;
}

ts_status_t ts_job_set_ceiling(ts_handle_t job, uint32_t kind, uint64_t value) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_JOB_SET_CEILING;
    register uint64_t x0 __asm__("x0") = job;
    register uint64_t x1 __asm__("x1") = kind;
    register uint64_t x2 __asm__("x2") = value;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2)
        : : "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
            "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_task_kill(ts_handle_t task) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_TASK_KILL;
    register uint64_t x0 __asm__("x0") = task;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0)
        : : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14",
            "x15", "x16", "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_job_set_reclaim(ts_handle_t job, uint32_t policy, uint64_t frames) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_JOB_SET_RECLAIM;
    register uint64_t x0 __asm__("x0") = job;
    register uint64_t x1 __asm__("x1") = policy;
    register uint64_t x2 __asm__("x2") = frames;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2)
        : : "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
            "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_job_set_swap(ts_handle_t job, ts_handle_t vmo) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_JOB_SET_SWAP;
    register uint64_t x0 __asm__("x0") = job;
    register uint64_t x1 __asm__("x1") = vmo;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1)
        : : "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
            "x16", "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_job_set_reserve(ts_handle_t job, uint64_t frames) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_JOB_SET_RESERVE;
    register uint64_t x0 __asm__("x0") = job;
    register uint64_t x1 __asm__("x1") = frames;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1)
        : : "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
            "x16", "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_process_create(ts_handle_t job, const void *name, size_t length, uint32_t options,
    ts_handle_t *process, ts_handle_t *vmar) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_PROCESS_CREATE;
    register uint64_t x0 __asm__("x0") = job;
    register uint64_t x1 __asm__("x1") = (uint64_t)name;
    register uint64_t x2 __asm__("x2") = length;
    register uint64_t x3 __asm__("x3") = options;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
        : : "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
            "memory");
    *process = (ts_handle_t)x1;
    *vmar = (ts_handle_t)x2;
    return (ts_status_t)x0;
}

ts_status_t ts_process_start(ts_handle_t process, ts_handle_t thread, uint64_t entry,
    uint64_t stack, ts_handle_t argument1, uint64_t argument2) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_PROCESS_START;
    register uint64_t x0 __asm__("x0") = process;
    register uint64_t x1 __asm__("x1") = thread;
    register uint64_t x2 __asm__("x2") = entry;
    register uint64_t x3 __asm__("x3") = stack;
    register uint64_t x4 __asm__("x4") = argument1;
    register uint64_t x5 __asm__("x5") = argument2;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5)
        : : "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
    return (ts_status_t)x0;
}

_Noreturn void ts_process_exit(uint64_t code) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_PROCESS_EXIT;
    register uint64_t x0 __asm__("x0") = code;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0)
        : : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14",
            "x15", "x16", "x17", "memory");
    __builtin_trap();
}

ts_status_t ts_thread_create(ts_handle_t process, const void *name, size_t length,
    uint32_t options, ts_handle_t *thread) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_THREAD_CREATE;
    register uint64_t x0 __asm__("x0") = process;
    register uint64_t x1 __asm__("x1") = (uint64_t)name;
    register uint64_t x2 __asm__("x2") = length;
    register uint64_t x3 __asm__("x3") = options;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
        : : "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
            "memory");
    *thread = (ts_handle_t)x1;
    return (ts_status_t)x0;
}

ts_status_t ts_thread_start(ts_handle_t thread, uint64_t entry, uint64_t stack,
    uint64_t argument1, uint64_t argument2) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_THREAD_START;
    register uint64_t x0 __asm__("x0") = thread;
    register uint64_t x1 __asm__("x1") = entry;
    register uint64_t x2 __asm__("x2") = stack;
    register uint64_t x3 __asm__("x3") = argument1;
    register uint64_t x4 __asm__("x4") = argument2;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4)
        : : "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
            "memory");
    return (ts_status_t)x0;
}

_Noreturn void ts_thread_exit(void) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_THREAD_EXIT;
    register uint64_t x0 __asm__("x0");
    __asm__ volatile("svc #0"
        : "+r"(x8), "=r"(x0)
        : : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14",
            "x15", "x16", "x17", "memory");
    __builtin_trap();
}

ts_status_t ts_thread_yield(void) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_THREAD_YIELD;
    register uint64_t x0 __asm__("x0");
    __asm__ volatile("svc #0"
        : "+r"(x8), "=r"(x0)
        : : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14",
            "x15", "x16", "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_thread_set_priority(ts_handle_t thread, uint32_t priority) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_THREAD_SET_PRIORITY;
    register uint64_t x0 __asm__("x0") = thread;
    register uint64_t x1 __asm__("x1") = priority;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1)
        : : "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
            "x16", "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_thread_set_affinity(ts_handle_t thread, uint64_t cpus) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_THREAD_SET_AFFINITY;
    register uint64_t x0 __asm__("x0") = thread;
    register uint64_t x1 __asm__("x1") = cpus;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1)
        : : "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
            "x16", "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_thread_sleep(ts_time_t deadline) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_THREAD_SLEEP;
    register uint64_t x0 __asm__("x0") = deadline;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0)
        : : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14",
            "x15", "x16", "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_vmar_allocate(ts_handle_t parent, uint32_t options, uint64_t offset, uint64_t size,
    ts_handle_t *child, uint64_t *address) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_VMAR_ALLOCATE;
    register uint64_t x0 __asm__("x0") = parent;
    register uint64_t x1 __asm__("x1") = options;
    register uint64_t x2 __asm__("x2") = offset;
    register uint64_t x3 __asm__("x3") = size;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
        : : "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
            "memory");
    *child = (ts_handle_t)x1;
    *address = (uint64_t)x2;
    return (ts_status_t)x0;
}

ts_status_t ts_vmar_map(ts_handle_t vmar, uint32_t options, uint64_t offset, ts_handle_t vmo,
    uint64_t vmo_offset, uint64_t size, uint64_t *address) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_VMAR_MAP;
    register uint64_t x0 __asm__("x0") = vmar;
    register uint64_t x1 __asm__("x1") = options;
    register uint64_t x2 __asm__("x2") = offset;
    register uint64_t x3 __asm__("x3") = vmo;
    register uint64_t x4 __asm__("x4") = vmo_offset;
    register uint64_t x5 __asm__("x5") = size;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5)
        : : "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
    *address = (uint64_t)x1;
    return (ts_status_t)x0;
}

ts_status_t ts_vmar_unmap(ts_handle_t vmar, uint64_t address, uint64_t size) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_VMAR_UNMAP;
    register uint64_t x0 __asm__("x0") = vmar;
    register uint64_t x1 __asm__("x1") = address;
    register uint64_t x2 __asm__("x2") = size;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2)
        : : "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
            "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_vmar_protect(ts_handle_t vmar, uint32_t options, uint64_t address, uint64_t size) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_VMAR_PROTECT;
    register uint64_t x0 __asm__("x0") = vmar;
    register uint64_t x1 __asm__("x1") = options;
    register uint64_t x2 __asm__("x2") = address;
    register uint64_t x3 __asm__("x3") = size;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
        : : "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
            "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_vmar_destroy(ts_handle_t vmar) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_VMAR_DESTROY;
    register uint64_t x0 __asm__("x0") = vmar;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0)
        : : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14",
            "x15", "x16", "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_vmar_op_range(ts_handle_t vmar, uint32_t op, uint64_t address, uint64_t size) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_VMAR_OP_RANGE;
    register uint64_t x0 __asm__("x0") = vmar;
    register uint64_t x1 __asm__("x1") = op;
    register uint64_t x2 __asm__("x2") = address;
    register uint64_t x3 __asm__("x3") = size;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
        : : "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
            "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_vmo_create(uint64_t size, uint32_t options, ts_handle_t *vmo) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_VMO_CREATE;
    register uint64_t x0 __asm__("x0") = size;
    register uint64_t x1 __asm__("x1") = options;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1)
        : : "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
            "x16", "x17", "memory");
    *vmo = (ts_handle_t)x1;
    return (ts_status_t)x0;
}

ts_status_t ts_vmo_read(ts_handle_t vmo, void *buffer, uint64_t offset, uint64_t length) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_VMO_READ;
    register uint64_t x0 __asm__("x0") = vmo;
    register uint64_t x1 __asm__("x1") = (uint64_t)buffer;
    register uint64_t x2 __asm__("x2") = offset;
    register uint64_t x3 __asm__("x3") = length;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
        : : "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
            "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_vmo_write(ts_handle_t vmo, const void *buffer, uint64_t offset, uint64_t length) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_VMO_WRITE;
    register uint64_t x0 __asm__("x0") = vmo;
    register uint64_t x1 __asm__("x1") = (uint64_t)buffer;
    register uint64_t x2 __asm__("x2") = offset;
    register uint64_t x3 __asm__("x3") = length;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
        : : "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
            "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_vmo_get_size(ts_handle_t vmo, uint64_t *size) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_VMO_GET_SIZE;
    register uint64_t x0 __asm__("x0") = vmo;
    register uint64_t x1 __asm__("x1");
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "=r"(x1)
        : : "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
            "x16", "x17", "memory");
    *size = (uint64_t)x1;
    return (ts_status_t)x0;
}

ts_status_t ts_vmo_create_physical(ts_handle_t resource, uint64_t base, uint64_t size,
    ts_handle_t *vmo) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_VMO_CREATE_PHYSICAL;
    register uint64_t x0 __asm__("x0") = resource;
    register uint64_t x1 __asm__("x1") = base;
    register uint64_t x2 __asm__("x2") = size;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2)
        : : "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
            "x17", "memory");
    *vmo = (ts_handle_t)x1;
    return (ts_status_t)x0;
}

ts_status_t ts_vmo_replace_executable(ts_handle_t vmo, ts_handle_t resource,
    ts_handle_t *executable) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_VMO_REPLACE_EXECUTABLE;
    register uint64_t x0 __asm__("x0") = vmo;
    register uint64_t x1 __asm__("x1") = resource;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1)
        : : "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
            "x16", "x17", "memory");
    *executable = (ts_handle_t)x1;
    return (ts_status_t)x0;
}

ts_status_t ts_vmo_set_size(ts_handle_t vmo, uint64_t size) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_VMO_SET_SIZE;
    register uint64_t x0 __asm__("x0") = vmo;
    register uint64_t x1 __asm__("x1") = size;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1)
        : : "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
            "x16", "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_vmo_op_range(ts_handle_t vmo, uint32_t op, uint64_t offset, uint64_t length) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_VMO_OP_RANGE;
    register uint64_t x0 __asm__("x0") = vmo;
    register uint64_t x1 __asm__("x1") = op;
    register uint64_t x2 __asm__("x2") = offset;
    register uint64_t x3 __asm__("x3") = length;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
        : : "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
            "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_vmo_create_child(ts_handle_t parent, uint32_t options, uint64_t offset,
    uint64_t size, ts_handle_t *child) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_VMO_CREATE_CHILD;
    register uint64_t x0 __asm__("x0") = parent;
    register uint64_t x1 __asm__("x1") = options;
    register uint64_t x2 __asm__("x2") = offset;
    register uint64_t x3 __asm__("x3") = size;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
        : : "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
            "memory");
    *child = (ts_handle_t)x1;
    return (ts_status_t)x0;
}

ts_status_t ts_vmo_create_contiguous(uint64_t size, uint32_t alignment_log2, ts_handle_t *vmo) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_VMO_CREATE_CONTIGUOUS;
    register uint64_t x0 __asm__("x0") = size;
    register uint64_t x1 __asm__("x1") = alignment_log2;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1)
        : : "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
            "x16", "x17", "memory");
    *vmo = (ts_handle_t)x1;
    return (ts_status_t)x0;
}

ts_status_t ts_interrupt_create(ts_handle_t resource, uint32_t line, uint32_t options,
    ts_handle_t *interrupt) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_INTERRUPT_CREATE;
    register uint64_t x0 __asm__("x0") = resource;
    register uint64_t x1 __asm__("x1") = line;
    register uint64_t x2 __asm__("x2") = options;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2)
        : : "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
            "x17", "memory");
    *interrupt = (ts_handle_t)x1;
    return (ts_status_t)x0;
}

ts_status_t ts_interrupt_bind(ts_handle_t interrupt, ts_handle_t port, uint64_t key) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_INTERRUPT_BIND;
    register uint64_t x0 __asm__("x0") = interrupt;
    register uint64_t x1 __asm__("x1") = port;
    register uint64_t x2 __asm__("x2") = key;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2)
        : : "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
            "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_interrupt_wait(ts_handle_t interrupt, ts_time_t deadline, ts_time_t *timestamp) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_INTERRUPT_WAIT;
    register uint64_t x0 __asm__("x0") = interrupt;
    register uint64_t x1 __asm__("x1") = deadline;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1)
        : : "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
            "x16", "x17", "memory");
    *timestamp = (ts_time_t)x1;
    return (ts_status_t)x0;
}

ts_status_t ts_interrupt_ack(ts_handle_t interrupt) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_INTERRUPT_ACK;
    register uint64_t x0 __asm__("x0") = interrupt;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0)
        : : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14",
            "x15", "x16", "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_interrupt_trigger(ts_handle_t interrupt) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_INTERRUPT_TRIGGER;
    register uint64_t x0 __asm__("x0") = interrupt;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0)
        : : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14",
            "x15", "x16", "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_resource_create(ts_handle_t parent, uint32_t kind, uint64_t base, uint64_t length,
    ts_handle_t *resource) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_RESOURCE_CREATE;
    register uint64_t x0 __asm__("x0") = parent;
    register uint64_t x1 __asm__("x1") = kind;
    register uint64_t x2 __asm__("x2") = base;
    register uint64_t x3 __asm__("x3") = length;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
        : : "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
            "memory");
    *resource = (ts_handle_t)x1;
    return (ts_status_t)x0;
}

ts_status_t ts_ports_enable(ts_handle_t resource, uint32_t base, uint32_t length) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_PORTS_ENABLE;
    register uint64_t x0 __asm__("x0") = resource;
    register uint64_t x1 __asm__("x1") = base;
    register uint64_t x2 __asm__("x2") = length;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2)
        : : "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
            "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_log_read(ts_handle_t resource, uint64_t position, void *buffer, size_t size,
    uint64_t *next, size_t *actual) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_LOG_READ;
    register uint64_t x0 __asm__("x0") = resource;
    register uint64_t x1 __asm__("x1") = position;
    register uint64_t x2 __asm__("x2") = (uint64_t)buffer;
    register uint64_t x3 __asm__("x3") = size;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
        : : "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
            "memory");
    *next = (uint64_t)x1;
    *actual = (size_t)x2;
    return (ts_status_t)x0;
}

ts_status_t ts_log_write(ts_handle_t resource, const void *text, size_t length) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_LOG_WRITE;
    register uint64_t x0 __asm__("x0") = resource;
    register uint64_t x1 __asm__("x1") = (uint64_t)text;
    register uint64_t x2 __asm__("x2") = length;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2)
        : : "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
            "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_system_power(ts_handle_t resource, uint32_t action, uint32_t code) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_SYSTEM_POWER;
    register uint64_t x0 __asm__("x0") = resource;
    register uint64_t x1 __asm__("x1") = action;
    register uint64_t x2 __asm__("x2") = code;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2)
        : : "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
            "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_system_debug(ts_handle_t resource, uint32_t command, uint64_t argument,
    uint64_t *value) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_SYSTEM_DEBUG;
    register uint64_t x0 __asm__("x0") = resource;
    register uint64_t x1 __asm__("x1") = command;
    register uint64_t x2 __asm__("x2") = argument;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2)
        : : "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
            "x17", "memory");
    *value = (uint64_t)x1;
    return (ts_status_t)x0;
}

ts_status_t ts_clock_read(ts_time_t *now) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_CLOCK_READ;
    register uint64_t x0 __asm__("x0");
    register uint64_t x1 __asm__("x1");
    __asm__ volatile("svc #0"
        : "+r"(x8), "=r"(x0), "=r"(x1)
        : : "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
            "x16", "x17", "memory");
    *now = (ts_time_t)x1;
    return (ts_status_t)x0;
}

ts_status_t ts_system_inspect(ts_handle_t resource, uint32_t topic, uint64_t object,
    uint64_t start, void *buffer, size_t size, size_t *actual, uint64_t *next) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_SYSTEM_INSPECT;
    register uint64_t x0 __asm__("x0") = resource;
    register uint64_t x1 __asm__("x1") = topic;
    register uint64_t x2 __asm__("x2") = object;
    register uint64_t x3 __asm__("x3") = start;
    register uint64_t x4 __asm__("x4") = (uint64_t)buffer;
    register uint64_t x5 __asm__("x5") = size;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5)
        : : "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
    *actual = (size_t)x1;
    *next = (uint64_t)x2;
    return (ts_status_t)x0;
}

ts_status_t ts_vmo_set_cache_policy(ts_handle_t vmo, uint32_t policy) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_VMO_SET_CACHE_POLICY;
    register uint64_t x0 __asm__("x0") = vmo;
    register uint64_t x1 __asm__("x1") = policy;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1)
        : : "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
            "x16", "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_pager_create(uint32_t options, ts_handle_t *pager) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_PAGER_CREATE;
    register uint64_t x0 __asm__("x0") = options;
    register uint64_t x1 __asm__("x1");
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "=r"(x1)
        : : "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
            "x16", "x17", "memory");
    *pager = (ts_handle_t)x1;
    return (ts_status_t)x0;
}

ts_status_t ts_pager_create_vmo(ts_handle_t pager, uint32_t options, ts_handle_t port,
    uint64_t key, uint64_t size, ts_handle_t *vmo) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_PAGER_CREATE_VMO;
    register uint64_t x0 __asm__("x0") = pager;
    register uint64_t x1 __asm__("x1") = options;
    register uint64_t x2 __asm__("x2") = port;
    register uint64_t x3 __asm__("x3") = key;
    register uint64_t x4 __asm__("x4") = size;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4)
        : : "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
            "memory");
    *vmo = (ts_handle_t)x1;
    return (ts_status_t)x0;
}

ts_status_t ts_pager_supply_pages(ts_handle_t pager, ts_handle_t vmo, uint64_t offset,
    uint64_t length, ts_handle_t from, uint64_t from_offset) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_PAGER_SUPPLY_PAGES;
    register uint64_t x0 __asm__("x0") = pager;
    register uint64_t x1 __asm__("x1") = vmo;
    register uint64_t x2 __asm__("x2") = offset;
    register uint64_t x3 __asm__("x3") = length;
    register uint64_t x4 __asm__("x4") = from;
    register uint64_t x5 __asm__("x5") = from_offset;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5)
        : : "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_pager_detach_vmo(ts_handle_t pager, ts_handle_t vmo) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_PAGER_DETACH_VMO;
    register uint64_t x0 __asm__("x0") = pager;
    register uint64_t x1 __asm__("x1") = vmo;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1)
        : : "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
            "x16", "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_pager_op_range(ts_handle_t pager, uint32_t op, ts_handle_t vmo, uint64_t offset,
    uint64_t length, uint64_t data) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_PAGER_OP_RANGE;
    register uint64_t x0 __asm__("x0") = pager;
    register uint64_t x1 __asm__("x1") = op;
    register uint64_t x2 __asm__("x2") = vmo;
    register uint64_t x3 __asm__("x3") = offset;
    register uint64_t x4 __asm__("x4") = length;
    register uint64_t x5 __asm__("x5") = data;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5)
        : : "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
    return (ts_status_t)x0;
}

ts_status_t ts_pager_query_dirty_ranges(ts_handle_t pager, ts_handle_t vmo, uint64_t offset,
    uint64_t length, void *ranges, size_t size, size_t *actual, size_t *available) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_PAGER_QUERY_DIRTY_RANGES;
    register uint64_t x0 __asm__("x0") = pager;
    register uint64_t x1 __asm__("x1") = vmo;
    register uint64_t x2 __asm__("x2") = offset;
    register uint64_t x3 __asm__("x3") = length;
    register uint64_t x4 __asm__("x4") = (uint64_t)ranges;
    register uint64_t x5 __asm__("x5") = size;
    __asm__ volatile("svc #0"
        : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5)
        : : "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
    *actual = (size_t)x1;
    *available = (size_t)x2;
    return (ts_status_t)x0;
}
