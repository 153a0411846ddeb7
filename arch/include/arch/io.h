/* SPDX-License-Identifier: MIT */
/* Device registers as the kernel reaches them: MMIO through the direct map, and ports where the CPU has them. */
#pragma once

#include "abi/types.h"

/* arch/<a>/include/arch/impl/io.h, inline: arch_mmio_read32/write32(volatile void *, ...), read8/write8, and
 * arch_port_read8/write8(uint16_t port, ...), which a CPU without ports answers with 0xff and ignores. */
#include "arch/impl/io.h"
