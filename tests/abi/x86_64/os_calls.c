/* SPDX-License-Identifier: MIT */
/* Generated from lib/abi by scripts/gen/abi.py: edit the tables instead.
 * The system calls: one instruction each, with the registers of arch/include/arch/context.h. */
#include "gen/os_calls.h"

#include "gen/syscalls.h"

ts_status_t ts_null(void) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_NULL;
    __asm__ volatile("syscall"
        : "+r"(rax)
        : : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_handle_close(ts_handle_t handle) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_HANDLE_CLOSE;
    register uint64_t rdi __asm__("rdi") = handle;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi)
        : : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_handle_close_many(const void *handles, size_t count) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_HANDLE_CLOSE_MANY;
    register uint64_t rdi __asm__("rdi") = (uint64_t)handles;
    register uint64_t rsi __asm__("rsi") = count;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi)
        : : "rcx", "rdx", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_handle_duplicate(ts_handle_t handle, ts_rights_t rights, ts_handle_t *duplicate) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_HANDLE_DUPLICATE;
    register uint64_t rdi __asm__("rdi") = handle;
    register uint64_t rsi __asm__("rsi") = rights;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi)
        : : "rcx", "rdx", "r8", "r9", "r10", "r11", "memory");
    *duplicate = (ts_handle_t)rdi;
    return (ts_status_t)rax;
}

ts_status_t ts_handle_replace(ts_handle_t handle, ts_rights_t rights, ts_handle_t *replacement) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_HANDLE_REPLACE;
    register uint64_t rdi __asm__("rdi") = handle;
    register uint64_t rsi __asm__("rsi") = rights;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi)
        : : "rcx", "rdx", "r8", "r9", "r10", "r11", "memory");
    *replacement = (ts_handle_t)rdi;
    return (ts_status_t)rax;
}

ts_status_t ts_handle_revoke(ts_handle_t handle) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_HANDLE_REVOKE;
    register uint64_t rdi __asm__("rdi") = handle;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi)
        : : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_object_wait_one(ts_handle_t handle, ts_signals_t signals, ts_time_t deadline,
    ts_signals_t *observed) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_OBJECT_WAIT_ONE;
    register uint64_t rdi __asm__("rdi") = handle;
    register uint64_t rsi __asm__("rsi") = signals;
    register uint64_t rdx __asm__("rdx") = deadline;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx)
        : : "rcx", "r8", "r9", "r10", "r11", "memory");
    *observed = (ts_signals_t)rdi;
    return (ts_status_t)rax;
}

ts_status_t ts_object_wait_async(ts_handle_t handle, ts_handle_t port, uint64_t key,
    ts_signals_t signals, uint32_t options) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_OBJECT_WAIT_ASYNC;
    register uint64_t rdi __asm__("rdi") = handle;
    register uint64_t rsi __asm__("rsi") = port;
    register uint64_t rdx __asm__("rdx") = key;
    register uint64_t r10 __asm__("r10") = signals;
    register uint64_t r8 __asm__("r8") = options;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx), "+r"(r10), "+r"(r8)
        : : "rcx", "r9", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_object_signal(ts_handle_t handle, ts_signals_t clear, ts_signals_t set) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_OBJECT_SIGNAL;
    register uint64_t rdi __asm__("rdi") = handle;
    register uint64_t rsi __asm__("rsi") = clear;
    register uint64_t rdx __asm__("rdx") = set;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx)
        : : "rcx", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_object_get_info(ts_handle_t handle, uint32_t topic, void *buffer, size_t size,
    size_t *actual, size_t *available) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_OBJECT_GET_INFO;
    register uint64_t rdi __asm__("rdi") = handle;
    register uint64_t rsi __asm__("rsi") = topic;
    register uint64_t rdx __asm__("rdx") = (uint64_t)buffer;
    register uint64_t r10 __asm__("r10") = size;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx), "+r"(r10)
        : : "rcx", "r8", "r9", "r11", "memory");
    *actual = (size_t)rdi;
    *available = (size_t)rsi;
    return (ts_status_t)rax;
}

