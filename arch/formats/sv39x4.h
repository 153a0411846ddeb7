/* SPDX-License-Identifier: MIT */
/* RISC-V Sv39x4: 41-bit guest-physical addresses, 3 levels, a root of 16 KiB. */
#pragma once

#include "formats/sv.h"

#define PT_FORMAT_SV39X4 PT_FORMAT_SV_X4_OF("Sv39x4", PT_FORMAT_ID_SV39X4, 3, 41)
