/* SPDX-License-Identifier: MIT */
/* Text formatting: %d %i %u %x %X %c %s %p %%, with l, ll, z, j, t, h, width, precision of
 * strings, - and 0. */
#pragma once

#include <stdarg.h>

#include "abi/types.h"

/* Writes at most size bytes, always terminated if size > 0. Returns the length that the whole text has. */
size_t format_va(char *buffer, size_t size, const char *format, va_list arguments);
size_t format_text(char *buffer, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
