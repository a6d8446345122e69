// SPDX-License-Identifier: GPL-2.0
/*
 * lwkexec: reserve cores of an enclave and become a command there.
 * With --stats a child does both, and we stay outside and report.
 *
 * Reads configfs for messages and for "-n all" only; the request itself is
 * one ioctl. Never needs to be setuid.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "explain.h"
#include "join.h"
#include "lwkdev.h"
#include "memory.h"
#include "number.h"
#include "report.h"
#include "textfile.h"

#ifndef LWK_VERSION
#define LWK_VERSION "unknown"
#endif

struct options {
	struct request request;
	const char *cpus;	/* the text of -c */
	const char *ncpus;	/* the text of -n */
	bool all;		/* the text is "all" */
	bool verbose;
	bool json;
	bool stats;
	const char *stats_file;	/* or NULL: standard error */
	char **command;
};

/**
 * struct witness - what the child has seen, in memory that is also ours
 * @cores: the cores it was given
 * @start: when that was
 * @running: it is the command, no longer lwkexec
 */
struct witness {
	unsigned long cores[CPULIST_MAX_CPUS / (8 * sizeof(long))];
	struct timespec start;
	bool running;
};

enum {
	OPT_QUANTUM = 0x100,
	OPT_NO_INHERIT,
	OPT_WAIT,
	OPT_DRY_RUN,
	OPT_JSON,
	OPT_STATS,
	OPT_LOCAL,
	OPT_HOP,
	OPT_LOCAL_ALL,
	OPT_HOP_ALL,
	OPT_MEM_OVER,
	OPT_PAGES,
	OPT_FAULT,
	OPT_NUMA,
	OPT_LOCK_TEXT,
};

static const struct option long_options[] = {
	{ "enclave", required_argument, NULL, 'e' },
	{ "cpus", required_argument, NULL, 'c' },
	{ "ncpus", required_argument, NULL, 'n' },
	{ "memory", required_argument, NULL, 'm' },
	{ "mem-over", required_argument, NULL, OPT_MEM_OVER },
	{ "pages", required_argument, NULL, OPT_PAGES },
	{ "fault", required_argument, NULL, OPT_FAULT },
	{ "numa", required_argument, NULL, OPT_NUMA },
	{ "lock-text", required_argument, NULL, OPT_LOCK_TEXT },
	{ "quantum", required_argument, NULL, OPT_QUANTUM },
	{ "no-inherit", no_argument, NULL, OPT_NO_INHERIT },
	{ "wait", optional_argument, NULL, OPT_WAIT },
	{ "local", required_argument, NULL, OPT_LOCAL },
	{ "hop", required_argument, NULL, OPT_HOP },
	{ "local-all", no_argument, NULL, OPT_LOCAL_ALL },
	{ "hop-all", no_argument, NULL, OPT_HOP_ALL },
	{ "verbose", no_argument, NULL, 'v' },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "stats", optional_argument, NULL, OPT_STATS },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static const char usage_text[] =
"Usage: lwkexec [options] [--] command [args...]\n"
"Reserve cores of an LWK enclave and run a command on them.\n"
"\n"
"  -e, --enclave NAME    the enclave (default: $LWK_ENCLAVE, or boot)\n"
"  -c, --cpus LIST       these cores, such as 2,4-7\n"
"  -n, --ncpus N         that many cores, or \"all\" (default: 1)\n"
"  -m, --memory SIZE     reserve LWK memory, such as 512m or 4g\n"
"      --mem-over=HOW    beyond it, fail (ENOMEM; the default) or use memory of\n"
"                        linux\n"
"      --pages=SIZE      pages of 2m where they fit (the default), of 4k, or\n"
"                        of 1g for mappings, as far as there are any\n"
"      --fault=WHEN      memory is there at the call (eager, the default) or when\n"
"                        touched (lazy)\n"
"      --numa=HOW        from the node of the core (local, the default), from\n"
"                        all (interleave) or from some (bind:NODES); each of\n"
"                        these three may name a part: heap:, stack:, anon:, data:\n"
"      --lock-text=no    program text may be reclaimed (default: yes, locked\n"
"                        if ulimit -l is unlimited)\n"
"      --quantum=MS      round robin quantum in ms, 0 to 10000; 0: never\n"
"                        (default: the enclave's)\n"
"      --no-inherit      child processes leave the LWK\n"
"      --wait[=SECONDS]  wait for cores that others hold\n"
"      --local=LIST      serve these system calls on the cores: names and\n"
"                        groups, such as read,%net\n"
"      --hop=LIST        serve these on cores of Linux\n"
"      --local-all       serve all calls on the cores\n"
"      --hop-all         serve none there; later options change either\n"
"  -v, --verbose         say which cores were reserved\n"
"      --dry-run         print which cores it would be, and end\n"
"      --stats[=FILE]    when the command has ended, print what interrupted it\n"
"                        on its cores, to standard error or to FILE\n"
"      --json            with --dry-run or --stats: print a JSON object\n"
"  -h, --help            print this, and end\n"
"  -V, --version         print the version, and end\n"
"\n"
"Exit status: that of the command; 125 if lwkexec fails, 126 if the command\n"
"cannot be executed, 127 if it cannot be found. See lwkexec(1).\n";

