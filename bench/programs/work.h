/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Work that always takes the same time: registers only, one chain of
 * dependent operations, no memory.
 */
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include <stdint.h>

#define WORK_STEPS	16	/* in one unit */

static inline void work_units(uint64_t units)
{
	uint64_t value = units;

	for (uint64_t i = 0; i < units; i++)
		for (int step = 0; step < WORK_STEPS; step++) {
			value = value * 5 + 1;
			/* or the compiler finds the result without the loop */
			asm volatile("" : "+r" (value));
		}
}

#endif
