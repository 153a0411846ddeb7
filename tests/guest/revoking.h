/* SPDX-License-Identifier: MIT */
/* D8: what a call answers while a revoke of its handle runs. */
#pragma once

#include "guest/check.h"

/* Makes something of the handle, in a child. When it succeeded, it must have undone what it did before it returns. */
typedef ts_status_t (*guest_derive)(ts_handle_t handle);

/* In a child, a thread revokes the handle's many descendants while another one derives: BAD_STATE, until the revoke is
 * over, and then success again. The handle moves to the child. */
void check_refused_while_revoked(guest_derive derive, ts_handle_t handle);
