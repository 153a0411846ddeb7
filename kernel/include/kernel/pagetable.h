/* SPDX-License-Identifier: MIT */
/*
 * Page tables: one walker for every format (formats/<f>.h), with 4 KiB, 2 MiB and 1 GiB leaves everywhere.
 * Callers hold the lock that protects the table (an address space's, or the kernel's); the walker takes none, does
 * not sleep, and leaves flushing to its caller: what must be flushed it collects in struct pt_flush, and the caller
 * calls pagetable_flush() before it frees or reuses anything. Only break-before-make and the undoing of a failed
 * map_range flush at once. Entries are read and written whole, so hardware may walk the table meanwhile.
 */
#pragma once

#include "abi/types.h"
#include "arch/mmu.h"
#include "base/list.h"
#include "formats/format.h"

#define PT_SIZE_4K ((size_t)1 << 12)
#define PT_SIZE_2M ((size_t)1 << 21)
#define PT_SIZE_1G ((size_t)1 << 30)

/* The tag of spaces that have none of their own: whoever switches to one forgets it first. */
#define PT_ASID_SHARED (((uint32_t)1 << ARCH_ASID_BITS) - 1)

struct frame;

struct pagetable {
    const struct pt_format *format;
    uint64_t root;      /* physical */
    uint32_t asid;      /* for flushes */
    uint64_t cpus;      /* CPUs that may hold translations: set at switch, atomic */
    uint64_t table_count; /* page-table frames, root included */
    struct pt_leaf {      /* what was made last without and with WRITE: making it takes longer than walking */
        uint32_t flags;
        uint64_t attributes;
    } made[2];
    uint64_t recent_number; /* the table of 4 KiB pages that was used last: va / 2 MiB + 1; 0: it is gone */
    uint64_t *recent_slots;
    struct frame *recent_frame;
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

/* Frees all tables and the root, but not what a root shares with its `upper`; leaves are not freed. No CPU uses the
 * table. */
void pagetable_destroy(struct pagetable *pt);

/* Makes a table for every empty root entry of [va, va+length), and keeps the tables there even when they are empty.
 * For the kernel's table, before the first process copies its upper half: root entries that change later are not
 * seen by the copies. NO_MEMORY: some are made, which does no harm. */
ts_status_t pagetable_populate_roots(struct pagetable *pt, uint64_t va, uint64_t length);

/* True: software manages the accessed and dirty bits (boot option adbits=soft). New leaves are made without them, and
 * the first access and the first write fault, to be resolved by pagetable_touch(). Set before the first mapping. */
extern bool pagetable_soft_ad;

/* The highest level of the leaves that pagetable_map_range() makes: lower where the CPU has no 1 GiB pages. Set before
 * the first mapping. */
extern unsigned pagetable_range_level;

void pt_flush_init(struct pt_flush *flush);
/* Flushes what was collected on pt->cpus, then frees the collected tables. */
void pagetable_flush(struct pagetable *pt, struct pt_flush *flush);

/* All of these refuse with INVALID_ARGS: a range that is empty, misaligned, outside the format's addresses or across
 * its two ranges, and flags that W^X, a missing R, or an unknown memory type forbids. */

/* One leaf of `size`. va and pa aligned to it, else INVALID_ARGS. ALREADY_EXISTS if any byte is mapped, NO_MEMORY
 * (nothing changed). */
ts_status_t pagetable_map(struct pagetable *pt, uint64_t va, uint64_t pa, size_t size, uint32_t flags);

/* One 4 KiB page, where nothing is mapped or another 4 KiB page, which it takes the place of on all CPUs; if that is
 * the same and permits the access (PT_ flags), it stays, as in pagetable_touch(), or as it is if there is no access
 * (0). Flags and addresses are valid, not those of a kernel's page. ALREADY_EXISTS: a larger page is there. NO_MEMORY
 * (nothing changed). */
ts_status_t pagetable_install(struct pagetable *pt, uint64_t va, uint64_t pa, uint32_t flags, uint32_t access);

/* The same without a walk, which is enough for most faults. False: it takes one, and nothing happened. */
bool pagetable_install_recent(struct pagetable *pt, uint64_t va, uint64_t pa, uint32_t flags);

/* One leaf of 2 MiB, in place of what is mapped there, pages or a leaf of that size; accessed and dirty are those of
 * flags. Flags and addresses are valid. ALREADY_EXISTS: a larger page is there. NO_MEMORY (nothing changed). */
ts_status_t pagetable_install_large(struct pagetable *pt, uint64_t va, uint64_t pa, uint32_t flags,
                                    struct pt_flush *flush);

/* [va, va+length), page aligned, with the largest leaves that alignment and the CPU allow. All or nothing. */
ts_status_t pagetable_map_range(struct pagetable *pt, uint64_t va, uint64_t pa, uint64_t length, uint32_t flags);

/* Removes every leaf in the range; leaves that only partly lie in it are split first (NO_MEMORY: nothing changed).
 * Holes are skipped. Tables that become empty are collected for freeing. */
ts_status_t pagetable_unmap_range(struct pagetable *pt, uint64_t va, uint64_t length, struct pt_flush *flush);

/* One page, if something is there, its table was used last and has more: then it is gone, and pagetable_flush_pages()
 * has to follow. False: nothing happened. */
bool pagetable_unmap_recent(struct pagetable *pt, uint64_t va);

/* All CPUs forget what they know of the pages (0: of all). Nobody holds translations of a table that no CPU ever
 * loaded. */
static inline void pagetable_flush_pages(const struct pagetable *pt, uint64_t va, size_t pages) {
    /* The entries are in memory before the set is read: a CPU that enters it later walks what is there now. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    uint64_t cpus = __atomic_load_n(&pt->cpus, __ATOMIC_ACQUIRE);
    if (cpus != 0) {
        arch_tlb_flush(cpus, pt->asid, va, pages);
    }
}

/* One leaf, at its exact start; NOT_FOUND otherwise. */
ts_status_t pagetable_unmap(struct pagetable *pt, uint64_t va, size_t size, struct pt_flush *flush);

/* Changes the permissions R, W, X and U of what is mapped in the range; memory type and G stay. Holes are skipped;
 * large leaves of other permissions that only partly lie in it are split first (NO_MEMORY: nothing changed). */
ts_status_t pagetable_protect(struct pagetable *pt, uint64_t va, uint64_t length, uint32_t flags,
                              struct pt_flush *flush);

/* Takes WRITE away from what is mapped in the range. No large leaf lies partly in it. */
void pagetable_withhold_write(struct pagetable *pt, uint64_t va, uint64_t length, struct pt_flush *flush);

/* NOT_FOUND for a hole. */
ts_status_t pagetable_query(const struct pagetable *pt, uint64_t va, struct pt_mapping *mapping);

/* Whether a leaf that is larger than 4 KiB reaches across va, from both sides. */
bool pagetable_is_inside_large(const struct pagetable *pt, uint64_t va);

/* Physical address of a byte, if `access` (PT_READ/WRITE/EXECUTE/USER) is permitted: NOT_FOUND, ACCESS_DENIED. */
ts_status_t pagetable_translate(const struct pagetable *pt, uint64_t va, uint32_t access, uint64_t *pa);

/* A fault of this access at va: TS_OK if the leaf permits it; what withheld the access (bits managed by software, or a
 * stale translation) is then gone, and the access may be retried. NOT_FOUND, ACCESS_DENIED otherwise. */
ts_status_t pagetable_touch(struct pagetable *pt, uint64_t va, uint32_t access);

/* Whether the leaf at va was accessed since this was asked last, as far as the CPU or pagetable_touch() told. Nothing is
 * flushed: a CPU that remembers the translation tells of no access until it forgets it. */
bool pagetable_clear_accessed(struct pagetable *pt, uint64_t va);

/* Splits the large leaf that covers va one level down; every byte keeps its mapping and permissions. Follows
 * break-before-make where the format asks for it. BAD_STATE: not a large leaf. */
ts_status_t pagetable_split_large_page(struct pagetable *pt, uint64_t va, struct pt_flush *flush);

/* Replaces a full table of 512 contiguous leaves with equal flags below va by one leaf of `size` (2 MiB or 1 GiB).
 * Accessed and dirty are what any of them was. BAD_STATE: not possible. */
ts_status_t pagetable_promote(struct pagetable *pt, uint64_t va, size_t size, struct pt_flush *flush);

/* Physical address of the root. */
uint64_t pagetable_phys(const struct pagetable *pt);

/* Calls visit for each leaf in address order; stops at the first false. */
typedef bool (*pagetable_visit)(void *context, uint64_t va, const struct pt_mapping *mapping);
void pagetable_walk(const struct pagetable *pt, uint64_t start, uint64_t end, pagetable_visit visit, void *context);

/* Entry counts, tables and their frames agree, and no entry is malformed. Number of faults found, each reported. */
unsigned pagetable_audit(const struct pagetable *pt, void (*report)(const char *format, ...));

/* --- for inspection --- */

#define PT_DEPTH_MAX 4u /* levels of the deepest format */

enum pt_entry_kind { PT_ENTRY_EMPTY, PT_ENTRY_TABLE, PT_ENTRY_LEAF, PT_ENTRY_BROKEN };

struct pt_entry {
    uint64_t va, table, value, pa;
    uint32_t flags; /* enum pt_flags, of a leaf */
    unsigned level;
    enum pt_entry_kind kind;
};

enum pt_next {
    PT_NEXT_FOUND,
    PT_NEXT_LATER, /* only empty entries so far: call again */
    PT_NEXT_END,
};

/* Whether this is the root of some table of as many levels now. */
bool pagetable_is_root(const struct pt_format *f, uint64_t root);

/* The entries of va, from the root down to the one that ends the walk; how many. */
unsigned pagetable_path(const struct pt_format *f, uint64_t root, uint64_t va, struct pt_entry path[PT_DEPTH_MAX]);

/* The next entry that is not empty, tables before what is below them; va and level, at first 0 and UINT32_MAX, move
 * behind it. va counts from 0 in either range. */
enum pt_next pagetable_next_entry(const struct pt_format *f, uint64_t root, uint64_t *va, unsigned *level,
                                  struct pt_entry *entry);
