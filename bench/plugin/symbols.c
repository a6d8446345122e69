// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "roles.h"
#include "symbols.h"

#define NAME_BYTES	256

static struct symbol *table;
static size_t count, room;
static uint64_t text_end;

static struct symbol elsewhere = { .name = "[outside-kernel-text]" };

/*
 * Sections begin and end at the address of a function; those labels are not
 * functions. "__pfx_" is the padding before one.
 */
static bool is_label(const char *name)
{
	size_t length = strlen(name);

	if (!strncmp(name, "__pfx_", 6))
		return true;
	if (length > 6 && !strcmp(name + length - 6, "_start"))
		return strcmp(name, "irq_entries_start") &&
		       strcmp(name, "spurious_entries_start");
	return (length > 4 && !strcmp(name + length - 4, "_end")) ||
	       (length > 6 && !strcmp(name + length - 6, "_begin"));
}

static int add(uint64_t address, char *name)
{
	struct symbol *bigger;

	if (count == room) {
		room = room ? 2 * room : 65536;
		bigger = realloc(table, room * sizeof(*table));
		if (!bigger)
			return -1;
		table = bigger;
	}
	/* .isra.0, .constprop.0, .cold: names of one compiler's copies */
	name[strcspn(name, ".")] = '\0';
	table[count] = (struct symbol){
		.address = address,
		.roles = roles_of(name),
		.name = strdup(name),
	};
	return table[count++].name ? 0 : -1;
}

static int read_line(const char *line)
{
	char name[NAME_BYTES], type;
	uint64_t address;

	if (sscanf(line, "%" SCNx64 " %c %255s", &address, &type, name) != 3)
		return -1;
	if (address < KERNEL_SPACE)
		return 0;
	if (!strcmp(name, "_etext") || !strcmp(name, "_einittext")) {
		if (address > text_end)
			text_end = address;
		return 0;
	}
	if (!strchr("tTwW", type) || is_label(name))
		return 0;
	return add(address, name);
}

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	/* The one with a role first, then any fixed order. */
	if (!x->roles != !y->roles)
		return x->roles ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* One name for each address. */
static void sort(void)
{
	size_t kept = 0;

	qsort(table, count, sizeof(*table), by_address);
	for (size_t i = 0; i < count; i++) {
		if (kept && table[kept - 1].address == table[i].address)
			continue;
		table[kept] = table[i];
		table[kept].index = kept;
		kept++;
	}
	count = kept;
	elsewhere.index = count;
}

int symbols_read(const char *path)
{
	char line[NAME_BYTES + 64];
	unsigned int number = 0;
	FILE *file = fopen(path, "r");
	int error = 0;

	if (!file) {
		fprintf(stderr, "excursions: %s: %s\n", path, strerror(errno));
		return -1;
	}
	while (!error && fgets(line, sizeof(line), file)) {
		number++;
		error = read_line(line);
	}
	fclose(file);
	if (error) {
		fprintf(stderr, "excursions: %s:%u: not a line of a System.map, or no memory\n",
			path, number);
		return -1;
	}
	if (!count || !text_end) {
		fprintf(stderr, "excursions: %s: names no function of a kernel\n",
			path);
		return -1;
	}
	sort();
	return 0;
}

size_t symbols_count(void)
{
	return count + 1;
}

const struct symbol *symbols_find(uint64_t address)
{
	size_t low = 0, high = count, middle;

	if (address >= text_end || address < table[0].address)
		return &elsewhere;
	while (high - low > 1) {
		middle = low + (high - low) / 2;
		if (table[middle].address <= address)
			low = middle;
		else
			high = middle;
	}
	return &table[low];
}
