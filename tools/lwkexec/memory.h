/* SPDX-License-Identifier: GPL-2.0 */
/* What the user wants of memory. */
#ifndef LWKEXEC_MEMORY_H
#define LWKEXEC_MEMORY_H

#include "join.h"

/*
 * Values of options, which name a region or mean all of them:
 * [heap:|stack:|anon:|data:]VALUE. Mistakes end the program.
 */
void memory_set_size(struct request *request, const char *text);
void memory_set_over(struct request *request, const char *text);
void memory_set_pages(struct request *request, const char *text);
void memory_set_fault(struct request *request, const char *text);
void memory_set_numa(struct request *request, const char *text);
void memory_set_lock_text(struct request *request, const char *text);

/*
 * What is beyond the reservation fails where Linux has always refused it: in
 * the call. Mistakes end the program.
 */
void memory_limit(const struct request *request);

#endif /* LWKEXEC_MEMORY_H */
