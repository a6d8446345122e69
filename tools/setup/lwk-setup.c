// SPDX-License-Identifier: GPL-2.0
/*
 * lwk-setup: propose which cores and how much memory are to go to the LWK, write
 * the configuration file, and do what it says.
 *
 * The proposal is made of what hwloc tells. Nothing but --write and --apply
 * writes anything.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "apply.h"
#include "command.h"
#include "conf.h"
#include "cpulist.h"
#include "json_output.h"
#include "number.h"
#include "proposal.h"
#include "setup.h"

#ifndef LWK_VERSION
#define LWK_VERSION "unknown"
#endif

enum {
	OPT_DRY_RUN = 0x100,
	OPT_WRITE,
	OPT_CHECK,
	OPT_COMMAND_LINE,
	OPT_APPLY,
	OPT_CORES,
	OPT_LINUX_CORES,
	OPT_MEMORY,
	OPT_TOPOLOGY,
	OPT_CONFIG,
	OPT_ROOT,
	OPT_FORCE,
	OPT_JSON,
};

/**
 * struct options - what was asked for
 * @action: one of the first five; 0: not said
 * @cores: the text, or NULL, as of the next two
 * @linux_cores: see @cores
 * @memory: see @cores
 * @topology: file of a recorded machine; NULL: the one we run on
 * @config: the configuration file, for free()
 * @own_config: --config names it
 * @root: in front of what is read and written; "" if there is none
 * @force: what would be refused is done
 * @json: for programs
 */
struct options {
	int action;
	const char *cores;
	const char *linux_cores;
	const char *memory;
	const char *topology;
	char *config;
	bool own_config;
	const char *root;
	bool force;
	bool json;
};

static const struct option long_options[] = {
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "write", no_argument, NULL, OPT_WRITE },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "command-line", no_argument, NULL, OPT_COMMAND_LINE },
	{ "apply", no_argument, NULL, OPT_APPLY },
	{ "cores", required_argument, NULL, OPT_CORES },
	{ "linux-cores", required_argument, NULL, OPT_LINUX_CORES },
	{ "memory", required_argument, NULL, OPT_MEMORY },
	{ "topology", required_argument, NULL, OPT_TOPOLOGY },
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "root", required_argument, NULL, OPT_ROOT },
	{ "force", no_argument, NULL, OPT_FORCE },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static const char usage_text[] =
"Usage: lwk-setup [--dry-run | --write | --check | --command-line | --apply]\n"
"                 [options]\n"
"Propose which cores and how much memory are to go to the LWK, and say why.\n"
"\n"
"      --dry-run         print the proposal (the default)\n"
"      --write           write it to the configuration file, too\n"
"      --check           does the configuration file fit this machine?\n"
"      --command-line    print its boot parameters, if it does\n"
"      --apply           set what is set at run time (lwk.service does that)\n"
"\n"
"For a proposal:\n"
"      --cores=LIST      these CPUs for the LWK, as lwkcpus= takes them\n"
"      --linux-cores=N   keep N cores for Linux\n"
"      --memory=SIZE     so much memory for the LWK, such as 64g, or such a\n"
"                        part of each node that is its, such as 50%; 0: none\n"
"\n"
"      --topology=FILE   a recorded machine: XML that lstopo has written\n"
"      --config=FILE     the configuration file (default: /etc/lwk/lwk.conf)\n"
"      --root=DIR        all files are below DIR\n"
"      --force           --write: replace a file that is not by lwk-setup;\n"
"                        --command-line: on any machine\n"
"      --json            --dry-run, --write, --check: print a JSON object\n"
"  -h, --help            print this, and end\n"
"  -V, --version         print the version, and end\n"
"\n"
"Exit status: 0; 1 if the machine is too small, or the file does not fit it; 2\n"
"after a mistake in the command line; 3 if there is no configuration file; 125\n"
"if lwk-setup fails. See lwk-setup(8).\n";

