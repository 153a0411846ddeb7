/* SPDX-License-Identifier: MIT */
/*
 * The devicetree reader. Everything stands on read_token(), which gives one token of the structure block with all
 * its bounds checked; node offsets that it does not accept end every walk.
 */
#include "base/fdt.h"

#include "abi/status.h"
#include "base/checked.h"
#include "base/string.h"

#define MAGIC             0xd00dfeedu
#define HEADER_SIZE_V16   36u
#define HEADER_SIZE_V17   40u
#define VERSION_FIRST     16u
#define VERSION_KNOWN     17u
#define RESERVE_ENTRY     16u
#define TOKEN_BEGIN_NODE  1u
#define TOKEN_END_NODE    2u
#define TOKEN_PROPERTY    3u
#define TOKEN_NOP         4u
#define TOKEN_END         9u
#define CELLS_MAX         4u /* of an address or a size */

struct token {
    uint32_t kind;
    uint32_t next;          /* offset of the next token */
    const char *name;       /* of a node or a property */
    struct fdt_value value; /* of a property */
};

/* Byte by byte: neither the blob nor what is in it need be aligned. */
static uint32_t read_be32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint64_t read_be64(const uint8_t *p) {
    return (uint64_t)read_be32(p) << 32 | read_be32(p + 4);
}

/* The terminated string at the offset of a block; null if it does not end inside. */
static const char *block_string(const uint8_t *block, uint32_t size, uint32_t offset, uint32_t *length) {
    if (offset >= size) {
        return NULL;
    }
    const char *text = (const char *)block + offset;
    size_t count = strnlen(text, size - offset);
    *length = (uint32_t)count;
    return count < size - offset ? text : NULL;
}

static bool read_property(const struct fdt *fdt, const uint8_t *block, uint32_t offset, struct token *token) {
    if (!range_is_inside(offset, 8, fdt->structure_size)) {
        return false;
    }
    uint32_t length = read_be32(block + offset);
    if (!range_is_inside(offset + 8, length, fdt->structure_size)) {
        return false;
    }
    uint32_t name_length;
    token->name = block_string(fdt->blob + fdt->strings, fdt->strings_size, read_be32(block + offset + 4), &name_length);
    token->value = (struct fdt_value){block + offset + 8, length};
    token->next = (offset + 8 + length + 3) & ~3u;
    return token->name != NULL;
}

/* False if there is no whole, well-formed token at the offset. Sizes are below 2^31: sums do not wrap. */
static bool read_token(const struct fdt *fdt, uint32_t offset, struct token *token) {
    const uint8_t *block = fdt->blob + fdt->structure;
    if (!is_aligned(offset, 4) || !range_is_inside(offset, 4, fdt->structure_size)) {
        return false;
    }
    uint32_t length;
    token->kind = read_be32(block + offset);
    token->next = offset + 4;
    switch (token->kind) {
    case TOKEN_BEGIN_NODE:
        token->name = block_string(block, fdt->structure_size, offset + 4, &length);
        if (token->name == NULL) {
            return false;
        }
        token->next = (offset + 4 + length + 1 + 3) & ~3u;
        return true;
    case TOKEN_PROPERTY:
        return read_property(fdt, block, offset + 4, token);
    default:
        return token->kind == TOKEN_END_NODE || token->kind == TOKEN_NOP || token->kind == TOKEN_END;
    }
}

/* The next token that means something; moves *offset behind it. */
static bool next_token(const struct fdt *fdt, uint32_t *offset, struct token *token) {
    do {
        if (!read_token(fdt, *offset, token)) {
            return false;
        }
        *offset = token->next;
    } while (token->kind == TOKEN_NOP);
    return true;
}

static ts_status_t fail(struct fdt *fdt, ts_status_t status, const char *error) {
    fdt->error = error;
    return status;
}