ts_status_t ts_object_set_name(ts_handle_t handle, const void *name, size_t length) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_OBJECT_SET_NAME;
    register uint64_t rdi __asm__("rdi") = handle;
    register uint64_t rsi __asm__("rsi") = (uint64_t)name;
    register uint64_t rdx __asm__("rdx") = length;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx)
        : : "rcx", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_port_create(uint32_t options, ts_handle_t *port) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_PORT_CREATE;
    register uint64_t rdi __asm__("rdi") = options;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi)
        : : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory");
    *port = (ts_handle_t)rdi;
    return (ts_status_t)rax;
}

ts_status_t ts_port_queue(ts_handle_t port, const void *packet) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_PORT_QUEUE;
    register uint64_t rdi __asm__("rdi") = port;
    register uint64_t rsi __asm__("rsi") = (uint64_t)packet;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi)
        : : "rcx", "rdx", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_port_wait(ts_handle_t port, void *packet, ts_time_t deadline) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_PORT_WAIT;
    register uint64_t rdi __asm__("rdi") = port;
    register uint64_t rsi __asm__("rsi") = (uint64_t)packet;
    register uint64_t rdx __asm__("rdx") = deadline;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx)
        : : "rcx", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_port_cancel(ts_handle_t port, ts_handle_t source, uint64_t key) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_PORT_CANCEL;
    register uint64_t rdi __asm__("rdi") = port;
    register uint64_t rsi __asm__("rsi") = source;
    register uint64_t rdx __asm__("rdx") = key;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx)
        : : "rcx", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_event_create(uint32_t options, ts_handle_t *event) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_EVENT_CREATE;
    register uint64_t rdi __asm__("rdi") = options;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi)
        : : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory");
    *event = (ts_handle_t)rdi;
    return (ts_status_t)rax;
}

ts_status_t ts_endpoint_create(uint32_t options, ts_handle_t *endpoint) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_ENDPOINT_CREATE;
    register uint64_t rdi __asm__("rdi") = options;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi)
        : : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory");
    *endpoint = (ts_handle_t)rdi;
    return (ts_status_t)rax;
}

ts_status_t ts_endpoint_mint(ts_handle_t endpoint, uint64_t badge, ts_rights_t rights,
    ts_handle_t *minted) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_ENDPOINT_MINT;
    register uint64_t rdi __asm__("rdi") = endpoint;
    register uint64_t rsi __asm__("rsi") = badge;
    register uint64_t rdx __asm__("rdx") = rights;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx)
        : : "rcx", "r8", "r9", "r10", "r11", "memory");
    *minted = (ts_handle_t)rdi;
    return (ts_status_t)rax;
}

ts_status_t ts_endpoint_bind_port(ts_handle_t endpoint, ts_handle_t port) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_ENDPOINT_BIND_PORT;
    register uint64_t rdi __asm__("rdi") = endpoint;
    register uint64_t rsi __asm__("rsi") = port;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi)
        : : "rcx", "rdx", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_reply_save(uint32_t options, ts_handle_t *reply) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_REPLY_SAVE;
    register uint64_t rdi __asm__("rdi") = options;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi)
        : : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory");
    *reply = (ts_handle_t)rdi;
    return (ts_status_t)rax;
}

ts_status_t ts_job_create(ts_handle_t parent, uint32_t options, ts_handle_t *job) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_JOB_CREATE;
    register uint64_t rdi __asm__("rdi") = parent;
    register uint64_t rsi __asm__("rsi") = options;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi)
        : : "rcx", "rdx", "r8", "r9", "r10", "r11", "memory");
    *job = (ts_handle_t)rdi;
    return (ts_status_t)rax;
}

