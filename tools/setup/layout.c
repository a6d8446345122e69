// SPDX-License-Identifier: GPL-2.0
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cpulist.h"
#include "layout.h"
#include "setup.h"

/* What Linux keeps of a node: a part, at least so much. */
#define LINUX_PARTS		5
#define LINUX_LEAST		(1024ULL << 20)
#define LINUX_LEAST_BOOT	(2048ULL << 20)
/* Less than that is not worth its own pool. */
#define LWK_LEAST		(256ULL << 20)

/**
 * struct tally - the cores of a node, while they are given out
 * @kept: stay with Linux, efficiency cores apart
 * @free: not given out
 * @efficiency: cores that can do all that Linux does
 * @boot: the boot core is one of them
 * @devices: devices are nearer to this node than to others
 */
struct tally {
	size_t kept;
	size_t free;
	size_t efficiency;
	bool boot;
	bool devices;
};

static bool near_all(const struct layout *layout,
		     const struct machine_device *device)
{
	return hwloc_bitmap_isincluded(layout->machine->cpus, device->near);
}

/* Of a device that is near to more than one, the first. */
static bool is_near(const struct layout *layout, size_t node,
		    const struct machine_device *device)
{
	const struct machine *machine = layout->machine;
	size_t i;

	if (near_all(layout, device))
		return false;
	for (i = 0; i < machine->nr_nodes; i++)
		if (hwloc_bitmap_intersects(machine->nodes[i].cpus,
					    device->near))
			return i == node;
	return false;
}

static struct tally count(const struct layout *layout, size_t node)
{
	const struct machine *machine = layout->machine;
	struct tally tally = { 0 };
	size_t i;

	for (i = 0; i < machine->nr_cores; i++) {
		if (machine->cores[i].node != node)
			continue;
		tally.efficiency += !!(layout->why[i] & WHY_EFFICIENCY);
		tally.boot |= !!(layout->why[i] & WHY_BOOT);
		tally.free += !layout->why[i];
		tally.kept += layout->why[i] &&
			       !(layout->why[i] & WHY_EFFICIENCY);
	}
	for (i = 0; i < machine->nr_devices; i++)
		tally.devices |= is_near(layout, node, &machine->devices[i]);
	return tally;
}

/**
 * struct wants - the cores of a node that Linux needs beside the fixed ones
 * @devices: for interrupts
 * @calls: for system calls of the LWK
 */
struct wants {
	size_t devices;
	size_t calls;
};

static struct wants wants_of(const struct layout *layout, size_t node)
{
	struct tally tally = count(layout, node);
	struct wants wants = { 0 };
	size_t rest;

	/* Slow cores serve as well, and there are many. */
	if (tally.efficiency || !tally.free)
		return wants;
	wants.devices = tally.devices && !tally.boot;
	rest = tally.free - wants.devices;
	if (tally.kept + tally.free >= SMALL_NODE)
		wants.calls = (rest + CORES_PER_SERVER) / (CORES_PER_SERVER + 1);
	else
		wants.calls = !tally.kept && !wants.devices && rest > 1;
	return wants;
}

static bool near_device(const struct layout *layout, size_t core)
{
	const struct machine *machine = layout->machine;
	size_t i;

	for (i = 0; i < machine->nr_devices; i++)
		if (is_near(layout, machine->cores[core].node,
			    &machine->devices[i]) &&
		    hwloc_bitmap_intersects(machine->cores[core].cpus,
					    machine->devices[i].near))
			return true;
	return false;
}

/* The next free core of the node; for devices, one that is near to them. */
static void keep(struct layout *layout, size_t node, unsigned int why)
{
	const struct machine *machine = layout->machine;
	size_t i;

	for (i = 0; i < machine->nr_cores; i++) {
		if (machine->cores[i].node != node || layout->why[i] ||
		    (why == WHY_DEVICES && !near_device(layout, i)))
			continue;
		layout->why[i] = why;
		return;
	}
}

