/* SPDX-License-Identifier: MIT */
/*
 * Starting and watching programs, served by init to whom the manifest says `manage`. Replies carry
 * a status as their label. A process id is a number that is never used again.
 *
 * SPAWN  in: arguments as bytes (terminated strings, the program's name first). out: word 0 id.
 * WAIT   in: word 0 id. out, when it has ended: word 0 exit code. NOT_FOUND for ids that were
 * waited for or never were. KILL   in: word 0 id. A server that its policy restarts comes back
 * under another id. LIST   in: word 0 index. out: struct ts_process_entry as words; NOT_FOUND at
 * the end. OPEN   in: word 0 id. out: a process handle for looking at it. STOP   in: name as bytes.
 * Ends a server and does not restart it. START  in: name as bytes. Starts a stopped server. FIND
 * in: name as bytes. out: word 0 the id of the running server or program of that name.
 */
#pragma once

#include "abi/types.h"

enum ts_process_label {
    TS_PROCESS_SPAWN = 16,
    TS_PROCESS_WAIT = 17,
    TS_PROCESS_KILL = 18,
    TS_PROCESS_LIST = 19,
    TS_PROCESS_OPEN = 20,
    TS_PROCESS_STOP = 21,
    TS_PROCESS_START = 22,
    TS_PROCESS_FIND = 23,
};

enum ts_process_state {
    TS_PROCESS_STOPPED = 0, /* a server: by STOP, by its policy, or for want of its device */
    TS_PROCESS_RUNNING = 1,
    TS_PROCESS_BACKOFF = 2, /* a server that waits to be restarted */
    TS_PROCESS_FAILED = 3,  /* a server that used up its restarts */
    TS_PROCESS_ENDED = 4,   /* a program whose exit code nobody has asked for yet */
};

struct ts_process_entry {
    uint64_t id; /* 0: not running */
    uint64_t state;
    uint64_t restarts;
    int64_t exit_code; /* the last one */
    uint64_t server;   /* 1: in the manifest, 0: spawned */
    char name[TS_NAME_LENGTH];
};
