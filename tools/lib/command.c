// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"

static int check_file(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno == EACCES ? -EACCES : -ENOENT;
	if (!S_ISREG(st.st_mode) ||
	    faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0)
		return -EACCES;
	return 0;
}

/* An empty directory in PATH means the current one. */
static int check_in(const char *dir, size_t len, const char *name)
{
	char *path;
	int ret;

	if (asprintf(&path, "%.*s%s%s", (int)len, dir, len ? "/" : "",
		     name) < 0)
		return -ENOENT;
	ret = check_file(path);
	free(path);
	return ret;
}

int command_check(const char *name)
{
	const char *path = getenv("PATH");
	int found = -ENOENT;
	size_t len;
	int ret;

	if (!*name)
		return -ENOENT;
	if (strchr(name, '/'))
		return check_file(name);
	if (!path)
		path = "/bin:/usr/bin";	/* as execvp() */
	for (;; path += len + 1) {
		len = strcspn(path, ":");
		ret = check_in(path, len, name);
		if (!ret)
			return 0;
		if (ret == -EACCES)
			found = -EACCES;
		if (!path[len])
			return found;
	}
}
