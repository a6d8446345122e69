// SPDX-License-Identifier: GPL-2.0
/*
 * The boot parameter lwkcpus=[S.]L[:[S.]L...], in the syntax of mOS: groups
 * separated by colons, each with a list of LWK cores and, before a dot, the
 * syscall cores which serve them.
 *
 * Pure logic: no global is read or written.
 */
#include <linux/bitmap.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "internal.h"

#define why(layout, fmt, ...) \
	snprintf((layout)->why, LWK_WHY_MAX, fmt, ##__VA_ARGS__)

static int parse_list(const char *list, const struct cpumask *present,
		      struct cpumask *out, struct lwk_layout *layout)
{
	unsigned int cpu;
	int err;

	err = cpulist_parse(list, out);
	if (err == -ERANGE || err == -EOVERFLOW) {
		why(layout, "\"%.40s\" names a core beyond the last one", list);
		return -EINVAL;
	}
	if (err) {
		why(layout, "\"%.40s\" is not a list of cores", list);
		return -EINVAL;
	}
	for_each_cpu_andnot(cpu, out, present) {
		why(layout, "core %u does not exist", cpu);
		return -EINVAL;
	}
	return 0;
}

static int parse_group(char *group, const struct cpumask *present,
		       struct lwk_layout *layout)
{
	static struct cpumask syscall, cores;
	char *list = group;
	char *left = strsep(&list, ".");
	unsigned int cpu;
	int err;

	cpumask_clear(&syscall);
	if (list) {
		err = parse_list(left, present, &syscall, layout);
		if (err)
			return err;
	} else {
		list = left;
	}

	err = parse_list(list, present, &cores, layout);
	if (err)
		return err;
	if (cpumask_empty(&cores)) {
		why(layout, "a group names no LWK core");
		return -EINVAL;
	}

	cpu = cpumask_first_and(&cores, &layout->cores);
	if (cpu < nr_cpu_ids) {
		why(layout, "core %u is in two groups", cpu);
		return -EINVAL;
	}
	cpumask_or(&layout->cores, &layout->cores, &cores);
	cpumask_or(&layout->syscall_cores, &layout->syscall_cores, &syscall);
	return 0;
}

static int check(const struct cpumask *present, unsigned int boot_cpu,
		 struct lwk_layout *layout)
{
	unsigned int cpu;

	if (cpumask_subset(present, &layout->cores)) {
		why(layout, "no core would be left to Linux");
		return -EINVAL;
	}
	if (cpumask_test_cpu(boot_cpu, &layout->cores)) {
		why(layout, "core %u boots the machine and stays with Linux",
		    boot_cpu);
		return -EINVAL;
	}
	cpu = cpumask_first_and(&layout->cores, &layout->syscall_cores);
	if (cpu < nr_cpu_ids) {
		why(layout, "core %u is both an LWK core and a syscall core",
		    cpu);
		return -EINVAL;
	}
	return 0;
}

/**
 * lwk_layout_parse - read the value of lwkcpus=
 * @arg: the value.
 * @present: cores that the machine has.
 * @boot_cpu: the core that boots, which cannot be an LWK core.
 * @layout: out.
 *
 * Context: boot, or a KUnit test; not reentrant (masks are too large for the
 * stack).
 * Return: 0, or -EINVAL with the reason in @layout->why.
 */
int lwk_layout_parse(const char *arg, const struct cpumask *present,
		     unsigned int boot_cpu, struct lwk_layout *layout)
{
	static char buf[LWK_ARG_MAX];
	char *rest = buf, *group;
	int err;

	cpumask_clear(&layout->cores);
	cpumask_clear(&layout->syscall_cores);
	layout->why[0] = '\0';

	if (strscpy(buf, arg, sizeof(buf)) < 0) {
		why(layout, "longer than %d characters", LWK_ARG_MAX - 1);
		return -EINVAL;
	}
	while ((group = strsep(&rest, ":"))) {
		err = parse_group(group, present, layout);
		if (err)
			return err;
	}
	return check(present, boot_cpu, layout);
}

#if IS_ENABLED(CONFIG_LWK_KUNIT_TEST)
#include "tests/layout_test.c"
#endif