static _Noreturn void misuse(void)
{
	fprintf(stderr, "Try 'lwkexec --help'.\n");
	exit(EXIT_LWKEXEC);
}

static _Noreturn void finish_stdout(void)
{
	if (fflush(stdout) || ferror(stdout))
		err(EXIT_LWKEXEC, "standard output");
	exit(EXIT_SUCCESS);
}

static void set_quantum(struct request *request, const char *text)
{
	switch (number_parse_units(text, 1000, LWK_QUANTUM_MAX_US,
				   &request->quantum_us)) {
	case 0:
		return;
	case -ERANGE:
		errx(EXIT_LWKEXEC,
		     "--quantum=%s: out of range: from 0.001 to %u ms, or 0 for never",
		     text, LWK_QUANTUM_MAX_US / 1000);
	default:
		errx(EXIT_LWKEXEC,
		     "--quantum=%s: not a number of milliseconds: give one such as 100 or 0.5",
		     text);
	}
}

static void set_wait(struct request *request, const char *text)
{
	const unsigned int max = LWK_TIMEOUT_NONE - 1;

	request->wait = true;
	request->timeout_ms = LWK_TIMEOUT_NONE;
	if (!text)
		return;
	switch (number_parse_units(text, 1000, max, &request->timeout_ms)) {
	case 0:
		request->wait = request->timeout_ms > 0;
		return;
	case -ERANGE:
		errx(EXIT_LWKEXEC,
		     "--wait=%s: out of range: from 0.001 to %u s, or --wait for ever",
		     text, max / 1000);
	default:
		errx(EXIT_LWKEXEC,
		     "--wait=%s: not a number of seconds: give one such as 10 or 0.5",
		     text);
	}
}

static void set_calls(struct request *request, bool hop, const char *list)
{
	const char *option = hop ? "hop" : "local";
	char word[64];

	if (calls_set(&request->calls, hop, list, word, sizeof(word)) < 0)
		errx(EXIT_LWKEXEC,
		     "--%s='%s': '%s' is no system call: give names such as openat, or groups: %s",
		     option, list, word, calls_groups());
}

static void set_cpus(struct request *request, const char *text)
{
	struct cpulist_error error;

	request->cores = hwloc_bitmap_alloc();
	if (!request->cores)
		err(EXIT_LWKEXEC, NULL);
	if (!*text)
		errx(EXIT_LWKEXEC,
		     "-c '': no core at all: give a list such as 2,4-7");
	if (cpulist_parse(text, request->cores, &error) < 0)
		errx(EXIT_LWKEXEC,
		     "-c '%s': %s, at '%s': give a list such as 2,4-7", text,
		     error.why, error.at);
}

static void set_ncpus(struct request *request, const char *text)
{
	if (number_parse_count(text, CPULIST_MAX_CPUS, &request->nr_cores) < 0)
		errx(EXIT_LWKEXEC,
		     "-n '%s': not a number of cores: give 1 to %u, or all",
		     text, CPULIST_MAX_CPUS);
}

static void set_memory_option(struct request *request, int option,
			      const char *arg)
{
	switch (option) {
	case 'm':
		memory_set_size(request, arg);
		break;
	case OPT_MEM_OVER:
		memory_set_over(request, arg);
		break;
	case OPT_PAGES:
		memory_set_pages(request, arg);
		break;
	case OPT_FAULT:
		memory_set_fault(request, arg);
		break;
	case OPT_NUMA:
		memory_set_numa(request, arg);
		break;
	case OPT_LOCK_TEXT:
		memory_set_lock_text(request, arg);
		break;
	}
}

