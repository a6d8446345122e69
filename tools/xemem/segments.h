/* SPDX-License-Identifier: GPL-2.0 */
/* All segments that can be seen, told to people and to programs. */
#ifndef XEMEM_SEGMENTS_H
#define XEMEM_SEGMENTS_H

#include <stdio.h>

#include <xemem.h>

/**
 * struct segments - a list of them
 * @segment: array, for free()
 * @nr: its length
 */
struct segments {
	struct xemem_segment_info *segment;
	size_t nr;
};

/* All that the kernel lists. Returns 0, or -1 with errno. */
int segments_read(struct segments *segments);

/* A table with a heading. Returns 0, or -1 without memory. */
int segments_text(FILE *out, const struct segments *segments);

/* One JSON array of objects. Returns 0, or -1 without memory. */
int segments_json(FILE *out, const struct segments *segments);

#endif /* XEMEM_SEGMENTS_H */
