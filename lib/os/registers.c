/* SPDX-License-Identifier: MIT */
/* Mapping of device registers. */
#include "os/registers.h"

#include "abi/options.h"
#include "abi/status.h"
#include "gen/os_calls.h"
#include "os/start.h"

ts_status_t ts_registers_map(const char *name, size_t size, volatile uint8_t **registers) {
    ts_handle_t vmo = ts_startup_handle(name);
    uint64_t offset = ts_argument_number("reg-offset", 0);
    uint64_t length;
    uint64_t address;
    *registers = NULL;
    ts_status_t status = ts_vmo_get_size(vmo, &length);
    if (status != TS_OK) {
        return status;
    }
    if (offset > length || length - offset < size) {
        return TS_ERR_OUT_OF_RANGE;
    }
    status = ts_vmar_map(ts_startup_handle("vmar"), TS_VMAR_READ | TS_VMAR_WRITE, 0, vmo, 0, length,
                         &address);
    if (status == TS_OK) {
        *registers = (volatile uint8_t *)(address + offset);
    }
    return status;
}
