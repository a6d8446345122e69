// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "textfile.h"

static void cut_newlines(char *text)
{
	size_t len = strlen(text);

	while (len && text[len - 1] == '\n')
		text[--len] = '\0';
}

char *textfile_read(const char *path)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file;
	int error;

	file = fopen(path, "re");
	if (!file)
		return NULL;
	if (getdelim(&text, &size, '\0', file) < 0) {
		error = errno;
		free(text);
		text = ferror(file) ? NULL : strdup("");
		errno = error;
	}
	error = errno;
	fclose(file);
	errno = error;
	if (text)
		cut_newlines(text);
	return text;
}

int textfile_write(int fd, const char *text)
{
	size_t len = strlen(text);
	ssize_t ret;

	while (len) {
		ret = write(fd, text, len);
		if (ret < 0)
			return -1;
		text += ret;
		len -= (size_t)ret;
	}
	return 0;
}
