/* SPDX-License-Identifier: GPL-2.0 */
/* The system calls of a command, and where they were served. */
#ifndef LWKEXEC_CALLREPORT_H
#define LWKEXEC_CALLREPORT_H

#include <stdio.h>

#include <json.h>

#include <linux/lwk.h>

/* A table in the manner of strace -c, the most time first. */
void report_calls(FILE *out, const struct lwk_call_count *counts);

/* The same as an object: by name, one object each. */
json_object *report_calls_json(const struct lwk_call_count *counts);

#endif /* LWKEXEC_CALLREPORT_H */
