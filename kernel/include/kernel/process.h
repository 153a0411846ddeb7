/* SPDX-License-Identifier: MIT */
/* What generated dispatch needs of processes. */
#pragma once

#include "kernel/task_tree.h"

static inline struct handle_table *process_handles_current(void) {
    return &process_current()->handles;
}