static ts_status_t check_header(struct fdt *fdt, size_t size) {
    const uint8_t *p = fdt->blob;
    if (size < HEADER_SIZE_V16) {
        return fail(fdt, TS_ERR_BUFFER_TOO_SMALL, "devicetree: no room for a header");
    }
    if (read_be32(p) != MAGIC) {
        return fail(fdt, TS_ERR_IO_DATA_INTEGRITY, "devicetree: wrong magic number");
    }
    uint32_t version = read_be32(p + 20);
    if (version < VERSION_FIRST || read_be32(p + 24) > VERSION_KNOWN) {
        return fail(fdt, TS_ERR_NOT_SUPPORTED, "devicetree: unsupported version");
    }
    fdt->size = read_be32(p + 4);
    if (fdt->size < (version > VERSION_FIRST ? HEADER_SIZE_V17 : HEADER_SIZE_V16) || fdt->size > INT32_MAX) {
        return fail(fdt, TS_ERR_IO_DATA_INTEGRITY, "devicetree: impossible total size");
    }
    if (fdt->size > size) {
        return fail(fdt, TS_ERR_BUFFER_TOO_SMALL, "devicetree: truncated");
    }
    fdt->structure = read_be32(p + 8);
    fdt->strings = read_be32(p + 12);
    fdt->reserve_offset = read_be32(p + 16);
    fdt->boot_cpu = read_be32(p + 28);
    fdt->strings_size = read_be32(p + 32);
    if (fdt->structure > fdt->size || !is_aligned(fdt->structure, 4)) {
        return fail(fdt, TS_ERR_IO_DATA_INTEGRITY, "devicetree: structure block out of bounds");
    }
    /* Version 16 does not say how long the structure block is. */
    fdt->structure_size = version > VERSION_FIRST ? read_be32(p + 36) : fdt->size - fdt->structure;
    if (!range_is_inside(fdt->structure, fdt->structure_size, fdt->size)) {
        return fail(fdt, TS_ERR_IO_DATA_INTEGRITY, "devicetree: structure block out of bounds");
    }
    if (!range_is_inside(fdt->strings, fdt->strings_size, fdt->size)) {
        return fail(fdt, TS_ERR_IO_DATA_INTEGRITY, "devicetree: strings block out of bounds");
    }
    return TS_OK;
}

static ts_status_t check_reserve_map(struct fdt *fdt) {
    uint64_t base, size;
    uint32_t index = 0;
    while (fdt_read_reserve(fdt, index, &base, &size)) {
        if (size > UINT64_MAX - base) {
            return fail(fdt, TS_ERR_IO_DATA_INTEGRITY, "devicetree: memory reservation wraps around");
        }
        index++;
    }
    /* The list ended either by its terminator or by the end of the blob. */
    if (!range_is_inside(fdt->reserve_offset, ((uint64_t)index + 1) * RESERVE_ENTRY, fdt->size)) {
        return fail(fdt, TS_ERR_IO_DATA_INTEGRITY, "devicetree: memory reserve map out of bounds");
    }
    return TS_OK;
}

/* One pass over all tokens: this is what lets later walks be short. */
static ts_status_t check_structure(struct fdt *fdt) {
    struct token token;
    uint32_t offset = 0, depth = 0;
    bool properties_allowed = false, root_seen = false;
    while (next_token(fdt, &offset, &token)) {
        switch (token.kind) {
        case TOKEN_BEGIN_NODE:
            if (depth == FDT_DEPTH_MAX) {
                return fail(fdt, TS_ERR_IO_DATA_INTEGRITY, "devicetree: nodes nested too deep");
            }
            if (depth == 0 && (root_seen || token.name[0] != 0)) {
                return fail(fdt, TS_ERR_IO_DATA_INTEGRITY, "devicetree: not exactly one root node");
            }
            if (!root_seen) {
                fdt->root = offset - 8; /* token and empty name: the root's size is known */
                root_seen = true;
            }
            depth++;
            properties_allowed = true;
            break;
        case TOKEN_END_NODE:
            if (depth == 0) {
                return fail(fdt, TS_ERR_IO_DATA_INTEGRITY, "devicetree: end of a node that never began");
            }
            depth--;
            properties_allowed = false;
            break;
        case TOKEN_PROPERTY:
            if (!properties_allowed) {
                return fail(fdt, TS_ERR_IO_DATA_INTEGRITY, "devicetree: property outside of its node's head");
            }
            break;
        default:
            if (depth != 0 || !root_seen) {
                return fail(fdt, TS_ERR_IO_DATA_INTEGRITY, "devicetree: ends inside a node");
            }
            return TS_OK;
        }
    }
    return fail(fdt, TS_ERR_IO_DATA_INTEGRITY, "devicetree: malformed or unterminated structure block");
}