static void keep_wanted(struct layout *layout, size_t node,
			struct wants *wants)
{
	if (wants->devices) {
		keep(layout, node, WHY_DEVICES);
		wants->devices--;
	} else if (wants->calls) {
		keep(layout, node, WHY_CALLS);
		wants->calls--;
	} else {
		keep(layout, node, WHY_NUMBER);
	}
}

static void keep_fixed(struct layout *layout)
{
	const struct machine *machine = layout->machine;
	size_t i;

	for (i = 0; i < machine->nr_cores; i++) {
		if (machine->cores[i].efficiency)
			layout->why[i] |= WHY_EFFICIENCY;
		if (hwloc_bitmap_isset(machine->cores[i].cpus, BOOT_CPU))
			layout->why[i] |= WHY_BOOT;
	}
}

static void choose(struct layout *layout)
{
	struct wants wants;
	size_t node;

	for (node = 0; node < layout->machine->nr_nodes; node++) {
		wants = wants_of(layout, node);
		while (wants.devices || wants.calls)
			keep_wanted(layout, node, &wants);
	}
}

/* The node with the fewest cores for Linux that can spare one. */
static size_t poorest(const struct layout *layout)
{
	size_t node, best = 0, least = SIZE_MAX;
	struct tally tally;

	for (node = 0; node < layout->machine->nr_nodes; node++) {
		tally = count(layout, node);
		if (tally.free && tally.kept + tally.efficiency < least) {
			least = tally.kept + tally.efficiency;
			best = node;
		}
	}
	return best;
}

static void choose_more(struct layout *layout, size_t nr)
{
	size_t node, nr_nodes = layout->machine->nr_nodes;
	struct wants *wants = need(calloc(nr_nodes, sizeof(*wants)));

	for (node = 0; node < nr_nodes; node++)
		wants[node] = wants_of(layout, node);
	while (nr--) {
		node = poorest(layout);
		keep_wanted(layout, node, &wants[node]);
	}
	free(wants);
}

static int choose_number(struct layout *layout, unsigned int wanted,
			 struct problems *problems)
{
	const struct machine *machine = layout->machine;
	size_t i, fixed = 0;

	for (i = 0; i < machine->nr_cores; i++)
		fixed += !!layout->why[i];
	if (wanted < fixed) {
		problems_add(problems,
			     "--linux-cores=%u: too few: the boot core and all efficiency cores stay, %zu together",
			     wanted, fixed);
		return -1;
	}
	if (wanted >= machine->nr_cores) {
		problems_add(problems,
			     "--linux-cores=%u: none would be left to the LWK: this machine has %zu",
			     wanted, machine->nr_cores);
		return -1;
	}
	choose_more(layout, wanted - fixed);
	return 0;
}

static int choose_named(struct layout *layout, const struct wishes *wishes,
			struct problems *problems)
{
	const struct machine *machine = layout->machine;
	struct problems bad = { 0 };
	size_t i;

	cpus_arg_check(wishes->cpus, machine, &bad);
	for (i = 0; i < bad.nr; i++)
		problems_add(problems, "--cores=%s: %s", wishes->cpus_text,
			     bad.text[i]);
	if (bad.nr) {
		problems_free(&bad);
		return -1;
	}
	for (i = 0; i < machine->nr_cores; i++) {
		if (hwloc_bitmap_intersects(machine->cores[i].cpus,
					    wishes->cpus->lwk))
			layout->why[i] = 0;
		else if (hwloc_bitmap_intersects(machine->cores[i].cpus,
						 wishes->cpus->syscall))
			layout->why[i] |= WHY_CALLS;
		else if (!layout->why[i])
			layout->why[i] = WHY_NOT_NAMED;
	}
	layout->named = !hwloc_bitmap_iszero(wishes->cpus->syscall);
	layout->cpus = need(strdup(wishes->cpus_text));
	return 0;
}

/*
 * Where some serve, no other does. So each node with cores of the LWK has
 * one that serves, or all of Linux does.
 */
