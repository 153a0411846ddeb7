/* SPDX-License-Identifier: MIT */
/* What a port delivers. */
#pragma once

#include "abi/types.h"

enum ts_packet_type {
    TS_PACKET_USER = 0,       /* port_queue */
    TS_PACKET_SIGNAL_ONE = 1, /* object_wait_async: a signal was set */
    TS_PACKET_INTERRUPT = 2,  /* interrupt_bind: the line fired */
};

/* Options of object_wait_async. */
#define TS_WAIT_ASYNC_TIMESTAMP 1u /* the packet tells when */
#define TS_WAIT_ASYNC_EDGE      2u /* fire only when the signal becomes set later */

struct ts_packet_signal {
    ts_signals_t trigger;  /* what was waited for */
    ts_signals_t observed; /* all signals at that moment */
    uint64_t count;
    ts_time_t timestamp; /* 0 unless asked for */
    uint64_t reserved;
};

struct ts_packet_interrupt {
    ts_time_t timestamp; /* when the line fired */
    uint64_t reserved[3];
};

struct ts_packet {
    uint64_t key;
    uint32_t type; /* enum ts_packet_type */
    int32_t status;
    union {
        uint8_t bytes[32];
        uint64_t words[4];
        struct ts_packet_signal signal;
        struct ts_packet_interrupt interrupt;
    };
};

_Static_assert(sizeof(struct ts_packet) == 48, "a packet is 48 bytes");
