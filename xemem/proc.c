// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: /proc/xpmem, as programs for XPMEM look for it. Nothing is pinned by
 * an attachment, so the counts are 0 at all times.
 */
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "xemem.h"

static int show_pages(struct seq_file *m, void *unused)
{
	seq_puts(m, "all pages pinned by XPMEM: 0\n"
		    "all pages unpinned by XPMEM: 0\n");
	return 0;
}

static struct proc_dir_entry *dir;

static int show_process(struct seq_file *m, void *unused)
{
	seq_puts(m, "pages pinned by XPMEM: 0\n");
	return 0;
}

/* A number means another process in each namespace: only the first has them. */
static bool is_numbered(const struct xemem_process *p, char *name, size_t size)
{
	snprintf(name, size, "%d", p->tgid);
	return dir && p->numbered;
}

/**
 * xemem_proc_add - /proc/xpmem/PID
 * @p: a process that has opened the device; there is no entry of its number.
 *
 * Context: process context, may sleep.
 */
void xemem_proc_add(const struct xemem_process *p)
{
	char name[16];

	if (is_numbered(p, name, sizeof(name)))
		proc_create_single(name, 0444, dir, show_process);
}

/**
 * xemem_proc_remove - it is going to be gone
 * @p: the process.
 *
 * Context: process context, may sleep.
 */
void xemem_proc_remove(const struct xemem_process *p)
{
	char name[16];

	if (is_numbered(p, name, sizeof(name)))
		remove_proc_entry(name, dir);
}

/**
 * xemem_proc_init - /proc/xpmem
 *
 * Context: boot, process context.
 * Return: 0 or -ENOMEM.
 */
int __init xemem_proc_init(void)
{
	dir = proc_mkdir("xpmem", NULL);
	if (!dir || !proc_create_single("global_pages", 0444, dir, show_pages))
		return -ENOMEM;
	return 0;
}