static bool can_name(const struct layout *layout)
{
	const struct machine *machine = layout->machine;
	size_t i, node;

	for (node = 0; node < machine->nr_nodes; node++) {
		bool lwk = false, calls = false;

		for (i = 0; i < machine->nr_cores; i++) {
			if (machine->cores[i].node != node)
				continue;
			lwk |= !layout->why[i];
			calls |= layout->why[i] == WHY_CALLS;
		}
		if (lwk && !calls)
			return false;
	}
	return true;
}

/* CPUs of the cores of a node that are there for @why alone. */
static char *list(const struct layout *layout, size_t node, unsigned int why)
{
	const struct machine *machine = layout->machine;
	hwloc_bitmap_t set = need(hwloc_bitmap_alloc());
	char *text;
	size_t i;

	for (i = 0; i < machine->nr_cores; i++)
		if ((node == SIZE_MAX || machine->cores[i].node == node) &&
		    layout->why[i] == why)
			hwloc_bitmap_or(set, set, machine->cores[i].cpus);
	text = need(cpulist_format(set));
	hwloc_bitmap_free(set);
	return text;
}

static char *group_by_node(const struct layout *layout)
{
	char *text = need(strdup("")), *lwk, *calls, *longer;
	size_t node;

	for (node = 0; node < layout->machine->nr_nodes; node++) {
		lwk = list(layout, node, 0);
		calls = list(layout, node, WHY_CALLS);
		if (*lwk) {
			longer = text_of("%s%s%s.%s", text, *text ? ":" : "",
					 calls, lwk);
			free(text);
			text = longer;
		}
		free(lwk);
		free(calls);
	}
	return text;
}

static void write_cpus(struct layout *layout)
{
	if (layout->cpus)
		return;
	layout->named = can_name(layout);
	layout->cpus = layout->named ? group_by_node(layout) :
				       list(layout, SIZE_MAX, 0);
	/* Numbers that alternate between nodes make long lists. */
	if (strlen(layout->cpus) <= BOOTARG_MAX)
		return;
	free(layout->cpus);
	layout->named = false;
	layout->cpus = list(layout, SIZE_MAX, 0);
}

/* Nodes whose cores the LWK has give it memory. */
static bool gives(const struct layout *layout, size_t node)
{
	const struct machine *machine = layout->machine;
	size_t i;

	for (i = 0; i < machine->nr_cores; i++)
		if (machine->cores[i].node == node && !layout->why[i])
			return true;
	return false;
}

/* Round figures, where that costs little. */
static unsigned long long round_off(unsigned long long bytes)
{
	unsigned long long unit = bytes >= 8ULL << 30 ? 1ULL << 30 : 64ULL << 20;

	return bytes / unit * unit;
}

static unsigned long long usual_share(const struct machine_node *node)
{
	bool boot = hwloc_bitmap_isset(node->cpus, BOOT_CPU);
	unsigned long long keep = node->memory / LINUX_PARTS;
	unsigned long long least = boot ? LINUX_LEAST_BOOT : LINUX_LEAST;

	if (keep < least)
		keep = least;
	if (node->memory < keep + LWK_LEAST)
		return 0;
	return round_off(node->memory - keep);
}

static void share_usual(struct layout *layout, unsigned int percent)
{
	const struct machine_node *node;
	size_t i;

	for (i = 0; i < layout->machine->nr_nodes; i++) {
		node = &layout->machine->nodes[i];
		if (!gives(layout, i))
			continue;
		layout->bytes[i] = percent ?
			node->memory / 100 * percent / BOOTARG_UNIT * BOOTARG_UNIT :
			usual_share(node);
	}
}

/**
 * struct givers - the nodes that give memory
 * @nr: how many
 * @sum: what they can give together
 * @least: what the smallest one can give
 */
struct givers {
	size_t nr;
	unsigned long long sum;
	unsigned long long least;
};

static struct givers find_givers(const struct layout *layout)
{
	struct givers givers = { .least = ULLONG_MAX };
	unsigned long long most;
	size_t i;