static _Noreturn void misuse(void)
{
	fprintf(stderr, "Try 'lwk-setup --help'.\n");
	exit(EXIT_USAGE);
}

static _Noreturn void finish_stdout(int status)
{
	if (fflush(stdout) || ferror(stdout))
		err(EXIT_SETUP, "standard output");
	exit(status);
}

static const char *name_of(int option)
{
	const struct option *o;

	for (o = long_options; o->name; o++)
		if (o->val == option)
			return o->name;
	return "";
}

static void set_action(struct options *options, int action)
{
	if (options->action && options->action != action)
		errx(EXIT_USAGE, "--%s and --%s: give only one",
		     name_of(options->action), name_of(action));
	options->action = action;
}

static void set_option(struct options *options, int option, char *arg)
{
	switch (option) {
	case OPT_DRY_RUN:
	case OPT_WRITE:
	case OPT_CHECK:
	case OPT_COMMAND_LINE:
	case OPT_APPLY:
		set_action(options, option);
		break;
	case OPT_CORES:
		options->cores = arg;
		break;
	case OPT_LINUX_CORES:
		options->linux_cores = arg;
		break;
	case OPT_MEMORY:
		options->memory = arg;
		break;
	case OPT_TOPOLOGY:
		options->topology = arg;
		break;
	case OPT_CONFIG:
		free(options->config);
		options->config = need(strdup(arg));
		options->own_config = true;
		break;
	case OPT_ROOT:
		options->root = arg;
		break;
	case OPT_FORCE:
		options->force = true;
		break;
	case OPT_JSON:
		options->json = true;
		break;
	case 'h':
		fputs(usage_text, stdout);
		finish_stdout(EXIT_SUCCESS);
	case 'V':
		puts("lwk-setup " LWK_VERSION);
		finish_stdout(EXIT_SUCCESS);
	default:
		misuse();
	}
}

static void check_options(const struct options *options)
{
	bool proposes = options->action == OPT_DRY_RUN ||
			options->action == OPT_WRITE;

	if (options->cores && options->linux_cores)
		errx(EXIT_USAGE,
		     "--cores and --linux-cores: both say what Linux keeps: give only one");
	if (!proposes &&
	    (options->cores || options->linux_cores || options->memory))
		errx(EXIT_USAGE,
		     "--%s: the configuration file says what is what: --cores, --linux-cores and --memory go with --dry-run or --write",
		     name_of(options->action));
	if (options->force && options->action != OPT_WRITE &&
	    options->action != OPT_COMMAND_LINE)
		errx(EXIT_USAGE,
		     "--force: only --write and --command-line refuse anything: give one of them");
	if (options->json && !proposes && options->action != OPT_CHECK)
		errx(EXIT_USAGE,
		     "--json: --%s does not print any: give --dry-run, --write or --check",
		     name_of(options->action));
}

static void parse_options(struct options *options, int argc, char **argv)
{
	int option;

	memset(options, 0, sizeof(*options));
	options->root = "";
	while ((option = getopt_long(argc, argv, "hV", long_options,
				     NULL)) != -1)
		set_option(options, option, optarg);
	if (optind < argc) {
		warnx("'%s' is too much", argv[optind]);
		misuse();
	}
	if (!options->action)
		options->action = OPT_DRY_RUN;
	check_options(options);
	if (!options->config)
		options->config = text_of("%s" CONF_PATH, options->root);
}

static void read_machine(const struct options *options,
			 struct machine *machine)
{
	if (!machine_read(machine, options->topology))
		return;
	if (!options->topology)
		err(EXIT_SETUP, "hwloc cannot tell what this machine has");
	err(EXIT_SETUP,
	    "--topology=%s: not a machine that hwloc can read: record one with lstopo --of xml FILE",
	    options->topology);
}

