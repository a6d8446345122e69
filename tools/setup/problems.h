/* SPDX-License-Identifier: GPL-2.0 */
/* What is wrong, in lines for people and for programs. */
#ifndef LWK_SETUP_PROBLEMS_H
#define LWK_SETUP_PROBLEMS_H

#include <stddef.h>

#include "setup.h"

/**
 * struct problems - a list of them; starts as all zero
 * @text: each a line without its end
 * @nr: how many
 */
struct problems {
	char **text;
	size_t nr;
};

/* One more; @text comes from malloc() and is freed with the list. */
void problems_put(struct problems *problems, char *text);

/* The same as of printf(). */
#define problems_add(problems, ...) \
	problems_put(problems, text_of(__VA_ARGS__))

/* Each on a line of standard error, behind @about. */
void problems_warn(const struct problems *problems, const char *about);

void problems_free(struct problems *problems);

#endif /* LWK_SETUP_PROBLEMS_H */
