/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PID 1 of the lab of memory: what its parts offer each other.
 *
 * Functions that can fail return 0, or -1 after a message on the console.
 */
#ifndef BENCH_BACKING_H
#define BENCH_BACKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../init/init.h"
#include "../init/table.h"

/* Whose memory it is, and how it comes. */
enum subject_kind { LWK, LINUX_4K, THP_ALWAYS, POPULATE, HUGETLB, SUBJECTS };

/* subject.c */

extern const char * const subject_names[SUBJECTS];
int subject_enter(enum subject_kind subject);
/* Anonymous private memory as the subject has it; NULL if there is none. */
void *subject_map(enum subject_kind subject, size_t len, int flags);
/* Fresh memory that was not mapped by us; to be there at once if it can be. */
int subject_grown(enum subject_kind subject, void *start, size_t len);

/* cases.c */

/**
 * struct memory_case - what is measured
 * @name: of the figure, before the subject.
 * @not_for: bits of enum subject_kind that cannot do it.
 * @prepare: make ready, which is not measured, or NULL.
 * @run: do it once.
 */
struct memory_case {
	const char *name;
	unsigned int not_for;
	int (*prepare)(enum subject_kind subject);
	int (*run)(enum subject_kind subject);
};

extern const struct memory_case cases[];
extern const size_t nr_cases;

#endif
