// SPDX-License-Identifier: GPL-2.0
/*
 * Selfish detours: read the clock in a loop that does nothing else. Two
 * readings that are further apart than the loop can explain enclose a detour,
 * the time for which something else had the core.
 */
#include <err.h>
#include <stdlib.h>

#include "noise.h"

#define ROOM_DEFAULT	100000
#define WARMUP_LOOPS	100000
#define BATCHES		2000
#define BATCH_TURNS	64
/* Nothing that the loop itself does takes so many times its shortest turn. */
#define THRESHOLD_TURNS	9

struct detours {
	uint64_t shortest;	/* turn of the loop, ticks */
	uint64_t turns;		/* how often it went round */
	uint64_t seen;		/* detours, kept or not */
	uint64_t lost;		/* ticks in all of them */
	uint64_t longest;
};

static uint64_t threshold_ns, threshold;
static double hertz;
static uint64_t duration;

static const struct option own_options[] = {
	{ "keep", required_argument, NULL, 'k' },
	{ "threshold", required_argument, NULL, 't' },
	{ NULL, 0, NULL, 0 }
};

static void help(FILE *file)
{
	fputs("usage: selfish [OPTION]...\n\n"
	      "Spin on a core and report when something else had it.\n\n"
	      "  -t, --threshold NS  shortest time that counts as a detour\n"
	      "                      (default: 9 times the shortest turn of\n"
	      "                      the loop)\n"
	      "  -k, --keep N        detours to keep for each thread, later\n"
	      "                      ones are only counted (default 100000)\n"
	      COMMON_HELP
	      "\nPrints one line for each detour: time since the begin and\n"
	      "length, in microseconds; gnuplot: plot 'FILE' with impulses.\n"
	      "Threads are blocks with two blank lines between them.\n\n"
	      "Exit status: 0 measured; 1 failed; 2 wrong usage.\n", file);
}

/* Samples are pairs: when, and for how long. */
static inline void keep(struct worker *worker, struct detours *detours,
			uint64_t when, uint64_t length)
{
	detours->seen++;
	detours->lost += length - detours->shortest;
	if (length > detours->longest)
		detours->longest = length;
	if (worker->count + 2 > worker->room)
		return;
	worker->samples[worker->count++] = when;
	worker->samples[worker->count++] = length;
}

static void spin(struct worker *worker, struct detours *detours, uint64_t ticks)
{
	uint64_t begin = clock_ticks(), last = begin, now, gap, turns = 0;
	uint64_t limit = threshold;

	do {
		now = clock_ticks();
		gap = now - last;
		if (gap > limit)
			keep(worker, detours, last - begin, gap);
		last = now;
		turns++;
	} while (now - begin < ticks && !control->stop);
	detours->turns = turns;
	worker->begin = begin;
	worker->end = now;
}

/*
 * Of many turns together: processors read the clock ahead of time, so that
 * single differences can be anything.
 */
static uint64_t shortest_turn(void)
{
	uint64_t begin, now, shortest = UINT64_MAX;

	for (int i = 0; i < BATCHES; i++) {
		begin = clock_ticks();
		for (int j = 0; j < BATCH_TURNS; j++)
			now = clock_ticks();
		if (now - begin < shortest)
			shortest = now - begin;
	}
	return shortest / BATCH_TURNS ? shortest / BATCH_TURNS : 1;
}

static void measure(struct worker *worker)
{
	struct detours *detours = worker->result;

	detours->shortest = shortest_turn();
	if (!worker->number)
		threshold = threshold_ns ? threshold_ns * hertz / NS_PER_SECOND :
			    detours->shortest * THRESHOLD_TURNS;
	/* First once in short, to have all code and data at hand. */
	for (int pass = 0; pass < 2; pass++) {
		worker->count = 0;
		*detours = (struct detours){ .shortest = detours->shortest };
		if (pass)
			measure_begins(worker);
		spin(worker, detours, pass ? duration : WARMUP_LOOPS);
	}
	marker_end();
}

static double microseconds(uint64_t ticks)
{
	return ticks * 1e6 / hertz;
}

static void print_json(FILE *file, const struct worker *worker, bool last)
{
	const struct detours *detours = worker->result;
	uint64_t ticks = worker->end - worker->begin;
	double mean = detours->seen ?
		      microseconds(detours->lost) / detours->seen : 0;

	fprintf(file, "    {\"core\": %d, \"seconds\": %.6f, \"turns\": %llu, \"shortest_us\": %.4f,\n"
		"     \"detours\": %llu, \"mean_us\": %.4f, \"max_us\": %.4f, \"lost_ppm\": %.4f}%s\n",
		worker->core, ticks / hertz,
		(unsigned long long)detours->turns,
		microseconds(detours->shortest),
		(unsigned long long)detours->seen, mean,
		microseconds(detours->longest),
		ticks ? 1e6 * detours->lost / ticks : 0, last ? "" : ",");
}

static void print_text(FILE *file, const struct worker *worker)
{
	const struct detours *detours = worker->result;
	uint64_t ticks = worker->end - worker->begin;

	fprintf(file, "# core %d: %llu detours in %.3f s, shortest turn %.4f us, mean %.4f us, max %.4f us, lost %.4f ppm\n",
		worker->core, (unsigned long long)detours->seen,
		ticks / hertz, microseconds(detours->shortest),
		detours->seen ? microseconds(detours->lost) / detours->seen : 0,
		microseconds(detours->longest),
		ticks ? 1e6 * detours->lost / ticks : 0);
	for (size_t i = 0; i + 1 < worker->count; i += 2)
		fprintf(file, "%.3f %.4f\n", microseconds(worker->samples[i]),
			microseconds(worker->samples[i + 1]));
}

static void print(const struct settings *settings, const struct worker *workers)
{
	FILE *file = output_open(settings);

	if (settings->json)
		fprintf(file, "{\"program\": \"selfish\", \"hertz\": %.0f, \"threshold_us\": %.4f,\n \"cores\": [\n",
			hertz, microseconds(threshold));
	else
		fputs("# selfish: time_us length_us\n", file);
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
	struct option options[COMMON_OPTIONS_MAX];
	struct settings settings;
	struct worker *workers;
	size_t room = ROOM_DEFAULT;
	int letter;

	settings_defaults(&settings);
	settings_join(own_options, options);
	while ((letter = getopt_long(argc, argv, "k:t:" COMMON_LETTERS,
				     options, NULL)) != -1) {
		if (letter == 'h') {
			help(stdout);
			return 0;
		} else if (letter == 'k') {
			room = number_option("--keep", optarg, 1, 100000000);
		} else if (letter == 't') {
			threshold_ns = number_option("--threshold", optarg, 1,
						     NS_PER_SECOND);
		} else if (!settings_option(&settings, letter, optarg)) {
			help(stderr);
			return 2;
		}
	}
	settings_check(&settings, argc, optind);
	hertz = clock_hertz();
	duration = settings.seconds * hertz;
	workers = workers_make(&settings, 2 * room);
	for (unsigned int i = 0; i < settings.nr_workers; i++) {
		workers[i].result = calloc(1, sizeof(struct detours));
		if (!workers[i].result)
			err(1, "thread %u", i);
	}
	workers_run(&settings, workers, measure);
	print(&settings, workers);
	return 0;
}
