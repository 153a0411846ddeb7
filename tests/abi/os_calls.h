/* SPDX-License-Identifier: MIT */
/* Generated from lib/abi by scripts/gen/abi.py: edit the tables instead.
 * The system calls. Each returns TS_OK or an error of docs/syscalls.md; results are stored in any
 * case and are 0 where there is none. Calls with a whole message in registers are declared in lib/os. */
#pragma once

#include "abi/types.h"

/* Enters and leaves the kernel; for measurement. */
ts_status_t ts_null(void);

/* Closes a handle; closing 0 is allowed. */
ts_status_t ts_handle_close(ts_handle_t handle);

/* Closes up to 1024 handles; a bad one does not keep the others open. */
ts_status_t ts_handle_close_many(const void *handles, size_t count);

/* Makes a child of the handle with the same or fewer rights. */
ts_status_t ts_handle_duplicate(ts_handle_t handle, ts_rights_t rights, ts_handle_t *duplicate);

/* Exchanges a handle for one with the same or fewer rights; the old one is gone in any case. */
ts_status_t ts_handle_replace(ts_handle_t handle, ts_rights_t rights, ts_handle_t *replacement);

/* Removes everything that was derived from the handle, wherever it is. */
ts_status_t ts_handle_revoke(ts_handle_t handle);

/* Waits until one of the signals is set, the deadline passes or the handle is closed. */
ts_status_t ts_object_wait_one(ts_handle_t handle, ts_signals_t signals, ts_time_t deadline,
    ts_signals_t *observed);

/* Queues one packet on the port when one of the signals is set. */
ts_status_t ts_object_wait_async(ts_handle_t handle, ts_handle_t port, uint64_t key,
    ts_signals_t signals, uint32_t options);

/* Clears and sets the user signals of an object. */
ts_status_t ts_object_signal(ts_handle_t handle, ts_signals_t clear, ts_signals_t set);

/* Reads a record (or an array of records) about an object. */
ts_status_t ts_object_get_info(ts_handle_t handle, uint32_t topic, void *buffer, size_t size,
    size_t *actual, size_t *available);

/* Names an object; at most 31 bytes. */
ts_status_t ts_object_set_name(ts_handle_t handle, const void *name, size_t length);

/* Makes a port. */
ts_status_t ts_port_create(uint32_t options, ts_handle_t *port);

/* Queues a user packet (struct ts_packet). */
ts_status_t ts_port_queue(ts_handle_t port, const void *packet);

/* Takes the oldest packet, waiting for one if need be. */
ts_status_t ts_port_wait(ts_handle_t port, void *packet, ts_time_t deadline);

/* Ends the asynchronous waits of a source with this key, and removes their queued packets. */
ts_status_t ts_port_cancel(ts_handle_t port, ts_handle_t source, uint64_t key);

/* Makes an event. */
ts_status_t ts_event_create(uint32_t options, ts_handle_t *event);

/* Makes an endpoint. */
ts_status_t ts_endpoint_create(uint32_t options, ts_handle_t *endpoint);

/* Makes a child handle whose messages carry the badge. */
ts_status_t ts_endpoint_mint(ts_handle_t endpoint, uint64_t badge, ts_rights_t rights,
    ts_handle_t *minted);

/* Lets receivers of the endpoint wake up for packets of the port. */
ts_status_t ts_endpoint_bind_port(ts_handle_t endpoint, ts_handle_t port);

/* Keeps the right to answer the request taken last as a handle. */
ts_status_t ts_reply_save(uint32_t options, ts_handle_t *reply);

/* Makes a job below another. */
ts_status_t ts_job_create(ts_handle_t parent, uint32_t options, ts_handle_t *job);

/* Lowers one of the job's ceilings; 0 denies. */
ts_status_t ts_job_set_ceiling(ts_handle_t job, uint32_t kind, uint64_t value);

/* Ends a process, or a job with everything below it. */
ts_status_t ts_task_kill(ts_handle_t task);

/* How many frames the job's paged memory has, and which page leaves when there is no room. */
ts_status_t ts_job_set_reclaim(ts_handle_t job, uint32_t policy, uint64_t frames);

/* Where pages of the job's memory go that no pager fills: into a VMO that a pager made. */
ts_status_t ts_job_set_swap(ts_handle_t job, ts_handle_t vmo);