static void set_option(struct options *options, int option, const char *arg)
{
	struct request *request = &options->request;

	switch (option) {
	case 'e':
		request->enclave.name = arg;
		request->from_env = false;
		break;
	case 'c':
		options->cpus = arg;
		break;
	case 'n':
		options->ncpus = arg;
		break;
	case 'v':
		options->verbose = true;
		break;
	case 'm':
	case OPT_MEM_OVER:
	case OPT_PAGES:
	case OPT_FAULT:
	case OPT_NUMA:
	case OPT_LOCK_TEXT:
		set_memory_option(request, option, arg);
		break;
	case OPT_QUANTUM:
		set_quantum(request, arg);
		break;
	case OPT_NO_INHERIT:
		request->no_inherit = true;
		break;
	case OPT_WAIT:
		set_wait(request, arg);
		break;
	case OPT_DRY_RUN:
		request->dry_run = true;
		break;
	case OPT_JSON:
		options->json = true;
		break;
	case OPT_STATS:
		options->stats = true;
		options->stats_file = arg;
		break;
	case OPT_LOCAL:
	case OPT_HOP:
		set_calls(request, option == OPT_HOP, arg);
		break;
	case OPT_LOCAL_ALL:
	case OPT_HOP_ALL:
		calls_set_all(&request->calls, option == OPT_HOP_ALL);
		break;
	case 'h':
		fputs(usage_text, stdout);
		finish_stdout();
	case 'V':
		puts("lwkexec " LWK_VERSION);
		finish_stdout();
	default:
		misuse();
	}
}

static void set_defaults(struct request *request)
{
	const char *name = getenv("LWK_ENCLAVE");

	request->enclave.root = lwkdev_enclaves();
	request->from_env = name && *name;
	request->enclave.name = request->from_env ? name : LWK_ENCLAVE_BOOT;
	request->quantum_us = LWK_QUANTUM_DEFAULT;
}

static void parse_options(struct options *options, int argc, char **argv)
{
	int option;

	memset(options, 0, sizeof(*options));
	set_defaults(&options->request);
	while ((option = getopt_long(argc, argv, "+e:c:n:m:vhV", long_options,
				     NULL)) != -1)
		set_option(options, option, optarg);
	options->command = argv + optind;
	if (optind == argc) {
		warnx("no command: say what to run on the cores");
		misuse();
	}
	if (options->cpus && options->ncpus)
		errx(EXIT_LWKEXEC,
		     "-c '%s' and -n '%s': both name the cores: give only one",
		     options->cpus, options->ncpus);
	if (options->request.memory_over && !options->request.memory)
		errx(EXIT_LWKEXEC, "--mem-over: beyond what? Give -m SIZE");
	if (options->json && !options->request.dry_run && !options->stats)
		errx(EXIT_LWKEXEC,
		     "--json: only --dry-run and --stats print anything: give one of them");
}

static void check_request(struct options *options)
{
	struct request *request = &options->request;
	const char *why = enclave_name_error(request->enclave.name);

	if (why) {
		explain_name(request, why);
		exit(EXIT_LWKEXEC);
	}
	if (options->cpus)
		set_cpus(request, options->cpus);
	else if (options->ncpus && !strcmp(options->ncpus, "all"))
		options->all = true;
	else
		set_ncpus(request, options->ncpus ? options->ncpus : "1");
	if (request->dry_run) {
		request->wait = false;
		options->stats = false;
	}
}

static void check_command(const char *name)
{
	switch (command_check(name)) {
	case -ENOENT:
		errx(EXIT_NOT_FOUND,
		     "command '%s': not found: check its name and PATH", name);
	case -EACCES:
		errx(EXIT_NOT_EXECUTABLE,
		     "command '%s': found, but not executable: see its type and mode with ls -l",
		     name);
	default:
		break;
	}
}

static void ask_for_all(struct request *request)
{
	request->cores = enclave_read_cores(&request->enclave, "cores");
	if (!request->cores) {
		explain_cores_unknown(request, errno);
		exit(EXIT_LWKEXEC);
	}
	if (hwloc_bitmap_iszero(request->cores))
		errx(EXIT_LWKEXEC,
		     "enclave %s: it has no cores: choose another with -e",
		     request->enclave.name);
}

static int open_device(void)
{
	int fd = lwkdev_open();

	if (fd < 0) {
		explain_device(errno);
		exit(EXIT_LWKEXEC);
	}
	return fd;
}

static void reserve(struct options *options, int device,
		    struct reservation *reservation)
{
	struct request *request = &options->request;
	int error;

	if (options->all)
		ask_for_all(request);
	error = join_enclave(device, request, reservation);
	if (!error && !request->dry_run) {
		error = join_set_calls(device, request);
		if (error) {
			explain_calls(error);
			exit(EXIT_LWKEXEC);
		}
	}
	close(device);
	if (error) {
		explain_join(error, request, reservation);
		exit(EXIT_LWKEXEC);
	}
}

static _Noreturn void report_dry_run(const struct options *options,
				     const struct reservation *reservation)
{
	if (!options->json)
		report_text(stdout, &options->request, reservation);
	else if (report_json(stdout, &options->request, reservation,
			     options->command, NULL) < 0)
		err(EXIT_LWKEXEC, "--json");
	finish_stdout();
}

