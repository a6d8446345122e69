/* SPDX-License-Identifier: GPL-2.0 */
/* What /proc tells about another process. */
#ifndef LWK_TOOLS_PROCESS_H
#define LWK_TOOLS_PROCESS_H

#include <sys/types.h>

/*
 * Name of the process for people, for free(): characters that a terminal
 * might obey are replaced by '?'. NULL when it cannot be known.
 */
char *process_name(pid_t pid);

/* List of the cores it may use, for free(); NULL when it cannot be known. */
char *process_cores(pid_t pid);

#endif /* LWK_TOOLS_PROCESS_H */
