/* SPDX-License-Identifier: MIT */
/* The only way to user memory. Never faults: answers TS_OK or TS_ERR_INVALID_ARGS (part may have been copied). */
#pragma once

#include "abi/types.h"

typedef uint64_t uaddr_t; /* an address of user mode, never dereferenced */

/* Any range is allowed as argument: what is not wholly below ARCH_USER_TOP is refused. Interrupts stay off; a fault
 * inside goes to kernel_fault() with in_user_copy set. */
ts_status_t arch_copy_from_user(void *destination, uaddr_t source, size_t size);
ts_status_t arch_copy_to_user(uaddr_t destination, const void *source, size_t size);
