// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "savefile.h"
#include "setup.h"
#include "textfile.h"

/* So that the new name survives a crash; the file is there in any case. */
static void sync_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

static int replace(const char *path, const char *directory, const char *text)
{
	char *temporary = text_of("%s/.lwk.XXXXXX", directory);
	int fd = mkostemp(temporary, O_CLOEXEC);
	int error, ret = -1;

	if (fd < 0)
		goto free_name;
	if (textfile_write(fd, text) || fchmod(fd, 0644) || fsync(fd))
		goto remove;
	ret = rename(temporary, path);
	if (!ret)
		sync_directory(directory);
remove:
	error = errno;
	if (ret)
		unlink(temporary);
	close(fd);
	errno = error;
free_name:
	error = errno;
	free(temporary);
	errno = error;
	return ret;
}

int savefile(const char *path, const char *text)
{
	/* What a link points to is replaced, not the link. */
	char *target = realpath(path, NULL) ?: need(strdup(path));
	char *copy = need(strdup(target));
	const char *directory = dirname(copy);
	bool made;
	int ret, error;

	made = !mkdir(directory, 0755);
	ret = made || errno == EEXIST ? replace(target, directory, text) : -1;
	error = errno;
	if (ret && made)
		rmdir(directory);
	free(copy);
	free(target);
	errno = error;
	return ret;
}
