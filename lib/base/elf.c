/* SPDX-License-Identifier: MIT */
/* The ELF parser: the header, then each program header once, then what holds between segments. */
#include "base/elf.h"

#include "abi/status.h"
#include "base/checked.h"
#include "base/string.h"

#define HEADER_SIZE         64u
#define PROGRAM_HEADER_SIZE 56u
#define PROGRAM_HEADER_MAX  64u
#define CLASS_64            2
#define DATA_LITTLE_ENDIAN  1
#define VERSION_CURRENT     1u
#define TYPE_EXECUTABLE     2u
#define SEGMENT_LOAD        1u
#define SEGMENT_DYNAMIC     2u
#define SEGMENT_INTERPRETER 3u
#define SEGMENT_NOTE        4u
#define SEGMENT_GNU_STACK   0x6474e551u
#define NOTE_HEADER_SIZE    12u
#define NOTE_NAME           "Tessera" /* with its terminator 8 bytes */
#define NOTE_TYPE_ABI       1u

struct program_header {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t address;
    uint64_t file_size;
    uint64_t memory_size;
    uint64_t align;
};

/* Byte by byte: the image need not be aligned. */
static uint64_t read_le(const uint8_t *p, unsigned bytes) {
    uint64_t value = 0;
    for (unsigned i = bytes; i > 0; i--) {
        value = value << 8 | p[i - 1];
    }
    return value;
}

static ts_status_t fail(struct elf *elf, ts_status_t status, const char *error) {
    elf->error = error;
    return status;
}

static ts_status_t check_header(struct elf *elf, const uint8_t *p, size_t size, uint32_t machine) {
    if (size < HEADER_SIZE || memcmp(p, "\177ELF", 4) != 0) {
        return fail(elf, TS_ERR_IO_DATA_INTEGRITY, "elf: not an ELF file");
    }
    if (p[4] != CLASS_64 || p[5] != DATA_LITTLE_ENDIAN || p[6] != VERSION_CURRENT) {
        return fail(elf, TS_ERR_NOT_SUPPORTED, "elf: not a 64-bit little-endian file");
    }
    if (read_le(p + 16, 2) != TYPE_EXECUTABLE) {
        return fail(elf, TS_ERR_NOT_SUPPORTED, "elf: not an executable at fixed addresses");
    }
    if (read_le(p + 18, 2) != machine) {
        return fail(elf, TS_ERR_NOT_SUPPORTED, "elf: for another machine");
    }
    if (read_le(p + 20, 4) != VERSION_CURRENT || read_le(p + 52, 2) != HEADER_SIZE ||
        read_le(p + 54, 2) != PROGRAM_HEADER_SIZE) {
        return fail(elf, TS_ERR_IO_DATA_INTEGRITY, "elf: impossible header");
    }
    uint64_t count = read_le(p + 56, 2);
    if (count == 0 || count > PROGRAM_HEADER_MAX ||
        !range_is_inside(read_le(p + 32, 8), count * PROGRAM_HEADER_SIZE, size)) {
        return fail(elf, TS_ERR_IO_DATA_INTEGRITY, "elf: program headers missing, too many or out of bounds");
    }
    return TS_OK;
}

static struct program_header read_program_header(const uint8_t *p) {
    return (struct program_header){
        .type = (uint32_t)read_le(p, 4),
        .flags = (uint32_t)read_le(p + 4, 4),
        .offset = read_le(p + 8, 8),
        .address = read_le(p + 16, 8),
        .file_size = read_le(p + 32, 8),
        .memory_size = read_le(p + 40, 8),
        .align = read_le(p + 48, 8),
    };
}

static ts_status_t check_flags(struct elf *elf, uint32_t flags) {
    if ((flags & ELF_WRITE) != 0 && (flags & ELF_EXECUTE) != 0) {
        return fail(elf, TS_ERR_ACCESS_DENIED, "elf: a segment is both writable and executable");
    }
    if ((flags & (ELF_READ | ELF_EXECUTE)) == 0 || (flags & (ELF_READ | ELF_WRITE)) == ELF_WRITE) {
        return fail(elf, TS_ERR_IO_DATA_INTEGRITY, "elf: a segment is not readable");
    }
    return TS_OK;
}

