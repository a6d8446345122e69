/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of QEMU's plugin interface, version 1, that this plugin uses.
 *
 * Debian does not package the header of the emulator that it ships. These are
 * declarations of the same functions; the emulator exports them to whatever
 * shared object it loads with -plugin.
 */
#ifndef BENCH_PLUGIN_API_H
#define BENCH_PLUGIN_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLUGIN_API_VERSION	1
#define PLUGIN_EXPORT		__attribute__((visibility("default")))

struct qemu_plugin_tb;
struct qemu_plugin_insn;

/* What the emulator tells about itself when it loads the plugin. */
struct machine_info {
	const char *target;
	struct {
		int oldest;
		int newest;
	} api;
	bool system;
	int vcpus;
	int vcpus_max;
};

/* The only operation that runs without a call: add to a 64 bit word. */
enum inline_op { INLINE_ADD };

enum callback_registers { NO_REGISTERS };

typedef void (*plugin_exit_fn)(uint64_t id, void *data);
typedef void (*plugin_translate_fn)(uint64_t id, struct qemu_plugin_tb *tb);
typedef void (*plugin_execute_fn)(unsigned int vcpu, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, plugin_translate_fn fn);
void qemu_plugin_register_atexit_cb(uint64_t id, plugin_exit_fn fn, void *data);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
					  plugin_execute_fn fn,
					  enum callback_registers registers,
					  void *data);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb,
					      enum inline_op op, void *word,
					      uint64_t operand);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    plugin_execute_fn fn,
					    enum callback_registers registers,
					    void *data);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn,
						enum inline_op op, void *word,
						uint64_t operand);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *
qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
int qemu_plugin_n_vcpus(void);

/* What the emulator looks up in the plugin. */
extern PLUGIN_EXPORT int qemu_plugin_version;
PLUGIN_EXPORT int qemu_plugin_install(uint64_t id,
				      const struct machine_info *info,
				      int argc, char **argv);

#endif
