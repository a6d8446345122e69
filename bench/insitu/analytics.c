// SPDX-License-Identifier: GPL-2.0
/*
 * The analytics of the in situ benchmark: the four loops of STREAM over what
 * the solver exports, and a look at whether it is what the solver wrote.
 *
 * Where the solver goes on meanwhile, its data are either frozen, or copied
 * first: then they are the solver's again as soon as there is a copy.
 */
#include <err.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "insitu.h"
#include "number.h"

#define PART_MAX	1024
#define SCALAR		3.0
/* Every so many elements the results of the loops are looked at. */
#define LOOK_EVERY	509
#define TOLERANCE	1e-12

enum { LOOP_COPY, LOOP_SCALE, LOOP_ADD, LOOP_TRIAD, LOOPS };

static const char * const loops[LOOPS] = { "copy", "scale", "add", "triad" };
/* Arrays that each reads or writes. */
static const int arrays[LOOPS] = { 2, 2, 3, 3 };

/**
 * struct analytics - a run
 * @name: what the names of the segments begin with
 * @part: the loops are over the first of so many parts of the data
 * @board: what the solver says, attached: until the last step has been given
 *	back, for then the solver may end
 * @copies: work on a copy, so that the solver can go on
 * @attachment: enum attachment
 * @bytes: of the data
 * @solver: permit for it, and to ring the solver's bell
 * @bell: of this process
 * @data: permit for the data of all steps, or of this one
 * @seen: the data, attached
 * @copy: of the data, if this is a run that needs one
 * @b, @c: the other arrays of STREAM
 * @attach_ns, @copy_ns, @work_ns: time spent so, so far
 * @best_ns: of each loop
 * @torn: steps that were not what the solver wrote
 */
struct analytics {
	const char *name;
	unsigned int part;
	struct board *board;
	bool copies;
	enum attachment attachment;
	size_t bytes;
	xpmem_apid_t solver;
	int bell;
	xpmem_apid_t data;
	double *seen, *copy, *b, *c;
	uint64_t attach_ns, copy_ns, work_ns;
	uint64_t best_ns[LOOPS];
	unsigned int torn;
};

static void print_help(FILE *file)
{
	fputs("usage: analytics [OPTION]...\n\n"
	      "Attach what the program solver exports, by XEMEM, and run the loops of\n"
	      "STREAM over it: copy, scale, add, triad. The solver says how.\n\n"
	      "  -n, --name NAME     what the names of the segments begin with\n"
	      "                      (default insitu)\n"
	      "  -p, --part N        the loops are over the first Nth of the data; all of\n"
	      "                      them are read and added up in any case (default 1)\n"
	      "  -h, --help          this text\n\n"
	      "Prints lines of a name and a value: times in nanoseconds, best\n"
	      "bandwidths in MB/s, minor page faults of all steps.\n\n"
	      "Exit status: 0 done; 1 failed, or data were not what the solver had\n"
	      "written; 2 wrong usage, or no XEMEM.\n", file);
}

