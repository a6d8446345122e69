// SPDX-License-Identifier: GPL-2.0
/*
 * lwkexec: reserve cores of an enclave and become a command there.
 *
 * Reads configfs for messages and for "-n all" only; the request itself is
 * one ioctl. Never needs to be setuid.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "explain.h"
#include "join.h"
#include "lwkdev.h"
#include "number.h"
#include "report.h"

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
	char **command;
};

enum {
	OPT_QUANTUM = 0x100,
	OPT_NO_INHERIT,
	OPT_WAIT,
	OPT_DRY_RUN,
	OPT_JSON,
};

static const struct option long_options[] = {
	{ "enclave", required_argument, NULL, 'e' },
	{ "cpus", required_argument, NULL, 'c' },
	{ "ncpus", required_argument, NULL, 'n' },
	{ "quantum", required_argument, NULL, OPT_QUANTUM },
	{ "no-inherit", no_argument, NULL, OPT_NO_INHERIT },
	{ "wait", optional_argument, NULL, OPT_WAIT },
	{ "verbose", no_argument, NULL, 'v' },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "json", no_argument, NULL, OPT_JSON },
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
"      --quantum=MS      round robin quantum in ms, 0 to 10000; 0: never\n"
"                        (default: the enclave's)\n"
"      --no-inherit      child processes leave the LWK\n"
"      --wait[=SECONDS]  wait for cores that others hold\n"
"  -v, --verbose         say which cores were reserved\n"
"      --dry-run         print which cores it would be, and end\n"
"      --json            with --dry-run: print a JSON object\n"
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
	while ((option = getopt_long(argc, argv, "+e:c:n:vhV", long_options,
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
	if (options->json && !options->request.dry_run)
		errx(EXIT_LWKEXEC,
		     "--json: only --dry-run prints anything: give both");
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
	if (request->dry_run)
		request->wait = false;
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

static void reserve(struct options *options, struct reservation *reservation)
{
	struct request *request = &options->request;
	int error, fd;

	fd = lwkdev_open();
	if (fd < 0) {
		explain_device(errno);
		exit(EXIT_LWKEXEC);
	}
	if (options->all)
		ask_for_all(request);
	error = join_enclave(fd, request, reservation);
	close(fd);
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
			     options->command) < 0)
		err(EXIT_LWKEXEC, "--json");
	finish_stdout();
}

/* The kernel takes the cores back when we exit. */
static _Noreturn void become(char **command)
{
	execvp(command[0], command);
	if (errno == ENOENT)
		errx(EXIT_NOT_FOUND,
		     "command '%s': it, or the interpreter it names, is not found",
		     command[0]);
	err(EXIT_NOT_EXECUTABLE, "command '%s'", command[0]);
}

int main(int argc, char **argv)
{
	struct reservation reservation = { 0 };
	struct options options;

	/* One write per line: many of us may share a terminal or a log. */
	setvbuf(stderr, NULL, _IOLBF, BUFSIZ);
	argv[0] = program_invocation_short_name;	/* for getopt */
	parse_options(&options, argc, argv);
	check_request(&options);
	check_command(options.command[0]);
	reservation.cores = hwloc_bitmap_alloc();
	if (!reservation.cores)
		err(EXIT_LWKEXEC, NULL);
	reserve(&options, &reservation);
	if (options.request.dry_run)
		report_dry_run(&options, &reservation);
	if (options.verbose) {
		fputs("lwkexec: ", stderr);
		report_text(stderr, &options.request, &reservation);
	}
	become(options.command);
}
