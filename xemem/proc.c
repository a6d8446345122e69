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

/**
 * xemem_proc_init - /proc/xpmem
 *
 * Context: boot, process context.
 * Return: 0 or -ENOMEM.
 */
int __init xemem_proc_init(void)
{
	struct proc_dir_entry *dir = proc_mkdir("xpmem", NULL);

	if (!dir || !proc_create_single("global_pages", 0444, dir, show_pages))
		return -ENOMEM;
	return 0;
}
