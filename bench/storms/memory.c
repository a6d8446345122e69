// SPDX-License-Identifier: GPL-2.0
/*
 * Storms of mappings: small ones from several threads, huge ones split,
 * collapsed and reserved.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "storm.h"

#define MAPPERS		2
#define THREADS		3
#define AREA_BYTES	(64 * KIB)
#define HUGE_PAGES	"/proc/sys/vm/nr_hugepages"
#define HUGE_COUNT	4
#define KHUGEPAGED	THP "/khugepaged"

static char *map(size_t bytes, int flags)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (p == MAP_FAILED) {
		fail("mmap of %zu bytes", bytes);
		return NULL;
	}
	return p;
}

static void touch(char *p, size_t bytes)
{
	volatile char *byte = p;
	size_t i;

	for (i = 0; i < bytes; i += PAGE_BYTES)
		byte[i] = i / PAGE_BYTES;
}

static int map_once(void)
{
	char *p = map(AREA_BYTES, 0);

	if (!p)
		return -1;
	touch(p, AREA_BYTES);
	if (mprotect(p, AREA_BYTES / 2, PROT_READ) ||
	    mprotect(p, AREA_BYTES / 2, PROT_READ | PROT_WRITE) ||
	    madvise(p, AREA_BYTES / 4, MADV_DONTNEED))
		return fail("mprotect");
	touch(p, AREA_BYTES / 4);
	return munmap(p, AREA_BYTES) ? fail("munmap") : 4;
}

static void *map_thread(void *arg)
{
	int *sum = arg, n;

	for (int i = 0; i < 16; i++) {
		n = map_once();
		if (n < 0) {
			*sum = -1;
			break;
		}
		*sum += n;
	}
	return NULL;
}

/* The threads share an address space, so each unmapping visits the others. */
static int map_turn(unsigned int member)
{
	pthread_t thread[THREADS];
	int sum[THREADS] = { }, total = 0, i, error = 0;

	(void)member;
	for (i = 0; i < THREADS && !error; i++)
		error = pthread_create(&thread[i], NULL, map_thread, &sum[i]);
	if (error) {
		errno = error;
		return fail("pthread_create");
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		if (sum[i] < 0)
			return -1;
		total += sum[i];
	}
	return total;
}

static int mmap_setup(void)
{
	return crew_start(MAPPERS, map_turn);
}

static char *huge_region, *huge_start;

/* @bytes aligned for huge pages, whatever the system-wide policy says. */
static int huge_map(size_t bytes)
{
	huge_region = map(bytes + HUGE_BYTES, 0);
	if (!huge_region)
		return -1;
	huge_start = (char *)(((uintptr_t)huge_region + HUGE_BYTES - 1) &
			      ~(HUGE_BYTES - 1));
	return 0;
}

static void huge_unmap(size_t bytes)
{
	munmap(huge_region, bytes + HUGE_BYTES);
}

static int thp_allowed(void)
{
	if (access(THP "/enabled", F_OK))
		return skip(THP);
	if (setting_put(THP "/enabled", "always"))
		return fail(THP "/enabled");
	return 0;
}

/* A huge page for each way of splitting one. */
static long thp_step(void)
{
	size_t bytes = 4 * HUGE_BYTES;
	char *p, *moved;

	if (huge_map(bytes))
		return -1;
	p = huge_start;
	if (madvise(p, bytes, MADV_HUGEPAGE))
		return fail("MADV_HUGEPAGE");
	touch(p, bytes);
	if (mprotect(p + PAGE_BYTES, PAGE_BYTES, PROT_READ))
		return fail("mprotect");
	p += HUGE_BYTES;
	if (madvise(p + AREA_BYTES, AREA_BYTES, MADV_DONTNEED))
		return fail("MADV_DONTNEED");
	p += HUGE_BYTES;
	if (munmap(p + AREA_BYTES, HUGE_BYTES / 2))
		return fail("munmap");
	p += HUGE_BYTES;
	moved = mremap(p + AREA_BYTES, AREA_BYTES, AREA_BYTES, MREMAP_MAYMOVE |
		       MREMAP_DONTUNMAP, NULL);
	if (moved == MAP_FAILED)
		return fail("mremap");
	munmap(moved, AREA_BYTES);
	huge_unmap(bytes);
	return 4;
}

static long huge_kib(void)
{
	return file_number("/proc/self/smaps_rollup", "AnonHugePages");
}

