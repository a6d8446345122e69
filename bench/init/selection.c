// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "selection.h"
#include "init.h"

/* Bits of what a list with commas names. */
static int read_list(const char *parameter, char *list, selection_name name,
		     unsigned int *bits)
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

static int set(struct selection *selection, char *word,
	       selection_name name_of_case, selection_name name_of_subject)
{
	char *value = strchr(word, '=');

	if (!value)
		return fail_with("command line", word, "takes a value");
	*value++ = '\0';
	if (!strcmp(word, "lab.cases"))
		return read_list(word, value, name_of_case, &selection->cases);
	if (!strcmp(word, "lab.subjects"))
		return read_list(word, value, name_of_subject,
				 &selection->subjects);
	return fail_with("command line", word, "no such parameter of the lab");
}

int selection_read(struct selection *selection, selection_name name_of_case,
		   selection_name name_of_subject)
{
	char text[4096], *rest = text, *word;

	*selection = (struct selection){ .cases = ~0U, .subjects = ~0U };
	if (read_text("/proc/cmdline", text, sizeof(text)))
		return -1;
	while ((word = strsep(&rest, "\n ")))
		if (!strncmp(word, "lab.", 4) &&
		    set(selection, word, name_of_case, name_of_subject))
			return -1;
	return 0;
}
