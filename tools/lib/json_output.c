// SPDX-License-Identifier: GPL-2.0
#include "json_output.h"

int json_output(FILE *out, json_object *object)
{
	if (!object)
		return -1;
	fprintf(out, "%s\n",
		json_object_to_json_string_ext(object,
					       JSON_C_TO_STRING_PRETTY |
					       JSON_C_TO_STRING_SPACED |
					       JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
	return 0;
}
