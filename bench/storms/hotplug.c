// SPDX-License-Identifier: GPL-2.0
/*
 * A storm of CPU hotplug: the last CPU of the storm goes off and on line.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "storm.h"

#define CPU_ONLINE	"/sys/devices/system/cpu/cpu%u/online"

static char path[64];

static int hotplug_setup(void)
{
	errno = 0;
	if (storm_cpus() < 2)
		return skip("needs two CPUs");
	snprintf(path, sizeof(path), CPU_ONLINE, storm_cpu(storm_cpus() - 1));
	if (access(path, W_OK))
		return skip("%s", path);
	return setting_undo(path, "1") ? fail("settings") : 0;
}

static long hotplug_step(void)
{
	if (file_put(path, "0") || file_number(path, NULL) != 0)
		return fail("%s: 0", path);
	if (file_put(path, "1") || file_number(path, NULL) != 1)
		return fail("%s: 1", path);
	return 1;
}

static void hotplug_undo(void)
{
	if (*path)
		file_put(path, "1");
	/* Going off line took it from our mask. */
	pin_to_storm();
}

const struct storm hotplug_storms[] = {
	{
		.name = "hotplug",
		.what = "a CPU of the storm off and on line",
		.setup = hotplug_setup,
		.step = hotplug_step,
		.undo = hotplug_undo,
		.visits = true,
	},
	{ }
};