/* One huge page more, then one less. */
static int thp_check(void)
{
	long before, whole;

	if (huge_map(HUGE_BYTES))
		return -1;
	madvise(huge_start, HUGE_BYTES, MADV_HUGEPAGE);
	before = huge_kib();
	touch(huge_start, HUGE_BYTES);
	whole = huge_kib();
	mprotect(huge_start, PAGE_BYTES, PROT_READ);
	errno = 0;
	if (before >= 0 && (whole <= before || huge_kib() >= whole))
		return fail("no huge page was made and split");
	huge_unmap(HUGE_BYTES);
	return 0;
}

static const size_t collapse_bytes = 4 * HUGE_BYTES;

static int khugepaged_setup(void)
{
	if (thp_allowed())
		return -1;
	if (setting_put(KHUGEPAGED "/scan_sleep_millisecs", "1") ||
	    setting_put(KHUGEPAGED "/alloc_sleep_millisecs", "1") ||
	    setting_put(KHUGEPAGED "/pages_to_scan", "65536") ||
	    setting_put(KHUGEPAGED "/defrag", "1") ||
	    setting_put(KHUGEPAGED "/max_ptes_none", "511"))
		return fail(KHUGEPAGED);
	return 0;
}

/* Small pages in a region that may be huge; the daemon shall see to it. */
static long khugepaged_step(void)
{
	long before = file_number(KHUGEPAGED "/pages_collapsed", NULL), now;
	int patience = 400;

	if (huge_map(collapse_bytes))
		return -1;
	madvise(huge_start, collapse_bytes, MADV_NOHUGEPAGE);
	touch(huge_start, collapse_bytes);
	if (madvise(huge_start, collapse_bytes, MADV_HUGEPAGE))
		return fail("MADV_HUGEPAGE");
	do {
		pause_us(5000);
		now = file_number(KHUGEPAGED "/pages_collapsed", NULL);
	} while (now < before + (long)(collapse_bytes / HUGE_BYTES) &&
		 --patience && !stopping());
	/* One by the caller's own hand, which drains batches everywhere. */
	madvise(huge_start, HUGE_BYTES, MADV_DONTNEED);
	touch(huge_start, AREA_BYTES);
	if (!madvise(huge_start, HUGE_BYTES, 25 /* MADV_COLLAPSE */))
		now++;
	huge_unmap(collapse_bytes);
	return now - before;
}

static bool reserved;

static int hugetlb_setup(void)
{
	char before[32];

	if (file_get(HUGE_PAGES, before, sizeof(before)) < 0)
		return skip(HUGE_PAGES);
	if (setting_undo(HUGE_PAGES, before))
		return fail(HUGE_PAGES);
	return 0;
}

static int hugetlb_use(void)
{
	char *p = mmap(NULL, HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		       MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		return 0;
	*p = 1;
	reserved = true;
	return munmap(p, HUGE_BYTES);
}

/*
 * Without vm.hugetlb_optimize_vmemmap: Linux 6.12.117 spoils the descriptors of
 * such pages when they go back ("Bad page state", without lwkcpus= as well).
 */
static long hugetlb_step(void)
{
	char count[16];

	snprintf(count, sizeof(count), "%d", HUGE_COUNT);
	if (file_put(HUGE_PAGES, count))
		return fail(HUGE_PAGES ": %s", count);
	if (hugetlb_use())
		return fail("a page of hugetlb");
	if (file_put(HUGE_PAGES, "0"))
		return fail(HUGE_PAGES ": 0");
	return 2;
}

static int hugetlb_check(void)
{
	return reserved ? 0 : fail("no huge page was ever to be had");
}

const struct storm memory_storms[] = {
	{
		.name = "mmap",
		.what = "mappings made, protected, removed by threads and processes",
		.setup = mmap_setup,
		.step = crew_step,
	},
	{
		.name = "thp-split",
		.what = "transparent huge pages split in four ways",
		.setup = thp_allowed,
		.step = thp_step,
		.check = thp_check,
	},
	{
		.name = "khugepaged",
		.what = "small pages collapsed into huge ones by the daemon",
		.setup = khugepaged_setup,
		.step = khugepaged_step,
	},
	{
		.name = "hugetlb",
		.what = "the pool of huge pages up and down",
		.setup = hugetlb_setup,
		.step = hugetlb_step,
		.check = hugetlb_check,
	},
	{ }
};
