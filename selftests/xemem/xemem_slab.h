/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How many objects of XEMEM the kernel has, by its allocator's own account. For
 * root alone.
 */
#ifndef _SELFTESTS_XEMEM_SLAB_H
#define _SELFTESTS_XEMEM_SLAB_H

#include "xemem_common.h"

#include <glob.h>

#define SLAB_DIR	"/sys/kernel/slab/"

static inline void slab_shrink(const char *dir)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/shrink", dir);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, "1", 1) < 0)
		fprintf(stderr, "# %s: %s\n", path, strerror(errno));
	close(fd);
}

/* Those of one cache; -1: it cannot be read. */
static inline long slab_objects(const char *dir)
{
	char path[512];
	long n = -1;
	FILE *f;

	/* What a core keeps for itself counts as used. */
	slab_shrink(dir);
	snprintf(path, sizeof(path), "%s/objects", dir);
	f = fopen(path, "re");
	if (f) {
		if (fscanf(f, "%ld", &n) != 1)
			n = -1;
		fclose(f);
	}
	return n;
}

/* Of all caches of XEMEM; @say: how many each has. */
static inline long slab_all_objects(bool say)
{
	long all = 0, n;
	glob_t dirs;

	if (glob(SLAB_DIR "xemem_*", 0, NULL, &dirs)) {
		fprintf(stderr, "# no caches in %s\n", SLAB_DIR);
		return -1;
	}
	for (size_t i = 0; i < dirs.gl_pathc; i++) {
		n = slab_objects(dirs.gl_pathv[i]);
		if (say)
			fprintf(stderr, "# %s: %ld objects\n",
				dirs.gl_pathv[i], n);
		all = n < 0 || all < 0 ? -1 : all + n;
	}
	globfree(&dirs);
	return all;
}

/* Before a test begins; what is left of another one is waited for. */
static long slab_before;

static inline void slab_begin(void)
{
	long last;

	if (geteuid())
		return;
	slab_before = slab_all_objects(false);
	do {
		last = slab_before;
		sleep_ms(50);
		slab_before = slab_all_objects(false);
	} while (slab_before < last);
}

/*
 * The invariant: there are no more objects than before. What was freed may have
 * to wait for a while.
 */
static inline bool slab_is_level(long patience_ms)
{
	long end = now_ms() + patience_ms;

	if (geteuid())
		return true;
	if (slab_before < 0)
		return false;
	while (slab_all_objects(false) > slab_before) {
		if (now_ms() > end) {
			fprintf(stderr, "# %ld objects before\n", slab_before);
			return slab_all_objects(true) <= slab_before;
		}
		sleep_ms(20);
	}
	return true;
}

#endif /* _SELFTESTS_XEMEM_SLAB_H */
