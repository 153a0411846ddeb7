/* SPDX-License-Identifier: MIT */
/* Handing out of handles: exactly what the manifest names, made anew for each start. */
#include "init/grants.h"

#include "abi/rights.h"
#include "abi/status.h"
#include "base/format.h"
#include "base/string.h"
#include "gen/os_calls.h"
#include "init/device.h"
#include "init/swap.h"
#include "init/system.h"
#include "os/print.h"

#define CLIENT_RIGHTS (TS_RIGHT_WRITE | TS_RIGHT_TRANSFER | TS_RIGHT_DUPLICATE)

struct service {
    const char *name;
    bool is_public;
    ts_handle_t endpoint; /* init's own handle keeps it open while no server runs */
};

struct resource_name {
    const char *name;
    enum ts_resource_kind kind;
};

static const struct resource_name resource_names[] = {
    {"root", TS_RESOURCE_ROOT},
    {"memory", TS_RESOURCE_MEMORY},
    {"interrupts", TS_RESOURCE_INTERRUPT},
    {"ports", TS_RESOURCE_IOPORT},
    {"power", TS_RESOURCE_POWER},
    {"debug", TS_RESOURCE_DEBUG},
    {"vmex", TS_RESOURCE_VMEX},
    {"log", TS_RESOURCE_LOG},
};

static struct service services[MANIFEST_SERVERS_MAX];
static uint32_t service_count;

static struct service *service_find(const char *name) {
    for (uint32_t i = 0; i < service_count; i++) {
        if (strcmp(services[i].name, name) == 0) {
            return &services[i];
        }
    }
    return NULL;
}

ts_status_t services_make(void) {
    const struct manifest *manifest = &init_system.manifest;
    ts_status_t status = TS_OK;
    for (uint32_t i = 0; status == TS_OK && i < manifest->server_count; i++) {
        const char *name = manifest->server[i].provides;
        if (name != NULL && service_find(name) == NULL) {
            struct service *service = &services[service_count++];
            service->name = name;
            service->is_public = manifest->server[i].is_public;
            status = ts_endpoint_create(0, &service->endpoint);
        }
    }
    return status;
}

ts_status_t service_connect(const char *name, uint64_t client, ts_handle_t *handle) {
    struct service *service = service_find(name);
    *handle = TS_HANDLE_INVALID;
    return service != NULL ? ts_endpoint_mint(service->endpoint, client, CLIENT_RIGHTS, handle)
                           : TS_ERR_NOT_FOUND;
}

bool service_is_public(const char *name) {
    struct service *service = service_find(name);
    return service != NULL && service->is_public;
}

/* Adds a handle that was made with this status; takes it over. */
static ts_status_t add(struct task *task, const char *name, ts_status_t status,
                       ts_handle_t handle) {
    if (status == TS_OK && task->grant_count >= TS_BOOTSTRAP_HANDLES_MAX) {
        (void)!ts_handle_close(handle);
        status = TS_ERR_OUT_OF_RANGE;
    }
    if (status != TS_OK) {
        ts_log("%s: handle %s: %s", task->name, name, ts_status_name(status));
        return status;
    }
    struct grant *grant = &task->grant[task->grant_count++];
    memset(grant->name, 0, sizeof(grant->name));
    string_copy(grant->name, sizeof(grant->name), name);
    grant->handle = handle;
    return TS_OK;
}

static ts_status_t add_duplicate(struct task *task, const char *name, ts_handle_t handle,
                                 ts_rights_t rights) {
    ts_handle_t duplicate = TS_HANDLE_INVALID;
    ts_status_t status = ts_handle_duplicate(handle, rights, &duplicate);
    return add(task, name, status, duplicate);
}

/* What every program has. */
static ts_status_t add_own(struct task *task, ts_handle_t vmar, ts_handle_t thread) {
    ts_status_t status = add(task, "vmar", TS_OK, vmar);
    if (status == TS_OK) {
        status = add_duplicate(task, "process", task->process, TS_RIGHT_SAME_RIGHTS);
    }
    if (status == TS_OK) {
        status = add_duplicate(task, "thread", thread, TS_RIGHT_SAME_RIGHTS);
    }
    if (status == TS_OK) {
        status = add_duplicate(task, "job", task->job, TS_RIGHT_SAME_RIGHTS);
    }
    if (status == TS_OK) {
        status =
            add_duplicate(task, "time", init_system.time_page,
                          TS_RIGHT_READ | TS_RIGHT_MAP | TS_RIGHT_TRANSFER | TS_RIGHT_DUPLICATE);
    }
    return status;
}

static ts_status_t add_services(struct task *task, const struct manifest_entry *entry) {
    ts_status_t status = TS_OK;
    struct service *own = entry->provides != NULL ? service_find(entry->provides) : NULL;
    if (own != NULL) {
        status = add_duplicate(task, "endpoint", own->endpoint, TS_RIGHT_SAME_RIGHTS);
    }
    for (uint32_t i = 0; status == TS_OK && i < entry->uses.count; i++) {
        ts_handle_t handle;
        ts_status_t made = service_connect(entry->uses.name[i], task->id, &handle);
        status = add(task, entry->uses.name[i], made, handle);
    }
    return status;
}

