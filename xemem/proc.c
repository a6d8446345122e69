// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: /proc/xpmem, as programs for XPMEM look for it.
 *
 * A file for each process that has opened the device: there is no entry of
 * /proc for it, whose removal would wait for readers. It is looked for in the
 * table of processes; who reads it holds nothing that others wait for.
 */
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/proc_fs.h>
#include <linux/ptrace.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>

#include "../compat/fs.h"
#include "xemem.h"
#include "../../../fs/proc/internal.h"

/* Whoever asks how often: others are not walked through more often. */
#define EVERY		HZ

static DEFINE_MUTEX(sum_lock);	/* sum_due */
static unsigned long sum_due;
static unsigned long sum;

static struct xemem_process *process_after(struct xemem_process *p)
{
	struct xemem_process *next = xemem_process_from(p ? p->tgid + 1 : 0);

	if (p)
		xemem_process_put(p);
	return next;
}

/* Somebody else may be at it: then the sum is the last one. */
static unsigned long sum_pages(void)
{
	struct xemem_process *p = NULL;
	unsigned long new = 0;

	if (!mutex_trylock(&sum_lock))
		return READ_ONCE(sum);
	if (!sum_due || time_after_eq(jiffies, sum_due)) {
		while ((p = process_after(p))) {
			xemem_count_process(p, true);
			new += READ_ONCE(p->pages);
			cond_resched();
		}
		WRITE_ONCE(sum, new);
		sum_due = (jiffies + EVERY) | 1;
	}
	mutex_unlock(&sum_lock);
	return READ_ONCE(sum);
}

/* The difference is what is shown. */
static int show_pages(struct seq_file *m, void *unused)
{
	unsigned long now = sum_pages();
	unsigned long shown = max(xemem_count_shown(), now);

	seq_printf(m, "all pages pinned by XPMEM: %lu\n"
		   "all pages unpinned by XPMEM: %lu\n", shown, shown - now);
	return 0;
}

static int show_process(struct seq_file *m, void *unused)
{
	struct xemem_process *p = m->private;
	int err = xemem_count_process(p, false);

	if (!err)
		seq_printf(m, "pages pinned by XPMEM: %lu\n",
			   READ_ONCE(p->pages));
	return err;
}

static bool may_look_at(const struct xemem_process *p)
{
	struct task_struct *task = get_pid_task(p->pid, PIDTYPE_TGID);
	bool ret = task && ptrace_may_access(task, PTRACE_MODE_READ_FSCREDS);

	if (task)
		put_task_struct(task);
	return ret;
}

/* As /proc has it for its own directories of processes. */
static bool is_hidden(struct super_block *sb, const struct xemem_process *p)
{
	const struct proc_fs_info *info = proc_sb_info(sb);

	if (info->hide_pid < HIDEPID_INVISIBLE ||
	    (info->hide_pid == HIDEPID_INVISIBLE && in_group_p(info->pid_gid)))
		return false;
	return !may_look_at(p);
}

static struct pid *pid_of(const struct inode *inode)
{
	return inode->i_private;
}

/* Counting takes a while, and the mmap_lock: that is not for strangers. */
static int open_process(struct inode *inode, struct file *file)
{
	struct xemem_process *p = xemem_process_find(pid_of(inode));
	int err = -EACCES;

	if (!p)
		return -ENOENT;
	if (may_look_at(p))
		err = single_open(file, show_process, p);
	if (err)
		xemem_process_put(p);
	return err;
}

static int release_process(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	xemem_process_put(m->private);
	return single_release(inode, file);
}

static const struct file_operations process_fops = {
	.open = open_process,
	.read_iter = seq_read_iter,
	.splice_read = copy_splice_read,
	.llseek = seq_lseek,
	.release = release_process,
};

static int keep_as_it_is(struct mnt_idmap *idmap, struct dentry *dentry,
			 struct iattr *attr)
{
	return -EPERM;
}

static const struct inode_operations process_iops = {
	.setattr = keep_as_it_is,
};

/*
 * Nothing is remembered, whoever has it open: the table is looked at each time,
 * for the number may be another process's by then.
 */
