// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
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
