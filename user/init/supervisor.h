/* SPDX-License-Identifier: MIT */
/* Keeps the servers running: starts them in order, and again when they end, as their policy says.
 */
#pragma once

#include "init/task.h"

/* Starts all servers of the manifest. */
void supervisor_start(void);

/* A process has ended. */
void supervisor_ended(uint64_t id);

/* Starts what is due. Called at the deadline that was set with the server loop. */
void supervisor_expired(void);

/* STOP and START of proto/process.h. */
ts_status_t supervisor_stop(const char *name);
ts_status_t supervisor_restart(const char *name);
