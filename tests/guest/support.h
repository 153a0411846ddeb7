/* SPDX-License-Identifier: MIT */
/* Short forms of what many tests do. Failures are noted. */
#pragma once

#include "guest/child.h"

#define STALE_HANDLE   0x7fffffff00000001ul /* a generation that no slot reaches in a test */
#define FORGED_HANDLE  0x0000000140000000ul /* an index beyond every table */

/* New objects, 0 on failure. */
ts_handle_t make_event(void);
ts_handle_t make_port(void);
ts_handle_t make_endpoint(void);
ts_handle_t make_vmo(uint64_t size);
ts_handle_t make_job(void);

ts_handle_t duplicate_with(ts_handle_t handle, ts_rights_t rights);
ts_handle_t duplicate_without(ts_handle_t handle, ts_rights_t rights);
ts_rights_t rights_of(ts_handle_t handle);
ts_koid_t koid_of(ts_handle_t handle);
uint32_t kind_of(ts_handle_t handle);

void close_handle(ts_handle_t handle);

/* The handle of the test program, by its name in the manifest. */
ts_handle_t resource(const char *name);

/* How much of a ceiling a job uses. */
uint64_t job_use(ts_handle_t job, uint32_t kind);

/* Maps a VMO anywhere, readable and writable. */
uint64_t map_vmo(ts_handle_t vmo, uint64_t size);
void unmap(uint64_t address, uint64_t size);

ts_time_t soon(void);

/* A process below the job that is not started; its root VMAR's handle. */
ts_handle_t make_process(ts_handle_t job, ts_handle_t *vmar);
ts_handle_t make_thread(ts_handle_t process);

/* Lowers a ceiling to this value, or to what is used, so that the next charge is refused. */
void set_ceiling(ts_handle_t job, uint32_t kind, uint64_t value);
void set_ceiling_to_use(ts_handle_t job, uint32_t kind);

/* Runs the function in a child with a job of its own; its exit code. */
int64_t run_in_job(guest_function function, uint64_t argument);

/* Waits for TERMINATED, at most some seconds. */
void wait_terminated(ts_handle_t task);
bool is_terminated(ts_handle_t task);
int64_t exit_code_of(ts_handle_t process);

/* The CPUs that run, as an affinity. */
uint64_t all_cpus(void);

/* The status of a call that is made without its stub, by the number and up to TS_CALL_ARGUMENTS
 * arguments. */
ts_status_t raw_call(uint64_t number, const uint64_t *arguments, unsigned count);

/* A page that is mapped and followed by one that is not; and an address `bytes` before the hole. */
uint64_t edge_make(void);
void edge_unmake(uint64_t page);

/* Addresses that no call may use: null, unmapped, the kernel's, between the halves, the last. */
#define BAD_ADDRESSES 6u
uint64_t bad_address(unsigned index);
