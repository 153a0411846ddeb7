/* SPDX-License-Identifier: MIT */
/* RISC-V Sv48x4: 50-bit guest-physical addresses, 4 levels, a root of 16 KiB. */
#pragma once

#include "formats/sv.h"

#define PT_FORMAT_SV48X4 PT_FORMAT_SV_X4_OF("Sv48x4", PT_FORMAT_ID_SV48X4, 4, 50)
