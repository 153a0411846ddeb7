/* SPDX-License-Identifier: MIT */
/*
 * Counts executed instructions per CPU, kernel and user apart; a CPU that idles executes none. Counting begins where
 * the instruction at `from` is first executed, or at the marker CPU_MARK_BEGIN of tests/bench/cpu.h, and ends at
 * CPU_MARK_END or with the machine; each such section is counted on its own. With `profile` it also counts every
 * instruction address.
 *
 *   -plugin count.so,out=FILE[,from=ADDRESS][,kernel=ADDRESS][,profile=on]
 *
 * kernel: lowest address that counts as the kernel's. Written to FILE for each section: `section`, `cpu N kernel K
 * user U` and, for a profile, `at ADDRESS COUNT`. Needs -icount (or one CPU): CPUs then take turns, and nothing here is atomic.
 */
#include "qemu.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPUS_MAX    64
#define TABLE_SLOTS (1u << 18)

int qemu_plugin_version = 1;

struct site {
    uint64_t address;
    uint64_t count;
};

static FILE *output;
static uint64_t from;
static uint64_t kernel_start = UINT64_MAX;
static bool profile;
static bool counting;
static uint64_t kernel_count[CPUS_MAX];
static uint64_t user_count[CPUS_MAX];
static struct site table[TABLE_SLOTS];

/* Markers: hints that do nothing, as their first four bytes (of x86-64's seven: the last four). */
struct marker {
    const char *target;
    size_t size;
    uint32_t begin;
    uint32_t end;
};

static const struct marker markers[] = {
    {"x86_64", 7, 0x7e550001, 0x7e550002},
    {"aarch64", 4, 0xd28fca3f, 0xd28fca5f},
    {"riscv64", 4, 0x7e551037, 0x7e552037},
};
static const struct marker *marker;

/* Writes the section that ends, and clears the counts. */
static void write_section(void) {
    fprintf(output, "section\n");
    for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++) {
        if (kernel_count[cpu] + user_count[cpu] != 0) {
            fprintf(output, "cpu %u kernel %" PRIu64 " user %" PRIu64 "\n", cpu, kernel_count[cpu], user_count[cpu]);
        }
        kernel_count[cpu] = 0;
        user_count[cpu] = 0;
    }
    for (unsigned i = 0; profile && i < TABLE_SLOTS; i++) {
        if (table[i].count != 0) {
            fprintf(output, "at %" PRIx64 " %" PRIu64 "\n", table[i].address, table[i].count);
        }
        table[i].count = 0;
    }
}

static void begin(unsigned cpu, void *data) {
    (void)cpu;
    (void)data;
    counting = true;
}

static void end(unsigned cpu, void *data) {
    (void)cpu;
    (void)data;
    if (counting) {
        write_section();
    }
    counting = false;
}

static void count_kernel(unsigned cpu, void *data) {
    (void)data;
    kernel_count[cpu % CPUS_MAX] += counting;
}

static void count_user(unsigned cpu, void *data) {
    (void)data;
    user_count[cpu % CPUS_MAX] += counting;
}

static void count_site(unsigned cpu, void *data) {
    (void)cpu;
    ((struct site *)data)->count += counting;
}

/* User programs lie at the same addresses: a profile is of the kernel, and of what runs while it is taken. */
static struct site *find_site(uint64_t address) {
    for (uint64_t i = address * 0x9e3779b97f4a7c15u >> 46;; i++) {
        struct site *site = &table[i % TABLE_SLOTS];
        if (site->address == address || site->address == 0) {
            site->address = address;
            return site;
        }
    }
}

static uint32_t marker_word(const struct qemu_plugin_insn *insn) {
    uint32_t word = 0;
    if (marker != NULL && qemu_plugin_insn_size(insn) == marker->size) {
        memcpy(&word, (const char *)qemu_plugin_insn_data(insn) + marker->size - sizeof(word), sizeof(word));
    }
    return word;
}

static void watch(struct qemu_plugin_insn *insn) {
    uint64_t address = qemu_plugin_insn_vaddr(insn);
    uint32_t word = marker_word(insn);
    if (address == from || (word != 0 && word == marker->begin)) {
        qemu_plugin_register_vcpu_insn_exec_cb(insn, begin, QEMU_PLUGIN_NO_REGISTERS, NULL);
    } else if (word != 0 && word == marker->end) {
        qemu_plugin_register_vcpu_insn_exec_cb(insn, end, QEMU_PLUGIN_NO_REGISTERS, NULL);
    }
    qemu_plugin_register_vcpu_insn_exec_cb(insn, address >= kernel_start ? count_kernel : count_user,
                                           QEMU_PLUGIN_NO_REGISTERS, NULL);
    if (profile) {
        qemu_plugin_register_vcpu_insn_exec_cb(insn, count_site, QEMU_PLUGIN_NO_REGISTERS, find_site(address));
    }
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        watch(qemu_plugin_tb_get_insn(tb, i));
    }
}

static void machine_ended(qemu_plugin_id_t id, void *data) {
    (void)id;
    end(0, data);
    fclose(output);
}

static bool read_option(const char *option) {
    const char *value = strchr(option, '=');
    size_t length = value != NULL ? (size_t)(value - option) : 0;
    if (length == 3 && strncmp(option, "out", 3) == 0) {
        output = fopen(value + 1, "w");
    } else if (length == 4 && strncmp(option, "from", 4) == 0) {
        from = strtoull(value + 1, NULL, 0);
    } else if (length == 6 && strncmp(option, "kernel", 6) == 0) {
        kernel_start = strtoull(value + 1, NULL, 0);
    } else if (length == 7 && strncmp(option, "profile", 7) == 0) {
        profile = strcmp(value + 1, "on") == 0;
    } else {
        fprintf(stderr, "count: unknown option %s\n", option);
        return false;
    }
    return true;
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv) {
    for (int i = 0; i < argc; i++) {
        if (!read_option(argv[i])) {
            return 1;
        }
    }
    if (output == NULL) {
        fprintf(stderr, "count: out=FILE is missing or cannot be written\n");
        return 1;
    }
    for (size_t i = 0; i < sizeof(markers) / sizeof(markers[0]); i++) {
        if (strcmp(markers[i].target, info->target_name) == 0) {
            marker = &markers[i];
        }
    }
    from = from != 0 ? from : UINT64_MAX;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, machine_ended, NULL);
    return 0;
}
