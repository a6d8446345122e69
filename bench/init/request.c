// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "init.h"

#define SECONDS_MAX	3600.0

static int set_subject(struct request *request, const char *name)
{
	static const char * const names[] = { "lwk", "tuned", "plain" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], name))
			continue;
		request->subject = i;
		return 0;
	}
	return fail_with("lab.subject", name, "one of lwk, tuned, plain");
}

static int set_seconds(struct request *request, const char *text)
{
	char *end;

	request->seconds = strtod(text, &end);
	if (end == text || *end || !(request->seconds > 0) ||
	    request->seconds > SECONDS_MAX)
		return fail_with("lab.seconds", text,
				 "takes seconds, more than 0 and at most 3600");
	return 0;
}

static int set_name(const char *parameter, char *name, size_t size,
		    const char *text)
{
	if ((size_t)snprintf(name, size, "%s", text) >= size)
		return fail_with(parameter, text, "too long");
	return 0;
}

static int set(struct request *request, char *word)
{
	char *value = strchr(word, '=');

	if (!value)
		return fail_with("command line", word, "takes a value");
	*value++ = '\0';
	if (!strcmp(word, "lab.subject"))
		return set_subject(request, value);
	if (!strcmp(word, "lab.seconds"))
		return set_seconds(request, value);
	if (!strcmp(word, "lab.storm"))
		return set_name(word, request->storm, sizeof(request->storm),
				value);
	if (!strcmp(word, "lab.program"))
		return set_name(word, request->program,
				sizeof(request->program), value);
	return fail_with("command line", word, "no such parameter of the lab");
}

int request_read(struct request *request)
{
	char text[4096], *rest = text, *word;

	*request = (struct request){ .subject = SUBJECT_PLAIN, .seconds = 5 };
	strcpy(request->program, "selfish");
	if (read_text("/proc/cmdline", text, sizeof(text)))
		return -1;
	while ((word = strsep(&rest, "\n ")))
		if (!strncmp(word, "lab.", 4) && set(request, word))
			return -1;
	return 0;
}