ts_status_t ts_job_set_ceiling(ts_handle_t job, uint32_t kind, uint64_t value) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_JOB_SET_CEILING;
    register uint64_t rdi __asm__("rdi") = job;
    register uint64_t rsi __asm__("rsi") = kind;
    register uint64_t rdx __asm__("rdx") = value;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx)
        : : "rcx", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_task_kill(ts_handle_t task) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_TASK_KILL;
    register uint64_t rdi __asm__("rdi") = task;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi)
        : : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_job_set_reclaim(ts_handle_t job, uint32_t policy, uint64_t frames) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_JOB_SET_RECLAIM;
    register uint64_t rdi __asm__("rdi") = job;
    register uint64_t rsi __asm__("rsi") = policy;
    register uint64_t rdx __asm__("rdx") = frames;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx)
        : : "rcx", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_job_set_swap(ts_handle_t job, ts_handle_t vmo) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_JOB_SET_SWAP;
    register uint64_t rdi __asm__("rdi") = job;
    register uint64_t rsi __asm__("rsi") = vmo;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi)
        : : "rcx", "rdx", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_job_set_reserve(ts_handle_t job, uint64_t frames) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_JOB_SET_RESERVE;
    register uint64_t rdi __asm__("rdi") = job;
    register uint64_t rsi __asm__("rsi") = frames;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi)
        : : "rcx", "rdx", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_process_create(ts_handle_t job, const void *name, size_t length, uint32_t options,
    ts_handle_t *process, ts_handle_t *vmar) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_PROCESS_CREATE;
    register uint64_t rdi __asm__("rdi") = job;
    register uint64_t rsi __asm__("rsi") = (uint64_t)name;
    register uint64_t rdx __asm__("rdx") = length;
    register uint64_t r10 __asm__("r10") = options;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx), "+r"(r10)
        : : "rcx", "r8", "r9", "r11", "memory");
    *process = (ts_handle_t)rdi;
    *vmar = (ts_handle_t)rsi;
    return (ts_status_t)rax;
}

ts_status_t ts_process_start(ts_handle_t process, ts_handle_t thread, uint64_t entry,
    uint64_t stack, ts_handle_t argument1, uint64_t argument2) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_PROCESS_START;
    register uint64_t rdi __asm__("rdi") = process;
    register uint64_t rsi __asm__("rsi") = thread;
    register uint64_t rdx __asm__("rdx") = entry;
    register uint64_t r10 __asm__("r10") = stack;
    register uint64_t r8 __asm__("r8") = argument1;
    register uint64_t r9 __asm__("r9") = argument2;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx), "+r"(r10), "+r"(r8), "+r"(r9)
        : : "rcx", "r11", "memory");
    return (ts_status_t)rax;
}

_Noreturn void ts_process_exit(uint64_t code) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_PROCESS_EXIT;
    register uint64_t rdi __asm__("rdi") = code;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi)
        : : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory");
    __builtin_trap();
}

ts_status_t ts_thread_create(ts_handle_t process, const void *name, size_t length,
    uint32_t options, ts_handle_t *thread) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_THREAD_CREATE;
    register uint64_t rdi __asm__("rdi") = process;
    register uint64_t rsi __asm__("rsi") = (uint64_t)name;
    register uint64_t rdx __asm__("rdx") = length;
    register uint64_t r10 __asm__("r10") = options;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx), "+r"(r10)
        : : "rcx", "r8", "r9", "r11", "memory");
    *thread = (ts_handle_t)rdi;
    return (ts_status_t)rax;
}

ts_status_t ts_thread_start(ts_handle_t thread, uint64_t entry, uint64_t stack,
    uint64_t argument1, uint64_t argument2) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_THREAD_START;
    register uint64_t rdi __asm__("rdi") = thread;
    register uint64_t rsi __asm__("rsi") = entry;
    register uint64_t rdx __asm__("rdx") = stack;
    register uint64_t r10 __asm__("r10") = argument1;
    register uint64_t r8 __asm__("r8") = argument2;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx), "+r"(r10), "+r"(r8)
        : : "rcx", "r9", "r11", "memory");
    return (ts_status_t)rax;
}

_Noreturn void ts_thread_exit(void) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_THREAD_EXIT;
    __asm__ volatile("syscall"
        : "+r"(rax)
        : : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory");
    __builtin_trap();
}