static void wish_cores(struct wishes *wishes, const struct options *options)
{
	static struct cpus_arg cpus;
	struct problems bad = { 0 };

	if (options->linux_cores &&
	    number_parse_count(options->linux_cores, CPULIST_MAX_CPUS,
			       &wishes->linux_cores))
		errx(EXIT_USAGE,
		     "--linux-cores=%s: not a number of cores: give 1 to %u",
		     options->linux_cores, CPULIST_MAX_CPUS);
	if (!options->cores)
		return;
	if (cpus_arg_parse(&cpus, options->cores, &bad))
		errx(EXIT_USAGE, "--cores=%s: %s", options->cores, bad.text[0]);
	wishes->cpus = &cpus;
	wishes->cpus_text = options->cores;
}

static void wish_percent(struct wishes *wishes, const char *text, size_t len)
{
	char *number = need(strndup(text, len));

	if (number_parse_count(number, 95, &wishes->percent))
		errx(EXIT_USAGE,
		     "--memory=%s: not a part that the LWK can have: give 1%% to 95%%",
		     text);
	free(number);
}

static void wish_memory(struct wishes *wishes, const char *text)
{
	size_t len;

	if (!text)
		return;
	len = strlen(text);
	if (len && text[len - 1] == '%') {
		wish_percent(wishes, text, len - 1);
		return;
	}
	if (number_parse_bytes(text, &wishes->bytes))
		errx(EXIT_USAGE,
		     "--memory=%s: not a size: give one such as 64g, or 50%%, or 0",
		     text);
	if (wishes->bytes % BOOTARG_UNIT)
		errx(EXIT_USAGE, "--memory=%s: no multiple of 2 MiB", text);
	wishes->bytes_said = true;
}

/*
 * What is there already? Returns false if there is nothing to keep, else its
 * settings are to be taken over. Refuses to touch what others wrote.
 */
static bool read_old(const struct options *options, struct conf *old)
{
	struct problems bad = { 0 };
	int error;

	if (!conf_read(old, options->config, &bad)) {
		if (conf_is_ours(old) || options->force)
			return true;
		errx(EXIT_SETUP,
		     "%s: not written by lwk-setup: move it away, or replace it with --force",
		     options->config);
	}
	error = errno;
	if (!options->force && error != ENOENT && error != ENOTDIR)
		errx(EXIT_SETUP,
		     "%s: %s: not replaced: move it away, or replace it with --force",
		     options->config, bad.text[0]);
	problems_free(&bad);
	return false;
}

static void write_conf(const struct options *options,
		       const struct layout *layout)
{
	struct conf old;
	bool kept;

	if (layout->machine->recorded && !options->own_config &&
	    !*options->root)
		errx(EXIT_USAGE,
		     "--write: a recorded machine is not this one: say with --config or --root where its file is to be");
	kept = read_old(options, &old);
	if (conf_write(options->config, layout, kept ? &old : NULL))
		err(EXIT_SETUP,
		    "%s: cannot be written, all is as it was: be root, or name another place with --config",
		    options->config);
	if (kept)
		conf_free(&old);
}

/* Where there is no update-grub, the administrator does what it would. */
static void tell_next(const struct options *options,
		      const struct layout *layout)
{
	char *line;

	printf("%-8s  %s\n", "written", options->config);
	if (!command_check("update-grub")) {
		printf("%-8s  run update-grub and reboot\n", "next");
		return;
	}
	line = proposal_command_line(layout);
	printf("%-8s  there is no update-grub here: add this to the kernel's command line, and reboot: %s\n",
	       "next", line);
	free(line);
}

