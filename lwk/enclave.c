// SPDX-License-Identifier: GPL-2.0
/*
 * Enclaves: who may come in, and who holds which core.
 */
#define pr_fmt(fmt) "lwk: " fmt

#include <linux/fs.h>
#include <linux/init.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "internal.h"
#include <trace/events/lwk.h>

static LIST_HEAD(enclaves);
static DEFINE_MUTEX(lwk_enclaves_lock);

/**
 * lwk_enclave_find - look an enclave up
 * @name: its name.
 *
 * Context: process context, may sleep.
 * Return: the enclave, which lives for ever (only the one made at boot
 * exists), or NULL.
 */
struct lwk_enclave *lwk_enclave_find(const char *name)
{
	struct lwk_enclave *e;

	guard(mutex)(&lwk_enclaves_lock);
	list_for_each_entry(e, &enclaves, link) {
		if (!strcmp(e->group.cg_item.ci_name, name))
			return e;
	}
	return NULL;
}

/**
 * lwk_enclave_permission - may current run programs in an enclave?
 * @e: the enclave.
 *
 * Whoever may write to its directory may: root, and the user or group to
 * whom root has given the directory.
 *
 * Context: process context, may sleep.
 * Return: 0 or -EACCES, or what a security module or a read-only mount says.
 */
int lwk_enclave_permission(struct lwk_enclave *e)
{
	struct dentry *dir = e->group.cg_item.ci_dentry;

	might_sleep();
	return inode_permission(&nop_mnt_idmap, d_inode(dir), MAY_WRITE);
}

static void hold(struct lwk_enclave *e, struct lwk_rsv *rsv)
{
	unsigned int cpu, i = 0;

	lockdep_assert_held(&e->lock);
	cpumask_andnot(&e->free, &e->free, &rsv->cores);
	for_each_cpu(cpu, &rsv->cores) {
		WARN_ON_ONCE(per_cpu(lwk_cores, cpu).rsv);
		per_cpu(lwk_cores, cpu).rsv = rsv;
		per_cpu(lwk_cores, cpu).tallies = rsv->slots[i].tallies;
		rsv->slots[i++].cpu = cpu;
	}
}

/**
 * lwk_enclave_take - take cores for a reservation, all or none
 * @e: the enclave.
 * @rsv: the reservation; gets its cores and slots.
 * @want: the cores, or empty for any @nr.
 * @nr: how many cores if @want is empty.
 *
 * Context: process context; does not sleep.
 * Return: 0, or -EBUSY if others hold them.
 */
int lwk_enclave_take(struct lwk_enclave *e, struct lwk_rsv *rsv,
		     const struct cpumask *want, unsigned int nr)
{
	guard(spinlock)(&e->lock);
	if (nr) {
		if (lwk_pick_cores(&e->free, nr, &rsv->cores) < nr)
			return -EBUSY;
	} else {
		if (!cpumask_subset(want, &e->free))
			return -EBUSY;
		cpumask_copy(&rsv->cores, want);
	}
	if (!rsv->dry_run)
		hold(e, rsv);
	return 0;
}

/* Nobody calls there any more; what was called stays in the account. */
static void fold_tallies(struct lwk_core *core)
{
	lwk_totals_add(&core->past, core->tallies);
	core->tallies = NULL;
}

/**
 * lwk_enclave_put_cores - a reservation ends
 * @rsv: the reservation, without members.
 *
 * Context: process context; does not sleep.
 */
void lwk_enclave_put_cores(struct lwk_rsv *rsv)
{
	struct lwk_enclave *e = rsv->enclave;
	unsigned int cpu;

	scoped_guard (spinlock, &e->lock) {
		for_each_cpu(cpu, &rsv->cores) {
			WARN_ON_ONCE(per_cpu(lwk_cores, cpu).rsv != rsv);
			fold_tallies(&per_cpu(lwk_cores, cpu));
			per_cpu(lwk_cores, cpu).rsv = NULL;
		}
		cpumask_or(&e->free, &e->free, &rsv->cores);
	}
	trace_lwk_release(e->group.cg_item.ci_name, &rsv->cores);
	wake_up_all(&e->wait);
}

/**
 * lwk_enclave_init - make the enclave of lwkcpus=
 *
 * Context: late boot, process context.
 * Return: 0 or an error.
 */
int __init lwk_enclave_init(void)
{
	struct lwk_enclave *e;
	unsigned int cpu;
	int err;

	e = kzalloc(sizeof(*e), GFP_KERNEL);
	if (!e)
		return -ENOMEM;

	spin_lock_init(&e->lock);
	init_waitqueue_head(&e->wait);
	mutex_init(&e->perf_lock);
	cpumask_and(&e->cores, &lwk_core_mask, cpu_online_mask);
	cpumask_copy(&e->free, &e->cores);
	cpumask_copy(&e->syscall_cores, &lwk_syscall_mask);
	/* None named: any core of Linux serves. */
	if (cpumask_empty(&e->syscall_cores))
		cpumask_copy(&e->syscall_cores, &lwk_linux_mask);
	cpumask_and(&e->syscall_cores, &e->syscall_cores, cpu_online_mask);
	e->quantum_us = LWK_QUANTUM_BOOT_US;
	e->poll_us = LWK_POLL_BOOT_US;
	e->syscall_poll_us = LWK_POLL_BOOT_US;
	lwk_calls_default(e->hop);

	err = lwk_servers_init(e);
	if (!err)
		err = lwk_configfs_add(e, LWK_ENCLAVE_BOOT);
	if (err) {
		lwk_servers_exit(e);
		kfree(e);
		return err;
	}
	for_each_cpu(cpu, &e->cores)
		per_cpu(lwk_cores, cpu).enclave = e;
	scoped_guard (mutex, &lwk_enclaves_lock)
		list_add_tail(&e->link, &enclaves);

	pr_info("enclave %s: cores %*pbl, syscall cores %*pbl\n",
		LWK_ENCLAVE_BOOT, cpumask_pr_args(&e->cores),
		cpumask_pr_args(&e->syscall_cores));
	return 0;
}
