// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpulist.h"
#include "machine.h"
#include "setup.h"
#include "textfile.h"

#define PRESENT		"/sys/devices/system/cpu/present"
#define LWK_MEMINFO	"/sys/devices/system/node/node%u/lwk_meminfo"

static void *new_array(int nr, size_t size)
{
	return need(calloc(nr > 0 ? (size_t)nr : 1, size));
}

static int by_number(const void *a, const void *b)
{
	const struct machine_node *left = a, *right = b;

	return left->number < right->number ? -1 : 1;
}

/* What Linux tells of a node is without it. */
static unsigned long long lwk_memory(unsigned int node)
{
	char *path = text_of(LWK_MEMINFO, node);
	char *text = textfile_read(path);
	const char *line = text ? strstr(text, "LwkTotal:") : NULL;
	unsigned long long kib = 0;

	if (line && sscanf(line, "LwkTotal: %llu", &kib) != 1)
		kib = 0;
	free(text);
	free(path);
	return kib << 10;
}

static void read_nodes(struct machine *machine)
{
	int i, nr = hwloc_get_nbobjs_by_type(machine->topology,
					     HWLOC_OBJ_NUMANODE);
	hwloc_obj_t object;

	machine->nodes = new_array(nr, sizeof(*machine->nodes));
	for (i = 0; i < nr; i++) {
		object = hwloc_get_obj_by_type(machine->topology,
					       HWLOC_OBJ_NUMANODE,
					       (unsigned int)i);
		machine->nodes[i].number = object->os_index;
		machine->nodes[i].memory = object->attr->numanode.local_memory;
		if (!machine->recorded)
			machine->nodes[i].memory +=
				lwk_memory(object->os_index);
		machine->nodes[i].cpus = need(hwloc_bitmap_alloc());
	}
	machine->nr_nodes = (size_t)nr;
	qsort(machine->nodes, machine->nr_nodes, sizeof(*machine->nodes),
	      by_number);
}

/*
 * Memory of several kinds may be local to a core. Linux counts the core to the
 * node that the firmware names first.
 */
static size_t node_of(const struct machine *machine, hwloc_obj_t core)
{
	size_t i;

	for (i = 0; i < machine->nr_nodes; i++)
		if (hwloc_bitmap_isset(core->nodeset, machine->nodes[i].number))
			return i;
	return 0;
}

static const char *core_type(const struct hwloc_info_s *infos, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (!strcmp(infos[i].name, "CoreType"))
			return infos[i].value;
	return NULL;
}

/*
 * Kinds are ordered, the fastest is the last one. Where the processor tells
 * what its cores are, this counts: favoured cores of one design are kinds, too.
 */
static void add_kind(hwloc_topology_t topology, unsigned int kind,
		     unsigned int last, bool *typed, hwloc_bitmap_t slow)
{
	hwloc_bitmap_t cpus = need(hwloc_bitmap_alloc());
	struct hwloc_info_s *infos;
	int efficiency;
	const char *type;
	unsigned int nr;

	if (!hwloc_cpukinds_get_info(topology, kind, cpus, &efficiency, &nr,
				     &infos, 0)) {
		type = core_type(infos, nr);
		if (type && !*typed) {
			hwloc_bitmap_zero(slow);
			*typed = true;
		}
		if (type ? !!strstr(type, "Atom") :
			   !*typed && efficiency >= 0 && kind < last)
			hwloc_bitmap_or(slow, slow, cpus);
	}
	hwloc_bitmap_free(cpus);
}

static hwloc_bitmap_t read_efficiency(const struct machine *machine)
{
	hwloc_bitmap_t slow = need(hwloc_bitmap_alloc());
	int i, nr = hwloc_cpukinds_get_nr(machine->topology, 0);
	bool typed = false;

	for (i = 0; nr > 1 && i < nr; i++)
		add_kind(machine->topology, (unsigned int)i,
			 (unsigned int)nr - 1, &typed, slow);
	/* A machine of nothing else is not hybrid. */
	if (hwloc_bitmap_isincluded(machine->cpus, slow))
		hwloc_bitmap_zero(slow);
	return slow;
}

static int by_first_cpu(const void *a, const void *b)
{
	const struct machine_core *left = a, *right = b;

	return hwloc_bitmap_first(left->cpus) - hwloc_bitmap_first(right->cpus);
}

