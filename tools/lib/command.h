/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LWK_TOOLS_COMMAND_H
#define LWK_TOOLS_COMMAND_H

#include <sys/types.h>

/*
 * Would execvp() find @name and may the caller execute it? Returns 0,
 * -ENOENT or -EACCES. An answer for now: execvp() has the last word.
 */
int command_check(const char *name);

/*
 * Fork a child that is to become a command, while the caller stands in for it
 * before everybody else: fork(2), but that signals stay blocked in the caller
 * until it exits, and that its death is the child's. The child's signals are
 * as the caller's were.
 */
pid_t command_fork(void);

/*
 * Wait for the end of @pid, which command_fork() has returned: the status of
 * wait(2). Until then the child gets the signals that the caller does, and the
 * caller is stopped when the child is.
 */
int command_attend(pid_t pid);

/* Exit, or die, as the child with that @status did; without a core dump. */
_Noreturn void command_end_alike(int status);

#endif /* LWK_TOOLS_COMMAND_H */
