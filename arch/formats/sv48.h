/* SPDX-License-Identifier: MIT */
/* RISC-V Sv48: 48-bit virtual addresses, 4 levels. */
#pragma once

#include "formats/sv.h"

#define PT_FORMAT_SV48 PT_FORMAT_SV_OF("Sv48", PT_FORMAT_ID_SV48, 4, 48)
