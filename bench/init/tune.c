// SPDX-License-Identifier: GPL-2.0
/*
 * An isolated core as good as Linux itself can make it, beyond what its boot
 * parameters did. This is the competitor of the LWK core, so nothing is left
 * out that helps.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "init.h"

struct setting {
	const char *path, *value;
	bool required;		/* refuse to measure without it */
};

static const struct setting settings[] = {
	/* a deadline timer that comes with the first ordinary task */
	{ "/sys/kernel/debug/sched/fair_server/cpu2/runtime", "0", true },
	{ "/sys/kernel/debug/sched/fair_server/cpu3/runtime", "0", true },
	/* works that may run anywhere stay on the storm's cores */
	{ "/sys/devices/virtual/workqueue/cpumask", STORM_MASK, true },
	{ "/sys/devices/virtual/workqueue/writeback/cpumask", STORM_MASK, false },
	{ "/proc/irq/default_smp_affinity", STORM_MASK, false },
	/* periodic works, watchdogs, balancing */
	{ "/proc/sys/vm/stat_interval", "3600", true },
	{ "/proc/sys/kernel/watchdog", "0", false },
	{ "/proc/sys/kernel/hung_task_timeout_secs", "0", false },
	{ "/proc/sys/kernel/numa_balancing", "0", false },
	{ "/proc/sys/kernel/timer_migration", "0", false },
	{ "/proc/sys/kernel/sched_rt_runtime_us", "-1", false },
	{ "/sys/module/workqueue/parameters/watchdog_thresh", "0", false },
	/* polling of machine checks; core 0 keeps its own */
	{ "/sys/devices/system/machinecheck/machinecheck2/ignore_ce", "1", false },
	{ "/sys/devices/system/machinecheck/machinecheck3/ignore_ce", "1", false },
	/* memory of a running program is neither moved nor merged */
	{ "/proc/sys/vm/compaction_proactiveness", "0", false },
	{ "/proc/sys/vm/compact_unevictable_allowed", "0", false },
	{ "/sys/kernel/mm/ksm/run", "0", false },
	{ "/sys/kernel/mm/transparent_hugepage/khugepaged/defrag", "0", false },
};

static int apply(const struct setting *setting)
{
	if (!write_text(setting->path, setting->value))
		return 0;
	if (setting->required)
		return fail(setting->path);
	fprintf(stderr, "noise-init: tuned: %s = %s: %s; goes without\n",
		setting->path, setting->value, strerror(errno));
	return 0;
}

typedef void (*move_fn)(const char *name);

/* Call @move for each entry of @dir that is a number. */
static int for_numbers_in(const char *dir, move_fn move)
{
	struct dirent *entry;
	DIR *stream;

	stream = opendir(dir);
	if (!stream)
		return fail(dir);
	while ((entry = readdir(stream)))
		if (isdigit((unsigned char)entry->d_name[0]))
			move(entry->d_name);
	closedir(stream);
	return 0;
}

/* Threads that belong to one core refuse, and so do some interrupts. */
static void move_thread(const char *name)
{
	machine_pin(atoi(name), 0, 1);
}

static void move_interrupt(const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), "/proc/irq/%s/smp_affinity", name);
	write_text(path, STORM_MASK);
}

int tune(void)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (apply(&settings[i]))
			return -1;
	if (for_numbers_in("/proc/irq", move_interrupt))
		return -1;
	return for_numbers_in("/proc", move_thread);
}
