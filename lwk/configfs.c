// SPDX-License-Identifier: GPL-2.0
/*
 * One directory per enclave below /sys/kernel/config/lwk/, one value per
 * file. See Documentation/ABI/testing/configfs-lwk.
 */
#include <linux/capability.h>
#include <linux/configfs.h>
#include <linux/cpu.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>

#include "internal.h"

/* Larger than any sane list of tasks; bounds what one read may allocate. */
#define LWK_LIST_MAX	(8 * 1024 * 1024)

static struct lwk_enclave *to_enclave(struct config_item *item)
{
	return container_of(to_config_group(item), struct lwk_enclave, group);
}

static ssize_t enclave_cores_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%*pbl\n",
			  cpumask_pr_args(&to_enclave(item)->cores));
}
CONFIGFS_ATTR_RO(enclave_, cores);

static ssize_t enclave_syscall_cores_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%*pbl\n",
			  cpumask_pr_args(&to_enclave(item)->syscall_cores));
}
CONFIGFS_ATTR_RO(enclave_, syscall_cores);

static ssize_t enclave_free_cores_show(struct config_item *item, char *page)
{
	struct lwk_enclave *e = to_enclave(item);

	guard(spinlock)(&e->lock);
	return sysfs_emit(page, "%*pbl\n", cpumask_pr_args(&e->free));
}
CONFIGFS_ATTR_RO(enclave_, free_cores);

static ssize_t enclave_lwkcpus_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%s\n", lwk_boot_arg());
}
CONFIGFS_ATTR_RO(enclave_, lwkcpus);

static ssize_t store_bounded(const char *page, size_t count,
			     unsigned int max, unsigned int *value)
{
	unsigned int v;
	int err;

	err = kstrtouint(page, 0, &v);
	if (err)
		return err;
	if (v > max)
		return -ERANGE;
	WRITE_ONCE(*value, v);
	return count;
}

static ssize_t enclave_quantum_us_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n",
			  READ_ONCE(to_enclave(item)->quantum_us));
}

static ssize_t enclave_quantum_us_store(struct config_item *item,
					const char *page, size_t count)
{
	return store_bounded(page, count, LWK_QUANTUM_MAX_US,
			     &to_enclave(item)->quantum_us);
}
CONFIGFS_ATTR(enclave_, quantum_us);

static ssize_t enclave_poll_us_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(to_enclave(item)->poll_us));
}

static ssize_t enclave_poll_us_store(struct config_item *item,
				     const char *page, size_t count)
{
	return store_bounded(page, count, LWK_POLL_MAX_US,
			     &to_enclave(item)->poll_us);
}
CONFIGFS_ATTR(enclave_, poll_us);

static ssize_t enclave_syscall_poll_us_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n",
			  READ_ONCE(to_enclave(item)->syscall_poll_us));
}

static ssize_t enclave_syscall_poll_us_store(struct config_item *item,
					     const char *page, size_t count)
{
	return store_bounded(page, count, LWK_POLL_MAX_US,
			     &to_enclave(item)->syscall_poll_us);
}
CONFIGFS_ATTR(enclave_, syscall_poll_us);

static ssize_t enclave_calls_local_store(struct config_item *item,
					 const char *page, size_t count)
{
	return lwk_calls_change(to_enclave(item)->hop, page, false) ?: count;
}
CONFIGFS_ATTR_WO(enclave_, calls_local);

static ssize_t enclave_calls_hop_store(struct config_item *item,
				       const char *page, size_t count)
{
	return lwk_calls_change(to_enclave(item)->hop, page, true) ?: count;
}
CONFIGFS_ATTR_WO(enclave_, calls_hop);

static ssize_t enclave_perf_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(to_enclave(item)->perf));
}

static ssize_t enclave_perf_store(struct config_item *item,
				  const char *page, size_t count)
{
	struct lwk_enclave *e = to_enclave(item);
	bool allow;
	int cpu, err;

	/* Counting interrupts what others run here. */
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = kstrtobool(page, &allow);
	if (err)
		return err;

	guard(mutex)(&e->perf_lock);
	if (e->perf == allow)
		return count;
	cpus_read_lock();
	for_each_cpu_and(cpu, &e->cores, cpu_online_mask)
		lwk_perf_allow(cpu, allow);
	cpus_read_unlock();
	WRITE_ONCE(e->perf, allow);
	return count;
}
CONFIGFS_ATTR(enclave_, perf);

static struct configfs_attribute *enclave_attrs[] = {
	&enclave_attr_cores,
	&enclave_attr_syscall_cores,
	&enclave_attr_free_cores,
	&enclave_attr_lwkcpus,
	&enclave_attr_quantum_us,
	&enclave_attr_poll_us,
	&enclave_attr_syscall_poll_us,
	&enclave_attr_calls_local,
	&enclave_attr_calls_hop,
	&enclave_attr_perf,
	NULL,
};

