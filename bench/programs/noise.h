/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs that measure noise share: options, workers, output.
 *
 * A worker is a thread on a core of its own. Between its markers it makes no
 * system call and touches no memory that it has not touched before, so that
 * whatever takes the core away is not its own doing.
 */
#ifndef BENCH_NOISE_H
#define BENCH_NOISE_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "control.h"
#include "marker.h"

#define WORKERS_MAX	1024
#define NS_PER_SECOND	1000000000ULL

/**
 * struct settings - what the common options say
 * @seconds: how long to measure
 * @cores: one worker on each; none: workers stay where the program runs
 * @nr_workers: threads that measure
 * @json: print a summary for programs instead of all samples
 * @output: file to write instead of standard output
 * @control: file shared with whoever starts and stops the measurement
 */
struct settings {
	double seconds;
	int cores[WORKERS_MAX];
	unsigned int nr_cores, nr_workers;
	bool json;
	const char *output, *control;
};

/**
 * struct worker - one measuring thread
 * @number: from 0
 * @core: that it is pinned to, or the one where it began
 * @samples: locked and touched memory for its results
 * @room: number of samples that fit
 * @count: number of samples taken
 * @begin, @end: TSC around the measured part
 */
struct worker {
	unsigned int number;
	int core;
	uint64_t *samples;
	size_t room, count;
	uint64_t begin, end;
	void *result;
};

/* Letters and help that a program adds its own to. */
#define COMMON_LETTERS	"c:hjn:o:s:"
#define COMMON_OPTIONS_MAX	16
#define COMMON_HELP \
	"  -c, --cores LIST    measure on each of these cores, as in 1,4-7\n" \
	"                      (default: wherever the program is put, for\n" \
	"                      lwkexec or taskset)\n" \
	"  -n, --threads N     without -c: measure with N threads (default 1)\n" \
	"  -s, --seconds S     measure for so long (default 10)\n" \
	"  -o, --output FILE   write there instead of standard output\n" \
	"  -j, --json          print a summary as JSON instead of the samples\n" \
	"      --control FILE  start and stop with the help of this shared\n" \
	"                      page (see control.h)\n" \
	"  -h, --help          this text\n"

/*
 * options.c: exit with status 2 and a message when a value is not usable.
 * settings_join() makes a table for getopt_long() in @all, which has room for
 * COMMON_OPTIONS_MAX: @own, up to its end, then the common ones.
 */
void settings_defaults(struct settings *settings);
void settings_join(const struct option *own, struct option *all);
bool settings_option(struct settings *settings, int letter, const char *value);
void settings_check(struct settings *settings, int argc, int first);
uint64_t number_option(const char *name, const char *value, uint64_t least,
		       uint64_t most);

/* clock.c: ticks of the TSC in one second. */
double clock_hertz(void);

/* workers.c: run @measure in every worker; exit with status 1 on failure. */
struct worker *workers_make(const struct settings *settings, size_t room);
void workers_run(const struct settings *settings, struct worker *workers,
		 void (*measure)(struct worker *worker));

/* Set up by workers_make(), for the loops that are measured. */
extern struct control *control;

/* The time that counts begins here, and at marker_end() it ends. */
static inline void measure_begins(const struct worker *worker)
{
	marker_begin();
	if (!worker->number)
		control->begun = 1;
}

/* output.c: exit with status 1 on failure. */
FILE *output_open(const struct settings *settings);
void output_close(const struct settings *settings, FILE *file);

struct spread {
	uint64_t least, most;
	double mean, deviation;
};

struct spread spread_of(const uint64_t *values, size_t count);

#if defined(__x86_64__)
static inline uint64_t clock_ticks(void)
{
	uint32_t low, high;

	asm volatile("rdtsc" : "=a" (low), "=d" (high) : : "memory");
	return (uint64_t)high << 32 | low;
}
#else
#error "noise: no cheap clock is known for this architecture"
#endif

#endif
