/* SPDX-License-Identifier: MIT */
/* `vm`: virtual memory as the kernel sees it, by the resource "debug" (lib/abi/inspect.h). */
#include "shell/shell.h"

#include "abi/info.h"
#include "abi/inspect.h"
#include "abi/options.h"
#include "abi/status.h"
#include "base/string.h"
#include "gen/os_calls.h"
#include "os/print.h"
#include "os/programs.h"
#include "os/start.h"

#define RECORDS_SIZE 4096u
#define PARTS_MAX    65536u /* read at most: what is looked at may grow meanwhile */

static uint64_t records[RECORDS_SIZE / sizeof(uint64_t)];

typedef void (*print_record)(const void *record);

/* All records of a topic, from `start` on. */
static bool show(uint32_t topic, uint64_t object, uint64_t start, size_t record_size, print_record print) {
    for (unsigned part = 0; part < PARTS_MAX; part++) {
        size_t actual = 0;
        ts_status_t status = ts_system_inspect(ts_startup_handle("debug"), topic, object, start, records,
                                               sizeof(records), &actual, &start);
        if (status != TS_OK) {
            return shell_error("vm: %s", ts_status_name(status));
        }
        for (size_t i = 0; i < actual && i < sizeof(records) / record_size; i++) {
            print((const char *)records + i * record_size);
        }
        if (start == 0) {
            return true;
        }
    }
    return shell_error("vm: there is too much");
}

/* --- what is meant --- */

/* The program with this id, or the first with this name. */
static bool find_program(const char *text, uint64_t *id) {
    struct ts_process_entry entry;
    if (ts_number_parse(text, id)) {
        return true;
    }
    for (unsigned i = 0; ts_program_list(i, &entry) == TS_OK; i++) {
        if (entry.id != 0 && strcmp(entry.name, text) == 0) {
            *id = entry.id;
            return true;
        }
    }
    return false;
}

static bool find_process(const char *text, ts_koid_t *koid) {
    struct ts_info_handle_basic info = {0};
    ts_handle_t process = TS_HANDLE_INVALID;
    size_t actual;
    size_t available;
    uint64_t id;
    if (!find_program(text, &id) || ts_program_open(id, &process) != TS_OK) {
        return shell_error("vm: no such process: %s", text);
    }
    ts_status_t status =
        ts_object_get_info(process, TS_INFO_HANDLE_BASIC, &info, sizeof(info), &actual, &available);
    (void)!ts_handle_close(process);
    *koid = info.koid;
    return status == TS_OK || shell_error("vm: %s", ts_status_name(status));
}

/* `kernel`, which is koid 0, or a process. */
static bool find_table(const char *text, ts_koid_t *koid) {
    *koid = 0;
    return strcmp(text, "kernel") == 0 || find_process(text, koid);
}

/* --- how it is shown --- */

static void print_permissions(uint32_t read, uint32_t write, uint32_t execute) {
    ts_print("%c%c%c", read != 0 ? 'r' : '-', write != 0 ? 'w' : '-', execute != 0 ? 'x' : '-');
}

static void print_entry(const void *record) {
    static const char *const kinds[] = {"empty", "table", "leaf", "broken"};
    const struct ts_inspect_entry *entry = record;
    ts_print("%*s%u %016lx +%-10lx %-6s", (int)(3 - entry->level) * 2, "", entry->level, entry->va, entry->size,
             entry->kind < 4 ? kinds[entry->kind] : "?");
    if (entry->kind != TS_ENTRY_EMPTY) {
        ts_print(" -> %010lx", entry->pa);
    }
    if (entry->kind == TS_ENTRY_LEAF) {
        ts_print(" ");
        print_permissions(entry->flags & TS_ENTRY_READ, entry->flags & TS_ENTRY_WRITE,
                          entry->flags & TS_ENTRY_EXECUTE);
        ts_print("%c%c%c%c type %u", (entry->flags & TS_ENTRY_USER) != 0 ? 'u' : '-',
                 (entry->flags & TS_ENTRY_GLOBAL) != 0 ? 'g' : '-',
                 (entry->flags & TS_ENTRY_ACCESSED) != 0 ? 'a' : '-',
                 (entry->flags & TS_ENTRY_DIRTY) != 0 ? 'd' : '-', TS_ENTRY_TYPE(entry->flags));
    }
    ts_print("  entry %016lx in %lx\n", entry->value, entry->table);
}

static void print_map(const void *record) {
    const struct ts_inspect_map *map = record;
    ts_print("%012lx-%012lx ", map->base, map->base + map->size);
    print_permissions(map->permissions & TS_VMAR_READ, map->permissions & TS_VMAR_WRITE,
                      map->permissions & TS_VMAR_EXECUTE);
    ts_print(" %5lu %10lx %7lu/%lu %2u %.31s\n", map->vmo, map->offset, map->present, map->size / TS_PAGE_SIZE,
             map->depth, map->name);
}

static void print_page(const void *record) {
    const struct ts_inspect_page *page = record;
    ts_print("%10lu %010lx %6u%s%s%s%s%s%s\n", page->page, page->pa, page->shares,
             (page->state & TS_PAGE_STATE_SHARED) != 0 ? " shared" : "",
             (page->state & TS_PAGE_STATE_COPY) != 0 ? " copy-on-write" : "",
             (page->state & TS_PAGE_STATE_PINNED) != 0 ? " pinned" : "",
             (page->state & TS_PAGE_STATE_ZERO) != 0 ? " zero" : "",
             (page->state & TS_PAGE_STATE_SWAPPED) != 0 ? " swapped" : "",
             (page->state & TS_PAGE_STATE_DIRTY) != 0 ? " dirty" : "");
}

