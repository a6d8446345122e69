// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/lwk: the only place that reads memory of a user for the LWK.
 *
 * Anybody may open it; the enclave's directory decides who may join. A write
 * to a file would do as well, but a file that is open can be passed to a
 * program with more rights as its output; nobody issues a foreign ioctl by
 * accident.
 */
#include <linux/capability.h>
#include <linux/compat.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "internal.h"

static_assert(sizeof(struct lwk_join) == LWK_JOIN_SIZE_VER1);
static_assert(sizeof(struct lwk_stats) == LWK_STATS_SIZE_VER0);
static_assert(sizeof(struct lwk_policy) == LWK_POLICY_SIZE_VER0);
static_assert(sizeof(struct lwk_counts) == LWK_COUNTS_SIZE_VER0);
static_assert(sizeof(struct lwk_memory) == LWK_MEMORY_SIZE_VER0);
static_assert(LWK_NR_KINDS <= LWK_KINDS_MAX);

/**
 * struct lwk_file - an open /dev/lwk
 * @lock: protects @rsv.
 * @rsv: the last reservation that was joined through it, or NULL.
 */
struct lwk_file {
	spinlock_t lock;	/* rsv */
	struct lwk_rsv *rsv;
};

/* More than any machine has cores for. */
#define LWK_MASK_BYTES_MAX	(CONFIG_NR_CPUS / 8 + PAGE_SIZE)

/*
 * Copies a struct that begins with its size as the caller knows it. That size
 * is read once: it is what has been checked.
 */
static int copy_sized(void *to, size_t known, size_t least,
		      const void __user *arg)
{
	u32 size;
	int err;

	if (get_user(size, (const u32 __user *)arg))
		return -EFAULT;
	if (size < least)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	err = copy_struct_from_user(to, known, arg, size);
	if (!err)
		*(u32 *)to = size;
	return err;
}

static int copy_request(struct lwk_join *req, struct lwk_join __user *arg)
{
	int err;

	err = copy_sized(req, sizeof(*req), LWK_JOIN_SIZE_VER0, arg);
	if (err)
		return err;

	if (req->reserved || !memchr(req->enclave, '\0', LWK_NAME_MAX))
		return -EINVAL;
	if (!req->cpumask_len || req->cpumask_len % sizeof(u64) ||
	    req->cpumask_len > LWK_MASK_BYTES_MAX ||
	    req->cpumask_len * BITS_PER_BYTE < nr_cpu_ids)
		return -EINVAL;
	return 0;
}

/* Bits beyond the last core are a mistake of the caller, not ignored. */
static int copy_mask_in(struct cpumask *mask, const struct lwk_join *req)
{
	void *bits __free(kfree) = memdup_user(u64_to_user_ptr(req->cpumask),
					       req->cpumask_len);

	if (IS_ERR(bits))
		return PTR_ERR(bits);
	if (find_next_bit(bits, req->cpumask_len * BITS_PER_BYTE,
			  nr_cpu_ids) < req->cpumask_len * BITS_PER_BYTE)
		return -EINVAL;
	cpumask_clear(mask);
	bitmap_copy(cpumask_bits(mask), bits, nr_cpu_ids);
	return 0;
}

static int copy_mask_out(const struct lwk_join *req,
			 const struct cpumask *mask)
{
	void __user *to = u64_to_user_ptr(req->cpumask);
	size_t len = min_t(size_t, req->cpumask_len, cpumask_size());

	if (copy_to_user(to, cpumask_bits(mask), len))
		return -EFAULT;
	return clear_user(to + len, req->cpumask_len - len) ? -EFAULT : 0;
}

/* A living process that stands in the way of @req, as current numbers it. */
static pid_t find_holder(const struct lwk_join *req,
			 const struct cpumask *want)
{
	struct pid_namespace *ns = task_active_pid_ns(current);
	const struct lwk_rsv *rsv;
	struct task_struct *g, *p;

	guard(rcu)();
	for_each_process_thread(g, p) {
		rsv = READ_ONCE(p->lwk.rsv);
		if (!rsv || !READ_ONCE(p->lwk.member) ||
		    strcmp(rsv->enclave->group.cg_item.ci_name, req->enclave))
			continue;
		if (req->nr_cores || cpumask_intersects(&rsv->cores, want))
			return task_tgid_nr_ns(p, ns);
	}
	return 0;
}

