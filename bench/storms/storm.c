// SPDX-License-Identifier: GPL-2.0
/*
 * Trouble the kernel in one chosen way from some CPUs while a program that
 * must not notice computes on another one.
 *
 * Reads:  /proc, /sys, /dev, DIR/test_module.ko, DIR/disk.img.
 * Writes: what the storm is about; all of it is undone at the end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "storm.h"

#define EXIT_SKIP	77
#define STORMS_MAX	128
#define SECONDS_MAX	1000000
/* What a storm may need beyond its time in order to end, in all at once. */
#define ALL_GRACE_NS	(60 * 1000000000LL)
/*
 * Rest after each step and turn, in all at once: what takes microseconds, done
 * without end, would leave next to nothing to what takes seconds; and those
 * which take seconds hold locks that others wait for.
 */
#define ALL_REST_US	20000
#define ALL_REST_TIMES	2	/* as long as the step took */

const char *storm_dir = "/lib/storm";
unsigned int storm_neighbour = 2;

static cpu_set_t cpus;
static const char *running = "storm";
static volatile sig_atomic_t signalled;
static bool skipped, verbose;
static unsigned int rest_us;
static int64_t time_ns = 5 * 1000000000LL;
static long limit = LONG_MAX;

static const struct storm *const families[] = {
	code_storms, bpf_storms, setting_storms, vmalloc_storms,
	process_storms, memory_storms, reclaim_storms, ksm_storms,
	file_storms, net_storms, time_storms, rcu_storms, perf_storms,
	cgroup_storms, job_storms, hotplug_storms,
};

bool crowded(void)
{
	return rest_us;
}

void rest(int64_t began)
{
	int64_t us = ALL_REST_TIMES * (now_ns() - began) / 1000;

	if (crowded())
		pause_us(us > rest_us ? us : rest_us);
}

bool stopping(void)
{
	return signalled;
}

static void on_signal(int number)
{
	signalled = number;
}

static void complain(int error, const char *format, va_list ap)
{
	char text[512];

	/* What a signal cut short is not worth a word. */
	if (signalled && (error == EINTR || error == ECHILD))
		return;
	vsnprintf(text, sizeof(text), format, ap);
	fprintf(stderr, "storm: %s: %s%s%s\n", running, text,
		error ? ": " : "", error ? strerror(error) : "");
}

int fail(const char *format, ...)
{
	int error = errno;
	va_list ap;

	va_start(ap, format);
	complain(error, format, ap);
	va_end(ap);
	return -1;
}

int skip(const char *format, ...)
{
	int error = errno;
	va_list ap;

	skipped = true;
	va_start(ap, format);
	complain(error, format, ap);
	va_end(ap);
	return -1;
}

int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

void pause_us(long us)
{
	struct timespec t = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&t, NULL);
}

unsigned int storm_cpus(void)
{
	return CPU_COUNT(&cpus);
}

/* The CPUs of the storm by turns. */
unsigned int storm_cpu(unsigned int nth)
{
	unsigned int cpu = 0;

	nth %= storm_cpus();
	for (;; cpu++)
		if (CPU_ISSET(cpu, &cpus) && !nth--)
			return cpu;
}

int pin_to(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

int pin_to_storm(void)
{
	return sched_setaffinity(0, sizeof(cpus), &cpus);
}

static const struct storm *find(const char *name)
{
	const struct storm *s;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(families); i++)
		for (s = families[i]; s->name; s++)
			if (!strcmp(s->name, name))
				return s;
	return NULL;
}

static int work(const struct storm *s, long *operations)
{
	int64_t end = now_ns() + time_ns, began;
	long n;

	if (s->setup && s->setup())
		return -1;
	/* The first step is always taken, so that a short time does work. */
	do {
		began = now_ns();
		n = s->step();
		if (n < 0)
			return -1;
		*operations += n;
		rest(began);
	} while (!signalled && *operations < limit && now_ns() < end);
	errno = 0;
	/* Some things take longer than the time given; they get their chance */
	while (!*operations && !signalled && now_ns() < end + time_ns) {
		n = s->step();
		if (n < 0)
			return -1;
		*operations += n;
	}
	if (signalled)
		return 0;
	errno = 0;
	if (!*operations)
		return fail("nothing could be done in the time given");
	return s->check ? s->check() : 0;
}