/* Where the table goes: found out before anything is reserved. */
static int open_stats(const struct options *options)
{
	int fd;

	if (!options->stats_file)
		return STDERR_FILENO;
	fd = open(options->stats_file,
		  O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		err(EXIT_LWKEXEC, "--stats='%s': cannot write it",
		    options->stats_file);
	return fd;
}

/* A kernel that keeps an account says that nobody has joined here yet. */
static void check_account(int device)
{
	struct lwk_stats stats;

	if (!lwkdev_stats(device, &stats) || errno == ENODATA)
		return;
	explain_stats(errno);
	exit(EXIT_LWKEXEC);
}

static struct witness *share_witness(void)
{
	struct witness *witness;

	witness = mmap(NULL, sizeof(*witness), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (witness == MAP_FAILED)
		err(EXIT_LWKEXEC, "--stats");
	return witness;
}

static void testify(struct witness *witness,
		    const struct reservation *reservation)
{
	hwloc_bitmap_to_ulongs(reservation->cores,
			       sizeof(witness->cores) / sizeof(long),
			       witness->cores);
	clock_gettime(CLOCK_MONOTONIC, &witness->start);
	witness->running = true;
}

static long long us_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - start->tv_sec) * 1000000LL +
	       (now.tv_nsec - start->tv_nsec) / 1000;
}

/* In one piece, where others may write, too. Returns -1 with errno. */
static int write_outcome(const struct options *options,
			 const struct reservation *reservation,
			 const struct outcome *outcome, int fd)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out;
	int ret = 0;

	out = open_memstream(&text, &len);
	if (!out)
		return -1;
	if (!options->json)
		report_outcome(out, &options->request, reservation, outcome);
	else
		ret = report_json(out, &options->request, reservation,
				  options->command, outcome);
	if (fclose(out))
		ret = -1;
	if (!ret)
		ret = textfile_write(fd, text);
	free(text);
	return ret;
}

/* The command has ended, and its status is not ours to change. */
static void tell_outcome(const struct options *options, int device,
			 const struct witness *witness,
			 struct reservation *reservation, int status, int fd)
{
	static struct outcome outcome;

	outcome.status = status;
	outcome.elapsed_us = us_since(&witness->start);
	if (lwkdev_stats(device, &outcome.stats) < 0 ||
	    lwkdev_memory(device, &outcome.memory) < 0 ||
	    lwkdev_counts(device, outcome.calls) < 0) {
		explain_stats(errno);
		return;
	}
	hwloc_bitmap_from_ulongs(reservation->cores,
				 sizeof(witness->cores) / sizeof(long),
				 witness->cores);
	if (write_outcome(options, reservation, &outcome, fd) < 0)
		warn("--stats='%s'", options->stats_file ?: "standard error");
}

/*
 * Returns in a child, which is to join through @device and to become the
 * command. We never join: what interrupts us interrupts nobody.
 */
static struct witness *stand_in(const struct options *options, int device,
				struct reservation *reservation)
{
	struct witness *witness = share_witness();
	int status, fd;
	pid_t pid;

	check_account(device);
	fd = open_stats(options);
	pid = command_fork();
	if (pid < 0)
		err(EXIT_LWKEXEC, "--stats: fork");
	if (!pid)
		return witness;
	status = command_attend(pid);
	/* Otherwise the child has said why. */
	if (witness->running)
		tell_outcome(options, device, witness, reservation, status, fd);
	command_end_alike(status);
}

/* The kernel takes the cores back when we exit. */
static _Noreturn void become(char **command, struct witness *witness)
{
	execvp(command[0], command);
	if (witness)
		witness->running = false;
	if (errno == ENOENT)
		errx(EXIT_NOT_FOUND,
		     "command '%s': it, or the interpreter it names, is not found",
		     command[0]);
	err(EXIT_NOT_EXECUTABLE, "command '%s'", command[0]);
}

int main(int argc, char **argv)
{
	struct reservation reservation = { 0 };
	struct witness *witness = NULL;
	struct options options;
	int device;

	/* One write per line: many of us may share a terminal or a log. */
	setvbuf(stderr, NULL, _IOLBF, BUFSIZ);
	argv[0] = program_invocation_short_name;	/* for getopt */
	parse_options(&options, argc, argv);
	check_request(&options);
	check_command(options.command[0]);
	reservation.cores = hwloc_bitmap_alloc();
	if (!reservation.cores)
		err(EXIT_LWKEXEC, NULL);
	device = open_device();
	if (options.stats)
		witness = stand_in(&options, device, &reservation);
	reserve(&options, device, &reservation);
	if (options.request.dry_run)
		report_dry_run(&options, &reservation);
	if (options.verbose) {
		fputs("lwkexec: ", stderr);
		report_text(stderr, &options.request, &reservation);
	}
	if (witness)
		testify(witness, &reservation);
	memory_limit(&options.request);
	become(options.command, witness);
}
