// SPDX-License-Identifier: GPL-2.0
/*
 * Instruction counts and page faults of memory of another process, by the way
 * in which it is got at.
 *
 * Runs as init of the deterministic lab (bench/lab), where the TSC advances by
 * the instructions of all CPUs together. The memory is that of a process of its
 * own, and so is each sample. Writes "name value" lines to the second serial
 * port, medians, then "end STATUS", and powers off.
 */
#include <sys/mount.h>
#include <sys/stat.h>

#include "attach.h"

/* A case, for whoever chooses; its figures have other names. */
#define SCALE		"scale"

static int mount_files(const char *path, const char *option)
{
	if (mkdir(path, 0700) || mount("tmpfs", path, "tmpfs", 0, option))
		return fail(path);
	return 0;
}

static int set_up(void)
{
	return mount_files(SMALL_FILES, "huge=never") ||
	       mount_files(LARGE_FILES, "huge=always") ? -1 : 0;
}

static const char *name_of_case(size_t i)
{
	if (i == nr_cases)
		return SCALE;
	return i < nr_cases ? cases[i].name : NULL;
}

static const char *name_of_subject(size_t i)
{
	return i < nr_importers ? importers[i].name : NULL;
}

static int measure(size_t c, size_t s, int port)
{
	return c == nr_cases ? scale_measure(&importers[s], port) :
			       case_measure(&cases[c], &importers[s], port);
}

int main(void)
{
	static const struct table table = {
		.program = "attach-init",
		.name_of_case = name_of_case,
		.name_of_subject = name_of_subject,
		.set_up = set_up,
		.measure = measure,
	};

	return table_main(&table);
}
