// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: how much a process may have, in /proc/sys/xemem. Nothing is pinned,
 * and what the kernel needs for it is charged to the memory cgroup; attachments
 * are mappings, of which vm.max_map_count allows so many.
 */
#include <linux/init.h>
#include <linux/sysctl.h>

#include "xemem.h"

unsigned int xemem_segments_max __read_mostly = 65536;
unsigned int xemem_permits_max __read_mostly = 1048576;

static struct ctl_table table[] = {
	{
		.procname = "segments_max",
		.data = &xemem_segments_max,
		.maxlen = sizeof(xemem_segments_max),
		.mode = 0644,
		.proc_handler = proc_douintvec,
	},
	{
		.procname = "permits_max",
		.data = &xemem_permits_max,
		.maxlen = sizeof(xemem_permits_max),
		.mode = 0644,
		.proc_handler = proc_douintvec,
	},
};

/**
 * xemem_quota_init - /proc/sys/xemem
 *
 * Context: boot, process context.
 * Return: 0 or -ENOMEM.
 */
int __init xemem_quota_init(void)
{
	return register_sysctl("xemem", table) ? 0 : -ENOMEM;
}
