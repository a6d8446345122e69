/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kinds of memory that a process can export.
 */
#ifndef _SELFTESTS_XEMEM_MEMORY_H
#define _SELFTESTS_XEMEM_MEMORY_H

#include "xemem_common.h"

#define XEM_LARGE	(2UL << 20)

enum memory_kind {
	MEMORY_SMALL,		/* private, pages of 4 KiB */
	MEMORY_LARGE,		/* private, large pages */
	MEMORY_SHARED,		/* shared and anonymous */
	MEMORY_MEMFD,
	MEMORY_TMPFS,		/* a file in /tmp, which is gone already */
	MEMORY_PRIVATE_FILE,	/* a private mapping of such a file */
	MEMORY_HUGETLB,
	MEMORY_KINDS
};

static const char * const memory_names[MEMORY_KINDS] = {
	[MEMORY_SMALL] = "pages of 4 KiB",
	[MEMORY_LARGE] = "large pages",
	[MEMORY_SHARED] = "shared memory",
	[MEMORY_MEMFD] = "a memfd",
	[MEMORY_TMPFS] = "a file",
	[MEMORY_PRIVATE_FILE] = "a private mapping of a file",
	[MEMORY_HUGETLB] = "hugetlb",
};

/* Address space at a multiple of 2 MiB; MAP_FAILED if there is none. */
static inline char *memory_reserve(size_t size)
{
	char *p = mmap(NULL, size + XEM_LARGE, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t head;

	if (p == MAP_FAILED)
		return p;
	head = -(uintptr_t)p & (XEM_LARGE - 1);
	munmap(p, head);
	munmap(p + head + size, XEM_LARGE - head);
	return p + head;
}

static inline int memory_file(enum memory_kind kind, size_t size)
{
	char path[] = "/tmp/xemem.XXXXXX";
	int fd;

	if (kind == MEMORY_MEMFD) {
		fd = memfd_create("xemem", MFD_CLOEXEC);
	} else {
		fd = mkostemp(path, O_CLOEXEC);
		if (fd >= 0)
			unlink(path);
	}
	if (fd >= 0 && ftruncate(fd, size)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static inline char *memory_map_file(char *where, enum memory_kind kind,
				    size_t size)
{
	int type = kind == MEMORY_PRIVATE_FILE ? MAP_PRIVATE : MAP_SHARED;
	int fd = memory_file(kind, size);
	char *p;

	if (fd < 0)
		return MAP_FAILED;
	p = mmap(where, size, PROT_READ | PROT_WRITE, type | MAP_FIXED, fd, 0);
	close(fd);
	return p;
}

/* Replaces what is at @where, which is @size reserved bytes. */
static inline char *memory_at(char *where, enum memory_kind kind, size_t size)
{
	int flags = MAP_ANONYMOUS | MAP_FIXED;
	char *p;

	switch (kind) {
	case MEMORY_SMALL:
	case MEMORY_LARGE:
		flags |= MAP_PRIVATE;
		break;
	case MEMORY_SHARED:
		flags |= MAP_SHARED;
		break;
	case MEMORY_HUGETLB:
		flags |= MAP_PRIVATE | MAP_HUGETLB;
		break;
	default:
		return memory_map_file(where, kind, size);
	}
	p = mmap(where, size, PROT_READ | PROT_WRITE, flags, -1, 0);
	/* Where there are no large pages at all, it changes nothing. */
	if (p != MAP_FAILED && kind == MEMORY_LARGE)
		madvise(p, size, MADV_HUGEPAGE);
	if (p != MAP_FAILED && kind == MEMORY_SMALL)
		madvise(p, size, MADV_NOHUGEPAGE);
	return p;
}

/* New memory, or MAP_FAILED. */
static inline char *memory_new(enum memory_kind kind, size_t size)
{
	char *p = memory_reserve(size), *q;

	if (p == MAP_FAILED)
		return p;
	q = memory_at(p, kind, size);
	if (q == MAP_FAILED)
		munmap(p, size);
	return q;
}

/* How often Linux has been through this process's memory, and marked it. */
static inline long memory_scans(void)
{
	FILE *f = fopen("/proc/self/sched", "re");
	char line[128];
	long nr = -1;

	while (f && nr < 0 && fgets(line, sizeof(line), f))
		sscanf(line, "mm->numa_scan_seq : %ld", &nr);
	if (f)
		fclose(f);
	return nr;
}

#endif /* _SELFTESTS_XEMEM_MEMORY_H */
