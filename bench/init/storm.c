// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "init.h"

#define PROGRAM		"/bin/storm"
#define OUTPUT_FILE	"/tmp/storm.out"
#define REASON_FILE	"/tmp/storm.err"
#define UNSUPPORTED	77

static int redirect(int to, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || dup2(fd, to) < 0)
		return fail(path);
	close(fd);
	return 0;
}

static int become(const struct request *request)
{
	char seconds[32];

	snprintf(seconds, sizeof(seconds), "%g", request->seconds);
	if (redirect(STDOUT_FILENO, OUTPUT_FILE) ||
	    redirect(STDERR_FILENO, REASON_FILE))
		return -1;
	execl(PROGRAM, "storm", "-c", STORM_CORES, "-t", seconds,
	      request->storm, NULL);
	return fail(PROGRAM);
}

/* The first line of what it wrote, of which a message has only one. */
static int first_line(const char *path, char *line, size_t size)
{
	if (read_text(path, line, size))
		return -1;
	line[strcspn(line, "\n")] = '\0';
	return 0;
}

static int report(const struct request *request, int status, int port)
{
	char line[512];

	if (WIFEXITED(status) && !WEXITSTATUS(status)) {
		if (first_line(OUTPUT_FILE, line, sizeof(line)))
			return -1;
		if (strncmp(line, "operations ", 11))
			return fail_with(request->storm, line,
					 "not a number of operations");
		dprintf(port, "%s\n", line);
		return 0;
	}
	if (first_line(REASON_FILE, line, sizeof(line)))
		return -1;
	if (WIFEXITED(status) && WEXITSTATUS(status) == UNSUPPORTED) {
		dprintf(port, "unsupported %s\n", line);
		return 0;
	}
	fprintf(stderr, "noise-init: storm %s: wait status %#x: %s\n",
		request->storm, status, line);
	return -1;
}

static void rest(double seconds)
{
	struct timespec time = { .tv_sec = seconds };

	time.tv_nsec = (seconds - time.tv_sec) * 1e9;
	nanosleep(&time, NULL);
}

int storm_run(const struct request *request, int port)
{
	int status = 0;
	pid_t child;

	if (!*request->storm) {
		rest(request->seconds);
		return 0;
	}
	child = fork();
	if (child < 0)
		return fail("fork");
	if (!child)
		_exit(become(request) ? 127 : 0);
	if (waitpid(child, &status, 0) != child)
		return fail("waitpid");
	return report(request, status, port);
}
