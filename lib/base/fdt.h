/* SPDX-License-Identifier: MIT */
/*
 * Reader of flattened devicetrees (format version 16 and later). The blob is hostile: fdt_open() checks all of it once,
 * and every later read is checked against the bounds again. Nothing is written, nothing is allocated, no alignment of
 * the blob is asked for. Used by boot adapters and by init for the system manifest.
 *
 * A node is the offset of its first token in the structure block; FDT_NONE stands for "no such node", which every
 * function accepts and answers with "none" in turn, so that look-ups can be chained.
 */
#pragma once

#include "abi/types.h"

#define FDT_NONE      UINT32_MAX
#define FDT_DEPTH_MAX 32u /* nested nodes, root included */

struct fdt {
    const uint8_t *blob;
    uint32_t size;            /* of the whole blob, as its header says */
    uint32_t reserve_offset;  /* memory reserve map */
    uint32_t structure;       /* structure block: offset, size */
    uint32_t structure_size;
    uint32_t strings;         /* strings block: offset, size */
    uint32_t strings_size;
    uint32_t boot_cpu;        /* hardware id of the boot CPU, as far as firmware filled it in */
    uint32_t root;            /* the root node */
    const char *error;        /* why fdt_open() failed, one sentence */
};

/* A property's bytes, inside the blob. data is null if there is no such property; an empty property has data. */
struct fdt_value {
    const uint8_t *data;
    uint32_t length;
};

struct fdt_property {
    const char *name;
    struct fdt_value value;
    uint32_t next; /* for fdt_next_property() */
};

/* Position in a depth-first walk. node[depth] is the current node, node[0] the root. */
struct fdt_walk {
    uint32_t depth;
    uint32_t node[FDT_DEPTH_MAX];
};

/* Checks header, blocks, reserve map, and every token: nesting up to FDT_DEPTH_MAX, names terminated, lengths in
 * bounds, properties before subnodes, one root. size: bytes that may be read at blob; the blob may be shorter.
 * NOT_SUPPORTED (version), BUFFER_TOO_SMALL (truncated), IO_DATA_INTEGRITY; then fdt->error is set. The blob must not
 * change afterwards: if it does, answers are nonsense, but reads stay inside it. */
ts_status_t fdt_open(struct fdt *fdt, const void *blob, size_t size) __attribute__((warn_unused_result));

/* Reads the total size that a header announces; 0 if there is no devicetree. At least 8 bytes are readable. */
uint32_t fdt_announced_size(const void *blob);

/* Walking. fdt_walk_start() stands on the root; fdt_walk_next() goes to the next node in depth-first order, false at
 * the end. fdt_walk_to() stands on the given node, false if it is none. */
void fdt_walk_start(const struct fdt *fdt, struct fdt_walk *walk);
bool fdt_walk_next(const struct fdt *fdt, struct fdt_walk *walk);
bool fdt_walk_to(const struct fdt *fdt, struct fdt_walk *walk, uint32_t node);
static inline uint32_t fdt_walk_node(const struct fdt_walk *walk) {
    return walk->node[walk->depth];
}
static inline uint32_t fdt_walk_parent(const struct fdt_walk *walk) {
    return walk->depth > 0 ? walk->node[walk->depth - 1] : FDT_NONE;
}

/* The next node in depth-first order; *depth (null: not wanted) is raised and lowered with it. */
uint32_t fdt_next_node(const struct fdt *fdt, uint32_t node, int *depth);
uint32_t fdt_first_child(const struct fdt *fdt, uint32_t node);
uint32_t fdt_next_sibling(const struct fdt *fdt, uint32_t node);
uint32_t fdt_parent(const struct fdt *fdt, uint32_t node); /* walks from the root */

/* The node's name with its unit address; "" for the root and for FDT_NONE. */
const char *fdt_name(const struct fdt *fdt, uint32_t node);

/* name with its unit address, or without one: "memory" is the name of memory@80000000. */
bool fdt_name_is(const struct fdt *fdt, uint32_t node, const char *name);

/* Look-ups. A path starts with '/' or with an alias, its parts may leave out unit addresses, and it ends at the end
 * of the text or at a ':' (options of stdout-path). */
uint32_t fdt_find_child(const struct fdt *fdt, uint32_t node, const char *name);
uint32_t fdt_find_path(const struct fdt *fdt, const char *path);
uint32_t fdt_find_phandle(const struct fdt *fdt, uint32_t phandle);
/* The next node after `after` (FDT_NONE: from the root on) that is compatible. */
uint32_t fdt_find_compatible(const struct fdt *fdt, uint32_t after, const char *compatible);

struct fdt_value fdt_property(const struct fdt *fdt, uint32_t node, const char *name);
/* Steps through a node's properties; *property is zeroed before the first call. False at the end. */
bool fdt_next_property(const struct fdt *fdt, uint32_t node, struct fdt_property *property);

/* Values. A string list is a sequence of terminated strings. */
bool fdt_has_string(struct fdt_value list, const char *text);
/* The index-th string of a list, terminated; null if there is none. */
const char *fdt_string(struct fdt_value list, uint32_t index);
bool fdt_is_compatible(const struct fdt *fdt, uint32_t node, const char *compatible);
/* No status property, or "okay" (or the old "ok"). */
bool fdt_is_enabled(const struct fdt *fdt, uint32_t node);
/* The cells [first, first + count) as one number. False if they are not there or the number needs over 64 bits. */
bool fdt_read_cells(struct fdt_value value, uint32_t first, uint32_t count, uint64_t *number);
/* A property of exactly one or two cells. */
bool fdt_read_number(const struct fdt *fdt, uint32_t node, const char *name, uint64_t *number);
/* A property's first cell, or `otherwise` if it is absent or shorter. */
uint32_t fdt_read_u32(const struct fdt *fdt, uint32_t node, const char *name, uint32_t otherwise);

/* Cells of the addresses and sizes of the node's children: 2 and 1 unless it says otherwise. */
void fdt_child_cells(const struct fdt *fdt, uint32_t node, uint32_t *address_cells, uint32_t *size_cells);
/* Entries of reg; 0 if it is absent or no whole number of entries. */
uint32_t fdt_reg_count(const struct fdt *fdt, uint32_t parent, uint32_t node);
/* The index-th entry of reg, as the parent's bus counts addresses. False if it is absent, cut off, or wraps. */
bool fdt_read_reg(const struct fdt *fdt, uint32_t parent, uint32_t node, uint32_t index, uint64_t *base,
                  uint64_t *size);
/* The same for the current node of a walk, translated by the `ranges` of all parents to a CPU address. */
bool fdt_walk_reg(const struct fdt *fdt, const struct fdt_walk *walk, uint32_t index, uint64_t *base, uint64_t *size);

/* The index-th entry of the memory reserve map; false at its end. */
bool fdt_read_reserve(const struct fdt *fdt, uint32_t index, uint64_t *base, uint64_t *size);
