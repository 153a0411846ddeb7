/* SPDX-License-Identifier: MIT */
/* What init holds for as long as the system runs: its own handles, the archive, the manifest, the
 * machine. Filled in once, before the first server starts; everything runs on init's one thread. */
#pragma once

#include "base/cpio.h"
#include "init/manifest.h"

struct system {
    ts_handle_t process;
    ts_handle_t vmar;
    ts_handle_t job;  /* the root job */
    ts_handle_t root; /* resource that covers all others */
    ts_handle_t time_page;
    ts_handle_t endpoint; /* all programs call init here */
    ts_handle_t port;     /* the ends of processes arrive here */
    const uint8_t *archive;
    size_t archive_size;
    const char *command_line; /* the kernel's */
    struct manifest manifest;
    struct fdt machine;
    bool has_machine;
};

extern struct system init_system;

/* Maps archive and devicetree, reads the manifest. On failure *error says why. */
ts_status_t system_open(const char **error);

/* A file of the boot archive. */
ts_status_t system_find_file(const char *folder, const char *name, struct cpio_entry *file);
