/* SPDX-License-Identifier: MIT */
/* System call dispatch: what generated code, the dispatcher and the handlers share. */
#pragma once

#include "arch/usercopy.h"
#include "gen/handlers.h"
#include "kernel/handle.h"

/* `mutate=CALL[,STATUS]` on the command line of a debug build: that call is answered without doing it, for processes
 * of the job (or below it) that last armed the mutation. Null disarms. */
void syscall_set_mutation(const char *command_line);
void syscall_arm_mutation(const struct job *job);

/* Copies a name of at most TS_NAME_LENGTH-1 bytes; OUT_OF_RANGE, INVALID_ARGS. */
ts_status_t syscall_copy_name(uaddr_t name, size_t length, char *buffer);
