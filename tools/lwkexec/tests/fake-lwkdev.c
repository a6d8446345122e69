// SPDX-License-Identifier: GPL-2.0
/*
 * A kernel for lwkexec's tests, told by the environment what to answer:
 *
 *   FAKE_ROOT     directory to read in place of configfs
 *   FAKE_LOG      file to append each request to, one line
 *   FAKE_OPEN     errno value of lwkdev_open()
 *   FAKE_JOIN     errno value of lwkdev_join()
 *   FAKE_EINTR    so many requests are interrupted first, 10 ms each
 *   FAKE_HOLDER   process that holds the cores
 *   FAKE_STATS    errno value of lwkdev_stats()
 *   FAKE_KINDS    number of kinds that this kernel knows
 *   FAKE_POLICY   errno value of lwkdev_policy()
 *   FAKE_OF_LINUX so many MiB came from Linux; 5 MiB from the LWK
 *
 * A policy is logged as the words of the 64-bit ABI that say something.
 * A request by number gets the cores from 2 on. An interruption of kind N has
 * come 10 * N times from others, and 1000 * N times from the command. It has
 * called read() three times here and two times away, and getpid() of 32 bits.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lwkdev.h"

static int env_number(const char *name)
{
	const char *text = getenv(name);

	return text ? atoi(text) : 0;
}

const char *lwkdev_enclaves(void)
{
	const char *root = getenv("FAKE_ROOT");

	return root ? root : "/nonexistent";
}

int lwkdev_open(void)
{
	errno = env_number("FAKE_OPEN");
	return errno ? -1 : memfd_create("lwk", MFD_CLOEXEC);
}

static void log_request(const struct lwk_join *join, unsigned long mask)
{
	const char *path = getenv("FAKE_LOG");
	FILE *file = path ? fopen(path, "ae") : NULL;

	if (!file)
		return;
	fprintf(file, "%u %#x %s %u %u %u %u %#lx\n", join->size, join->flags,
		join->enclave, join->nr_cores, join->quantum_us,
		join->timeout_ms, join->cpumask_len, mask);
	if (join->memory)
		fprintf(file, "memory %llu\n", (unsigned long long)join->memory);
	for (unsigned int i = 0; i < LWK_NR_REGIONS; i++) {
		const struct lwk_region_policy *r = &join->regions[i];

		if (r->pages || r->fault || r->numa)
			fprintf(file, "region %u %u %u %u %#llx\n", i, r->pages,
				r->fault, r->numa, (unsigned long long)r->nodes);
	}
	fclose(file);
}

int lwkdev_join(int fd, struct lwk_join *join)
{
	unsigned long *mask = (unsigned long *)(uintptr_t)join->cpumask;
	static int interrupts;

	log_request(join, *mask);
	if (interrupts++ < env_number("FAKE_EINTR")) {
		usleep(10000);
		errno = EINTR;
		return -1;
	}
	join->holder = env_number("FAKE_HOLDER");
	errno = env_number("FAKE_JOIN");
	if (errno)
		return -1;
	if (join->nr_cores)
		*mask = ((1UL << join->nr_cores) - 1) << 2;
	/* Whoever has this open file knows that it has joined. */
	return ftruncate(fd, 1);
}

int lwkdev_stats(int fd, struct lwk_stats *stats)
{
	unsigned int kind;
	struct stat st;

	errno = env_number("FAKE_STATS");
	if (errno)
		return -1;
	if (fstat(fd, &st) < 0 || !st.st_size) {
		errno = ENODATA;
		return -1;
	}
	memset(stats, 0, sizeof(*stats));
	stats->nr_kinds = getenv("FAKE_KINDS") ?
		(unsigned int)env_number("FAKE_KINDS") : LWK_NR_KINDS;
	for (kind = 0; kind < LWK_KINDS_MAX; kind++) {
		stats->foreign[kind] = 10ULL * kind;
		stats->own[kind] = 1000ULL * kind;
	}
	return 0;
}

int lwkdev_policy(int fd, struct lwk_policy *policy)
{
	const char *path = getenv("FAKE_LOG");
	FILE *file = path ? fopen(path, "ae") : NULL;

	(void)fd;
	for (unsigned int i = 0; file && i < LWK_CALLS_64 / 64; i++)
		if (policy->local[i] | policy->hop[i])
			fprintf(file, "policy %u local %#llx hop %#llx\n", i,
				(unsigned long long)policy->local[i],
				(unsigned long long)policy->hop[i]);
	if (file)
		fclose(file);
	errno = env_number("FAKE_POLICY");
	return errno ? -1 : 0;
}

int lwkdev_counts(int fd, struct lwk_call_count *counts)
{
	(void)fd;
	memset(counts, 0, LWK_CALLS * sizeof(*counts));
	counts[0] = (struct lwk_call_count){
		.local = 3, .hops = 2, .ns = 5000, .worst = 4000
	};
	counts[LWK_CALLS_64 + 20].local = 1;
	return 0;
}

int lwkdev_memory(int fd, struct lwk_memory *memory)
{
	(void)fd;
	*memory = (struct lwk_memory){
		.peak = 5 << 20, .of_linux = (__u64)env_number("FAKE_OF_LINUX") << 20
	};
	return 0;
}
