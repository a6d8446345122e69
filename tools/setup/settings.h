/* SPDX-License-Identifier: GPL-2.0 */
/* What can be set while the LWK runs, and forgets when it ends. */
#ifndef LWK_SETUP_SETTINGS_H
#define LWK_SETUP_SETTINGS_H

#include <json.h>

#include "problems.h"

/* A problem for each member of @settings that is unknown or wrong. */
void settings_validate(json_object *settings, struct problems *problems);

/*
 * Sets them in the kernel whose files are below @root ("" for ours). A problem
 * for each that could not be set; the others are. Who may join comes last.
 */
void settings_apply(json_object *settings, const char *root,
		    struct problems *problems);

#endif /* LWK_SETUP_SETTINGS_H */
