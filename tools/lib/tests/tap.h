/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tests that speak TAP: tap_plan(), then exactly so many ok() or is_str(),
 * then return tap_status() from main().
 */
#ifndef LWK_TOOLS_TAP_H
#define LWK_TOOLS_TAP_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static unsigned int tap_planned, tap_run, tap_failed;

static inline void tap_plan(unsigned int nr)
{
	tap_planned = nr;
	printf("TAP version 13\n1..%u\n", nr);
}

#define ok(cond, ...)						\
	do {							\
		bool tap_ok = (cond);				\
								\
		tap_run++;					\
		tap_failed += !tap_ok;				\
		printf("%sok %u - ", tap_ok ? "" : "not ", tap_run);	\
		printf(__VA_ARGS__);				\
		printf("\n");					\
		if (!tap_ok)					\
			printf("# %s:%d: %s\n", __FILE__, __LINE__, #cond); \
	} while (0)

/* NULL equals only NULL. */
static inline void is_str(const char *got, const char *want, const char *what)
{
	bool same = got && want ? !strcmp(got, want) : got == want;

	ok(same, "%s", what);
	if (!same)
		printf("# got '%s', want '%s'\n", got ? got : "(null)",
		       want ? want : "(null)");
}

static inline int tap_status(void)
{
	if (tap_run != tap_planned)
		printf("# planned %u tests, ran %u\n", tap_planned, tap_run);
	return tap_failed || tap_run != tap_planned;
}

#endif /* LWK_TOOLS_TAP_H */