/* RCU held. Is @p alive in @e? */
static bool runs_in(const struct task_struct *p, const struct lwk_enclave *e)
{
	const struct lwk_rsv *rsv = READ_ONCE(p->lwk.rsv);

	return rsv && rsv->enclave == e && READ_ONCE(p->lwk.member);
}

/**
 * lwk_print - append to a text that may not have a buffer yet
 * @buf: the buffer, or NULL to learn how long the text is.
 * @size: room at @buf.
 * @len: length so far.
 * @fmt: what to append.
 *
 * Context: any.
 * Return: what has been added to the length.
 */
ssize_t lwk_print(char *buf, size_t size, ssize_t len, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	if (buf)
		n = vscnprintf(buf + len, size - len, fmt, args);
	else
		n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	return n;
}

/*
 * Lists the tasks of an enclave, as the pid namespace of the reader numbers
 * them, one per line. Without a buffer, returns the room to provide; with
 * one, fills it to the end, since configfs hands out all of it.
 */
static ssize_t list_members(const struct lwk_enclave *e, char *buf,
			    size_t size, bool threads)
{
	struct pid_namespace *ns = task_active_pid_ns(current);
	struct task_struct *g, *p;
	ssize_t len = 0;
	pid_t nr;

	guard(rcu)();
	for_each_process(g) {
		for_each_thread(g, p) {
			if (!runs_in(p, e))
				continue;
			nr = threads ? task_pid_nr_ns(p, ns) :
				       task_tgid_nr_ns(p, ns);
			if (nr)
				len += lwk_print(buf, size, len, "%d\n", nr);
			if (!threads)
				break;
		}
	}
	if (buf && len < size)
		memset(buf + len, '\n', size - len);
	/* One more than the text: it is terminated while it is written. */
	return buf ? size : len ? len + 1 : 0;
}

static ssize_t enclave_tasks_read(struct config_item *item, void *buf,
				  size_t size)
{
	return list_members(to_enclave(item), buf, size, true);
}
CONFIGFS_BIN_ATTR_RO(enclave_, tasks, NULL, LWK_LIST_MAX);

static ssize_t enclave_procs_read(struct config_item *item, void *buf,
				  size_t size)
{
	return list_members(to_enclave(item), buf, size, false);
}
CONFIGFS_BIN_ATTR_RO(enclave_, procs, NULL, LWK_LIST_MAX);

static ssize_t enclave_disturbances_read(struct config_item *item, void *buf,
					 size_t size)
{
	return lwk_disturb_list(to_enclave(item), buf, size);
}
CONFIGFS_BIN_ATTR_RO(enclave_, disturbances, NULL, LWK_LIST_MAX);

static ssize_t enclave_calls_read(struct config_item *item, void *buf,
				  size_t size)
{
	return lwk_calls_list(to_enclave(item)->hop, buf, size);
}
CONFIGFS_BIN_ATTR_RO(enclave_, calls, NULL, LWK_LIST_MAX);

static struct configfs_bin_attribute *enclave_bin_attrs[] = {
	&enclave_attr_calls,
	&enclave_attr_disturbances,
	&enclave_attr_tasks,
	&enclave_attr_procs,
	NULL,
};

static const struct config_item_type enclave_type = {
	.ct_attrs	= enclave_attrs,
	.ct_bin_attrs	= enclave_bin_attrs,
	.ct_owner	= THIS_MODULE,
};

/* stats/: counters since boot */

static u64 read_stat(struct config_item *item, enum lwk_stat which)
{
	struct lwk_enclave *e = container_of(to_config_group(item),
					     struct lwk_enclave, stats_group);

	return atomic64_read(&e->stats[which]);
}