/* Sets 1 to 64 frames aside for the job's memory when there are no others. */
ts_status_t ts_job_set_reserve(ts_handle_t job, uint64_t frames);

/* Makes a process with an empty address space. */
ts_status_t ts_process_create(ts_handle_t job, const void *name, size_t length, uint32_t options,
    ts_handle_t *process, ts_handle_t *vmar);

/* Starts the first thread; the handle argument1 (0 allowed) moves into the process. */
ts_status_t ts_process_start(ts_handle_t process, ts_handle_t thread, uint64_t entry,
    uint64_t stack, ts_handle_t argument1, uint64_t argument2);

/* Ends the calling process. */
_Noreturn void ts_process_exit(uint64_t code);

/* Makes a thread of a process. */
ts_status_t ts_thread_create(ts_handle_t process, const void *name, size_t length,
    uint32_t options, ts_handle_t *thread);

/* Starts a thread of a running process. */
ts_status_t ts_thread_start(ts_handle_t thread, uint64_t entry, uint64_t stack,
    uint64_t argument1, uint64_t argument2);

/* Ends the calling thread. */
_Noreturn void ts_thread_exit(void);

/* Lets other threads of the same priority run. */
ts_status_t ts_thread_yield(void);

/* Sets the base priority, 0 to 255, at most the job's. */
ts_status_t ts_thread_set_priority(ts_handle_t thread, uint32_t priority);

/* Sets the CPUs that the thread may run on. */
ts_status_t ts_thread_set_affinity(ts_handle_t thread, uint64_t cpus);

/* Sleeps until the deadline. */
ts_status_t ts_thread_sleep(ts_time_t deadline);

/* Makes a range inside a range. */
ts_status_t ts_vmar_allocate(ts_handle_t parent, uint32_t options, uint64_t offset, uint64_t size,
    ts_handle_t *child, uint64_t *address);

/* Maps pages of a VMO. */
ts_status_t ts_vmar_map(ts_handle_t vmar, uint32_t options, uint64_t offset, ts_handle_t vmo,
    uint64_t vmo_offset, uint64_t size, uint64_t *address);

/* Removes mappings and ranges. */
ts_status_t ts_vmar_unmap(ts_handle_t vmar, uint64_t address, uint64_t size);

/* Changes what mappings permit. */
ts_status_t ts_vmar_protect(ts_handle_t vmar, uint32_t options, uint64_t address, uint64_t size);

/* Unmaps all of a range and ends it. */
ts_status_t ts_vmar_destroy(ts_handle_t vmar);

/* The operation (TS_VMO_OP_) on the VMOs that are mapped in a range. */
ts_status_t ts_vmar_op_range(ts_handle_t vmar, uint32_t op, uint64_t address, uint64_t size);

/* Makes zero-filled memory; the size is rounded up to a page. */
ts_status_t ts_vmo_create(uint64_t size, uint32_t options, ts_handle_t *vmo);

/* Reads bytes. */
ts_status_t ts_vmo_read(ts_handle_t vmo, void *buffer, uint64_t offset, uint64_t length);

/* Writes bytes. */
ts_status_t ts_vmo_write(ts_handle_t vmo, const void *buffer, uint64_t offset, uint64_t length);

/* The size in bytes, a multiple of the page size. */
ts_status_t ts_vmo_get_size(ts_handle_t vmo, uint64_t *size);

/* Makes a VMO of device registers that the resource covers. */
ts_status_t ts_vmo_create_physical(ts_handle_t resource, uint64_t base, uint64_t size,
    ts_handle_t *vmo);

/* Exchanges a VMO handle for one with EXECUTE; needs a system resource for executable memory. */
ts_status_t ts_vmo_replace_executable(ts_handle_t vmo, ts_handle_t resource,
    ts_handle_t *executable);

/* Another size, for a VMO that was made resizable; what is cut off is gone. */
ts_status_t ts_vmo_set_size(ts_handle_t vmo, uint64_t size);

/* An operation (TS_VMO_OP_) on a range: commit, decommit, zero, lock, caches. */
ts_status_t ts_vmo_op_range(ts_handle_t vmo, uint32_t op, uint64_t offset, uint64_t length);

