/* SPDX-License-Identifier: MIT */
/* Calls of the console (proto/console.h). A console that is restarted in the middle of a call is
 * called again. */
#pragma once

#include "abi/types.h"
#include "proto/console.h"

/* Writes at most TS_CONSOLE_TEXT_MAX bytes. */
ts_status_t ts_console_write(ts_handle_t console, const char *text, size_t length);

/* Reads a line, without its end, terminated. TS_CONSOLE_LINE_MAX bytes always suffice. */
ts_status_t ts_console_read_line(ts_handle_t console, const char *prompt, char *line, size_t size);
