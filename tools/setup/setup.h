/* SPDX-License-Identifier: GPL-2.0 */
/* What all of lwk-setup shares: how it ends. */
#ifndef LWK_SETUP_SETUP_H
#define LWK_SETUP_SETUP_H

#include <err.h>
#include <stdio.h>

/* As lwk-setup(8) says; EXIT_SUCCESS beside them. */
#define EXIT_NO		1	/* the answer is no */
#define EXIT_USAGE	2
#define EXIT_ABSENT	3	/* there is no configuration file */
#define EXIT_SETUP	125	/* lwk-setup itself fails */

/* Passes memory on; without any, nothing can be said but that. */
static inline void *need(void *memory)
{
	if (!memory)
		err(EXIT_SETUP, NULL);
	return memory;
}

/* Text as of printf(), for free(); never NULL. */
#define text_of(...)						\
	({							\
		char *text_made;				\
								\
		if (asprintf(&text_made, __VA_ARGS__) < 0)	\
			text_made = NULL;			\
		(char *)need(text_made);			\
	})

#endif /* LWK_SETUP_SETUP_H */
