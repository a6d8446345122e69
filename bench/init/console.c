// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "init.h"

int fail(const char *what)
{
	fprintf(stderr, "noise-init: %s: %s\n", what, strerror(errno));
	return -1;
}

int fail_with(const char *what, const char *value, const char *reason)
{
	fprintf(stderr, "noise-init: %s: '%s': %s\n", what, value, reason);
	return -1;
}

/* The first @size - 1 bytes of a file of the kernel, terminated. */
int read_text(const char *path, char *text, size_t size)
{
	size_t length = 0;
	ssize_t n = 1;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(path);
	while (length < size - 1 && n > 0) {
		n = read(fd, text + length, size - 1 - length);
		if (n > 0)
			length += n;
	}
	close(fd);
	text[length] = '\0';
	return n < 0 ? fail(path) : 0;
}

/* No message: some callers expect refusals. 0 or -1 with errno. */
int write_text(const char *path, const char *text)
{
	ssize_t length = strlen(text), n;
	int fd, error;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = write(fd, text, length);
	error = errno;
	close(fd);
	errno = error;
	return n == length ? 0 : -1;
}
