// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "init.h"

#define TABLE_BYTES	65536

/* "  LOC:  1  2  3  4  Local timer interrupts"; some rows have one column. */
static void read_row(char *row, int core, struct interrupts *now)
{
	char *name = row + strspn(row, " ");
	char *at = strchr(row, ':'), *end;
	uint64_t value = 0;

	if (!at || now->count == INTERRUPTS_MAX)
		return;
	*at++ = '\0';
	for (int column = 0; column <= core; column++) {
		value = strtoull(at, &end, 10);
		if (end == at || !isspace((unsigned char)*end))
			return;
		at = end;
	}
	snprintf(now->kinds[now->count].name,
		 sizeof(now->kinds[now->count].name), "%s", name);
	now->kinds[now->count++].value = value;
}

int interrupts_read(struct interrupts *now, int core)
{
	static char table[TABLE_BYTES];
	char *rest = table, *row;

	now->count = 0;
	if (read_text("/proc/interrupts", table, sizeof(table)))
		return -1;
	strsep(&rest, "\n");
	while ((row = strsep(&rest, "\n")))
		read_row(row, core, now);
	return 0;
}

static uint64_t value_of(const struct interrupts *all, const char *name)
{
	for (size_t i = 0; i < all->count; i++)
		if (!strcmp(all->kinds[i].name, name))
			return all->kinds[i].value;
	return 0;
}

/* Device interrupts are named by their number: only those that came. */
void interrupts_report(int port, const struct interrupts *before,
		       const struct interrupts *after)
{
	for (size_t i = 0; i < after->count; i++) {
		const char *name = after->kinds[i].name;
		uint64_t came = after->kinds[i].value - value_of(before, name);

		if (came || !isdigit((unsigned char)*name))
			dprintf(port, "interrupts.%s %llu\n", name,
				(unsigned long long)came);
	}
}