/* Of a kind that has ranges, root alone covers any. */
static ts_status_t make_resource(const char *name, ts_handle_t *resource) {
    for (size_t i = 0; i < sizeof(resource_names) / sizeof(resource_names[0]); i++) {
        if (strcmp(resource_names[i].name, name) == 0) {
            return resource_names[i].kind == TS_RESOURCE_ROOT
                       ? ts_handle_duplicate(init_system.root, TS_RIGHT_SAME_RIGHTS, resource)
                       : ts_resource_create(init_system.root, resource_names[i].kind, 0, 0,
                                            resource);
        }
    }
    return TS_ERR_NOT_FOUND;
}

static ts_status_t add_resources(struct task *task, const struct manifest_entry *entry) {
    ts_status_t status = TS_OK;
    for (uint32_t i = 0; status == TS_OK && i < entry->resources.count; i++) {
        ts_handle_t handle = TS_HANDLE_INVALID;
        ts_status_t made = make_resource(entry->resources.name[i], &handle);
        status = add(task, entry->resources.name[i], made, handle);
    }
    return status;
}

/* A range of the root resource: ports themselves, or the pages that registers lie in. */
static ts_status_t add_registers(struct task *task, const struct device *device) {
    ts_handle_t resource = TS_HANDLE_INVALID;
    if (device->is_ports) {
        ts_status_t made = ts_resource_create(init_system.root, TS_RESOURCE_IOPORT, device->base,
                                              device->size, &resource);
        return add(task, "ports", made, resource);
    }
    ts_handle_t vmo = TS_HANDLE_INVALID;
    uint64_t start = device->base & ~(uint64_t)(TS_PAGE_SIZE - 1);
    uint64_t end = (device->base + device->size + TS_PAGE_SIZE - 1) & ~(uint64_t)(TS_PAGE_SIZE - 1);
    ts_status_t made = ts_vmo_create_physical(init_system.root, start, end - start, &vmo);
    return add(task, "registers", made, vmo);
}

static ts_status_t add_device(struct task *task, const struct device *device) {
    char text[32];
    ts_status_t status = add_registers(task, device);
    if (status == TS_OK && device->has_interrupt) {
        ts_handle_t interrupt = TS_HANDLE_INVALID;
        ts_status_t made =
            ts_interrupt_create(init_system.root, device->line, device->options, &interrupt);
        status = add(task, "interrupt", made, interrupt);
    }
    format_text(text, sizeof(text), "reg-offset=%lu", device->base & (TS_PAGE_SIZE - 1));
    bool room = task_add_argument(task, text);
    format_text(text, sizeof(text), "reg-shift=%u", device->reg_shift);
    room = room && task_add_argument(task, text);
    return status == TS_OK && !room ? TS_ERR_OUT_OF_RANGE : status;
}

static ts_status_t add_swap(struct task *task) {
    const struct swap_objects *swap = swap_objects();
    ts_status_t status = add_duplicate(task, "pager", swap->pager, TS_RIGHT_SAME_RIGHTS);
    if (status == TS_OK) {
        status = add_duplicate(task, "port", swap->port, TS_RIGHT_SAME_RIGHTS);
    }
    if (status == TS_OK) {
        status = add_duplicate(task, "swap", swap->vmo, TS_RIGHT_SAME_RIGHTS);
    }
    return status == TS_OK ? add_duplicate(task, "store", swap->store, TS_RIGHT_SAME_RIGHTS) : status;
}

ts_status_t grants_make(struct task *task, const struct manifest_entry *entry, ts_handle_t vmar,
                        ts_handle_t thread) {
    struct device device;
    ts_status_t status = add_own(task, vmar, thread);
    if (status == TS_OK) {
        status = add_services(task, entry);
    }
    if (status == TS_OK) {
        status = add_resources(task, entry);
    }
    if (status == TS_OK && entry->swap_pages != 0) {
        status = add_swap(task);
    }
    if (status == TS_OK && entry->compatible.count > 0) {
        status = init_system.has_machine &&
                         device_find(&init_system.machine, &entry->compatible, &device)
                     ? add_device(task, &device)
                     : TS_ERR_NOT_FOUND;
    }
    return status;
}

void grants_fetch(struct task *task, struct ts_message *message) {
    uint32_t left = task->grant_count - task->grant_next;
    uint32_t count = left < TS_MESSAGE_HANDLES ? left : TS_MESSAGE_HANDLES;
    ts_message_status(message, TS_OK);
    (void)!ts_message_put(message, left - count);
    for (uint32_t i = 0; i < count; i++) {
        struct grant *grant = &task->grant[task->grant_next++];
        uint64_t words[2];
        memcpy(words, grant->name, sizeof(words));
        (void)!ts_message_put(message, words[0]);
        (void)!ts_message_put(message, words[1]);
        (void)!ts_message_put_handle(message, grant->handle);
        grant->handle = TS_HANDLE_INVALID;
    }
}
