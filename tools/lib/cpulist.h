/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CPU lists as the kernel writes them: "0-3,8", and "0-31:1/4" for one of
 * every four. The set itself is a bitmap of hwloc.
 */
#ifndef LWK_TOOLS_CPULIST_H
#define LWK_TOOLS_CPULIST_H

#include <hwloc/bitmap.h>

/* The largest CONFIG_NR_CPUS that Linux knows. */
#define CPULIST_MAX_CPUS	8192U

/**
 * struct cpulist_error - why a list was refused
 * @why: the reason, a constant string
 * @at: the rest of the list, from where it is wrong
 */
struct cpulist_error {
	const char *why;
	const char *at;
};

/*
 * Replace @set by the cores of @text; an empty text is an empty set. Returns
 * 0, or -1 with @error filled and @set undefined.
 *
 * Stricter than hwloc_bitmap_list_sscanf(), which finds nothing wrong with
 * "2x3", "3-1", "2-" or "010".
 */
int cpulist_parse(const char *text, hwloc_bitmap_t set,
		  struct cpulist_error *error);

/* The set as a list, for free(); NULL without memory. */
char *cpulist_format(hwloc_const_bitmap_t set);

#endif /* LWK_TOOLS_CPULIST_H */