/* Some virtual machines tell nothing of cores: then each CPU is one. */
static void read_cores(struct machine *machine)
{
	hwloc_bitmap_t slow = read_efficiency(machine);
	hwloc_obj_type_t type = HWLOC_OBJ_CORE;
	struct machine_core *core;
	hwloc_obj_t object = NULL;

	if (hwloc_get_nbobjs_by_type(machine->topology, type) <= 0)
		type = HWLOC_OBJ_PU;
	machine->cores = new_array(hwloc_get_nbobjs_by_type(machine->topology,
							    type),
				   sizeof(*machine->cores));
	while ((object = hwloc_get_next_obj_by_type(machine->topology, type,
						    object))) {
		core = &machine->cores[machine->nr_cores++];
		core->cpus = need(hwloc_bitmap_dup(object->cpuset));
		core->node = node_of(machine, object);
		core->efficiency = hwloc_bitmap_intersects(core->cpus, slow);
		hwloc_bitmap_or(machine->nodes[core->node].cpus,
				machine->nodes[core->node].cpus, core->cpus);
	}
	qsort(machine->cores, machine->nr_cores, sizeof(*machine->cores),
	      by_first_cpu);
	hwloc_bitmap_free(slow);
}

static bool interrupts(hwloc_obj_t device)
{
	switch (device->attr->osdev.type) {
	case HWLOC_OBJ_OSDEV_NETWORK:
	case HWLOC_OBJ_OSDEV_OPENFABRICS:
		return true;
	case HWLOC_OBJ_OSDEV_BLOCK:
		return !device->subtype || !strcmp(device->subtype, "Disk");
	default:
		return false;
	}
}

static void read_devices(struct machine *machine)
{
	int nr = hwloc_get_nbobjs_by_type(machine->topology,
					  HWLOC_OBJ_OS_DEVICE);
	struct machine_device *device;
	hwloc_obj_t object = NULL;

	machine->devices = new_array(nr, sizeof(*machine->devices));
	while ((object = hwloc_get_next_osdev(machine->topology, object))) {
		if (!interrupts(object) || !object->name)
			continue;
		device = &machine->devices[machine->nr_devices++];
		device->name = object->name;
		device->near = hwloc_get_non_io_ancestor_obj(machine->topology,
							     object)->cpuset;
	}
}

/* Of cgroups nothing is seen: the layout is for the machine, not for us. */
static int load(hwloc_topology_t topology, const char *file)
{
	if (file && hwloc_topology_set_xml(topology, file) < 0)
		return -1;
	if (hwloc_topology_set_flags(topology,
				     HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED) ||
	    hwloc_topology_set_io_types_filter(topology,
					       HWLOC_TYPE_FILTER_KEEP_IMPORTANT))
		return -1;
	return hwloc_topology_load(topology);
}

static void read_cpus(struct machine *machine)
{
	hwloc_topology_t topology = machine->topology;
	hwloc_bitmap_t present = need(hwloc_bitmap_alloc());
	struct cpulist_error error;
	char *list = NULL;

	machine->cpus = need(hwloc_bitmap_dup(hwloc_topology_get_topology_cpuset(topology)));
	machine->offline = need(hwloc_bitmap_dup(hwloc_topology_get_complete_cpuset(topology)));
	/* Not all that hwloc runs on tell it; ours may tell us. */
	if (!machine->recorded)
		list = textfile_read(PRESENT);
	if (list && !cpulist_parse(list, present, &error))
		hwloc_bitmap_or(machine->offline, machine->offline, present);
	hwloc_bitmap_andnot(machine->offline, machine->offline, machine->cpus);
	free(list);
	hwloc_bitmap_free(present);
}

int machine_read(struct machine *machine, const char *file)
{
	memset(machine, 0, sizeof(*machine));
	if (hwloc_topology_init(&machine->topology) < 0)
		return -1;
	if (load(machine->topology, file) < 0) {
		hwloc_topology_destroy(machine->topology);
		return -1;
	}
	machine->recorded = !hwloc_topology_is_thissystem(machine->topology);
	read_cpus(machine);
	read_nodes(machine);
	read_cores(machine);
	read_devices(machine);
	return 0;
}

void machine_free(struct machine *machine)
{
	size_t i;

	for (i = 0; i < machine->nr_cores; i++)
		hwloc_bitmap_free(machine->cores[i].cpus);
	for (i = 0; i < machine->nr_nodes; i++)
		hwloc_bitmap_free(machine->nodes[i].cpus);
	free(machine->cores);
	free(machine->nodes);
	free(machine->devices);
	hwloc_bitmap_free(machine->cpus);
	hwloc_bitmap_free(machine->offline);
	hwloc_topology_destroy(machine->topology);
}

const struct machine_node *machine_node(const struct machine *machine,
					unsigned int number)
{
	size_t i;

	for (i = 0; i < machine->nr_nodes; i++)
		if (machine->nodes[i].number == number)
			return &machine->nodes[i];
	return NULL;
}

hwloc_bitmap_t machine_first_threads(const struct machine *machine)
{
	hwloc_bitmap_t first = need(hwloc_bitmap_alloc());
	size_t i;
	int cpu;

	for (i = 0; i < machine->nr_cores; i++) {
		cpu = hwloc_bitmap_first(machine->cores[i].cpus);
		hwloc_bitmap_set(first, (unsigned int)cpu);
	}
	return first;
}
