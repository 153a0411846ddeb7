/* SPDX-License-Identifier: MIT */
/* What a process is given, and how it fetches that; and the services whose endpoints init keeps, so
 * that a server can die and come back without its clients' handles going stale. */
#pragma once

#include "init/task.h"

/* Collects the handles of a task that is about to start. Takes vmar in any case. What was collected
 * before a failure is closed with the task. Also adds a driver's arguments. */
ts_status_t grants_make(struct task *task, const struct manifest_entry *entry, ts_handle_t vmar,
                        ts_handle_t thread);

/* Answers GET (proto/bootstrap.h): the next handles go into the message. */
void grants_fetch(struct task *task, struct ts_message *message);

/* Makes an endpoint for every service that the manifest's servers provide. */
ts_status_t services_make(void);

/* A handle to call the service with, for the client of this id. NOT_FOUND. */
ts_status_t service_connect(const char *name, uint64_t client, ts_handle_t *handle);

/* Whether everybody may look it up. */
bool service_is_public(const char *name);
