// SPDX-License-Identifier: GPL-2.0
/*
 * The solver of the in situ benchmark: a system of equations in steps, whose
 * right-hand side grows from one to the next. After each the solution is
 * exported, again and again until the size of the export is reached, as if it
 * were several fields of a larger problem.
 */
#include <err.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cg.h"
#include "insitu.h"
#include "number.h"

#define EDGE_MAX	1000
#define ITERATIONS_MAX	1000000
/* So many frozen steps may wait for the analytics. */
#define BACKLOG		2
#define PAGE		4096

struct settings {
	const char *name;
	enum schedule schedule;
	enum attachment attachment;
	unsigned int edge, iterations, every;
	unsigned long long bytes;
	bool alone, careless;
};

/**
 * struct solver - a run
 * @settings: what is asked for
 * @cg: the system
 * @data: what is exported, of settings.bytes
 * @board: what the analytics reads
 * @analytics: permit to ring its bell
 * @bell: of this process
 * @done: steps that the analytics no longer needs
 * @removed: steps whose segments are gone
 * @wait_ns, @export_ns: time spent so, so far
 */
struct solver {
	struct settings settings;
	struct cg cg;
	char *data;
	struct board *board;
	xpmem_apid_t analytics;
	int bell;
	uint64_t done, removed;
	uint64_t wait_ns, export_ns;
};

static const char * const schedules[SCHEDULES] = { "sync", "async" };
static const char * const attachments[ATTACHMENTS] = {
	"one", "recurring", "new"
};

static void print_help(FILE *file)
{
	fputs("usage: solver [OPTION]...\n\n"
	      "Solve equations by conjugate gradients, and export the solution\n"
	      "every now and then to the program analytics, by XEMEM.\n\n"
	      "  -s, --schedule sync|async  wait after each export until the\n"
	      "                      analytics is done with it (default), or go on\n"
	      "  -a, --attachment one|recurring|new  the analytics attaches the data\n"
	      "                      once (default), for each step, or for each step\n"
	      "                      a new segment; this is frozen with async\n"
	      "  -S, --size BYTES    exported at each step; k, m, g for KiB, MiB, GiB\n"
	      "                      (default 64m)\n"
	      "  -g, --grid N        N x N x N unknowns (default 64)\n"
	      "  -i, --iterations N  in all (default 600)\n"
	      "  -e, --every N       export after so many (default 40)\n"
	      "  -n, --name NAME     what the names of the segments begin with\n"
	      "                      (default insitu)\n"
	      "      --alone         no exports, no analytics, no XEMEM\n"
	      "      --careless      never wait: for a test, in which the analytics\n"
	      "                      has to find data that do not belong together\n"
	      "  -h, --help          this text\n\n"
	      "Prints lines of a name and a value. Times are of all iterations and\n"
	      "exports, in nanoseconds.\n\n"
	      "Exit status: 0 solved; 1 failed; 2 wrong usage, or no XEMEM.\n", file);
}

static unsigned int count_option(const char *name, const char *text,
				 unsigned int most)
{
	unsigned int count;

	if (number_parse_count(text, most, &count))
		errx(2, "%s: '%s': takes a number from 1 to %u", name, text,
		     most);
	return count;
}

static unsigned int word_option(const char *name, const char *text,
				const char * const *words, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (!strcmp(text, words[i]))
			return i;
	errx(2, "%s: '%s': takes one of the words that --help names", name,
	     text);
}

static unsigned long long size_option(const char *text)
{
	unsigned long long bytes;

	if (number_parse_bytes(text, &bytes) || !bytes || bytes % PAGE)
		errx(2, "--size: '%s': takes bytes, a multiple of %d, also as in 64m",
		     text, PAGE);
	return bytes;
}

static void check(const struct settings *settings, int argc, int first)
{
	if (first < argc)
		errx(2, "takes no argument besides options");
	if (settings->iterations % settings->every)
		errx(2, "--iterations: %u is no multiple of --every, %u",
		     settings->iterations, settings->every);
	if (settings->iterations / settings->every > STEPS_MAX)
		errx(2, "--every: %u makes %u exports; at most %d", settings->every,
		     settings->iterations / settings->every, STEPS_MAX);
}

enum { OPTION_ALONE = 256, OPTION_CARELESS };

