// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <json.h>

#include "attachments.h"
#include "json_output.h"
#include "process.h"
#include "table.h"

/* A line of the kernel's; pages are what is mapped now, by size of the entry. */
struct attachment {
	uint64_t segid;
	uint64_t apid;
	int pid;
	uint64_t source;
	uint64_t address;
	uint64_t size;
	char access[4];
	uint64_t ptes;
	uint64_t pmds;
	uint64_t puds;
};

enum {
	SEGID,
	APID,
	PID,
	COMMAND,
	SOURCE,
	ADDRESS,
	SIZE,
	ACCESS,
	PTES,
	PMDS,
	PUDS,
	NR_COLUMNS,
};

static const struct column columns[NR_COLUMNS] = {
	[SEGID]		= { "SEGID", false },
	[APID]		= { "APID", false },
	[PID]		= { "PID", true },
	[COMMAND]	= { "COMMAND", false },
	[SOURCE]	= { "SOURCE", true },
	[ADDRESS]	= { "ADDRESS", true },
	[SIZE]		= { "SIZE", true },
	[ACCESS]	= { "ACCESS", false },
	[PTES]		= { "4K", true },
	[PMDS]		= { "2M", true },
	[PUDS]		= { "1G", true },
};

static int skip_heading(FILE *in)
{
	int c;

	while ((c = fgetc(in)) != EOF && c != '\n')
		;
	return c == '\n' ? 0 : -1;
}

/* Returns 1, 0 at the end, or -1. */
static int read_line(FILE *in, struct attachment *att)
{
	int n = fscanf(in, "%" SCNx64 " %" SCNx64 " %d %" SCNx64 " %" SCNx64
		       " %" SCNx64 " %3s %" SCNu64 " %" SCNu64 " %" SCNu64,
		       &att->segid, &att->apid, &att->pid, &att->source,
		       &att->address, &att->size, att->access, &att->ptes,
		       &att->pmds, &att->puds);

	if (n == 10)
		return 1;
	if (n == EOF && !ferror(in))
		return 0;
	if (!ferror(in))
		errno = EBADMSG;
	return -1;
}

static void put(char (*cell)[CELL_MAX], const struct attachment *att)
{
	snprintf(cell[SEGID], CELL_MAX, "%#" PRIx64, att->segid);
	snprintf(cell[APID], CELL_MAX, "%#" PRIx64, att->apid);
	table_put_process(cell[PID], cell[COMMAND], att->pid);
	snprintf(cell[SOURCE], CELL_MAX, "%#" PRIx64, att->source);
	snprintf(cell[ADDRESS], CELL_MAX, "%#" PRIx64, att->address);
	table_put_bytes(cell[SIZE], att->size);
	snprintf(cell[ACCESS], CELL_MAX, "%s", att->access);
	table_put_number(cell[PTES], att->ptes);
	table_put_number(cell[PMDS], att->pmds);
	table_put_number(cell[PUDS], att->puds);
}

int attachments_text(FILE *out, FILE *in)
{
	struct table table = { .columns = columns, .nr_columns = NR_COLUMNS };
	struct attachment att;
	char (*line)[CELL_MAX];
	int ret = skip_heading(in) ? -1 : 1;

	while (ret > 0 && (ret = read_line(in, &att)) > 0) {
		line = table_add(&table);
		if (line)
			put(line, &att);
		else
			ret = -1;
	}
	if (ret < 0)
		free(table.cells);
	else
		table_print(out, &table);
	return ret;
}

static void add_hex(json_object *object, const char *key, uint64_t number)
{
	char text[32];

	/* Programs that take all numbers for doubles would round it. */
	snprintf(text, sizeof(text), "%#" PRIx64, number);
	json_object_object_add(object, key, json_object_new_string(text));
}

static json_object *to_json(const struct attachment *att)
{
	json_object *object = json_object_new_object();
	char *command = process_name(att->pid);

	add_hex(object, "segid", att->segid);
	add_hex(object, "apid", att->apid);
	json_object_object_add(object, "pid", json_object_new_int(att->pid));
	json_object_object_add(object, "command", command ?
			       json_object_new_string(command) : NULL);
	add_hex(object, "source", att->source);
	add_hex(object, "address", att->address);
	json_object_object_add(object, "size",
			       json_object_new_uint64(att->size));
	json_object_object_add(object, "access",
			       json_object_new_string(att->access));
	json_object_object_add(object, "pages_4k",
			       json_object_new_uint64(att->ptes));
	json_object_object_add(object, "pages_2m",
			       json_object_new_uint64(att->pmds));
	json_object_object_add(object, "pages_1g",
			       json_object_new_uint64(att->puds));
	free(command);
	return object;
}

int attachments_json(FILE *out, FILE *in)
{
	json_object *array = json_object_new_array();
	int ret = skip_heading(in) || !array ? -1 : 1;
	struct attachment att;

	while (ret > 0 && (ret = read_line(in, &att)) > 0)
		json_object_array_add(array, to_json(&att));
	if (ret < 0) {
		json_object_put(array);
		return -1;
	}
	return json_output(out, array);
}
