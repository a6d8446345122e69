// SPDX-License-Identifier: GPL-2.0
/*
 * Storms of processes: fork and exec, signals, io_uring's threads.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storm.h"

#define FORKERS		3
#define SIGNALLERS	2
#define ENTRIES		64
#define ROUNDS		32

static int succeeded(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return fail("waitpid");
	return status ? fail("a child ended with %#x", status) : 0;
}

static int fork_exit(void)
{
	pid_t pid = fork();

	if (pid < 0)
		return fail("fork");
	if (!pid)
		_exit(0);
	return succeeded(pid);
}

static int fork_exec(void)
{
	char *argv[] = { EXEC_NOTHING, NULL };
	pid_t pid = fork();

	if (pid < 0)
		return fail("fork");
	if (!pid) {
		execve("/proc/self/exe", argv, argv + 1);
		_exit(1);
	}
	return succeeded(pid);
}

static int spawn(void)
{
	char *argv[] = { EXEC_NOTHING, NULL };
	pid_t pid;

	errno = posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, argv + 1);
	return errno ? fail("posix_spawn") : succeeded(pid);
}

static void *no_work(void *arg)
{
	return arg;
}

static int thread(void)
{
	pthread_t id;

	errno = pthread_create(&id, NULL, no_work, NULL);
	if (errno)
		return fail("pthread_create");
	pthread_join(id, NULL);
	return 0;
}

static int fork_turn(unsigned int member)
{
	(void)member;
	return fork_exit() || fork_exec() || spawn() || thread() ? -1 : 4;
}

static int fork_setup(void)
{
	return crew_start(FORKERS, fork_turn);
}

/* Sends back what comes, until the pair is killed. */
static int echo(void *arg)
{
	union sigval value = { .sival_int = 1 };
	sigset_t *set = arg;
	siginfo_t info;

	for (;;)
		if (sigwaitinfo(set, &info) > 0 &&
		    sigqueue(info.si_pid, SIGUSR2, value))
			return -1;
}

static volatile sig_atomic_t handled;

static void handler(int number)
{
	handled = number;
}

/* There and back by a queued signal; one to itself that is handled. */
static int signal_turn(unsigned int member)
{
	struct timespec patience = { .tv_sec = 10 };
	union sigval value = { };
	static sigset_t set;
	static pid_t partner;

	(void)member;
	if (!partner) {
		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		sigaddset(&set, SIGUSR2);
		sigprocmask(SIG_BLOCK, &set, NULL);
		signal(SIGHUP, handler);
		partner = child_start(echo, &set);
		if (partner < 0)
			return -1;
	}
	if (sigqueue(partner, SIGUSR1, value))
		return fail("sigqueue");
	if (sigtimedwait(&set, NULL, &patience) != SIGUSR2)
		return fail("no signal came back");
	handled = 0;
	raise(SIGHUP);
	errno = 0;
	return handled ? 3 : fail("a signal was not handled");
}

static int signal_setup(void)
{
	return crew_start(SIGNALLERS, signal_turn);
}

struct ring {
	int fd;
	struct io_uring_params params;
	void *rings;
	size_t rings_bytes;
	struct io_uring_sqe *sqes;
};

static void *ring_map(struct ring *r, size_t bytes, off_t offset)
{
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_POPULATE, r->fd, offset);
}

static int ring_open(struct ring *r, unsigned int flags)
{
	struct io_uring_params *p = &r->params;
	size_t sq, cq;

	memset(r, 0, sizeof(*r));
	p->flags = flags;
	p->sq_thread_cpu = storm_cpu(0);
	p->sq_thread_idle = 1;
	r->fd = syscall(SYS_io_uring_setup, ENTRIES, p);
	if (r->fd < 0)
		return -1;
	sq = p->sq_off.array + p->sq_entries * sizeof(unsigned int);
	cq = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
	r->rings_bytes = sq > cq ? sq : cq;
	r->rings = ring_map(r, r->rings_bytes, IORING_OFF_SQ_RING);
	r->sqes = ring_map(r, ENTRIES * sizeof(*r->sqes), IORING_OFF_SQES);
	if (r->rings == MAP_FAILED || r->sqes == MAP_FAILED)
		return -1;
	return 0;
}

static void ring_close(struct ring *r)
{
	munmap(r->rings, r->rings_bytes);
	munmap(r->sqes, ENTRIES * sizeof(*r->sqes));
	close(r->fd);
}

static unsigned int *ring_word(struct ring *r, unsigned int offset)
{
	return (unsigned int *)((char *)r->rings + offset);
}

/* Half of them go to a worker thread of the kernel. */
static int ring_submit(struct ring *r, unsigned int count)
{
	unsigned int *array = ring_word(r, r->params.sq_off.array), i;
	unsigned int *tail = ring_word(r, r->params.sq_off.tail);
	unsigned int flags = IORING_ENTER_GETEVENTS;

	for (i = 0; i < count; i++) {
		r->sqes[i] = (struct io_uring_sqe){
			.opcode = IORING_OP_NOP,
			.flags = i & 1 ? IOSQE_ASYNC : 0,
		};
		array[i] = i;
	}
	__atomic_store_n(tail, count, __ATOMIC_RELEASE);
	if (r->params.flags & IORING_SETUP_SQPOLL)
		flags |= IORING_ENTER_SQ_WAKEUP;
	return syscall(SYS_io_uring_enter, r->fd, count, count, flags, NULL, 0);
}

static int uring_setup(void)
{
	struct ring r;

	if (ring_open(&r, 0))
		return skip("io_uring");
	ring_close(&r);
	return 0;
}

static long uring_step(void)
{
	static unsigned int turn;
	struct ring r;
	int ret;

	if (ring_open(&r, turn++ & 1 ? IORING_SETUP_SQPOLL |
				       IORING_SETUP_SQ_AFF : 0))
		return fail("a ring of %d entries", ENTRIES);
	ret = ring_submit(&r, ROUNDS);
	if (ret >= 0 && *ring_word(&r, r.params.cq_off.tail) != ROUNDS) {
		errno = 0;
		ret = -1;
	}
	if (ret < 0)
		fail("submission of %d requests", ROUNDS);
	ring_close(&r);
	return ret < 0 ? -1 : 1;
}

const struct storm process_storms[] = {
	{
		.name = "fork-exec",
		.what = "processes forked, executed, spawned; threads; exits",
		.setup = fork_setup,
		.step = crew_step,
	},
	{
		.name = "signals",
		.what = "signals queued, waited for and handled",
		.setup = signal_setup,
		.step = crew_step,
	},
	{
		.name = "io-uring",
		.what = "rings set up, used, torn down, with their threads",
		.setup = uring_setup,
		.step = uring_step,
	},
	{ }
};
