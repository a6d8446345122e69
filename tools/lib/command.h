/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LWK_TOOLS_COMMAND_H
#define LWK_TOOLS_COMMAND_H

/*
 * Would execvp() find @name and may the caller execute it? Returns 0,
 * -ENOENT or -EACCES. An answer for now: execvp() has the last word.
 */
int command_check(const char *name);

#endif /* LWK_TOOLS_COMMAND_H */
