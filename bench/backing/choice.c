// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "backing.h"

static const char *name_of_case(size_t i)
{
	return i < nr_cases ? cases[i].name : NULL;
}

static const char *name_of_subject(size_t i)
{
	return i < SUBJECTS ? subject_names[i] : NULL;
}

/* Bits of what a list with commas names. */
static int read_list(const char *parameter, char *list,
		     const char *(*name)(size_t i), unsigned int *bits)
{
	char *word;
	size_t i;

	*bits = 0;
	while ((word = strsep(&list, ","))) {
		for (i = 0; name(i) && strcmp(name(i), word); i++)
			;
		if (!name(i))
			return fail_with(parameter, word, "no such name");
		*bits |= 1U << i;
	}
	return 0;
}

static int set(struct choice *choice, char *word)
{
	char *value = strchr(word, '=');

	if (!value)
		return fail_with("command line", word, "takes a value");
	*value++ = '\0';
	if (!strcmp(word, "lab.cases"))
		return read_list(word, value, name_of_case, &choice->cases);
	if (!strcmp(word, "lab.subjects"))
		return read_list(word, value, name_of_subject,
				 &choice->subjects);
	return fail_with("command line", word, "no such parameter of the lab");
}

int choice_read(struct choice *choice)
{
	char text[4096], *rest = text, *word;

	*choice = (struct choice){ .cases = ~0U, .subjects = ~0U };
	if (read_text("/proc/cmdline", text, sizeof(text)))
		return -1;
	while ((word = strsep(&rest, "\n ")))
		if (!strncmp(word, "lab.", 4) && set(choice, word))
			return -1;
	return 0;
}