/*
 * The answer is written while the cores are held and current is still with
 * Linux, so that an address that cannot be written undoes everything.
 */
static int answer(struct lwk_join *req, struct lwk_join __user *arg,
		  const struct cpumask *cores)
{
	if (put_user(cpumask_weight(cores), &arg->nr_cores))
		return -EFAULT;
	return copy_mask_out(req, cores);
}

/* The file remembers @rsv instead of what it remembered before. */
static void remember(struct lwk_file *f, struct lwk_rsv *rsv)
{
	struct lwk_rsv *old;

	if (rsv)
		kref_get(&rsv->ref);
	scoped_guard (spinlock, &f->lock) {
		old = f->rsv;
		f->rsv = rsv;
	}
	if (old)
		lwk_rsv_put(old);
}

static long ioctl_join(struct lwk_file *f, struct lwk_join __user *arg)
{
	struct cpumask *cores __free(kfree) = NULL;
	struct lwk_join req;
	struct lwk_rsv *rsv;
	int err;

	err = copy_request(&req, arg);
	if (err)
		return err;
	cores = kmalloc(sizeof(*cores), GFP_KERNEL);
	if (!cores)
		return -ENOMEM;
	err = copy_mask_in(cores, &req);
	if (err)
		return err;

	rsv = lwk_rsv_take(&req, cores);
	if (IS_ERR(rsv)) {
		err = PTR_ERR(rsv);
		if ((err == -EBUSY || err == -ETIMEDOUT) &&
		    put_user(find_holder(&req, cores), &arg->holder))
			return -EFAULT;
		return err;
	}

	err = answer(&req, arg, &rsv->cores);
	if (err || (req.flags & LWK_JOIN_DRY_RUN)) {
		lwk_rsv_cancel(rsv);
		return err;
	}
	err = lwk_rsv_enter(rsv);
	if (err)
		lwk_rsv_cancel(rsv);
	else
		remember(f, rsv);
	return err;
}

static long ioctl_stats(struct lwk_file *f, struct lwk_stats __user *arg)
{
	struct lwk_stats stats;
	unsigned int kind;
	u32 size;
	int err;

	err = copy_sized(&stats, sizeof(stats), LWK_STATS_SIZE_VER0, arg);
	if (err)
		return err;

	size = stats.size;
	memset(&stats, 0, sizeof(stats));
	stats.size = size;
	stats.nr_kinds = LWK_NR_KINDS;
	scoped_guard (spinlock, &f->lock) {
		if (!f->rsv)
			return -ENODATA;
		for (kind = 0; kind < LWK_NR_KINDS; kind++) {
			stats.foreign[kind] =
				atomic64_read(&f->rsv->disturbed[0][kind]);
			stats.own[kind] =
				atomic64_read(&f->rsv->disturbed[1][kind]);
		}
	}
	return copy_to_user(arg, &stats, min_t(size_t, size, sizeof(stats))) ?
	       -EFAULT : 0;
}

/* The reservation that @f remembers, referenced, or ERR_PTR(-ENODATA). */
static struct lwk_rsv *remembered(struct lwk_file *f)
{
	guard(spinlock)(&f->lock);
	if (!f->rsv)
		return ERR_PTR(-ENODATA);
	kref_get(&f->rsv->ref);
	return f->rsv;
}

/* As sched_setaffinity(2): the same user, or a privileged one. */
static int may_steer(struct task_struct *p)
{
	scoped_guard (rcu) {
		if (!uid_eq(current_euid(), task_uid(p)) &&
		    !uid_eq(current_euid(), task_euid(p)) &&
		    !ns_capable(__task_cred(p)->user_ns, CAP_SYS_NICE))
			return -EPERM;
	}
	return security_task_setscheduler(p);
}

static struct lwk_rsv *rsv_of_pid(pid_t pid)
{
	struct task_struct *p __free(put_task) = find_get_task_by_vpid(pid);
	struct lwk_rsv *rsv;
	int err;

