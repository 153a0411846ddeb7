/* SPDX-License-Identifier: MIT */
/* Generated from lib/abi by scripts/gen/abi.py: edit the tables instead.
 * The handlers of the system calls, one per row; kernel/syscall has them, a file per family.
 * Typed handles are looked up before the handler runs; results are zero until it stores them. */
#pragma once

#include "abi/types.h"
#include "arch/usercopy.h"

struct arch_frame;
struct handle_view;
struct job;
struct process;
struct thread;
struct vmar;
struct vmo;
struct endpoint;
struct reply;
struct port;
struct event;
struct interrupt;
struct resource;
struct pager;

/* What a handler that works on the frame returns when nothing is to be written: the thread waits
 * with an empty kernel stack, or the frame is complete. */
#define TS_SYSCALL_BLOCKED ((ts_status_t)1)

struct syscall_row {
    ts_status_t (*handler)(struct arch_frame *frame); /* null: no such call */
    const char *name;
    const ts_status_t *errors; /* all that it can return beside TS_OK; ends with TS_OK */
} __attribute__((aligned(32))); /* a row's address is one shift away from its number */

extern const struct syscall_row syscall_table[];

/* system */
ts_status_t sys_null(void);
ts_status_t sys_log_read(struct resource *resource, const struct handle_view *resource_view,
    uint64_t position, uaddr_t buffer, size_t size, uint64_t *next, size_t *actual);
ts_status_t sys_log_write(struct resource *resource, const struct handle_view *resource_view,
    uaddr_t text, size_t length);
ts_status_t sys_system_power(struct resource *resource, const struct handle_view *resource_view,
    uint32_t action, uint32_t code);
ts_status_t sys_system_debug(struct resource *resource, const struct handle_view *resource_view,
    uint32_t command, uint64_t argument, uint64_t *value);
ts_status_t sys_clock_read(ts_time_t *now);
ts_status_t sys_system_inspect(struct resource *resource, const struct handle_view *resource_view,
    uint32_t topic, uint64_t object, uint64_t start, uaddr_t buffer, size_t size, size_t *actual,
    uint64_t *next);

/* handle */
ts_status_t sys_handle_close(ts_handle_t handle);
ts_status_t sys_handle_close_many(uaddr_t handles, size_t count);
ts_status_t sys_handle_duplicate(ts_handle_t handle, ts_rights_t rights, ts_handle_t *duplicate);
ts_status_t sys_handle_replace(ts_handle_t handle, ts_rights_t rights, ts_handle_t *replacement);
ts_status_t sys_handle_revoke(ts_handle_t handle);

/* object */
ts_status_t sys_object_wait_one(ts_handle_t handle, ts_signals_t signals, ts_time_t deadline,
    ts_signals_t *observed);
ts_status_t sys_object_wait_async(ts_handle_t handle, struct port *port, uint64_t key,
    ts_signals_t signals, uint32_t options);
ts_status_t sys_object_signal(ts_handle_t handle, ts_signals_t clear, ts_signals_t set);
ts_status_t sys_object_get_info(ts_handle_t handle, uint32_t topic, uaddr_t buffer, size_t size,
    size_t *actual, size_t *available);
ts_status_t sys_object_set_name(ts_handle_t handle, uaddr_t name, size_t length);

/* port */
ts_status_t sys_port_create(uint32_t options, ts_handle_t *port);
ts_status_t sys_port_queue(struct port *port, uaddr_t packet);
ts_status_t sys_port_wait(struct port *port, uaddr_t packet, ts_time_t deadline);
ts_status_t sys_port_cancel(struct port *port, ts_handle_t source, uint64_t key);

/* event */
ts_status_t sys_event_create(uint32_t options, ts_handle_t *event);

/* endpoint */
ts_status_t sys_endpoint_create(uint32_t options, ts_handle_t *endpoint);
ts_status_t sys_endpoint_mint(struct endpoint *endpoint, const struct handle_view *endpoint_view,
    uint64_t badge, ts_rights_t rights, ts_handle_t *minted);
ts_status_t sys_endpoint_bind_port(struct endpoint *endpoint, struct port *port);
ts_status_t sys_call(struct arch_frame *frame);
ts_status_t sys_reply_wait(struct arch_frame *frame);
ts_status_t sys_reply_save(uint32_t options, ts_handle_t *reply);
ts_status_t sys_reply_send(struct arch_frame *frame);

/* job */
ts_status_t sys_job_create(struct job *parent, uint32_t options, ts_handle_t *job);
ts_status_t sys_job_set_ceiling(struct job *job, uint32_t kind, uint64_t value);
ts_status_t sys_task_kill(ts_handle_t task);
ts_status_t sys_job_set_reclaim(struct job *job, uint32_t policy, uint64_t frames);
ts_status_t sys_job_set_swap(struct job *job, struct vmo *vmo);
ts_status_t sys_job_set_reserve(struct job *job, uint64_t frames);

/* process */
ts_status_t sys_process_create(struct job *job, uaddr_t name, size_t length, uint32_t options,
    ts_handle_t *process, ts_handle_t *vmar);
