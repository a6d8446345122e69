// SPDX-License-Identifier: GPL-2.0
/* CPU lists: what is read is what the kernel means, the rest is refused. */
#include <stdlib.h>

#include "cpulist.h"
#include "tap.h"

static const struct {
	const char *text;
	const char *set;	/* NULL: to be refused ... */
	const char *at;		/* ... from here on */
} cases[] = {
	{ "", "", NULL },
	{ "0", "0", NULL },
	{ "2-3", "2-3", NULL },
	{ "7,2-3", "2-3,7", NULL },
	{ "2-3,3-5", "2-5", NULL },
	{ "010", "10", NULL },
	{ "8191", "8191", NULL },
	{ "0-7:1/4", "0,4", NULL },
	{ "0-6:2/4", "0-1,4-5", NULL },
	{ "0-4:2/4", "0-1,4", NULL },
	{ "8192", NULL, "8192" },
	{ "4294967298", NULL, "4294967298" },
	{ "x", NULL, "x" },
	{ "2x3", NULL, "x3" },
	{ "2-", NULL, "" },
	{ "-2", NULL, "-2" },
	{ "3-1", NULL, "3-1" },
	{ "1,5-4", NULL, "5-4" },
	{ "2,,3", NULL, ",3" },
	{ "2,", NULL, "" },
	{ "2 3", NULL, " 3" },
	{ " 2", NULL, " 2" },
	{ "+2", NULL, "+2" },
	{ "2-3-4", NULL, "-4" },
	{ "0-7:2", NULL, "" },
	{ "0-7:5/4", NULL, "5/4" },
	{ "0-7:0/4", NULL, "0/4" },
	{ "0-7:0/0", NULL, "0/0" },
	{ "5:1/2", NULL, ":1/2" },
};

#define NR_CASES	(sizeof(cases) / sizeof(cases[0]))

static void check(size_t i, hwloc_bitmap_t set)
{
	struct cpulist_error error = { NULL, NULL };
	char name[64];
	char *text;

	snprintf(name, sizeof(name), "'%s' is %s", cases[i].text,
		 cases[i].set ? "read" : "refused at the right place");
	if (cpulist_parse(cases[i].text, set, &error) < 0) {
		is_str(cases[i].set ? NULL : error.at, cases[i].at, name);
		return;
	}
	text = cpulist_format(set);
	is_str(text, cases[i].set, name);
	free(text);
}

int main(void)
{
	hwloc_bitmap_t set = hwloc_bitmap_alloc();
	size_t i;

	tap_plan(NR_CASES);
	for (i = 0; i < NR_CASES; i++)
		check(i, set);
	hwloc_bitmap_free(set);
	return tap_status();
}
