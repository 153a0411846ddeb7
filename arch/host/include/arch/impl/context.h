/* SPDX-License-Identifier: MIT */
/* The build machine: tasks are not switched there, so registers have no state. */
#pragma once

#include "abi/types.h"

struct arch_frame;

struct arch_context {
    struct arch_frame *frame;
};
