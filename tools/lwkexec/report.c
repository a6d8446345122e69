// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include <json.h>

#include "report.h"

void report_text(FILE *out, const struct request *request,
		 const struct reservation *reservation)
{
	char *cores = cpulist_format(reservation->cores);
	long long us = join_quantum_us(request);

	fprintf(out, "enclave %s, cores %s, ", request->enclave.name,
		cores ? cores : "?");
	if (us < 0)
		fputs("quantum of the enclave\n", out);
	else if (!us)
		fputs("no quantum\n", out);
	else
		fprintf(out, "quantum %.10g ms\n", (double)us / 1000);
	free(cores);
}

static json_object *json_cores(hwloc_const_bitmap_t set)
{
	json_object *array = json_object_new_array();
	int core;

	for (core = hwloc_bitmap_first(set); core >= 0;
	     core = hwloc_bitmap_next(set, core))
		json_object_array_add(array, json_object_new_int(core));
	return array;
}

static json_object *json_strings(char **strings)
{
	json_object *array = json_object_new_array();

	for (; *strings; strings++)
		json_object_array_add(array, json_object_new_string(*strings));
	return array;
}

int report_json(FILE *out, const struct request *request,
		const struct reservation *reservation, char **command)
{
	json_object *object = json_object_new_object();
	char *cores = cpulist_format(reservation->cores);
	long long us = join_quantum_us(request);

	if (!object || !cores) {
		json_object_put(object);
		free(cores);
		return -1;
	}
	json_object_object_add(object, "enclave",
			       json_object_new_string(request->enclave.name));
	json_object_object_add(object, "cores", json_object_new_string(cores));
	json_object_object_add(object, "core_numbers",
			       json_cores(reservation->cores));
	json_object_object_add(object, "quantum_us",
			       us < 0 ? NULL : json_object_new_int64(us));
	json_object_object_add(object, "inherit",
			       json_object_new_boolean(!request->no_inherit));
	json_object_object_add(object, "command", json_strings(command));
	fprintf(out, "%s\n",
		json_object_to_json_string_ext(object,
					       JSON_C_TO_STRING_PRETTY |
					       JSON_C_TO_STRING_SPACED |
					       JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
	free(cores);
	return 0;
}
