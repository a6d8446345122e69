// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU TCG plugin: counts nothing, and lets a run with -icount repeat to the
 * last instruction although more than one CPU computes. To be preloaded, too.
 *
 * A program says with the marker of the end (bench/programs/marker.h) that it
 * has measured. From there on the machine can be turned off.
 */
#include <string.h>

#include "../programs/marker.h"
#include "api.h"
#include "still.h"

int qemu_plugin_version = PLUGIN_API_VERSION;

static void run_end(unsigned int vcpu, void *data)
{
	(void)vcpu;
	(void)data;
	still_end();
}

static void translate(uint64_t id, struct qemu_plugin_tb *tb)
{
	struct qemu_plugin_insn *insn;

	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		if (qemu_plugin_insn_size(insn) == MARKER_BYTES &&
		    !memcmp(qemu_plugin_insn_data(insn), marker_end_bytes,
			    MARKER_BYTES))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, run_end,
							       NO_REGISTERS,
							       NULL);
	}
}

int qemu_plugin_install(uint64_t id, const struct machine_info *info,
			int argc, char **argv)
{
	(void)info;
	(void)argc;
	(void)argv;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
	still_while_busy();
	return 0;
}
