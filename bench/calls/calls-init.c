// SPDX-License-Identifier: GPL-2.0
/*
 * Instruction counts of system calls, by where they are made and served.
 *
 * Runs as init of the deterministic lab (bench/lab), where the TSC advances by
 * the instructions of all CPUs together: what a call costs here includes what
 * it costs elsewhere. Writes "name value" lines to the second serial port,
 * medians, and with ".p10", ".p90" and ".max" what those are; then
 * "end STATUS", and powers off. With --timed it is an ordinary program on a
 * machine whose TSC is a clock, and writes to its standard output.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "../programs/marker.h"
#include "calls.h"

static uint64_t samples[SAMPLES];

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int collect(const struct op *op, size_t count)
{
	uint64_t start;
	long ret;

	for (size_t i = 0; i < count; i++) {
		if (op->prepare)
			op->prepare();
		start = rdtsc();
		ret = op->run();
		samples[i] = rdtsc() - start;
		marker_step();
		if (ret < 0)
			return fail_with(op->name, "run", "failed");
	}
	return 0;
}

/* Sorted, without what it takes to read the clock. */
static uint64_t empty(void)
{
	uint64_t start, least = UINT64_MAX;

	for (int i = 0; i < 100; i++) {
		start = rdtsc();
		start = rdtsc() - start;
		if (start < least)
			least = start;
	}
	return least;
}

static void report(int port, const char *name, const char *what, uint64_t value)
{
	dprintf(port, "%s%s %llu\n", name, what,
		(unsigned long long)(value - empty()));
}

static int measure(const struct op *op, const char *name, int port)
{
	size_t n = op->samples;

	/* No page faults while it counts. */
	memset(samples, 0xff, sizeof(samples));
	if ((op->begin && op->begin()) || collect(op, n / 10))
		return -1;
	marker_begin();
	if (collect(op, n))
		return -1;
	marker_end();
	qsort(samples, n, sizeof(samples[0]), compare);
	report(port, name, "", samples[n / 2]);
	report(port, name, ".p10", samples[n / 10]);
	report(port, name, ".p90", samples[n - 1 - n / 10]);
	report(port, name, ".max", samples[n - 1]);
	return 0;
}

/* What Linux does later about the process before and its own start. */
static int rest(void)
{
	return usleep(100000) ? fail("usleep") : 0;
}

/* In a child: an ordinary process, and each starts afresh. */
static int measure_at(const struct op *op, enum place where, const char *name,
		      int port)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		return fail("fork");
	if (!child)
		_exit(place_enter(where) || rest() || measure(op, name, port) ? 1 : 0);
	if (waitpid(child, &status, 0) != child)
		return fail("waitpid");
	return status ? fail_with(name, "child", "failed") : 0;
}

static int measure_all(int port)
{
	char name[128];

	for (size_t i = 0; i < nr_ops; i++) {
		for (enum place place = 0; place < PLACES; place++) {
			if (!(ops[i].places & 1 << place))
				continue;
			snprintf(name, sizeof(name), "%s.%s", ops[i].name,
				 place_names[place]);
			if (measure_at(&ops[i], place, name, port))
				return -1;
		}
	}
	for (size_t i = 0; i < nr_peers; i++)
		if (measure_at(&peers[i], ISOLATED, peers[i].name, port))
			return -1;
	return 0;
}

/*
 * What core 0 does now and then for itself delays no call, but the TSC counts
 * it in the call that it happens to meet.
 */
static int still_housekeeping(void)
{
	return write_text("/proc/sys/vm/compaction_proactiveness", "0") ||
	       write_text("/proc/sys/vm/stat_interval", "3600");
}

/* As init: the machine is the lab's, and ends with us. */
static int run_lab(void)
{
	int port = machine_mount() ? -1 : machine_open_port();
	int status;

	if (port >= 0) {
		status = machine_pin(0, CORE_PLAIN, CORE_PLAIN) ||
			 still_housekeeping() || machine_settle() ||
			 measure_all(port) ? 1 : 0;
		dprintf(port, "end %d\n", status);
		tcdrain(port);
	}
	sync();
	reboot(RB_POWER_OFF);
	return 1;
}

int main(int argc, char **argv)
{
	if (getpid() == 1)
		return run_lab();
	if (argc == 2 && !strcmp(argv[1], "--timed"))
		return machine_pin(0, CORE_PLAIN, CORE_PLAIN) ||
		       measure_all(STDOUT_FILENO) ? 1 : 0;
	fprintf(stderr, "usage: calls-init [--timed]\n"
		"Without --timed, it runs as init of bench/lab only.\n");
	return 2;
}
