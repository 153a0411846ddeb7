/* SPDX-License-Identifier: MIT */
/*
 * Reader of cpio archives in the "newc" format, with or without checksums: the boot archive. The archive is hostile;
 * every read is checked. Nothing is written, nothing is allocated. Used by the kernel to find init, and by init.
 */
#pragma once

#include "abi/types.h"

#define CPIO_MODE_TYPE 0170000u
#define CPIO_MODE_FILE 0100000u

struct cpio_entry {
    const char *name; /* terminated, inside the archive, without leading "./" or "/" */
    const uint8_t *data;
    size_t size;
    uint32_t mode;
};

/* The entry at *position, which is 0 at first and is moved to the next one. NOT_FOUND at the end of the archive,
 * IO_DATA_INTEGRITY if it is damaged or cut off there. */
ts_status_t cpio_next(const void *archive, size_t size, size_t *position, struct cpio_entry *entry);

/* The regular file with this name, the first if there are several. NOT_FOUND, IO_DATA_INTEGRITY. */
ts_status_t cpio_find(const void *archive, size_t size, const char *name, struct cpio_entry *entry);

/* Reads the whole archive, checksums included, and counts its entries. IO_DATA_INTEGRITY if anything is wrong. */
ts_status_t cpio_check(const void *archive, size_t size, uint32_t *count);
