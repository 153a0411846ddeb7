/* SPDX-License-Identifier: MIT */
/* The groups of benchmarks. Each leaves nothing behind. */
#pragma once

void bench_calls(void);    /* system calls and switches */
void bench_messages(void); /* endpoints */
void bench_signals(void);  /* events and ports */
void bench_objects(void);  /* handles and the making of objects */
void bench_memory(void);
void bench_faults(void);
void bench_paging(void); /* pagers and eviction */
void bench_snapshots(void);
void bench_interrupts(void); /* last: the console is away meanwhile */
