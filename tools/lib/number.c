// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"

static int only(const char *text, const char *chars)
{
	return *text && !text[strspn(text, chars)];
}

int number_parse_count(const char *text, unsigned int max,
		       unsigned int *value)
{
	unsigned long n;

	if (!only(text, "0123456789"))
		return -EINVAL;
	errno = 0;
	n = strtoul(text, NULL, 10);
	if (errno || n < 1 || n > max)
		return -ERANGE;
	*value = (unsigned int)n;
	return 0;
}

int number_parse_bytes(const char *text, unsigned long long *value)
{
	static const char suffixes[] = "kmgt";
	unsigned int shift = 0;
	unsigned long long n;
	const char *suffix;
	char *end;

	if (!strchr("0123456789", *text))
		return -EINVAL;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (end == text)
		return -EINVAL;
	if (*end) {
		suffix = strchr(suffixes, tolower((unsigned char)*end));
		if (!suffix || end[1])
			return -EINVAL;
		shift = 10 * (unsigned int)(suffix - suffixes + 1);
	}
	if (errno || n > ULLONG_MAX >> shift)
		return -ERANGE;
	*value = n << shift;
	return 0;
}

int number_parse_units(const char *text, unsigned int units, unsigned int max,
		       unsigned int *value)
{
	double n, rounded;
	char *end;

	if (!only(text, "0123456789."))
		return -EINVAL;
	n = strtod(text, &end);
	if (end == text || *end)
		return -EINVAL;
	rounded = round(n * units);
	if (rounded > max || (n > 0 && rounded < 1))
		return -ERANGE;
	*value = (unsigned int)rounded;
	return 0;
}