	if (!p)
		return ERR_PTR(-ESRCH);
	err = may_steer(p);
	if (err)
		return ERR_PTR(err);
	rsv = lwk_rsv_get(p);
	return rsv ?: ERR_PTR(-ESRCH);
}

static long ioctl_policy(struct lwk_file *f, struct lwk_policy __user *arg)
{
	struct lwk_policy policy;
	struct lwk_rsv *rsv;
	unsigned int i;
	u32 size;
	int err;

	err = copy_sized(&policy, sizeof(policy), LWK_POLICY_SIZE_VER0, arg);
	if (err)
		return err;
	for (i = 0; i < LWK_CALLS_WORDS; i++)
		if (policy.local[i] & policy.hop[i])
			return -EINVAL;
	size = policy.size;
	rsv = policy.pid ? rsv_of_pid(policy.pid) : remembered(f);
	if (IS_ERR(rsv))
		return PTR_ERR(rsv);
	lwk_rsv_set_calls(rsv, &policy);
	lwk_rsv_put(rsv);
	return copy_to_user(arg, &policy, min_t(size_t, size, sizeof(policy))) ?
	       -EFAULT : 0;
}

static long ioctl_counts(struct lwk_file *f, struct lwk_counts __user *arg)
{
	struct lwk_call_count __user *to;
	struct lwk_call_count count;
	struct lwk_counts req;
	struct lwk_rsv *rsv;
	unsigned int i;
	int err;

	err = copy_sized(&req, sizeof(req), LWK_COUNTS_SIZE_VER0, arg);
	if (err)
		return err;
	if (req.nr > LWK_CALLS)
		return -E2BIG;
	rsv = remembered(f);
	if (IS_ERR(rsv))
		return PTR_ERR(rsv);
	to = u64_to_user_ptr(req.counts);
	for (i = 0; i < req.nr && !err; i++) {
		lwk_rsv_count(rsv, i, &count);
		if (copy_to_user(&to[i], &count, sizeof(count)))
			err = -EFAULT;
	}
	lwk_rsv_put(rsv);
	return err;
}

static long ioctl_memory(struct lwk_file *f, struct lwk_memory __user *arg)
{
	struct lwk_memory memory;
	struct lwk_rsv *rsv;
	int err;

	err = copy_sized(&memory, sizeof(memory), LWK_MEMORY_SIZE_VER0, arg);
	if (err)
		return err;
	if (memory.reserved)
		return -EINVAL;
	rsv = remembered(f);
	if (IS_ERR(rsv))
		return PTR_ERR(rsv);
	lwk_rsv_memory(rsv, &memory);
	lwk_rsv_put(rsv);
	return copy_to_user(arg, &memory, sizeof(memory)) ? -EFAULT : 0;
}

static long lwk_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct lwk_file *f = file->private_data;

	switch (cmd) {
	case LWK_IOC_JOIN:
		return ioctl_join(f, (struct lwk_join __user *)arg);
	case LWK_IOC_STATS:
		return ioctl_stats(f, (struct lwk_stats __user *)arg);
	case LWK_IOC_POLICY:
		return ioctl_policy(f, (struct lwk_policy __user *)arg);
	case LWK_IOC_COUNTS:
		return ioctl_counts(f, (struct lwk_counts __user *)arg);
	case LWK_IOC_MEMORY:
		return ioctl_memory(f, (struct lwk_memory __user *)arg);
	default:
		return -ENOTTY;
	}
}

static int lwk_open(struct inode *inode, struct file *file)
{
	struct lwk_file *f;

	f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	if (!f)
		return -ENOMEM;
	spin_lock_init(&f->lock);
	file->private_data = f;
	return 0;
}

static int lwk_release(struct inode *inode, struct file *file)
{
	struct lwk_file *f = file->private_data;

	remember(f, NULL);
	kfree(f);
	return 0;
}

static const struct file_operations lwk_fops = {
	.owner		= THIS_MODULE,
	.open		= lwk_open,
	.release	= lwk_release,
	.unlocked_ioctl	= lwk_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.llseek		= noop_llseek,
};

static struct miscdevice lwk_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "lwk",
	.mode	= 0666,
	.fops	= &lwk_fops,
};

/* Late boot, process context. */
int __init lwk_dev_init(void)
{
	return misc_register(&lwk_device);
}