ts_status_t ts_thread_yield(void) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_THREAD_YIELD;
    __asm__ volatile("syscall"
        : "+r"(rax)
        : : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_thread_set_priority(ts_handle_t thread, uint32_t priority) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_THREAD_SET_PRIORITY;
    register uint64_t rdi __asm__("rdi") = thread;
    register uint64_t rsi __asm__("rsi") = priority;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi)
        : : "rcx", "rdx", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_thread_set_affinity(ts_handle_t thread, uint64_t cpus) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_THREAD_SET_AFFINITY;
    register uint64_t rdi __asm__("rdi") = thread;
    register uint64_t rsi __asm__("rsi") = cpus;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi)
        : : "rcx", "rdx", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_thread_sleep(ts_time_t deadline) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_THREAD_SLEEP;
    register uint64_t rdi __asm__("rdi") = deadline;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi)
        : : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_vmar_allocate(ts_handle_t parent, uint32_t options, uint64_t offset, uint64_t size,
    ts_handle_t *child, uint64_t *address) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_VMAR_ALLOCATE;
    register uint64_t rdi __asm__("rdi") = parent;
    register uint64_t rsi __asm__("rsi") = options;
    register uint64_t rdx __asm__("rdx") = offset;
    register uint64_t r10 __asm__("r10") = size;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx), "+r"(r10)
        : : "rcx", "r8", "r9", "r11", "memory");
    *child = (ts_handle_t)rdi;
    *address = (uint64_t)rsi;
    return (ts_status_t)rax;
}

ts_status_t ts_vmar_map(ts_handle_t vmar, uint32_t options, uint64_t offset, ts_handle_t vmo,
    uint64_t vmo_offset, uint64_t size, uint64_t *address) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_VMAR_MAP;
    register uint64_t rdi __asm__("rdi") = vmar;
    register uint64_t rsi __asm__("rsi") = options;
    register uint64_t rdx __asm__("rdx") = offset;
    register uint64_t r10 __asm__("r10") = vmo;
    register uint64_t r8 __asm__("r8") = vmo_offset;
    register uint64_t r9 __asm__("r9") = size;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx), "+r"(r10), "+r"(r8), "+r"(r9)
        : : "rcx", "r11", "memory");
    *address = (uint64_t)rdi;
    return (ts_status_t)rax;
}

ts_status_t ts_vmar_unmap(ts_handle_t vmar, uint64_t address, uint64_t size) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_VMAR_UNMAP;
    register uint64_t rdi __asm__("rdi") = vmar;
    register uint64_t rsi __asm__("rsi") = address;
    register uint64_t rdx __asm__("rdx") = size;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx)
        : : "rcx", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_vmar_protect(ts_handle_t vmar, uint32_t options, uint64_t address, uint64_t size) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_VMAR_PROTECT;
    register uint64_t rdi __asm__("rdi") = vmar;
    register uint64_t rsi __asm__("rsi") = options;
    register uint64_t rdx __asm__("rdx") = address;
    register uint64_t r10 __asm__("r10") = size;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx), "+r"(r10)
        : : "rcx", "r8", "r9", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_vmar_destroy(ts_handle_t vmar) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_VMAR_DESTROY;
    register uint64_t rdi __asm__("rdi") = vmar;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi)
        : : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_vmar_op_range(ts_handle_t vmar, uint32_t op, uint64_t address, uint64_t size) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_VMAR_OP_RANGE;
    register uint64_t rdi __asm__("rdi") = vmar;
    register uint64_t rsi __asm__("rsi") = op;
    register uint64_t rdx __asm__("rdx") = address;
    register uint64_t r10 __asm__("r10") = size;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx), "+r"(r10)
        : : "rcx", "r8", "r9", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_vmo_create(uint64_t size, uint32_t options, ts_handle_t *vmo) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_VMO_CREATE;
    register uint64_t rdi __asm__("rdi") = size;
    register uint64_t rsi __asm__("rsi") = options;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi)
        : : "rcx", "rdx", "r8", "r9", "r10", "r11", "memory");
    *vmo = (ts_handle_t)rdi;
    return (ts_status_t)rax;
}

ts_status_t ts_vmo_read(ts_handle_t vmo, void *buffer, uint64_t offset, uint64_t length) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_VMO_READ;
    register uint64_t rdi __asm__("rdi") = vmo;
    register uint64_t rsi __asm__("rsi") = (uint64_t)buffer;
    register uint64_t rdx __asm__("rdx") = offset;
    register uint64_t r10 __asm__("r10") = length;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx), "+r"(r10)
        : : "rcx", "r8", "r9", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_vmo_write(ts_handle_t vmo, const void *buffer, uint64_t offset, uint64_t length) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_VMO_WRITE;
    register uint64_t rdi __asm__("rdi") = vmo;
    register uint64_t rsi __asm__("rsi") = (uint64_t)buffer;
    register uint64_t rdx __asm__("rdx") = offset;
    register uint64_t r10 __asm__("r10") = length;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx), "+r"(r10)
        : : "rcx", "r8", "r9", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_vmo_get_size(ts_handle_t vmo, uint64_t *size) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_VMO_GET_SIZE;
    register uint64_t rdi __asm__("rdi") = vmo;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi)
        : : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory");
    *size = (uint64_t)rdi;
    return (ts_status_t)rax;
}

