/* SPDX-License-Identifier: MIT */
/* The shell's commands. Each returns whether it did what it says; if not, it printed a line that
 * begins `error: `. */
#pragma once

#include "abi/types.h"

struct shell_command {
    const char *name;
    const char *usage; /* what may follow the name */
    const char *help;
    bool (*run)(int count, char **words);
};

extern const struct shell_command
    shell_process_commands[]; /* processes.c; all end with a null name */
extern const struct shell_command shell_machine_commands[]; /* machine.c */
extern const struct shell_command shell_memory_commands[];  /* memory.c */

/* The command `audit`. */
bool shell_audit(int count, char **words);

/* Prints the error line; returns false, so that a command can end with it. */
bool shell_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
