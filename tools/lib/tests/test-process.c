// SPDX-License-Identifier: GPL-2.0
/* What is said about a process is what that process says about itself. */
#include <sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cpulist.h"
#include "process.h"
#include "tap.h"

/* Compare with sched_getaffinity(2). */
static bool cores_are_true(const char *cores)
{
	hwloc_bitmap_t set = hwloc_bitmap_alloc();
	struct cpulist_error error;
	bool same = true;
	cpu_set_t mask;
	int cpu;

	same &= cores && !cpulist_parse(cores, set, &error);
	same &= !sched_getaffinity(0, sizeof(mask), &mask);
	for (cpu = 0; same && cpu < CPU_SETSIZE; cpu++)
		same = !!CPU_ISSET(cpu, &mask) ==
		       !!hwloc_bitmap_isset(set, (unsigned int)cpu);
	hwloc_bitmap_free(set);
	return same;
}

int main(void)
{
	char *text;

	tap_plan(5);
	prctl(PR_SET_NAME, "it (is) me");
	text = process_name(getpid());
	is_str(text, "it (is) me", "own name");
	free(text);
	prctl(PR_SET_NAME, "a\033[2Jb\nc");
	text = process_name(getpid());
	is_str(text, "a?[2Jb?c", "no control character comes through");
	free(text);
	text = process_cores(getpid());
	ok(cores_are_true(text), "own cores: %s", text ? text : "(null)");
	free(text);
	/* Above the largest pid_max of Linux. */
	is_str(process_name(1 << 23), NULL, "name of no process");
	is_str(process_cores(1 << 23), NULL, "cores of no process");
	return tap_status();
}