ts_status_t sys_process_start(struct process *process, struct thread *thread, uint64_t entry,
    uint64_t stack, ts_handle_t argument1, uint64_t argument2);
_Noreturn void sys_process_exit(uint64_t code);

/* thread */
ts_status_t sys_thread_create(struct process *process, uaddr_t name, size_t length,
    uint32_t options, ts_handle_t *thread);
ts_status_t sys_thread_start(struct thread *thread, uint64_t entry, uint64_t stack,
    uint64_t argument1, uint64_t argument2);
_Noreturn void sys_thread_exit(void);
ts_status_t sys_thread_yield(void);
ts_status_t sys_thread_set_priority(struct thread *thread, uint32_t priority);
ts_status_t sys_thread_set_affinity(struct thread *thread, uint64_t cpus);
ts_status_t sys_thread_sleep(ts_time_t deadline);

/* vmar */
ts_status_t sys_vmar_allocate(struct vmar *parent, const struct handle_view *parent_view,
    uint32_t options, uint64_t offset, uint64_t size, ts_handle_t *child, uint64_t *address);
ts_status_t sys_vmar_map(struct vmar *vmar, const struct handle_view *vmar_view, uint32_t options,
    uint64_t offset, struct vmo *vmo, const struct handle_view *vmo_view, uint64_t vmo_offset,
    uint64_t size, uint64_t *address);
ts_status_t sys_vmar_unmap(struct vmar *vmar, uint64_t address, uint64_t size);
ts_status_t sys_vmar_protect(struct vmar *vmar, const struct handle_view *vmar_view,
    uint32_t options, uint64_t address, uint64_t size);
ts_status_t sys_vmar_destroy(struct vmar *vmar);
ts_status_t sys_vmar_op_range(struct vmar *vmar, uint32_t op, uint64_t address, uint64_t size);

/* vmo */
ts_status_t sys_vmo_create(uint64_t size, uint32_t options, ts_handle_t *vmo);
ts_status_t sys_vmo_read(struct vmo *vmo, uaddr_t buffer, uint64_t offset, uint64_t length);
ts_status_t sys_vmo_write(struct vmo *vmo, uaddr_t buffer, uint64_t offset, uint64_t length);
ts_status_t sys_vmo_get_size(struct vmo *vmo, uint64_t *size);
ts_status_t sys_vmo_create_physical(struct resource *resource,
    const struct handle_view *resource_view, uint64_t base, uint64_t size, ts_handle_t *vmo);
ts_status_t sys_vmo_replace_executable(ts_handle_t vmo, struct resource *resource,
    ts_handle_t *executable);
ts_status_t sys_vmo_set_size(struct vmo *vmo, uint64_t size);
ts_status_t sys_vmo_op_range(struct vmo *vmo, const struct handle_view *vmo_view, uint32_t op,
    uint64_t offset, uint64_t length);
ts_status_t sys_vmo_create_child(struct vmo *parent, const struct handle_view *parent_view,
    uint32_t options, uint64_t offset, uint64_t size, ts_handle_t *child);
ts_status_t sys_vmo_create_contiguous(uint64_t size, uint32_t alignment_log2, ts_handle_t *vmo);
ts_status_t sys_vmo_set_cache_policy(struct vmo *vmo, uint32_t policy);

/* interrupt */
ts_status_t sys_interrupt_create(struct resource *resource,
    const struct handle_view *resource_view, uint32_t line, uint32_t options,
    ts_handle_t *interrupt);
ts_status_t sys_interrupt_bind(struct interrupt *interrupt, struct port *port, uint64_t key);
ts_status_t sys_interrupt_wait(struct interrupt *interrupt, ts_time_t deadline,
    ts_time_t *timestamp);
ts_status_t sys_interrupt_ack(struct interrupt *interrupt);
ts_status_t sys_interrupt_trigger(struct interrupt *interrupt);

/* resource */
ts_status_t sys_resource_create(struct resource *parent, const struct handle_view *parent_view,
    uint32_t kind, uint64_t base, uint64_t length, ts_handle_t *resource);
ts_status_t sys_ports_enable(struct resource *resource, const struct handle_view *resource_view,
    uint32_t base, uint32_t length);

/* pager */
ts_status_t sys_pager_create(uint32_t options, ts_handle_t *pager);
ts_status_t sys_pager_create_vmo(struct pager *pager, uint32_t options, struct port *port,
    uint64_t key, uint64_t size, ts_handle_t *vmo);
ts_status_t sys_pager_supply_pages(struct pager *pager, struct vmo *vmo, uint64_t offset,
    uint64_t length, struct vmo *from, uint64_t from_offset);
ts_status_t sys_pager_detach_vmo(struct pager *pager, struct vmo *vmo);
ts_status_t sys_pager_op_range(struct pager *pager, uint32_t op, struct vmo *vmo, uint64_t offset,
    uint64_t length, uint64_t data);
ts_status_t sys_pager_query_dirty_ranges(struct pager *pager, struct vmo *vmo, uint64_t offset,
    uint64_t length, uaddr_t ranges, size_t size, size_t *actual, size_t *available);