static void read_options(struct analytics *a, int argc, char **argv)
{
	static const struct option options[] = {
		{ "name", required_argument, NULL, 'n' },
		{ "part", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	int letter;

	while ((letter = getopt_long(argc, argv, "n:p:h", options,
				     NULL)) != -1) {
		if (letter == 'n') {
			a->name = optarg;
		} else if (letter == 'p') {
			if (number_parse_count(optarg, PART_MAX, &a->part))
				errx(2, "--part: '%s': takes a number from 1 to %d",
				     optarg, PART_MAX);
		} else if (letter == 'h') {
			print_help(stdout);
			exit(0);
		} else {
			print_help(stderr);
			exit(2);
		}
	}
	if (optind < argc)
		errx(2, "takes no argument besides options");
}

static void *map(xpmem_apid_t apid, size_t bytes, unsigned int flags)
{
	struct xpmem_addr addr = { .apid = apid };
	void *p = xemem_attach(addr, bytes, NULL, flags);

	if (p == (void *)-1)
		err(1, "attach %zu bytes", bytes);
	return p;
}

static void attach_data(struct analytics *a, xpmem_segid_t segid)
{
	uint64_t begin = now_ns();

	a->data = xpmem_get(segid, XPMEM_RDONLY, XPMEM_PERMIT_MODE, NULL);
	if (a->data < 0)
		err(1, "permit for the data");
	a->seen = map(a->data, a->bytes, XEMEM_EAGER | XEMEM_READ);
	a->attach_ns += now_ns() - begin;
}

static void detach_data(struct analytics *a)
{
	uint64_t begin = now_ns();

	if (xpmem_detach(a->seen) || xpmem_release(a->data))
		err(1, "detach the data");
	a->attach_ns += now_ns() - begin;
}

static void connect(struct analytics *a)
{
	const char *name;

	xemem_required(XEMEM_HAS_EAGER | XEMEM_HAS_NAMES | XEMEM_HAS_BELL |
		       XEMEM_HAS_FROZEN);
	a->bell = bell_make();
	a->solver = peer_find(a->name, "board", XPMEM_RDONLY);
	a->board = map(a->solver, sizeof(*a->board), XEMEM_READ);
	a->bytes = a->board->bytes;
	a->attachment = a->board->attachment;
	a->copies = a->board->schedule == SCHEDULE_ASYNC &&
		    a->attachment != ATTACHMENT_NEW;
	a->b = memory_make(a->bytes);
	a->c = memory_make(a->bytes);
	if (a->copies)
		a->copy = memory_make(a->bytes);
	if (a->attachment == ATTACHMENT_ONE)
		attach_data(a, a->board->data);
	for (int i = 0; i < LOOPS; i++)
		a->best_ns[i] = UINT64_MAX;
	/* The solver begins when there is this name. */
	name = peer_name(a->name, "bell");
	if (xemem_make(NULL, 0, 0600, name, a->bell, 0) < 0)
		err(1, "make segment %s", name);
}

/* How many elements the loops are over. */
static size_t elements(const struct analytics *a)
{
	return a->bytes / a->part / sizeof(double);
}

/* @data is read only, so the last loop has another target than STREAM's. */
static void loop(const struct analytics *a, int which, const double *data)
{
	size_t count = elements(a);
	double *b = a->b, *c = a->c;

	switch (which) {
	case LOOP_COPY:
		for (size_t i = 0; i < count; i++)
			c[i] = data[i];
		break;
	case LOOP_SCALE:
		for (size_t i = 0; i < count; i++)
			b[i] = SCALAR * c[i];
		break;
	case LOOP_ADD:
		for (size_t i = 0; i < count; i++)
			c[i] = data[i] + b[i];
		break;
	case LOOP_TRIAD:
		for (size_t i = 0; i < count; i++)
			b[i] = data[i] + SCALAR * c[i];
		break;
	}
}

static bool results_right(const struct analytics *a, const double *data)
{
	size_t count = elements(a);
	double want;

	for (size_t i = 0; i < count; i += LOOK_EVERY) {
		want = (1 + SCALAR + SCALAR * SCALAR) * data[i];
		if (!(fabs(a->b[i] - want) <= TOLERANCE * fabs(want)))
			return false;
	}
	return true;
}

/* After the loops: had the solver written meanwhile, the sum would tell. */
static void work(struct analytics *a, uint64_t step, uint64_t wanted,
		 const double *data)
{
	uint64_t begin = now_ns(), from = begin, sum, took;

	for (int i = 0; i < LOOPS; i++) {
		loop(a, i, data);
		took = now_ns() - from;
		from += took;
		if (took < a->best_ns[i])
			a->best_ns[i] = took;
	}
	sum = words_sum(data, a->bytes);
	if (sum != wanted || !results_right(a, data)) {
		warnx("step %llu: its data are not what the solver wrote: sum %#llx, not %#llx",
		      (unsigned long long)step + 1, (unsigned long long)sum,
		      (unsigned long long)wanted);
		a->torn++;
	}
	a->work_ns += now_ns() - begin;
}

static void analyse(struct analytics *a, uint64_t step)
{
	bool once = a->attachment == ATTACHMENT_ONE;
	const struct step record = a->board->step[step];
	uint64_t begin;

	if (!once)
		attach_data(a, a->attachment == ATTACHMENT_NEW ?
			    record.segid : a->board->data);
	if (a->copies) {
		begin = now_ns();
		words_copy(a->copy, a->seen, a->bytes);
		a->copy_ns += now_ns() - begin;
	} else {
		work(a, step, record.sum, a->seen);
	}
	if (!once)
		detach_data(a);
	bell_ring(a->solver);
	if (a->copies)
		work(a, step, record.sum, a->copy);
}

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

static void print(const struct analytics *a, long faulted)
{
	printf("attach_ns %llu\ncopy_ns %llu\nwork_ns %llu\nfaults %ld\n",
	       (unsigned long long)a->attach_ns,
	       (unsigned long long)a->copy_ns,
	       (unsigned long long)a->work_ns, faulted);
	for (int i = 0; i < LOOPS; i++)
		printf("%s_mbs %llu\n", loops[i], (unsigned long long)
		       (1000 * arrays[i] * elements(a) * sizeof(double) /
			a->best_ns[i]));
}

int main(int argc, char **argv)
{
	struct analytics a = { .name = "insitu", .part = 1 };
	uint64_t steps;
	long before;

	read_options(&a, argc, argv);
	connect(&a);
	steps = a.board->steps;
	before = faults();
	for (uint64_t step = 0; step < steps; step++) {
		while (atomic_load(&a.board->published) <= step)
			bell_wait(a.bell);
		analyse(&a, step);
	}
	print(&a, faults() - before);
	return a.torn || fflush(stdout) || ferror(stdout);
}
