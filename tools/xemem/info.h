/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel has, told to people and to programs. */
#ifndef XEMEM_INFO_H
#define XEMEM_INFO_H

#include <stdbool.h>
#include <stdio.h>

#include <xemem.h>

/**
 * struct info - what the kernel has
 * @version: of XPMEM's interface
 * @extended: it is XEMEM, and @query is valid
 * @query: what of XEMEM there is
 */
struct info {
	int version;
	bool extended;
	struct xemem_query query;
};

/* Returns 0, or -1 with errno. */
int info_read(struct info *info);

/* Lines of a word and its value. */
void info_text(FILE *out, const struct info *info);

/* One JSON object. Returns 0, or -1 without memory. */
int info_json(FILE *out, const struct info *info);

#endif /* XEMEM_INFO_H */
