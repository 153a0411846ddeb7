/* SPDX-License-Identifier: MIT */
/* Makes small devicetrees for tests, right ones and wrong ones: nothing here checks what it is asked for. */
#pragma once

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

struct fdt_builder {
    uint8_t structure[65536];
    uint32_t structure_size;
    char strings[4096];
    uint32_t strings_size;
    uint64_t reserve[16]; /* base, size, ...; a pair of zeroes is added */
    uint32_t reserve_count;
};

static inline void put_be32(uint8_t *p, uint32_t value) {
    for (unsigned i = 0; i < 4; i++) {
        p[i] = (uint8_t)(value >> (24 - i * 8));
    }
}

static inline void build_token(struct fdt_builder *b, uint32_t value) {
    put_be32(b->structure + b->structure_size, value);
    b->structure_size += 4;
}

static inline void build_bytes(struct fdt_builder *b, const void *data, size_t size) {
    memcpy(b->structure + b->structure_size, data, size);
    b->structure_size += (uint32_t)size;
    while (b->structure_size % 4 != 0) {
        b->structure[b->structure_size++] = 0;
    }
}

static inline void build_begin(struct fdt_builder *b, const char *name) {
    build_token(b, 1);
    build_bytes(b, name, strlen(name) + 1);
}

static inline void build_end(struct fdt_builder *b) {
    build_token(b, 2);
}

static inline uint32_t build_name(struct fdt_builder *b, const char *name) {
    for (uint32_t i = 0; i < b->strings_size; i += (uint32_t)strlen(b->strings + i) + 1) {
        if (strcmp(b->strings + i, name) == 0) {
            return i;
        }
    }
    uint32_t offset = b->strings_size;
    memcpy(b->strings + offset, name, strlen(name) + 1);
    b->strings_size += (uint32_t)strlen(name) + 1;
    return offset;
}

static inline void build_property(struct fdt_builder *b, const char *name, const void *data, size_t size) {
    build_token(b, 3);
    build_token(b, (uint32_t)size);
    build_token(b, build_name(b, name));
    build_bytes(b, data, size);
}

static inline void build_string(struct fdt_builder *b, const char *name, const char *text) {
    build_property(b, name, text, strlen(text) + 1);
}

/* count cells follow, as unsigned. */
static inline void build_cells(struct fdt_builder *b, const char *name, unsigned count, ...) {
    uint8_t data[256];
    va_list arguments;
    va_start(arguments, count);
    for (unsigned i = 0; i < count; i++) {
        put_be32(data + i * 4, va_arg(arguments, unsigned));
    }
    va_end(arguments);
    build_property(b, name, data, count * 4);
}

/* Header, reserve map, structure and strings into out; returns the size. */
static inline size_t build_blob(struct fdt_builder *b, uint8_t *out) {
    uint32_t reserve = 40, structure = reserve + (b->reserve_count + 2) * 8;
    uint32_t strings = structure + b->structure_size;
    uint32_t size = strings + b->strings_size;
    uint32_t header[10] = {0xd00dfeed, size, structure, strings, reserve, 17, 16, 0, b->strings_size, b->structure_size};
    memset(out, 0, size);
    for (unsigned i = 0; i < 10; i++) {
        put_be32(out + i * 4, header[i]);
    }
    for (unsigned i = 0; i < b->reserve_count; i++) {
        put_be32(out + reserve + i * 8, (uint32_t)(b->reserve[i] >> 32));
        put_be32(out + reserve + i * 8 + 4, (uint32_t)b->reserve[i]);
    }
    memcpy(out + structure, b->structure, b->structure_size);
    memcpy(out + strings, b->strings, b->strings_size);
    return size;
}
