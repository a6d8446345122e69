// SPDX-License-Identifier: GPL-2.0
/*
 * Storms of settings: files of /proc/sys and /sys written again and again,
 * affinity of tasks, interrupts and works, and the kernel's log.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "storm.h"

#define SYSCTL		"/proc/sys/"
#define WORKQUEUES	"/sys/devices/virtual/workqueue"
#define IRQS_MAX	64
#define KNOBS_MAX	32

/* A file and two values to write; absent ones are left out. */
struct knob {
	const char *path;
	const char *one, *other;
};

struct board {
	const struct knob *knob;
	size_t count, next;
	bool here[KNOBS_MAX];
};

/* Those that make the kernel visit every CPU. */
static const struct knob stat_knobs[] = {
	{ SYSCTL "vm/stat_refresh", "1", "1" },
	{ SYSCTL "vm/overcommit_memory", "2", "0" },
	{ SYSCTL "vm/percpu_pagelist_high_fraction", "16", "0" },
	{ SYSCTL "vm/min_free_kbytes", "6000", "5000" },
	{ SYSCTL "vm/numa_stat", "0", "1" },
	{ SYSCTL "vm/stat_interval", "2", "1" },
};

/* Objects at hand of every CPU go back to their caches. */
static const struct knob slab_knobs[] = {
	{ "/sys/kernel/slab/kmalloc-64/shrink", "1", "1" },
	{ "/sys/kernel/slab/dentry/shrink", "1", "1" },
};

/* Those that patch code, rebuild domains or start and stop per-CPU parts. */
static const struct knob sysctl_knobs[] = {
	{ SYSCTL "kernel/numa_balancing", "1", "0" },
	{ SYSCTL "kernel/watchdog", "0", "1" },
	{ SYSCTL "kernel/soft_watchdog", "0", "1" },
	{ SYSCTL "kernel/watchdog_thresh", "20", "10" },
	{ SYSCTL "kernel/timer_migration", "0", "1" },
	{ SYSCTL "kernel/task_delayacct", "1", "0" },
	{ SYSCTL "kernel/bpf_stats_enabled", "1", "0" },
	{ SYSCTL "kernel/sched_rt_runtime_us", "900000", "950000" },
	{ SYSCTL "kernel/sched_util_clamp_min", "512", "1024" },
	{ SYSCTL "kernel/sched_energy_aware", "0", "1" },
	{ SYSCTL "kernel/perf_event_max_sample_rate", "50000", "100000" },
	{ SYSCTL "kernel/hung_task_timeout_secs", "240", "120" },
	{ SYSCTL "net/core/flow_limit_cpu_bitmap", "1", "0" },
	{ SYSCTL "net/core/tstamp_allow_data", "0", "1" },
	{ "/sys/kernel/debug/sched/features", "NO_TTWU_QUEUE", "TTWU_QUEUE" },
	{ "/sys/kernel/debug/sched/features", "NO_WARN_DOUBLE_CLOCK",
	  "WARN_DOUBLE_CLOCK" },
	{ "/sys/kernel/debug/sched/preempt", "full", "voluntary" },
	{ "/sys/kernel/debug/sched/tunable_scaling", "0", "1" },
	{ "/sys/kernel/debug/sched/verbose", "0", "0" },
};

static struct board stat_board = {
	.knob = stat_knobs,
	.count = ARRAY_SIZE(stat_knobs),
};

static struct board slab_board = {
	.knob = slab_knobs,
	.count = ARRAY_SIZE(slab_knobs),
};

static struct board sysctl_board = {
	.knob = sysctl_knobs,
	.count = ARRAY_SIZE(sysctl_knobs),
};

/* Features are words in a list that holds all of them. */
static bool list_of_words(const char *path)
{
	return strstr(path, "/features");
}

static int word_setting(const struct knob *k)
{
	char text[4096];

	if (file_get(k->path, text, sizeof(text)) < 0 ||
	    !strstr(text, k->other))
		return -1;
	return setting_undo(k->path,
			    strstr(text, k->one) ? k->one : k->other);
}

/*
 * Try each once, so that the steps meet none that this kernel lacks. Files
 * that cannot be read have no value to go back to.
 */
static int board_setup(struct board *board)
{
	const struct knob *k = board->knob;
	size_t i, here = 0;
	int ret;

	/* All of them before the first is written: some change others. */
	for (i = 0; i < board->count; i++)
		if (!list_of_words(k[i].path) && !access(k[i].path, W_OK))
			setting_save(k[i].path);
	for (i = 0; i < board->count; i++, k++) {
		if (list_of_words(k->path))
			ret = word_setting(k);
		else if (strstr(k->path, "/shrink"))
			ret = file_put(k->path, k->one);
		else
			ret = setting_put(k->path, k->one);
		board->here[i] = !ret;
		here += !ret;
	}
	return here ? 0 : skip("none of the files can be written");
}

/* One file: some take a good part of a second. */
static long board_step(struct board *board)
{
	const struct knob *k;
	size_t i;

	do {
		i = board->next++ % board->count;
	} while (!board->here[i]);
	k = &board->knob[i];
	if (!file_put(k->path, k->one) && !file_put(k->path, k->other))
		return 2;
	if (errno == EBUSY)
		return 0;
	return fail("%s: %s, %s", k->path, k->one, k->other);
}

static int stat_setup(void)
{
	/* Nobody shall miss memory while overcommit is off. */
	setting_put(SYSCTL "vm/overcommit_ratio", "1000");
	if (access(stat_knobs[0].path, W_OK))
		return skip("%s", stat_knobs[0].path);
	return board_setup(&stat_board);
}

