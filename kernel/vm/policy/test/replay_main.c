/* SPDX-License-Identifier: MIT */
/* replay-trace FILE FRAMES: prints the misses of each policy. Linked with the kernel's own objects:
 * scripts/host.mk. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernel/assert.h"
#include "replay.h"

_Noreturn void panic(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    abort();
}

static bool print_misses(const struct trace *trace, const char *name,
                         const struct reclaim_policy *policy, uint32_t frames) {
    struct reclaim_counts counts;
    if (!trace_replay(trace, policy, frames, &counts)) {
        fprintf(stderr, "no memory for %u frames\n", frames);
        return false;
    }
    printf("%s %lu\n", name, counts.misses);
    return true;
}

int main(int argc, char **argv) {
    char *end = NULL;
    unsigned long frames = argc == 3 ? strtoul(argv[2], &end, 10) : 0;
    if (frames == 0 || *end != 0 || frames > RECLAIM_CAPACITY_MAX) {
        fprintf(stderr, "usage: replay-trace FILE FRAMES\n");
        return 2;
    }
    struct trace trace;
    if (!trace_read(&trace, argv[1])) {
        return 1;
    }
    bool good = print_misses(&trace, "lru", &reclaim_lru, (uint32_t)frames) &&
                print_misses(&trace, "arc", &reclaim_arc, (uint32_t)frames) &&
                print_misses(&trace, "clock-ref0", &reclaim_clock_ref0, (uint32_t)frames) &&
                print_misses(&trace, "clock-ref1", &reclaim_clock, (uint32_t)frames);
    trace_free(&trace);
    return good ? 0 : 1;
}
