/* SPDX-License-Identifier: MIT */
/* Shared by the host tests of kernel/vm. */
#pragma once

#include "../../mm/test/support.h"
#include "kernel/sched.h"

/* Makes the machine and a task that runs on it. */
void vm_support_begin(void);
