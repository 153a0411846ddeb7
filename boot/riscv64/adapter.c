/* SPDX-License-Identifier: MIT */
/*
 * OpenSBI and its devicetree to struct boot_info. Called once by header.S. What the devicetree gets
 * wrong becomes info.error; until it has said better, the console and the way out are those of the
 * only machine we are sure of.
 */
#include "abi/bootinfo.h"
#include "arch/cpu.h"
#include "arch/impl/layout.h"
#include "arch/mmu.h"
#include "base/fdt.h"
#include "base/string.h"
#include "common/boot_fdt.h"
#include "common/boot_memory.h"

#define DEFAULT_UART        0x10000000ul /* NS16550 of QEMU's virt machine */
#define DEFAULT_TEST_DEVICE 0x100000ul
#define DEVICETREE_SIZE_MAX 0x200000ul

extern char kernel_image_start[];
extern char kernel_image_end[];

static struct boot_info info;

_Noreturn void boot_main(uint64_t hart, uint64_t devicetree);

static void read_devicetree(uint64_t pa) {
    if (pa == 0 || pa % 8 != 0 || pa > KERNEL_DIRECT_SIZE - DEVICETREE_SIZE_MAX) {
        boot_fail(&info, "the firmware hands over no devicetree");
        return;
    }
    boot_info_from_fdt(&info, phys_to_virt(pa), DEVICETREE_SIZE_MAX, pa);
}

/* Without a devicetree there must still be a console, and a way out that carries failure. */
static void set_defaults(void) {
    if (info.devicetree.length == 0) {
        info.uart = (struct boot_uart){.kind = BOOT_UART_NS16550_MMIO, .base = DEFAULT_UART};
        info.power.kind = BOOT_POWER_TEST_DEVICE;
        info.power.base = DEFAULT_TEST_DEVICE;
    }
    info.power.firmware = BOOT_POWER_SBI;
}

_Noreturn void boot_main(uint64_t hart, uint64_t devicetree) {
    string_copy(info.firmware, sizeof(info.firmware), "SBI");
    info.kernel.base = (uint64_t)kernel_image_start - ARCH_IMAGE_OFFSET;
    info.kernel.length = (uint64_t)(kernel_image_end - kernel_image_start);
    read_devicetree(devicetree);
    set_defaults();
    boot_cpu_set_first(&info, hart);
    boot_memory_finish(&info);
    arch_start(&info);
}
