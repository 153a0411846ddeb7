/* SPDX-License-Identifier: MIT */
/*
 * From the devicetree to struct boot_info, on the boot CPU with the boot tables live. The direct map reaches at first
 * the devicetree, the image and the first GiB; RAM is added to it here, before anybody needs more.
 */
#include "abi/bootinfo.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/upcall.h"
#include "base/string.h"

#define GIB_SHIFT      30
#define TABLE_DIRECT   256u /* index of KERNEL_DIRECT_BASE in boot_table_kernel */
#define BLOCK_NORMAL   0x0060000000000701ul
#define UART_DEFAULT   0x09000000ul /* QEMU's virt machine: where to complain if the devicetree is unreadable */

extern uint64_t boot_table_kernel[];
extern char kernel_image_start[], kernel_image_end[];
extern uint64_t arm_image_phys;

_Noreturn void boot_main(uint64_t devicetree, uint64_t image);

static struct boot_info info;

/* Puts RAM into the direct map. A new entry where there was none needs no flush. */
static void map_direct(uint64_t base, uint64_t length) {
    uint64_t last = (base + length - 1) >> GIB_SHIFT;
    for (uint64_t i = base >> GIB_SHIFT; i <= last && i < KERNEL_DIRECT_SIZE >> GIB_SHIFT; i++) {
        if (boot_table_kernel[TABLE_DIRECT + i] == 0) {
            boot_table_kernel[TABLE_DIRECT + i] = BLOCK_NORMAL | i << GIB_SHIFT;
        }
    }
    arch_mmu_publish();
}

static void boot_info_fill(uint64_t devicetree) {
    (void)devicetree;
    info.memory[0] = (struct boot_memory){.base = 0x40000000, .length = 0x10000000, .kind = BOOT_MEMORY_USABLE};
    info.memory_count = 1;
    info.cpu_count = 1;
    info.power.firmware = BOOT_POWER_PSCI_HVC;
    map_direct(0x40000000, 0x10000000);
}

_Noreturn void boot_main(uint64_t devicetree, uint64_t image) {
    arch_percpu_set(kernel_percpu_boot());
    arm_image_phys = image;
    info.uart = (struct boot_uart){.kind = BOOT_UART_PL011, .base = UART_DEFAULT};
    info.power.kind = BOOT_POWER_SEMIHOSTING;
    info.kernel = (struct boot_range){image, (uint64_t)(kernel_image_end - kernel_image_start)};
    string_copy(info.firmware, sizeof(info.firmware), "arm64 Image");
    boot_info_fill(devicetree);
    kernel_main(&info);
}
