/* SPDX-License-Identifier: MIT */
/*
 * A job that swaps, for tests: they are the server of its swap, in a thread, and what it stores lies in their memory.
 * Children in the job are the programs.
 */
#pragma once

#include "guest/support.h"

#define SWAP_SLOTS 512u

/* Of the shared page; zero at the beginning of a test. */
#define SWAP_WORD  10u
#define SWAP_WORDS 16u

struct swap {
    ts_handle_t pager, port, vmo;
    uint64_t store;     /* address of what the server keeps */
    ts_handle_t job;    /* what swaps */
    ts_handle_t thread; /* of the server; 0: nobody answers */
    uint32_t reads, writes;
};

extern struct swap swap;

/* A job with a domain of so many frames, and a server. At the end nothing may be left of what swapped. */
void swap_begin(uint32_t policy, uint64_t frames);
void swap_end(void);

/* Runs the function in a child in the job, which has to succeed. */
void swap_run(guest_function function, uint64_t argument);

/* A server that begins asks for everything that was not answered. */
void swap_start_server(void);
void swap_stop_server(void);

ts_handle_t swap_make_vmo(ts_handle_t pager, ts_handle_t port, uint32_t options, uint64_t size);
struct ts_info_reclaim swap_reclaim(ts_handle_t job);

/* Until a word of the shared page has the value. */
void swap_wait_word(unsigned word, uint64_t value);