uint32_t fdt_announced_size(const void *blob) {
    return read_be32(blob) == MAGIC ? read_be32((const uint8_t *)blob + 4) : 0;
}

ts_status_t fdt_open(struct fdt *fdt, const void *blob, size_t size) {
    *fdt = (struct fdt){.blob = blob, .root = FDT_NONE};
    ts_status_t status = check_header(fdt, size);
    if (status == TS_OK) {
        status = check_reserve_map(fdt);
    }
    if (status == TS_OK) {
        status = check_structure(fdt);
    }
    if (status != TS_OK) {
        fdt->root = FDT_NONE;
        fdt->structure_size = 0; /* a view that was refused is empty, should somebody use it all the same */
        fdt->size = 0;
    }
    return status;
}

/* Reads the head of a node; *offset is left behind it. */
static bool enter_node(const struct fdt *fdt, uint32_t node, uint32_t *offset, struct token *token) {
    *offset = node;
    return node != FDT_NONE && next_token(fdt, offset, token) && token->kind == TOKEN_BEGIN_NODE;
}

/* From *offset on, the next node that begins before *depth (relative) falls below `floor`; FDT_NONE if none does. */
static uint32_t find_begin(const struct fdt *fdt, uint32_t offset, int *depth, int floor) {
    for (;;) {
        struct token token;
        uint32_t start = offset;
        if (!read_token(fdt, offset, &token) || token.kind == TOKEN_END) {
            return FDT_NONE;
        }
        offset = token.next;
        if (token.kind == TOKEN_BEGIN_NODE) {
            ++*depth;
            return start;
        }
        if (token.kind == TOKEN_END_NODE && --*depth < floor) {
            return FDT_NONE;
        }
    }
}

uint32_t fdt_next_node(const struct fdt *fdt, uint32_t node, int *depth) {
    struct token token;
    uint32_t offset;
    int change = 0;
    if (!enter_node(fdt, node, &offset, &token)) {
        return FDT_NONE;
    }
    uint32_t next = find_begin(fdt, offset, &change, -(int)FDT_DEPTH_MAX);
    if (depth != NULL && next != FDT_NONE) {
        *depth += change;
    }
    return next;
}

uint32_t fdt_first_child(const struct fdt *fdt, uint32_t node) {
    struct token token;
    uint32_t offset;
    int depth = 0;
    return enter_node(fdt, node, &offset, &token) ? find_begin(fdt, offset, &depth, 0) : FDT_NONE;
}

uint32_t fdt_next_sibling(const struct fdt *fdt, uint32_t node) {
    int depth = 0;
    do {
        struct token token;
        uint32_t offset;
        /* Below its parent the node is at depth 0, so a descendant is above, and its parent's end at -2. */
        node = enter_node(fdt, node, &offset, &token) ? find_begin(fdt, offset, &depth, -1) : FDT_NONE;
    } while (node != FDT_NONE && depth > 0);
    return node;
}

void fdt_walk_start(const struct fdt *fdt, struct fdt_walk *walk) {
    walk->depth = 0;
    walk->node[0] = fdt->root;
}