static ts_status_t add_segment(struct elf *elf, const struct program_header *header, size_t size) {
    struct elf_segment segment = {.address = header->address,
                                  .memory_size = header->memory_size,
                                  .offset = header->offset,
                                  .file_size = header->file_size,
                                  .flags = header->flags & (ELF_READ | ELF_WRITE | ELF_EXECUTE)};
    if (!range_is_inside(header->offset, header->file_size, size)) {
        return fail(elf, TS_ERR_IO_DATA_INTEGRITY, "elf: a segment lies outside of the file");
    }
    if (header->memory_size < header->file_size) {
        return fail(elf, TS_ERR_IO_DATA_INTEGRITY, "elf: a segment is larger in the file than in memory");
    }
    if (header->memory_size == 0) {
        return TS_OK;
    }
    if (elf->segment_count == ELF_SEGMENT_MAX) {
        return fail(elf, TS_ERR_NOT_SUPPORTED, "elf: too many segments");
    }
    if (!checked_add(segment.address, segment.memory_size, &segment.page_end) ||
        !checked_align_up(segment.page_end, TS_PAGE_SIZE, &segment.page_end)) {
        return fail(elf, TS_ERR_IO_DATA_INTEGRITY, "elf: a segment wraps around the address space");
    }
    segment.page_start = align_down(segment.address, TS_PAGE_SIZE);
    if (!is_aligned(segment.address - segment.offset, TS_PAGE_SIZE) || (header->align & (header->align - 1)) != 0) {
        return fail(elf, TS_ERR_IO_DATA_INTEGRITY, "elf: a segment is misaligned");
    }
    /* The format demands ascending addresses, which makes overlap a matter of neighbours. */
    if (elf->segment_count > 0 && segment.page_start < elf->page_end) {
        return fail(elf, TS_ERR_IO_DATA_INTEGRITY, "elf: segments overlap, share a page or are out of order");
    }
    ts_status_t status = check_flags(elf, segment.flags);
    if (status == TS_OK) {
        elf->page_start = elf->segment_count == 0 ? segment.page_start : elf->page_start;
        elf->page_end = segment.page_end;
        elf->segment[elf->segment_count++] = segment;
    }
    return status;
}

/* Looks for the ABI note; what is malformed ends the search. */
static void read_notes(struct elf *elf, const struct program_header *header, const uint8_t *image, size_t size) {
    uint64_t align = header->align == 8 ? 8 : 4;
    if (!range_is_inside(header->offset, header->file_size, size)) {
        return;
    }
    const uint8_t *notes = image + header->offset;
    uint64_t at = 0;
    while (range_is_inside(at, NOTE_HEADER_SIZE, header->file_size)) {
        uint64_t name_size = read_le(notes + at, 4), data_size = read_le(notes + at + 4, 4);
        uint64_t name = at + NOTE_HEADER_SIZE, data, next;
        if (!checked_align_up(name + name_size, align, &data) || !range_is_inside(data, data_size, header->file_size) ||
            !checked_align_up(data + data_size, align, &next)) {
            return;
        }
        if (name_size == sizeof(NOTE_NAME) && data_size == 8 && read_le(notes + at + 8, 4) == NOTE_TYPE_ABI &&
            memcmp(notes + name, NOTE_NAME, sizeof(NOTE_NAME)) == 0 && !elf->has_abi_id) {
            elf->has_abi_id = true;
            elf->abi_id = read_le(notes + data, 8);
        }
        at = next;
    }
}

static ts_status_t read_program_headers(struct elf *elf, const uint8_t *image, size_t size) {
    const uint8_t *p = image + read_le(image + 32, 8);
    uint64_t count = read_le(image + 56, 2);
    for (uint64_t i = 0; i < count; i++) {
        struct program_header header = read_program_header(p + i * PROGRAM_HEADER_SIZE);
        ts_status_t status = TS_OK;
        if (header.type == SEGMENT_LOAD) {
            status = add_segment(elf, &header, size);
        } else if (header.type == SEGMENT_NOTE) {
            read_notes(elf, &header, image, size);
        } else if (header.type == SEGMENT_DYNAMIC || header.type == SEGMENT_INTERPRETER) {
            status = fail(elf, TS_ERR_NOT_SUPPORTED, "elf: dynamically linked");
        } else if (header.type == SEGMENT_GNU_STACK && (header.flags & ELF_EXECUTE) != 0) {
            status = fail(elf, TS_ERR_ACCESS_DENIED, "elf: asks for an executable stack");
        }
        if (status != TS_OK) {
            return status;
        }
    }
    return TS_OK;
}

static ts_status_t check_entry(struct elf *elf) {
    for (uint32_t i = 0; i < elf->segment_count; i++) {
        const struct elf_segment *segment = &elf->segment[i];
        if ((segment->flags & ELF_EXECUTE) != 0 && elf->entry >= segment->address &&
            elf->entry - segment->address < segment->file_size) {
            return TS_OK;
        }
    }
    return fail(elf, TS_ERR_IO_DATA_INTEGRITY, "elf: the entry point is not in an executable segment");
}

ts_status_t elf_open(struct elf *elf, const void *image, size_t size, uint32_t machine) {
    *elf = (struct elf){0};
    ts_status_t status = check_header(elf, image, size, machine);
    if (status == TS_OK) {
        elf->entry = read_le((const uint8_t *)image + 24, 8);
        status = read_program_headers(elf, image, size);
    }
    if (status == TS_OK) {
        status = check_entry(elf);
    }
    if (status != TS_OK) {
        elf->segment_count = 0;
    }
    return status;
}
