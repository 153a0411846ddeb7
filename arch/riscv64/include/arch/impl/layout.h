/* SPDX-License-Identifier: MIT */
/* RISC-V: where the image lies, for C, assembly and boot code. kernel.ld says the same, and init.c
 * checks it. */
#pragma once

#define ARCH_IMAGE_OFFSET                                                                          \
    0xffffffff00000000                    /* virtual minus physical address of the kernel image */
#define ARCH_SATP_SV39 0x8000000000000000 /* mode field of satp */
