// SPDX-License-Identifier: GPL-2.0
/*
 * The boot parameter lwkfor=LIST[:LIST...]: for which machine the others are,
 * by the cores of each of its nodes. A disk that has come into another machine
 * brings a command line that may happen to fit.
 *
 * Pure logic: no global is read or written.
 */
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/nodemask.h>
#include <linux/string.h>

#include "internal.h"

#define because(fmt, ...) snprintf(why, LWK_WHY_MAX, fmt, ##__VA_ARGS__)

/* False: the node has none. */
static bool cores_of_node(int node, const struct cpumask *present,
			  int (*node_of)(int cpu), struct cpumask *cores)
{
	unsigned int cpu;

	cpumask_clear(cores);
	for_each_cpu(cpu, present)
		/* A core that no table puts anywhere is on the first node. */
		if (max(node_of(cpu), 0) == node)
			cpumask_set_cpu(cpu, cores);
	return !cpumask_empty(cores);
}

/* @list: NULL if there is none for the node. */
static int check_node(const char *list, int node, const struct cpumask *cores,
		      char *why)
{
	static struct cpumask named;
	int err;

	if (!list) {
		because("node %d has cores, too: %*pbl", node,
			cpumask_pr_args(cores));
		return -EINVAL;
	}
	err = cpulist_parse(list, &named);
	if (err == -ERANGE || err == -EOVERFLOW) {
		because("\"%.40s\" names a core beyond the last one", list);
		return -EINVAL;
	}
	if (err) {
		because("\"%.40s\" is not a list of cores", list);
		return -EINVAL;
	}
	if (!cpumask_equal(&named, cores)) {
		because("node %d has cores %*pbl, not %.30s", node,
			cpumask_pr_args(cores), list);
		return -EINVAL;
	}
	return 0;
}

/**
 * lwk_hardware_check - is this the machine that lwkfor= tells of?
 * @arg: the value: a list for each node that has cores, by rising number.
 * @present: cores that the machine has.
 * @node_of: the node of a core, negative if nobody knows.
 * @why: out: after an error, one clause in plain words, of LWK_WHY_MAX bytes.
 *
 * Context: boot, or a KUnit test; not reentrant (masks are too large for the
 * stack).
 * Return: 0, or -EINVAL.
 */
int lwk_hardware_check(const char *arg, const struct cpumask *present,
		       int (*node_of)(int cpu), char *why)
{
	static struct cpumask cores;
	static char buf[LWK_ARG_MAX];
	char *rest = buf;
	int node, err;

	if (strscpy(buf, arg, sizeof(buf)) < 0) {
		because("longer than %d characters", LWK_ARG_MAX - 1);
		return -EINVAL;
	}
	for (node = 0; node < MAX_NUMNODES; node++) {
		if (!cores_of_node(node, present, node_of, &cores))
			continue;
		err = check_node(strsep(&rest, ":"), node, &cores, why);
		if (err)
			return err;
	}
	if (rest) {
		because("there is no node with cores %.40s", rest);
		return -EINVAL;
	}
	return 0;
}

#if IS_ENABLED(CONFIG_LWK_KUNIT_TEST)
#include "tests/hardware_test.c"
#endif
