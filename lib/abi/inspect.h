/* SPDX-License-Identifier: MIT */
/*
 * What system_inspect reads: arrays of records about virtual memory, for whoever looks for a fault. `next` is where to
 * go on, given as `start`; 0: there is no more. Between two calls everything may have changed.
 */
#pragma once

#include "abi/types.h"

enum ts_inspect_topic {
    TS_INSPECT_TRANSLATE = 0, /* object: koid of a process, 0: the kernel; start: an address. struct ts_inspect_entry,
                               * from the root table down to the entry that ends the walk */
    TS_INSPECT_TABLES = 1,    /* object: the same; start: 0. struct ts_inspect_entry: all that are not empty, tables
                               * before what is below them */
    TS_INSPECT_ROOT = 2,      /* object: physical address of a root table; the same records */
    TS_INSPECT_MAPS = 3,      /* object: koid of a process; start: an address. struct ts_inspect_map */
    TS_INSPECT_PAGES = 4,     /* object: koid of a VMO; start: page. struct ts_inspect_page: those that are there */
    TS_INSPECT_FAMILY = 5,    /* object: koid of a VMO; start: 0. struct ts_inspect_vmo: it and those that share pages
                               * with it by snapshots, oldest first */
    TS_INSPECT_COUNTS = 6,    /* one struct ts_inspect_counts */
};

enum ts_inspect_entry_kind {
    TS_ENTRY_EMPTY = 0,
    TS_ENTRY_TABLE = 1,
    TS_ENTRY_LEAF = 2,
    TS_ENTRY_BROKEN = 3, /* points to a table that is none */
};

/* Of leaves. */
#define TS_ENTRY_READ     (1u << 0)
#define TS_ENTRY_WRITE    (1u << 1)
#define TS_ENTRY_EXECUTE  (1u << 2)
#define TS_ENTRY_USER     (1u << 3)
#define TS_ENTRY_GLOBAL   (1u << 4)
#define TS_ENTRY_ACCESSED (1u << 5)
#define TS_ENTRY_DIRTY    (1u << 6)
#define TS_ENTRY_TYPE(flags) ((flags) >> 8 & 7) /* enum ts_cache_policy, where the format tells it */

struct ts_inspect_entry {
    uint64_t va;    /* first address that it stands for */
    uint64_t size;  /* bytes that it stands for */
    uint64_t table; /* physical address of the table that it is in */
    uint64_t value; /* as it is in memory */
    uint64_t pa;    /* where it points to */
    uint32_t flags; /* TS_ENTRY_ */
    uint16_t level; /* 0: of 4 KiB */
    uint16_t kind;  /* enum ts_inspect_entry_kind */
};

struct ts_inspect_map {
    uint64_t base;
    uint64_t size;
    uint64_t offset; /* in the VMO */
    uint64_t present; /* pages that the VMO has there */
    ts_koid_t vmo;
    uint32_t permissions; /* TS_VMAR_READ, WRITE, EXECUTE */
    uint32_t depth;       /* of ranges around it, the process's own is 1 */
    char name[TS_NAME_LENGTH]; /* of the VMO */
};

#define TS_PAGE_STATE_SHARED (1u << 0) /* another VMO sees it too */
#define TS_PAGE_STATE_COPY   (1u << 1) /* a write would copy it */
#define TS_PAGE_STATE_PINNED (1u << 2) /* it stays where it is */
#define TS_PAGE_STATE_ZERO   (1u << 3) /* zeros without a page: pa is 0 */
#define TS_PAGE_STATE_SWAPPED (1u << 5) /* swap has it: pa is 0 */
#define TS_PAGE_STATE_DIRTY  (1u << 4) /* of memory that a pager fills: it was written since it was written back */

struct ts_inspect_page {
    uint64_t page; /* number in the VMO */
    uint64_t pa;
    uint32_t state;  /* TS_PAGE_STATE_ */
    uint32_t shares; /* words of trees that point to it */
};

struct ts_inspect_vmo {
    ts_koid_t koid;
    ts_koid_t parent; /* 0: none, or gone */
    uint64_t first;   /* where its first page is in the family's numbers */
    uint64_t pages;   /* its size */
    uint64_t present; /* pages that it sees */
    uint64_t mappings;
    uint32_t pins;
    uint32_t handles; /* 0: only mappings, slices or the kernel keep it */
    char name[TS_NAME_LENGTH];
};

struct ts_inspect_counts {
    uint64_t frames_free;
    uint64_t frames_boot;
    uint64_t frames_kernel;
    uint64_t frames_tables;
    uint64_t frames_vmo;
    uint64_t vmos;
    uint64_t families; /* of VMOs that share pages; one alone counts */
};
