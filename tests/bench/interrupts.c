/* SPDX-License-Identifier: MIT */
/*
 * From an interrupt to the thread that waits for it. The UART's transmitter is empty, so the interrupt comes as soon as
 * it is let through: one thread notes the counter and does that, another, of higher priority, waits for the interrupt
 * and notes the counter when it runs. This needs the device and its line, so the driver is stopped, a process with the
 * handles of a driver (bench.dtsi) measures and sends the sum to the benchmark, and the driver is started again.
 */
#include "bench/interrupts.h"

#include "abi/status.h"
#include "bench/benchmarks.h"
#include "bench/cpu.h"
#include "bench/measure.h"
#include "bench/peer.h"
#include "gen/os_calls.h"
#include "os/message.h"
#include "os/programs.h"
#include "os/registers.h"
#include "os/start.h"
#include "os/thread.h"
#include "os/time.h"
#include "serial/ns16550/ns16550.h"
#include "serial/pl011/pl011.h"

#define COUNT         200u
#define WARM_UP       20u
#define PORTS_BASE    0x3f8u
#define START_TRIES   1000u
#define START_PAUSE   TS_MILLISECOND

static volatile uint8_t *registers; /* null: ports */
static bool uart_is_pl011;
static volatile uint64_t started;
static volatile uint64_t total;
static volatile unsigned taken;

static void write_register(unsigned index, uint8_t value) {
    if (registers != NULL) {
        registers[index] = value;
    } else {
        ts_port_write8((uint16_t)(PORTS_BASE + index), value);
    }
}

static void let_through(bool on) {
    if (uart_is_pl011) {
        ((volatile uint32_t *)registers)[PL011_IMSC] = on ? PL011_INTERRUPT_SEND : 0;
    } else {
        write_register(NS16550_IER, on ? NS16550_IER_EMPTY : 0);
    }
}

/* A PL011 has nothing to report until a byte was sent: a carriage return, which no screen shows. */
static ts_status_t open_uart(void) {
    ts_handle_t ports = ts_startup_handle("ports");
    if (ports != TS_HANDLE_INVALID) {
        return ts_ports_enable(ports, PORTS_BASE, NS16550_REGISTERS);
    }
    ts_status_t status = ts_registers_map("registers", NS16550_REGISTERS, &registers);
    if (status == TS_OK && uart_is_pl011) {
        ((volatile uint32_t *)registers)[PL011_DR] = '\r';
    }
    return status;
}

static void settle_uart(void) {
    let_through(false);
    if (!uart_is_pl011) {
        (void)(registers != NULL ? registers[NS16550_IIR] : ts_port_read8(PORTS_BASE + NS16550_IIR));
    }
}

static void wait_for_interrupts(void *argument) {
    ts_handle_t interrupt = ts_startup_handle("interrupt");
    ts_time_t timestamp;
    (void)argument;
    while (ts_interrupt_wait(interrupt, TS_TIME_INFINITE, &timestamp) == TS_OK) {
        uint64_t now = cpu_cycles();
        settle_uart();
        if (++taken > WARM_UP) {
            total += now - started;
        }
        (void)!ts_interrupt_ack(interrupt);
    }
}

/* Counted interrupts, 0 if something failed. */
static unsigned measure_interrupts(void) {
    ts_handle_t thread;
    if (open_uart() != TS_OK ||
        ts_thread_spawn("waiter", wait_for_interrupts, NULL, TS_STACK_SIZE, &thread) != TS_OK ||
        ts_thread_set_priority(thread, PEER_WAKE_PRIORITY) != TS_OK) {
        return 0;
    }
    settle_uart();
    (void)!ts_thread_yield();
    for (unsigned i = 0; i < WARM_UP + COUNT; i++) {
        started = cpu_cycles();
        let_through(true);
        if (taken != i + 1) {
            return 0;
        }
    }
    return COUNT;
}

void interrupts_peer(bool is_pl011) {
    struct ts_message message;
    uart_is_pl011 = is_pl011;
    unsigned count = measure_interrupts();
    settle_uart();
    ts_message_begin(&message, 0);
    (void)ts_message_put(&message, total);
    (void)ts_message_put(&message, count);
    (void)!ts_message_call(ts_startup_handle("bench"), &message, TS_TIME_INFINITE);
}

/* A device is free a moment after its driver ended. */
static void start_driver(const char *name, const char *otherwise) {
    ts_status_t status = TS_ERR_UNAVAILABLE;
    for (unsigned i = 0; status != TS_OK && i < START_TRIES; i++) {
        status = ts_server_start(name);
        if (status == TS_ERR_IO_NOT_PRESENT) {
            status = ts_server_start(otherwise);
        }
        if (status != TS_OK) {
            (void)!ts_thread_sleep(ts_time_after(START_PAUSE));
        }
    }
    measure_must(status, name);
}

static void receive_result(void) {
    struct ts_message message;
    ts_message_begin(&message, 0);
    measure_must(ts_reply_wait(ts_startup_handle("endpoint"), &message, TS_TIME_INFINITE, TS_REPLY_NONE),
                 "result of irq_to_thread");
    if (ts_message_word(&message, 1) > 0) {
        measure_keep("irq_to_thread", ts_message_word(&message, 0), ts_message_word(&message, 1));
    }
}

/* The peer waits for its answer until it is stopped. */
void bench_interrupts(void) {
    measure_must(ts_server_stop("serial"), "end of the driver");
    start_driver("bench-ns16550", "bench-pl011");
    peer_hand_over(TS_HANDLE_INVALID);
    receive_result();
    (void)!ts_server_stop("bench-ns16550");
    (void)!ts_server_stop("bench-pl011");
    start_driver("serial", "serial");
}
