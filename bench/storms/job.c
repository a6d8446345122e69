// SPDX-License-Identifier: GPL-2.0
/*
 * A storm of jobs on the core beside the subject's: each joins it, forks,
 * makes threads, computes, and dies by its own hand or is killed.
 *
 * Without an LWK, or where the core is not the LWK's, a job goes there by
 * sched_setaffinity(2): what a tuned Linux is compared with.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/lwk.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storm.h"

#define LWK_CORES	"/sys/kernel/config/lwk/" LWK_ENCLAVE_BOOT "/cores"
#define THREADS		2
#define JOB_BYTES	(256 * KIB)
#define JOIN_PATIENCE_MS 10000

static bool by_lwk;
static atomic_int *arrived;

/* Whether a list such as 2-3,5 names the neighbour. */
static bool listed(const char *list)
{
	unsigned long from, to;
	char *end;

	while (*list >= '0' && *list <= '9') {
		from = strtoul(list, &end, 10);
		to = *end == '-' ? strtoul(end + 1, &end, 10) : from;
		if (storm_neighbour >= from && storm_neighbour <= to)
			return true;
		list = end + (*end == ',');
	}
	return false;
}

static int job_setup(void)
{
	char list[512], path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u",
		 storm_neighbour);
	if (access(path, F_OK))
		return skip("%s", path);
	arrived = shared_memory(sizeof(*arrived));
	if (!arrived)
		return -1;
	by_lwk = !access("/dev/lwk", F_OK) &&
		 file_get(LWK_CORES, list, sizeof(list)) > 0 && listed(list);
	return 0;
}

static int job_join(void)
{
	__u64 mask[CPU_SETSIZE / 64] = { };
	struct lwk_join request = {
		.size = sizeof(request),
		.flags = LWK_JOIN_WAIT,
		.enclave = LWK_ENCLAVE_BOOT,
		.quantum_us = LWK_QUANTUM_DEFAULT,
		.timeout_ms = JOIN_PATIENCE_MS,
		.cpumask = (uintptr_t)mask,
		.cpumask_len = sizeof(mask),
	};
	int fd;

	if (!by_lwk)
		return pin_to(storm_neighbour) ?
			fail("core %u: sched_setaffinity", storm_neighbour) : 0;
	mask[storm_neighbour / 64] = 1ULL << storm_neighbour % 64;
	fd = open("/dev/lwk", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return fail("/dev/lwk");
	if (ioctl(fd, LWK_IOC_JOIN, &request))
		return fail("core %u: join, held by process %d",
			    storm_neighbour, request.holder);
	close(fd);
	return 0;
}

static void compute(unsigned long turns)
{
	for (volatile unsigned long i = 0; i < turns; i++)
		;
}

static void *job_thread(void *arg)
{
	compute(2000);
	return arg;
}

static int job_forks(void)
{
	pid_t pid = fork();

	if (pid < 0)
		return fail("fork");
	if (!pid) {
		compute(1000);
		_exit(0);
	}
	return waitpid(pid, NULL, 0) == pid ? 0 : fail("waitpid");
}

/* Memory is mapped, touched, unmapped: the job's own flushes. */
static int job_maps(void)
{
	char *p = mmap(NULL, JOB_BYTES, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return fail("mmap");
	memset(p, 1, JOB_BYTES);
	return munmap(p, JOB_BYTES);
}

static int job_works(void)
{
	pthread_t thread[THREADS];
	int i;

	for (i = 0; i < THREADS; i++) {
		errno = pthread_create(&thread[i], NULL, job_thread, NULL);
		if (errno)
			return fail("pthread_create");
	}
	if (job_maps() || job_forks())
		return -1;
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	return 0;
}

/* @arg: whether to wait for death, with a child and a thread that compute */
static int job(void *arg)
{
	bool *until_killed = arg;
	pthread_t thread;

	if (job_join())
		return -1;
	errno = 0;
	if (sched_getcpu() != (int)storm_neighbour)
		return fail("runs on core %d, not %u", sched_getcpu(),
			    storm_neighbour);
	if (job_works())
		return -1;
	if (!*until_killed)
		return 0;
	errno = pthread_create(&thread, NULL, job_thread, NULL);
	if (errno)
		return fail("pthread_create");
	*arrived = 1;
	for (;;)
		compute(1000);
}

static int job_killed(void)
{
	bool until_killed = true;
	pid_t pid;
	int status;

	*arrived = 0;
	pid = child_start(job, &until_killed);
	if (pid < 0)
		return -1;
	while (!*arrived && waitpid(pid, &status, WNOHANG) != pid)
		pause_us(200);
	errno = 0;
	if (!*arrived)
		return fail("a job ended with %#x", status);
	kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid || WTERMSIG(status) != SIGKILL)
		return fail("a job did not die of SIGKILL: %#x", status);
	return 0;
}

static long job_step(void)
{
	bool until_killed = false;

	if (child_run(job, &until_killed)) {
		errno = 0;
		return fail("a job failed on core %u", storm_neighbour);
	}
	return job_killed() ? -1 : 2;
}

/* The core is free again: the proof is one more who gets it. */
static int job_check(void)
{
	bool until_killed = false;

	errno = 0;
	return child_run(job, &until_killed) ?
		fail("core %u is not free again", storm_neighbour) : 0;
}

const struct storm job_storms[] = {
	{
		.name = "lwk-job",
		.what = "jobs on the neighbour core start, fork, die",
		.setup = job_setup,
		.step = job_step,
		.check = job_check,
	},
	{ }
};
