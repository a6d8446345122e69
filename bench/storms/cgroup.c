// SPDX-License-Identifier: GPL-2.0
/*
 * Storms of control groups: made, filled, limited, frozen, removed; partitions
 * of CPUs that come and go.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storm.h"

#define SUBTREE		CGROUP_ROOT "/cgroup.subtree_control"
#define MEMBERS		3

/* The root delegates @controller from now on, until settings are restored. */
int group_controller(const char *controller)
{
	char text[256], word[32];

	if (file_get(CGROUP_ROOT "/cgroup.controllers", text,
		     sizeof(text)) < 0)
		return skip(CGROUP_ROOT "/cgroup.controllers");
	errno = 0;
	if (!strstr(text, controller))
		return skip("no controller %s", controller);
	if (file_get(SUBTREE, text, sizeof(text)) < 0)
		return fail(SUBTREE);
	snprintf(word, sizeof(word), "-%s", controller);
	if (!strstr(text, controller) && setting_undo(SUBTREE, word))
		return fail("settings");
	*word = '+';
	return file_put(SUBTREE, word) ? fail(SUBTREE ": %s", word) : 0;
}

int group_make(char *path, size_t size, const char *name)
{
	snprintf(path, size, CGROUP_ROOT "/storm-%s-%d", name, getpid());
	return mkdir(path, 0755) ? fail("%s", path) : 0;
}

int group_put(const char *group, const char *file, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", group, file);
	return file_put(path, text);
}

int group_join(const char *group, pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	return group_put(group, "cgroup.procs", text);
}

/* A group is busy until its last member is reaped, a little longer even. */
void group_remove(const char *group)
{
	int patience = 1000;

	group_put(group, "cgroup.kill", "1");
	while (rmdir(group) && errno == EBUSY && --patience)
		pause_us(1000);
}

static pid_t member[MEMBERS];
static char group[128];

static int spin(void *arg)
{
	volatile unsigned long *count = arg;

	for (;;)
		if (++*count % 100000 == 0)
			sched_yield();
	return 0;
}

static int cgroup_setup(void)
{
	static unsigned long count;
	int i;

	if (group_controller("cpu") || group_controller("memory") ||
	    group_controller("pids"))
		return -1;
	for (i = 0; i < MEMBERS; i++) {
		member[i] = child_start(spin, &count);
		if (member[i] < 0)
			return -1;
	}
	return 0;
}

/* File and value for a group with members. */
static const char *const limits[][2] = {
	{ "cpu.weight", "10" }, { "cpu.weight", "10000" },
	{ "cpu.max", "5000 10000" }, { "cpu.max", "max 100000" },
	{ "cpu.idle", "1" }, { "cpu.idle", "0" },
	{ "memory.high", "64M" }, { "memory.high", "max" },
	{ "memory.low", "1M" }, { "pids.max", "100" },
	{ "cgroup.freeze", "1" }, { "cgroup.freeze", "0" },
};

static long cgroup_step(void)
{
	size_t i;

	if (!*group && group_make(group, sizeof(group), "group"))
		return -1;
	for (i = 0; i < MEMBERS; i++)
		if (group_join(group, member[i]))
			return fail("%s: process %d", group, member[i]);
	for (i = 0; i < ARRAY_SIZE(limits); i++)
		if (group_put(group, limits[i][0], limits[i][1]))
			return fail("%s/%s: %s", group, limits[i][0],
				    limits[i][1]);
	for (i = 0; i < MEMBERS; i++)
		if (group_join(CGROUP_ROOT, member[i]))
			return fail(CGROUP_ROOT ": process %d", member[i]);
	if (rmdir(group))
		return fail("%s", group);
	*group = '\0';
	return MEMBERS * 2 + ARRAY_SIZE(limits);
}

static void cgroup_undo(void)
{
	if (*group)
		group_remove(group);
}

static int cpuset_setup(void)
{
	errno = 0;
	if (storm_cpus() < 2)
		return skip("needs two CPUs");
	return group_controller("cpuset");
}

static int cpuset_put(const char *file, const char *text)
{
	char path[256], now[64] = "";

	if (group_put(group, file, text))
		return fail("%s/%s: %s", group, file, text);
	if (strcmp(file, "cpuset.cpus.partition") || !strcmp(text, "member"))
		return 0;
	snprintf(path, sizeof(path), "%s/%s", group, file);
	if (file_get(path, now, sizeof(now)) < 0)
		return fail("%s", path);
	errno = 0;
	return strstr(now, "invalid") ? fail("%s: %s", path, now) : 0;
}

static long cpuset_step(void)
{
	static pid_t sleeper;
	char cpu[16], cpus[32];

	snprintf(cpu, sizeof(cpu), "%u", storm_cpu(1));
	snprintf(cpus, sizeof(cpus), "%u,%u", storm_cpu(0), storm_cpu(1));
	if (!sleeper)
		sleeper = child_start(spin, &(unsigned long){ 0 });
	if (sleeper < 0 ||
	    (!*group && group_make(group, sizeof(group), "set")))
		return -1;
	if (group_join(group, sleeper))
		return fail("%s: process %d", group, sleeper);
	if (cpuset_put("cpuset.cpus", cpu) ||
	    cpuset_put("cpuset.cpus", cpus) ||
	    cpuset_put("cpuset.cpus", cpu) ||
	    cpuset_put("cpuset.mems", "0") ||
	    cpuset_put("cpuset.cpus.partition", "root") ||
	    cpuset_put("cpuset.cpus.partition", "isolated") ||
	    cpuset_put("cpuset.cpus.partition", "root") ||
	    cpuset_put("cpuset.cpus.partition", "member"))
		return -1;
	if (group_join(CGROUP_ROOT, sleeper))
		return fail(CGROUP_ROOT ": process %d", sleeper);
	if (rmdir(group))
		return fail("%s", group);
	*group = '\0';
	return 8;
}

const struct storm cgroup_storms[] = {
	{
		.name = "cgroup",
		.what = "groups made, filled, limited, frozen, removed",
		.setup = cgroup_setup,
		.step = cgroup_step,
		.undo = cgroup_undo,
	},
	{
		.name = "cpuset",
		.what = "partitions of the CPUs made and removed",
		.setup = cpuset_setup,
		.step = cpuset_step,
		.undo = cgroup_undo,
	},
	{ }
};
