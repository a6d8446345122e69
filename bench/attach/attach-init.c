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
#include <stdio.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "../init/selection.h"
#include "../programs/marker.h"
#include "attach.h"

#define THP		"/sys/kernel/mm/transparent_hugepage/"
/* A case, for whoever chooses; its figures have other names. */
#define SCALE		"scale"

static int mount_files(const char *path, const char *option)
{
	if (mkdir(path, 0700) || mount("tmpfs", path, "tmpfs", 0, option))
		return fail(path);
	return 0;
}

/* khugepaged is no part of any subject. */
static int set_up(void)
{
	if (write_text(THP "enabled", "always") ||
	    write_text(THP "khugepaged/defrag", "0"))
		return fail(THP);
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

static int measure_all(const struct selection *selection, int port)
{
	for (size_t i = 0; i <= nr_cases; i++) {
		if (!(selection->cases & 1U << i))
			continue;
		for (size_t s = 0; s < nr_importers; s++) {
			if (!(selection->subjects & 1U << s))
				continue;
			if (i == nr_cases ?
			    scale_measure(&importers[s], port) :
			    case_measure(&cases[i], &importers[s], port))
				return -1;
		}
	}
	return 0;
}

int main(void)
{
	struct selection selection;
	int port, status;

	if (getpid() != 1) {
		fprintf(stderr, "attach-init: runs as init of bench/lab only\n");
		return 2;
	}
	port = machine_mount() ? -1 : machine_open_port();
	if (port >= 0) {
		status = selection_read(&selection, name_of_case,
					name_of_subject) ||
			 machine_pin(0, CORE_OTHERS, CORE_OTHERS) ||
			 machine_settle() || set_up() ||
			 measure_all(&selection, port) ? 1 : 0;
		dprintf(port, "end %d\n", status);
		tcdrain(port);
	}
	marker_end();
	sync();
	reboot(RB_POWER_OFF);
	return 1;
}