#define LWK_STAT_FILE(_name, _which)					\
static ssize_t stats_##_name##_show(struct config_item *item, char *page) \
{									\
	return sysfs_emit(page, "%llu\n",				\
			  read_stat(item, LWK_STAT_##_which));		\
}									\
CONFIGFS_ATTR_RO(stats_, _name)

LWK_STAT_FILE(joins, JOINS);
LWK_STAT_FILE(busy, BUSY);
LWK_STAT_FILE(denied, DENIED);
LWK_STAT_FILE(releases, RELEASES);
LWK_STAT_FILE(threads, THREADS);
LWK_STAT_FILE(rotations, ROTATIONS);
LWK_STAT_FILE(poll_hits, POLL_HITS);
LWK_STAT_FILE(poll_misses, POLL_MISSES);
LWK_STAT_FILE(deferred, DEFERRED);
LWK_STAT_FILE(disturbed, DISTURBED);

/* Of all cores of the enclave. */
static ssize_t stats_paid_show(struct config_item *item, char *page)
{
	const struct lwk_enclave *e = container_of(to_config_group(item),
						   struct lwk_enclave,
						   stats_group);
	unsigned long paid = 0;
	int cpu;

	for_each_cpu(cpu, &e->cores)
		paid += lwk_paid_by(cpu);
	return sysfs_emit(page, "%lu\n", paid);
}
CONFIGFS_ATTR_RO(stats_, paid);

/* Bytes of LWK memory that members have now. */
static ssize_t stats_memory_show(struct config_item *item, char *page)
{
	struct lwk_enclave *e = container_of(to_config_group(item),
					     struct lwk_enclave, stats_group);
	unsigned long used = 0, peak;
	const struct lwk_rsv *rsv;
	int cpu;

	scoped_guard (spinlock, &e->lock) {
		for_each_cpu(cpu, &e->cores) {
			rsv = per_cpu(lwk_cores, cpu).rsv;
			/* Once for each reservation. */
			if (rsv && cpumask_first(&rsv->cores) == cpu)
				used += lwk_account_used(rsv->account, &peak);
		}
	}
	return sysfs_emit(page, "%lu\n", used << PAGE_SHIFT);
}
CONFIGFS_ATTR_RO(stats_, memory);

/* By where they were served. Signals hop, too, but are no calls. */
struct call_stats {
	struct lwk_totals calls;
	u64 signals;
	u64 refused;
};

static struct call_stats read_calls(struct config_item *item)
{
	struct lwk_enclave *e = container_of(to_config_group(item),
					     struct lwk_enclave, stats_group);
	struct call_stats sum = { };
	const struct lwk_core *core;
	int cpu;

	/* Tallies live as long as the reservation holds its cores. */
	guard(spinlock)(&e->lock);
	for_each_cpu(cpu, &e->cores) {
		core = &per_cpu(lwk_cores, cpu);
		sum.calls.local += core->past.local;
		sum.calls.hops += core->past.hops;
		sum.calls.fault_local += core->past.fault_local;
		sum.calls.fault_hops += core->past.fault_hops;
		lwk_totals_add(&sum.calls, core->tallies);
		sum.signals += READ_ONCE(core->signals);
		sum.refused += READ_ONCE(core->refused);
	}
	return sum;
}

#define LWK_CALL_STAT_FILE(_name, _sum)					\
static ssize_t stats_##_name##_show(struct config_item *item, char *page) \
{									\
	return sysfs_emit(page, "%llu\n", read_calls(item)._sum);	\
}									\
CONFIGFS_ATTR_RO(stats_, _name)

LWK_CALL_STAT_FILE(local, calls.local);
LWK_CALL_STAT_FILE(hops, calls.hops);
LWK_CALL_STAT_FILE(fault_local, calls.fault_local);
LWK_CALL_STAT_FILE(fault_hops, calls.fault_hops);
LWK_CALL_STAT_FILE(signals, signals);
LWK_CALL_STAT_FILE(refused, refused);

static struct configfs_attribute *stats_attrs[] = {
	&stats_attr_joins,
	&stats_attr_memory,
	&stats_attr_busy,
	&stats_attr_denied,
	&stats_attr_releases,
	&stats_attr_threads,
	&stats_attr_rotations,
	&stats_attr_poll_hits,
	&stats_attr_poll_misses,
	&stats_attr_deferred,
	&stats_attr_disturbed,
	&stats_attr_paid,
	&stats_attr_local,
	&stats_attr_hops,
	&stats_attr_fault_local,
	&stats_attr_fault_hops,
	&stats_attr_signals,
	&stats_attr_refused,
	NULL,
};

static const struct config_item_type stats_type = {
	.ct_attrs	= stats_attrs,
	.ct_owner	= THIS_MODULE,
};

static const struct config_item_type lwk_type = {
	.ct_owner	= THIS_MODULE,
};

static struct configfs_subsystem lwk_subsys = {
	.su_group = {
		.cg_item = {
			.ci_namebuf = "lwk",
			.ci_type = &lwk_type,
		},
	},
};

/**
 * lwk_configfs_add - give an enclave its directory
 * @e: the enclave.
 * @name: its name, shorter than LWK_NAME_MAX.
 *
 * Context: process context, may sleep.
 * Return: 0 or an error.
 */
int lwk_configfs_add(struct lwk_enclave *e, const char *name)
{
	config_group_init_type_name(&e->group, name, &enclave_type);
	config_group_init_type_name(&e->stats_group, "stats", &stats_type);
	configfs_add_default_group(&e->stats_group, &e->group);
	return configfs_register_group(&lwk_subsys.su_group, &e->group);
}

/* Late boot, process context. */
int __init lwk_configfs_init(void)
{
	config_group_init(&lwk_subsys.su_group);
	mutex_init(&lwk_subsys.su_mutex);
	return configfs_register_subsystem(&lwk_subsys);
}
