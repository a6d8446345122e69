// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <math.h>

#include "noise.h"

FILE *output_open(const struct settings *settings)
{
	FILE *file;

	if (!settings->output)
		return stdout;
	file = fopen(settings->output, "w");
	if (!file)
		err(1, "%s", settings->output);
	return file;
}

void output_close(const struct settings *settings, FILE *file)
{
	if (fflush(file) || ferror(file))
		err(1, "%s", settings->output ? settings->output :
		    "standard output");
	if (file != stdout)
		fclose(file);
}

struct spread spread_of(const uint64_t *values, size_t count)
{
	struct spread spread = { .least = count ? UINT64_MAX : 0 };
	double squares = 0, off;

	for (size_t i = 0; i < count; i++) {
		if (values[i] < spread.least)
			spread.least = values[i];
		if (values[i] > spread.most)
			spread.most = values[i];
		spread.mean += values[i];
	}
	if (!count)
		return spread;
	spread.mean /= count;
	for (size_t i = 0; i < count; i++) {
		off = values[i] - spread.mean;
		squares += off * off;
	}
	spread.deviation = sqrt(squares / count);
	return spread;
}
