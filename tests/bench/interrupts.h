/* SPDX-License-Identifier: MIT */
/* The process that drives the UART while its interrupt is measured. */
#pragma once

#include <stdbool.h>

/* Measures, and sends the result by the handle "bench". */
void interrupts_peer(bool is_pl011);
