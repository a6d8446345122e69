// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU TCG plugin: what a core does in the kernel while its program computes.
 *
 *   -plugin excursions.so,symbols=SYSTEM_MAP,out=FILE
 *
 * The program brackets the time that counts with two no-operation
 * instructions (bench/programs/marker.h). Between them, every excursion of
 * that virtual CPU from user to kernel addresses and back becomes a line:
 *
 *   detour TIME INSTRUCTIONS ENTRY FUNCTION SENDER
 *
 * TIME is in instructions of all CPUs since the first marker, which are the
 * lab's nanoseconds while the program keeps its CPU busy. INSTRUCTIONS are
 * this CPU's own. FUNCTION is what the interrupt was for. SENDER is, for an
 * interrupt from another CPU, the function that wanted it and "@" with the
 * number of its CPU. What is not known is "-". The last line is
 *
 *   window CPU TIMES INSTRUCTIONS KERNEL DETOURS LONGEST TIME
 *
 * TIMES counts the pairs of markers, INSTRUCTIONS is what the CPU executed
 * between them, KERNEL the part of it that was in detours, and TIME the
 * instructions of all CPUs. CPU is "-" if no marker came by.
 *
 * Needs one thread for all CPUs, as with -icount: nothing here takes a lock.
 * Preloaded as well (LD_PRELOAD), it lets nothing of the host disturb the turns
 * of the CPUs between the markers: see still.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../programs/marker.h"
#include "api.h"
#include "roles.h"
#include "still.h"
#include "symbols.h"

#define SENDER_DEPTH	32

/* Strength of what is known about the handler of an excursion. */
enum known { NOTHING, FIRST_CALL, HANDED_ON, HANDLER };

/* The last interrupt of one kind that any CPU sent to another. */
struct sending {
	const struct symbol *function;
	unsigned int vcpu;
};

struct vcpu {
	uint64_t insns;			/* executed, up to its last block */
	const struct symbol *function;	/* that its last kernel block is in */
	const struct symbol **caller;	/* of each function, the last time */
};

struct excursion {
	uint64_t time;
	uint64_t insns;			/* of the CPU, when it began */
	const struct symbol *entry;
	const struct symbol *handler;
	enum known known;
	struct sending sending;
};

struct window {
	bool seen, open, in_kernel;
	unsigned int vcpu;
	unsigned int times;
	uint64_t begin_total, begin_insns;
	uint64_t total, insns, kernel, detours, longest;
};

int qemu_plugin_version = PLUGIN_API_VERSION;

static uint64_t total;			/* executed by all CPUs */
static uint64_t charged;		/* the part that a CPU has been given */
static unsigned int running;		/* the CPU that executes the rest */

static struct vcpu *vcpus;
static struct sending sendings[ROLE_SEND_KINDS];
static struct excursion excursion;
static struct window window;
static FILE *out;

/* Every block says which CPU runs it; what ran before was the last one's. */
static inline void charge(unsigned int vcpu)
{
	if (vcpu == running)
		return;
	vcpus[running].insns += total - charged;
	charged = total;
	running = vcpu;
}

/* Instructions of the running CPU. */
static inline uint64_t own_insns(void)
{
	return vcpus[running].insns + total - charged;
}

static inline bool watched(unsigned int vcpu)
{
	return window.open && vcpu == window.vcpu;
}

static void begin_excursion(const struct symbol *entry)
{
	int kind = roles_kind_of_entry(entry->name);

	window.in_kernel = true;
	excursion = (struct excursion){
		.time = total - window.begin_total + window.total,
		.insns = own_insns(),
		.entry = entry,
	};
	if (kind >= 0)
		excursion.sending = sendings[kind];
}

static void end_excursion(void)
{
	uint64_t insns = own_insns() - excursion.insns;

	window.in_kernel = false;
	window.detours++;
	window.kernel += insns;
	if (insns > window.longest)
		window.longest = insns;
	fprintf(out, "detour %" PRIu64 " %" PRIu64 " %s %s ", excursion.time,
		insns, excursion.entry->name,
		excursion.handler ? excursion.handler->name : "-");
	if (excursion.sending.function)
		fprintf(out, "%s@%u\n", excursion.sending.function->name,
			excursion.sending.vcpu);
	else
		fputs("-\n", out);
}

/* A function of the kernel begins on the watched CPU. */
static void learn_handler(const struct symbol *caller,
			  const struct symbol *callee)
{
	enum known known = FIRST_CALL;

	if (excursion.known == HANDLER)
		return;
	if (callee->roles & ROLE_PLUMBING) {
		/* Device interrupts come in at one of many short stubs. */
		if (!strcmp(excursion.entry->name, "irq_entries_start"))
			excursion.entry = callee;
		return;
	}
	if (caller && caller->roles & ROLE_DISPATCH)
		known = callee->roles & ROLE_WEAK ? HANDED_ON : HANDLER;
	if (known > excursion.known) {
		excursion.known = known;
		excursion.handler = callee;
	}
}

static void note_sending(unsigned int vcpu, const struct symbol *function)
{
	const struct symbol **caller = vcpus[vcpu].caller;
	const struct symbol *sender = function;

	for (int i = 0; i < SENDER_DEPTH && sender; i++) {
		if (!(sender->roles & ROLE_SENDING))
			break;
		sender = caller[sender->index];
	}
	for (int i = 0; i < ROLE_SEND_KINDS; i++)
		if (function->roles & 1U << (ROLE_SEND_SHIFT + i))
			sendings[i] = (struct sending){ sender, vcpu };
}

static void run_user(unsigned int vcpu, void *data)
{
	(void)data;
	charge(vcpu);
	if (window.in_kernel && vcpu == window.vcpu)
		end_excursion();
}

