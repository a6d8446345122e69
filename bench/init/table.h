/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PID 1 of a lab that measures cases, each of several subjects: its machine,
 * and its course. That of memory and that of attachments are such labs.
 */
#ifndef BENCH_INIT_TABLE_H
#define BENCH_INIT_TABLE_H

#include <stddef.h>

#define KIB		1024UL
#define MIB		(1024 * KIB)
#define GIB		(1024 * MIB)
#define SMALL_PAGE	(4 * KIB)
#define LARGE_PAGE	(2 * MIB)

/* Cores of the lab machine, which is booted with parameters to match. */
#define CORE_OTHERS	0
#define CORE_ISOLATED	2
#define CORE_LWK	3

/**
 * struct table - what is measured
 * @program: for messages.
 * @name_of_case: by number, NULL behind the last.
 * @name_of_subject: by number, NULL behind the last.
 * @set_up: the machine, or NULL; transparent huge pages are for all, and
 *	khugepaged is no part of any subject. 0 or -1.
 * @measure: a case of a subject: writes its figures to @port, none where the
 *	subject cannot do it. 0 or -1.
 */
struct table {
	const char *program;
	const char *(*name_of_case)(size_t i);
	const char *(*name_of_subject)(size_t i);
	int (*set_up)(void);
	int (*measure)(size_t c, size_t s, int port);
};

/*
 * Measures what the kernel's command line selects, in the order of @table;
 * then "end STATUS", and the machine is off. Returns only where that fails, or
 * where this is not PID 1: the exit status.
 */
int table_main(const struct table *table);

#endif
