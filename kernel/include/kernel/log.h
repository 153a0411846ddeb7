/* SPDX-License-Identifier: MIT */
/* The kernel's log: a ring of lines, and the debug console until user space has one. */
#pragma once

#include "abi/types.h"

struct boot_uart;

/* Attaches the debug console; before this, lines only enter the ring. */
void log_init(const struct boot_uart *uart);

/* One line; a newline is added. Any context. Goes to the ring, and to the UART while that is the kernel's. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From now on the UART is user space's: lines go to the ring only (until a panic). */
void log_release_console(void);

/* Text to the UART whatever its owner, for panics. */
void log_emergency(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Bytes that the kernel wrote to the UART since log_release_console(). */
uint64_t log_console_bytes_after_release(void);

/* Copies text of the ring from position *position (a byte count since boot) into buffer; advances *position.
 * Returns the bytes copied, 0 at the end. What was overwritten is skipped. */
size_t log_read(uint64_t *position, char *buffer, size_t size);

#ifndef CONFIG_DEBUG
#define CONFIG_DEBUG 0
#endif

/* Tells the programmer of a refused call why; debug builds only. */
#define user_error(...)                                                                            \
    do {                                                                                           \
        if (CONFIG_DEBUG) {                                                                        \
            log_user_error(__VA_ARGS__);                                                           \
        }                                                                                          \
    } while (0)
void log_user_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
