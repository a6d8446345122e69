// SPDX-License-Identifier: GPL-2.0
/*
 * xemem: who shares memory with whom. Reads what the kernel lists; shares
 * nothing itself.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "attachments.h"
#include "info.h"
#include "number.h"
#include "segments.h"

#ifndef LWK_VERSION
#define LWK_VERSION "unknown"
#endif

#define DEVICE		"/dev/xpmem"

#define EXIT_NONE	1	/* no such segment, also after a wait */
#define EXIT_USAGE	2
#define EXIT_XEMEM	125	/* xemem itself, or the kernel, fails */

struct options {
	bool json;
	const char *timeout;	/* the text of --timeout */
	int timeout_ms;		/* -1: for ever */
	const char *user;	/* the text of --user */
	uid_t uid;
	int nr_args;
	char **args;
};

enum {
	OPT_JSON = 0x100,
	OPT_TIMEOUT,
	OPT_USER,
};

static const struct option long_options[] = {
	{ "json", no_argument, NULL, OPT_JSON },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "user", required_argument, NULL, OPT_USER },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static const char usage_text[] =
"Usage: xemem list [--json]\n"
"       xemem attachments [--json]\n"
"       xemem wait NAME [--timeout SECONDS] [--user USER]\n"
"       xemem info [--json]\n"
"Show what memory processes share by XPMEM and XEMEM.\n"
"\n"
"  list                  all segments, and who has attached how much of them\n"
"  attachments           all attachments of the machine, with what is mapped in\n"
"                        each, by size of the page; for root\n"
"  wait NAME             wait until there is a segment of this name, and print\n"
"                        its number\n"
"  info                  version and features of the kernel's XEMEM\n"
"\n"
"      --json            print JSON\n"
"      --timeout SECONDS wait so long; 0: not at all (default: for ever)\n"
"      --user USER       wait for one of this user, by name or number\n"
"  -h, --help            print this, and end\n"
"  -V, --version         print the version, and end\n"
"\n"
"Exit status: 0; 1 if there is no such segment, even after waiting; 2 after a\n"
"mistake in the command line; 125 if xemem fails. See xemem(1).\n";

static _Noreturn void misuse(void)
{
	fprintf(stderr, "Try 'xemem --help'.\n");
	exit(EXIT_USAGE);
}

static _Noreturn void finish_stdout(void)
{
	if (fflush(stdout) || ferror(stdout))
		err(EXIT_XEMEM, "standard output");
	exit(EXIT_SUCCESS);
}

/* The kernel, or the way to it, has failed. */
static _Noreturn void fail(int error)
{
	switch (error) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		errx(EXIT_XEMEM,
		     DEVICE ": no such device: boot a kernel with CONFIG_XEMEM; in a container, pass the device in");
	case EACCES:
	case EPERM:
		errx(EXIT_XEMEM,
		     DEVICE ": %s: install the udev rule 60-xpmem.rules, or as root: chmod a+rw "
		     DEVICE, strerror(error));
	case ENOTTY:
		errx(EXIT_XEMEM,
		     DEVICE ": this is XPMEM without names and lists: boot a kernel with CONFIG_XEMEM");
	default:
		errx(EXIT_XEMEM, DEVICE ": %s", strerror(error));
	}
}

static void set_timeout(struct options *options, const char *text)
{
	unsigned int ms = 0;

	options->timeout = text;
	switch (number_parse_units(text, 1000, INT32_MAX, &ms)) {
	case 0:
		options->timeout_ms = (int)ms;
		return;
	case -ERANGE:
		errx(EXIT_USAGE,
		     "--timeout=%s: out of range: from 0.001 to %d s, 0 for not at all, or without this option for ever",
		     text, INT32_MAX / 1000);
	default:
		errx(EXIT_USAGE,
		     "--timeout=%s: not a number of seconds: give one such as 10 or 0.5",
		     text);
	}
}

static void set_user(struct options *options, const char *text)
{
	const struct passwd *user = getpwnam(text);
	unsigned int uid = 0;

	options->user = text;
	if (user)
		options->uid = user->pw_uid;
	else if (!strchr(text, '.') &&
		 !number_parse_units(text, 1, UINT32_MAX - 1, &uid))
		options->uid = uid;
	else
		errx(EXIT_USAGE,
		     "--user=%s: no such user: give a name, or a number", text);
}

static void parse_options(struct options *options, int argc, char **argv)
{
	int option;

	*options = (struct options){ .timeout_ms = -1 };
	while ((option = getopt_long(argc, argv, "hV", long_options,
				     NULL)) != -1) {
		switch (option) {
		case OPT_JSON:
			options->json = true;
			break;
		case OPT_TIMEOUT:
			set_timeout(options, optarg);
			break;
		case OPT_USER:
			set_user(options, optarg);
			break;
		case 'h':
			fputs(usage_text, stdout);
			finish_stdout();
		case 'V':
			puts("xemem " LWK_VERSION);
			finish_stdout();
		default:
			misuse();
		}
	}
	options->args = argv + optind;
	options->nr_args = argc - optind;
}