static const struct option options[] = {
	{ "schedule", required_argument, NULL, 's' },
	{ "attachment", required_argument, NULL, 'a' },
	{ "size", required_argument, NULL, 'S' },
	{ "grid", required_argument, NULL, 'g' },
	{ "iterations", required_argument, NULL, 'i' },
	{ "every", required_argument, NULL, 'e' },
	{ "name", required_argument, NULL, 'n' },
	{ "alone", no_argument, NULL, OPTION_ALONE },
	{ "careless", no_argument, NULL, OPTION_CARELESS },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static void set_option(struct settings *settings, int letter)
{
	switch (letter) {
	case 's':
		settings->schedule = word_option("--schedule", optarg,
						 schedules, SCHEDULES);
		break;
	case 'a':
		settings->attachment = word_option("--attachment", optarg,
						   attachments, ATTACHMENTS);
		break;
	case 'S':
		settings->bytes = size_option(optarg);
		break;
	case 'g':
		settings->edge = count_option("--grid", optarg, EDGE_MAX);
		break;
	case 'i':
		settings->iterations = count_option("--iterations", optarg,
						    ITERATIONS_MAX);
		break;
	case 'e':
		settings->every = count_option("--every", optarg,
					       ITERATIONS_MAX);
		break;
	case 'n':
		settings->name = optarg;
		break;
	case OPTION_ALONE:
		settings->alone = true;
		break;
	case OPTION_CARELESS:
		settings->careless = true;
		break;
	case 'h':
		print_help(stdout);
		exit(0);
	default:
		print_help(stderr);
		exit(2);
	}
}

static void read_options(struct settings *settings, int argc, char **argv)
{
	int letter;

	*settings = (struct settings){
		.name = "insitu", .edge = 64, .iterations = 600, .every = 40,
		.bytes = 64 << 20
	};
	while ((letter = getopt_long(argc, argv, "s:a:S:g:i:e:n:h", options,
				     NULL)) != -1)
		set_option(settings, letter);
	check(settings, argc, optind);
}

static xpmem_segid_t make_segment(const struct solver *s, const char *what,
				  unsigned int flags)
{
	const char *name = peer_name(s->settings.name, what);
	xpmem_segid_t segid = xemem_make(s->data, s->settings.bytes, 0600,
					 name, -1, flags);

	if (segid < 0)
		err(1, "make segment %s of %llu bytes", name,
		    s->settings.bytes);
	return segid;
}

static void connect(struct solver *s)
{
	const struct settings *settings = &s->settings;
	size_t room = (sizeof(*s->board) + PAGE - 1) / PAGE * PAGE;
	const char *name;

	xemem_required(XEMEM_HAS_NAMES | XEMEM_HAS_BELL | XEMEM_HAS_FROZEN);
	s->bell = bell_make();
	s->data = memory_make(settings->bytes);
	s->board = memory_make(room);
	s->board->schedule = settings->schedule;
	s->board->attachment = settings->attachment;
	s->board->steps = settings->iterations / settings->every;
	s->board->bytes = settings->bytes;
	if (settings->attachment != ATTACHMENT_NEW)
		s->board->data = make_segment(s, "data", 0);
	name = peer_name(settings->name, "board");
	if (xemem_make(s->board, room, 0600, name, s->bell, 0) < 0)
		err(1, "make segment %s", name);
	/* It has this name when it is ready. */
	s->analytics = peer_find(settings->name, "bell", XPMEM_RDONLY);
}

/* Until the analytics no longer needs the first @steps. */
static void wait_for(struct solver *s, uint64_t steps)
{
	uint64_t begin = now_ns();

	while (s->done < steps)
		s->done += bell_wait(s->bell);
	for (; s->removed < s->done; s->removed++)
		if (s->settings.attachment == ATTACHMENT_NEW &&
		    xpmem_remove(s->board->step[s->removed].segid))
			err(1, "remove the segment of step %llu",
			    (unsigned long long)s->removed + 1);
	s->wait_ns += now_ns() - begin;
}

/*
 * Before the data of step @step, from 1, may be overwritten by those of the
 * next: live data are the analytics' until it has worked on them, or has a
 * copy; frozen ones stay, and there must not be too many.
 */
static uint64_t must_be_done(const struct solver *s, uint64_t step)
{
	uint64_t backlog = 0;

	if (s->settings.schedule == SCHEDULE_ASYNC &&
	    s->settings.attachment == ATTACHMENT_NEW)
		backlog = BACKLOG - 1;
	return step > backlog ? step - backlog : 0;
}

/* The solution, repeated; returns the sum of all words. */
static uint64_t fill(struct solver *s)
{
	size_t tile = s->cg.length * sizeof(double), at = 0, part;
	uint64_t whole = words_sum(s->cg.x, tile), sum = 0;

	for (; at < s->settings.bytes; at += part) {
		part = s->settings.bytes - at;
		if (part > tile)
			part = tile;
		words_copy(s->data + at, s->cg.x, part);
		sum += part == tile ? whole : words_sum(s->cg.x, part);
	}
	return sum;
}

static void publish(struct solver *s, uint64_t step)
{
	struct step *record = &s->board->step[step - 1];
	unsigned int flags = s->settings.schedule == SCHEDULE_ASYNC ?
			     XEMEM_FROZEN : 0;
	uint64_t waited = s->wait_ns, begin = now_ns();
	char what[32];

	if (!s->settings.careless)
		wait_for(s, must_be_done(s, step - 1));
	record->sum = fill(s);
	if (s->settings.attachment == ATTACHMENT_NEW) {
		snprintf(what, sizeof(what), "data.%llu",
			 (unsigned long long)step);
		record->segid = make_segment(s, what, flags);
	}
	atomic_store(&s->board->published, step);
	bell_ring(s->analytics);
	s->export_ns += now_ns() - begin - (s->wait_ns - waited);
	if (s->settings.schedule == SCHEDULE_SYNC && !s->settings.careless)
		wait_for(s, step);
}

int main(int argc, char **argv)
{
	struct solver s = { 0 };
	uint64_t steps, begin, end;

	read_options(&s.settings, argc, argv);
	steps = s.settings.iterations / s.settings.every;
	cg_init(&s.cg, s.settings.edge);
	if (!s.settings.alone)
		connect(&s);
	begin = now_ns();
	for (uint64_t step = 1; step <= steps; step++) {
		cg_begin(&s.cg, step);
		cg_iterate(&s.cg, s.settings.every);
		if (!s.settings.alone)
			publish(&s, step);
	}
	end = now_ns();
	printf("run_ns %llu\nwait_ns %llu\nexport_ns %llu\nsteps %llu\nerror %.3e\n",
	       (unsigned long long)(end - begin),
	       (unsigned long long)s.wait_ns,
	       (unsigned long long)s.export_ns, (unsigned long long)steps,
	       cg_error(&s.cg, steps) / steps);
	/* What is exported has to stay until it has been looked at. */
	if (!s.settings.alone)
		wait_for(&s, steps);
	return fflush(stdout) || ferror(stdout);
}
