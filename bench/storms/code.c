// SPDX-License-Identifier: GPL-2.0
/*
 * Storms that patch the kernel's code: static keys, tracepoints, probes, the
 * function tracer, modules. The trace's buffers belong here too.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "storm.h"

#define SCHEDSTATS	"/proc/sys/kernel/sched_schedstats"
#define SWITCH_EVENT	TRACING "/events/sched/sched_switch/enable"
#define TRACER		TRACING "/current_tracer"
#define TRACER_FILTER	TRACING "/set_ftrace_filter"
#define KPROBES		TRACING "/kprobe_events"
#define PROBE		TRACING "/events/storm/probe/enable"
#define INSTANCE	TRACING "/instances/storm"
#define MODULE		"test_module"
#define TRACE_PAUSE_US	10000
#define TRACE_TRIES	50

static int writable(const char *path, const char *value)
{
	if (!setting_put(path, value))
		return 0;
	return errno == ENOENT ? skip("%s", path) : fail("%s", path);
}

/* On and off again is one operation. */
static long toggle(const char *path, const char *on, const char *off)
{
	if (file_put(path, on) || file_put(path, off))
		return fail("%s", path);
	return 1;
}

static int static_key_setup(void)
{
	return writable(SCHEDSTATS, "0");
}

static long static_key_step(void)
{
	return toggle(SCHEDSTATS, "1", "0");
}

static void trace_clear(void)
{
	int fd = open(TRACING "/trace", O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
}

/* Events in the buffers of the storm's CPUs, lost ones included. */
static long trace_entries(void)
{
	long sum = 0, n;
	char path[80];
	unsigned int i;

	for (i = 0; i < storm_cpus(); i++) {
		snprintf(path, sizeof(path), TRACING "/per_cpu/cpu%u/stats",
			 storm_cpu(i));
		n = file_number(path, "entries");
		sum += n > 0 ? n : 0;
	}
	return sum;
}

/* On for a moment: does the trace grow? -1 after fail(). */
static int trace_grows(const char *path, const char *on, const char *off)
{
	long before = trace_entries(), after;

	if (file_put(path, on))
		return fail("%s", path);
	pause_us(TRACE_PAUSE_US);
	after = trace_entries();
	if (file_put(path, off))
		return fail("%s", path);
	return after > before;
}

/* Another storm may empty the trace at this moment, hence several times. */
static int trace_check(const char *path, const char *on, const char *off)
{
	int grows = 0, tries;

	for (tries = 0; !grows && tries < TRACE_TRIES; tries++)
		grows = trace_grows(path, on, off);
	errno = 0;
	if (!grows)
		return fail("%s: %s leaves no trace", path, on);
	return grows < 0 ? -1 : 0;
}

static int tracepoint_setup(void)
{
	return writable(SWITCH_EVENT, "0");
}

static long tracepoint_step(void)
{
	return toggle(SWITCH_EVENT, "1", "0");
}

static int tracepoint_check(void)
{
	return trace_check(SWITCH_EVENT, "1", "0");
}

/*
 * To patch and to trace every function, beside all other storms, takes minutes
 * on a slow machine and holds the lock that all who patch need.
 */
static int tracer_setup(void)
{
	if (writable(TRACER, "nop"))
		return -1;
	if (!crowded() || (!setting_undo(TRACER_FILTER, "") &&
			   !file_put(TRACER_FILTER, "__x64_sys_*")))
		return 0;
	return fail(TRACER_FILTER);
}

static long tracer_step(void)
{
	return toggle(TRACER, "function", "nop");
}

static int tracer_check(void)
{
	return trace_check(TRACER, "function", "nop");
}

static int kprobes_append(const char *line)
{
	int fd = open(KPROBES, O_WRONLY | O_APPEND | O_CLOEXEC), error;
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, line, strlen(line));
	error = errno;
	close(fd);
	errno = error;
	return n < 0 ? -1 : 0;
}

static int kprobe_setup(void)
{
	if (access(KPROBES, W_OK))
		return skip(KPROBES);
	return 0;
}

/* Runs on behalf of whoever reads /proc/uptime: nobody who computes. */
static int kprobe_add(void)
{
	if (kprobes_append("p:storm/probe uptime_proc_show\n"))
		return fail(KPROBES ": a probe of uptime_proc_show");
	if (file_put(PROBE, "1"))
		return fail(PROBE);
	return 0;
}

