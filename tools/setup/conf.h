/* SPDX-License-Identifier: GPL-2.0 */
/* The configuration file, see lwk.conf(5). */
#ifndef LWK_SETUP_CONF_H
#define LWK_SETUP_CONF_H

#include <json.h>

#include "bootarg.h"
#include "layout.h"
#include "machine.h"
#include "problems.h"

#define CONF_PATH	"/etc/lwk/lwk.conf"
#define CONF_VERSION	1

/**
 * struct conf - the file, found valid
 * @root: all of it
 * @cpus: value of lwkcpus=
 * @memory: value of lwkmem=; NULL: none
 * @settings: what is set at run time; NULL: nothing
 * @machine: which hardware it is for; NULL: any
 */
struct conf {
	json_object *root;
	const char *cpus;
	const char *memory;
	json_object *settings;
	json_object *machine;
};

/*
 * Reads @path. Returns 0, or -1 with at least one problem that says why, and
 * with @errno of the file if it could not be read, else 0; then there is
 * nothing to free.
 */
int conf_read(struct conf *conf, const char *path, struct problems *problems);

void conf_free(struct conf *conf);

/* A problem for each reason why it does not fit @machine. */
void conf_check(const struct conf *conf, const struct machine *machine,
		struct problems *problems);

/* Did lwk-setup write it? */
bool conf_is_ours(const struct conf *conf);

/* Boot parameters, for free(). */
char *conf_command_line(const struct conf *conf);

/*
 * A new file of @layout with the settings of @old, which may be NULL. Replaces
 * @path, all of it or nothing. Returns 0, or -1 with errno.
 */
int conf_write(const char *path, const struct layout *layout,
	       const struct conf *old);

#endif /* LWK_SETUP_CONF_H */
