/* SPDX-License-Identifier: MIT */
/* Loading of programs, and the note by which a program says which system calls it was built for. */
#pragma once

#include "abi/types.h"

#define TS_ABI_NOTE_NAME "Tessera"
#define TS_ABI_NOTE_TYPE 1u

struct ts_abi_note {
    uint32_t name_size;
    uint32_t descriptor_size;
    uint32_t type;
    char name[sizeof(TS_ABI_NOTE_NAME)];
    uint32_t abi_id[2]; /* low, high: the note is only aligned to 4 */
};

/* What ts_program_load() says about a program that it refuses, or null: one sentence. */
struct ts_loaded {
    uint64_t entry;
    uint64_t stack; /* initial stack pointer */
    const char *error;
};

/* `wired`: the memory of the program is there from the beginning, and mapped, so that it needs none to run. Maps a program, hostile until proven otherwise, and a stack into an empty address space. vmex:
 * resource that permits executable memory. On failure the address space is left half filled: the
 * caller ends the process. */
ts_status_t ts_program_load(ts_handle_t vmar, const void *image, size_t size, size_t stack_size,
                            bool wired, ts_handle_t vmex, struct ts_loaded *loaded);
