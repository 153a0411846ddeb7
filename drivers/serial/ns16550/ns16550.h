/* SPDX-License-Identifier: MIT */
/* Registers of the NS16550, by index; a machine may space them out. */
#pragma once

#define NS16550_REGISTERS  8u
#define NS16550_FIFO_BYTES 16u

#define NS16550_RBR 0u /* read: received byte */
#define NS16550_THR 0u /* write: byte to send */
#define NS16550_IER 1u
#define NS16550_IIR 2u /* read: why it interrupts */
#define NS16550_FCR 2u /* write: FIFOs */
#define NS16550_MCR 4u
#define NS16550_LSR 5u

#define NS16550_IER_RECEIVE 0x01u
#define NS16550_IER_EMPTY   0x02u
#define NS16550_FCR_ENABLE  0x01u
#define NS16550_MCR_DTR     0x01u
#define NS16550_MCR_RTS     0x02u
#define NS16550_MCR_OUT2    0x08u /* on a PC: lets the interrupt through */
#define NS16550_LSR_DATA    0x01u
#define NS16550_LSR_EMPTY   0x20u /* the transmit FIFO */
#define NS16550_LSR_IDLE    0x40u /* and the shift register */
