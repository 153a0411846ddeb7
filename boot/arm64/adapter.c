/* SPDX-License-Identifier: MIT */
/*
 * The arm64 Image protocol's devicetree → struct boot_info, on the boot CPU with the boot tables
 * live. Called once by header.S. What the devicetree gets wrong becomes info.error; until it has
 * said better, the console is that of the machine we know best.
 *
 * At first the direct map reaches the GiB of the image, that of the devicetree, and the first as
 * device registers. Once memory is known, map_direct() makes it reach all RAM and all registers
 * that the kernel drives.
 */
#include "abi/bootinfo.h"
#include "arm64/tables.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/upcall.h"
#include "base/string.h"
#include "common/boot_fdt.h"
#include "common/boot_memory.h"

#define GIB_SHIFT           30
#define GIB_SIZE            (1ul << GIB_SHIFT)
#define GIB_COUNT           BOOT_DIRECT_COUNT
#define CHUNK_SHIFT         21 /* of a block one level down */
#define MIXED_MAX           4
#define UART_DEFAULT        0x09000000ul /* PL011 of QEMU's virt machine */
#define DEVICETREE_SIZE_MAX 0x200000ul
#define MPIDR_AFFINITY      0xff00fffffful

/* header.S, kernel.ld and the arch. */
extern uint64_t boot_table_kernel[];
extern char kernel_image_start[];
extern char kernel_image_end[];
extern uint64_t arm_image_phys;

#define INDEX_OF(address) ((address) >> GIB_SHIFT & (BOOT_TABLE_ENTRIES - 1))
_Static_assert(BOOT_DIRECT_INDEX == INDEX_OF(KERNEL_DIRECT_BASE), "header.S");
_Static_assert(BOOT_DIRECT_COUNT == KERNEL_DIRECT_SIZE >> GIB_SHIFT, "header.S");
_Static_assert(BOOT_IMAGE_INDEX == INDEX_OF(KERNEL_IMAGE_BASE), "header.S");

static struct boot_info info;

/* For a GiB that holds RAM and registers: blocks of 2 MiB. */
static uint64_t mixed_table[MIXED_MAX][BOOT_TABLE_ENTRIES] __attribute__((aligned(4096)));
static unsigned mixed_count;

_Noreturn void boot_main(uint64_t devicetree, uint64_t image);

static bool is_ram(const struct boot_memory *memory) {
    return memory->kind != BOOT_MEMORY_RESERVED && memory->kind != BOOT_MEMORY_DEVICE;
}

/* Marks in set[] the units of 1 << shift bytes from base on that hold RAM, or registers. */
static void find_units(bool *set, unsigned count, uint64_t base, unsigned shift, bool ram) {
    uint64_t end = base + ((uint64_t)count << shift);
    for (unsigned i = 0; i < info.memory_count; i++) {
        const struct boot_memory *memory = &info.memory[i];
        uint64_t last = memory->base + memory->length - 1;
        bool wanted = ram ? is_ram(memory) : memory->kind == BOOT_MEMORY_DEVICE;
        if (!wanted || memory->base >= end || last < base) {
            continue;
        }
        uint64_t first = memory->base > base ? memory->base - base : 0;
        for (uint64_t unit = first >> shift; unit < count && base + (unit << shift) <= last;
             unit++) {
            set[unit] = true;
        }
    }
}

/* A table for one GiB, as an entry; 0 if all are in use. */
static uint64_t make_mixed(uint64_t gib) {
    if (mixed_count == MIXED_MAX) {
        return 0;
    }
    uint64_t *table = mixed_table[mixed_count++];
    bool ram[BOOT_TABLE_ENTRIES] = {false};
    bool device[BOOT_TABLE_ENTRIES] = {false};
    find_units(ram, BOOT_TABLE_ENTRIES, gib << GIB_SHIFT, CHUNK_SHIFT, true);
    find_units(device, BOOT_TABLE_ENTRIES, gib << GIB_SHIFT, CHUNK_SHIFT, false);
    for (uint64_t i = 0; i < BOOT_TABLE_ENTRIES; i++) {
        uint64_t address = gib << GIB_SHIFT | i << CHUNK_SHIFT;
        table[i] = ram[i] ? BOOT_RAM | address : device[i] ? BOOT_REGISTERS | address : 0;
    }
    return ((uint64_t)table - (uint64_t)kernel_image_start + arm_image_phys) | BOOT_TABLE;
}

/* A live entry changes by way of a hole that every TLB knows of. */
static void write_entry(uint64_t gib, uint64_t value) {
    uint64_t *entry = &boot_table_kernel[BOOT_DIRECT_INDEX + gib];
    if (*entry == value) {
        return;
    }
    if (*entry != 0) {
        __atomic_store_n(entry, 0, __ATOMIC_RELAXED);
        arch_tlb_flush(1, 0, KERNEL_DIRECT_BASE, 0);
    }
    __atomic_store_n(entry, value, __ATOMIC_RELAXED);
}

static void map_direct(void) {
    bool ram[GIB_COUNT] = {false};
    bool device[GIB_COUNT] = {false};
    find_units(ram, GIB_COUNT, 0, GIB_SHIFT, true);
    find_units(device, GIB_COUNT, 0, GIB_SHIFT, false);
    for (uint64_t i = 0; i < GIB_COUNT; i++) {
        uint64_t mixed = ram[i] && device[i] ? make_mixed(i) : 0;
        if (mixed != 0) {
            write_entry(i, mixed);
        } else if (ram[i] || device[i]) {
            write_entry(i, (ram[i] ? BOOT_RAM : BOOT_REGISTERS) | i << GIB_SHIFT);
        }
    }
    arch_mmu_publish();
}

/* header.S mapped the GiB in which the devicetree begins. */
static void read_devicetree(uint64_t pa) {
    if (pa == 0 || pa % 8 != 0 || pa >= KERNEL_DIRECT_SIZE) {
        boot_fail(&info, "the firmware hands over no devicetree");
        return;
    }
    uint64_t mapped = GIB_SIZE - pa % GIB_SIZE;
    boot_info_from_fdt(&info, phys_to_virt(pa),
                       mapped < DEVICETREE_SIZE_MAX ? mapped : DEVICETREE_SIZE_MAX, pa);
}

static uint64_t own_affinity(void) {
    uint64_t mpidr;
    __asm__("mrs %0, mpidr_el1" : "=r"(mpidr));
    return mpidr & MPIDR_AFFINITY;
}

_Noreturn void boot_main(uint64_t devicetree, uint64_t image) {
    arch_percpu_set(kernel_percpu_boot());
    arm_image_phys = image;
    string_copy(info.firmware, sizeof(info.firmware), "arm64 Image");
    info.kernel.base = image;
    info.kernel.length = (uint64_t)(kernel_image_end - kernel_image_start);
    read_devicetree(devicetree);
    if (info.devicetree.length == 0) {
        info.uart = (struct boot_uart){.kind = BOOT_UART_PL011, .base = UART_DEFAULT};
    }
    info.power.kind = BOOT_POWER_SEMIHOSTING; /* harmless where nobody listens */
    boot_cpu_set_first(&info, own_affinity());
    boot_memory_finish(&info);
    map_direct();
    kernel_main(&info);
}
