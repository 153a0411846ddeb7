/* SPDX-License-Identifier: MIT */
/* Reading of the manifest. The blob comes out of the boot archive and is checked like anything from
 * outside. */
#include "init/manifest.h"

#include "abi/status.h"
#include "base/string.h"

#define MILLISECOND 1000000

struct ceiling_name {
    const char *property;
    enum ts_job_ceiling kind;
};

static const struct ceiling_name ceiling_names[] = {
    {"memory-limit", TS_CEILING_MEMORY},        {"handle-limit", TS_CEILING_HANDLES},
    {"thread-limit", TS_CEILING_THREADS},       {"process-limit", TS_CEILING_PROCESSES},
    {"interrupt-limit", TS_CEILING_INTERRUPTS}, {"swap-limit", TS_CEILING_SWAP},
};

static ts_status_t fail(struct manifest *manifest, const char *culprit, const char *error,
                        ts_status_t status) {
    manifest->error = error;
    manifest->culprit = culprit;
    return status;
}

static bool read_names(const struct fdt *fdt, uint32_t node, const char *property,
                       struct manifest_names *names) {
    struct fdt_value value = fdt_property(fdt, node, property);
    names->count = 0;
    for (uint32_t i = 0;; i++) {
        const char *name = value.data != NULL ? fdt_string(value, i) : NULL;
        if (name == NULL) {
            return true;
        }
        if (i >= MANIFEST_NAMES_MAX) {
            return false;
        }
        names->name[names->count++] = name;
    }
}

static ts_time_t read_milliseconds(struct fdt_value value, uint32_t index, uint32_t otherwise) {
    uint64_t number = otherwise;
    (void)fdt_read_cells(value, index, 1, &number);
    return (ts_time_t)(number * MILLISECOND);
}

static bool read_restart(const struct fdt *fdt, uint32_t node, struct restart_policy *policy) {
    struct fdt_value mode = fdt_property(fdt, node, "restart");
    struct fdt_value backoff = fdt_property(fdt, node, "backoff");
    struct fdt_value budget = fdt_property(fdt, node, "budget");
    uint64_t count = RESTART_BUDGET_MAX;
    policy->pause_first = read_milliseconds(backoff, 0, 10);
    policy->pause_max = read_milliseconds(backoff, 1, 1000);
    (void)fdt_read_cells(budget, 0, 1, &count);
    policy->budget = (uint32_t)count;
    policy->window = read_milliseconds(budget, 1, 60000);
    if (mode.data == NULL || fdt_has_string(mode, "never")) {
        policy->mode = RESTART_NEVER;
    } else if (fdt_has_string(mode, "on-failure")) {
        policy->mode = RESTART_ON_FAILURE;
    } else if (fdt_has_string(mode, "always")) {
        policy->mode = RESTART_ALWAYS;
    } else {
        return false;
    }
    return policy->budget <= RESTART_BUDGET_MAX && policy->pause_first > 0 &&
           policy->pause_first <= policy->pause_max;
}

static void read_ceilings(const struct fdt *fdt, uint32_t node, uint64_t *ceiling) {
    for (uint32_t i = 0; i < TS_CEILING_COUNT; i++) {
        ceiling[i] = TS_CEILING_UNSET;
    }
    for (size_t i = 0; i < sizeof(ceiling_names) / sizeof(ceiling_names[0]); i++) {
        uint64_t value;
        if (fdt_read_number(fdt, node, ceiling_names[i].property, &value)) {
            ceiling[ceiling_names[i].kind] = value;
        }
    }
}

static const char *const policies[TS_RECLAIM_COUNT] = {
    [TS_RECLAIM_NONE] = "none",
    [TS_RECLAIM_LRU] = "lru",
    [TS_RECLAIM_ARC] = "arc",
    [TS_RECLAIM_CLOCK] = "clock",
};

/* A policy without frames, or frames without a policy, make no sense. */
static bool read_reclaim(const struct fdt *fdt, uint32_t node, struct manifest_entry *entry) {
    const char *policy = fdt_string(fdt_property(fdt, node, "reclaim"), 0);
    entry->reclaim = 0;
    while (policy != NULL && entry->reclaim < TS_RECLAIM_COUNT && strcmp(policy, policies[entry->reclaim]) != 0) {
        entry->reclaim++;
    }
    entry->reclaim = policy != NULL ? entry->reclaim : TS_RECLAIM_COUNT;
    bool has_frames = fdt_read_number(fdt, node, "frames", &entry->frames);
    entry->is_swapped = fdt_property(fdt, node, "swapped").data != NULL;
    bool has_domain = entry->reclaim != TS_RECLAIM_COUNT && has_frames;
    return has_domain || (policy == NULL && !has_frames && !entry->is_swapped);
}

