/* SPDX-License-Identifier: MIT */
/* Rights of a handle. Values are Zircon's; which kind carries which is in objects.tbl. */
#pragma once

#include "abi/types.h"

#define TS_RIGHT_LIST(X)                                                                           \
    X(DUPLICATE, 0)                                                                                \
    X(TRANSFER, 1)                                                                                 \
    X(READ, 2)                                                                                     \
    X(WRITE, 3)                                                                                    \
    X(EXECUTE, 4)                                                                                  \
    X(MAP, 5)                                                                                      \
    X(GET_PROPERTY, 6)                                                                             \
    X(SET_PROPERTY, 7)                                                                             \
    X(ENUMERATE, 8)                                                                                \
    X(DESTROY, 9)                                                                                  \
    X(SET_POLICY, 10)                                                                              \
    X(GET_POLICY, 11)                                                                              \
    X(SIGNAL, 12)                                                                                  \
    X(SIGNAL_PEER, 13)                                                                             \
    X(WAIT, 14)                                                                                    \
    X(INSPECT, 15)                                                                                 \
    X(MANAGE_JOB, 16)                                                                              \
    X(MANAGE_PROCESS, 17)                                                                          \
    X(MANAGE_THREAD, 18)                                                                           \
    X(APPLY_PROFILE, 19)                                                                           \
    X(SAME_RIGHTS, 31)

#define TS_RIGHT_ENUM(name, bit) TS_RIGHT_##name = 1u << (bit),
enum ts_right { TS_RIGHT_LIST(TS_RIGHT_ENUM) };
#undef TS_RIGHT_ENUM

#define TS_RIGHT_NONE 0u
#define TS_RIGHT_BASIC                                                                             \
    (TS_RIGHT_TRANSFER | TS_RIGHT_DUPLICATE | TS_RIGHT_WAIT | TS_RIGHT_INSPECT)
#define TS_RIGHT_IO       (TS_RIGHT_READ | TS_RIGHT_WRITE)
#define TS_RIGHT_PROPERTY (TS_RIGHT_GET_PROPERTY | TS_RIGHT_SET_PROPERTY)
#define TS_RIGHT_POLICY   (TS_RIGHT_GET_POLICY | TS_RIGHT_SET_POLICY)
#define TS_RIGHT_ALL      0x000fffffu /* every right but the SAME_RIGHTS request bit */