static void do_list(const struct options *options)
{
	struct segments segments;
	int ret;

	if (segments_read(&segments) < 0)
		fail(errno);
	ret = options->json ? segments_json(stdout, &segments) :
			      segments_text(stdout, &segments);
	free(segments.segment);
	if (ret < 0)
		err(EXIT_XEMEM, "list");
}

static void do_attachments(const struct options *options)
{
	FILE *in = fopen(ATTACHMENTS, "re");
	int ret;

	if (!in)
		err(EXIT_XEMEM,
		    ATTACHMENTS ": it takes root, debugfs mounted, and a kernel with CONFIG_XEMEM and CONFIG_DEBUG_FS");
	ret = options->json ? attachments_json(stdout, in) :
			      attachments_text(stdout, in);
	fclose(in);
	if (ret < 0)
		err(EXIT_XEMEM, ATTACHMENTS);
}

static _Noreturn void explain_wait(const struct options *options,
				   const char *name, int error)
{
	switch (error) {
	case ENOENT:
		errx(EXIT_NONE,
		     "segment %s: there is none: see xemem list, or wait longer than 0 s",
		     name);
	case ETIMEDOUT:
		errx(EXIT_NONE, "segment %s: there is still none after %s s",
		     name, options->timeout);
	case ENAMETOOLONG:
	case EINVAL:
		errx(EXIT_USAGE,
		     "segment '%s': not a name: give one of at most %d characters A-Z a-z 0-9 . _ - /",
		     name, XEMEM_NAME_MAX - 1);
	default:
		fail(error);
	}
}

static void do_wait(const struct options *options)
{
	const char *name = options->args[1];
	xpmem_segid_t segid;

	/* Nobody here catches signals: none interrupts it. */
	segid = options->user ?
		xemem_lookup_of(name, options->uid, options->timeout_ms) :
		xemem_lookup(name, options->timeout_ms);
	if (segid < 0)
		explain_wait(options, name, errno);
	printf("%#llx\n", segid);
}

static void do_info(const struct options *options)
{
	struct info info;

	if (info_read(&info) < 0)
		fail(errno);
	if (!options->json)
		info_text(stdout, &info);
	else if (info_json(stdout, &info) < 0)
		err(EXIT_XEMEM, "info");
}

/**
 * struct verb - what can be asked for
 * @name: its word
 * @nr_args: how many words there are with it
 * @arg: what the other one is
 * @json: it can print JSON
 * @timeout: it can wait
 * @run: does it, or exits
 */
static const struct verb {
	const char *name;
	int nr_args;
	const char *arg;
	bool json;
	bool timeout;
	void (*run)(const struct options *options);
} verbs[] = {
	{ "list", 1, NULL, true, false, do_list },
	{ "attachments", 1, NULL, true, false, do_attachments },
	{ "wait", 2, "a name", false, true, do_wait },
	{ "info", 1, NULL, true, false, do_info },
};

static const struct verb *find_verb(const struct options *options)
{
	const char *name = options->args[0];
	size_t i;

	if (!options->nr_args) {
		warnx("nothing to do: say one of list, attachments, wait, info");
		misuse();
	}
	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	errx(EXIT_USAGE, "%s: no such command: say one of list, attachments, wait, info",
	     name);
}

static void check_verb(const struct verb *verb, const struct options *options)
{
	if (options->nr_args < verb->nr_args) {
		warnx("%s: %s is missing", verb->name, verb->arg);
		misuse();
	}
	if (options->nr_args > verb->nr_args) {
		warnx("%s: '%s' is too much", verb->name,
		      options->args[verb->nr_args]);
		misuse();
	}
	if (options->json && !verb->json)
		errx(EXIT_USAGE, "%s --json: only wait does not print JSON",
		     verb->name);
	if (options->timeout && !verb->timeout)
		errx(EXIT_USAGE, "%s --timeout: only wait waits", verb->name);
	if (options->user && !verb->timeout)
		errx(EXIT_USAGE, "%s --user: only wait looks for a name",
		     verb->name);
}

int main(int argc, char **argv)
{
	struct options options;
	const struct verb *verb;

	setvbuf(stderr, NULL, _IOLBF, BUFSIZ);
	argv[0] = program_invocation_short_name;	/* for getopt */
	parse_options(&options, argc, argv);
	verb = find_verb(&options);
	check_verb(verb, &options);
	verb->run(&options);
	finish_stdout();
}
