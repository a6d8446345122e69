/* SPDX-License-Identifier: GPL-2.0 */
/* What is done at each boot, before programs come that want to join. */
#ifndef LWK_SETUP_APPLY_H
#define LWK_SETUP_APPLY_H

#include "conf.h"
#include "machine.h"

#define IRQBALANCE_FILE	"/run/lwk/irqbalance"

/*
 * Writes the environment that keeps irqbalance off the cores which are the
 * LWK's now, for a machine whose files are below @root; removes it where there
 * are none. Returns 0, or -1 with errno.
 */
int apply_irqbalance(const char *root);

/*
 * Compares what is in force with @conf, and sets what is set at run time.
 * Warns on standard error. Returns the exit status.
 */
int apply_conf(const struct conf *conf, const char *path,
	       const struct machine *machine, const char *root);

#endif /* LWK_SETUP_APPLY_H */
