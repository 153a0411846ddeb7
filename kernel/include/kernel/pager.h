/* SPDX-License-Identifier: MIT */
/*
 * Pagers: programs that fill VMOs. A pager's VMO has a page source (kernel/page_source.h) that sends its requests to a
 * port as packets, one at a time, from memory of its own; so a request cannot fail for want of anything.
 */
#pragma once

#include "kernel/port.h"
#include "kernel/vmo.h"

struct pager {
    struct object object;
    struct spinlock lock;     /* LOCK_PAGER */
    struct list_node sources; /* of VMOs that it may still be asked for pages of */
    bool closed;              /* the last handle is gone */
};

/* NO_MEMORY. */
ts_status_t pager_create(struct account *account, struct pager **pager);

/* options: TS_VMO_RESIZABLE, TS_VMO_TRAP_DIRTY. INVALID_ARGS, OUT_OF_RANGE, NO_MEMORY; BAD_HANDLE: the pager's or the
 * port's last handle went meanwhile. The caller holds references. */
ts_status_t pager_create_vmo(struct pager *pager, struct account *account, uint32_t options, struct port *port,
                             uint64_t key, uint64_t size, struct vmo **vmo);

/* Whether the pager made this VMO, and not a clone or slice of it (G13). */
bool pager_has_vmo(const struct pager *pager, const struct vmo *vmo);

/* What waits fails, and what comes; the last packet is COMPLETE (G6). */
void pager_detach_vmo(struct vmo *vmo);

/* A VMO that nobody got to know: its end is not reported. */
void pager_forget_vmo(struct vmo *vmo);
