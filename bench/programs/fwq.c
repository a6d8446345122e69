// SPDX-License-Identifier: GPL-2.0
/*
 * Fixed work quantum: do the same work again and again, and time each piece.
 * Every piece takes as long as the fastest one, plus what the core was taken
 * away for.
 */
#include <err.h>
#include <stdlib.h>

#include "noise.h"
#include "work.h"

#define QUANTUM_US	1000
#define QUANTUM_US_MAX	10000000
#define WORK_MAX	1000000000000ULL
#define CALIBRATIONS	5
/* Pieces may turn out shorter than in the calibration. */
#define ROOM_SPARE	2

static uint64_t units;		/* of work in one piece */
static uint64_t duration;
static double hertz;

static const struct option own_options[] = {
	{ "quantum", required_argument, NULL, 'q' },
	{ "work", required_argument, NULL, 'w' },
	{ NULL, 0, NULL, 0 }
};

static void help(FILE *file)
{
	fputs("usage: fwq [OPTION]...\n\n"
	      "Time equal pieces of work; the noise is what makes some longer.\n\n"
	      "  -q, --quantum US    calibrate a piece of work to take so many\n"
	      "                      microseconds (default 1000)\n"
	      "  -w, --work N        a piece is N units of work instead, for\n"
	      "                      runs that are compared with each other\n"
	      COMMON_HELP
	      "\nPrints one line for each piece: time since the begin and\n"
	      "length, in microseconds; gnuplot: plot 'FILE' with dots.\n"
	      "Threads are blocks with two blank lines between them.\n\n"
	      "Exit status: 0 measured; 1 failed; 2 wrong usage.\n", file);
}

static void pieces(struct worker *worker, uint64_t ticks)
{
	uint64_t begin = clock_ticks(), last = begin, now = begin;
	size_t count = 0;

	while (count < worker->room && now - begin < ticks && !control->stop) {
		work_units(units);
		now = clock_ticks();
		worker->samples[count++] = now - last;
		last = now;
	}
	worker->count = count;
	worker->begin = begin;
	worker->end = now;
}

static void measure(struct worker *worker)
{
	/* First one piece, to have all code and data at hand. */
	for (int pass = 0; pass < 2; pass++) {
		if (pass)
			measure_begins(worker);
		pieces(worker, pass ? duration : 1);
	}
	marker_end();
}

static double microseconds(double ticks)
{
	return ticks * 1e6 / hertz;
}

/* Time that all pieces took beyond the fastest, of a million. */
static double lost_ppm(const struct spread *spread)
{
	if (!(spread->mean > 0))
		return 0;
	return 1e6 * (spread->mean - spread->least) / spread->mean;
}

static void print_json(FILE *file, const struct worker *worker, bool last)
{
	struct spread spread = spread_of(worker->samples, worker->count);

	fprintf(file, "    {\"core\": %d, \"seconds\": %.6f, \"pieces\": %zu, \"min_us\": %.4f,\n"
		"     \"mean_us\": %.4f, \"max_us\": %.4f, \"deviation_us\": %.4f, \"lost_ppm\": %.4f}%s\n",
		worker->core, (worker->end - worker->begin) / hertz,
		worker->count, microseconds(spread.least),
		microseconds(spread.mean), microseconds(spread.most),
		microseconds(spread.deviation), lost_ppm(&spread),
		last ? "" : ",");
}

static void print_text(FILE *file, const struct worker *worker)
{
	struct spread spread = spread_of(worker->samples, worker->count);
	uint64_t when = 0;

	fprintf(file, "# core %d: %zu pieces, min %.4f us, mean %.4f us, max %.4f us, deviation %.4f us, lost %.4f ppm\n",
		worker->core, worker->count, microseconds(spread.least),
		microseconds(spread.mean), microseconds(spread.most),
		microseconds(spread.deviation), lost_ppm(&spread));
	for (size_t i = 0; i < worker->count; i++) {
		fprintf(file, "%.3f %.4f\n", microseconds(when),
			microseconds(worker->samples[i]));
		when += worker->samples[i];
	}
}

static void print(const struct settings *settings, const struct worker *workers)
{
	FILE *file = output_open(settings);

	if (settings->json)
		fprintf(file, "{\"program\": \"fwq\", \"hertz\": %.0f, \"work\": %llu,\n \"cores\": [\n",
			hertz, (unsigned long long)units);
	else
		fprintf(file, "# fwq, %llu units of work: time_us length_us\n",
			(unsigned long long)units);
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

/* Ticks of one unit, at best. */
static double unit_ticks(void)
{
	const uint64_t some = 100000;
	uint64_t begin, ticks, best = UINT64_MAX;

	for (int i = 0; i < CALIBRATIONS; i++) {
		begin = clock_ticks();
		work_units(some);
		ticks = clock_ticks() - begin;
		if (ticks < best)
			best = ticks;
	}
	return (double)best / some;
}

int main(int argc, char **argv)
{
	uint64_t quantum_us = QUANTUM_US;
	struct option options[COMMON_OPTIONS_MAX];
	struct settings settings;
	struct worker *workers;
	int letter;
	size_t room;

	settings_defaults(&settings);
	settings_join(own_options, options);
	while ((letter = getopt_long(argc, argv, "q:w:" COMMON_LETTERS,
				     options, NULL)) != -1) {
		if (letter == 'h') {
			help(stdout);
			return 0;
		} else if (letter == 'q') {
			quantum_us = number_option("--quantum", optarg, 1,
						   QUANTUM_US_MAX);
		} else if (letter == 'w') {
			units = number_option("--work", optarg, 1, WORK_MAX);
		} else if (!settings_option(&settings, letter, optarg)) {
			help(stderr);
			return 2;
		}
	}
	settings_check(&settings, argc, optind);
	hertz = clock_hertz();
	duration = settings.seconds * hertz;
	if (!units)
		units = 1 + quantum_us * hertz / 1e6 / unit_ticks();
	room = ROOM_SPARE * (1 + duration / (units * unit_ticks()));
	workers = workers_make(&settings, room);
	workers_run(&settings, workers, measure);
	print(&settings, workers);
	return 0;
}
