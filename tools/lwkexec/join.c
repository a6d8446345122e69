// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "join.h"
#include "lwkdev.h"

_Static_assert(sizeof(struct lwk_join) == LWK_JOIN_SIZE_VER1,
	       "join.c fills this struct");

#define MASK_LONGS	(CPULIST_MAX_CPUS / (sizeof(long) * CHAR_BIT))

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void fill(struct lwk_join *join, const struct request *request,
		 unsigned long *mask, unsigned int timeout_ms)
{
	memset(join, 0, sizeof(*join));
	memset(mask, 0, MASK_LONGS * sizeof(*mask));
	join->size = sizeof(*join);
	if (request->wait)
		join->flags |= LWK_JOIN_WAIT;
	if (request->no_inherit)
		join->flags |= LWK_JOIN_NO_INHERIT;
	if (request->dry_run)
		join->flags |= LWK_JOIN_DRY_RUN;
	snprintf(join->enclave, sizeof(join->enclave), "%s",
		 request->enclave.name);
	join->nr_cores = request->nr_cores;
	join->quantum_us = request->quantum_us;
	join->timeout_ms = request->wait ? timeout_ms : 0;
	join->memory = request->memory;
	if (request->memory_over)
		join->flags |= LWK_JOIN_MEMORY_OVER;
	if (request->no_lock_text)
		join->flags |= LWK_JOIN_NO_LOCK_TEXT;
	memcpy(join->regions, request->regions, sizeof(join->regions));
	join->cpumask_len = MASK_LONGS * sizeof(*mask);
	join->cpumask = (uintptr_t)mask;
	if (request->cores)
		hwloc_bitmap_to_ulongs(request->cores, MASK_LONGS, mask);
}

/* Returns 0, or the errno value. */
static int join_once(int fd, const struct request *request,
		     unsigned int timeout_ms, struct reservation *reservation)
{
	unsigned long mask[MASK_LONGS];
	struct lwk_join join;
	int error;

	fill(&join, request, mask, timeout_ms);
	if (lwkdev_join(fd, &join) < 0) {
		error = errno;
		reservation->holder = join.holder;
		return error;
	}
	if (hwloc_bitmap_from_ulongs(reservation->cores, MASK_LONGS, mask) < 0)
		return ENOMEM;
	return 0;
}

int join_enclave(int fd, const struct request *request,
		 struct reservation *reservation)
{
	unsigned int timeout_ms = request->timeout_ms;
	uint64_t start = now_ms();
	uint64_t spent;
	int error;

	for (;;) {
		error = join_once(fd, request, timeout_ms, reservation);
		if (error != EINTR || !request->wait)
			return error;
		if (request->timeout_ms == LWK_TIMEOUT_NONE)
			continue;
		spent = now_ms() - start;
		if (spent >= request->timeout_ms)
			return ETIMEDOUT;
		timeout_ms = request->timeout_ms - (unsigned int)spent;
	}
}

int join_set_calls(int fd, const struct request *request)
{
	struct lwk_policy policy = { 0 };

	if (!calls_any(&request->calls))
		return 0;
	memcpy(policy.local, request->calls.local, sizeof(policy.local));
	memcpy(policy.hop, request->calls.hop, sizeof(policy.hop));
	return lwkdev_policy(fd, &policy) < 0 ? errno : 0;
}

long long join_quantum_us(const struct request *request)
{
	if (request->quantum_us != LWK_QUANTUM_DEFAULT)
		return request->quantum_us;
	return enclave_read_number(&request->enclave, "quantum_us");
}
