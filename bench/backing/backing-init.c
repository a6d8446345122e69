// SPDX-License-Identifier: GPL-2.0
/*
 * Instruction counts and page faults of memory, by whose it is and how it
 * comes.
 *
 * Runs as init of the deterministic lab (bench/lab), where the TSC advances by
 * the instructions of all CPUs together. Each sample is a process of its own.
 * Writes "name value" lines to the second serial port, medians, then
 * "end STATUS", and powers off.
 */
#include <stdio.h>
#include <sys/reboot.h>
#include <termios.h>
#include <unistd.h>

#include "../init/selection.h"
#include "../init/sample.h"
#include "../programs/marker.h"
#include "backing.h"

/* In which memory that was given back is cleared, and so on. */
#define REST_US		1500000
#define THP		"/sys/kernel/mm/transparent_hugepage/"
#define HUGEPAGES	"/proc/sys/vm/nr_hugepages"

/* One figure: a case of a subject. */
struct job {
	const struct memory_case *c;
	enum subject_kind subject;
};

static int prepare(const void *arg)
{
	const struct job *job = arg;

	if (subject_enter(job->subject) || usleep(100000))
		return -1;
	return job->c->prepare ? job->c->prepare(job->subject) : 0;
}

static int run(const void *arg)
{
	const struct job *job = arg;

	return job->c->run(job->subject);
}

static int measure_case(const struct memory_case *c,
			enum subject_kind subject, int port)
{
	const struct job job = { .c = c, .subject = subject };
	const struct sample sample = {
		.count = SAMPLES_MAX,
		.rest_us = REST_US,
		.prepare = prepare,
		.run = run,
		.arg = &job,
	};
	char prefix[64];

	snprintf(prefix, sizeof(prefix), "memory.%s.%s", c->name,
		 subject_names[subject]);
	return sample_measure(&sample, prefix, port);
}

/* khugepaged is no part of any subject. */
static int set_up(void)
{
	if (write_text(THP "enabled", "always") ||
	    write_text(THP "khugepaged/defrag", "0") ||
	    write_text(HUGEPAGES, "640"))
		return -1;
	return 0;
}

static int measure_all(const struct selection *selection, int port)
{
	for (size_t i = 0; i < nr_cases; i++) {
		if (!(selection->cases & 1U << i))
			continue;
		for (int s = 0; s < SUBJECTS; s++) {
			if (!(selection->subjects & ~cases[i].not_for & 1U << s))
				continue;
			if (measure_case(&cases[i], s, port))
				return -1;
		}
	}
	return 0;
}

static const char *name_of_case(size_t i)
{
	return i < nr_cases ? cases[i].name : NULL;
}

static const char *name_of_subject(size_t i)
{
	return i < SUBJECTS ? subject_names[i] : NULL;
}

int main(void)
{
	struct selection selection;
	int port, status;

	if (getpid() != 1) {
		fprintf(stderr,
			"backing-init: runs as init of bench/lab only\n");
		return 2;
	}
	port = machine_mount() ? -1 : machine_open_port();
	if (port >= 0) {
		status = selection_read(&selection, name_of_case, name_of_subject) ||
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
