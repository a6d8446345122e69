/* SPDX-License-Identifier: GPL-2.0 */
/* A reservation and its end, told to people and to programs. */
#ifndef LWKEXEC_REPORT_H
#define LWKEXEC_REPORT_H

#include <stdio.h>

#include <linux/lwk.h>

#include "join.h"

/**
 * struct outcome - what became of the command
 * @stats: the kernel's account of it
 * @memory: its LWK memory
 * @calls: its system calls, by number
 * @status: its end, as wait(2) has it
 * @elapsed_us: how long it had the cores
 */
struct outcome {
	struct lwk_stats stats;
	struct lwk_memory memory;
	struct lwk_call_count calls[LWK_CALLS];
	int status;
	long long elapsed_us;
};

/* One line: "enclave boot, cores 2-3, quantum 100 ms". */
void report_text(FILE *out, const struct request *request,
		 const struct reservation *reservation);

/* A table of interruptions. */
void report_outcome(FILE *out, const struct request *request,
		    const struct reservation *reservation,
		    const struct outcome *outcome);

/*
 * One JSON object; of a command that has not run, @outcome is NULL. Returns 0,
 * or -1 without memory.
 */
int report_json(FILE *out, const struct request *request,
		const struct reservation *reservation, char **command,
		const struct outcome *outcome);

#endif /* LWKEXEC_REPORT_H */