static int forget(const struct dentry *dentry)
{
	return 1;
}

static D_REVALIDATE(not_valid)
{
	return 0;
}

static const struct dentry_operations process_dops = {
	.d_revalidate = not_valid,
	.d_delete = forget,
};

static struct inode *create_inode(struct inode *dir, struct pid *pid)
{
	struct inode *inode = new_inode(dir->i_sb);

	if (!inode)
		return NULL;
	inode->i_ino = get_next_ino();
	inode->i_mode = S_IFREG | 0444;
	inode->i_op = &process_iops;
	inode->i_fop = &process_fops;
	simple_inode_init_ts(inode);
	/* Of which /proc drops its reference with the inode. */
	PROC_I(inode)->pid = get_pid(pid);
	inode->i_private = pid;
	return inode;
}

/* By its number in the PID namespace of that /proc. */
static struct xemem_process *find(struct super_block *sb, unsigned int nr)
{
	struct xemem_process *p = NULL;
	struct pid *pid;

	scoped_guard(rcu)
		pid = get_pid(find_pid_ns(nr, proc_pid_ns(sb)));
	if (pid)
		p = xemem_process_find(pid);
	put_pid(pid);
	if (p && is_hidden(sb, p)) {
		xemem_process_put(p);
		p = NULL;
	}
	return p;
}

static struct dentry *lookup(struct inode *dir, struct dentry *dentry,
			     unsigned int flags)
{
	unsigned int nr = name_to_int(&dentry->d_name);
	struct xemem_process *p;
	struct inode *inode;

	if (nr == ~0U)
		return proc_lookup(dir, dentry, flags);
	p = find(dir->i_sb, nr);
	if (!p)
		return ERR_PTR(-ENOENT);
	inode = create_inode(dir, p->pid);
	xemem_process_put(p);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	return proc_splice_unmountable(inode, dentry, &process_dops);
}

/* Its number in that /proc, or 0; its reference goes. */
static pid_t shown_number(struct super_block *sb, struct xemem_process *p)
{
	pid_t nr = is_hidden(sb, p) ? 0 : pid_nr_ns(p->pid, proc_pid_ns(sb));

	xemem_process_put(p);
	return nr;
}

/*
 * First what is always there, then processes, in the order of their numbers in
 * the first namespace. No reference is held while memory of a user is written.
 */
static int iterate(struct file *file, struct dir_context *ctx)
{
	struct super_block *sb = file_inode(file)->i_sb;
	struct xemem_process *p;
	char name[PROC_NUMBUF];
	pid_t tgid, nr;
	int ret;

	if (ctx->pos < FIRST_PROCESS_ENTRY) {
		ret = proc_readdir(file, ctx);
		if (ret <= 0)
			return ret;
		ctx->pos = FIRST_PROCESS_ENTRY;
	}
	while ((p = xemem_process_from(ctx->pos - FIRST_PROCESS_ENTRY))) {
		tgid = p->tgid;
		nr = shown_number(sb, p);
		if (nr && !dir_emit(ctx, name,
				    scnprintf(name, sizeof(name), "%d", nr),
				    tgid, DT_REG))
			break;
		ctx->pos = FIRST_PROCESS_ENTRY + tgid + 1;
		cond_resched();
	}
	return 0;
}

static const struct inode_operations dir_iops = {
	.lookup = lookup,
	.setattr = keep_as_it_is,
};

static const struct file_operations dir_fops = {
	.llseek = generic_file_llseek,
	.read = generic_read_dir,
	.iterate_shared = iterate,
};

/**
 * xemem_proc_init - /proc/xpmem
 *
 * Context: boot, process context.
 * Return: 0 or -ENOMEM.
 */
int __init xemem_proc_init(void)
{
	struct proc_dir_entry *dir = proc_mkdir("xpmem", NULL);

	if (!dir)
		return -ENOMEM;
	dir->proc_iops = &dir_iops;
	dir->proc_dir_ops = &dir_fops;
	return proc_create_single("global_pages", 0444, dir, show_pages) ?
	       0 : -ENOMEM;
}
