/* SPDX-License-Identifier: MIT */
/* What the rest of this room tells reclaim of the pages of source views. */
#pragma once

#include "kernel/reclaim.h"
#include "kernel/vmo.h"

/* A page is missing, and will come: makes room for it. No lock held; has preemption points. `miss` is for
 * reclaim_enter(). False: there is no domain, and nothing happened. */
bool reclaim_make_room(struct family *family, uint64_t index, struct reclaim_miss *miss);

/* A page of the family's source view has come; `miss` is null if nobody asked for it. Family lock held. */
void reclaim_enter(struct frame *frame, const struct reclaim_miss *miss);

/* The page is about to be freed, or is no page of a source view any more. Family lock held, or nobody can reach it. */
void reclaim_leave(struct frame *frame);

/* A call read or wrote the page. Family lock held. */
void reclaim_note_access(struct frame *frame);

/* The page was written back: it may be a victim again. Family lock held. */
void reclaim_note_clean(struct frame *frame);
