/* SPDX-License-Identifier: MIT */
/* The part of QEMU's plugin interface (version 1) that the plugins here use: no header is packaged, so the functions
 * that QEMU exports are declared here. A plugin defines qemu_plugin_version and qemu_plugin_install(). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t qemu_plugin_id_t;

struct qemu_info {
    const char *target_name; /* aarch64, riscv64, x86_64 */
    struct {
        int min;
        int cur;
    } version;
    bool system_emulation;
    struct {
        int smp_vcpus;
        int max_vcpus;
    } system;
};

struct qemu_plugin_tb;
struct qemu_plugin_insn;

enum qemu_plugin_flags { QEMU_PLUGIN_NO_REGISTERS = 0 };
enum qemu_plugin_operation { QEMU_PLUGIN_ADD_U64 = 0 };

extern int qemu_plugin_version;
int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                           void (*callback)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, enum qemu_plugin_operation operation,
                                              void *target, uint64_t immediate);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, enum qemu_plugin_operation operation,
                                                void *target, uint64_t immediate);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, void (*callback)(unsigned cpu, void *data),
                                            enum qemu_plugin_flags flags, void *data);
void qemu_plugin_register_vcpu_idle_cb(qemu_plugin_id_t id, void (*callback)(qemu_plugin_id_t, unsigned cpu));
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*callback)(qemu_plugin_id_t, void *), void *data);

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