bool fdt_walk_next(const struct fdt *fdt, struct fdt_walk *walk) {
    int depth = (int)walk->depth;
    uint32_t next = fdt_next_node(fdt, fdt_walk_node(walk), &depth);
    if (next == FDT_NONE || depth <= 0 || depth >= (int)FDT_DEPTH_MAX) {
        return false;
    }
    walk->depth = (uint32_t)depth;
    walk->node[depth] = next;
    return true;
}

bool fdt_walk_to(const struct fdt *fdt, struct fdt_walk *walk, uint32_t node) {
    fdt_walk_start(fdt, walk);
    if (node == FDT_NONE) {
        return false;
    }
    while (fdt_walk_node(walk) != node) {
        if (!fdt_walk_next(fdt, walk)) {
            return false;
        }
    }
    return true;
}

uint32_t fdt_parent(const struct fdt *fdt, uint32_t node) {
    struct fdt_walk walk;
    return fdt_walk_to(fdt, &walk, node) ? fdt_walk_parent(&walk) : FDT_NONE;
}

const char *fdt_name(const struct fdt *fdt, uint32_t node) {
    struct token token;
    uint32_t offset;
    return enter_node(fdt, node, &offset, &token) ? token.name : "";
}

/* Does a node's name match text of the given length, its unit address left out or not? */
static bool name_matches(const char *name, const char *text, size_t length) {
    return strncmp(name, text, length) == 0 && (name[length] == 0 || name[length] == '@');
}

bool fdt_name_is(const struct fdt *fdt, uint32_t node, const char *name) {
    return node != FDT_NONE && name_matches(fdt_name(fdt, node), name, strlen(name));
}

static uint32_t find_child(const struct fdt *fdt, uint32_t node, const char *name, size_t length) {
    uint32_t child = fdt_first_child(fdt, node);
    while (child != FDT_NONE && !name_matches(fdt_name(fdt, child), name, length)) {
        child = fdt_next_sibling(fdt, child);
    }
    return child;
}

uint32_t fdt_find_child(const struct fdt *fdt, uint32_t node, const char *name) {
    return find_child(fdt, node, name, strlen(name));
}

static size_t part_length(const char *path) {
    size_t length = 0;
    while (path[length] != 0 && path[length] != '/' && path[length] != ':') {
        length++;
    }
    return length;
}

/* The node that an alias names. Its text must be a path, not another alias: no loops. */
static uint32_t find_alias(const struct fdt *fdt, const char *name, size_t length) {
    uint32_t aliases = find_child(fdt, fdt->root, "aliases", 7);
    struct fdt_property property = {0};
    while (fdt_next_property(fdt, aliases, &property)) {
        const char *path = fdt_string(property.value, 0);
        if (strnlen(property.name, length + 1) == length && strncmp(property.name, name, length) == 0 &&
            path != NULL && path[0] == '/') {
            return fdt_find_path(fdt, path);
        }
    }
    return FDT_NONE;
}

uint32_t fdt_find_path(const struct fdt *fdt, const char *path) {
    uint32_t node = fdt->root;
    if (path[0] != '/') {
        size_t length = part_length(path);
        node = find_alias(fdt, path, length);
        path += length;
    }
    while (node != FDT_NONE && *path == '/') {
        while (*path == '/') {
            path++;
        }
        size_t length = part_length(path);
        if (length > 0) {
            node = find_child(fdt, node, path, length);
        }
        path += length;
    }
    return node;
}

uint32_t fdt_find_phandle(const struct fdt *fdt, uint32_t phandle) {
    if (phandle == 0 || phandle == UINT32_MAX) {
        return FDT_NONE;
    }
    uint32_t node = fdt->root;
    while (node != FDT_NONE && fdt_read_u32(fdt, node, "phandle", 0) != phandle &&
           fdt_read_u32(fdt, node, "linux,phandle", 0) != phandle) {
        node = fdt_next_node(fdt, node, NULL);
    }
    return node;
}

