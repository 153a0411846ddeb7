/* SPDX-License-Identifier: MIT */
/* The parts of the program. */
#pragma once

#include "abi/types.h"

/* The hog's memory: twice what its job may have (pressure.dtsi). */
#define HOG_PAGES 1024u

/* The part that uses more memory than it has: fills it, sleeps until `begin`, reads and writes it until `end`, and
 * compares all of it with what it should be. 0: it is. */
int hog_run(ts_time_t begin, ts_time_t end);
