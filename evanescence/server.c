// SPDX-License-Identifier: GPL-2.0
/*
 * Which core of Linux serves a call: the nearest one that is idle, else the
 * one with the least to do.
 */
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/topology.h>

#include "../runqueue.h"
#include "evanescence.h"

/* Cores looked at for one call: the answer must cost less than the hop. */
#define SERVERS_MAX	16

struct candidate {
	unsigned int cpu;
	unsigned int distance;
	unsigned int turn;
};

static unsigned int distance(unsigned int home, unsigned int cpu)
{
	if (cpumask_test_cpu(cpu, topology_sibling_cpumask(home)))
		return 0;
	if (cpumask_test_cpu(cpu, cpu_coregroup_mask(home)))
		return 1;
	return 2 + node_distance(cpu_to_node(home), cpu_to_node(cpu));
}

static int nearer(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->distance != y->distance)
		return x->distance < y->distance ? -1 : 1;
	return x->turn < y->turn ? -1 : 1;
}

/*
 * @nth of its enclave is @home. Cores that are equally far from several homes
 * are tried by each of them in another order.
 */
static int list_servers(const struct lwk_enclave *e, unsigned int home,
			unsigned int nth)
{
	unsigned int nr = cpumask_weight(&e->syscall_cores), cpu, i = 0;
	struct lwk_core *core = &per_cpu(lwk_cores, home);
	struct candidate *all;

	all = kcalloc(nr, sizeof(*all), GFP_KERNEL);
	core->servers = kcalloc(min(nr, SERVERS_MAX), sizeof(*core->servers),
				GFP_KERNEL);
	if (!all || !core->servers) {
		kfree(all);
		return -ENOMEM;
	}
	for_each_cpu(cpu, &e->syscall_cores) {
		all[i].cpu = cpu;
		all[i].distance = distance(home, cpu);
		all[i].turn = (i + nth) % nr;
		i++;
	}
	sort(all, nr, sizeof(*all), nearer, NULL);
	core->nr_servers = min(nr, SERVERS_MAX);
	for (i = 0; i < core->nr_servers; i++)
		core->servers[i] = all[i].cpu;
	kfree(all);
	return 0;
}

/**
 * lwk_servers_init - order the servers of each core of an enclave
 * @e: the enclave, whose cores nobody uses yet.
 *
 * Context: process context, may sleep.
 * Return: 0, or -ENOMEM; then lwk_servers_exit() is still due.
 */
int lwk_servers_init(const struct lwk_enclave *e)
{
	unsigned int cpu, nth = 0;
	int err;

	for_each_cpu(cpu, &e->cores) {
		err = list_servers(e, cpu, nth++);
		if (err)
			return err;
	}
	return 0;
}

/**
 * lwk_servers_exit - the reverse
 * @e: the enclave.
 *
 * Context: process context.
 */
void lwk_servers_exit(const struct lwk_enclave *e)
{
	struct lwk_core *core;
	unsigned int cpu;

	for_each_cpu(cpu, &e->cores) {
		core = &per_cpu(lwk_cores, cpu);
		core->nr_servers = 0;
		kfree(core->servers);
		core->servers = NULL;
	}
}

/**
 * lwk_server_pick - choose a core of Linux to serve a call
 * @home: core from which it is made.
 *
 * If no syscall core of the enclave is up, any core of Linux serves.
 *
 * Context: any; the answer may be out of date at once.
 * Return: the core.
 */
int lwk_server_pick(int home)
{
	const struct lwk_core *core = &per_cpu(lwk_cores, home);
	unsigned int i, load, best = UINT_MAX;
	int cpu, server = -1;

	for (i = 0; i < core->nr_servers; i++) {
		cpu = core->servers[i];
		if (!cpu_active(cpu))
			continue;
		load = READ_ONCE(cpu_rq(cpu)->nr_running);
		if (!load)
			return cpu;
		if (load < best) {
			best = load;
			server = cpu;
		}
	}
	return server >= 0 ? server : cpumask_any_and(&lwk_linux_mask,
						      cpu_active_mask);
}

/**
 * lwk_server_mask - between which cores may Linux move a call?
 * @e: the enclave.
 * @server: where it is served first.
 *
 * Context: any.
 */
const struct cpumask *lwk_server_mask(const struct lwk_enclave *e, int server)
{
	return cpumask_test_cpu(server, &e->syscall_cores) ?
	       &e->syscall_cores : &lwk_linux_mask;
}