uint32_t fdt_find_compatible(const struct fdt *fdt, uint32_t after, const char *compatible) {
    uint32_t node = after == FDT_NONE ? fdt->root : fdt_next_node(fdt, after, NULL);
    while (node != FDT_NONE && !fdt_is_compatible(fdt, node, compatible)) {
        node = fdt_next_node(fdt, node, NULL);
    }
    return node;
}

bool fdt_next_property(const struct fdt *fdt, uint32_t node, struct fdt_property *property) {
    struct token token;
    uint32_t offset = property->next;
    if (offset == 0 && !enter_node(fdt, node, &offset, &token)) {
        return false;
    }
    if (!next_token(fdt, &offset, &token) || token.kind != TOKEN_PROPERTY) {
        return false;
    }
    *property = (struct fdt_property){token.name, token.value, offset};
    return true;
}

struct fdt_value fdt_property(const struct fdt *fdt, uint32_t node, const char *name) {
    struct fdt_property property = {0};
    while (fdt_next_property(fdt, node, &property)) {
        if (strcmp(property.name, name) == 0) {
            return property.value;
        }
    }
    return (struct fdt_value){NULL, 0};
}

const char *fdt_string(struct fdt_value list, uint32_t index) {
    uint32_t offset = 0, length;
    const char *text;
    while ((text = block_string(list.data, list.length, offset, &length)) != NULL && index > 0) {
        offset += length + 1;
        index--;
    }
    return text;
}

bool fdt_has_string(struct fdt_value list, const char *text) {
    uint32_t offset = 0, length;
    const char *entry;
    while ((entry = block_string(list.data, list.length, offset, &length)) != NULL) {
        if (strcmp(entry, text) == 0) {
            return true;
        }
        offset += length + 1;
    }
    return false;
}

bool fdt_is_compatible(const struct fdt *fdt, uint32_t node, const char *compatible) {
    return fdt_has_string(fdt_property(fdt, node, "compatible"), compatible);
}

bool fdt_is_enabled(const struct fdt *fdt, uint32_t node) {
    struct fdt_value status = fdt_property(fdt, node, "status");
    return node != FDT_NONE &&
           (status.data == NULL || fdt_has_string(status, "okay") || fdt_has_string(status, "ok"));
}

bool fdt_read_cells(struct fdt_value value, uint32_t first, uint32_t count, uint64_t *number) {
    if (value.data == NULL || !range_is_inside((uint64_t)first * 4, (uint64_t)count * 4, value.length)) {
        return false;
    }
    uint64_t result = 0;
    for (uint32_t i = first; i < first + count; i++) {
        if (result >> 32 != 0) {
            return false;
        }
        result = result << 32 | read_be32(value.data + i * 4);
    }
    *number = result;
    return true;
}

bool fdt_read_number(const struct fdt *fdt, uint32_t node, const char *name, uint64_t *number) {
    struct fdt_value value = fdt_property(fdt, node, name);
    return (value.length == 4 || value.length == 8) && fdt_read_cells(value, 0, value.length / 4, number);
}

uint32_t fdt_read_u32(const struct fdt *fdt, uint32_t node, const char *name, uint32_t otherwise) {
    uint64_t number;
    return fdt_read_cells(fdt_property(fdt, node, name), 0, 1, &number) ? (uint32_t)number : otherwise;
}

void fdt_child_cells(const struct fdt *fdt, uint32_t node, uint32_t *address_cells, uint32_t *size_cells) {
    *address_cells = fdt_read_u32(fdt, node, "#address-cells", 2);
    *size_cells = fdt_read_u32(fdt, node, "#size-cells", 1);
}

/* Cells of one reg entry below this parent; 0 if the numbers make no sense. */
static uint32_t reg_cells(const struct fdt *fdt, uint32_t parent, uint32_t *address_cells, uint32_t *size_cells) {
    fdt_child_cells(fdt, parent, address_cells, size_cells);
    bool possible = *address_cells > 0 && *address_cells <= CELLS_MAX && *size_cells <= CELLS_MAX;
    return possible ? *address_cells + *size_cells : 0;
}

