/* SPDX-License-Identifier: MIT */
/*
 * CPU features, descriptor tables, identity, idle and reset. arch_init_early runs on the boot
 * tables, where the kernel's text can still be written: there it fills in the SMAP instructions.
 */
#include "x86_64_priv.h"

#include "abi/status.h"
#include "arch/irq.h"
#include "arch/impl/layout.h"
#include "arch/ports.h"
#include "base/format.h"
#include "base/string.h"
#include "formats/x86_64.h"

_Static_assert(LAYOUT_IMAGE_BASE == KERNEL_IMAGE_BASE, "layout.h");
_Static_assert(LAYOUT_USER_TOP == ARCH_USER_TOP, "layout.h");
_Static_assert(LAYOUT_INVALID_ARGS == TS_ERR_INVALID_ARGS, "layout.h");
_Static_assert(offsetof(struct arch_percpu, self) == PERCPU_SELF, "layout.h");
_Static_assert(offsetof(struct arch_percpu, kernel_stack) == PERCPU_KERNEL_STACK, "layout.h");
_Static_assert(offsetof(struct arch_percpu, scratch) == PERCPU_SCRATCH, "layout.h");
_Static_assert(offsetof(struct arch_frame, rbx) == FRAME_RBX, "layout.h");
_Static_assert(offsetof(struct arch_frame, rdi) == FRAME_RDI, "layout.h");
_Static_assert(offsetof(struct arch_frame, rip) == FRAME_RIP, "layout.h");
_Static_assert(sizeof(struct arch_frame) == FRAME_SIZE && FRAME_SIZE % 16 == 0, "layout.h");
_Static_assert(offsetof(struct arch_context, frame) == CONTEXT_FRAME, "layout.h");
_Static_assert(offsetof(struct arch_context, sp) == CONTEXT_SP, "layout.h");
_Static_assert(sizeof(struct arch_tss) == 104 + ARCH_IO_BITMAP_SIZE + 8, "the CPU's layout");

#define PORT_DEBUG_EXIT    0xf4
#define PORT_KEYBOARD      0x64
#define KEYBOARD_RESET     0xfe
#define PORT_RESET_CONTROL 0xcf9
#define PM1_SLEEP_ENABLE   0x2000
#define EXIT_SUCCESS_VALUE 0x10u
#define EXIT_FAILURE_BIT   0x40u

struct x86_features x86_features;

/* Before arch_init_early there is only a refusal to boot to report: by the emulator's exit device,
 * or into the void. */
static struct boot_power power = {.kind = BOOT_POWER_DEBUG_EXIT, .base = PORT_DEBUG_EXIT};

struct smap_site {
    uint8_t *address;
    uint64_t last_byte;
};
extern const struct smap_site smap_sites_start[], smap_sites_end[];

static void detect_features(void) {
    struct cpuid base = cpuid(1, 0);
    struct cpuid extended = cpuid(0, 0).a >= 7 ? cpuid(7, 0) : (struct cpuid){0, 0, 0, 0};
    x86_features.rdrand = (base.c & 1u << 30) != 0;
    x86_features.xsave = (base.c & 1u << 26) != 0;
    x86_features.avx = x86_features.xsave && (base.c & 1u << 28) != 0;
    x86_features.smep = (extended.b & 1u << 7) != 0;
    x86_features.smap = (extended.b & 1u << 20) != 0;
    x86_features.umip = (extended.c & 1u << 2) != 0;
    x86_features.pages_1g = (cpuid(0x80000001, 0).d & 1u << 26) != 0; /* every CPU in long mode has this leaf */
}

/* 0f 01 ca is clac, 0f 01 cb stac. */
static void patch_smap_sites(void) {
    for (const struct smap_site *site = smap_sites_start; site < smap_sites_end; site++) {
        site->address[1] = 0x01;
        site->address[2] = (uint8_t)site->last_byte;
    }
}

static void set_emergency_stack(struct arch_percpu *p, unsigned ist, unsigned stack) {
    uint64_t *top = (uint64_t *)(p->emergency[stack] + ARCH_EMERGENCY_STACK_SIZE - 16);
    *top = (uint64_t)p;
    p->tss.ist[ist - 1] = (uint64_t)top;
}

/* Builds and loads p's descriptor table and task state. */
void init_cpu_tables(struct arch_percpu *p) {
    p->tss.iomap_base = sizeof(struct arch_tss); /* beyond the limit: no port is allowed */
    memset(p->tss.iomap, 0xff, sizeof(p->tss.iomap));
    memset(p->tss.iomap_end, 0xff, sizeof(p->tss.iomap_end));
    set_emergency_stack(p, 1, ARCH_STACK_FAULT);
    set_emergency_stack(p, 2, ARCH_STACK_NMI);
    uint64_t tss = (uint64_t)&p->tss;
    uint64_t limit = sizeof(p->tss) - 1;
    p->gdt[0] = 0;
    p->gdt[SELECTOR_KERNEL_CODE / 8] = 0x00af9b000000ffff;
    p->gdt[SELECTOR_KERNEL_DATA / 8] = 0x00cf93000000ffff;
    p->gdt[3] = 0;
    p->gdt[SELECTOR_USER_DATA / 8] = 0x00cff3000000ffff;
    p->gdt[SELECTOR_USER_CODE / 8] = 0x00affb000000ffff;
    p->gdt[SELECTOR_TSS / 8] =
        limit | (tss & 0xffffff) << 16 | 0x89ul << 40 | (tss >> 24 & 0xff) << 56;
    p->gdt[SELECTOR_TSS / 8 + 1] = tss >> 32;
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = {sizeof(p->gdt) - 1, (uint64_t)p->gdt};
    __asm__ volatile("lgdt %0" ::"m"(pointer) : "memory");
    __asm__ volatile("ltr %w0" ::"r"(SELECTOR_TSS) : "memory");
}

