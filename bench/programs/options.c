// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "noise.h"

#define SECONDS_MAX	86400.0
#define CORE_MAX	65535

static const struct option common[] = {
	{ "cores", required_argument, NULL, 'c' },
	{ "help", no_argument, NULL, 'h' },
	{ "json", no_argument, NULL, 'j' },
	{ "threads", required_argument, NULL, 'n' },
	{ "output", required_argument, NULL, 'o' },
	{ "seconds", required_argument, NULL, 's' },
	{ "control", required_argument, NULL, 'C' },
	{ NULL, 0, NULL, 0 }
};

void settings_join(const struct option *own, struct option *all)
{
	size_t count = 0;

	while (own->name)
		all[count++] = *own++;
	memcpy(all + count, common, sizeof(common));
}

void settings_defaults(struct settings *settings)
{
	memset(settings, 0, sizeof(*settings));
	settings->seconds = 10;
}

uint64_t number_option(const char *name, const char *value, uint64_t least,
		       uint64_t most)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(value, &end, 10);
	if (end == value || *end || *value == '-' || errno || number < least ||
	    number > most)
		errx(2, "%s: '%s': takes a number from %llu to %llu", name,
		     value, (unsigned long long)least,
		     (unsigned long long)most);
	return number;
}

static double seconds_option(const char *value)
{
	double seconds;
	char *end;

	seconds = strtod(value, &end);
	if (end == value || *end || !(seconds > 0) || seconds > SECONDS_MAX)
		errx(2, "--seconds: '%s': takes seconds, more than 0 and at most %g",
		     value, SECONDS_MAX);
	return seconds;
}

static void add_cores(struct settings *settings, const char *value,
		      uint64_t first, uint64_t last)
{
	if (last < first)
		errx(2, "--cores: '%s': %llu-%llu runs backwards", value,
		     (unsigned long long)first, (unsigned long long)last);
	for (uint64_t core = first; core <= last; core++) {
		if (settings->nr_cores == WORKERS_MAX)
			errx(2, "--cores: '%s': at most %d cores", value,
			     WORKERS_MAX);
		settings->cores[settings->nr_cores++] = core;
	}
}

static void cores_option(struct settings *settings, const char *value)
{
	char *copy = strdup(value), *rest = copy, *part, *dash;
	uint64_t first, last;

	if (!copy)
		err(1, "--cores");
	settings->nr_cores = 0;
	while ((part = strsep(&rest, ","))) {
		dash = strchr(part, '-');
		if (dash)
			*dash = '\0';
		first = number_option("--cores", part, 0, CORE_MAX);
		last = dash ? number_option("--cores", dash + 1, 0, CORE_MAX) :
			      first;
		add_cores(settings, value, first, last);
	}
	free(copy);
}

bool settings_option(struct settings *settings, int letter, const char *value)
{
	switch (letter) {
	case 'c':
		cores_option(settings, value);
		return true;
	case 'j':
		settings->json = true;
		return true;
	case 'n':
		settings->nr_workers = number_option("--threads", value, 1,
						     WORKERS_MAX);
		return true;
	case 'o':
		settings->output = value;
		return true;
	case 's':
		settings->seconds = seconds_option(value);
		return true;
	case 'C':
		settings->control = value;
		return true;
	default:
		return false;
	}
}

void settings_check(struct settings *settings, int argc, int first)
{
	if (first < argc)
		errx(2, "takes no argument besides options");
	if (settings->nr_cores && settings->nr_workers)
		errx(2, "--threads: not with --cores, which has one thread for each core");
	if (settings->nr_cores)
		settings->nr_workers = settings->nr_cores;
	if (!settings->nr_workers)
		settings->nr_workers = 1;
}
