/* SPDX-License-Identifier: MIT */
/* The ELF note that says which system calls a program was built for; loaders compare it
 * (os/loader.h). */
#include "gen/syscalls.h"
#include "os/loader.h"

static const struct ts_abi_note abi_note __attribute__((section(".note.tessera"), used)) = {
    .name_size = sizeof(TS_ABI_NOTE_NAME),
    .descriptor_size = sizeof(uint64_t),
    .type = TS_ABI_NOTE_TYPE,
    .name = TS_ABI_NOTE_NAME,
    .abi_id = {(uint32_t)TS_ABI_ID, (uint32_t)(TS_ABI_ID >> 32)},
};
