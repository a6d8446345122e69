// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/lwk.h>

#include "../programs/control.h"
#include "init.h"

#define CONTROL_FILE	"/tmp/control"
#define ARGUMENTS_MAX	32
#define POLL_NS		1000000
#define POLLS_MAX	30000
/* A storm that waits for others may take longer than it was asked to. */
#define PATIENCE	4
#define PATIENCE_LEAST	10	/* seconds */

static struct control *control;
static pid_t child;

static int make_control(void)
{
	int fd;

	fd = open(CONTROL_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, CONTROL_BYTES))
		return fail(CONTROL_FILE);
	control = mmap(NULL, CONTROL_BYTES, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_POPULATE, fd, 0);
	close(fd);
	return control == MAP_FAILED ? fail(CONTROL_FILE) : 0;
}

/* The way of lwkexec, without its choice of cores. */
static int join(void)
{
	cpu_set_t set;
	struct lwk_join request = {
		.size = sizeof(request),
		.enclave = LWK_ENCLAVE_BOOT,
		.quantum_us = LWK_QUANTUM_DEFAULT,
		.cpumask = (uintptr_t)&set,
		.cpumask_len = sizeof(set),
	};
	int fd;

	CPU_ZERO(&set);
	CPU_SET(SUBJECT_CORE, &set);
	fd = open("/dev/lwk", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return fail("/dev/lwk");
	if (ioctl(fd, LWK_IOC_JOIN, &request)) {
		close(fd);
		return fail("core 3 of the LWK");
	}
	close(fd);
	return 0;
}

/* "fwq,--work,1000" with what every program takes. */
static int run(const struct request *request)
{
	char *arguments[ARGUMENTS_MAX], *rest, *word;
	char text[sizeof(request->program)], path[300], limit[32];
	int count = 0;

	strcpy(text, request->program);
	rest = text;
	while ((word = strsep(&rest, ",")) && count < ARGUMENTS_MAX - 6)
		arguments[count++] = word;
	snprintf(path, sizeof(path), "/bin/%s", arguments[0]);
	snprintf(limit, sizeof(limit), "%g",
		 PATIENCE_LEAST + request->seconds * PATIENCE);
	arguments[count++] = "--seconds";
	arguments[count++] = limit;
	arguments[count++] = "--control";
	arguments[count++] = CONTROL_FILE;
	arguments[count++] = "--json";
	arguments[count] = NULL;
	execv(path, arguments);
	return fail(path);
}

static int become(const struct request *request)
{
	write_text("/proc/self/oom_score_adj", "-1000");
	if (request->subject == SUBJECT_LWK) {
		if (join())
			return -1;
	} else if (machine_pin(0, SUBJECT_CORE, SUBJECT_CORE)) {
		return fail("affinity of core 3");
	}
	return run(request);
}

/* 0 when the child has ended, 1 after the wait. */
static int wait_for(const volatile uint32_t *flag, int *status)
{
	struct timespec pause = { .tv_nsec = POLL_NS };

	for (int i = 0; i < POLLS_MAX; i++) {
		if (waitpid(child, status, WNOHANG) == child)
			return 0;
		if (flag && *flag)
			return 1;
		nanosleep(&pause, NULL);
	}
	return -1;
}

/* Return when it measures. */
int subject_start(const struct request *request)
{
	int status = 0;

	if (make_control())
		return -1;
	child = fork();
	if (child < 0)
		return fail("fork");
	if (!child)
		_exit(become(request) ? 127 : 0);
	switch (wait_for(&control->begun, &status)) {
	case 1:
		return 0;
	case 0:
		fprintf(stderr, "noise-init: %s: ended before it began, wait status %#x\n",
			request->program, status);
		return -1;
	default:
		fprintf(stderr, "noise-init: %s: does not begin\n",
			request->program);
		return -1;
	}
}

int subject_stop(void)
{
	int status = 0;

	/* Ended by itself: the window closed before the storm did. */
	if (waitpid(child, &status, WNOHANG) == child) {
		fprintf(stderr, "noise-init: the subject ended before the storm, wait status %#x\n",
			status);
		return -1;
	}
	control->stop = 1;
	if (wait_for(NULL, &status)) {
		fprintf(stderr, "noise-init: the subject does not end\n");
		return -1;
	}
	if (status) {
		fprintf(stderr, "noise-init: the subject failed, wait status %#x\n",
			status);
		return -1;
	}
	return 0;
}