static int propose(const struct options *options)
{
	struct wishes wishes = { 0 };
	struct problems bad = { 0 };
	struct machine machine;
	struct layout layout;
	int status;

	wish_cores(&wishes, options);
	wish_memory(&wishes, options->memory);
	read_machine(options, &machine);
	if (layout_make(&layout, &machine, &wishes, &bad)) {
		for (size_t i = 0; i < bad.nr; i++)
			warnx("%s", bad.text[i]);
		exit(EXIT_USAGE);
	}
	status = layout.nr_lwk ? EXIT_SUCCESS : EXIT_NO;
	if (layout.nr_lwk && options->action == OPT_WRITE)
		write_conf(options, &layout);
	if (options->json)
		proposal_json(stdout, &layout);
	else
		proposal_text(stdout, &layout);
	if (layout.nr_lwk && options->action == OPT_WRITE && !options->json)
		tell_next(options, &layout);
	layout_free(&layout);
	machine_free(&machine);
	return status;
}

/* Of a file that is not there, that is all there is to say. */
static void read_conf(const struct options *options, struct conf *conf)
{
	struct problems bad = { 0 };

	if (!conf_read(conf, options->config, &bad))
		return;
	if (errno == ENOENT || errno == ENOTDIR)
		errx(EXIT_ABSENT,
		     "%s: there is none: make one with lwk-setup --write",
		     options->config);
	problems_warn(&bad, options->config);
	exit(EXIT_SETUP);
}

static void print_check(const struct options *options,
			const struct problems *bad)
{
	json_object *object = need(json_object_new_object());
	json_object *array = need(json_object_new_array());
	size_t i;

	for (i = 0; i < bad->nr; i++)
		json_object_array_add(array,
				      json_object_new_string(bad->text[i]));
	json_object_object_add(object, "file",
			       json_object_new_string(options->config));
	json_object_object_add(object, "fits", json_object_new_boolean(!bad->nr));
	json_object_object_add(object, "problems", array);
	json_output(stdout, object);
}

static int check(const struct options *options)
{
	struct problems bad = { 0 };
	struct machine machine;
	struct conf conf;
	int status;

	read_conf(options, &conf);
	read_machine(options, &machine);
	conf_check(&conf, &machine, &bad);
	status = bad.nr ? EXIT_NO : EXIT_SUCCESS;
	if (options->json)
		print_check(options, &bad);
	else if (bad.nr)
		problems_warn(&bad, options->config);
	else
		printf("%s: fits this machine\n", options->config);
	problems_free(&bad);
	machine_free(&machine);
	conf_free(&conf);
	return status;
}

static int command_line(const struct options *options)
{
	struct problems bad = { 0 };
	struct machine machine;
	struct conf conf;
	char *line;

	read_conf(options, &conf);
	if (!options->force) {
		read_machine(options, &machine);
		conf_check(&conf, &machine, &bad);
		machine_free(&machine);
	}
	if (bad.nr) {
		problems_warn(&bad, options->config);
		errx(EXIT_NO,
		     "%s: for other hardware than this: make another with lwk-setup --write, or use --force for an image",
		     options->config);
	}
	line = conf_command_line(&conf);
	puts(line);
	free(line);
	conf_free(&conf);
	return EXIT_SUCCESS;
}

static int apply(const struct options *options)
{
	struct machine machine;
	struct conf conf;
	int status;

	/* First, and in any case: what is in force is so without a file, too. */
	if (apply_irqbalance(options->root))
		warn("%s" IRQBALANCE_FILE ": irqbalance is not told to keep off",
		     options->root);
	read_conf(options, &conf);
	read_machine(options, &machine);
	status = apply_conf(&conf, options->config, &machine, options->root);
	machine_free(&machine);
	conf_free(&conf);
	return status;
}

int main(int argc, char **argv)
{
	struct options options;
	int status;

	setvbuf(stderr, NULL, _IOLBF, BUFSIZ);
	argv[0] = program_invocation_short_name;	/* for getopt */
	parse_options(&options, argc, argv);
	switch (options.action) {
	case OPT_CHECK:
		status = check(&options);
		break;
	case OPT_COMMAND_LINE:
		status = command_line(&options);
		break;
	case OPT_APPLY:
		status = apply(&options);
		break;
	default:
		status = propose(&options);
	}
	free(options.config);
	finish_stdout(status);
}