static ts_status_t read_entry(struct manifest *manifest, const struct fdt *fdt, uint32_t node,
                              struct manifest_entry *entry) {
    memset(entry, 0, sizeof(*entry));
    entry->name = fdt_name(fdt, node);
    entry->program = fdt_string(fdt_property(fdt, node, "program"), 0);
    entry->program = entry->program != NULL ? entry->program : entry->name;
    entry->provides = fdt_string(fdt_property(fdt, node, "provides"), 0);
    entry->is_public = fdt_property(fdt, node, "public").data != NULL;
    entry->manual = fdt_property(fdt, node, "manual").data != NULL;
    entry->manage = fdt_property(fdt, node, "manage").data != NULL;
    entry->critical = fdt_property(fdt, node, "critical").data != NULL;
    entry->priority = fdt_read_u32(fdt, node, "priority", MANIFEST_PRIORITY);
    read_ceilings(fdt, node, entry->ceiling);
    (void)fdt_read_number(fdt, node, "swap-pages", &entry->swap_pages);
    (void)fdt_read_number(fdt, node, "reserve", &entry->reserve);
    entry->wired = fdt_property(fdt, node, "wired").data != NULL;
    if (!read_names(fdt, node, "arguments", &entry->arguments) ||
        !read_names(fdt, node, "uses", &entry->uses) ||
        !read_names(fdt, node, "depends", &entry->depends) ||
        !read_names(fdt, node, "only", &entry->only) ||
        !read_names(fdt, node, "unless", &entry->unless) ||
        !read_names(fdt, node, "resources", &entry->resources) ||
        !read_names(fdt, node, "compatible", &entry->compatible)) {
        return fail(manifest, entry->name, "a list has more than 8 names", TS_ERR_OUT_OF_RANGE);
    }
    if (!read_restart(fdt, node, &entry->restart)) {
        return fail(manifest, entry->name, "restart, backoff or budget make no sense",
                    TS_ERR_INVALID_ARGS);
    }
    if (!read_reclaim(fdt, node, entry)) {
        return fail(manifest, entry->name, "reclaim, frames or swapped make no sense", TS_ERR_INVALID_ARGS);
    }
    if (entry->priority >= TS_PRIORITY_COUNT) {
        return fail(manifest, entry->name, "priority is above 255", TS_ERR_INVALID_ARGS);
    }
    return TS_OK;
}

static ts_status_t read_entries(struct manifest *manifest, const struct fdt *fdt,
                                const char *parent, struct manifest_entry *entries, uint32_t max,
                                uint32_t *count) {
    uint32_t node = fdt_first_child(fdt, fdt_find_path(fdt, parent));
    ts_status_t status = TS_OK;
    *count = 0;
    for (; node != FDT_NONE && status == TS_OK; node = fdt_next_sibling(fdt, node)) {
        if (*count >= max) {
            return fail(manifest, fdt_name(fdt, node), "there are too many nodes",
                        TS_ERR_OUT_OF_RANGE);
        }
        status = read_entry(manifest, fdt, node, &entries[*count]);
        (*count)++;
    }
    return status;
}

static bool is_provider(const struct manifest_entry *entry, const char *name) {
    return strcmp(entry->name, name) == 0 ||
           (entry->provides != NULL && strcmp(entry->provides, name) == 0);
}

/* Whether all that this one depends on is among the first `placed` servers, and exists. */
static bool is_ready(const struct manifest *manifest, const struct manifest_entry *entry,
                     uint32_t placed) {
    for (uint32_t i = 0; i < entry->depends.count; i++) {
        bool exists = false;
        for (uint32_t j = 0; j < manifest->server_count; j++) {
            bool provides = is_provider(&manifest->server[j], entry->depends.name[i]);
            exists = exists || provides;
            if (provides && j >= placed) {
                return false;
            }
        }
        if (!exists) {
            return false;
        }
    }
    return true;
}

