/* SPDX-License-Identifier: GPL-2.0 */
/* The request for cores, and what became of it. */
#ifndef LWKEXEC_JOIN_H
#define LWKEXEC_JOIN_H

#include <stdbool.h>
#include <linux/lwk.h>
#include <sys/types.h>

#include "calls.h"
#include "cpulist.h"
#include "enclave.h"

/* Exit status when lwkexec itself fails, and as the shell has them. */
#define EXIT_LWKEXEC		125
#define EXIT_NOT_EXECUTABLE	126
#define EXIT_NOT_FOUND		127

/**
 * struct request - what the user wants
 * @enclave: where
 * @from_env: the name is the environment's, not an option's
 * @cores: the cores wanted, or NULL when a number is
 * @nr_cores: the number of cores wanted, or 0
 * @quantum_us: as in struct lwk_join
 * @wait: wait for cores held by others, up to @timeout_ms
 * @timeout_ms: as in struct lwk_join
 * @no_inherit: children leave the LWK
 * @dry_run: reserve nothing
 * @memory: bytes of LWK memory to reserve, or 0
 * @memory_over: more than @memory may be had from Linux
 * @regions: how memory is to be
 * @no_lock_text: program text is not locked
 * @calls: where system calls are to be served, as far as the user says
 */
struct request {
	struct enclave enclave;
	bool from_env;
	hwloc_bitmap_t cores;
	unsigned int nr_cores;
	unsigned int quantum_us;
	bool wait;
	unsigned int timeout_ms;
	bool no_inherit;
	bool dry_run;
	unsigned long long memory;
	bool memory_over;
	struct lwk_region_policy regions[LWK_NR_REGIONS];
	bool no_lock_text;
	struct calls_policy calls;
};

/**
 * struct reservation - what the kernel gave
 * @cores: on success, the cores; the caller allocates it
 * @holder: after EBUSY, a process that holds a wanted core, or 0
 */
struct reservation {
	hwloc_bitmap_t cores;
	pid_t holder;
};

/*
 * Ask the kernel at @fd. Returns 0, or the errno value. A wait that a signal
 * interrupts without ending the process goes on for the rest of its time.
 */
int join_enclave(int fd, const struct request *request,
		 struct reservation *reservation);

/* Tell the kernel about @request->calls. Returns 0, or the errno value. */
int join_set_calls(int fd, const struct request *request);

/* Quantum in effect, in microseconds; -1: the enclave's, and unknown. */
long long join_quantum_us(const struct request *request);

#endif /* LWKEXEC_JOIN_H */
