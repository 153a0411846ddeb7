/* SPDX-License-Identifier: MIT */
/* Taking a line apart: commands between semicolons, words between blanks, with "double quotes"
 * around what belongs together. Pure; works in place. */
#pragma once

#include "abi/types.h"

#define COMMAND_WORDS_MAX 20

/* Cuts the next command off *rest and returns it; null at the end. */
char *command_next(char **rest);

/* Cuts a command into words and returns their number; -1 if there are too many or a quote is not
 * closed. words has room for COMMAND_WORDS_MAX + 1; the last one is followed by null. */
int command_words(char *command, char **words);
