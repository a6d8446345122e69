/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LWK_TOOLS_JSON_OUTPUT_H
#define LWK_TOOLS_JSON_OUTPUT_H

#include <stdio.h>

#include <json.h>

/* Writes @object and a newline, and frees it. Returns -1 if it is NULL. */
int json_output(FILE *out, json_object *object);

#endif /* LWK_TOOLS_JSON_OUTPUT_H */