/* Puts each server after those that it depends on, and otherwise keeps their order. */
static ts_status_t order_servers(struct manifest *manifest) {
    for (uint32_t placed = 0; placed < manifest->server_count; placed++) {
        uint32_t next = placed;
        while (next < manifest->server_count &&
               !is_ready(manifest, &manifest->server[next], placed)) {
            next++;
        }
        if (next == manifest->server_count) {
            return fail(manifest, manifest->server[placed].name,
                        "depends on itself or on what does not exist", TS_ERR_INVALID_ARGS);
        }
        struct manifest_entry entry = manifest->server[next];
        memmove(&manifest->server[placed + 1], &manifest->server[placed],
                (next - placed) * sizeof(entry));
        manifest->server[placed] = entry;
    }
    return TS_OK;
}

uint64_t manifest_swap_pages(const struct manifest *manifest) {
    uint64_t pages = 0;
    for (uint32_t i = 0; i < manifest->server_count; i++) {
        pages = manifest->server[i].swap_pages != 0 ? manifest->server[i].swap_pages : pages;
    }
    return pages;
}

/* One swap server at most, and one if anybody needs it. */
static ts_status_t check_swap(struct manifest *manifest) {
    uint32_t servers = 0;
    const struct manifest_entry *swapped = NULL;
    for (uint32_t i = 0; i < manifest->server_count; i++) {
        servers += manifest->server[i].swap_pages != 0 ? 1 : 0;
        swapped = manifest->server[i].is_swapped ? &manifest->server[i] : swapped;
    }
    for (uint32_t i = 0; i < manifest->program_count; i++) {
        swapped = manifest->program[i].is_swapped ? &manifest->program[i] : swapped;
    }
    if (servers > 1) {
        return fail(manifest, "", "there are two swap servers", TS_ERR_INVALID_ARGS);
    }
    if (servers == 0 && swapped != NULL) {
        return fail(manifest, swapped->name, "is swapped, and there is no swap server", TS_ERR_INVALID_ARGS);
    }
    return TS_OK;
}

ts_status_t manifest_read(struct manifest *manifest, const void *blob, size_t size) {
    struct fdt fdt;
    memset(manifest, 0, sizeof(*manifest));
    ts_status_t status = fdt_open(&fdt, blob, size);
    if (status != TS_OK) {
        return fail(manifest, "", fdt.error, status);
    }
    status = read_entries(manifest, &fdt, "/servers", manifest->server, MANIFEST_SERVERS_MAX,
                          &manifest->server_count);
    if (status == TS_OK) {
        status = read_entries(manifest, &fdt, "/programs", manifest->program, MANIFEST_PROGRAMS_MAX,
                              &manifest->program_count);
    }
    if (status == TS_OK) {
        status = read_entry(manifest, &fdt, fdt_find_path(&fdt, "/programs/default"),
                            &manifest->fallback);
    }
    if (status == TS_OK && manifest->server_count == 0) {
        status = fail(manifest, "", "there are no servers", TS_ERR_INVALID_ARGS);
    }
    if (status == TS_OK) {
        status = check_swap(manifest);
    }
    return status == TS_OK ? order_servers(manifest) : status;
}

const struct manifest_entry *manifest_program(const struct manifest *manifest, const char *name) {
    for (uint32_t i = 0; i < manifest->program_count; i++) {
        if (strcmp(manifest->program[i].name, name) == 0) {
            return &manifest->program[i];
        }
    }
    return &manifest->fallback;
}

static bool line_has_word(const char *line, const char *word) {
    size_t length = strlen(word);
    while (*line != '\0') {
        size_t end = 0;
        while (line[end] != '\0' && line[end] != ' ') {
            end++;
        }
        if (end == length && strncmp(line, word, length) == 0) {
            return true;
        }
        line += line[end] == ' ' ? end + 1 : end;
    }
    return false;
}

static bool line_has_any(const char *line, const struct manifest_names *words) {
    bool found = false;
    for (uint32_t i = 0; i < words->count; i++) {
        found = found || line_has_word(line, words->name[i]);
    }
    return found;
}

bool manifest_is_meant(const struct manifest_entry *entry, const char *command_line) {
    return (entry->only.count == 0 || line_has_any(command_line, &entry->only)) &&
           !line_has_any(command_line, &entry->unless);
}
