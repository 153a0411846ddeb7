/* SPDX-License-Identifier: MIT */
/*
 * A serial line as its one client, the console, sees it. Replies carry a status as their label. A
 * driver that dies answers with PEER_CLOSED; the same call made again waits for its successor.
 *
 * WRITE  in: bytes, at most TS_SERIAL_BYTES_MAX. Answered when all of them are in the device: what
 * was answered is not lost when the driver dies. SHOULD_WAIT while too many writes wait. READ   in:
 * nothing. out, when there are any: bytes that were received. SHOULD_WAIT while somebody else
 * reads.
 */
#pragma once

enum ts_serial_label {
    TS_SERIAL_WRITE = 1,
    TS_SERIAL_READ = 2,
};

#define TS_SERIAL_BYTES_MAX 480u
