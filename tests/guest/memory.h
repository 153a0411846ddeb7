/* SPDX-License-Identifier: MIT */
/* What tests of VMOs share: children of every kind, single words of them, and what they cost. Failures are noted. */
#pragma once

#include "abi/inspect.h"
#include "guest/support.h"

#define PAGE TS_PAGE_SIZE

#define MAP_READ  TS_VMAR_READ
#define MAP_WRITE (TS_VMAR_READ | TS_VMAR_WRITE)

/* New VMOs, 0 on failure. */
ts_handle_t make_vmo_with(uint32_t options, uint64_t size);
ts_handle_t make_child(ts_handle_t parent, uint32_t options, uint64_t offset, uint64_t size);
ts_handle_t make_snapshot(ts_handle_t parent, uint64_t offset, uint64_t size);
ts_handle_t make_slice(ts_handle_t parent, uint64_t offset, uint64_t size);

/* A word of a VMO, by call. */
uint64_t word_at(ts_handle_t vmo, uint64_t offset);
void set_word(ts_handle_t vmo, uint64_t offset, uint64_t value);

/* A word of a mapping. */
static inline volatile uint64_t *word_in(uint64_t address) {
    return (volatile uint64_t *)address;
}

/* Writes base + page into the first word of each page, and checks that it is there. */
void fill_pages(ts_handle_t vmo, uint64_t first, uint64_t pages, uint64_t base);
void check_pages(ts_handle_t vmo, uint64_t first, uint64_t pages, uint64_t base);
void check_zeros(ts_handle_t vmo, uint64_t first, uint64_t pages);

struct ts_info_vmo vmo_info(ts_handle_t vmo);

/* What maps an address of a process, as system_inspect tells; kind EMPTY: nothing. */
struct ts_inspect_entry leaf_of(ts_handle_t process, uint64_t address);

/* Bytes of memory of all programs. */
uint64_t program_memory(void);

/* Waits until it is so much: what was closed is taken apart. */
void wait_program_memory(uint64_t bytes);

/* Waits until relatives that were closed are gone, so that the VMO has its pages alone; until it has no children. */
void wait_alone(ts_handle_t vmo);
void wait_no_children(ts_handle_t vmo);

/* The same as vmo_set_cache_policy(), tried again while closed relatives are not gone yet. */
ts_status_t set_policy(ts_handle_t vmo, uint32_t policy);

/* A word is read or written in a child process that maps the VMO; its exit code. */
int64_t read_in_child(ts_handle_t vmo, uint64_t size, uint64_t offset, uint64_t expected);
int64_t write_in_child(ts_handle_t vmo, uint64_t size, uint64_t offset, uint64_t value);
