/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A process that does what it is told: functions of the test, one after the
 * other, on a Linux or on an LWK core. What they say to each other is in
 * memory that the test has shared before it starts them.
 */
#ifndef _SELFTESTS_XEMEM_ACTOR_H
#define _SELFTESTS_XEMEM_ACTOR_H

#include "xemem_common.h"
#include "../lwk/lwk_member.h"

#include <linux/futex.h>
#include <sys/syscall.h>

/* A core that was another test's may be on its way back. */
#define ACTOR_JOIN_MS	20000

/**
 * struct actor_page - between an actor and who tells it what to do
 * @turn: a futex: 0: nothing to do; 1: run @fn; 2: @status is there.
 * @fn: ends with 0, or has said what is wrong.
 * @arg: its argument.
 * @status: what it returned.
 */
struct actor_page {
	volatile int turn;
	int (*volatile fn)(void *arg);
	void *volatile arg;
	volatile int status;
};

struct actor {
	struct actor_page *page;
	pid_t pid;
	/* How long he may take for a request; 0: MEMBER_PATIENCE_MS. */
	long patience_ms;
};

/* How an actor is to be; all zero is a Linux process of the same user. */
struct actor_how {
	bool lwk;
	bool other_user;
	uid_t uid;
	gid_t gid;
	bool no_device;		/* do not open /dev/xpmem */
};

static inline long actor_futex(volatile int *p, int op, int value, long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	return syscall(SYS_futex, p, op, value, &t, NULL, 0);
}

static inline void actor_turn(struct actor_page *page, int turn)
{
	__atomic_store_n(&page->turn, turn, __ATOMIC_SEQ_CST);
	actor_futex(&page->turn, FUTEX_WAKE, 1, 0);
}

static inline bool actor_has_lwk(void)
{
	char cores[512];

	lwk_read("cores", cores, sizeof(cores));
	return cores[0] && !access("/dev/lwk", F_OK);
}

/* One LWK core for this process, for as long as it lives. 0 or -errno. */
static inline int actor_join(void)
{
	long end = now_ms() + ACTOR_JOIN_MS;
	int dev = lwk_open(), ret;

	if (dev < 0)
		return -errno;
	while ((ret = member_join(dev, 1, 0)) == -EBUSY && now_ms() < end)
		sleep_ms(20);
	return ret;
}

static inline int actor_prepare(const struct actor_how *how)
{
	/* What is inherited is not this process's. */
	if (xem_fd >= 0)
		close(xem_fd);
	xem_fd = -1;
	if (how->lwk)
		CHECK_EQ(0, actor_join());
	if (how->other_user)
		CHECK_EQ(0, xem_become(how->uid, how->gid));
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!how->no_device)
		CHECK_EQ(0, xem_open());
	xem_catch();
	return 0;
}

static inline void actor_main(struct actor_page *page,
			      const struct actor_how *how)
{
	page->status = actor_prepare(how);
	for (;;) {
		actor_turn(page, 2);
		while (page->turn != 1)
			actor_futex(&page->turn, FUTEX_WAIT, page->turn, 1000);
		page->status = page->fn(page->arg);
		fflush(NULL);
	}
}

/* Does not wait for the end of it. */
static inline void actor_post(struct actor *a, int (*fn)(void *), void *arg)
{
	a->page->fn = fn;
	a->page->arg = arg;
	actor_turn(a->page, 1);
}

/* The status of what was posted; -1: it has died, or takes too long. */
static inline int actor_wait(struct actor *a)
{
	long end = now_ms() + (a->patience_ms ?: MEMBER_PATIENCE_MS);
	siginfo_t info;

	while (a->page->turn != 2) {
		info.si_pid = 0;
		if (waitid(P_PID, a->pid, &info,
			   WEXITED | WNOHANG | WNOWAIT) || info.si_pid) {
			fprintf(stderr, "# the other process (%d) died: %d\n",
				a->pid, info.si_status);
			return -1;
		}
		if (now_ms() > end) {
			fprintf(stderr, "# the other process (%d) hangs\n",
				a->pid);
			return -1;
		}
		actor_futex(&a->page->turn, FUTEX_WAIT, 1, 10);
	}
	return a->page->status;
}

/* True if it still has not done what was posted after @ms. */
static inline bool actor_waits(struct actor *a, long ms)
{
	long end = now_ms() + ms;

	while (now_ms() < end) {
		if (a->page->turn == 2)
			return false;
		sleep_ms(10);
	}
	return true;
}

static inline int actor_do(struct actor *a, int (*fn)(void *), void *arg)
{
	actor_post(a, fn, arg);
	return actor_wait(a);
}

/* Ready to do what it is told, or says why not, with status -1 or 1. */
static inline int actor_start(struct actor *a, struct actor_how how)
{
	a->page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	CHECK(a->page != MAP_FAILED);
	a->page->turn = 1;
	fflush(NULL);
	a->pid = fork();
	CHECK(a->pid >= 0);
	if (!a->pid)
		actor_main(a->page, &how);
	return actor_wait(a);
}

/* Ends it by @sig, and waits: 128 + the signal, or -1 if it does not die. */
static inline int actor_kill(struct actor *a, int sig)
{
	long end = now_ms() + MEMBER_PATIENCE_MS;
	int status = 0;
	pid_t ended;

	if (a->pid <= 0)
		return -1;
	kill(a->pid, sig);
	while (!(ended = waitpid(a->pid, &status, WNOHANG)) && now_ms() < end)
		sleep_ms(1);
	if (ended != a->pid) {
		fprintf(stderr, "# process %d does not die\n", a->pid);
		return -1;
	}
	a->pid = 0;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

/* For a teardown: whatever became of it. */
static inline void actor_end(struct actor *a)
{
	if (a->pid > 0)
		actor_kill(a, SIGKILL);
	if (a->page)
		munmap(a->page, PAGE);
	a->page = NULL;
}

#endif /* _SELFTESTS_XEMEM_ACTOR_H */
