// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"
#include "table.h"

char (*table_add(struct table *table))[CELL_MAX]
{
	size_t room = table->room ? 2 * table->room : 16;
	char (*line)[CELL_MAX];

	if (table->nr == table->room) {
		char (*cells)[CELL_MAX] =
			reallocarray(table->cells, room,
				     table->nr_columns * sizeof(*cells));

		if (!cells)
			return NULL;
		table->cells = cells;
		table->room = room;
	}
	line = table->cells + table->nr++ * table->nr_columns;
	memset(line, 0, table->nr_columns * sizeof(*line));
	return line;
}

static const char *text_of(const char *cell)
{
	return *cell ? cell : "-";
}

static void measure(const struct table *table, int *widths)
{
	unsigned int i;
	size_t line;

	for (i = 0; i < table->nr_columns; i++)
		widths[i] = (int)strlen(table->columns[i].heading);
	for (line = 0; line < table->nr; line++) {
		for (i = 0; i < table->nr_columns; i++) {
			const char *cell = table->cells[line *
							table->nr_columns + i];
			int len = (int)strlen(text_of(cell));

			if (len > widths[i])
				widths[i] = len;
		}
	}
}

static void print_cell(FILE *out, const struct table *table, unsigned int i,
		       const int *widths, const char *text)
{
	int width = table->columns[i].number ? widths[i] : -widths[i];

	if (i + 1 == table->nr_columns && !table->columns[i].number)
		width = 0;
	fprintf(out, "%s%*s", i ? " " : "", width, text);
}

void table_print(FILE *out, struct table *table)
{
	int widths[COLUMNS_MAX];
	unsigned int i;
	size_t line;

	measure(table, widths);
	for (i = 0; i < table->nr_columns; i++)
		print_cell(out, table, i, widths, table->columns[i].heading);
	fputc('\n', out);
	for (line = 0; line < table->nr; line++) {
		for (i = 0; i < table->nr_columns; i++)
			print_cell(out, table, i, widths,
				   text_of(table->cells[line *
							table->nr_columns + i]));
		fputc('\n', out);
	}
	free(table->cells);
	table->cells = NULL;
	table->nr = 0;
	table->room = 0;
}

void table_put_bytes(char *cell, uint64_t bytes)
{
	static const char letters[] = { 0, 'k', 'm', 'g', 't', 'p', 'e' };
	unsigned int i = 0;
	double value;

	while (i + 1 < sizeof(letters) && bytes >> (10 * (i + 1)))
		i++;
	value = (double)bytes / (double)(1ULL << (10 * i));
	if (bytes & ((1ULL << (10 * i)) - 1))
		snprintf(cell, CELL_MAX, "%.1f%c", value, letters[i]);
	else
		snprintf(cell, CELL_MAX, "%.0f%c", value, letters[i]);
}

void table_put_number(char *cell, uint64_t number)
{
	snprintf(cell, CELL_MAX, "%" PRIu64, number);
}

void table_put_process(char *pid_cell, char *command_cell, int pid)
{
	char *name;

	if (!pid)
		return;
	table_put_number(pid_cell, (uint64_t)pid);
	name = process_name(pid);
	if (name)
		snprintf(command_cell, CELL_MAX, "%s", name);
	free(name);
}
