/* SPDX-License-Identifier: MIT */
/* Generated from lib/abi by scripts/gen/abi.py: edit the tables instead.
 * The only ways from a handle to an object: existence, kind and rights are checked in one step.
 * Objects begin with their struct object, so the pointer is the same. */
#pragma once

#include "gen/objects.h"
#include "kernel/handle.h"

struct job;

static inline ts_status_t job_from_handle(const struct handle_table *table, ts_handle_t value,
    ts_rights_t rights, struct job **job) {
    struct object *object = NULL;
    ts_status_t status = handle_lookup(table, value, TS_OBJECT_JOB, rights, &object);
    *job = (struct job *)object;
    return status;
}

static inline ts_status_t job_view_from_handle(const struct handle_table *table,
    ts_handle_t value, ts_rights_t rights, struct handle_view *view) {
    return handle_lookup_view(table, value, TS_OBJECT_JOB, rights, view);
}

struct process;

static inline ts_status_t process_from_handle(const struct handle_table *table, ts_handle_t value,
    ts_rights_t rights, struct process **process) {
    struct object *object = NULL;
    ts_status_t status = handle_lookup(table, value, TS_OBJECT_PROCESS, rights, &object);
    *process = (struct process *)object;
    return status;
}

static inline ts_status_t process_view_from_handle(const struct handle_table *table,
    ts_handle_t value, ts_rights_t rights, struct handle_view *view) {
    return handle_lookup_view(table, value, TS_OBJECT_PROCESS, rights, view);
}

struct thread;

static inline ts_status_t thread_from_handle(const struct handle_table *table, ts_handle_t value,
    ts_rights_t rights, struct thread **thread) {
    struct object *object = NULL;
    ts_status_t status = handle_lookup(table, value, TS_OBJECT_THREAD, rights, &object);
    *thread = (struct thread *)object;
    return status;
}

static inline ts_status_t thread_view_from_handle(const struct handle_table *table,
    ts_handle_t value, ts_rights_t rights, struct handle_view *view) {
    return handle_lookup_view(table, value, TS_OBJECT_THREAD, rights, view);
}

struct vmar;

static inline ts_status_t vmar_from_handle(const struct handle_table *table, ts_handle_t value,
    ts_rights_t rights, struct vmar **vmar) {
    struct object *object = NULL;
    ts_status_t status = handle_lookup(table, value, TS_OBJECT_VMAR, rights, &object);
    *vmar = (struct vmar *)object;
    return status;
}

static inline ts_status_t vmar_view_from_handle(const struct handle_table *table,
    ts_handle_t value, ts_rights_t rights, struct handle_view *view) {
    return handle_lookup_view(table, value, TS_OBJECT_VMAR, rights, view);
}

struct vmo;

static inline ts_status_t vmo_from_handle(const struct handle_table *table, ts_handle_t value,
    ts_rights_t rights, struct vmo **vmo) {
    struct object *object = NULL;
    ts_status_t status = handle_lookup(table, value, TS_OBJECT_VMO, rights, &object);
    *vmo = (struct vmo *)object;
    return status;
}

static inline ts_status_t vmo_view_from_handle(const struct handle_table *table,
    ts_handle_t value, ts_rights_t rights, struct handle_view *view) {
    return handle_lookup_view(table, value, TS_OBJECT_VMO, rights, view);
}

struct endpoint;

static inline ts_status_t endpoint_from_handle(const struct handle_table *table,
    ts_handle_t value, ts_rights_t rights, struct endpoint **endpoint) {
    struct object *object = NULL;
    ts_status_t status = handle_lookup(table, value, TS_OBJECT_ENDPOINT, rights, &object);
    *endpoint = (struct endpoint *)object;
    return status;
}

static inline ts_status_t endpoint_view_from_handle(const struct handle_table *table,
    ts_handle_t value, ts_rights_t rights, struct handle_view *view) {
    return handle_lookup_view(table, value, TS_OBJECT_ENDPOINT, rights, view);
}

struct reply;

static inline ts_status_t reply_from_handle(const struct handle_table *table, ts_handle_t value,
    ts_rights_t rights, struct reply **reply) {
    struct object *object = NULL;
    ts_status_t status = handle_lookup(table, value, TS_OBJECT_REPLY, rights, &object);
    *reply = (struct reply *)object;
    return status;
}

static inline ts_status_t reply_view_from_handle(const struct handle_table *table,
    ts_handle_t value, ts_rights_t rights, struct handle_view *view) {
    return handle_lookup_view(table, value, TS_OBJECT_REPLY, rights, view);
}

struct port;

static inline ts_status_t port_from_handle(const struct handle_table *table, ts_handle_t value,
    ts_rights_t rights, struct port **port) {
    struct object *object = NULL;
    ts_status_t status = handle_lookup(table, value, TS_OBJECT_PORT, rights, &object);
    *port = (struct port *)object;
    return status;
}

static inline ts_status_t port_view_from_handle(const struct handle_table *table,
    ts_handle_t value, ts_rights_t rights, struct handle_view *view) {
    return handle_lookup_view(table, value, TS_OBJECT_PORT, rights, view);
}

struct event;

static inline ts_status_t event_from_handle(const struct handle_table *table, ts_handle_t value,
    ts_rights_t rights, struct event **event) {
    struct object *object = NULL;
    ts_status_t status = handle_lookup(table, value, TS_OBJECT_EVENT, rights, &object);
    *event = (struct event *)object;
    return status;
}

static inline ts_status_t event_view_from_handle(const struct handle_table *table,
    ts_handle_t value, ts_rights_t rights, struct handle_view *view) {
    return handle_lookup_view(table, value, TS_OBJECT_EVENT, rights, view);
}

struct interrupt;

static inline ts_status_t interrupt_from_handle(const struct handle_table *table,
    ts_handle_t value, ts_rights_t rights, struct interrupt **interrupt) {
    struct object *object = NULL;
    ts_status_t status = handle_lookup(table, value, TS_OBJECT_INTERRUPT, rights, &object);
    *interrupt = (struct interrupt *)object;
    return status;
}

static inline ts_status_t interrupt_view_from_handle(const struct handle_table *table,
    ts_handle_t value, ts_rights_t rights, struct handle_view *view) {
    return handle_lookup_view(table, value, TS_OBJECT_INTERRUPT, rights, view);
}

struct resource;

static inline ts_status_t resource_from_handle(const struct handle_table *table,
    ts_handle_t value, ts_rights_t rights, struct resource **resource) {
    struct object *object = NULL;
    ts_status_t status = handle_lookup(table, value, TS_OBJECT_RESOURCE, rights, &object);
    *resource = (struct resource *)object;
    return status;
}

static inline ts_status_t resource_view_from_handle(const struct handle_table *table,
    ts_handle_t value, ts_rights_t rights, struct handle_view *view) {
    return handle_lookup_view(table, value, TS_OBJECT_RESOURCE, rights, view);
}

struct pager;

static inline ts_status_t pager_from_handle(const struct handle_table *table, ts_handle_t value,
    ts_rights_t rights, struct pager **pager) {
    struct object *object = NULL;
    ts_status_t status = handle_lookup(table, value, TS_OBJECT_PAGER, rights, &object);
    *pager = (struct pager *)object;
    return status;
}

static inline ts_status_t pager_view_from_handle(const struct handle_table *table,
    ts_handle_t value, ts_rights_t rights, struct handle_view *view) {
    return handle_lookup_view(table, value, TS_OBJECT_PAGER, rights, view);
}