ts_status_t ts_vmo_create_physical(ts_handle_t resource, uint64_t base, uint64_t size,
    ts_handle_t *vmo) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_VMO_CREATE_PHYSICAL;
    register uint64_t rdi __asm__("rdi") = resource;
    register uint64_t rsi __asm__("rsi") = base;
    register uint64_t rdx __asm__("rdx") = size;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx)
        : : "rcx", "r8", "r9", "r10", "r11", "memory");
    *vmo = (ts_handle_t)rdi;
    return (ts_status_t)rax;
}

ts_status_t ts_vmo_replace_executable(ts_handle_t vmo, ts_handle_t resource,
    ts_handle_t *executable) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_VMO_REPLACE_EXECUTABLE;
    register uint64_t rdi __asm__("rdi") = vmo;
    register uint64_t rsi __asm__("rsi") = resource;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi)
        : : "rcx", "rdx", "r8", "r9", "r10", "r11", "memory");
    *executable = (ts_handle_t)rdi;
    return (ts_status_t)rax;
}

ts_status_t ts_vmo_set_size(ts_handle_t vmo, uint64_t size) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_VMO_SET_SIZE;
    register uint64_t rdi __asm__("rdi") = vmo;
    register uint64_t rsi __asm__("rsi") = size;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi)
        : : "rcx", "rdx", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_vmo_op_range(ts_handle_t vmo, uint32_t op, uint64_t offset, uint64_t length) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_VMO_OP_RANGE;
    register uint64_t rdi __asm__("rdi") = vmo;
    register uint64_t rsi __asm__("rsi") = op;
    register uint64_t rdx __asm__("rdx") = offset;
    register uint64_t r10 __asm__("r10") = length;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx), "+r"(r10)
        : : "rcx", "r8", "r9", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_vmo_create_child(ts_handle_t parent, uint32_t options, uint64_t offset,
    uint64_t size, ts_handle_t *child) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_VMO_CREATE_CHILD;
    register uint64_t rdi __asm__("rdi") = parent;
    register uint64_t rsi __asm__("rsi") = options;
    register uint64_t rdx __asm__("rdx") = offset;
    register uint64_t r10 __asm__("r10") = size;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx), "+r"(r10)
        : : "rcx", "r8", "r9", "r11", "memory");
    *child = (ts_handle_t)rdi;
    return (ts_status_t)rax;
}

ts_status_t ts_vmo_create_contiguous(uint64_t size, uint32_t alignment_log2, ts_handle_t *vmo) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_VMO_CREATE_CONTIGUOUS;
    register uint64_t rdi __asm__("rdi") = size;
    register uint64_t rsi __asm__("rsi") = alignment_log2;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi)
        : : "rcx", "rdx", "r8", "r9", "r10", "r11", "memory");
    *vmo = (ts_handle_t)rdi;
    return (ts_status_t)rax;
}

ts_status_t ts_interrupt_create(ts_handle_t resource, uint32_t line, uint32_t options,
    ts_handle_t *interrupt) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_INTERRUPT_CREATE;
    register uint64_t rdi __asm__("rdi") = resource;
    register uint64_t rsi __asm__("rsi") = line;
    register uint64_t rdx __asm__("rdx") = options;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx)
        : : "rcx", "r8", "r9", "r10", "r11", "memory");
    *interrupt = (ts_handle_t)rdi;
    return (ts_status_t)rax;
}

ts_status_t ts_interrupt_bind(ts_handle_t interrupt, ts_handle_t port, uint64_t key) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_INTERRUPT_BIND;
    register uint64_t rdi __asm__("rdi") = interrupt;
    register uint64_t rsi __asm__("rsi") = port;
    register uint64_t rdx __asm__("rdx") = key;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx)
        : : "rcx", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_interrupt_wait(ts_handle_t interrupt, ts_time_t deadline, ts_time_t *timestamp) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_INTERRUPT_WAIT;
    register uint64_t rdi __asm__("rdi") = interrupt;
    register uint64_t rsi __asm__("rsi") = deadline;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi)
        : : "rcx", "rdx", "r8", "r9", "r10", "r11", "memory");
    *timestamp = (ts_time_t)rdi;
    return (ts_status_t)rax;
}

