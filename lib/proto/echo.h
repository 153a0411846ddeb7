/* SPDX-License-Identifier: MIT */
/* The echo service, the smallest example of a protocol: it sends back what it is sent. */
#pragma once

enum ts_echo_label {
    TS_ECHO_ECHO = 1, /* in: bytes. out: the same bytes */
};
