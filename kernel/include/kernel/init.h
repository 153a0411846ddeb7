/* SPDX-License-Identifier: MIT */
/* The first process, and the ways to end the kernel on purpose. */
#pragma once

#include "abi/bootinfo.h"

/* Makes the first process from the boot archive. Panics with a clear message if it cannot. */
void init_start(const struct boot_info *bi);

/* Debug builds: ends the kernel in the way that `crash=` on the command line names; otherwise does nothing. */
void crash_if_asked(const char *command_line);