static void init_control_registers(void) {
    uint64_t cr4 = cr4_read() | CR4_FXSAVE | CR4_EXCEPTIONS | CR4_MACHINE_CHECK;
    cr4 |= x86_features.smep ? CR4_SMEP : 0;
    cr4 |= x86_features.smap ? CR4_SMAP : 0;
    cr4 |= x86_features.umip ? CR4_UMIP : 0;
    cr4 |= x86_features.xsave ? CR4_XSAVE : 0;
    cr4_write(cr4);
    if (x86_features.xsave) {
        uint32_t components = x86_features.avx ? 7 : 3;
        __asm__ volatile("xsetbv" ::"c"(0), "a"(components), "d"(0));
    }
    cr0_write(cr0_read() | CR0_TASK_SWITCHED);
    msr_write(MSR_PAT, PT_X86_PAT_MSR);
}

static void init_syscall(void) {
    msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SYSCALL);
    msr_write(MSR_STAR, (uint64_t)SELECTOR_KERNEL_CODE << 32 | (uint64_t)(SELECTOR_USER_DATA - 8)
                                                                   << 48);
    msr_write(MSR_LSTAR, (uint64_t)entry_syscall);
    msr_write(MSR_FMASK,
              RFLAGS_TRAP | RFLAGS_INTERRUPT | RFLAGS_DIRECTION | RFLAGS_NESTED | RFLAGS_ALIGN);
    msr_write(MSR_KERNEL_GS_BASE, 0);
}

static void init_cpu(void) {
    init_cpu_tables(arch_percpu());
    trap_load();
    init_control_registers();
    init_syscall();
}

void arch_percpu_set(struct arch_percpu *p) {
    p->self = p;
    msr_write(MSR_GS_BASE, (uint64_t)p);
}

void arch_init_early(const struct boot_info *bi) {
    power = bi->power;
    detect_features();
    trap_init();
    init_cpu();
    if (x86_features.smap) {
        patch_smap_sites();
    }
    arch_percpu()->kernel_stack = (uint64_t)boot_stack_top;
    arch_percpu()->deadline = TS_TIME_INFINITE;
    apic_map(bi);
    smp_init(bi);
    apic_init_cpu(true);
    time_calibrate();
}

void arch_init_interrupts(const struct boot_info *bi) {
    (void)bi;
    time_init_cpu();
}

void arch_init_secondary(void) {
    init_cpu();
    arch_percpu()->deadline = TS_TIME_INFINITE;
    apic_init_cpu(false);
    time_init_cpu();
}

void arch_cpu_describe(char *buffer, size_t size) {
    char brand[49] = "x86-64";
    if (cpuid(0x80000000, 0).a >= 0x80000004) {
        for (uint32_t i = 0; i < 3; i++) {
            struct cpuid part = cpuid(0x80000002 + i, 0);
            memcpy(brand + i * 16, &part, 16);
        }
        brand[48] = 0;
    }
    format_text(buffer, size, "%s:%s%s%s%s%s", brand, x86_features.smep ? " SMEP" : "",
                x86_features.smap ? " SMAP" : "", x86_features.umip ? " UMIP" : "",
                x86_features.avx ? " AVX" : "", x86_features.rdrand ? " RDRAND" : "");
}

/* sti takes effect after the next instruction: nothing is lost between it and hlt. */
void arch_idle(void) {
    __asm__ volatile("sti; hlt; cli" ::: "memory");
}

_Noreturn void arch_halt(void) {
    for (;;) {
        __asm__ volatile("cli; hlt" ::: "memory");
    }
}

static void power_off(unsigned code) {
    if (power.kind == BOOT_POWER_DEBUG_EXIT) {
        uint32_t value = code == 0 ? EXIT_SUCCESS_VALUE : ((code & 0xff) | EXIT_FAILURE_BIT);
        arch_port_write32((uint16_t)power.base, value);
    }
    if (power.firmware == BOOT_POWER_ACPI) {
        arch_port_write16((uint16_t)power.firmware_base,
                          (uint16_t)(PM1_SLEEP_ENABLE | power.sleep_type << 10));
    }
}

static void reboot(void) {
    arch_port_write8(PORT_RESET_CONTROL, 0x02);
    arch_port_write8(PORT_RESET_CONTROL, 0x06);
    arch_port_write8(PORT_KEYBOARD, KEYBOARD_RESET);
    /* Without a handler for it, an exception resets the CPU. */
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) nothing = {0, 0};
    __asm__ volatile("lidt %0; ud2" ::"m"(nothing));
}

_Noreturn void arch_reset(enum arch_reset_kind kind, unsigned code) {
    arch_irq_disable();
    if (kind == ARCH_RESET_OFF) {
        power_off(code);
    } else {
        reboot();
    }
    arch_halt();
}

void arch_spin_wait(void) {
    mmu_flush_serve();
    arch_cpu_pause();
}

/* Instruction caches are coherent, and whoever runs the new code gets there by a serialising
 * return. */
void arch_cache_sync_code(const void *va, size_t size) {
    (void)va;
    (void)size;
    __asm__ volatile("" ::: "memory");
}

bool arch_entropy(uint64_t *value) {
    for (unsigned i = 0; x86_features.rdrand && i < 10; i++) {
        bool valid;
        __asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(valid));
        if (valid) {
            return true;
        }
    }
    return false;
}
