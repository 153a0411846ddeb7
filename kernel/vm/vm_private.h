/* SPDX-License-Identifier: MIT */
/* Shared by the files of this room. Locks: the address space's, unless said otherwise. */
#pragma once

#include "kernel/vmar.h"

ts_status_t vmar_new_root(struct address_space *space, uint64_t base, uint64_t size, struct vmar **root);
void address_space_reference(struct address_space *space);

/* No region of the range touches [base, base+size), which lies inside it. */
bool space_range_is_free(const struct vmar *vmar, uint64_t base, uint64_t size);

/* A page-aligned place for `size` bytes; false: none. */
bool space_find_room(struct vmar *vmar, uint64_t size, uint64_t *base);

/* A tag for a new space; PT_ASID_SHARED when all are taken. */
uint32_t asid_allocate(void);
/* No CPU runs in the space any more; `cpus` did. */
void asid_release(uint32_t asid, uint64_t cpus);

/* Page tables are memory of the space's account: charges what came, ends the charge of what went. NO_MEMORY: nothing
 * was charged. */
ts_status_t space_charge_tables(struct address_space *space);
