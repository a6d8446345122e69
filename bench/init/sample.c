// SPDX-License-Identifier: GPL-2.0
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/perf_event.h>

#include "init.h"
#include "sample.h"

/* What a sample has found out, in memory that is shared with it. */
struct found {
	uint64_t insns;
	uint64_t faults;
};

static struct found *shared;

/*
 * Of this process and those that it forks, in user mode. What getrusage(2)
 * counts includes pages that a call has mapped in advance.
 */
static int count_faults(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_PAGE_FAULTS,
		.inherit = 1,
	};
	int fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1,
			 PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? fail("perf_event_open") : fd;
}

/* The counter costs instructions, so that faults have a sample of their own. */
static int take_faults(const struct sample *sample)
{
	uint64_t before, after;
	int fd = count_faults();

	if (fd < 0 || read(fd, &before, sizeof(before)) != sizeof(before) ||
	    sample->run(sample->arg) ||
	    read(fd, &after, sizeof(after)) != sizeof(after))
		return -1;
	shared->faults = after - before;
	return 0;
}

static int take(const struct sample *sample, bool faults)
{
	uint64_t start;

	/* Its page is here before it counts. */
	shared->insns = 0;
	if (sample->prepare(sample->arg))
		return -1;
	if (faults)
		return take_faults(sample);
	start = sample_now();
	if (sample->run(sample->arg))
		return -1;
	shared->insns = sample_now() - start;
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

uint64_t sample_median(uint64_t *values, size_t count)
{
	qsort(values, count, sizeof(values[0]), compare);
	return values[count / 2];
}

static int share(void)
{
	if (shared)
		return 0;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return shared == MAP_FAILED ? fail("mmap") : 0;
}

int sample_measure(const struct sample *sample, const char *prefix, int port)
{
	uint64_t insns[SAMPLES_MAX];
	int status;
	pid_t pid;

	if (share())
		return -1;
	for (int i = 0; i <= sample->count; i++) {
		usleep(sample->rest_us);
		pid = fork();
		if (pid < 0)
			return fail("fork");
		if (!pid)
			_exit(take(sample, i == sample->count) ? 1 : 0);
		if (waitpid(pid, &status, 0) != pid || status)
			return fail_with("sample", prefix, "failed");
		if (i < sample->count)
			insns[i] = shared->insns;
	}
	dprintf(port, "%s.insn %llu\n", prefix,
		(unsigned long long)sample_median(insns, sample->count));
	dprintf(port, "%s.faults %llu\n", prefix,
		(unsigned long long)shared->faults);
	return 0;
}
