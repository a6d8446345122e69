// SPDX-License-Identifier: GPL-2.0
/*
 * A system call served the way mOS did it, for comparison (bench/calls): the
 * running task changes its affinity twice, by the scheduler's own function,
 * which has a stopper thread move it.
 *
 *   lwk_hop/mos_style	write the number of a core: getppid() there
 */
#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "../internal.h"

/* Stands for the call. Process context. */
static pid_t parent(void)
{
	guard(rcu)();
	return task_tgid_vnr(rcu_dereference(current->real_parent));
}

static ssize_t mos_style_write(struct file *file, const char __user *buf,
			       size_t len, loff_t *ppos)
{
	static struct cpumask before;	/* one caller at a time: a benchmark */
	unsigned int cpu;
	int err;

	err = kstrtouint_from_user(buf, len, 10, &cpu);
	if (err)
		return err;
	if (cpu >= nr_cpu_ids || !cpu_online(cpu))
		return -EINVAL;
	cpumask_copy(&before, &current->cpus_mask);
	err = set_cpus_allowed_ptr(current, cpumask_of(cpu));
	if (err)
		return err;
	parent();
	err = set_cpus_allowed_ptr(current, &before);
	return err ?: len;
}

static const struct file_operations mos_style_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = mos_style_write,
};

/* Never undone: this is a kernel for tests. */
static int __init probe_init(void)
{
	struct dentry *dir = debugfs_create_dir("lwk_hop", NULL);

	debugfs_create_file_unsafe("mos_style", 0200, dir, NULL,
				   &mos_style_fops);
	return 0;
}
late_initcall(probe_init);