/* Settings stay as they are: others may stand on them. Returns exit status. */
static int run(const struct storm *s, long *operations)
{
	int ret;

	running = s->name;
	ret = work(s, operations);
	if (ret && signalled && !skipped)
		ret = 0;
	/* What is left to do must not be cut short by a second signal. */
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	children_kill();
	if (s->undo)
		s->undo();
	children_kill();
	if (!ret)
		return EXIT_SUCCESS;
	return skipped ? EXIT_SKIP : EXIT_FAILURE;
}

struct result {
	const struct storm *storm;
	pid_t pid;
	int status;
	long operations;
};

static void result_start(struct result *r, const struct storm *s)
{
	pid_t pid;

	r->storm = s;
	pid = fork();
	if (pid) {
		/* Only here: the child sees the same memory. */
		r->pid = pid;
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	exit(run(s, &r->operations));
}

static int result_of(struct result *r, long *operations)
{
	if (verbose || (r->status && r->status != EXIT_SKIP))
		fprintf(stderr, "storm: %s: operations %ld, status %d\n",
			r->storm->name, r->operations, r->status);
	*operations += r->operations;
	return r->status && r->status != EXIT_SKIP;
}

/* Waits for all of them; tells them to end when we are told to. */
static int results_wait(struct result *results, size_t count, long *sum)
{
	int64_t end = now_ns() + time_ns + ALL_GRACE_NS;
	size_t left = count, i;
	bool told = false;
	int status, bad = 0;
	pid_t pid;

	while (left) {
		if (!told && (signalled || now_ns() > end)) {
			told = true;
			for (i = 0; i < count; i++)
				if (results[i].pid > 0)
					kill(results[i].pid, SIGTERM);
		}
		pid = waitpid(-1, &status, WNOHANG);
		if (pid < 0 && errno == ECHILD)
			break;
		if (pid <= 0)
			pause_us(10000);
		for (i = 0; pid > 0 && i < count; i++) {
			/* An orphan that came to us is nobody's result. */
			if (results[i].pid != pid)
				continue;
			results[i].pid = 0;
			results[i].status = WIFEXITED(status) ?
				WEXITSTATUS(status) : 128 + WTERMSIG(status);
			bad |= result_of(&results[i], sum);
			left--;
		}
	}
	return bad;
}

/* Every storm at the same time, each a child. */
static int run_all(bool visits, long *operations)
{
	struct result *results;
	const struct storm *s;
	size_t i, count = 0;

	running = "all";
	rest_us = ALL_REST_US;
	results = shared_memory(STORMS_MAX * sizeof(*results));
	if (!results)
		return EXIT_FAILURE;
	for (i = 0; i < ARRAY_SIZE(families); i++) {
		for (s = families[i]; s->name && count < STORMS_MAX; s++)
			if (visits || !s->visits)
				result_start(&results[count++], s);
	}
	return results_wait(results, count, operations) ? EXIT_FAILURE : 0;
}

static void list(void)
{
	const struct storm *s;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(families); i++)
		for (s = families[i]; s->name; s++)
			printf("%s\t%s\n", s->name, s->what);
	puts("all\tat the same time, all that need not reach every CPU");
	puts("all+visits\tevery storm at the same time");
}

static void print_usage(FILE *to)
{
	fputs("usage: storm [options] NAME\n"
	      "       storm -l\n"
	      "\n"
	      "Trouble the kernel in the way called NAME, undo it, and print\n"
	      "'operations N'. SIGTERM and SIGINT end a storm as its time does.\n"
	      "\n"
	      "  -c, --cpus=LIST       CPUs to run on (default 0-1)\n"
	      "  -t, --time=SECONDS    how long, may be a fraction (default 5)\n"
	      "  -n, --operations=N    end after N operations as well\n"
	      "  -d, --directory=DIR   where test_module.ko and disk.img are\n"
	      "                        (default /lib/storm)\n"
	      "  -N, --neighbour=CPU   where lwk-job puts its jobs (default 2)\n"
	      "  -l, --list            the names, each with a description\n"
	      "  -v, --verbose         of all, tell the operations of each\n"
	      "  -h, --help            this text\n"
	      "\n"
	      "Exit status: 0 done and undone; 1 failure; 2 wrong usage; 77\n"
	      "this kernel or machine cannot do it.\n", to);
}

