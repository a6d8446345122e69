// SPDX-License-Identifier: GPL-2.0
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <json.h>

#include "json_output.h"
#include "process.h"
#include "segments.h"
#include "table.h"

enum {
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

static const struct column columns[NR_COLUMNS] = {
	[SEGID]		= { "SEGID", false },
	[NAME]		= { "NAME", false },
	[PID]		= { "PID", true },
	[COMMAND]	= { "COMMAND", false },
	[USER]		= { "USER", false },
	[MODE]		= { "MODE", true },
	[SIZE]		= { "SIZE", true },
	[PERMITS]	= { "PERMITS", true },
	[ATTACHMENTS]	= { "ATTACHED", true },
	[BYTES]		= { "BYTES", true },
	[FAULTS]	= { "FAULTS", true },
	[FLAGS]		= { "FLAGS", false },
};

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

static void put_user(char *cell, uid_t uid)
{
	const struct passwd *user = getpwuid(uid);

	if (user)
		snprintf(cell, CELL_MAX, "%s", user->pw_name);
	else
		table_put_number(cell, uid);
}

static void put_flags(char *cell, uint32_t flags)
{
	uint32_t others = flags & ~(XEMEM_FROZEN | XEMEM_NO_PIN);

	snprintf(cell, CELL_MAX, "%s%s%s",
		 flags & XEMEM_FROZEN ? "frozen" : "",
		 flags & XEMEM_FROZEN && flags & XEMEM_NO_PIN ? "," : "",
		 flags & XEMEM_NO_PIN ? "no-pin" : "");
	if (others)
		snprintf(cell + strlen(cell), CELL_MAX - strlen(cell),
			 "%s%#x", *cell ? "," : "", others);
}

static void put_segment(char (*cell)[CELL_MAX],
			const struct xemem_segment_info *segment)
{
	snprintf(cell[SEGID], CELL_MAX, "%#llx", segment->segid);
	snprintf(cell[NAME], CELL_MAX, "%.*s", XEMEM_NAME_MAX - 1,
		 segment->name);
	table_put_process(cell[PID], cell[COMMAND], segment->pid);
	put_user(cell[USER], segment->uid);
	snprintf(cell[MODE], CELL_MAX, "%04o", segment->mode);
	if (segment->size == UINT64_MAX)
		snprintf(cell[SIZE], CELL_MAX, "all");
	else
		table_put_bytes(cell[SIZE], segment->size);
	table_put_number(cell[PERMITS], segment->permits);
	table_put_number(cell[ATTACHMENTS], segment->attachments);
	table_put_bytes(cell[BYTES], segment->bytes);
	table_put_number(cell[FAULTS], segment->faults);
	put_flags(cell[FLAGS], segment->flags);
}

int segments_text(FILE *out, const struct segments *segments)
{
	struct table table = { .columns = columns, .nr_columns = NR_COLUMNS };
	char (*line)[CELL_MAX];
	size_t i;

	for (i = 0; i < segments->nr; i++) {
		line = table_add(&table);
		if (!line) {
			free(table.cells);
			return -1;
		}
		put_segment(line, &segments->segment[i]);
	}
	table_print(out, &table);
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
	json_object_object_add(object, "no_pin",
			       json_object_new_boolean(segment->flags &
						       XEMEM_NO_PIN));
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
