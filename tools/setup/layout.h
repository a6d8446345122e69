/* SPDX-License-Identifier: GPL-2.0 */
/* Which cores and how much memory are to go to the LWK, and why the rest not. */
#ifndef LWK_SETUP_LAYOUT_H
#define LWK_SETUP_LAYOUT_H

#include "bootarg.h"
#include "machine.h"
#include "problems.h"

/*
 * One core of Linux serves the system calls of so many cores of the LWK. A
 * node with fewer cores than SMALL_NODE has none for nothing else.
 */
#define CORES_PER_SERVER	32
#define SMALL_NODE		8

/* Why a core stays with Linux. */
#define WHY_BOOT	0x1U	/* it boots the machine */
#define WHY_EFFICIENCY	0x2U	/* it is slow */
#define WHY_DEVICES	0x4U	/* for the interrupts of devices */
#define WHY_CALLS	0x8U	/* for system calls of the LWK */
#define WHY_NOT_NAMED	0x10U	/* --cores leaves it out */
#define WHY_NUMBER	0x20U	/* --linux-cores has so many */

/**
 * struct wishes - what was asked for
 * @cpus: exactly these go to the LWK; NULL: not said
 * @cpus_text: the text of that
 * @linux_cores: so many cores stay with Linux; 0: not said
 * @bytes: so much memory goes to the LWK, if @bytes_said
 * @percent: such a part of each node's, if not 0
 */
struct wishes {
	const struct cpus_arg *cpus;
	const char *cpus_text;
	unsigned int linux_cores;
	bool bytes_said;
	unsigned long long bytes;
	unsigned int percent;
};

/**
 * struct layout - the answer
 * @machine: for which one
 * @why: for each core WHY_*; 0: it goes to the LWK
 * @nr_lwk: how many do
 * @named: those with WHY_CALLS do nothing else; else all of Linux serves
 * @bytes: of each node, how much goes to the LWK
 * @cpus: value of lwkcpus=; NULL: no core goes to the LWK
 * @memory: value of lwkmem=; NULL: no memory does
 */
struct layout {
	const struct machine *machine;
	unsigned int *why;
	size_t nr_lwk;
	bool named;
	unsigned long long *bytes;
	char *cpus;
	char *memory;
};

/*
 * Returns 0, or -1 with one more problem: what was asked for cannot be. In any
 * case there is something to free.
 */
int layout_make(struct layout *layout, const struct machine *machine,
		const struct wishes *wishes, struct problems *problems);

void layout_free(struct layout *layout);

/* The core of Linux that is to take the interrupts of a device. */
size_t layout_device_core(const struct layout *layout,
			  const struct machine_device *device);

#endif /* LWK_SETUP_LAYOUT_H */
