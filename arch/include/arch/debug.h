/* SPDX-License-Identifier: MIT */
/* What a panic needs. All of it works in any context and takes no lock. */
#pragma once

#include "abi/types.h"

struct arch_frame;

/* Appends text to the debug console; the kernel passes its own printf. */
typedef void (*arch_print)(const char *format, ...) __attribute__((format(printf, 1, 2)));

void arch_frame_dump(const struct arch_frame *frame, arch_print print);

/* Calls visit for each return address, innermost first, at most 32: of frame's context, or of the caller if frame
 * is null. Reads only addresses that it has checked to be on a mapped kernel stack. */
void arch_backtrace(const struct arch_frame *frame, void (*visit)(uint64_t ip));
