/* SPDX-License-Identifier: MIT */
/* Shared by the files of this room. Locks: the address space's, unless said otherwise. */
#pragma once

#include "kernel/vmar.h"

ts_status_t vmar_new_root(struct address_space *space, uint64_t base, uint64_t size, struct vmar **root);
void address_space_reference(struct address_space *space);

/* No region of the range touches [base, base+size), which lies inside it. */
bool space_range_is_free(const struct vmar *vmar, uint64_t base, uint64_t size);

/* A page-aligned place for `size` bytes; false: none. */
bool space_find_room(const struct vmar *vmar, uint64_t size, uint64_t *base);
