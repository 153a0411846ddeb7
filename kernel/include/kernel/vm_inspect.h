/* SPDX-License-Identifier: MIT */
/*
 * Virtual memory as records for system_inspect (lib/abi/inspect.h). Each call fills at most `room` records from
 * *position on, which moves to where to go on, or to INSPECT_END; how many. They may sleep and have preemption points;
 * the caller holds a reference, and no lock.
 */
#pragma once

#include "abi/inspect.h"
#include "kernel/vmar.h"

#define INSPECT_END UINT64_MAX

/* Of a process that is referenced, too. */
unsigned inspect_maps(struct address_space *space, uint64_t *position, struct ts_inspect_map *records, unsigned room);
unsigned inspect_pages(struct vmo *vmo, uint64_t *position, struct ts_inspect_page *records, unsigned room);
unsigned inspect_family(struct vmo *vmo, uint64_t *position, struct ts_inspect_vmo *records, unsigned room);
void inspect_count_vmos(uint64_t *vmos, uint64_t *families);
