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
#include <unistd.h>

#include "../init/sample.h"
#include "backing.h"

/* In which memory that was given back is cleared, and so on. */
#define REST_US		1500000
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

static int measure(size_t case_nr, size_t subject, int port)
{
	const struct memory_case *c = &cases[case_nr];
	const struct job job = { .c = c, .subject = subject };
	const struct sample sample = {
		.count = SAMPLES_MAX,
		.rest_us = REST_US,
		.prepare = prepare,
		.run = run,
		.arg = &job,
	};
	char prefix[64];

	if (c->not_for & 1U << subject)
		return 0;
	snprintf(prefix, sizeof(prefix), "memory.%s.%s", c->name,
		 subject_names[subject]);
	return sample_measure(&sample, prefix, port);
}

static int set_up(void)
{
	return write_text(HUGEPAGES, "640");
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
	static const struct table table = {
		.program = "backing-init",
		.name_of_case = name_of_case,
		.name_of_subject = name_of_subject,
		.set_up = set_up,
		.measure = measure,
	};

	return table_main(&table);
}