/* Sealing a file against writers drains the page batches of every CPU. */
static int seal(void)
{
	int fd = memfd_create("storm", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int ret;

	if (fd < 0)
		return fail("memfd_create");
	ret = write(fd, "storm", 5) != 5 ||
	      fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE);
	close(fd);
	return ret ? fail("F_SEAL_WRITE") : 0;
}

static long stat_step(void)
{
	long n = board_step(&stat_board);

	return n < 0 || seal() ? -1 : n + 1;
}

static int slab_setup(void)
{
	if (access(slab_knobs[0].path, W_OK))
		return skip("%s", slab_knobs[0].path);
	return board_setup(&slab_board);
}

static long slab_step(void)
{
	return board_step(&slab_board);
}

static int sysctl_setup(void)
{
	return board_setup(&sysctl_board);
}

static long sysctl_step(void)
{
	return board_step(&sysctl_board);
}

static int kmsg = -1;

static int printk_setup(void)
{
	setting_put(SYSCTL "kernel/printk_devkmsg", "on");
	kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	return kmsg < 0 ? skip("/dev/kmsg") : 0;
}

static long printk_step(void)
{
	static unsigned int line;
	char text[64];
	int len;

	len = snprintf(text, sizeof(text), "<6>storm: line %u of a flood\n",
		       line++);
	if (write(kmsg, text, len) != len)
		return fail("/dev/kmsg");
	return 1;
}

static void printk_undo(void)
{
	close(kmsg);
}

static unsigned int irqs[IRQS_MAX], irq_count;

static void irq_path(char *path, size_t size, unsigned int irq)
{
	snprintf(path, size, "/proc/irq/%u/smp_affinity_list", irq);
}

/* An interrupt that is in use has a directory for each of its users. */
static bool irq_used(const char *irq)
{
	struct dirent *entry;
	bool used = false;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/irq/%.16s", irq);
	dir = opendir(path);
	while (dir && !used && (entry = readdir(dir)))
		used = entry->d_type == DT_DIR && entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return used;
}

/* Interrupts that the kernel lets us move. */
static void irqs_find(const char *cpu)
{
	struct dirent *entry;
	char path[64];
	DIR *dir = opendir("/proc/irq");

	while (dir && (entry = readdir(dir)) && irq_count < IRQS_MAX) {
		if (entry->d_name[0] < '0' || entry->d_name[0] > '9' ||
		    !irq_used(entry->d_name))
			continue;
		irq_path(path, sizeof(path), atoi(entry->d_name));
		if (!setting_put(path, cpu))
			irqs[irq_count++] = atoi(entry->d_name);
	}
	if (dir)
		closedir(dir);
}

static void mask_of(char *text, size_t size, unsigned int cpu)
{
	int len = snprintf(text, size, "%x", 1U << cpu % 32);

	for (; cpu >= 32; cpu -= 32)
		len += snprintf(text + len, size - len, ",00000000");
}

static int affinity_setup(void)
{
	char cpu[16];

	snprintf(cpu, sizeof(cpu), "%u", storm_cpu(0));
	irqs_find(cpu);
	return 0;
}

static int move_tasks(unsigned int cpu)
{
	if (pin_to(cpu))
		return fail("CPU %u: sched_setaffinity", cpu);
	if (sched_yield() || sched_getcpu() != (int)cpu) {
		errno = 0;
		return fail("CPU %u: the task is elsewhere", cpu);
	}
	return 0;
}

static long affinity_step(void)
{
	static const char *const masks[] = {
		WORKQUEUES "/cpumask", WORKQUEUES "/writeback/cpumask",
	};
	static unsigned int turn;
	unsigned int cpu = storm_cpu(turn++), i;
	char path[64], list[16], mask[160];
	long done = 1;

	if (move_tasks(cpu))
		return -1;
	snprintf(list, sizeof(list), "%u", cpu);
	for (i = 0; i < irq_count; i++) {
		irq_path(path, sizeof(path), irqs[i]);
		/* EBUSY: the last move of this one has not been done yet */
		if (!file_put(path, list))
			done++;
		else if (errno != EBUSY)
			return fail("%s: %s", path, list);
	}
	mask_of(mask, sizeof(mask), cpu);
	for (i = 0; i < ARRAY_SIZE(masks); i++)
		done += !setting_put(masks[i], mask);
	done += !setting_put("/proc/irq/default_smp_affinity", mask);
	return done;
}

static void affinity_undo(void)
{
	pin_to_storm();
}

const struct storm setting_storms[] = {
	{
		.name = "stat-refresh",
		.what = "vm.stat_refresh and others that visit every CPU",
		.setup = stat_setup,
		.step = stat_step,
	},
	{
		.name = "slab-shrink",
		.what = "caches of kernel objects shrunk by hand",
		.setup = slab_setup,
		.step = slab_step,
		.visits = true,
	},
	{
		.name = "sysctl",
		.what = "settings that patch code or restart per-CPU parts",
		.setup = sysctl_setup,
		.step = sysctl_step,
	},
	{
		.name = "affinity",
		.what = "tasks, interrupts and works moved between the CPUs",
		.setup = affinity_setup,
		.step = affinity_step,
		.undo = affinity_undo,
	},
	{
		.name = "printk",
		.what = "a flood of kernel messages",
		.setup = printk_setup,
		.step = printk_step,
		.undo = printk_undo,
	},
	{ }
};
