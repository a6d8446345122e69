/* SPDX-License-Identifier: GPL-2.0 */
/* A layout and its reasons, told to people and to programs. */
#ifndef LWK_SETUP_PROPOSAL_H
#define LWK_SETUP_PROPOSAL_H

#include <stdio.h>

#include "layout.h"

void proposal_text(FILE *out, const struct layout *layout);

/* One JSON object. */
void proposal_json(FILE *out, const struct layout *layout);

/* The boot parameters, for free(); of a layout that has cores for the LWK. */
char *proposal_command_line(const struct layout *layout);

#endif /* LWK_SETUP_PROPOSAL_H */
