/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a process on Linux sees of the owner's memory: whether it is as large,
 * as young, where it was, unlocked. For tests that have a watcher: see
 * pair_has_watcher.
 */
#ifndef _SELFTESTS_XEMEM_WATCHER_H
#define _SELFTESTS_XEMEM_WATCHER_H

#include "xemem_pair.h"

#include <sys/syscall.h>

#define SIZE		(2 * XEM_LARGE)
#define PAGES		(SIZE / PAGE)
/* Of so many pages the flags of one are looked at. */
#define EVERY		64

/* Bits of /proc/kpageflags, see Documentation/admin-guide/mm/pagemap.rst. */
#define REFERENCED	0x04
#define LISTED		0x20
#define ACTIVE		0x40
/* Listed, swap cache and backed, compound, huge, unevictable, KSM, THP. */
#define KEPT		0x67e020
/* And of an entry of pagemap. */
#define FRAME		0x7fffffffffffffULL

static const char * const keys[] = {
	"Rss", "Referenced", "Anonymous", "LazyFree", "AnonHugePages",
	"ShmemPmdMapped", "FilePmdMapped", "Shared_Hugetlb", "Private_Hugetlb",
	"Swap", "Locked",
};

#define KEYS	(sizeof(keys) / sizeof(keys[0]))

/* The owner's memory as the watcher sees it. */
struct state {
	unsigned long kb[KEYS];
	__u64 frames[PAGES];
	int nodes[PAGES];
	__u64 flags[PAGES / EVERY];
};

/* What the watcher has seen before. */
static struct state before;

/* Pages that are on their way to a list of the kernel's have got there. */
static inline void settle(void)
{
	unsigned long node = 1;

	syscall(SYS_migrate_pages, 0, 8 * sizeof(node), &node, &node);
}

/* A file of the owner's. */
static inline const char *of_owner(pid_t owner, const char *file)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", owner, file);
	return path;
}

static inline int see_frames(pid_t owner, struct state *s)
{
	int map = open(of_owner(owner, "pagemap"), O_RDONLY | O_CLOEXEC);
	int flags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	size_t i;

	CHECK(map >= 0 && flags >= 0);
	CHECK_EQ(sizeof(s->frames),
		 pread(map, s->frames, sizeof(s->frames),
		       (uintptr_t)scene->addr / PAGE * 8));
	for (i = 0; i < PAGES; i++)
		s->frames[i] &= FRAME;
	for (i = 0; i < PAGES / EVERY; i++)
		CHECK_EQ(8, pread(flags, &s->flags[i], 8,
				  s->frames[i * EVERY] * 8));
	close(map);
	close(flags);
	return 0;
}

/* All values of the mapping at once: to read the file takes long. */
static inline int see_sizes(pid_t owner, struct state *s)
{
	FILE *f = fopen(of_owner(owner, "smaps"), "re");
	unsigned long start, end;
	bool here = false;
	char line[512];
	size_t len;

	CHECK(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2) {
			if (here)
				break;
			here = start == (uintptr_t)scene->addr;
		}
		for (size_t i = 0; here && i < KEYS; i++) {
			len = strlen(keys[i]);
			if (!strncmp(line, keys[i], len) && line[len] == ':')
				s->kb[i] = strtoul(line + len + 1, NULL, 10);
		}
	}
	fclose(f);
	CHECK(here);
	return 0;
}

static inline int see(pid_t owner, struct state *s)
{
	static void *pages[PAGES];

	settle();
	CHECK_EQ(0, see_sizes(owner, s));
	for (size_t i = 0; i < PAGES; i++)
		pages[i] = scene->addr + i * PAGE;
	CHECK(!syscall(SYS_move_pages, owner, PAGES, pages, NULL, s->nodes, 0));
	return see_frames(owner, s);
}

static inline int see_before(void *owner)
{
	CHECK_EQ(0, see((long)owner, &before));
	scene->number = before.nodes[0];
	return 0;
}

/* How far from being taken away; nothing of the kind outside of a list. */
static inline int age(__u64 flags)
{
	return flags & LISTED ? !!(flags & ACTIVE) * 2 + !!(flags & REFERENCED) :
				0;
}

static inline int same_flags(const struct state *now)
{
	for (size_t i = 0; i < PAGES / EVERY; i++) {
		__u64 was = before.flags[i], is = now->flags[i];

		/* To be used again is no harm. */
		if ((was & KEPT) == (is & KEPT) && age(was) <= age(is))
			continue;
		fprintf(stderr, "# page %zu: flags %llx, now %llx\n", i * EVERY,
			was, is);
		return 1;
	}
	return 0;
}

/* The owner's memory is as it was. */
static inline int unchanged(void *owner)
{
	static struct state now;
	int bad = 0;

	CHECK_EQ(0, see((long)owner, &now));
	for (size_t i = 0; i < KEYS; i++) {
		if (before.kb[i] == now.kb[i])
			continue;
		fprintf(stderr, "# the owner's %s: %lu kB, now %lu\n", keys[i],
			before.kb[i], now.kb[i]);
		bad = 1;
	}
	for (size_t i = 0; i < PAGES; i++) {
		if (before.frames[i] == now.frames[i] &&
		    before.nodes[i] == now.nodes[i])
			continue;
		fprintf(stderr, "# page %zu: frame %llx, node %d, now %llx, %d\n",
			i, before.frames[i], before.nodes[i], now.frames[i],
			now.nodes[i]);
		bad = 1;
		break;
	}
	bad |= same_flags(&now);
	/* Each says it of what it did itself. */
	before = now;
	return bad;
}

#endif /* _SELFTESTS_XEMEM_WATCHER_H */
