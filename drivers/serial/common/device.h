/* SPDX-License-Identifier: MIT */
/* What a UART supplies to the serial server (server.c). Exactly one implementation is linked; it
 * keeps its state itself. All of it runs on the server's one thread. */
#pragma once

#include "abi/types.h"

/* Claims the registers and makes the line receive with interrupts on. What its predecessor put into
 * the transmitter and what arrived meanwhile stays. */
ts_status_t serial_device_start(void);

/* How many bytes the transmitter takes now. */
unsigned serial_device_room(void);
void serial_device_put(uint8_t byte);

/* Takes a received byte; false if there is none. */
bool serial_device_get(uint8_t *byte);

/* Whether to interrupt when the transmitter has room. */
void serial_device_want_room(bool wanted);

/* Reads away the interrupt's cause, as far as receiving and sending did not. */
void serial_device_settle(void);

/* True if the device asks for attention: the line would be high. */
bool serial_device_pending(void);
