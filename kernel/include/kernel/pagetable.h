/* SPDX-License-Identifier: MIT */
/*
 * Page tables: one walker for every format (formats/<f>.h), with 4 KiB, 2 MiB and 1 GiB leaves everywhere.
 * Callers hold the lock that protects the table (an address space's, or the kernel's); the walker takes none, does
 * not sleep, and does not flush: what must be flushed it collects in struct pt_flush, and the caller flushes before
 * it frees or reuses anything, or calls pagetable_flush().
 */
#pragma once

#include "abi/types.h"
#include "arch/mmu.h"

/* Permissions and memory type of a leaf. W and X together are refused (INVALID_ARGS), as is W without R. */
enum pt_flags {
    PT_READ = 1,
    PT_WRITE = 2,
    PT_EXECUTE = 4,
    PT_USER = 8,
    PT_GLOBAL = 16,
    PT_ACCESSED = 32, /* reported by query; set in new leaves unless the format traps on them */
    PT_DIRTY = 64,
    PT_TYPE_SHIFT = 8,
    PT_TYPE_CACHED = 0 << 8,
    PT_TYPE_UNCACHED = 1 << 8,
    PT_TYPE_DEVICE = 2 << 8,
    PT_TYPE_WRITE_COMBINING = 3 << 8,
    PT_TYPE_WRITE_THROUGH = 4 << 8,
    PT_TYPE_MASK = 7 << 8,
};

#define PT_SIZE_4K ((size_t)1 << 12)
#define PT_SIZE_2M ((size_t)1 << 21)
#define PT_SIZE_1G ((size_t)1 << 30)

struct pt_format; /* formats/format.h */

struct pagetable {
    const struct pt_format *format;
    uint64_t root;      /* physical */
    uint32_t asid;      /* for flushes */
    uint64_t cpus;      /* CPUs that may hold translations: set at switch, atomic */
    uint64_t table_count; /* page-table frames, root included */
};

/* What was made invalid or weaker and is not flushed yet. */
struct pt_flush {
    uint64_t start, end;      /* hull; start == end: nothing */
    struct list_node tables;  /* page-table frames to free after the flush */
};

struct pt_mapping {
    uint64_t pa;      /* of the byte asked for */
    size_t size;      /* of the leaf: 4 KiB, 2 MiB or 1 GiB */
    uint32_t flags;   /* enum pt_flags */
};

/* An empty table. upper: a table whose upper half is copied (kernel root), or 0. NO_MEMORY. */
ts_status_t pagetable_new(struct pagetable *pt, const struct pt_format *format, uint64_t upper);

/* Frees all tables below the root's lower half (and the root); leaves are not freed. No CPU uses the table. */
void pagetable_destroy(struct pagetable *pt);

void pt_flush_init(struct pt_flush *flush);
/* Flushes what was collected on pt->cpus, then frees the collected tables. */
void pagetable_flush(struct pagetable *pt, struct pt_flush *flush);

/* One leaf of `size`. va and pa aligned to it, else INVALID_ARGS. ALREADY_EXISTS if any byte is mapped, NO_MEMORY
 * (nothing changed). */
ts_status_t pagetable_map(struct pagetable *pt, uint64_t va, uint64_t pa, size_t size, uint32_t flags);

/* [va, va+length), page aligned, with the largest leaves that alignment allows. All or nothing. */
ts_status_t pagetable_map_range(struct pagetable *pt, uint64_t va, uint64_t pa, uint64_t length, uint32_t flags);

/* Removes every leaf in the range; leaves that only partly lie in it are split first (NO_MEMORY: nothing changed).
 * Holes are skipped. Tables that become empty are collected for freeing. */
ts_status_t pagetable_unmap_range(struct pagetable *pt, uint64_t va, uint64_t length, struct pt_flush *flush);

/* One leaf, at its exact start; NOT_FOUND otherwise. */
ts_status_t pagetable_unmap(struct pagetable *pt, uint64_t va, size_t size, struct pt_flush *flush);

/* Changes permissions of what is mapped in the range; holes are skipped; partial large leaves are split. */
ts_status_t pagetable_protect(struct pagetable *pt, uint64_t va, uint64_t length, uint32_t flags,
                              struct pt_flush *flush);

/* NOT_FOUND for a hole. */
ts_status_t pagetable_query(const struct pagetable *pt, uint64_t va, struct pt_mapping *mapping);

/* Physical address of a byte, if `access` (PT_READ/WRITE/EXECUTE/USER) is permitted: NOT_FOUND, ACCESS_DENIED. */
ts_status_t pagetable_translate(const struct pagetable *pt, uint64_t va, uint32_t access, uint64_t *pa);

/* Splits the large leaf that covers va one level down; every byte keeps its mapping and permissions. Follows
 * break-before-make where the format asks for it. BAD_STATE: not a large leaf. */
ts_status_t pagetable_split_large_page(struct pagetable *pt, uint64_t va, struct pt_flush *flush);

/* Replaces a full table of 512 contiguous leaves with equal flags below va by one leaf. BAD_STATE: not possible. */
ts_status_t pagetable_promote(struct pagetable *pt, uint64_t va, size_t size, struct pt_flush *flush);

/* Physical address of the root. */
uint64_t pagetable_phys(const struct pagetable *pt);

/* Calls visit for each leaf in address order; stops at the first false. */
typedef bool (*pagetable_visit)(void *context, uint64_t va, const struct pt_mapping *mapping);
void pagetable_walk(const struct pagetable *pt, uint64_t start, uint64_t end, pagetable_visit visit, void *context);
