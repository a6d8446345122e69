/* SPDX-License-Identifier: GPL-2.0 */
/* All attachments of the machine, told to people and to programs. */
#ifndef XEMEM_ATTACHMENTS_H
#define XEMEM_ATTACHMENTS_H

#include <stdio.h>

#define ATTACHMENTS	"/sys/kernel/debug/xemem/attachments"

/* A table, or one JSON array. Returns 0, or -1 with errno. */
int attachments_text(FILE *out, FILE *in);
int attachments_json(FILE *out, FILE *in);

#endif /* XEMEM_ATTACHMENTS_H */