	for (i = 0; i < layout->machine->nr_nodes; i++) {
		if (!gives(layout, i))
			continue;
		most = memory_arg_most(layout->machine->nodes[i].memory);
		givers.nr++;
		givers.sum += most;
		if (most < givers.least)
			givers.least = most;
	}
	return givers;
}

/* The same of each node, or, if one has less, in proportion to what they have. */
static int share_bytes(struct layout *layout, unsigned long long bytes,
		       struct problems *problems)
{
	const struct machine *machine = layout->machine;
	struct givers givers = find_givers(layout);
	bool even = bytes < givers.nr * givers.least;
	unsigned long long weight, sum, part;
	size_t i;

	if (bytes > givers.sum) {
		problems_add(problems,
			     "--memory: %llu MiB: more than there is: the nodes of the LWK's cores can give %llu MiB",
			     bytes >> 20, givers.sum >> 20);
		return -1;
	}
	sum = even ? givers.nr : givers.sum;
	for (i = 0; i < machine->nr_nodes; i++) {
		if (!gives(layout, i))
			continue;
		weight = even ? 1 : memory_arg_most(machine->nodes[i].memory);
		part = (unsigned long long)((long double)bytes * weight / sum);
		part = (part + BOOTARG_UNIT - 1) / BOOTARG_UNIT * BOOTARG_UNIT;
		layout->bytes[i] = part < bytes ? part : bytes;
		bytes -= layout->bytes[i];
		sum -= weight;
	}
	return 0;
}

static void write_memory(struct layout *layout)
{
	char *text = need(strdup("")), *size, *longer;
	size_t i;

	for (i = 0; i < layout->machine->nr_nodes; i++) {
		if (!layout->bytes[i])
			continue;
		size = memory_arg_size(layout->bytes[i]);
		longer = text_of("%s%s%u:%s", text, *text ? "," : "",
				 layout->machine->nodes[i].number, size);
		free(text);
		free(size);
		text = longer;
	}
	if (*text)
		layout->memory = text;
	else
		free(text);
}

int layout_make(struct layout *layout, const struct machine *machine,
		const struct wishes *wishes, struct problems *problems)
{
	size_t i;
	int ret = 0;

	memset(layout, 0, sizeof(*layout));
	layout->machine = machine;
	layout->why = need(calloc(machine->nr_cores, sizeof(*layout->why)));
	layout->bytes = need(calloc(machine->nr_nodes, sizeof(*layout->bytes)));
	keep_fixed(layout);
	if (wishes->cpus)
		ret = choose_named(layout, wishes, problems);
	else if (wishes->linux_cores)
		ret = choose_number(layout, wishes->linux_cores, problems);
	else
		choose(layout);
	if (ret)
		return ret;
	for (i = 0; i < machine->nr_cores; i++)
		layout->nr_lwk += !layout->why[i];
	if (!layout->nr_lwk)
		return 0;
	write_cpus(layout);
	if (wishes->bytes_said)
		ret = share_bytes(layout, wishes->bytes, problems);
	else
		share_usual(layout, wishes->percent);
	if (!ret)
		write_memory(layout);
	return ret;
}

void layout_free(struct layout *layout)
{
	free(layout->why);
	free(layout->bytes);
	free(layout->cpus);
	free(layout->memory);
}

size_t layout_device_core(const struct layout *layout,
			  const struct machine_device *device)
{
	const struct machine *machine = layout->machine;
	size_t i, boot = 0, near = SIZE_MAX;

	for (i = 0; i < machine->nr_cores; i++) {
		if (hwloc_bitmap_isset(machine->cores[i].cpus, BOOT_CPU))
			boot = i;
		if (!layout->why[i] ||
		    !is_near(layout, machine->cores[i].node, device))
			continue;
		/* Those that serve calls only if there is no other. */
		if (near == SIZE_MAX || (layout->why[near] == WHY_CALLS &&
					 layout->why[i] != WHY_CALLS))
			near = i;
	}
	return near == SIZE_MAX ? boot : near;
}
