/* SPDX-License-Identifier: MIT */
/*
 * Swap: memory that no pager fills leaves memory all the same, by way of a VMO that a pager made for it. Its page n is
 * slot n. A page that is evicted moves there, dirty, and the words that pointed to it point to the slot; the pager (the
 * swap server) writes it back, and then it is dropped. A page that is wanted again moves back from there, and is asked
 * for if it is not there any more. So all that pagers do is done as for any other VMO, and what is still on its way out
 * comes back without the pager.
 *
 * The swap VMO's family lock is taken last of all family locks. It protects slots and their pages; `shares` of a slot is
 * protected by the lock of the family that its page comes from. While a slot is in use, its payer stays: the payer
 * counts the slot, and nobody counts the page of it.
 */
#pragma once

#include "kernel/reclaim.h"
#include "kernel/vmo.h"

#define SWAP_SLOTS_MAX ((uint64_t)1 << 20)

/* Makes a VMO that a pager made a swap VMO, or finds that it is one, and references it. INVALID_ARGS (not made by a
 * pager, resizable, or its pager wants to be asked before writes), BAD_STATE (it is in use otherwise), OUT_OF_RANGE,
 * NO_MEMORY. No lock held. */
ts_status_t swap_attach(struct vmo *vmo, struct swap_space **space);
void swap_detach(struct swap_space *space);

/* At the end of its VMO. Preemption points. */
void swap_space_free(struct swap_space *space);

/* Bytes that its VMO's account is charged for it. */
size_t swap_space_size(const struct swap_space *space);

/* Whether its pager still answers. */
bool swap_is_served(const struct swap_space *space);

/* Moves a page that views of the family show to a slot: first a slot for it, which is not free any more, then, when it is
 * mapped nowhere, the page. NO_RESOURCES: there is no slot, or the payer's ceiling. Family lock held. */
ts_status_t swap_reserve(struct swap_space *space, const struct family *family, struct frame *frame,
                         struct swap_slot **slot);
void swap_out(struct swap_slot *slot, struct family *family, struct frame *frame);

/* The slot's page moves back to where it was. OK: look again. SHOULD_WAIT: `wait` has to be finished. Otherwise the
 * error of page_source_ask(). Lock of the family that the slot's page comes from held. */
ts_status_t swap_in(struct family *family, struct swap_slot *slot, struct page_wait *wait);

/* --- of a swap VMO's own view; its family lock held --- */

/* The pager supplies a page: it is taken if somebody waits for it. The lock of `from` is held too. SHOULD_WAIT: swap has
 * the page, this one or another; so it is asked for with the lock of `from` alone. */
ts_status_t swap_supply(struct view *view, uint64_t number, struct view *from, uint64_t from_page);

/* A page is where the pager keeps it: it is dropped. It is aside in its domain. */
void swap_drop(struct view *view, uint64_t number);

/* The slot that a page of the view belongs to; null: it is not in use. */
struct swap_slot *swap_slot_of(const struct view *view, uint64_t number);
