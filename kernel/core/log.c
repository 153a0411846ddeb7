/* SPDX-License-Identifier: MIT */
/*
 * The log. log_lock protects the ring and keeps lines whole on the UART. A panic takes no lock: log_emergency writes
 * to the UART alone.
 */
#include "kernel/log.h"

#include "abi/bootinfo.h"
#include "arch/irq.h"
#include "arch/io.h"
#include "arch/mmu.h"
#include "base/format.h"
#include "base/string.h"
#include "early/uart.h"
#include "kernel/spinlock.h"

#define LOG_SIZE 65536u /* bytes, a power of two */
#define LINE_MAX 256u

static struct spinlock log_lock = SPINLOCK(LOCK_LOG);
static char ring[LOG_SIZE];
static uint64_t written; /* bytes since boot; the ring keeps the last LOG_SIZE */
static struct boot_uart console;
static bool released;
static uint64_t bytes_after_release;

static uint32_t mmio_read(uint64_t base, unsigned offset) {
    void *address = (uint8_t *)phys_to_virt(base) + offset;
    return console.kind == BOOT_UART_PL011 ? arch_mmio_read32(address) : arch_mmio_read8(address);
}

static void mmio_write(uint64_t base, unsigned offset, uint32_t value) {
    void *address = (uint8_t *)phys_to_virt(base) + offset;
    if (console.kind == BOOT_UART_PL011) {
        arch_mmio_write32(address, value);
    } else {
        arch_mmio_write8(address, (uint8_t)value);
    }
}

static uint32_t port_read(uint64_t base, unsigned offset) {
    return arch_port_read8((uint16_t)(base + offset));
}

static void port_write(uint64_t base, unsigned offset, uint32_t value) {
    arch_port_write8((uint16_t)(base + offset), (uint8_t)value);
}

static void console_put(char c) {
    static const struct uart_access mmio = {mmio_read, mmio_write};
    static const struct uart_access ports = {port_read, port_write};
    if (console.kind == BOOT_UART_NONE) {
        return;
    }
    const struct uart_access *access = console.kind == BOOT_UART_NS16550_PORT ? &ports : &mmio;
    if (c == '\n') {
        uart_early_put(&console, access, '\r');
    }
    uart_early_put(&console, access, c);
    bytes_after_release += released ? 1 : 0;
}

static void console_write(const char *text) {
    for (; *text != 0; text++) {
        console_put(*text);
    }
}

void log_init(const struct boot_uart *uart) {
    console = *uart;
}

void log_release_console(void) {
    released = true;
}

uint64_t log_console_bytes_after_release(void) {
    return bytes_after_release;
}

static void log_line_va(const char *prefix, const char *format, va_list arguments) {
    char line[LINE_MAX];
    size_t start = string_copy(line, sizeof(line) - 1, prefix);
    format_va(line + start, sizeof(line) - 1 - start, format, arguments);
    size_t length = strlen(line);
    line[length++] = '\n';
    line[length] = 0;
    bool enabled = arch_irq_enabled();
    arch_irq_disable();
    spinlock_acquire(&log_lock);
    for (size_t i = 0; i < length; i++) {
        ring[written++ % LOG_SIZE] = line[i];
    }
    if (!released) {
        console_write(line);
    }
    spinlock_release(&log_lock);
    if (enabled) {
        arch_irq_enable();
    }
}

void log_line(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    log_line_va("", format, arguments);
    va_end(arguments);
}

void log_user_error(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    log_line_va("refused: ", format, arguments);
    va_end(arguments);
}

void log_emergency(const char *format, ...) {
    char line[LINE_MAX];
    va_list arguments;
    va_start(arguments, format);
    format_va(line, sizeof(line), format, arguments);
    va_end(arguments);
    console_write(line);
}

size_t log_read(uint64_t *position, char *buffer, size_t size) {
    spinlock_acquire(&log_lock);
    if (*position + LOG_SIZE < written || *position > written) {
        *position = written > LOG_SIZE ? written - LOG_SIZE : 0;
    }
    size_t count = 0;
    while (count < size && *position < written) {
        buffer[count++] = ring[(*position)++ % LOG_SIZE];
    }
    spinlock_release(&log_lock);
    return count;
}
