// SPDX-License-Identifier: GPL-2.0
/*
 * Fixed time quantum: count how much work gets done in each of equal spans of
 * time. The spans lie on a grid, so that the counts are evenly sampled and a
 * periodic disturbance shows in their spectrum.
 */
#include <err.h>
#include <stdlib.h>

#include "noise.h"
#include "work.h"

#define QUANTUM_US	1000
#define QUANTUM_US_MAX	10000000
#define WARMUP_QUANTA	2

static uint64_t quantum;	/* ticks */
static double hertz;
static size_t quanta;

static const struct option own_options[] = {
	{ "quantum", required_argument, NULL, 'q' },
	{ NULL, 0, NULL, 0 }
};

static void help(FILE *file)
{
	fputs("usage: ftq [OPTION]...\n\n"
	      "Count the work done in equal spans of time; the noise is what is\n"
	      "missing in some.\n\n"
	      "  -q, --quantum US    microseconds of a span (default 1000)\n"
	      COMMON_HELP
	      "\nPrints one line for each span: its begin in microseconds and\n"
	      "the units of work done; gnuplot: plot 'FILE' with dots.\n"
	      "Threads are blocks with two blank lines between them.\n\n"
	      "Exit status: 0 measured; 1 failed; 2 wrong usage.\n", file);
}

/* A span that passed while the core was away has the count zero. */
static void spans(struct worker *worker, size_t count)
{
	uint64_t begin = clock_ticks(), end = begin + quantum, now, done;
	size_t i;

	for (i = 0; i < count && !control->stop; i++) {
		for (done = 0, now = clock_ticks(); now < end; done++) {
			work_units(1);
			now = clock_ticks();
		}
		worker->samples[i] = done;
		end += quantum;
	}
	worker->count = i;
	worker->begin = begin;
	worker->end = clock_ticks();
}

static void measure(struct worker *worker)
{
	/* First some spans, to have all code and data at hand. */
	for (int pass = 0; pass < 2; pass++) {
		if (pass)
			measure_begins(worker);
		spans(worker, pass ? worker->room : WARMUP_QUANTA);
	}
	marker_end();
}

static double microseconds(double ticks)
{
	return ticks * 1e6 / hertz;
}

/* Work that is missing from all spans against the best one, of a million. */
static double lost_ppm(const struct spread *spread)
{
	if (!spread->most)
		return 0;
	return 1e6 * (spread->most - spread->mean) / spread->most;
}

static void print_json(FILE *file, const struct worker *worker, bool last)
{
	struct spread spread = spread_of(worker->samples, worker->count);

	fprintf(file, "    {\"core\": %d, \"seconds\": %.6f, \"spans\": %zu, \"min\": %llu,\n"
		"     \"mean\": %.3f, \"max\": %llu, \"deviation\": %.3f, \"lost_ppm\": %.4f}%s\n",
		worker->core, (worker->end - worker->begin) / hertz,
		worker->count, (unsigned long long)spread.least, spread.mean,
		(unsigned long long)spread.most, spread.deviation,
		lost_ppm(&spread), last ? "" : ",");
}

static void print_text(FILE *file, const struct worker *worker)
{
	struct spread spread = spread_of(worker->samples, worker->count);

	fprintf(file, "# core %d: %zu spans, work min %llu, mean %.3f, max %llu, deviation %.3f, lost %.4f ppm\n",
		worker->core, worker->count, (unsigned long long)spread.least,
		spread.mean, (unsigned long long)spread.most,
		spread.deviation, lost_ppm(&spread));
	for (size_t i = 0; i < worker->count; i++)
		fprintf(file, "%.3f %llu\n", microseconds((double)i * quantum),
			(unsigned long long)worker->samples[i]);
}

static void print(const struct settings *settings, const struct worker *workers)
{
	FILE *file = output_open(settings);

	if (settings->json)
		fprintf(file, "{\"program\": \"ftq\", \"hertz\": %.0f, \"quantum_us\": %.3f,\n \"cores\": [\n",
			hertz, microseconds(quantum));
	else
		fprintf(file, "# ftq, spans of %.3f us: time_us work\n",
			microseconds(quantum));
	for (unsigned int i = 0; i < settings->nr_workers; i++) {
		if (settings->json) {
			print_json(file, &workers[i],
				   i + 1 == settings->nr_workers);
			continue;
		}
		if (i)
			fputs("\n\n", file);
		print_text(file, &workers[i]);
	}
	if (settings->json)
		fputs(" ]}\n", file);
	output_close(settings, file);
}

int main(int argc, char **argv)
{
	uint64_t quantum_us = QUANTUM_US;
	struct option options[COMMON_OPTIONS_MAX];
	struct settings settings;
	struct worker *workers;
	int letter;

	settings_defaults(&settings);
	settings_join(own_options, options);
	while ((letter = getopt_long(argc, argv, "q:" COMMON_LETTERS, options,
				     NULL)) != -1) {
		if (letter == 'h') {
			help(stdout);
			return 0;
		} else if (letter == 'q') {
			quantum_us = number_option("--quantum", optarg, 1,
						   QUANTUM_US_MAX);
		} else if (!settings_option(&settings, letter, optarg)) {
			help(stderr);
			return 2;
		}
	}
	settings_check(&settings, argc, optind);
	hertz = clock_hertz();
	quantum = quantum_us * hertz / 1e6;
	quanta = settings.seconds * 1e6 / quantum_us;
	if (quanta < WARMUP_QUANTA)
		errx(2, "--seconds: %g: fewer than %d spans of %llu us",
		     settings.seconds, WARMUP_QUANTA,
		     (unsigned long long)quantum_us);
	workers = workers_make(&settings, quanta);
	workers_run(&settings, workers, measure);
	print(&settings, workers);
	return 0;
}
