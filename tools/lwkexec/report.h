/* SPDX-License-Identifier: GPL-2.0 */
/* A reservation, told to people and to programs. */
#ifndef LWKEXEC_REPORT_H
#define LWKEXEC_REPORT_H

#include <stdio.h>

#include "join.h"

/* One line: "enclave boot, cores 2-3, quantum 100 ms". */
void report_text(FILE *out, const struct request *request,
		 const struct reservation *reservation);

/* One JSON object. Returns 0, or -1 without memory. */
int report_json(FILE *out, const struct request *request,
		const struct reservation *reservation, char **command);

#endif /* LWKEXEC_REPORT_H */
