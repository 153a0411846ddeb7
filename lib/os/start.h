/* SPDX-License-Identifier: MIT */
/*
 * What a program was given when it started: handles by name, and arguments. crt0 collects them
 * before main() runs.
 *
 * Every program has "process", "thread", "vmar", "job", "time", and "init" (proto/bootstrap.h,
 * proto/process.h). What else there is stands in the system manifest: "console", "endpoint" (a
 * server's own, to receive from), services by their name, resources by theirs, a driver's
 * "registers", "ports", "interrupt".
 */
#pragma once

#include "abi/types.h"

/* A handle by its name, 0 if the program was not given it. The caller may close it or send it away.
 */
ts_handle_t ts_startup_handle(const char *name);

/* For the first process, which is given plain values too: 0 if there is none. */
uint64_t ts_startup_value(const char *name);

/* What follows "key=" in the first argument that begins so; null if there is none. */
const char *ts_argument(const char *key);

/* The same as a number, decimal or with 0x; `otherwise` if it is absent or no number. */
uint64_t ts_argument_number(const char *key, uint64_t otherwise);

/* Decimal, or hexadecimal with 0x; all of the text must be the number. */
bool ts_number_parse(const char *text, uint64_t *number);

/* A handle to call a public service, looked up by its name. */
ts_status_t ts_service_find(const char *name, ts_handle_t *service);

/* Ends the program after writing out what was printed. */
_Noreturn void ts_exit(int64_t code);

/* Every program has one. argv[argc] is null. */
int main(int argc, char **argv);
