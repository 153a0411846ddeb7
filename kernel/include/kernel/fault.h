/* SPDX-License-Identifier: MIT */
/*
 * Page faults, and copies from and to user memory that may meet them. All of these may sleep: the caller holds
 * references to what it uses, and no lock.
 */
#pragma once

#include "arch/upcall.h"
#include "arch/usercopy.h"
#include "kernel/vmar.h"

/* Makes an access (enum fault_access) possible. NOT_FOUND: nothing is mapped there; ACCESS_DENIED; OUT_OF_RANGE: beyond
 * the VMO's end; NO_MEMORY; what a pager answers instead of a page; CANCELED: killed while it waited for one. */
ts_status_t fault_resolve(struct address_space *space, uint64_t address, uint32_t access);

/* After arch_copy_from_user() or arch_copy_to_user() of the running thread failed: true if it was by a fault, which is
 * resolved now, so that the copy may be tried again. task->copy_access is 0 before the copy. */
bool fault_resolve_copy(void);

/* As arch_copy_from_user() and arch_copy_to_user(), bringing in the pages that are needed. INVALID_ARGS. */
ts_status_t user_copy_in(void *destination, uaddr_t source, size_t size);
ts_status_t user_copy_out(uaddr_t destination, const void *source, size_t size);
