// SPDX-License-Identifier: GPL-2.0
#include <time.h>

#include "noise.h"

#define CALIBRATION_NS	20000000

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

double clock_hertz(void)
{
	uint64_t from_ns, to_ns, from, to;

	from_ns = monotonic_ns();
	from = clock_ticks();
	do {
		to_ns = monotonic_ns();
		to = clock_ticks();
	} while (to_ns - from_ns < CALIBRATION_NS);
	return (double)(to - from) * NS_PER_SECOND / (to_ns - from_ns);
}
