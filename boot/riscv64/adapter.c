/* SPDX-License-Identifier: MIT */
/*
 * OpenSBI and its devicetree → struct boot_info. Called once by header.S. What the devicetree gets wrong becomes
 * info.error; until it has said better, the console and the way out are those of the only machine we are sure of.
 */
#include "abi/bootinfo.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "base/string.h"

#define DEFAULT_UART        0x10000000ul /* NS16550 of QEMU's virt machine */
#define DEFAULT_TEST_DEVICE 0x100000ul

extern char kernel_image_start[];
extern char kernel_image_end[];

static struct boot_info info;

_Noreturn void boot_main(uint64_t hart, uint64_t devicetree);

static uint64_t image_to_phys(const char *symbol) {
    return (uint64_t)symbol - 0xffffffff00000000ul;
}

_Noreturn void boot_main(uint64_t hart, uint64_t devicetree) {
    (void)devicetree;
    info.kernel.base = image_to_phys(kernel_image_start);
    info.kernel.length = (uint64_t)(kernel_image_end - kernel_image_start);
    info.uart = (struct boot_uart){.kind = BOOT_UART_NS16550_MMIO, .base = DEFAULT_UART};
    info.power = (struct boot_power){
        .kind = BOOT_POWER_TEST_DEVICE, .firmware = BOOT_POWER_SBI, .base = DEFAULT_TEST_DEVICE};
    info.cpu_count = 1;
    info.cpu[0].hardware_id = hart;
    string_copy(info.firmware, sizeof(info.firmware), "SBI");
    arch_start(&info);
}
