// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "problems.h"

void problems_put(struct problems *problems, char *text)
{
	problems->text = need(reallocarray(problems->text, problems->nr + 1,
					   sizeof(*problems->text)));
	problems->text[problems->nr++] = text;
}

void problems_warn(const struct problems *problems, const char *about)
{
	size_t i;

	for (i = 0; i < problems->nr; i++)
		warnx("%s: %s", about, problems->text[i]);
}

void problems_free(struct problems *problems)
{
	size_t i;

	for (i = 0; i < problems->nr; i++)
		free(problems->text[i]);
	free(problems->text);
	*problems = (struct problems){ 0 };
}
