/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BENCH_INIT_SAMPLE_H
#define BENCH_INIT_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#define SAMPLES_MAX	5

/**
 * struct sample - what is measured, each time in a process of its own
 * @count: how many count instructions, at most SAMPLES_MAX; one more counts
 *	faults.
 * @rest_us: time before each one, in microseconds.
 * @prepare: make ready, which is not measured; the process is a new one.
 * @run: do it once.
 * @arg: of both.
 */
struct sample {
	int count;
	unsigned int rest_us;
	int (*prepare)(const void *arg);
	int (*run)(const void *arg);
	const void *arg;
};

/* The TSC of the lab: instructions of all CPUs. */
static inline uint64_t sample_now(void)
{
	uint32_t low, high;

	asm volatile("rdtsc" : "=a" (low), "=d" (high) : : "memory");
	return (uint64_t)high << 32 | low;
}

/* Sorts @values. */
uint64_t sample_median(uint64_t *values, size_t count);

/*
 * Measures, and writes "@prefix.insn MEDIAN" and "@prefix.faults COUNT" to
 * @port.
 */
int sample_measure(const struct sample *sample, const char *prefix, int port);

#endif /* BENCH_INIT_SAMPLE_H */
