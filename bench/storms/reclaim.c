// SPDX-License-Identifier: GPL-2.0
/*
 * Storms of memory taken back: a group at its limit, swap, caches dropped,
 * compaction.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <unistd.h>

#include "storm.h"

#define SWAP_DISK	"/dev/ram1"
#define SWAP_BYTES	(32 * MIB)
#define LIMIT		"12M"
#define NEED_BYTES	(20 * MIB)
#define TURN_BYTES	(256 * KIB)
#define DROP_CACHES	"/proc/sys/vm/drop_caches"
#define COMPACT		"/proc/sys/vm/compact_memory"
#define FRAGMENTS	2048

/* What the kernel reads of a swap disk's first page, after the boot block. */
struct swap_header {
	char boot[1024];
	uint32_t version;
	uint32_t last_page;
	uint32_t bad_pages;
	unsigned char uuid[16];
	char label[16];
	uint32_t padding[117];
	uint32_t bad[1];
	char rest[PAGE_BYTES - 1536 - 4 - 10];
	char magic[10];
};

_Static_assert(sizeof(struct swap_header) == PAGE_BYTES, "one page");

static bool swapping;
static char group[128];

static int swap_on(void)
{
	static struct swap_header header = { .version = 1 };
	uint64_t bytes = 0;
	int fd;

	fd = open(SWAP_DISK, O_RDWR | O_EXCL | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, BLKGETSIZE64, &bytes))
		return skip(SWAP_DISK);
	if (bytes > SWAP_BYTES)
		bytes = SWAP_BYTES;
	header.last_page = bytes / PAGE_BYTES - 1;
	memcpy(header.magic, "SWAPSPACE2", sizeof(header.magic));
	if (pwrite(fd, &header, sizeof(header), 0) != sizeof(header) ||
	    fsync(fd)) {
		close(fd);
		return fail(SWAP_DISK);
	}
	close(fd);
	if (swapon(SWAP_DISK, 0))
		return fail("swapon " SWAP_DISK);
	swapping = true;
	return 0;
}

static int hog(unsigned int member)
{
	static size_t next;
	static char *p;
	size_t i;

	(void)member;
	if (!p) {
		p = mmap(NULL, NEED_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED)
			return fail("mmap of %lu bytes", NEED_BYTES);
	}
	for (i = 0; i < TURN_BYTES; i += PAGE_BYTES) {
		p[next]++;
		next = (next + PAGE_BYTES) % NEED_BYTES;
	}
	return TURN_BYTES / PAGE_BYTES;
}

static int reclaim_setup(void)
{
	int ret;

	if (group_controller("memory") || swap_on() ||
	    group_make(group, sizeof(group), "reclaim"))
		return -1;
	if (group_put(group, "memory.max", LIMIT))
		return fail("%s/memory.max", group);
	/* Memory is charged to the group in which it is touched first. */
	if (group_join(group, getpid()))
		return fail("%s: this process", group);
	ret = crew_start(1, hog);
	if (group_join(CGROUP_ROOT, getpid()))
		return fail(CGROUP_ROOT ": this process");
	return ret;
}

static long reclaim_step(void)
{
	/* EAGAIN: less than that could be had */
	if (group_put(group, "memory.reclaim", "1M") && errno != EAGAIN &&
	    errno != EINTR)
		return fail("%s/memory.reclaim", group);
	return crew_step();
}

static int reclaim_check(void)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/memory.swap.current", group);
	errno = 0;
	if (file_number(path, NULL) <= 0)
		return fail("%s: nothing was swapped out", path);
	return 0;
}

static void reclaim_undo(void)
{
	if (*group)
		group_remove(group);
	if (swapping && swapoff(SWAP_DISK))
		fail("swapoff " SWAP_DISK);
}

static char *fragments;
static long scanned_before;

static long scanned(void)
{
	return vm_counter("compact_migrate_scanned") +
	       vm_counter("compact_free_scanned");
}

static int compaction_setup(void)
{
	if (access(COMPACT, W_OK))
		return skip(COMPACT);
	fragments = mmap(NULL, FRAGMENTS * PAGE_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (fragments == MAP_FAILED)
		return fail("mmap");
	madvise(fragments, FRAGMENTS * PAGE_BYTES, MADV_NOHUGEPAGE);
	scanned_before = scanned();
	return 0;
}

/* Every second page is free: there is something to be moved. */
static long compaction_step(void)
{
	int i;

	for (i = 0; i < FRAGMENTS; i++)
		fragments[i * PAGE_BYTES] = 1;
	for (i = 0; i < FRAGMENTS; i += 2)
		madvise(fragments + i * PAGE_BYTES, PAGE_BYTES, MADV_DONTNEED);
	if (file_put(COMPACT, "1"))
		return fail(COMPACT);
	if (file_put(DROP_CACHES, "3"))
		return fail(DROP_CACHES);
	return 2;
}

/* A kernel may have been built without the counters. */
static int compaction_check(void)
{
	long now = scanned();

	errno = 0;
	if (now >= 0 && now <= scanned_before)
		return fail("nothing was scanned (compact_migrate_scanned)");
	return 0;
}

const struct storm reclaim_storms[] = {
	{
		.name = "reclaim",
		.what = "a group at its memory limit, swapping",
		.setup = reclaim_setup,
		.step = reclaim_step,
		.check = reclaim_check,
		.undo = reclaim_undo,
	},
	{
		.name = "compaction",
		.what = "memory compacted, caches dropped",
		.setup = compaction_setup,
		.step = compaction_step,
		.check = compaction_check,
	},
	{ }
};
