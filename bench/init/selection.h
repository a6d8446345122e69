/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BENCH_INIT_SELECTION_H
#define BENCH_INIT_SELECTION_H

#include <stddef.h>

/**
 * struct selection - what the kernel's command line asks for, all by default
 * @cases: lab.cases=NAME,NAME: bits, in the order of the names.
 * @subjects: lab.subjects=NAME,NAME: the same.
 */
struct selection {
	unsigned int cases;
	unsigned int subjects;
};

/* The name with a number from 0, or NULL behind the last. */
typedef const char *(*selection_name)(size_t i);

int selection_read(struct selection *selection, selection_name name_of_case,
		   selection_name name_of_subject);

#endif /* BENCH_INIT_SELECTION_H */
