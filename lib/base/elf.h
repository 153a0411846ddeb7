/* SPDX-License-Identifier: MIT */
/*
 * Parser of ELF64 executables. The image is hostile: elf_open() takes from it all that a loader needs into struct elf,
 * checked, and nothing is read again afterwards except the bytes of the segments. Used by the kernel for init and by
 * init for every other program. Nothing is written, nothing is allocated; the image need not be aligned.
 */
#pragma once

#include "abi/types.h"

#define ELF_MACHINE_X86_64  62u
#define ELF_MACHINE_AARCH64 183u
#define ELF_MACHINE_RISCV   243u

#define ELF_SEGMENT_MAX 8u /* loadable ones; the linker makes four */

enum elf_flags { ELF_EXECUTE = 1, ELF_WRITE = 2, ELF_READ = 4 };

/* The bytes [offset, offset + file_size) of the image are to appear at address; up to memory_size follow zeroes.
 * address and offset are equal modulo the page size. */
struct elf_segment {
    uint64_t address;
    uint64_t memory_size; /* never 0, never below file_size */
    uint64_t offset;
    uint64_t file_size;
    uint32_t flags;       /* enum elf_flags; never write and execute together, write only with read */
    uint64_t page_start;  /* the pages that it touches; disjoint from those of other segments */
    uint64_t page_end;
};

struct elf {
    uint64_t entry;      /* inside the file part of an executable segment */
    uint64_t page_start; /* hull of all segments, in whole pages */
    uint64_t page_end;
    uint32_t segment_count;
    struct elf_segment segment[ELF_SEGMENT_MAX]; /* ascending addresses */
    bool has_abi_id;
    uint64_t abi_id;     /* of the note "Tessera", type 1 */
    const char *error;   /* why elf_open() failed, one sentence */
};

/* Checks an executable for the machine (ELF_MACHINE_). Statically linked at fixed addresses only. NOT_SUPPORTED for
 * other machines and kinds of file, IO_DATA_INTEGRITY for damage, ACCESS_DENIED for segments or a stack that would be
 * both writable and executable; then elf->error is set and elf has no segments. */
ts_status_t elf_open(struct elf *elf, const void *image, size_t size, uint32_t machine)
    __attribute__((warn_unused_result));
