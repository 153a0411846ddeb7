/* SPDX-License-Identifier: MIT */
/* Calls of init's process service (proto/process.h), by the program's own "init" handle. */
#pragma once

#include "abi/types.h"
#include "proto/process.h"

/* Starts a program of the boot archive. arguments: terminated strings one after the other, its name
 * first. */
ts_status_t ts_program_spawn(const char *arguments, size_t length, uint64_t *id);

/* Waits until a spawned program has ended. */
ts_status_t ts_program_wait(uint64_t id, int64_t *exit_code);

ts_status_t ts_program_kill(uint64_t id);

/* The index-th server or program; NOT_FOUND at the end. */
ts_status_t ts_program_list(uint64_t index, struct ts_process_entry *entry);

/* A handle to look at the process with. */
ts_status_t ts_program_open(uint64_t id, ts_handle_t *process);

ts_status_t ts_program_find(const char *name, uint64_t *id);
ts_status_t ts_server_stop(const char *name);
ts_status_t ts_server_start(const char *name);
