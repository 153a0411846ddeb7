/* SPDX-License-Identifier: MIT */
/* The archive reader: a header of hexadecimal fields, the name, the data, each part padded to four bytes. */
#include "base/cpio.h"

#include "abi/status.h"
#include "base/checked.h"
#include "base/string.h"

#define HEADER_SIZE     110u
#define FIELD_FIRST     6u /* behind the magic number */
#define FIELD_SIZE      8u
#define FIELD_MODE      1u
#define FIELD_FILE_SIZE 6u
#define FIELD_NAME_SIZE 11u
#define FIELD_CHECKSUM  12u
#define NAME_SIZE_MAX   4096u
#define CHECKSUM_NONE   UINT64_MAX
#define TRAILER         "TRAILER!!!"

static bool read_hex(const uint8_t *text, uint32_t *value) {
    uint32_t result = 0;
    for (unsigned i = 0; i < FIELD_SIZE; i++) {
        uint32_t digit;
        if (text[i] >= '0' && text[i] <= '9') {
            digit = text[i] - (uint32_t)'0';
        } else if (text[i] >= 'a' && text[i] <= 'f') {
            digit = text[i] - (uint32_t)'a' + 10;
        } else if (text[i] >= 'A' && text[i] <= 'F') {
            digit = text[i] - (uint32_t)'A' + 10;
        } else {
            return false;
        }
        result = result << 4 | digit;
    }
    *value = result;
    return true;
}

static bool read_field(const uint8_t *header, unsigned field, uint32_t *value) {
    return read_hex(header + FIELD_FIRST + field * FIELD_SIZE, value);
}

static const char *strip_root(const char *name) {
    for (;;) {
        if (name[0] == '/') {
            name++;
        } else if (name[0] == '.' && name[1] == '/') {
            name += 2;
        } else {
            return name;
        }
    }
}

/* As cpio_next(); *checksum is that of the header, or CHECKSUM_NONE. */
static ts_status_t read_entry(const uint8_t *archive, size_t size, size_t *position, struct cpio_entry *entry,
                              uint64_t *checksum) {
    uint32_t mode, file_size, name_size, sum; /* of the 13 fields, those that mean something here */
    uint64_t at = *position;
    if (!range_is_inside(at, HEADER_SIZE, size)) {
        return TS_ERR_IO_DATA_INTEGRITY;
    }
    const uint8_t *header = archive + at;
    bool has_checksum = memcmp(header, "070702", FIELD_FIRST) == 0;
    if ((!has_checksum && memcmp(header, "070701", FIELD_FIRST) != 0) || !read_field(header, FIELD_MODE, &mode) ||
        !read_field(header, FIELD_FILE_SIZE, &file_size) || !read_field(header, FIELD_NAME_SIZE, &name_size) ||
        !read_field(header, FIELD_CHECKSUM, &sum)) {
        return TS_ERR_IO_DATA_INTEGRITY;
    }
    uint64_t name = at + HEADER_SIZE;
    if (name_size == 0 || name_size > NAME_SIZE_MAX || !range_is_inside(name, name_size, size) ||
        strnlen((const char *)archive + name, name_size) != name_size - 1) {
        return TS_ERR_IO_DATA_INTEGRITY;
    }
    if (strcmp((const char *)archive + name, TRAILER) == 0) {
        return TS_ERR_NOT_FOUND;
    }
    uint64_t data = align_down(name + name_size + 3, 4);
    if (!range_is_inside(data, file_size, size)) {
        return TS_ERR_IO_DATA_INTEGRITY;
    }
    *entry = (struct cpio_entry){.name = strip_root((const char *)archive + name),
                                 .data = archive + data,
                                 .size = file_size,
                                 .mode = mode};
    *checksum = has_checksum ? sum : CHECKSUM_NONE;
    *position = align_down(data + file_size + 3, 4);
    return TS_OK;
}

ts_status_t cpio_next(const void *archive, size_t size, size_t *position, struct cpio_entry *entry) {
    uint64_t checksum;
    return read_entry(archive, size, position, entry, &checksum);
}

ts_status_t cpio_find(const void *archive, size_t size, const char *name, struct cpio_entry *entry) {
    size_t position = 0;
    struct cpio_entry found;
    ts_status_t status;
    name = strip_root(name);
    while ((status = cpio_next(archive, size, &position, &found)) == TS_OK) {
        if ((found.mode & CPIO_MODE_TYPE) == CPIO_MODE_FILE && strcmp(found.name, name) == 0) {
            *entry = found;
            break;
        }
    }
    return status;
}

/* The format's checksum is the sum of the data's bytes. */
static bool checksum_is_right(const struct cpio_entry *entry, uint64_t checksum) {
    uint32_t sum = 0;
    for (size_t i = 0; i < entry->size; i++) {
        sum += entry->data[i];
    }
    return checksum == CHECKSUM_NONE || sum == checksum;
}

ts_status_t cpio_check(const void *archive, size_t size, uint32_t *count) {
    size_t position = 0;
    struct cpio_entry entry;
    uint64_t checksum;
    ts_status_t status;
    *count = 0;
    while ((status = read_entry(archive, size, &position, &entry, &checksum)) == TS_OK) {
        if (!checksum_is_right(&entry, checksum)) {
            return TS_ERR_IO_DATA_INTEGRITY;
        }
        ++*count;
    }
    return status == TS_ERR_NOT_FOUND ? TS_OK : status;
}
