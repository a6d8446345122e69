// SPDX-License-Identifier: GPL-2.0
/*
 * A storm of perf events, of the storm's own tasks and CPUs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "storm.h"

#define RING_BYTES	(PAGE_BYTES * (1 + 8))
#define SWITCH_ID	TRACING "/events/sched/sched_switch/id"

static long switch_id;
static bool counted;

/*
 * Every event is sampled, but of the clocks every millisecond: a sample must
 * be far shorter than that, even where everything else is traced.
 */
static int event_open(uint32_t type, uint64_t config, pid_t pid, int cpu)
{
	bool clock = type == PERF_TYPE_SOFTWARE &&
		     config <= PERF_COUNT_SW_TASK_CLOCK;
	struct perf_event_attr attr = {
		.type = type,
		.size = sizeof(attr),
		.config = config,
		.sample_period = clock ? 1000000 : 1,
		.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID |
			       PERF_SAMPLE_TIME | PERF_SAMPLE_CALLCHAIN,
		.disabled = 1,
	};

	return syscall(SYS_perf_event_open, &attr, pid, cpu, -1,
		       PERF_FLAG_FD_CLOEXEC);
}

static void something_to_count(void)
{
	for (volatile int i = 0; i < 20000; i++)
		;
	pause_us(50);
}

/* Enabled, sampled into a ring, disabled, closed. */
static int event_use(int fd)
{
	uint64_t count = 0;
	void *ring;
	int ret;

	if (fd < 0)
		return fail("perf_event_open");
	ring = mmap(NULL, RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    0);
	if (ring == MAP_FAILED) {
		close(fd);
		return fail("the ring of an event");
	}
	ret = ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
	something_to_count();
	ret |= ioctl(fd, PERF_EVENT_IOC_DISABLE, 0);
	if (ret || read(fd, &count, sizeof(count)) != sizeof(count))
		ret = fail("control of an event");
	counted |= count && ((struct perf_event_mmap_page *)ring)->data_head;
	munmap(ring, RING_BYTES);
	close(fd);
	return ret;
}

static const uint64_t software[] = {
	PERF_COUNT_SW_CPU_CLOCK, PERF_COUNT_SW_TASK_CLOCK,
	PERF_COUNT_SW_CONTEXT_SWITCHES, PERF_COUNT_SW_PAGE_FAULTS,
};

static int perf_setup(void)
{
	int fd = event_open(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, 0, -1);

	if (fd < 0)
		return skip("perf_event_open");
	close(fd);
	switch_id = file_number(SWITCH_ID, NULL);
	return 0;
}

/* Of this task, and of each CPU of the storm. */
static int event_kind(uint32_t type, uint64_t config)
{
	unsigned int i;

	if (event_use(event_open(type, config, 0, -1)))
		return -1;
	for (i = 0; i < storm_cpus(); i++)
		if (event_use(event_open(type, config, -1, storm_cpu(i))))
			return -1;
	return i + 1;
}

static long perf_step(void)
{
	long sum = 0;
	size_t i;
	int n;

	for (i = 0; i < ARRAY_SIZE(software); i++) {
		n = event_kind(PERF_TYPE_SOFTWARE, software[i]);
		if (n < 0)
			return -1;
		sum += n;
	}
	if (switch_id <= 0)
		return sum;
	n = event_kind(PERF_TYPE_TRACEPOINT, switch_id);
	return n < 0 ? -1 : sum + n;
}

static int perf_check(void)
{
	return counted ? 0 : fail("no event was counted and sampled");
}

const struct storm perf_storms[] = {
	{
		.name = "perf",
		.what = "software and tracepoint events of tasks and CPUs",
		.setup = perf_setup,
		.step = perf_step,
		.check = perf_check,
	},
	{ }
};