static void print_vmo(const void *record) {
    const struct ts_inspect_vmo *vmo = record;
    ts_print("%6lu %6lu %10lu %10lu %10lu %8lu %7u %4u %.31s\n", vmo->koid, vmo->parent, vmo->first, vmo->pages,
             vmo->present, vmo->mappings, vmo->handles, vmo->pins, vmo->name);
}

static void print_counts(const void *record) {
    const struct ts_inspect_counts *counts = record;
    ts_print("%10lu frames free\n%10lu of boot\n%10lu of the kernel\n%10lu page tables\n", counts->frames_free,
             counts->frames_boot, counts->frames_kernel, counts->frames_tables);
    ts_print("%10lu pages of memory objects\n%10lu memory objects\n%10lu families\n", counts->frames_vmo, counts->vmos,
             counts->families);
}

/* --- the command --- */

static bool vm_translate(int count, char **words) {
    ts_koid_t koid;
    uint64_t address;
    if (count != 4 || !ts_number_parse(words[3], &address)) {
        return shell_error("vm translate: which process (or kernel), which address?");
    }
    return find_table(words[2], &koid) &&
           show(TS_INSPECT_TRANSLATE, koid, address, sizeof(struct ts_inspect_entry), print_entry);
}

static bool vm_dump(int count, char **words) {
    uint64_t object;
    if (count == 4 && strcmp(words[2], "root") == 0 && ts_number_parse(words[3], &object)) {
        return show(TS_INSPECT_ROOT, object, 0, sizeof(struct ts_inspect_entry), print_entry);
    }
    if (count != 3) {
        return shell_error("vm dump: which process, kernel, or `root` and its physical address?");
    }
    return find_table(words[2], &object) &&
           show(TS_INSPECT_TABLES, object, 0, sizeof(struct ts_inspect_entry), print_entry);
}

static bool vm_maps(int count, char **words) {
    ts_koid_t koid;
    if (count != 3) {
        return shell_error("vm maps: of which process?");
    }
    if (!find_process(words[2], &koid)) {
        return false;
    }
    ts_print("RANGE                     R/W/X   VMO     OFFSET   PAGES IN DEPTH NAME\n");
    return show(TS_INSPECT_MAPS, koid, 0, sizeof(struct ts_inspect_map), print_map);
}

static bool vm_pages(int count, char **words) {
    uint64_t koid;
    if (count != 3 || !ts_number_parse(words[2], &koid)) {
        return shell_error("vm pages: of which VMO (its koid; `vm maps` tells)?");
    }
    ts_print("      PAGE   PHYSICAL SHARES STATE\n");
    return show(TS_INSPECT_PAGES, koid, 0, sizeof(struct ts_inspect_page), print_page);
}

static bool vm_family(int count, char **words) {
    uint64_t koid;
    if (count != 3 || !ts_number_parse(words[2], &koid)) {
        return shell_error("vm family: of which VMO (its koid; `vm maps` tells)?");
    }
    ts_print("  KOID PARENT      FIRST      PAGES    PRESENT MAPPINGS HANDLES PINS NAME\n");
    return show(TS_INSPECT_FAMILY, koid, 0, sizeof(struct ts_inspect_vmo), print_vmo);
}

static bool vm_counts(int count, char **words) {
    (void)words;
    return count == 2 ? show(TS_INSPECT_COUNTS, 0, 0, sizeof(struct ts_inspect_counts), print_counts)
                      : shell_error("vm counts: of everything");
}

/* What programs offered, and may be taken from them. */
static bool vm_reclaim(int count, char **words) {
    uint64_t bytes = 0;
    uint64_t freed = 0;
    if (count != 3 || !ts_number_parse(words[2], &bytes)) {
        return shell_error("vm reclaim: how many bytes?");
    }
    ts_status_t status = ts_system_debug(ts_startup_handle("debug"), TS_DEBUG_RECLAIM, bytes, &freed);
    if (status != TS_OK) {
        return shell_error("vm reclaim: %s", ts_status_name(status));
    }
    ts_print("vm reclaim: %lu bytes are free again\n", freed);
    return true;
}

static bool vm(int count, char **words) {
    static const struct {
        const char *name;
        bool (*run)(int count, char **words);
    } verbs[] = {{"translate", vm_translate}, {"dump", vm_dump},     {"maps", vm_maps},
                 {"pages", vm_pages},         {"family", vm_family}, {"counts", vm_counts},
                 {"audit", shell_audit},      {"reclaim", vm_reclaim}};
    for (size_t i = 0; count > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(words[1], verbs[i].name) == 0) {
            return verbs[i].run(count, words);
        }
    }
    return shell_error("vm: translate, dump, maps, pages, family, counts, reclaim or audit?");
}

const struct shell_command shell_memory_commands[] = {
    {"vm", "VERB WHAT", "virtual memory: translate, dump, maps, pages, family, counts, reclaim, audit", vm},
    {NULL, NULL, NULL, NULL},
};
