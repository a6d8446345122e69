// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <json.h>

#include "json_output.h"
#include "process.h"
#include "segments.h"

/* Room for what stands in a cell; a name is the longest. */
#define CELL_MAX	XEMEM_NAME_MAX

enum column {
	SEGID,
	NAME,
	PID,
	COMMAND,
	USER,
	MODE,
	SIZE,
	PERMITS,
	ATTACHMENTS,
	BYTES,
	FAULTS,
	FLAGS,
	NR_COLUMNS,
};

struct row {
	char cell[NR_COLUMNS][CELL_MAX];
};

static const struct row heading = { {
	[SEGID]		= "SEGID",
	[NAME]		= "NAME",
	[PID]		= "PID",
	[COMMAND]	= "COMMAND",
	[USER]		= "USER",
	[MODE]		= "MODE",
	[SIZE]		= "SIZE",
	[PERMITS]	= "PERMITS",
	[ATTACHMENTS]	= "ATTACHED",
	[BYTES]		= "BYTES",
	[FAULTS]	= "FAULTS",
	[FLAGS]		= "FLAGS",
} };

int segments_read(struct segments *segments)
{
	struct xemem_segment_info segment = { 0 };
	struct xemem_segment_info *array;
	size_t room = 0;
	int ret;

	memset(segments, 0, sizeof(*segments));
	while ((ret = xemem_next(&segment)) > 0) {
		if (segments->nr == room) {
			room = room ? 2 * room : 16;
			array = reallocarray(segments->segment, room,
					     sizeof(*array));
			if (!array) {
				ret = -1;
				break;
			}
			segments->segment = array;
		}
		segments->segment[segments->nr++] = segment;
	}
	return ret;
}

/* Bytes with the letters of lwkexec -m: whole, or with one digit behind. */
static void put_bytes(char *cell, uint64_t bytes)
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

static void put_number(char *cell, uint64_t number)
{
	snprintf(cell, CELL_MAX, "%" PRIu64, number);
}

static void put_owner(struct row *row, pid_t pid)
{
	char *name;

	/* It is not in our PID namespace. */
	if (!pid)
		return;
	put_number(row->cell[PID], (uint64_t)pid);
	name = process_name(pid);
	if (name)
		snprintf(row->cell[COMMAND], CELL_MAX, "%s", name);
	free(name);
}

static void put_user(char *cell, uid_t uid)
{
	const struct passwd *user = getpwuid(uid);

	if (user)
		snprintf(cell, CELL_MAX, "%s", user->pw_name);
	else
		put_number(cell, uid);
}

static void put_flags(char *cell, uint32_t flags)
{
	uint32_t others = flags & ~XEMEM_FROZEN;

	if (flags & XEMEM_FROZEN)
		snprintf(cell, CELL_MAX, "frozen");
	if (others)
		snprintf(cell + strlen(cell), CELL_MAX - strlen(cell),
			 "%s%#x", *cell ? "," : "", others);
}

static void put_segment(struct row *row, const struct xemem_segment_info *segment)
{
	enum column column;

	snprintf(row->cell[SEGID], CELL_MAX, "%#llx", segment->segid);
	snprintf(row->cell[NAME], CELL_MAX, "%.*s", XEMEM_NAME_MAX - 1,
		 segment->name);
	put_owner(row, segment->pid);
	put_user(row->cell[USER], segment->uid);
	snprintf(row->cell[MODE], CELL_MAX, "%04o", segment->mode);
	if (segment->size == UINT64_MAX)
		snprintf(row->cell[SIZE], CELL_MAX, "all");
	else
		put_bytes(row->cell[SIZE], segment->size);
	put_number(row->cell[PERMITS], segment->permits);
	put_number(row->cell[ATTACHMENTS], segment->attachments);
	put_bytes(row->cell[BYTES], segment->bytes);
	put_number(row->cell[FAULTS], segment->faults);
	put_flags(row->cell[FLAGS], segment->flags);
	for (column = 0; column < NR_COLUMNS; column++)
		if (!row->cell[column][0])
			snprintf(row->cell[column], CELL_MAX, "-");
}

static bool is_number(enum column column)
{
	return column == PID || (column >= MODE && column <= FAULTS);
}

static void print_row(FILE *out, const struct row *row, const int *widths)
{
	enum column column;
	int width;

	for (column = 0; column < NR_COLUMNS; column++) {
		width = is_number(column) ? widths[column] : -widths[column];
		if (column == NR_COLUMNS - 1)
			width = 0;
		fprintf(out, "%s%*s", column ? " " : "", width,
			row->cell[column]);
	}
	fputc('\n', out);
}

int segments_text(FILE *out, const struct segments *segments)
{
	struct row *rows = calloc(segments->nr + 1, sizeof(*rows));
	int widths[NR_COLUMNS] = { 0 };
	enum column column;
	size_t i;

	if (!rows)
		return -1;
	rows[0] = heading;
	for (i = 0; i < segments->nr; i++)
		put_segment(&rows[i + 1], &segments->segment[i]);
	for (i = 0; i <= segments->nr; i++) {
		for (column = 0; column < NR_COLUMNS; column++) {
			int len = (int)strlen(rows[i].cell[column]);

			if (len > widths[column])
				widths[column] = len;
		}
	}
	for (i = 0; i <= segments->nr; i++)
		print_row(out, &rows[i], widths);
	free(rows);
	return 0;
}

static void add_number(json_object *object, const char *key, uint64_t number)
{
	json_object_object_add(object, key, json_object_new_uint64(number));
}

static void add_text(json_object *object, const char *key, const char *text)
{
	json_object_object_add(object, key,
			       text ? json_object_new_string(text) : NULL);
}

static json_object *json_segment(const struct xemem_segment_info *segment)
{
	json_object *object = json_object_new_object();
	char *command = segment->pid ? process_name(segment->pid) : NULL;
	char text[CELL_MAX];

	/* Programs that take all numbers for doubles would round it. */
	snprintf(text, sizeof(text), "%#llx", segment->segid);
	add_text(object, "segid", text);
	snprintf(text, sizeof(text), "%.*s", XEMEM_NAME_MAX - 1,
		 segment->name);
	add_text(object, "name", *text ? text : NULL);
	json_object_object_add(object, "pid", segment->pid ?
			       json_object_new_int(segment->pid) : NULL);
	add_text(object, "command", command);
	add_number(object, "uid", segment->uid);
	add_number(object, "gid", segment->gid);
	snprintf(text, sizeof(text), "%04o", segment->mode);
	add_text(object, "mode", text);
	/* null: all addresses */
	json_object_object_add(object, "size", segment->size == UINT64_MAX ?
			       NULL : json_object_new_uint64(segment->size));
	add_number(object, "permits", segment->permits);
	add_number(object, "attachments", segment->attachments);
	add_number(object, "bytes", segment->bytes);
	add_number(object, "faults", segment->faults);
	json_object_object_add(object, "frozen",
			       json_object_new_boolean(segment->flags &
						       XEMEM_FROZEN));
	free(command);
	return object;
}

int segments_json(FILE *out, const struct segments *segments)
{
	json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; array && i < segments->nr; i++)
		json_object_array_add(array,
				      json_segment(&segments->segment[i]));
	return json_output(out, array);
}
