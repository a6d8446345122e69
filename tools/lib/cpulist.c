// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>

#include "cpulist.h"

/* One item of a list: @first to @last, @used of every @group. */
struct item {
	unsigned int first;
	unsigned int last;
	unsigned int used;
	unsigned int group;
};

static bool refuse(struct cpulist_error *error, const char *at,
		   const char *why)
{
	error->at = at;
	error->why = why;
	return false;
}

static bool take_number(const char **pos, unsigned int *value,
			struct cpulist_error *error)
{
	const char *p = *pos;
	unsigned int n = 0;

	if (!isdigit((unsigned char)*p))
		return refuse(error, p, "not a number");
	for (; isdigit((unsigned char)*p); p++) {
		n = n * 10 + (unsigned int)(*p - '0');
		if (n >= CPULIST_MAX_CPUS)
			return refuse(error, *pos, "no core has this number");
	}
	*pos = p;
	*value = n;
	return true;
}

static bool take_char(const char **pos, char c)
{
	if (**pos != c)
		return false;
	(*pos)++;
	return true;
}

static bool take_group(const char **pos, struct item *item,
		       struct cpulist_error *error)
{
	const char *start = *pos;

	if (!take_number(pos, &item->used, error))
		return false;
	if (!take_char(pos, '/'))
		return refuse(error, *pos, "'/' and a group size expected");
	if (!take_number(pos, &item->group, error))
		return false;
	if (!item->used || item->used > item->group)
		return refuse(error, start, "not a part of a group");
	return true;
}

static bool take_item(const char **pos, struct item *item,
		      struct cpulist_error *error)
{
	const char *start = *pos;

	if (!take_number(pos, &item->first, error))
		return false;
	item->last = item->first;
	item->used = 1;
	item->group = 1;
	if (!take_char(pos, '-'))
		return true;
	if (!take_number(pos, &item->last, error))
		return false;
	if (item->last < item->first)
		return refuse(error, start, "range runs backwards");
	if (take_char(pos, ':'))
		return take_group(pos, item, error);
	return true;
}

static bool add_item(hwloc_bitmap_t set, const struct item *item)
{
	unsigned int begin, end;

	for (begin = item->first; begin <= item->last; begin += item->group) {
		end = begin + item->used - 1;
		if (end > item->last)
			end = item->last;
		if (hwloc_bitmap_set_range(set, begin, (int)end) < 0)
			return false;
	}
	return true;
}

int cpulist_parse(const char *text, hwloc_bitmap_t set,
		  struct cpulist_error *error)
{
	const char *pos = text;
	struct item item;

	hwloc_bitmap_zero(set);
	if (!*pos)
		return 0;
	do {
		if (!take_item(&pos, &item, error))
			return -1;
		if (!add_item(set, &item)) {
			refuse(error, pos, "out of memory");
			return -1;
		}
	} while (take_char(&pos, ','));
	if (*pos) {
		refuse(error, pos, "',' or '-' expected");
		return -1;
	}
	return 0;
}

char *cpulist_format(hwloc_const_bitmap_t set)
{
	char *text;

	return hwloc_bitmap_list_asprintf(&text, set) < 0 ? NULL : text;
}
