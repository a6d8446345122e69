// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

/* All but those by which our own faults must still end us. */
static void fill_attended(sigset_t *set)
{
	static const int faults[] = {
		SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP,
	};
	size_t i;

	sigfillset(set);
	for (i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		sigdelset(set, faults[i]);
}

/* What runs on reserved cores must not outlive the one who can be killed. */
static void die_with(pid_t parent)
{
	pid_t now;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	now = getppid();
	/* 0: a parent in another pid namespace. */
	if (now && now != parent)
		raise(SIGKILL);
}

pid_t command_fork(void)
{
	const struct sigaction standard = { .sa_handler = SIG_DFL };
	struct sigaction children;
	pid_t self = getpid();
	sigset_t set, mask;
	pid_t pid;

	fill_attended(&set);
	sigprocmask(SIG_BLOCK, &set, &mask);
	/* Where it is ignored, no child can be waited for. */
	sigaction(SIGCHLD, &standard, &children);
	pid = fork();
	if (pid > 0)
		return pid;
	if (!pid)
		die_with(self);
	sigaction(SIGCHLD, &children, NULL);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return pid;
}

/**
 * struct attended - the child, as wait(2) has told
 * @pid: who it is
 * @stopped: the signal that stopped it; 0: it runs
 * @status: its end
 */
struct attended {
	pid_t pid;
	int stopped;
	int status;
};

/* Hear all the news of the child. Returns true when it has ended. */
static bool has_ended(struct attended *child)
{
	int status;

	while (waitpid(child->pid, &status,
		       WNOHANG | WUNTRACED | WCONTINUED) == child->pid) {
		if (WIFSTOPPED(status)) {
			child->stopped = WSTOPSIG(status);
		} else if (WIFCONTINUED(status)) {
			child->stopped = 0;
		} else {
			child->status = status;
			return true;
		}
	}
	return false;
}

/* Receive @sig now, as if nobody had changed what it does. */
static void suffer(int sig)
{
	const struct sigaction standard = { .sa_handler = SIG_DFL };
	struct sigaction action = standard;
	sigset_t set, mask;

	sigemptyset(&set);
	sigaddset(&set, sig);
	sigaction(sig, &standard, &action);
	kill(getpid(), sig);
	sigprocmask(SIG_UNBLOCK, &set, &mask);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	sigaction(sig, &action, NULL);
}

/*
 * Terminals send to a process group, and the child is in ours unless it left.
 * A child that sends to its group, or to its parent, does not mean itself
 * twice.
 */
static bool has_it_already(pid_t pid, const siginfo_t *info)
{
	switch (info->si_code) {
	case SI_USER:
	case SI_QUEUE:
	case SI_TKILL:
		return info->si_pid == pid;
	case SI_KERNEL:
		break;
	default:
		return false;
	}
	switch (info->si_signo) {
	case SIGHUP:
	case SIGINT:
	case SIGQUIT:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
	case SIGWINCH:
		return getpgid(pid) == getpgrp();
	default:
		return false;
	}
}

/* An error means that the sender could not have sent it to the child. */
static void pass_on(pid_t pid, const siginfo_t *info)
{
	if (has_it_already(pid, info))
		return;
	if (info->si_code == SI_QUEUE)
		sigqueue(pid, info->si_signo, info->si_value);
	else
		kill(pid, info->si_signo);
}

int command_attend(pid_t pid)
{
	struct attended child = { .pid = pid };
	siginfo_t info;
	sigset_t set;
	int before;

	fill_attended(&set);
	for (;;) {
		if (sigwaitinfo(&set, &info) < 0)
			continue;
		if (info.si_signo != SIGCHLD && info.si_signo != SIGCONT) {
			pass_on(pid, &info);
			continue;
		}
		before = child.stopped;
		if (has_ended(&child))
			return child.status;
		/* What continued a group has continued the child already. */
		if (info.si_signo == SIGCONT && child.stopped)
			kill(pid, SIGCONT);
		else if (child.stopped && !before)
			suffer(child.stopped);
	}
}

_Noreturn void command_end_alike(int status)
{
	if (WIFEXITED(status))
		exit(WEXITSTATUS(status));
	/* The child's dump is the one that tells something. */
	prctl(PR_SET_DUMPABLE, 0);
	suffer(WTERMSIG(status));
	exit(128 + WTERMSIG(status));
}
