/* SPDX-License-Identifier: MIT */
/*
 * Whether a call respects the ceilings of the job. Each check runs in a child, in a job of its own whose ceilings the
 * child lowers; so what is exhausted there is nobody else's.
 */
#pragma once

#include "guest/check.h"

/* Makes something, in the child; guest_self.extra is the handle that the check was given. When it succeeded, it must
 * have undone all that it did before it returns. */
typedef ts_status_t (*guest_maker)(void);

/* NO_MEMORY whatever part of what the call needs is not there; and a refusal charges nothing. `extra` moves to the
 * child. */
void check_memory_ceiling(guest_maker make, ts_handle_t extra);

/* NO_RESOURCES at the ceiling of this kind, which is set to what the child uses. */
void check_ceiling(guest_maker make, uint32_t kind, ts_handle_t extra);

/* Both, for a call that makes one handle. */
void check_ceilings(guest_maker make, ts_handle_t handle);
