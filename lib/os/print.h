/* SPDX-License-Identifier: MIT */
/*
 * Text output to the console that the program was given; without one to the kernel's log if the
 * program may write that, else to nowhere. Lines are collected and written whole. One thread of a
 * program prints, or its threads take turns by their own means.
 */
#pragma once

#include <stdarg.h>

#include "abi/types.h"

/* Formats as base/format.h; at most 511 bytes at a time. */
void ts_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void ts_print_bytes(const char *text, size_t length);
void ts_print_flush(void);

/* One line for the kernel's log, if the program has the "log" resource. */
void ts_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "NOT_FOUND" and the like; "?" for a number that is no status. */
const char *ts_status_name(ts_status_t status);
