/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Simulated domains in a tree, with memory of their own, a common clock, and
 * links that lose, delay, repeat and reorder messages. All that happens is
 * decided by a seed.
 */
#ifndef _XEMEM_TESTS_TREE_H
#define _XEMEM_TESTS_TREE_H

#include <kunit/test.h>

#include <linux/list.h>
#include <linux/prandom.h>

#include "../domain.h"

#define SIM_DOMAINS	40
#define SIM_PAGES	256	/* own ones of each domain */
#define SIM_SEGMENTS	3	/* of each domain */
#define SIM_SEGMENT	64	/* pages in each */

struct sim;
struct sim_domain;

/* One end of a link. */
struct sim_end {
	struct sim_domain *at;
	struct sim_end *other;
	struct xemem_link *link;	/* NULL: removed */
};

/* Something that a domain has mapped. */
struct sim_map {
	struct list_head node;
	struct xemem_map *map;
};

/* A call and its outcome. */
struct sim_call {
	struct xemem_call call;
	struct list_head node;
	struct sim *sim;
	int err;
	unsigned int done;	/* how often */
};

struct sim_domain {
	struct sim *sim;
	struct xemem_domain *d;
	unsigned int index;
	u32 id;			/* of @d, which may have ended */
	int parent;		/* index; -1: none */
	struct sim_end up;	/* to the parent */
	struct sim_end down[SIM_DOMAINS];	/* to children, by index */
	u64 first;		/* page of its own */
	u64 subtree;		/* pages of it and all behind it */
	bool dead;
	bool gone[SIM_SEGMENTS];	/* removed */
	struct list_head maps;
	u64 wake;
	unsigned int stuck;
	unsigned int lost;
	unsigned int returned;	/* pages */
};

struct sim_page {
	int owner;		/* index */
	unsigned int pins;
	unsigned int mapped;
};

/* Probabilities in 1/1000; times in milliseconds. */
struct sim_faults {
	unsigned int lose;
	unsigned int repeat;
	unsigned int delay;
};

struct sim {
	struct kunit *test;
	struct rnd_state rnd;
	u64 now;
	unsigned int nr;
	struct sim_domain domains[SIM_DOMAINS];
	struct sim_page pages[SIM_DOMAINS * SIM_PAGES];
	struct list_head flying;	/* messages, by time */
	struct list_head calls;
	struct sim_faults faults;
	unsigned int delivered;
	unsigned int fragments;		/* pages per extent; 0: as large as can be */
	int mute;			/* index of one who says nothing; or -1 */
	/* Sees each message on its way; may change it; false: it is lost. */
	bool (*tap)(struct sim *sim, struct sim_end *from, void *data,
		    size_t bytes);
	u64 noted;			/* for taps */
	int last;			/* what the last receiver has returned */
};

/* Shapes of trees. */
int sim_chain(struct sim *sim, unsigned int i);
int sim_star(struct sim *sim, unsigned int i);
int sim_random(struct sim *sim, unsigned int i);

struct sim *sim_create(struct kunit *test, unsigned int nr,
		       int (*parent)(struct sim *sim, unsigned int i), u64 seed);
void sim_run(struct sim *sim, u64 ms);
void sim_step(struct sim *sim, unsigned int messages);
void sim_settle(struct sim *sim);
void sim_kill(struct sim *sim, unsigned int i);
void sim_end(struct sim *sim);
u32 sim_below(struct sim *sim, u32 n);
u32 sim_id(struct sim *sim, unsigned int i);
u64 sim_segid(unsigned int i, unsigned int k);
int sim_send(struct sim *sim, struct sim_end *from, const void *data,
	     size_t bytes);

/* Each waits for the outcome, as long as it takes; 0 or -errno. */
int sim_wait(struct sim *sim, struct sim_call *c, int err);
struct sim_call *sim_call(struct sim *sim);
int sim_publish(struct sim *sim, unsigned int i, unsigned int k,
		const char *name);
int sim_lookup(struct sim *sim, unsigned int i, const char *name,
	       struct xemem_call *out);
int sim_get(struct sim *sim, unsigned int i, unsigned int owner, unsigned int k,
	    bool write, struct xemem_call *out);
int sim_attach(struct sim *sim, unsigned int i, unsigned int owner, u64 permit,
	       u64 first, u64 pages, struct xemem_call *out);

#endif /* _XEMEM_TESTS_TREE_H */
