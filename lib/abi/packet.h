/* SPDX-License-Identifier: MIT */
/* What a port delivers. */
#pragma once

#include "abi/types.h"

enum ts_packet_type {
    TS_PACKET_USER = 0,       /* port_queue */
    TS_PACKET_SIGNAL_ONE = 1, /* object_wait_async: a signal was set */
    TS_PACKET_INTERRUPT = 2,  /* interrupt_bind: the line fired */
    TS_PACKET_PAGE_REQUEST = 3, /* pager_create_vmo: a page is wanted */
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

/* What a VMO wants of its pager. */
enum ts_page_request_command {
    TS_PAGE_REQUEST_READ = 0,     /* pages: answered by pager_supply_pages, or FAIL */
    TS_PAGE_REQUEST_COMPLETE = 1, /* nothing any more: this is the last packet */
    TS_PAGE_REQUEST_DIRTY = 2,    /* to write clean pages: answered by DIRTY, or FAIL */
    TS_PAGE_REQUEST_WRITEBACK = 3, /* the dirty pages of a swap VMO to be written back: those that
                                      pager_query_dirty_ranges finds */
};

struct ts_packet_page_request {
    uint32_t command; /* enum ts_page_request_command */
    uint32_t flags;   /* 0 */
    uint64_t offset, length; /* bytes, multiples of the page size */
    uint64_t reserved;
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
        struct ts_packet_page_request page_request;
    };
};

_Static_assert(sizeof(struct ts_packet) == 48, "a packet is 48 bytes");
