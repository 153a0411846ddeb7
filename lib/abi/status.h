/* SPDX-License-Identifier: MIT */
/* The status codes: one list, from which the enumeration and the names are made. */
#pragma once

#include "abi/types.h"

#define TS_STATUS_LIST(X)                                                                          \
    X(OK, 0)                                                                                       \
    X(ERR_INTERNAL, -1)                                                                            \
    X(ERR_NOT_SUPPORTED, -2)                                                                       \
    X(ERR_NO_RESOURCES, -3)                                                                        \
    X(ERR_NO_MEMORY, -4)                                                                           \
    X(ERR_INVALID_ARGS, -10)                                                                       \
    X(ERR_BAD_HANDLE, -11)                                                                         \
    X(ERR_WRONG_TYPE, -12)                                                                         \
    X(ERR_BAD_SYSCALL, -13)                                                                        \
    X(ERR_OUT_OF_RANGE, -14)                                                                       \
    X(ERR_BUFFER_TOO_SMALL, -15)                                                                   \
    X(ERR_BAD_STATE, -20)                                                                          \
    X(ERR_TIMED_OUT, -21)                                                                          \
    X(ERR_SHOULD_WAIT, -22)                                                                        \
    X(ERR_CANCELED, -23)                                                                           \
    X(ERR_PEER_CLOSED, -24)                                                                        \
    X(ERR_NOT_FOUND, -25)                                                                          \
    X(ERR_ALREADY_EXISTS, -26)                                                                     \
    X(ERR_ALREADY_BOUND, -27)                                                                      \
    X(ERR_UNAVAILABLE, -28)                                                                        \
    X(ERR_ACCESS_DENIED, -30)                                                                      \
    X(ERR_IO, -40)                                                                                 \
    X(ERR_IO_REFUSED, -41)                                                                         \
    X(ERR_IO_DATA_INTEGRITY, -42)                                                                  \
    X(ERR_IO_DATA_LOSS, -43)                                                                       \
    X(ERR_IO_NOT_PRESENT, -44)                                                                     \
    X(ERR_IO_OVERRUN, -45)                                                                         \
    X(ERR_IO_MISSED_DEADLINE, -46)                                                                 \
    X(ERR_IO_INVALID, -47)                                                                         \
    X(ERR_NO_SPACE, -54)                                                                           \
    X(ERR_STOP, -60)                                                                               \
    X(ERR_NEXT, -61)                                                                               \
    X(ERR_HARDWARE_FAULT, -100)

#define TS_STATUS_ENUM(name, value) TS_##name = (value),
enum ts_status { TS_STATUS_LIST(TS_STATUS_ENUM) };
#undef TS_STATUS_ENUM