/* A block that another one is left to account for. */
static void run_clear(unsigned int vcpu, void *data)
{
	charge(vcpu);
	if (watched(vcpu) && !window.in_kernel)
		begin_excursion(data);
}

static void run_inside(unsigned int vcpu, void *data)
{
	run_clear(vcpu, data);
	vcpus[vcpu].function = data;
}

static void run_function(unsigned int vcpu, void *data)
{
	const struct symbol *function = data;
	struct vcpu *self = &vcpus[vcpu];
	const struct symbol *caller = self->function;

	run_clear(vcpu, data);
	self->caller[function->index] = caller;
	self->function = function;
	if (function->roles & ROLE_LAST)
		still_end();
	if (function->roles & ROLE_SEND_ANY)
		note_sending(vcpu, function);
	if (watched(vcpu) && function != excursion.entry)
		learn_handler(caller, function);
}

static void run_begin(unsigned int vcpu, void *data)
{
	(void)data;
	charge(vcpu);
	if (window.open || (window.seen && vcpu != window.vcpu))
		return;
	window.seen = true;
	window.open = true;
	window.vcpu = vcpu;
	window.times++;
	window.begin_total = total;
	window.begin_insns = own_insns();
	still_begin();
}

static void run_end(unsigned int vcpu, void *data)
{
	(void)data;
	charge(vcpu);
	if (!watched(vcpu))
		return;
	window.open = false;
	window.total += total - window.begin_total;
	window.insns += own_insns() - window.begin_insns;
	still_end();
}

/*
 * A fault leaves a block early, so each instruction counts itself. A marker
 * comes before its own count and that of all behind it.
 */
static void instrument_insns(struct qemu_plugin_tb *tb, bool user)
{
	size_t count = qemu_plugin_tb_n_insns(tb);
	struct qemu_plugin_insn *insn;

	for (size_t i = 0; i < count; i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		qemu_plugin_register_vcpu_insn_exec_inline(insn, INLINE_ADD,
							   &total, 1);
		if (!user || qemu_plugin_insn_size(insn) != MARKER_BYTES)
			continue;
		if (!memcmp(qemu_plugin_insn_data(insn), marker_begin_bytes,
			    MARKER_BYTES))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, run_begin,
							       NO_REGISTERS,
							       NULL);
		if (!memcmp(qemu_plugin_insn_data(insn), marker_end_bytes,
			    MARKER_BYTES))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, run_end,
							       NO_REGISTERS,
							       NULL);
	}
}

static void translate(uint64_t id, struct qemu_plugin_tb *tb)
{
	uint64_t address = qemu_plugin_tb_vaddr(tb);
	bool user = address < KERNEL_SPACE;
	const struct symbol *symbol;
	plugin_execute_fn run;

	(void)id;
	instrument_insns(tb, user);
	if (user) {
		qemu_plugin_register_vcpu_tb_exec_cb(tb, run_user,
						     NO_REGISTERS, NULL);
		return;
	}
	symbol = symbols_find(address);
	if (symbol->roles & ROLE_CLEAR)
		run = run_clear;
	else if (symbol->address == address)
		run = run_function;
	else
		run = run_inside;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, run, NO_REGISTERS,
					     (void *)symbol);
}

static void finish(uint64_t id, void *data)
{
	const char *path = data;

	(void)id;
	fputs("window ", out);
	if (window.seen)
		fprintf(out, "%u", window.vcpu);
	else
		fputs("-", out);
	fprintf(out, " %u %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
		window.times, window.insns, window.kernel, window.detours,
		window.longest, window.total);
	if (ferror(out) | fclose(out))
		fprintf(stderr, "excursions: %s: cannot write: %s\n", path,
			strerror(errno));
}

static int make_vcpus(int count)
{
	vcpus = calloc(count, sizeof(*vcpus));
	if (!vcpus)
		return -1;
	for (int i = 0; i < count; i++) {
		vcpus[i].caller = calloc(symbols_count(),
					 sizeof(*vcpus[i].caller));
		if (!vcpus[i].caller)
			return -1;
	}
	return 0;
}

static const char *value_of(const char *argument, const char *name)
{
	size_t length = strlen(name);

	if (strncmp(argument, name, length) || argument[length] != '=')
		return NULL;
	return argument + length + 1;
}

int qemu_plugin_install(uint64_t id, const struct machine_info *info,
			int argc, char **argv)
{
	const char *symbols = NULL, *path = NULL;

	for (int i = 0; i < argc; i++) {
		if (value_of(argv[i], "symbols")) {
			symbols = value_of(argv[i], "symbols");
		} else if (value_of(argv[i], "out")) {
			path = value_of(argv[i], "out");
		} else {
			fprintf(stderr, "excursions: %s: takes symbols=FILE and out=FILE only\n",
				argv[i]);
			return -1;
		}
	}
	if (!symbols || !path) {
		fprintf(stderr, "excursions: symbols=FILE and out=FILE are required\n");
		return -1;
	}
	if (!info->system || strcmp(info->target, "x86_64")) {
		fprintf(stderr, "excursions: %s: only whole x86_64 machines are understood\n",
			info->target);
		return -1;
	}
	if (symbols_read(symbols))
		return -1;
	if (make_vcpus(info->vcpus_max)) {
		fprintf(stderr, "excursions: no memory for %d CPUs\n",
			info->vcpus_max);
		return -1;
	}
	out = fopen(path, "w");
	if (!out) {
		fprintf(stderr, "excursions: %s: %s\n", path, strerror(errno));
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
	qemu_plugin_register_atexit_cb(id, finish, (void *)path);
	return 0;
}
