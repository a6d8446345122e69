// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include <json.h>

#include "cpulist.h"
#include "fingerprint.h"
#include "json_output.h"
#include "proposal.h"
#include "setup.h"

/* Names of more devices than these are not told. */
#define DEVICES_TOLD	4

/* What a line begins with. */
#define HEADING	"%-8s  "

static const struct reason {
	unsigned int why;
	const char *word;
	const char *text;
} reasons[] = {
	{ WHY_BOOT, "boot", "boots the machine" },
	{ WHY_EFFICIENCY, "efficiency",
	  "slower than other cores, good enough for Linux" },
	{ WHY_DEVICES, "devices", "near to devices of this node" },
	{ WHY_CALLS, "calls", "serves system calls of the LWK" },
	{ WHY_NOT_NAMED, "not-named", "not named by --cores" },
	{ WHY_NUMBER, "number", "asked for by --linux-cores" },
};

#define NR_REASONS	(sizeof(reasons) / sizeof(reasons[0]))

static void print_size(FILE *out, unsigned long long bytes)
{
	if (bytes >= 10ULL << 30)
		fprintf(out, "%llu GiB", bytes >> 30);
	else
		fprintf(out, "%.1f GiB", (double)bytes / (1ULL << 30));
}

static void print_machine(FILE *out, const struct machine *machine)
{
	int cpus = hwloc_bitmap_weight(machine->cpus);
	unsigned long long memory = 0;
	size_t i;

	for (i = 0; i < machine->nr_nodes; i++)
		memory += machine->nodes[i].memory;
	fprintf(out, HEADING "%zu core%s, %d CPU%s, %zu node%s, ", "machine",
		machine->nr_cores, machine->nr_cores == 1 ? "" : "s", cpus,
		cpus == 1 ? "" : "s", machine->nr_nodes,
		machine->nr_nodes == 1 ? "" : "s");
	print_size(out, memory);
	fprintf(out, " of memory\n");
}

/* What is alike and side by side is told at once. */
static size_t end_of_run(const struct layout *layout, size_t start)
{
	const struct machine_core *cores = layout->machine->cores;
	size_t i = start;

	while (i < layout->machine->nr_cores &&
	       layout->why[i] == layout->why[start] &&
	       cores[i].node == cores[start].node)
		i++;
	return i;
}

static char *cpus_of(const struct layout *layout, size_t start, size_t end)
{
	hwloc_bitmap_t set = need(hwloc_bitmap_alloc());
	char *text;
	size_t i;

	for (i = start; i < end; i++)
		hwloc_bitmap_or(set, set, layout->machine->cores[i].cpus);
	text = need(cpulist_format(set));
	hwloc_bitmap_free(set);
	return text;
}

static void print_devices(FILE *out, const struct layout *layout, size_t start,
			  size_t end)
{
	const struct machine *machine = layout->machine;
	size_t i, core, nr = 0;

	for (i = 0; i < machine->nr_devices; i++) {
		core = layout_device_core(layout, &machine->devices[i]);
		if (core < start || core >= end)
			continue;
		if (nr < DEVICES_TOLD)
			fprintf(out, "%s%s", nr ? ", " : "; interrupts of ",
				machine->devices[i].name);
		nr++;
	}
	if (nr > DEVICES_TOLD)
		fprintf(out, " and %zu more", nr - DEVICES_TOLD);
}

static void print_run(FILE *out, const struct layout *layout, size_t start,
		      size_t end)
{
	const struct machine *machine = layout->machine;
	char *cpus = cpus_of(layout, start, end);
	const char *between = "";
	size_t i;

	fprintf(out, HEADING "CPU%s %s of node %u",
		layout->why[start] ? "Linux" : "LWK",
		strpbrk(cpus, ",-") ? "s" : "", cpus,
		machine->nodes[machine->cores[start].node].number);
	if (layout->why[start])
		fputs(": ", out);
	for (i = 0; i < NR_REASONS; i++) {
		if (!(layout->why[start] & reasons[i].why))
			continue;
		fprintf(out, "%s%s", between, reasons[i].text);
		between = ", ";
	}
	if (layout->named && layout->why[start] == WHY_CALLS)
		fputs(", and does little else", out);
	if (layout->why[start])
		print_devices(out, layout, start, end);
	fputc('\n', out);
	free(cpus);
}

static bool has_siblings(const struct machine *machine)
{
	return (size_t)hwloc_bitmap_weight(machine->cpus) > machine->nr_cores;
}

