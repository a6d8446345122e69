/* SPDX-License-Identifier: GPL-2.0 */
/* Columns as wide as they have to be. */
#ifndef XEMEM_TABLE_H
#define XEMEM_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <xemem.h>

/* Room for what stands in a cell; a name is the longest. */
#define CELL_MAX	XEMEM_NAME_MAX
#define COLUMNS_MAX	12

/**
 * struct column - a column of a table
 * @heading: its first line
 * @number: to the right
 */
struct column {
	const char *heading;
	bool number;
};

/**
 * struct table - all of it, before a line is printed
 * @columns: so many as a line has cells
 * @nr_columns: how many, at most COLUMNS_MAX
 * @cells: one line after the other, each cell of CELL_MAX
 * @nr: lines
 * @room: for so many
 */
struct table {
	const struct column *columns;
	unsigned int nr_columns;
	char (*cells)[CELL_MAX];
	size_t nr;
	size_t room;
};

/* A new line of empty cells, the last one; NULL without memory. */
char (*table_add(struct table *table))[CELL_MAX];

/* Heading and lines; an empty cell is "-". Frees the lines. */
void table_print(FILE *out, struct table *table);

/* Bytes with the letters of lwkexec -m: whole, or with one digit behind. */
void table_put_bytes(char *cell, uint64_t bytes);

void table_put_number(char *cell, uint64_t number);

/* The number and the command of a process; nothing if it is 0. */
void table_put_process(char *pid_cell, char *command_cell, int pid);

#endif /* XEMEM_TABLE_H */
