/* SPDX-License-Identifier: GPL-2.0 */
/*
 * LWK memory, as tests of it see it. Included after kselftest_harness.h, for
 * FIXTURE(memory): the pool is there, and whole again when the test ends.
 */
#ifndef _SELFTESTS_LWK_MEMINFO_H
#define _SELFTESTS_LWK_MEMINFO_H

#include "lwk_member.h"

#include <sys/resource.h>

#define MIB		(1024UL * 1024)
#define LARGE		(2 * MIB)
#define BIG		(64 * MIB)
#define POOL_LEAST_KB	(256UL << 10)
/* What a process that has ended may leave behind for a while. */
#define RETURN_MS	20000

/* A value of a file like /proc/meminfo, in kB; 0 if it is not there. */
static inline unsigned long value_of(const char *path, const char *key)
{
	FILE *f = fopen(path, "re");
	unsigned long value = 0;
	char line[256];
	size_t len = strlen(key);

	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, key, len) && strchr(": ", line[len])) {
			value = strtoul(line + len + 1, NULL, 10);
			break;
		}
	}
	if (f)
		fclose(f);
	return value;
}

static inline unsigned long lwk_free_kb(void)
{
	return value_of("/proc/meminfo", "LwkFree");
}

/* Of the mapping that holds @address: a value of smaps in kB. */
static inline unsigned long of_mapping(const void *address, const char *key)
{
	unsigned long start, end, value = 0;
	FILE *f = fopen("/proc/self/smaps", "re");
	size_t len = strlen(key);
	bool here = false;
	char line[512];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			here = start <= (unsigned long)address &&
			       end > (unsigned long)address;
		else if (here && !strncmp(line, key, len) && line[len] == ':')
			value = strtoul(line + len + 1, NULL, 10);
	}
	if (f)
		fclose(f);
	return value;
}

static inline void *map(size_t len, int prot)
{
	return mmap(NULL, len, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/*
 * A page of the stack that is shared since a fork is copied before, not by what
 * getrusage() writes there: that is the first fault after those it has counted.
 */
static inline long faults(void)
{
	struct rusage usage = {};

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

/* One byte of each page; their faults. */
static inline long touch(volatile char *p, size_t len)
{
	long before = faults();

	for (size_t i = 0; i < len; i += 4096)
		p[i] = 1;
	return faults() - before;
}

static inline bool all_zero(const char *p, size_t len)
{
	return !*p && !memcmp(p, p + 1, len - 1);
}

FIXTURE(memory)
{
	int core[2];
	unsigned long free_kb;
};

FIXTURE_SETUP(memory)
{
	if (value_of("/proc/meminfo", "LwkTotal") < POOL_LEAST_KB)
		SKIP(return, "no LWK memory: boot with lwkmem=256M or more");
	ASSERT_TRUE(lwk_all_free());
	ASSERT_TRUE(lwk_two_cores(self->core));
	self->free_kb = lwk_free_kb();
}

FIXTURE_TEARDOWN(memory)
{
	long end = now_ms() + RETURN_MS;

	while (now_ms() < end &&
	       (!lwk_all_free() || lwk_free_kb() != self->free_kb))
		sleep_ms(50);
	EXPECT_TRUE(lwk_all_free());
	EXPECT_EQ(self->free_kb, lwk_free_kb());
}

/* Runs @work in a process that has joined. */
static inline int in_member(int (*work)(void *arg), void *arg)
{
	struct member m;

	if (!member_start(&m, 2, 0, work, arg))
		return -1;
	return member_end(&m);
}

#endif /* _SELFTESTS_LWK_MEMINFO_H */
