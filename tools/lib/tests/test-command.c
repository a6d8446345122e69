// SPDX-License-Identifier: GPL-2.0
/*
 * Finding a command: the answers are those that execvp() would give. Standing
 * in for one: who looks at the stand-in sees the command.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "tap.h"

static void make_file(const char *path, mode_t mode)
{
	FILE *file = fopen(path, "w");

	if (file)
		fclose(file);
	chmod(path, mode);
}

static void test_paths(void)
{
	ok(command_check("./yes/tool") == 0, "a path to a program");
	ok(command_check("./yes/none") == -ENOENT, "a path to nothing");
	ok(command_check("./no/tool") == -EACCES, "a path to a plain file");
	ok(command_check("./yes") == -EACCES, "a path to a directory");
	ok(command_check("./yes/tool/x") == -ENOENT, "a path below a file");
	ok(command_check("") == -ENOENT, "no name at all");
}

static void test_search(void)
{
	setenv("PATH", "yes", 1);
	ok(command_check("tool") == 0, "found in PATH");
	ok(command_check("none") == -ENOENT, "not in PATH");
	setenv("PATH", "no", 1);
	ok(command_check("tool") == -EACCES, "in PATH, not executable");
	setenv("PATH", "no:yes", 1);
	ok(command_check("tool") == 0, "executable further on in PATH");
	setenv("PATH", "no:none", 1);
	ok(command_check("tool") == -EACCES, "not executable, and no other");
	setenv("PATH", "none:", 1);
	ok(command_check("here") == 0, "empty item at the end: here");
	setenv("PATH", "none::no", 1);
	ok(command_check("here") == 0, "empty item in the middle: here");
	setenv("PATH", "none", 1);
	ok(command_check("here") == -ENOENT, "no empty item: not here");
	unsetenv("PATH");
	ok(command_check("sh") == 0, "no PATH: the system's programs");
}

static int ready[2];	/* the command is there, and it has not ended */
static volatile sig_atomic_t received;

static void receive(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	received += info->si_code == SI_QUEUE ? info->si_value.sival_int : 1;
}

static void expect(int sig)
{
	const struct sigaction action = {
		.sa_sigaction = receive,
		.sa_flags = SA_SIGINFO,
	};

	sigaction(sig, &action, NULL);
}

static void say_ready(void)
{
	if (write(ready[1], "", 1) != 1)
		_exit(99);
}

/* Long enough for a signal to come twice. Returns what has come. */
static int collect(void)
{
	int i;

	for (i = 0; i < 1000 && !received; i++)
		usleep(10000);
	usleep(200000);
	return received;
}

/* A process of its own group that stands in for @command. */
static pid_t stand_in(void (*command)(void))
{
	pid_t self = fork();
	pid_t pid;

	if (self) {
		setpgid(self, self);
		return self;
	}
	setpgid(0, 0);
	pid = command_fork();
	if (!pid) {
		close(ready[0]);
		command();
		_exit(0);
	}
	close(ready[1]);
	command_end_alike(command_attend(pid));
}

static void wait_ready(void)
{
	char byte;

	if (read(ready[0], &byte, 1) != 1)
		printf("# the command has not started\n");
}

static int status_of(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, WUNTRACED);
	return status;
}

static bool exited(int status, int with)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == with;
}

static void fails(void)
{
	_exit(7);
}

static void is_killed(void)
{
	kill(getpid(), SIGKILL);
}

/* Where it may not, its stand-in may still. */
static void faults(void)
{
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	kill(getpid(), SIGSEGV);
}

static void test_end(void)
{
	struct rlimit limit;
	int status;

	ok(exited(status_of(stand_in(fails)), 7), "its status");
	status = status_of(stand_in(is_killed));
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "its death");
	getrlimit(RLIMIT_CORE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_CORE, &limit);
	status = status_of(stand_in(faults));
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV &&
	   !WCOREDUMP(status), "death by a fault, without a dump of ours");
}

static void expects_signals(void)
{
	expect(SIGTERM);
	expect(SIGRTMIN + 1);
	say_ready();
	_exit(collect());
}

