/* SPDX-License-Identifier: MIT */
/*
 * Address spaces and the ranges in them. One sleeping lock per address space protects its regions; what it protects
 * may be long, so it has preemption points inside. The page table has a spinning lock of its own, because VMOs take
 * pages away from mappings without the space's lock.
 */
#pragma once

#include "base/tree.h"
#include "kernel/handle.h"
#include "kernel/vmo.h"

struct address_space {
    struct mutex lock;
    struct spinlock table_lock; /* LOCK_VMAR: table, charged_tables */
    struct pagetable table;
    bool accessed_cleared;      /* CPUs may remember translations whose accessed bits were cleared; table_lock */
    struct account *account; /* pays for mappings and page tables */
    struct vmar *root;
    struct mapping *recent;  /* made last, or where the last fault was; null: it is gone. Space lock */
    struct mapping *spare;   /* atomic: freed last, and kept for the next; null: none */
    uint32_t references;     /* atomic: VMARs and the process */
    uint64_t charged_tables; /* page-table frames that the account pays for */
    bool tables_refused;     /* the account was at a ceiling. Until a fault looks; space lock */
    struct list_node retired; /* in the list of those to be taken apart */
};

/* A mapping or a sub-range, in its parent's tree by base. */
struct region {
    struct tree_node node;
    uint64_t base, size;
    struct vmar *parent;
    bool is_vmar;
};

enum mapping_state {
    MAPPING_NEW,
    MAPPING_PLACED,  /* in its range's tree */
    MAPPING_REVOKED, /* before it was placed */
    MAPPING_GONE,    /* out of the tree */
};

struct mapping {
    struct region region;
    struct vmo *vmo;        /* referenced */
    struct list_node view_link; /* in the view's mappings; family lock */
    uint64_t vmo_offset;
    uint32_t permissions;   /* TS_VMAR_READ/WRITE/EXECUTE now */
    uint32_t allowed;       /* at most, by the handles it was made with */
    struct address_space *space;
    struct dependent dependent; /* on the VMO handle that it was made with (D4) */
    bool held;              /* a revoke has taken it: who unmaps it does not free it. Space lock and tree lock */
    uint8_t state;          /* enum mapping_state, space lock */
};

struct vmar {
    struct object object;
    struct region region;
    struct address_space *space; /* referenced */
    struct tree children;
    uint64_t window;             /* where small mappings are placed now; 0: nowhere yet. Space lock */
    uint32_t can_map;            /* TS_VMAR_CAN_MAP_ bits */
    bool destroyed;              /* protected by the space's lock */
};

/* An empty address space with its root range; two references: the caller's to the space (in the process), and the
 * one in *root, which is the caller's too. */
ts_status_t address_space_new(struct account *account, struct address_space **space, struct vmar **root);
void address_space_release(struct address_space *space);
/* The process's references to space and root range go. Any context: what is still mapped is undone by a kernel task. */
void address_space_retire(struct address_space *space);
/* Makes that task. Boot CPU. */
void address_space_init(void);

/* All functions below may sleep and have preemption points: the caller holds references to what it passes.
 * rights: of the handles that were used; they limit what mappings may permit. */
ts_status_t vmar_allocate(struct vmar *parent, ts_rights_t rights, uint32_t options, uint64_t offset, uint64_t size,
                          struct vmar **child, uint64_t *address);
ts_status_t vmar_destroy(struct vmar *vmar);
/* One of TS_VMO_OP_ on the VMOs that are mapped in the range (M16). BAD_STATE: not all of it is mapped. */
ts_status_t vmar_op_range(struct vmar *vmar, uint32_t op, uint64_t address, uint64_t size);

/* What the next three use need only have been looked up: they keep it before anything sleeps. A revocation of the VMO's
 * handle unmaps. */
ts_status_t vmar_map(struct vmar *vmar, const struct handle_view *vmar_view, uint32_t options, uint64_t offset,
                     struct vmo *vmo, const struct handle_view *vmo_view, uint64_t vmo_offset, uint64_t size,
                     uint64_t *address);
ts_status_t vmar_unmap(struct vmar *vmar, uint64_t address, uint64_t size);
ts_status_t vmar_protect(struct vmar *vmar, const struct handle_view *view, uint32_t options, uint64_t address,
                         uint64_t size);

/* For the kernel's own mappings: all rights, and no handle. */
extern const struct handle_view vmar_no_handle;
