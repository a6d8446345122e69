/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For which hardware a configuration is: numbers of cores and memory by node,
 * and nothing that tells one machine from another of its kind.
 */
#ifndef LWK_SETUP_FINGERPRINT_H
#define LWK_SETUP_FINGERPRINT_H

#include <json.h>

#include "machine.h"
#include "problems.h"

/* Of @machine, a new object. */
json_object *fingerprint_make(const struct machine *machine);

/* Is @print one? A problem for each thing that is wrong with it. */
void fingerprint_validate(json_object *print, struct problems *problems);

/*
 * A problem for each difference between @print, a valid one, and @machine.
 * Memory may differ by a sixteenth: kernels keep more or less for themselves.
 */
void fingerprint_compare(json_object *print, const struct machine *machine,
			 struct problems *problems);

/*
 * The value of lwkfor=, for free(): CPUs of each node that has any, with
 * colons between the nodes. NULL if there were CPUs off line: the kernel does
 * not know that of them when it reads the value.
 */
char *fingerprint_bootarg(json_object *print);

#endif /* LWK_SETUP_FINGERPRINT_H */
