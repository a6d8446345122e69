/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The values of lwkcpus= and lwkmem=, read as the kernel reads them, but for
 * what depends on the machine that boots: "N" for the last CPU.
 */
#ifndef LWK_SETUP_BOOTARG_H
#define LWK_SETUP_BOOTARG_H

#include "machine.h"
#include "problems.h"

/* Longer ones are refused by the kernel. */
#define BOOTARG_MAX	511
/* All sizes are multiples of a large page. */
#define BOOTARG_UNIT	(2ULL << 20)

/**
 * struct cpus_arg - what lwkcpus= says
 * @lwk: CPUs of the LWK
 * @syscall: CPUs of Linux that serve its system calls; may be none
 */
struct cpus_arg {
	hwloc_bitmap_t lwk;
	hwloc_bitmap_t syscall;
};

/*
 * Reads @text. Returns 0, or -1 with one more problem that says why; then
 * there is nothing to free.
 */
int cpus_arg_parse(struct cpus_arg *arg, const char *text,
		   struct problems *problems);

void cpus_arg_free(struct cpus_arg *arg);

/* What the kernel of @machine would find wrong with it. */
void cpus_arg_check(const struct cpus_arg *arg, const struct machine *machine,
		    struct problems *problems);

/**
 * struct memory_arg - what lwkmem= says
 * @all: so much of all nodes together, or 0: it names nodes
 * @nodes: numbers of nodes
 * @bytes: how much of each
 * @nr: how many nodes
 */
struct memory_arg {
	unsigned long long all;
	unsigned int *nodes;
	unsigned long long *bytes;
	size_t nr;
};

/* As cpus_arg_parse(). */
int memory_arg_parse(struct memory_arg *arg, const char *text,
		     struct problems *problems);

void memory_arg_free(struct memory_arg *arg);

/* What the kernel of @machine would find wrong with it. */
void memory_arg_check(const struct memory_arg *arg,
		      const struct machine *machine,
		      struct problems *problems);

/* How much of a node the LWK can have at most: Linux has been there before. */
unsigned long long memory_arg_most(unsigned long long memory);

/* "96G", or "512M" if it is no multiple of that; for free(). */
char *memory_arg_size(unsigned long long bytes);

#endif /* LWK_SETUP_BOOTARG_H */
