// SPDX-License-Identifier: GPL-2.0
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "bootarg.h"
#include "cpulist.h"
#include "number.h"
#include "setup.h"

static int parse_list(const char *list, hwloc_bitmap_t set,
		      struct problems *problems)
{
	struct cpulist_error error;

	if (!cpulist_parse(list, set, &error))
		return 0;
	problems_add(problems,
		     "'%s' is not a list of CPUs (%s, at '%s'): write 2-7,9",
		     list, error.why, error.at);
	return -1;
}

/* [S.]L; takes @group apart. */
static int parse_group(struct cpus_arg *arg, char *group, hwloc_bitmap_t set,
		       struct problems *problems)
{
	char *list = group, *left = strsep(&list, ".");
	char *common;

	if (!list) {
		list = left;
	} else {
		if (parse_list(left, set, problems))
			return -1;
		hwloc_bitmap_or(arg->syscall, arg->syscall, set);
	}
	if (parse_list(list, set, problems))
		return -1;
	if (hwloc_bitmap_iszero(set)) {
		problems_add(problems, "a group names no CPU for the LWK");
		return -1;
	}
	if (hwloc_bitmap_intersects(arg->lwk, set)) {
		hwloc_bitmap_and(set, arg->lwk, set);
		common = need(cpulist_format(set));
		problems_add(problems, "CPU %s is in two groups: name it once",
			     common);
		free(common);
		return -1;
	}
	hwloc_bitmap_or(arg->lwk, arg->lwk, set);
	return 0;
}

int cpus_arg_parse(struct cpus_arg *arg, const char *text,
		   struct problems *problems)
{
	hwloc_bitmap_t set = need(hwloc_bitmap_alloc());
	char *copy = need(strdup(text)), *rest = copy, *group;
	int ret = 0;

	arg->lwk = need(hwloc_bitmap_alloc());
	arg->syscall = need(hwloc_bitmap_alloc());
	if (strlen(text) > BOOTARG_MAX) {
		problems_add(problems,
			     "longer than %d characters: use ranges", BOOTARG_MAX);
		ret = -1;
	}
	while (!ret && (group = strsep(&rest, ":")))
		ret = parse_group(arg, group, set, problems);
	if (!ret && hwloc_bitmap_intersects(arg->lwk, arg->syscall)) {
		problems_add(problems,
			     "a CPU is both of the LWK and to serve system calls: decide for one");
		ret = -1;
	}
	free(copy);
	hwloc_bitmap_free(set);
	if (ret)
		cpus_arg_free(arg);
	return ret;
}

void cpus_arg_free(struct cpus_arg *arg)
{
	hwloc_bitmap_free(arg->lwk);
	hwloc_bitmap_free(arg->syscall);
}

/* Both threads share what a core has: Linux on one disturbs the other. */
static void check_siblings(const struct cpus_arg *arg,
			   const struct machine *machine,
			   struct problems *problems)
{
	char *cpus;
	size_t i;

	for (i = 0; i < machine->nr_cores; i++) {
		if (!hwloc_bitmap_intersects(machine->cores[i].cpus, arg->lwk) ||
		    hwloc_bitmap_isincluded(machine->cores[i].cpus, arg->lwk))
			continue;
		cpus = need(cpulist_format(machine->cores[i].cpus));
		problems_add(problems,
			     "CPUs %s are threads of one core: name all of them or none",
			     cpus);
		free(cpus);
	}
}

void cpus_arg_check(const struct cpus_arg *arg, const struct machine *machine,
		    struct problems *problems)
{
	hwloc_bitmap_t set = need(hwloc_bitmap_alloc());
	char *cpus;

	hwloc_bitmap_or(set, arg->lwk, arg->syscall);
	hwloc_bitmap_andnot(set, set, machine->cpus);
	if (!hwloc_bitmap_iszero(set)) {
		cpus = need(cpulist_format(set));
		problems_add(problems, "this machine has no CPU %s", cpus);
		free(cpus);
	}
	if (hwloc_bitmap_isset(arg->lwk, BOOT_CPU))
		problems_add(problems,
			     "CPU %d boots the machine and stays with Linux: leave it out",
			     BOOT_CPU);
	check_siblings(arg, machine, problems);
	hwloc_bitmap_free(set);
}

