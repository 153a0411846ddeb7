/* SPDX-License-Identifier: MIT */
/*
 * The system manifest: a devicetree whose node /servers has a node for each server and whose node
 * /programs has one for each program that `run` gives more (or less) than /programs/default says.
 * Pure; used by init. Texts point into the blob.
 *
 *   program       name of the program in the archive's bin/ (default: the node's name)
 *   arguments     texts that follow the program's name
 *   provides      the service whose endpoint the server receives from, as its handle "endpoint"
 *   public        everybody may look the service up
 *   uses          services that it is given a handle to call
 *   depends       servers or services that are started before it
 *   only          words: it is started only if the kernel's command line has one of them
 *   unless        words: it is not started if the kernel's command line has one of them
 *   manual        it is only started when somebody asks for it (START of proto/process.h)
 *   resources     powers that it is given: root, power, debug, vmex, log, memory, interrupts, ports
 *   compatible    a driver: started if the machine has such a device, and given its registers or
 * ports, and interrupt manage        may start, watch and kill programs (proto/process.h) critical
 * without it the system ends restart       "never", "on-failure" or "always" (default: never)
 *   backoff       <first longest>: pause before a restart, in ms
 *   budget        <count window>: most restarts in a stretch of so many ms
 *   priority      of its first thread, 0 to 255
 *   swap-pages    it is the swap server: given "pager", "port", "swap" (its VMO, of so many pages) and "store", memory of
 *                 the same size, which init keeps for its successors; one server at most
 *   wired         its program's memory is there, and mapped, from the beginning: for servers that pagers depend on
 *   reserve       frames, 1 to 64, for its job's memory when there are no others: for pagers
 *   reclaim       "none", "lru", "arc" or "clock": its job has a reclaim domain with this policy, of so many
 *   frames        frames
 *   swapped       memory of the domain that no pager fills goes to the swap server
 *   memory-limit, swap-limit, handle-limit, thread-limit, process-limit, interrupt-limit: ceilings of its job
 */
#pragma once

#include "abi/options.h"
#include "base/fdt.h"
#include "init/restart.h"

#define MANIFEST_SERVERS_MAX  24u
#define MANIFEST_PROGRAMS_MAX 24u
#define MANIFEST_NAMES_MAX    8u
#define MANIFEST_PRIORITY     128u

struct manifest_names {
    uint32_t count;
    const char *name[MANIFEST_NAMES_MAX];
};

struct manifest_entry {
    const char *name;
    const char *program;
    const char *provides; /* null: nothing */
    struct manifest_names arguments;
    struct manifest_names uses;
    struct manifest_names depends;
    struct manifest_names only;
    struct manifest_names unless;
    struct manifest_names resources;
    struct manifest_names compatible;
    bool is_public;
    bool manual;
    bool manage;
    bool critical;
    struct restart_policy restart;
    uint32_t priority;
    uint64_t ceiling[TS_CEILING_COUNT]; /* TS_CEILING_UNSET: none */
    bool wired;
    uint64_t reserve;                   /* frames */
    uint64_t swap_pages;                /* 0: it is not the swap server */
    uint32_t reclaim;                   /* enum ts_reclaim_policy; TS_RECLAIM_COUNT: no domain */
    uint64_t frames;
    bool is_swapped;
};

struct manifest {
    struct manifest_entry server[MANIFEST_SERVERS_MAX]; /* each after those that it depends on */
    uint32_t server_count;
    struct manifest_entry program[MANIFEST_PROGRAMS_MAX];
    uint32_t program_count;
    struct manifest_entry fallback; /* /programs/default */
    const char *error;              /* why manifest_read() failed, one sentence */
    const char *culprit;            /* the node's name, or "" */
};

/* INVALID_ARGS for a manifest that makes no sense, OUT_OF_RANGE for one that is too large, else
 * fdt_open()'s errors. */
ts_status_t manifest_read(struct manifest *manifest, const void *blob, size_t size);

/* Whether a system that was booted with this command line is to have the server. */
bool manifest_is_meant(const struct manifest_entry *entry, const char *command_line);

/* The pages of swap that there are: those of its server, 0 if there is none. */
uint64_t manifest_swap_pages(const struct manifest *manifest);

/* What a program that is run by this name gets. */
const struct manifest_entry *manifest_program(const struct manifest *manifest, const char *name);
