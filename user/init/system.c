/* SPDX-License-Identifier: MIT */
/* Opening of what the kernel handed over. */
#include "init/system.h"

#include "abi/status.h"
#include "base/format.h"
#include "base/string.h"
#include "gen/os_calls.h"
#include "os/start.h"

#define PATH_MAX 64u
#define INIT_PRIORITY                                                                              \
    220u /* above all servers: what holds the system together does not wait for them */

struct system init_system;

ts_status_t system_find_file(const char *folder, const char *name, struct cpio_entry *file) {
    char path[PATH_MAX];
    if (name[0] == '\0' || strchr(name, '/') != NULL ||
        format_text(path, sizeof(path), "%s%s", folder, name) >= sizeof(path)) {
        return TS_ERR_NOT_FOUND;
    }
    return cpio_find(init_system.archive, init_system.archive_size, path, file);
}

/* Maps a VMO of boot data read-only. size 0: all of it. */
static ts_status_t map_boot_data(const char *name, uint64_t offset, uint64_t size,
                                 const uint8_t **data, size_t *length) {
    ts_handle_t vmo = ts_startup_handle(name);
    uint64_t whole;
    uint64_t address;
    ts_status_t status = ts_vmo_get_size(vmo, &whole);
    if (status != TS_OK) {
        return status;
    }
    if (offset > whole || size > whole - offset) {
        return TS_ERR_OUT_OF_RANGE;
    }
    status = ts_vmar_map(init_system.vmar, TS_VMAR_READ, 0, vmo, 0, whole, &address);
    if (status == TS_OK) {
        *data = (const uint8_t *)address + offset;
        *length = size > 0 ? size : whole - offset;
    }
    return status;
}

/* Firmware's devicetree, or the one in the archive for machines whose firmware has none. */
static void open_machine(void) {
    const uint8_t *blob = NULL;
    size_t size = 0;
    struct cpio_entry file;
    if (ts_startup_handle("tree") != TS_HANDLE_INVALID) {
        if (map_boot_data("tree", ts_startup_value("tree-offset"), ts_startup_value("tree-size"),
                          &blob, &size) != TS_OK) {
            return;
        }
    } else if (system_find_file("", "machine.dtb", &file) == TS_OK) {
        blob = file.data;
        size = file.size;
    }
    init_system.has_machine = blob != NULL && fdt_open(&init_system.machine, blob, size) == TS_OK;
}

/* The kernel terminates it; a page that cannot be mapped is an empty line. */
static void open_command_line(void) {
    const uint8_t *text = NULL;
    size_t size = 0;
    bool mapped = map_boot_data("command-line", 0, 0, &text, &size) == TS_OK && size > 0;
    init_system.command_line = mapped ? (const char *)text : "";
}

static void take_handles(void) {
    init_system.process = ts_startup_handle("process");
    init_system.vmar = ts_startup_handle("vmar");
    init_system.job = ts_startup_handle("job");
    init_system.root = ts_startup_handle("root");
    init_system.time_page = ts_startup_handle("time");
}

ts_status_t system_open(const char **error) {
    struct cpio_entry file;
    take_handles();
    (void)!ts_thread_set_priority(ts_startup_handle("thread"), INIT_PRIORITY);
    *error = "no memory for init's endpoint and port";
    ts_status_t status = ts_endpoint_create(0, &init_system.endpoint);
    if (status == TS_OK) {
        status = ts_port_create(0, &init_system.port);
    }
    if (status == TS_OK) {
        *error = "the boot archive cannot be mapped";
        status = map_boot_data("archive", ts_startup_value("archive-offset"),
                               ts_startup_value("archive-size"), &init_system.archive,
                               &init_system.archive_size);
    }
    if (status == TS_OK) {
        *error = "the boot archive has no manifest.dtb";
        status = system_find_file("", "manifest.dtb", &file);
    }
    if (status == TS_OK) {
        status = manifest_read(&init_system.manifest, file.data, file.size);
        *error = init_system.manifest.error;
    }
    if (status == TS_OK) {
        open_machine();
        open_command_line();
    }
    return status;
}