static void test_pass_on(void)
{
	const union sigval value = { .sival_int = 42 };
	pid_t pid = stand_in(expects_signals);

	wait_ready();
	kill(pid, SIGTERM);
	ok(exited(status_of(pid), 1), "a signal reaches it");
	pid = stand_in(expects_signals);
	wait_ready();
	sigqueue(pid, SIGRTMIN + 1, value);
	ok(exited(status_of(pid), 42), "a queued one with its value");
}

static void sends_to_group(void)
{
	expect(SIGUSR1);
	kill(0, SIGUSR1);
	_exit(collect());
}

static void checks_signals(void)
{
	struct sigaction action;
	sigset_t mask;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	sigaction(SIGCHLD, NULL, &action);
	_exit(sigismember(&mask, SIGUSR2) && !sigismember(&mask, SIGTERM) &&
	      action.sa_handler == SIG_IGN ? 5 : 6);
}

/* Started like this, a process cannot wait for children. */
static void test_signals_given(void)
{
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGCHLD, SIG_IGN);
	pid = stand_in(checks_signals);
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	ok(exited(status_of(pid), 5), "its mask and dispositions are ours");
	ok(exited(status_of(stand_in(sends_to_group)), 1),
	   "what it sends to its group, it gets once");
}

static void stops(void)
{
	expect(SIGCONT);
	kill(getpid(), SIGSTOP);
	_exit(collect());
}

static void test_stop(void)
{
	pid_t pid = stand_in(stops);
	int status = status_of(pid);

	ok(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP, "it stops");
	kill(pid, SIGCONT);
	ok(exited(status_of(pid), 1), "and goes on");
	pid = stand_in(stops);
	status_of(pid);
	kill(-pid, SIGCONT);
	ok(exited(status_of(pid), 1), "once, when its group is continued");
}

static void waits(void)
{
	say_ready();
	pause();
}

static void test_orphan(void)
{
	pid_t pid = stand_in(waits);
	char byte;

	wait_ready();
	kill(pid, SIGKILL);
	status_of(pid);
	close(ready[1]);
	ok(read(ready[0], &byte, 1) == 0, "it does not outlive us");
}

static void expects_interrupt(void)
{
	expect(SIGINT);
	say_ready();
	_exit(collect());
}

/* What a shell does with ^Z, fg and ^C. Exits with the number of failures. */
static void be_shell(int master, int terminal)
{
	int status, wrong = 0;
	pid_t pid;

	setsid();
	ioctl(terminal, TIOCSCTTY, 0);
	signal(SIGTTOU, SIG_IGN);
	pid = stand_in(expects_interrupt);
	tcsetpgrp(terminal, pid);
	wait_ready();
	wrong += write(master, "\032", 1) != 1;
	status = status_of(pid);
	wrong += !WIFSTOPPED(status) || WSTOPSIG(status) != SIGTSTP;
	kill(-pid, SIGCONT);
	wrong += write(master, "\003", 1) != 1;
	wrong += !exited(status_of(pid), 1);
	_exit(wrong);
}

static void test_terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	int terminal;
	pid_t pid;

	grantpt(master);
	unlockpt(master);
	terminal = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	pid = fork();
	if (!pid)
		be_shell(master, terminal);
	ok(terminal >= 0 && exited(status_of(pid), 0),
	   "keys of the terminal: ^Z stops both, ^C comes once");
	close(terminal);
	close(master);
}

static void test_stand_in(void)
{
	if (pipe(ready) < 0)
		return;
	alarm(60);
	test_end();
	test_pass_on();
	test_signals_given();
	test_stop();
	test_terminal();
	test_orphan();
	alarm(0);
}

int main(void)
{
	char dir[] = "/tmp/test-command-XXXXXX";

	/* What is written stays written when we fork. */
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	tap_plan(27);
	if (!mkdtemp(dir) || chdir(dir) < 0)
		return 1;
	mkdir("yes", 0755);
	mkdir("no", 0755);
	make_file("yes/tool", 0755);
	make_file("no/tool", 0644);
	make_file("here", 0755);
	test_paths();
	test_search();
	test_stand_in();
	unlink("yes/tool");
	unlink("no/tool");
	unlink("here");
	rmdir("yes");
	rmdir("no");
	rmdir(dir);
	return tap_status();
}
