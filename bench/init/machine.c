// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "init.h"

#define RESULT_PORT	"/dev/ttyS1"
#define SETTLE_SECONDS	4
#define ANY_EVENT	"/sys/kernel/tracing/events/sched/sched_switch/enable"

static const struct {
	const char *type, *dir, *data;
} mounts[] = {
	{ "devtmpfs", "/dev", NULL },
	{ "proc", "/proc", NULL },
	{ "sysfs", "/sys", NULL },
	{ "debugfs", "/sys/kernel/debug", NULL },
	{ "tracefs", "/sys/kernel/tracing", NULL },
	{ "configfs", "/sys/kernel/config", NULL },
	{ "cgroup2", "/sys/fs/cgroup", NULL },
	{ "tmpfs", "/tmp", "mode=1777" },
};

int machine_mount(void)
{
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		/* There already, as part of another file system. */
		if (mkdir(mounts[i].dir, 0755) && errno != EEXIST)
			return fail(mounts[i].dir);
		if (mount(mounts[i].type, mounts[i].dir, mounts[i].type, 0,
			  mounts[i].data))
			return fail(mounts[i].dir);
	}
	return 0;
}

int machine_open_port(void)
{
	struct termios termios;
	int port;

	port = open(RESULT_PORT, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (port < 0)
		return fail(RESULT_PORT);
	if (tcgetattr(port, &termios))
		return fail("tcgetattr");
	cfmakeraw(&termios);
	if (tcsetattr(port, TCSANOW, &termios))
		return fail("tcsetattr");
	return port;
}

int machine_pin(pid_t pid, int first, int last)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int cpu = first; cpu <= last; cpu++)
		CPU_SET(cpu, &set);
	return sched_setaffinity(pid, sizeof(set), &set);
}

/*
 * The clock source is chosen, RCU and late kernel threads come to rest, and
 * the ring buffers of tracing get their size at the first event.
 */
int machine_settle(void)
{
	struct timespec rest = { .tv_sec = SETTLE_SECONDS };

	if (write_text(ANY_EVENT, "1") || write_text(ANY_EVENT, "0"))
		return fail(ANY_EVENT);
	nanosleep(&rest, NULL);
	return 0;
}
