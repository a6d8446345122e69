// SPDX-License-Identifier: GPL-2.0
/*
 * A process on LWK cores that others are born of. They are children of the
 * storm's first process all the same, which is on a core of Linux: on one of
 * the LWK it would have its turn as seldom as each of them.
 */
#include "storm.h"
#include "../lwk/lwk_member.h"

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>

/* To it and from it: slots, and who is there now. */
static int requests = -1, answers = -1;

static void nurse(int in, int out)
{
	int slot;
	pid_t pid;

	while (read(in, &slot, sizeof(slot)) == sizeof(slot)) {
		pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
		if (!pid) {
			close(in);
			close(out);
			storm_live(slot);
		}
		if (pid < 0)
			pid = -errno;
		if (write(out, &pid, sizeof(pid)) != sizeof(pid))
			break;
	}
	_exit(0);
}

static void join_and_nurse(int in, int out, int cores)
{
	int dev = lwk_open();
	int ret = dev < 0 ? -errno : member_join(dev, cores, 0);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (write(out, &ret, sizeof(ret)) != sizeof(ret) || ret)
		_exit(1);
	nurse(in, out);
}

int storm_nursery_start(int cores)
{
	int in[2], out[2], ret;
	pid_t pid;

	if (pipe2(in, O_CLOEXEC))
		return -errno;
	if (pipe2(out, O_CLOEXEC)) {
		ret = -errno;
		goto close_in;
	}
	fflush(NULL);
	pid = fork();
	if (!pid) {
		close(in[1]);
		close(out[0]);
		join_and_nurse(in[0], out[1], cores);
	}
	ret = pid < 0 ? -errno : 0;
	close(in[0]);
	close(out[1]);
	if (!ret && read(out[0], &ret, sizeof(ret)) != sizeof(ret))
		ret = -ECHILD;
	if (!ret) {
		requests = in[1];
		answers = out[0];
		return 0;
	}
	close(out[0]);
	close(in[1]);
	return ret;

close_in:
	close(in[0]);
	close(in[1]);
	return ret;
}

bool storm_nursery_there(void)
{
	return requests >= 0;
}

pid_t storm_nursery_fork(int slot)
{
	pid_t pid = -1;

	if (write(requests, &slot, sizeof(slot)) != sizeof(slot) ||
	    read(answers, &pid, sizeof(pid)) != sizeof(pid))
		return -ECHILD;
	return pid;
}

void storm_nursery_stop(void)
{
	if (requests < 0)
		return;
	close(requests);
	close(answers);
	requests = -1;
	answers = -1;
}
