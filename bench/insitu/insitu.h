/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A solver and a program that analyses its results while it runs: what they
 * agree upon, and what they share.
 *
 * The solver makes two segments. The board, under the name NAME.board, says
 * what is exported, and has the solver's bell. The data are exported step by
 * step. The analytics makes one without memory, NAME.bell, for its own bell.
 * The solver rings when there is a step, the analytics when it no longer needs
 * the data of one.
 */
#ifndef BENCH_INSITU_H
#define BENCH_INSITU_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <xemem.h>

#define STEPS_MAX	250
/* The other one is dead, or the host so busy that no time says anything. */
#define PATIENCE_MS	120000
#define NS_PER_SECOND	1000000000ULL

/* What the solver does after an export. */
enum schedule {
	SCHEDULE_SYNC,		/* wait until the analytics is done with it */
	SCHEDULE_ASYNC,		/* go on */
	SCHEDULES
};

/* How often the analytics attaches the data. */
enum attachment {
	ATTACHMENT_ONE,		/* once, for all steps */
	ATTACHMENT_RECURRING,	/* for each step, and detaches them after it */
	ATTACHMENT_NEW,		/* the same, and each step is a new segment */
	ATTACHMENTS
};

/**
 * struct step - one export
 * @segid: the segment of this step, with ATTACHMENT_NEW
 * @sum: of all words of the data, see words_sum()
 */
struct step {
	xpmem_segid_t segid;
	uint64_t sum;
};

/**
 * struct board - what the solver tells the analytics
 * @published: how many steps there are by now, written last
 * @schedule: enum schedule
 * @attachment: enum attachment
 * @steps: how many there will be
 * @bytes: of the data
 * @data: the segment of all steps, without ATTACHMENT_NEW
 * @step: from 0
 */
struct board {
	_Atomic uint64_t published;
	uint32_t schedule, attachment;
	uint64_t steps, bytes;
	xpmem_segid_t data;
	struct step step[STEPS_MAX];
};

/*
 * peer.c: all of it exits with status 1 and a message on failure, but where
 * something else is said.
 */

/* Zeroed memory at a multiple of 2 MiB, in large pages if there are any. */
void *memory_make(size_t bytes);

/* Time that only ever advances. */
uint64_t now_ns(void);

/*
 * The name of a segment of this run; good until the next call. Exits with
 * status 2 if it is too long.
 */
const char *peer_name(const char *run, const char *what);

/* A permit for a segment whose name is waited for. */
xpmem_apid_t peer_find(const char *run, const char *what, int flags);

int bell_make(void);
/* Waits for the bell: how often it was rung since the last time. */
uint64_t bell_wait(int bell);
void bell_ring(xpmem_apid_t apid);

/* Exits with status 2 and a message if the kernel has no XEMEM. */
void xemem_required(uint64_t features);

/* As memcpy(), of whole words. */
void words_copy(void *to, const void *from, size_t bytes);

/**
 * words_sum() - add up words, modulo 2^64
 * @data: of whole words
 * @bytes: of all of them
 *
 * The solution of one step is nowhere that of the next, so data of which a part
 * is of another step have another sum.
 *
 * Return: the sum.
 */
uint64_t words_sum(const void *data, size_t bytes);

#endif
