// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU TCG plugin: which functions of the kernel spend the instructions.
 *
 *   -plugin profile.so,symbols=SYSTEM_MAP,out=FILE
 *
 * A program brackets what counts with two no-operation instructions
 * (bench/programs/marker.h). For each pair, in their order from 0, all
 * functions become lines with what all CPUs executed in them meanwhile:
 *
 *   NUMBER INSTRUCTIONS FUNCTION
 *
 * and those of the longest of its steps, if it marks them, lines with
 * "NUMBER.worst" instead.
 *
 * User mode and what is above the kernel's text have one name each.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../programs/marker.h"
#include "api.h"
#include "symbols.h"

int qemu_plugin_version = PLUGIN_API_VERSION;

/* By symbol, user mode behind them: now, at the start, at the last step. */
static uint64_t *counts, *before, *step;
static uint64_t *worst, worst_total;
static unsigned int pairs;
static FILE *out;

static size_t bytes(void)
{
	return (symbols_count() + 1) * sizeof(*counts);
}

static void run_begin(unsigned int vcpu, void *data)
{
	(void)vcpu;
	(void)data;
	memcpy(before, counts, bytes());
	memcpy(step, counts, bytes());
	worst_total = 0;
}

static void run_step(unsigned int vcpu, void *data)
{
	uint64_t total = 0;

	(void)vcpu;
	(void)data;
	for (size_t i = 0; i <= symbols_count(); i++) {
		step[i] = counts[i] - step[i];
		total += step[i];
	}
	if (total > worst_total) {
		worst_total = total;
		memcpy(worst, step, bytes());
	}
	memcpy(step, counts, bytes());
}

static const char *names[1 << 20];

static void print(const char *kind, size_t symbol, uint64_t count)
{
	if (count)
		fprintf(out, "%u%s %" PRIu64 " %s\n", pairs, kind, count,
			names[symbol] ? names[symbol] : "[user]");
}

static void run_end(unsigned int vcpu, void *data)
{
	(void)vcpu;
	(void)data;
	for (size_t i = 0; i <= symbols_count(); i++) {
		print("", i, counts[i] - before[i]);
		if (worst_total)
			print(".worst", i, worst[i]);
	}
	pairs++;
}

static void on_marker(struct qemu_plugin_insn *insn,
		      const unsigned char *marker,
		      void (*call)(unsigned int vcpu, void *data))
{
	if (!memcmp(qemu_plugin_insn_data(insn), marker, MARKER_BYTES))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, call,
						       NO_REGISTERS, NULL);
}

static void translate(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t count = qemu_plugin_tb_n_insns(tb);
	uint64_t address = qemu_plugin_tb_vaddr(tb);
	bool user = address < KERNEL_SPACE;
	struct qemu_plugin_insn *insn;
	uint64_t *counter = &counts[symbols_count()];

	(void)id;
	if (!user) {
		const struct symbol *symbol = symbols_find(address);

		counter = &counts[symbol->index];
		names[symbol->index] = symbol->name;
	}
	for (size_t i = 0; i < count; i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		qemu_plugin_register_vcpu_insn_exec_inline(insn, INLINE_ADD,
							   counter, 1);
		if (!user || qemu_plugin_insn_size(insn) != MARKER_BYTES)
			continue;
		on_marker(insn, marker_begin_bytes, run_begin);
		on_marker(insn, marker_step_bytes, run_step);
		on_marker(insn, marker_end_bytes, run_end);
	}
}

static void finish(uint64_t id, void *data)
{
	(void)id;
	(void)data;
	fclose(out);
}

int qemu_plugin_install(uint64_t id, const struct machine_info *info,
			int argc, char **argv)
{
	const char *symbols = NULL, *path = NULL;

	(void)info;
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "symbols=", 8))
			symbols = argv[i] + 8;
		else if (!strncmp(argv[i], "out=", 4))
			path = argv[i] + 4;
	}
	if (!symbols || !path || symbols_read(symbols))
		return -1;
	counts = calloc(1, bytes());
	before = calloc(1, bytes());
	step = calloc(1, bytes());
	worst = calloc(1, bytes());
	out = fopen(path, "w");
	if (!counts || !before || !step || !worst || !out)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
	qemu_plugin_register_atexit_cb(id, finish, NULL);
	return 0;
}