static int parse_size(const char *text, unsigned long long *bytes,
		      struct problems *problems)
{
	if (number_parse_bytes(text, bytes)) {
		problems_add(problems, "'%s' is not a size: write 512M or 64G",
			     text);
		return -1;
	}
	if (!*bytes || *bytes % BOOTARG_UNIT) {
		problems_add(problems, "'%s' is no multiple of 2 MiB", text);
		return -1;
	}
	return 0;
}

static int parse_number(const char *text, unsigned int *number)
{
	/* The only number that is no count. */
	if (!strcmp(text, "0")) {
		*number = 0;
		return 0;
	}
	return number_parse_count(text, INT_MAX, number);
}

/* NODE:SIZE; takes @part apart. */
static int parse_part(struct memory_arg *arg, char *part,
		      struct problems *problems)
{
	char *size = part, *text = strsep(&size, ":");
	unsigned int number;
	size_t i;

	if (!size || parse_number(text, &number)) {
		problems_add(problems, "'%s' is not NODE:SIZE", text);
		return -1;
	}
	for (i = 0; i < arg->nr; i++) {
		if (arg->nodes[i] == number) {
			problems_add(problems, "node %u is named twice: add the two up",
				     number);
			return -1;
		}
	}
	arg->nodes = need(reallocarray(arg->nodes, arg->nr + 1,
				       sizeof(*arg->nodes)));
	arg->bytes = need(reallocarray(arg->bytes, arg->nr + 1,
				       sizeof(*arg->bytes)));
	arg->nodes[arg->nr] = number;
	return parse_size(size, &arg->bytes[arg->nr++], problems);
}

int memory_arg_parse(struct memory_arg *arg, const char *text,
		     struct problems *problems)
{
	char *copy, *rest, *part;
	int ret = 0;

	memset(arg, 0, sizeof(*arg));
	if (strlen(text) > BOOTARG_MAX) {
		problems_add(problems, "longer than %d characters", BOOTARG_MAX);
		return -1;
	}
	if (!strchr(text, ':'))
		return parse_size(text, &arg->all, problems);
	copy = need(strdup(text));
	rest = copy;
	while (!ret && (part = strsep(&rest, ",")))
		ret = parse_part(arg, part, problems);
	free(copy);
	if (ret)
		memory_arg_free(arg);
	return ret;
}

void memory_arg_free(struct memory_arg *arg)
{
	free(arg->nodes);
	free(arg->bytes);
	memset(arg, 0, sizeof(*arg));
}

unsigned long long memory_arg_most(unsigned long long memory)
{
	return memory / 100 * 95 / BOOTARG_UNIT * BOOTARG_UNIT;
}

static void check_node(const struct machine_node *node, unsigned int number,
		       unsigned long long bytes, struct problems *problems)
{
	if (!node || !node->memory)
		problems_add(problems, "node %u does not exist or has no memory",
			     number);
	else if (bytes > memory_arg_most(node->memory))
		problems_add(problems,
			     "%llu MiB of node %u, which has %llu MiB: Linux needs a twentieth of it for itself",
			     bytes >> 20, number, node->memory >> 20);
}

void memory_arg_check(const struct memory_arg *arg,
		      const struct machine *machine,
		      struct problems *problems)
{
	unsigned long long nr = 0;
	size_t i;

	for (i = 0; i < arg->nr; i++)
		check_node(machine_node(machine, arg->nodes[i]), arg->nodes[i],
			   arg->bytes[i], problems);
	for (i = 0; i < machine->nr_nodes; i++)
		nr += !!machine->nodes[i].memory;
	for (i = 0; arg->all && i < machine->nr_nodes; i++)
		if (machine->nodes[i].memory)
			check_node(&machine->nodes[i], machine->nodes[i].number,
				   arg->all / nr, problems);
}

char *memory_arg_size(unsigned long long bytes)
{
	if (bytes % (1ULL << 30))
		return text_of("%lluM", bytes >> 20);
	return text_of("%lluG", bytes >> 30);
}