static void print_cores(FILE *out, const struct layout *layout)
{
	size_t i, end;
	char *cpus;

	for (i = 0; i < layout->machine->nr_cores; i = end) {
		end = end_of_run(layout, i);
		print_run(out, layout, i, end);
	}
	if (has_siblings(layout->machine))
		fprintf(out, HEADING
			"the CPUs of a core share it, and are never divided between Linux and LWK\n",
			"threads");
	if (!hwloc_bitmap_iszero(layout->machine->offline)) {
		cpus = need(cpulist_format(layout->machine->offline));
		fprintf(out, HEADING
			"CPUs %s are left out, and so is lwkfor=: early at boot the kernel sees them like all others\n",
			"offline", cpus);
		free(cpus);
	}
	if (layout->nr_lwk && !layout->named)
		fprintf(out, HEADING
			"all CPUs of Linux serve system calls of the LWK, the nearest first\n",
			"calls");
}

static bool lwk_is_on(const struct layout *layout, size_t node)
{
	size_t i;

	for (i = 0; i < layout->machine->nr_cores; i++)
		if (layout->machine->cores[i].node == node && !layout->why[i])
			return true;
	return false;
}

static void print_memory(FILE *out, const struct layout *layout)
{
	const struct machine *machine = layout->machine;
	const struct machine_node *node;
	size_t i;

	for (i = 0; i < machine->nr_nodes; i++) {
		node = &machine->nodes[i];
		if (!node->memory)
			continue;
		fprintf(out, HEADING, "memory");
		if (layout->bytes[i]) {
			print_size(out, layout->bytes[i]);
			fputs(" of ", out);
		}
		print_size(out, node->memory);
		fprintf(out, " of node %u ", node->number);
		if (layout->bytes[i])
			fputs("to the LWK\n", out);
		else if (!lwk_is_on(layout, i))
			fputs("stay with Linux: the LWK has no CPU there\n", out);
		else
			fputs("stay with Linux: it needs them, or --memory says so\n",
			      out);
	}
}

char *proposal_command_line(const struct layout *layout)
{
	json_object *machine = fingerprint_make(layout->machine);
	char *print = fingerprint_bootarg(machine);
	char *text;

	text = text_of("lwkcpus=%s%s%s%s%s", layout->cpus,
		       layout->memory ? " lwkmem=" : "", layout->memory ?: "",
		       print ? " lwkfor=" : "", print ?: "");
	free(print);
	json_object_put(machine);
	return text;
}

void proposal_text(FILE *out, const struct layout *layout)
{
	char *line;

	print_machine(out, layout->machine);
	print_cores(out, layout);
	if (!layout->nr_lwk) {
		fprintf(out, HEADING "too small: all of it stays with Linux\n",
			"result");
		return;
	}
	print_memory(out, layout);
	if (layout->nr_lwk == 1)
		fprintf(out, HEADING
			"one core for the LWK is the least there can be: good to try it out\n",
			"note");
	line = proposal_command_line(layout);
	fprintf(out, HEADING "%s\n", "boot", line);
	free(line);
}

static json_object *json_why(unsigned int why)
{
	json_object *array = need(json_object_new_array());
	size_t i;

	for (i = 0; i < NR_REASONS; i++)
		if (why & reasons[i].why)
			json_object_array_add(array, json_object_new_string(reasons[i].word));
	return array;
}

static json_object *json_cores(const struct layout *layout)
{
	const struct machine *machine = layout->machine;
	json_object *array = need(json_object_new_array()), *entry;
	const struct machine_node *node;
	size_t i;
	char *cpus;

	for (i = 0; i < machine->nr_cores; i++) {
		node = &machine->nodes[machine->cores[i].node];
		entry = need(json_object_new_object());
		cpus = cpus_of(layout, i, i + 1);
		json_object_object_add(entry, "cpus",
				       json_object_new_string(cpus));
		json_object_object_add(entry, "node",
				       json_object_new_uint64(node->number));
		json_object_object_add(entry, "owner",
				       json_object_new_string(layout->why[i] ?
							      "linux" : "lwk"));
		json_object_object_add(entry, "why", json_why(layout->why[i]));
		json_object_array_add(array, entry);
		free(cpus);
	}
	return array;
}

static json_object *json_text(const char *text)
{
	return text ? json_object_new_string(text) : NULL;
}

void proposal_json(FILE *out, const struct layout *layout)
{
	json_object *object = need(json_object_new_object());
	char *line = layout->nr_lwk ? proposal_command_line(layout) : NULL;

	json_object_object_add(object, "cpus", json_text(layout->cpus));
	json_object_object_add(object, "memory", json_text(layout->memory));
	json_object_object_add(object, "command_line", json_text(line));
	json_object_object_add(object, "cores", json_cores(layout));
	json_object_object_add(object, "machine",
			       fingerprint_make(layout->machine));
	json_output(out, object);
	free(line);
}
