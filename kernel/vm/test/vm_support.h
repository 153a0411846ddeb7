/* SPDX-License-Identifier: MIT */
/* Shared by the host tests of kernel/vm. */
#pragma once

#include "../../mm/test/support.h"
#include "kernel/account.h"
#include "kernel/sched.h"

/* Makes the machine and a task that runs on it. */
void vm_support_begin(void);

/* Another ceiling, also a higher one. */
void support_set_ceiling(struct account *account, enum ts_job_ceiling kind, uint64_t value);