static int misuse(const char *what, const char *value)
{
	fprintf(stderr, "storm: %s: %s; see storm --help\n", value, what);
	exit(2);
}

static long parse_number(const char *text, const char **end, long max)
{
	char *stop;
	long n;

	errno = 0;
	n = strtol(text, &stop, 10);
	if (stop == text || errno || n < 0 || n > max)
		misuse("not a number in the valid range", text);
	if (end)
		*end = stop;
	else if (*stop)
		misuse("not a number", text);
	return n;
}

static void parse_cpus(const char *text)
{
	const char *p = text;
	long from, to;

	CPU_ZERO(&cpus);
	for (;; p++) {
		from = parse_number(p, &p, CPU_SETSIZE - 1);
		to = from;
		if (*p == '-')
			to = parse_number(p + 1, &p, CPU_SETSIZE - 1);
		if (to < from)
			misuse("not a list of CPUs", text);
		for (; from <= to; from++)
			CPU_SET(from, &cpus);
		if (!*p)
			return;
		if (*p != ',')
			misuse("not a list of CPUs", text);
	}
}

static void parse_time(const char *text)
{
	char *end;
	double seconds;

	errno = 0;
	seconds = strtod(text, &end);
	if (end == text || *end || errno || !(seconds > 0) ||
	    seconds > SECONDS_MAX)
		misuse("not a number of seconds", text);
	time_ns = seconds * 1e9;
}

static const struct option options[] = {
	{ "cpus", required_argument, NULL, 'c' },
	{ "time", required_argument, NULL, 't' },
	{ "operations", required_argument, NULL, 'n' },
	{ "directory", required_argument, NULL, 'd' },
	{ "neighbour", required_argument, NULL, 'N' },
	{ "list", no_argument, NULL, 'l' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

static const char *parse(int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "c:t:n:d:N:lvh", options,
				     NULL)) != -1) {
		switch (option) {
		case 'c':
			parse_cpus(optarg);
			break;
		case 't':
			parse_time(optarg);
			break;
		case 'n':
			limit = parse_number(optarg, NULL, LONG_MAX);
			break;
		case 'd':
			storm_dir = optarg;
			break;
		case 'N':
			storm_neighbour = parse_number(optarg, NULL, CPU_SETSIZE - 1);
			break;
		case 'l':
			list();
			exit(0);
		case 'v':
			verbose = true;
			break;
		case 'h':
			print_usage(stdout);
			exit(0);
		default:
			print_usage(stderr);
			exit(2);
		}
	}
	if (argc - optind != 1) {
		print_usage(stderr);
		exit(2);
	}
	return argv[optind];
}

/* Without SA_RESTART: what waits shall notice. */
static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
	const struct storm *s = NULL;
	bool all, visits;
	const char *name;
	long operations = 0;
	int ret;

	/* What the children of a storm execute: nothing. */
	if (!strcmp(argv[0], EXEC_NOTHING))
		return 0;
	parse_cpus("0-1");
	name = parse(argc, argv);
	visits = !strcmp(name, "all+visits");
	all = visits || !strcmp(name, "all");
	if (!all)
		s = find(name);
	if (!all && !s)
		misuse("no such storm", name);
	if (pin_to_storm()) {
		fail("these CPUs");
		return EXIT_FAILURE;
	}
	if (settings_init())
		return EXIT_FAILURE;
	catch_signals();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	ret = all ? run_all(visits, &operations) : run(s, &operations);
	settings_restore();
	if (!ret)
		printf("operations %ld\n", operations);
	return ret;
}