ts_status_t ts_interrupt_ack(ts_handle_t interrupt) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_INTERRUPT_ACK;
    register uint64_t rdi __asm__("rdi") = interrupt;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi)
        : : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_interrupt_trigger(ts_handle_t interrupt) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_INTERRUPT_TRIGGER;
    register uint64_t rdi __asm__("rdi") = interrupt;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi)
        : : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_resource_create(ts_handle_t parent, uint32_t kind, uint64_t base, uint64_t length,
    ts_handle_t *resource) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_RESOURCE_CREATE;
    register uint64_t rdi __asm__("rdi") = parent;
    register uint64_t rsi __asm__("rsi") = kind;
    register uint64_t rdx __asm__("rdx") = base;
    register uint64_t r10 __asm__("r10") = length;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx), "+r"(r10)
        : : "rcx", "r8", "r9", "r11", "memory");
    *resource = (ts_handle_t)rdi;
    return (ts_status_t)rax;
}

ts_status_t ts_ports_enable(ts_handle_t resource, uint32_t base, uint32_t length) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_PORTS_ENABLE;
    register uint64_t rdi __asm__("rdi") = resource;
    register uint64_t rsi __asm__("rsi") = base;
    register uint64_t rdx __asm__("rdx") = length;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx)
        : : "rcx", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_log_read(ts_handle_t resource, uint64_t position, void *buffer, size_t size,
    uint64_t *next, size_t *actual) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_LOG_READ;
    register uint64_t rdi __asm__("rdi") = resource;
    register uint64_t rsi __asm__("rsi") = position;
    register uint64_t rdx __asm__("rdx") = (uint64_t)buffer;
    register uint64_t r10 __asm__("r10") = size;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx), "+r"(r10)
        : : "rcx", "r8", "r9", "r11", "memory");
    *next = (uint64_t)rdi;
    *actual = (size_t)rsi;
    return (ts_status_t)rax;
}

ts_status_t ts_log_write(ts_handle_t resource, const void *text, size_t length) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_LOG_WRITE;
    register uint64_t rdi __asm__("rdi") = resource;
    register uint64_t rsi __asm__("rsi") = (uint64_t)text;
    register uint64_t rdx __asm__("rdx") = length;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx)
        : : "rcx", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_system_power(ts_handle_t resource, uint32_t action, uint32_t code) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_SYSTEM_POWER;
    register uint64_t rdi __asm__("rdi") = resource;
    register uint64_t rsi __asm__("rsi") = action;
    register uint64_t rdx __asm__("rdx") = code;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx)
        : : "rcx", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_system_debug(ts_handle_t resource, uint32_t command, uint64_t argument,
    uint64_t *value) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_SYSTEM_DEBUG;
    register uint64_t rdi __asm__("rdi") = resource;
    register uint64_t rsi __asm__("rsi") = command;
    register uint64_t rdx __asm__("rdx") = argument;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx)
        : : "rcx", "r8", "r9", "r10", "r11", "memory");
    *value = (uint64_t)rdi;
    return (ts_status_t)rax;
}

ts_status_t ts_clock_read(ts_time_t *now) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_CLOCK_READ;
    register uint64_t rdi __asm__("rdi");
    __asm__ volatile("syscall"
        : "+r"(rax), "=r"(rdi)
        : : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory");
    *now = (ts_time_t)rdi;
    return (ts_status_t)rax;
}

ts_status_t ts_system_inspect(ts_handle_t resource, uint32_t topic, uint64_t object,
    uint64_t start, void *buffer, size_t size, size_t *actual, uint64_t *next) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_SYSTEM_INSPECT;
    register uint64_t rdi __asm__("rdi") = resource;
    register uint64_t rsi __asm__("rsi") = topic;
    register uint64_t rdx __asm__("rdx") = object;
    register uint64_t r10 __asm__("r10") = start;
    register uint64_t r8 __asm__("r8") = (uint64_t)buffer;
    register uint64_t r9 __asm__("r9") = size;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx), "+r"(r10), "+r"(r8), "+r"(r9)
        : : "rcx", "r11", "memory");
    *actual = (size_t)rdi;
    *next = (uint64_t)rsi;
    return (ts_status_t)rax;
}

