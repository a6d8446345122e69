// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: /sys/kernel/debug/xemem/attachments, a line for each: who has attached
 * what, where, and what is mapped there at the moment, by size of the page.
 */
#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>

#include "xemem.h"

/* What is left of an attachment; parts of it may have been unmapped. */
static void count(struct mm_struct *mm, const struct xemem_attachment *att,
		  struct xemem_mapped *n)
{
	VMA_ITERATOR(vmi, mm, att->start);
	struct vm_area_struct *vma;

	for_each_vma_range(vmi, vma, att->start + att->size)
		if (xemem_is_attachment(vma) && xemem_attachment_of(vma) == att)
			xemem_count_vma(vma, n);
}

static int show_attachment(struct seq_file *m,
			   const struct xemem_permit *permit,
			   const struct xemem_attachment *att)
{
	struct mm_struct *mm = permit->process->mm;
	struct xemem_mapped n = { };

	if (!mmget_not_zero(mm))
		return 0;
	if (mmap_read_lock_killable(mm)) {
		mmput(mm);
		return -EINTR;
	}
	count(mm, att, &n);
	mmap_read_unlock(mm);
	mmput(mm);
	seq_printf(m, "%llx %llx %d %lx %lx %lx %s %lu %lu %lu\n",
		   permit->segment->segid, permit->apid, permit->process->tgid,
		   att->source, att->start, att->size, att->write ? "rw" : "r",
		   n.ptes, n.pmds, n.puds);
	return 0;
}

static int attachments_show(struct seq_file *m, void *unused)
{
	struct xemem_permit *permit = NULL;
	struct xemem_attachment *att;
	int err = 0;

	seq_puts(m, "segid apid pid source address size access ptes pmds puds\n");
	while (!err && (permit = xemem_permit_next(permit))) {
		att = NULL;
		while (!err && (att = xemem_attachment_next(permit, att)))
			err = show_attachment(m, permit, att);
		if (att)
			xemem_attachment_put(att);
	}
	if (permit)
		xemem_permit_put(permit);
	return err;
}
DEFINE_SHOW_ATTRIBUTE(attachments);

/**
 * xemem_debugfs_init - /sys/kernel/debug/xemem
 *
 * Context: boot, process context.
 */
void __init xemem_debugfs_init(void)
{
	struct dentry *dir = debugfs_create_dir("xemem", NULL);

	debugfs_create_file("attachments", 0400, dir, NULL,
			    &attachments_fops);
}
