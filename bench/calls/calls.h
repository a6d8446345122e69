/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PID 1 of the lab of calls: what its parts offer each other.
 *
 * Functions that can fail return 0, or -1 after a message on the console.
 */
#ifndef BENCH_CALLS_H
#define BENCH_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../init/init.h"

#define SAMPLES		2000

/* Cores of the lab machine; bench/hops boots with parameters to match. */
#define CORE_PLAIN	0
#define CORE_SERVER	1
#define CORE_ISOLATED	2
#define CORE_LWK	3

/* Where the program runs, and for an LWK core where its calls are served. */
enum place { LINUX, ISOLATED, LWK_LOCAL, LWK_HOP, PLACES };

/**
 * struct op - what is measured
 * @name: of the figure, before the place.
 * @begin: make ready, in the place, or NULL.
 * @prepare: make ready for one more, which is not measured, or NULL.
 * @run: do it once; negative if it failed.
 * @samples: how often.
 * @places: bits of enum place.
 */
struct op {
	const char *name;
	int (*begin)(void);
	void (*prepare)(void);
	long (*run)(void);
	size_t samples;
	unsigned int places;
};

#define EVERYWHERE	((1 << PLACES) - 1)

static inline uint64_t rdtsc(void)
{
	uint32_t low, high;

	asm volatile("rdtsc" : "=a" (low), "=d" (high) : : "memory");
	return (uint64_t)high << 32 | low;
}

/* The system calls that are measured go past the C library. */
static inline long call(long nr, long a, long b, long c, long d, long e,
			long f)
{
	register long r10 asm("r10") = d;
	register long r8 asm("r8") = e;
	register long r9 asm("r9") = f;
	long ret;

	asm volatile("syscall" : "=a" (ret)
		     : "a" (nr), "D" (a), "S" (b), "d" (c), "r" (r10),
		       "r" (r8), "r" (r9)
		     : "rcx", "r11", "memory");
	return ret;
}

/* ops.c: calls that are made in each place. */
extern const struct op ops[];
extern const size_t nr_ops;

/* peers.c: other ways to have a call served by another core. */
extern const struct op peers[];
extern const size_t nr_peers;

/* place.c */
extern const char * const place_names[PLACES];
int place_enter(enum place place);

#endif