ts_status_t ts_vmo_set_cache_policy(ts_handle_t vmo, uint32_t policy) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_VMO_SET_CACHE_POLICY;
    register uint64_t rdi __asm__("rdi") = vmo;
    register uint64_t rsi __asm__("rsi") = policy;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi)
        : : "rcx", "rdx", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_pager_create(uint32_t options, ts_handle_t *pager) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_PAGER_CREATE;
    register uint64_t rdi __asm__("rdi") = options;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi)
        : : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory");
    *pager = (ts_handle_t)rdi;
    return (ts_status_t)rax;
}

ts_status_t ts_pager_create_vmo(ts_handle_t pager, uint32_t options, ts_handle_t port,
    uint64_t key, uint64_t size, ts_handle_t *vmo) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_PAGER_CREATE_VMO;
    register uint64_t rdi __asm__("rdi") = pager;
    register uint64_t rsi __asm__("rsi") = options;
    register uint64_t rdx __asm__("rdx") = port;
    register uint64_t r10 __asm__("r10") = key;
    register uint64_t r8 __asm__("r8") = size;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx), "+r"(r10), "+r"(r8)
        : : "rcx", "r9", "r11", "memory");
    *vmo = (ts_handle_t)rdi;
    return (ts_status_t)rax;
}

ts_status_t ts_pager_supply_pages(ts_handle_t pager, ts_handle_t vmo, uint64_t offset,
    uint64_t length, ts_handle_t from, uint64_t from_offset) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_PAGER_SUPPLY_PAGES;
    register uint64_t rdi __asm__("rdi") = pager;
    register uint64_t rsi __asm__("rsi") = vmo;
    register uint64_t rdx __asm__("rdx") = offset;
    register uint64_t r10 __asm__("r10") = length;
    register uint64_t r8 __asm__("r8") = from;
    register uint64_t r9 __asm__("r9") = from_offset;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx), "+r"(r10), "+r"(r8), "+r"(r9)
        : : "rcx", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_pager_detach_vmo(ts_handle_t pager, ts_handle_t vmo) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_PAGER_DETACH_VMO;
    register uint64_t rdi __asm__("rdi") = pager;
    register uint64_t rsi __asm__("rsi") = vmo;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi)
        : : "rcx", "rdx", "r8", "r9", "r10", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_pager_op_range(ts_handle_t pager, uint32_t op, ts_handle_t vmo, uint64_t offset,
    uint64_t length, uint64_t data) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_PAGER_OP_RANGE;
    register uint64_t rdi __asm__("rdi") = pager;
    register uint64_t rsi __asm__("rsi") = op;
    register uint64_t rdx __asm__("rdx") = vmo;
    register uint64_t r10 __asm__("r10") = offset;
    register uint64_t r8 __asm__("r8") = length;
    register uint64_t r9 __asm__("r9") = data;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx), "+r"(r10), "+r"(r8), "+r"(r9)
        : : "rcx", "r11", "memory");
    return (ts_status_t)rax;
}

ts_status_t ts_pager_query_dirty_ranges(ts_handle_t pager, ts_handle_t vmo, uint64_t offset,
    uint64_t length, void *ranges, size_t size, size_t *actual, size_t *available) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_PAGER_QUERY_DIRTY_RANGES;
    register uint64_t rdi __asm__("rdi") = pager;
    register uint64_t rsi __asm__("rsi") = vmo;
    register uint64_t rdx __asm__("rdx") = offset;
    register uint64_t r10 __asm__("r10") = length;
    register uint64_t r8 __asm__("r8") = (uint64_t)ranges;
    register uint64_t r9 __asm__("r9") = size;
    __asm__ volatile("syscall"
        : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx), "+r"(r10), "+r"(r8), "+r"(r9)
        : : "rcx", "r11", "memory");
    *actual = (size_t)rdi;
    *available = (size_t)rsi;
    return (ts_status_t)rax;
}