uint32_t fdt_reg_count(const struct fdt *fdt, uint32_t parent, uint32_t node) {
    uint32_t address_cells, size_cells;
    uint32_t cells = reg_cells(fdt, parent, &address_cells, &size_cells);
    struct fdt_value reg = fdt_property(fdt, node, "reg");
    return cells > 0 && reg.length % (cells * 4) == 0 ? reg.length / (cells * 4) : 0;
}

bool fdt_read_reg(const struct fdt *fdt, uint32_t parent, uint32_t node, uint32_t index, uint64_t *base,
                  uint64_t *size) {
    uint32_t address_cells, size_cells, first;
    uint64_t start, length;
    uint32_t cells = reg_cells(fdt, parent, &address_cells, &size_cells);
    if (cells == 0 || __builtin_mul_overflow(index, cells, &first) || first > INT32_MAX) {
        return false;
    }
    struct fdt_value reg = fdt_property(fdt, node, "reg");
    if (!fdt_read_cells(reg, first, address_cells, &start) ||
        !fdt_read_cells(reg, first + address_cells, size_cells, &length) || length > UINT64_MAX - start) {
        return false;
    }
    *base = start;
    *size = length;
    return true;
}

/* Maps [*base, *base + size) of the bus that `node` is to the bus of its parent. */
static bool translate(const struct fdt *fdt, uint32_t parent, uint32_t node, uint64_t *base, uint64_t size) {
    struct fdt_value ranges = fdt_property(fdt, node, "ranges");
    if (ranges.data == NULL || ranges.length == 0) {
        return ranges.data != NULL; /* empty: the same addresses; absent: no way up */
    }
    uint32_t child_cells, size_cells, parent_cells, unused;
    if (reg_cells(fdt, node, &child_cells, &size_cells) == 0 || size_cells == 0 ||
        reg_cells(fdt, parent, &parent_cells, &unused) == 0) {
        return false;
    }
    uint32_t step = child_cells + parent_cells + size_cells;
    for (uint32_t first = 0; range_is_inside((uint64_t)first * 4, (uint64_t)step * 4, ranges.length); first += step) {
        uint64_t from, to, length;
        /* A row of which a number needs over 64 bits (PCI: the kind of space is in it) is none of ours. */
        if (fdt_read_cells(ranges, first, child_cells, &from) &&
            fdt_read_cells(ranges, first + child_cells, parent_cells, &to) &&
            fdt_read_cells(ranges, first + child_cells + parent_cells, size_cells, &length) && *base >= from &&
            range_is_inside(*base - from, size, length) && length <= UINT64_MAX - to) {
            *base = to + (*base - from);
            return true;
        }
    }
    return false;
}

bool fdt_walk_reg(const struct fdt *fdt, const struct fdt_walk *walk, uint32_t index, uint64_t *base, uint64_t *size) {
    uint64_t start, length;
    if (walk->depth == 0 ||
        !fdt_read_reg(fdt, fdt_walk_parent(walk), fdt_walk_node(walk), index, &start, &length)) {
        return false;
    }
    for (uint32_t depth = walk->depth - 1; depth > 0; depth--) {
        if (!translate(fdt, walk->node[depth - 1], walk->node[depth], &start, length)) {
            return false;
        }
    }
    *base = start;
    *size = length;
    return true;
}

bool fdt_read_reserve(const struct fdt *fdt, uint32_t index, uint64_t *base, uint64_t *size) {
    uint64_t offset = (uint64_t)fdt->reserve_offset + (uint64_t)index * RESERVE_ENTRY;
    if (!range_is_inside(offset, RESERVE_ENTRY, fdt->size)) {
        return false;
    }
    *base = read_be64(fdt->blob + offset);
    *size = read_be64(fdt->blob + offset + 8);
    return *base != 0 || *size != 0;
}
