/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the processes of the storm share, and what each of them does.
 */
#ifndef _SELFTESTS_XEMEM_STORM_H
#define _SELFTESTS_XEMEM_STORM_H

#include "xemem_memory.h"

#include <linux/prctl.h>
#include <stdbool.h>
#include <sys/prctl.h>

#define STORM_OWNERS	4
#define STORM_IMPORTERS	8
#define STORM_SLOTS	(STORM_OWNERS + STORM_IMPORTERS)
/* Segments that an owner makes known. */
#define STORM_SEGMENTS	8
/* All of an owner's memory, reserved in one piece. */
#define STORM_ARENA	(8UL << 20)
#define STORM_PARTS	4
#define STORM_PART	(STORM_ARENA / STORM_PARTS)

enum storm_total {
	STORM_PROCESSES, STORM_KILLS, STORM_MAKES, STORM_REMOVES, STORM_GETS,
	STORM_ATTACHES, STORM_DETACHES, STORM_RELEASES, STORM_CLOSES,
	STORM_FORKS, STORM_EXECS, STORM_TOUCHES, STORM_CALLS, STORM_SIGBUS,
	STORM_WRONG, STORM_TOTALS
};

/**
 * struct storm_segment - a segment that importers may try
 * @segid: 0: none. Ids do not come again, so one that is still there after
 *	the rest was read says that the rest belongs to it.
 * @serial: of the owner, which is in the pattern.
 * @addr: in the owner.
 * @size: bytes.
 */
struct storm_segment {
	__s64 segid;
	__u64 serial;
	__u64 addr;
	__u64 size;
};

/**
 * struct storm - in a memfd, which survives exec
 * @stop: end.
 * @serials: the next process's.
 * @totals: by enum storm_total.
 * @segments: of each owner.
 */
struct storm {
	volatile int stop;
	__u64 serials;
	unsigned long totals[STORM_TOTALS];
	struct storm_segment segments[STORM_OWNERS][STORM_SEGMENTS];
};

extern struct storm *storm;
extern int storm_fd;

/* A stream of random numbers for each process. */
extern __u64 storm_random;

static inline unsigned long storm_rand(unsigned long below)
{
	storm_random = storm_random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (storm_random >> 33) % below;
}

static inline void storm_count(enum storm_total what, unsigned long nr)
{
	__atomic_fetch_add(&storm->totals[what], nr, __ATOMIC_RELAXED);
}

static inline __u64 storm_serial(void)
{
	return __atomic_add_fetch(&storm->serials, 1, __ATOMIC_RELAXED);
}

/* What the owner @serial writes at @addr of his, and nobody anywhere else. */
static inline __u64 storm_word(__u64 serial, __u64 addr)
{
	return xem_word(serial, addr & -PAGE);
}

/* Never returns. Ends, or becomes another process by exec. */
void storm_owner(int slot, __u64 serial);
void storm_importer(int slot, __u64 serial);
void storm_exec(int slot);
/* One or the other, by its slot. */
void storm_live(int slot);

/* storm_nursery.c: on so many LWK cores. 0 or -errno. */
int storm_nursery_start(int cores);
bool storm_nursery_there(void);
/* A child of the caller's that lives there; or -errno. */
pid_t storm_nursery_fork(int slot);
/* It ends; the children stay. */
void storm_nursery_stop(void);

#endif /* _SELFTESTS_XEMEM_STORM_H */
