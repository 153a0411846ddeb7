/* SPDX-License-Identifier: MIT */
/* Registers of the PL011, by offset in 32-bit words. */
#pragma once

#define PL011_SIZE 0x1000u

#define PL011_DR   (0x000u / 4)
#define PL011_FR   (0x018u / 4)
#define PL011_LCRH (0x02cu / 4)
#define PL011_CR   (0x030u / 4)
#define PL011_IMSC (0x038u / 4)
#define PL011_MIS  (0x040u / 4)
#define PL011_ICR  (0x044u / 4)

#define PL011_FR_BUSY          0x08u
#define PL011_FR_RECEIVE_EMPTY 0x10u
#define PL011_FR_SEND_FULL     0x20u

#define PL011_LCRH_FIFOS 0x10u
#define PL011_LCRH_8BITS 0x60u
#define PL011_CR_ENABLE  0x001u
#define PL011_CR_SEND    0x100u
#define PL011_CR_RECEIVE 0x200u

#define PL011_INTERRUPT_RECEIVE 0x10u
#define PL011_INTERRUPT_SEND    0x20u
#define PL011_INTERRUPT_TIMEOUT 0x40u /* bytes wait below the FIFO's trigger level */
