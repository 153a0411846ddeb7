/* SPDX-License-Identifier: MIT */
/* Replays a trace of page numbers through a policy, one exact access after the other. */
#pragma once

#include "kernel/reclaim_policy.h"

struct trace {
    uint32_t *requests; /* page numbers below `pages` */
    size_t count;
    uint32_t pages;
};

/* One decimal page number per line. False, with a message on stderr: the file cannot be read, or
 * has anything else. */
bool trace_read(struct trace *trace, const char *path);
void trace_free(struct trace *trace);

/* What the policy counted, with so many frames, at least one. False: there was no memory. */
bool trace_replay(const struct trace *trace, const struct reclaim_policy *policy, uint32_t frames,
                  struct reclaim_counts *counts);
