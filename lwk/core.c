// SPDX-License-Identifier: GPL-2.0
/*
 * The cores that belong to the LWK, as devices and as run queues.
 */
#define pr_fmt(fmt) "lwk: " fmt

#include <linux/cpu.h>
#include <linux/device.h>
#include <linux/init.h>
#include <linux/printk.h>

#include "internal.h"
#include "runqueue.h"
#include "compat/sched.h"

DEFINE_PER_CPU(struct lwk_core, lwk_cores);

static ssize_t lwk_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	return sysfs_emit(buf, "%*pbl\n", cpumask_pr_args(&lwk_core_mask));
}
static DEVICE_ATTR_RO(lwk);

/*
 * Bound kernel threads are the only fair tasks here and outrank the LWK
 * class, so they cannot starve, and the server that protects fair tasks has
 * nothing to do but fire its timer.
 */
static void __init stop_fair_server(int cpu)
{
	struct rq *rq = cpu_rq(cpu);
	struct sched_dl_entity *server = &rq->fair_server;

	guard(rq_lock_irqsave)(rq);
	update_rq_clock(rq);
	/* The first fair task has set it up, cpuhp/N, if not boot has. */
	if (WARN_ON_ONCE(!server->dl_server))
		return;
	/* It stops by itself when it has nothing to do. */
	if (server->dl_server_active)
		dl_server_stop(server);
	WARN_ON_ONCE(dl_server_apply_params(server, 0, server->dl_period, 0));
	compat_forbid_server(server);
}

/*
 * A reserved core that goes down would throw its tasks at Linux, and the
 * machine would be stopped for it.
 */
static void __init forbid_offline(int cpu)
{
	struct device *dev = get_cpu_device(cpu);

	if (dev)
		dev->offline_disabled = true;
}

/**
 * lwk_core_init - adopt the LWK cores that are online
 *
 * Context: late boot, process context.
 * Return: 0, or -ENODEV if not one is online, or an error of sysfs.
 */
int __init lwk_core_init(void)
{
	struct device *root;
	int cpu, err = -ENODEV;

	cpus_read_lock();
	for_each_cpu(cpu, &lwk_core_mask) {
		if (!cpu_online(cpu)) {
			pr_warn("core %d is not online and stays unused\n",
				cpu);
			continue;
		}
		stop_fair_server(cpu);
		forbid_offline(cpu);
		err = 0;
	}
	cpus_read_unlock();
	if (err)
		return err;

	lwk_class_init();

	root = bus_get_dev_root(&cpu_subsys);
	if (!root)
		return -ENODEV;
	err = device_create_file(root, &dev_attr_lwk);
	put_device(root);
	return err;
}
