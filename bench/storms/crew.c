// SPDX-License-Identifier: GPL-2.0
/*
 * Child processes: started, counted, and gone when the storm is.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storm.h"

#define CREW_MAX	64
#define CREW_PAUSE_US	5000

/* Each member counts on a cache line of its own. */
struct tally {
	atomic_long count;
	char pad[64 - sizeof(atomic_long)];
};

static struct tally *tally;
static pid_t crew[CREW_MAX];
static unsigned int crew_size;
static long crew_seen;

/* The exit status of the child is that of @work (0..127). */
pid_t child_start(int (*work)(void *arg), void *arg)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		fail("fork");
	if (pid)
		return pid;
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	_exit(work(arg) ? 1 : 0);
}

/* Exit status of a child, or 128 + signal; -1 when there is none. */
int child_status(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) != pid)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   128 + WTERMSIG(status);
}

int child_run(int (*work)(void *arg), void *arg)
{
	pid_t pid = child_start(work, arg);

	return pid < 0 ? -1 : child_status(pid);
}

void child_kill(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	child_status(pid);
}

static bool child_of_mine(const char *pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%.20s/status", pid);
	return file_number(path, "PPid") == getpid();
}

/*
 * Kills all descendants. Orphans come to us (see main()), hence the rounds:
 * what a child leaves behind is a child of ours in the next.
 */
void children_kill(void)
{
	struct dirent *entry;
	DIR *proc;

	while (waitpid(-1, NULL, WNOHANG) >= 0 || errno == EINTR) {
		proc = opendir("/proc");
		if (!proc)
			return;
		while ((entry = readdir(proc)))
			if (atoi(entry->d_name) > 0 &&
			    child_of_mine(entry->d_name))
				kill(atoi(entry->d_name), SIGKILL);
		closedir(proc);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		pause_us(1000);
	}
	crew_size = 0;
}

struct duty {
	unsigned int member;
	int (*turn)(unsigned int member);
};

static int crew_work(void *arg)
{
	struct duty *duty = arg;
	int64_t began;
	int n;

	do {
		began = now_ns();
		n = duty->turn(duty->member);
		if (n > 0)
			tally[duty->member].count += n;
		rest(began);
	} while (n >= 0);
	return 1;
}

/*
 * @count processes, spread over the CPUs of the storm, do @turn again and
 * again; it returns the number of operations done or -1 after fail().
 */
int crew_start(unsigned int count, int (*turn)(unsigned int member))
{
	struct duty duty = { .turn = turn };

	if (!tally)
		tally = shared_memory(CREW_MAX * sizeof(*tally));
	if (!tally)
		return -1;
	for (; duty.member < count && crew_size < CREW_MAX; duty.member++) {
		crew[crew_size] = child_start(crew_work, &duty);
		if (crew[crew_size] < 0)
			return -1;
		crew_size++;
	}
	return 0;
}

/* A step that lets the crew work and returns what it did meanwhile. */
long crew_step(void)
{
	long sum = 0, done;
	unsigned int i;
	int status;

	pause_us(CREW_PAUSE_US);
	for (i = 0; i < crew_size; i++) {
		sum += tally[i].count;
		if (waitpid(crew[i], &status, WNOHANG) != crew[i])
			continue;
		errno = 0;
		return fail("a worker ended with status %#x", status);
	}
	done = sum - crew_seen;
	crew_seen = sum;
	return done;
}