/* A copy of a range as it is now, in no time, or a slice: the range itself. */
ts_status_t ts_vmo_create_child(ts_handle_t parent, uint32_t options, uint64_t offset,
    uint64_t size, ts_handle_t *child);

/* Memory in one piece. */
ts_status_t ts_vmo_create_contiguous(uint64_t size, uint32_t alignment_log2, ts_handle_t *vmo);

/* Takes an interrupt line that the resource covers. */
ts_status_t ts_interrupt_create(ts_handle_t resource, uint32_t line, uint32_t options,
    ts_handle_t *interrupt);

/* Delivers the interrupt as packets of a port. */
ts_status_t ts_interrupt_bind(ts_handle_t interrupt, ts_handle_t port, uint64_t key);

/* Waits for the interrupt. */
ts_status_t ts_interrupt_wait(ts_handle_t interrupt, ts_time_t deadline, ts_time_t *timestamp);

/* Lets the line fire again. */
ts_status_t ts_interrupt_ack(ts_handle_t interrupt);

/* Makes the line pending as the device would, where the controller can. */
ts_status_t ts_interrupt_trigger(ts_handle_t interrupt);

/* Makes a smaller resource of the same kind. */
ts_status_t ts_resource_create(ts_handle_t parent, uint32_t kind, uint64_t base, uint64_t length,
    ts_handle_t *resource);

/* Lets the calling process use I/O ports; they go with the resource handle. */
ts_status_t ts_ports_enable(ts_handle_t resource, uint32_t base, uint32_t length);

/* Reads the kernel's log from a position. */
ts_status_t ts_log_read(ts_handle_t resource, uint64_t position, void *buffer, size_t size,
    uint64_t *next, size_t *actual);

/* Writes one line to the kernel's log, at most 256 bytes. */
ts_status_t ts_log_write(ts_handle_t resource, const void *text, size_t length);

/* Powers off with an exit code, or reboots. */
ts_status_t ts_system_power(ts_handle_t resource, uint32_t action, uint32_t code);

/* Self-tests, audit and counters, by the debug resource. */
ts_status_t ts_system_debug(ts_handle_t resource, uint32_t command, uint64_t argument,
    uint64_t *value);

/* Monotonic time; programs normally use the time page. */
ts_status_t ts_clock_read(ts_time_t *now);

/* Reads records about virtual memory (TS_INSPECT_), by the debug resource. */
ts_status_t ts_system_inspect(ts_handle_t resource, uint32_t topic, uint64_t object,
    uint64_t start, void *buffer, size_t size, size_t *actual, uint64_t *next);

/* How mappings reach the memory (TS_CACHE_POLICY_); while there are none. */
ts_status_t ts_vmo_set_cache_policy(ts_handle_t vmo, uint32_t policy);

/* Makes a pager, which fills VMOs from user space. */
ts_status_t ts_pager_create(uint32_t options, ts_handle_t *pager);

/* Makes a VMO whose absent pages are asked for by packets on the port. */
ts_status_t ts_pager_create_vmo(ts_handle_t pager, uint32_t options, ts_handle_t port,
    uint64_t key, uint64_t size, ts_handle_t *vmo);

/* Moves pages out of a VMO to where the pager's VMO has none, and lets who waits for them go on. */
ts_status_t ts_pager_supply_pages(ts_handle_t pager, ts_handle_t vmo, uint64_t offset,
    uint64_t length, ts_handle_t from, uint64_t from_offset);

/* The VMO asks for nothing any more: absent pages cannot be had. */
ts_status_t ts_pager_detach_vmo(ts_handle_t pager, ts_handle_t vmo);

/* An operation (TS_PAGER_OP_) on pages of the pager's VMO: refuse them, let them be written, write them back. */
ts_status_t ts_pager_op_range(ts_handle_t pager, uint32_t op, ts_handle_t vmo, uint64_t offset,
    uint64_t length, uint64_t data);

/* Lists dirty pages (an array of struct ts_vmo_dirty_range): how many ranges were stored, and how many there are. */
ts_status_t ts_pager_query_dirty_ranges(ts_handle_t pager, ts_handle_t vmo, uint64_t offset,
    uint64_t length, void *ranges, size_t size, size_t *actual, size_t *available);
