/* SPDX-License-Identifier: MIT */
/* RISC-V Sv39: 39-bit virtual addresses, 3 levels. */
#pragma once

#include "formats/sv.h"

#define PT_FORMAT_SV39 PT_FORMAT_SV_OF("Sv39", PT_FORMAT_ID_SV39, 3, 39)
