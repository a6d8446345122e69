/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The machine, as far as a layout depends on it, from hwloc. A core has one or
 * more CPUs (hardware threads); CPUs are what Linux numbers.
 */
#ifndef LWK_SETUP_MACHINE_H
#define LWK_SETUP_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

#include <hwloc.h>

/* The CPU that boots the machine, which Linux cannot do without. */
#define BOOT_CPU	0

/**
 * struct machine_core - a core
 * @cpus: its CPUs
 * @node: index of its node
 * @efficiency: it is one of the slow cores of a hybrid machine
 */
struct machine_core {
	hwloc_bitmap_t cpus;
	size_t node;
	bool efficiency;
};

/**
 * struct machine_node - a NUMA node
 * @number: as Linux counts
 * @cpus: of the cores that have it as theirs; none: memory alone
 * @memory: in bytes, with what the LWK has of it
 */
struct machine_node {
	unsigned int number;
	hwloc_bitmap_t cpus;
	unsigned long long memory;
};

/**
 * struct machine_device - what interrupts
 * @name: as Linux calls it
 * @near: CPUs that are near; may be all of them
 */
struct machine_device {
	const char *name;
	hwloc_const_bitmap_t near;
};

/**
 * struct machine - all of it
 * @topology: what the rest comes from
 * @recorded: it is not the machine we run on
 * @cpus: all CPUs that are online
 * @offline: those that are there and are not
 * @cores: ordered by their first CPU
 * @nr_cores: how many
 * @nodes: ordered by number
 * @nr_nodes: how many
 * @devices: network and disk devices
 * @nr_devices: how many
 */
struct machine {
	hwloc_topology_t topology;
	bool recorded;
	hwloc_bitmap_t cpus;
	hwloc_bitmap_t offline;
	struct machine_core *cores;
	size_t nr_cores;
	struct machine_node *nodes;
	size_t nr_nodes;
	struct machine_device *devices;
	size_t nr_devices;
};

/*
 * This machine, or the one that was recorded in @file (lstopo's XML). Returns
 * 0, or -1 with errno; then there is nothing to free.
 */
int machine_read(struct machine *machine, const char *file);

void machine_free(struct machine *machine);

/* The node of this number; NULL: there is none. */
const struct machine_node *machine_node(const struct machine *machine,
					unsigned int number);

/* The first CPU of each core. For hwloc_bitmap_free(). */
hwloc_bitmap_t machine_first_threads(const struct machine *machine);

#endif /* LWK_SETUP_MACHINE_H */
