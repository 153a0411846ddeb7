/* SPDX-License-Identifier: MIT */
/* The first process. */
#pragma once

#include "abi/bootinfo.h"

/* Makes the first process from the boot archive. Panics with a clear message if it cannot. */
void init_start(const struct boot_info *bi);