static int kprobe_remove(void)
{
	if (file_put(PROBE, "0"))
		return fail(PROBE);
	if (kprobes_append("-:storm/probe\n"))
		return fail(KPROBES ": removal of the probe");
	return 0;
}

static long kprobe_step(void)
{
	return kprobe_add() || kprobe_remove() ? -1 : 1;
}

static int kprobe_check(void)
{
	char text[4096], *line;
	long hits = 0;

	if (kprobe_add() || file_get("/proc/uptime", text, sizeof(text)) < 0)
		return -1;
	if (file_get(TRACING "/kprobe_profile", text, sizeof(text)) < 0)
		return fail(TRACING "/kprobe_profile");
	line = strstr(text, "probe");
	if (line)
		sscanf(line, "%*s %ld", &hits);
	if (kprobe_remove())
		return -1;
	errno = 0;
	return hits > 0 ? 0 : fail("the probe was not hit");
}

static void kprobe_undo(void)
{
	file_put(PROBE, "0");
	kprobes_append("-:storm/probe\n");
	trace_clear();
}

static int ring_buffer_setup(void)
{
	if (access(TRACING "/instances", F_OK))
		return skip(TRACING "/instances");
	return 0;
}

/* A trace instance is made, its buffers grow and shrink, it goes away. */
static long ring_buffer_step(void)
{
	static const char *const kib[] = { "64", "512", "64", "1024", "8" };
	size_t i;

	if (mkdir(INSTANCE, 0700) && errno != EEXIST)
		return fail(INSTANCE);
	if (file_put(INSTANCE "/events/sched/sched_switch/enable", "1"))
		return fail(INSTANCE ": sched_switch");
	for (i = 0; i < ARRAY_SIZE(kib); i++)
		if (file_put(INSTANCE "/buffer_size_kb", kib[i]))
			return fail(INSTANCE "/buffer_size_kb: %s", kib[i]);
	if (rmdir(INSTANCE))
		return fail(INSTANCE);
	return ARRAY_SIZE(kib);
}

static void ring_buffer_undo(void)
{
	rmdir(INSTANCE);
}

static int module_fd = -1;

static int module_setup(void)
{
	char path[512];

	if (access("/proc/modules", F_OK))
		return skip("/proc/modules");
	snprintf(path, sizeof(path), "%s/" MODULE ".ko", storm_dir);
	module_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (module_fd < 0)
		return skip("%s", path);
	if (!access("/sys/module/" MODULE, F_OK))
		return skip(MODULE " is loaded already");
	return 0;
}

static long module_step(void)
{
	if (syscall(SYS_finit_module, module_fd, "", 0)) {
		if (errno == EPERM || errno == ENOEXEC)
			return skip("finit_module");
		return fail("finit_module");
	}
	if (access("/sys/module/" MODULE, F_OK))
		return fail("/sys/module/" MODULE);
	if (syscall(SYS_delete_module, MODULE, O_NONBLOCK))
		return fail("delete_module");
	return 1;
}

static void module_undo(void)
{
	if (module_fd < 0)
		return;
	close(module_fd);
	syscall(SYS_delete_module, MODULE, O_NONBLOCK);
}

const struct storm code_storms[] = {
	{
		.name = "static-key",
		.what = "kernel.sched_schedstats on and off",
		.setup = static_key_setup,
		.step = static_key_step,
	},
	{
		.name = "tracepoint",
		.what = "the event sched_switch on and off",
		.setup = tracepoint_setup,
		.step = tracepoint_step,
		.check = tracepoint_check,
		.undo = trace_clear,
	},
	{
		.name = "kprobe",
		.what = "a kprobe added, enabled, disabled, deleted",
		.setup = kprobe_setup,
		.step = kprobe_step,
		.check = kprobe_check,
		.undo = kprobe_undo,
	},
	{
		.name = "function-tracer",
		.what = "the function tracer on and off",
		.setup = tracer_setup,
		.step = tracer_step,
		.check = tracer_check,
		.undo = trace_clear,
	},
	{
		.name = "ring-buffer",
		.what = "trace buffers made, resized, removed",
		.setup = ring_buffer_setup,
		.step = ring_buffer_step,
		.undo = ring_buffer_undo,
		.visits = true,
	},
	{
		.name = "module",
		.what = "a module loaded and removed",
		.setup = module_setup,
		.step = module_step,
		.undo = module_undo,
	},
	{ }
};
