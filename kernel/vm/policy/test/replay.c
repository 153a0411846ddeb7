/* SPDX-License-Identifier: MIT */
/* See replay.h. Used by the tests, and by the program behind scripts/replay-trace. */
#include "replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGES_MAX 0x1000000u /* an array of them is made */

static bool append(struct trace *trace, size_t *room, uint32_t page) {
    if (trace->count == *room) {
        *room = *room == 0 ? 4096 : *room * 2;
        uint32_t *larger = realloc(trace->requests, *room * sizeof(*larger));
        if (larger == NULL) {
            return false;
        }
        trace->requests = larger;
    }
    trace->requests[trace->count++] = page;
    trace->pages = page >= trace->pages ? page + 1 : trace->pages;
    return true;
}

static bool parse_line(const char *line, uint32_t *page) {
    char *end;
    unsigned long number = strtoul(line, &end, 10);
    *page = (uint32_t)number;
    return line[0] >= '0' && line[0] <= '9' && (*end == '\n' || *end == 0) && number < PAGES_MAX;
}

static bool read_lines(struct trace *trace, FILE *file, const char *path) {
    char line[64];
    size_t room = 0;
    uint32_t page;
    while (fgets(line, sizeof(line), file) != NULL) {
        if (!parse_line(line, &page) || !append(trace, &room, page)) {
            fprintf(stderr, "%s:%zu: not a page number below %u\n", path, trace->count + 1,
                    PAGES_MAX);
            return false;
        }
    }
    return ferror(file) == 0;
}

bool trace_read(struct trace *trace, const char *path) {
    *trace = (struct trace){0};
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return false;
    }
    bool good = read_lines(trace, file, path);
    fclose(file);
    if (!good) {
        trace_free(trace);
    }
    return good;
}

void trace_free(struct trace *trace) {
    free(trace->requests);
    *trace = (struct trace){0};
}

static struct reclaim_key key_of(uint32_t number) {
    return (struct reclaim_key){.family = 1, .index = number};
}

static void request(struct reclaim_set *set, struct reclaim_page *pages, uint32_t number,
                    uint32_t frames) {
    struct reclaim_page *page = &pages[number];
    if (reclaim_is_tracked(page)) {
        reclaim_access(set, page);
        return;
    }
    struct reclaim_miss miss;
    reclaim_miss(set, key_of(number), &miss);
    if (reclaim_pages(set) == frames) {
        struct reclaim_page *victim = reclaim_victim(set, &miss);
        if (victim ==
            NULL) { /* without a policy the page finds no place, and misses again the next time */
            return;
        }
        reclaim_evict(set, victim, key_of((uint32_t)(victim - pages)));
    }
    reclaim_track(set, page, &miss, RECLAIM_USED);
}

bool trace_replay(const struct trace *trace, const struct reclaim_policy *policy, uint32_t frames,
                  struct reclaim_counts *counts) {
    struct reclaim_set set;
    size_t history_size = reclaim_history_size(policy, frames);
    void *history = history_size == 0 ? NULL : calloc(1, history_size);
    struct reclaim_page *pages = calloc((size_t)trace->pages + 1, sizeof(*pages));
    bool good = pages != NULL && (history_size == 0 || history != NULL);
    if (good) {
        reclaim_set_init(&set, policy, frames, history, 0);
        for (size_t i = 0; i < trace->count; i++) {
            request(&set, pages, trace->requests[i], frames);
        }
        reclaim_count(&set, counts);
    }
    free(pages);
    free(history);
    return good;
}
