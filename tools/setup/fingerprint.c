// SPDX-License-Identifier: GPL-2.0
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cpulist.h"
#include "fingerprint.h"
#include "setup.h"

#define TOLERANCE	16	/* one part in so many */

static void add_list(json_object *object, const char *key,
		     hwloc_const_bitmap_t set)
{
	char *text = need(cpulist_format(set));

	json_object_object_add(object, key, json_object_new_string(text));
	free(text);
}

json_object *fingerprint_make(const struct machine *machine)
{
	json_object *print = need(json_object_new_object());
	json_object *nodes = need(json_object_new_array());
	hwloc_bitmap_t first = machine_first_threads(machine);
	const struct machine_node *node;
	json_object *entry;
	size_t i;

	json_object_object_add(print, "cores",
			       json_object_new_uint64(machine->nr_cores));
	add_list(print, "first_threads", first);
	for (i = 0; i < machine->nr_nodes; i++) {
		node = &machine->nodes[i];
		entry = need(json_object_new_object());
		json_object_object_add(entry, "node",
				       json_object_new_uint64(node->number));
		add_list(entry, "cpus", node->cpus);
		json_object_object_add(entry, "memory",
				       json_object_new_uint64(node->memory));
		json_object_array_add(nodes, entry);
	}
	json_object_object_add(print, "nodes", nodes);
	if (!hwloc_bitmap_iszero(machine->offline))
		add_list(print, "offline", machine->offline);
	hwloc_bitmap_free(first);
	return print;
}

static json_object *member(json_object *object, const char *key,
			   enum json_type type, struct problems *problems)
{
	json_object *value;

	if (json_object_object_get_ex(object, key, &value) &&
	    json_object_is_type(value, type))
		return value;
	problems_add(problems, "machine: '%s' is missing or no %s", key,
		     json_type_to_name(type));
	return NULL;
}

static void check_list(json_object *object, const char *key,
		       struct problems *problems)
{
	json_object *value = member(object, key, json_type_string, problems);
	hwloc_bitmap_t set = need(hwloc_bitmap_alloc());
	struct cpulist_error error;

	if (value && cpulist_parse(json_object_get_string(value), set, &error))
		problems_add(problems, "machine: %s '%s': %s, at '%s'", key,
			     json_object_get_string(value), error.why,
			     error.at);
	hwloc_bitmap_free(set);
}

static void check_number(json_object *object, const char *key,
			 struct problems *problems)
{
	json_object *value = member(object, key, json_type_int, problems);

	if (value && json_object_get_int64(value) < 0)
		problems_add(problems, "machine: '%s' is negative", key);
}

void fingerprint_validate(json_object *print, struct problems *problems)
{
	json_object *nodes, *entry;
	size_t i;

	check_number(print, "cores", problems);
	check_list(print, "first_threads", problems);
	if (json_object_object_get_ex(print, "offline", NULL))
		check_list(print, "offline", problems);
	nodes = member(print, "nodes", json_type_array, problems);
	for (i = 0; nodes && i < json_object_array_length(nodes); i++) {
		entry = json_object_array_get_idx(nodes, i);
		if (!json_object_is_type(entry, json_type_object)) {
			problems_add(problems, "machine: nodes: not an object");
			continue;
		}
		check_number(entry, "node", problems);
		check_list(entry, "cpus", problems);
		check_number(entry, "memory", problems);
	}
}

static const char *text_member(json_object *object, const char *key)
{
	return json_object_get_string(json_object_object_get(object, key));
}

static unsigned long long number_member(json_object *object, const char *key)
{
	return json_object_get_uint64(json_object_object_get(object, key));
}

static json_object *find_node(json_object *nodes, unsigned int number)
{
	json_object *entry;
	size_t i;

	for (i = 0; i < json_object_array_length(nodes); i++) {
		entry = json_object_array_get_idx(nodes, i);
		if (number_member(entry, "node") == number)
			return entry;
	}
	return NULL;
}

/* By what they mean: "0,1" is "0-1". */
static void compare_list(const char *text, hwloc_const_bitmap_t now,
			 const char *what, struct problems *problems)
{
	hwloc_bitmap_t then = need(hwloc_bitmap_alloc());
	struct cpulist_error error;
	char *list;

	if (cpulist_parse(text, then, &error) ||
	    !hwloc_bitmap_isequal(then, now)) {
		list = need(cpulist_format(now));
		problems_add(problems, "%s: CPUs '%s' then, '%s' now", what,
			     text, list);
		free(list);
	}
	hwloc_bitmap_free(then);
}

static void compare_node(json_object *entry, const struct machine_node *node,
			 struct problems *problems)
{
	unsigned long long memory = number_member(entry, "memory");
	unsigned long long more = memory, less = node->memory;
	char *what = text_of("node %u", node->number);

	compare_list(text_member(entry, "cpus"), node->cpus, what, problems);
	if (more < less) {
		more = node->memory;
		less = memory;
	}
	if (more - less > more / TOLERANCE)
		problems_add(problems, "%s: %llu MiB of memory then, %llu MiB now",
			     what, memory >> 20, node->memory >> 20);
	free(what);
}

static void compare_nodes(json_object *nodes, const struct machine *machine,
			  struct problems *problems)
{
	unsigned long long number;
	json_object *entry;
	size_t i;

	for (i = 0; i < machine->nr_nodes; i++) {
		entry = find_node(nodes, machine->nodes[i].number);
		if (entry)
			compare_node(entry, &machine->nodes[i], problems);
		else
			problems_add(problems, "node %u: not there then",
				     machine->nodes[i].number);
	}
	for (i = 0; i < json_object_array_length(nodes); i++) {
		number = number_member(json_object_array_get_idx(nodes, i),
				       "node");
		if (number > UINT_MAX ||
		    !machine_node(machine, (unsigned int)number))
			problems_add(problems, "node %llu: not there now",
				     number);
	}
}

void fingerprint_compare(json_object *print, const struct machine *machine,
			 struct problems *problems)
{
	unsigned long long cores = number_member(print, "cores");
	hwloc_bitmap_t first = machine_first_threads(machine);

	if (cores != machine->nr_cores)
		problems_add(problems, "%llu cores then, %zu now", cores,
			     machine->nr_cores);
	else
		compare_list(text_member(print, "first_threads"), first,
			     "first threads of the cores", problems);
	compare_nodes(json_object_object_get(print, "nodes"), machine,
		      problems);
	hwloc_bitmap_free(first);
}

char *fingerprint_bootarg(json_object *print)
{
	json_object *nodes = json_object_object_get(print, "nodes");
	char *text, *longer;
	const char *cpus;
	size_t i;

	if (json_object_object_get_ex(print, "offline", NULL))
		return NULL;
	text = need(strdup(""));
	for (i = 0; i < json_object_array_length(nodes); i++) {
		cpus = text_member(json_object_array_get_idx(nodes, i), "cpus");
		if (!*cpus)
			continue;
		longer = text_of("%s%s%s", text, *text ? ":" : "", cpus);
		free(text);
		text = longer;
	}
	return text;
}
