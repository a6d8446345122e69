// SPDX-License-Identifier: GPL-2.0
/*
 * A machine without swap whose memory is used up by frozen segments, by an
 * ordinary user: the OOM killer takes him who can give it back, and no
 * bystander, who has more than he has himself.
 *
 * For a small machine, which nobody else uses.
 */
#include <stdbool.h>
#include <sys/prctl.h>

#include "../kselftest_harness.h"
#include "xemem_actor.h"
#include "xemem_memory.h"
#include "../lwk/lwk_meminfo.h"

#define SECONDS		600
#define LEN		(32 * MIB)

/**
 * struct talk - what processes say to each other
 * @segid: of the last segment.
 * @made: how many there are.
 * @attached: how many of them somebody has attached.
 * @ready: the bystander has his memory.
 */
struct talk {
	volatile __s64 segid;
	volatile long made;
	volatile long attached;
	volatile int ready;
};

static struct talk *talk;

static long memory_kb(void)
{
	return value_of("/proc/meminfo", "MemTotal");
}

/* A third of the machine. */
static void stand_by(void)
{
	size_t size = (memory_kb() / 3 << 10) & -LARGE;
	char *p = memory_new(MEMORY_SMALL, size);

	if (p == MAP_FAILED)
		_exit(1);
	xem_fill(p, size, 7);
	talk->ready = 1;
	for (;;)
		pause();
}

static int begin(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	CHECK_EQ(0, xem_become(NOBODY, NOBODY));
	return xem_open();
}

static long wait_for_number(volatile long *p, long least)
{
	while (*p < least)
		sleep_ms(1);
	return *p;
}

/* Version after version, twice as many as there is room for. */
static int make(bool hand_over)
{
	long most = 2 * memory_kb() / (LEN >> 10);
	char *p;

	CHECK_EQ(0, begin());
	p = memory_new(MEMORY_SMALL, LEN);
	CHECK(p != MAP_FAILED);
	for (long i = 1; i <= most; i++) {
		struct xemem_make req = xem_request(p, LEN, "");

		req.mode = 0666;
		req.flags = XEMEM_FROZEN;
		xem_fill(p, LEN, i);
		talk->segid = xem_make_ext(&req);
		CHECK(talk->segid > 0);
		talk->made = i;
		if (!hand_over)
			continue;
		wait_for_number(&talk->attached, i);
		CHECK_EQ(0, xem_remove(talk->segid));
	}
	return 0;
}

/* Attaches them all, and keeps them. */
static int keep(void)
{
	CHECK_EQ(0, begin());
	for (long i = 1;; i++) {
		__s64 apid;
		char *p;

		wait_for_number(&talk->made, i);
		apid = xem_get(talk->segid, XPMEM_ABI_RDONLY);
		CHECK(apid > 0);
		p = xem_attach_ext(apid, 0, LEN, XEMEM_LAZY | XEMEM_READ);
		CHECK_EQ(0, xem_error(p));
		CHECK_EQ(0, xem_wrong(p, PAGE, i));
		talk->attached = i;
	}
	return 0;
}

FIXTURE(oom)
{
	pid_t bystander;
};

FIXTURE_SETUP(oom)
{
	long end = now_ms() + MEMBER_PATIENCE_MS;

	if (value_of("/proc/meminfo", "SwapTotal") || memory_kb() > 1 << 20)
		SKIP(return, "not a small machine without swap");
	ASSERT_EQ(0, xem_begin());
	talk = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)talk);
	xem_catch();
	self->bystander = fork();
	if (!self->bystander)
		stand_by();
	while (!talk->ready && now_ms() < end)
		sleep_ms(10);
	ASSERT_EQ(1, talk->ready);
}

FIXTURE_TEARDOWN(oom)
{
	kill(self->bystander, SIGKILL);
	waitpid(self->bystander, NULL, 0);
	close(xem_fd);
}

#define OOM_TEST(name)	TEST_F_TIMEOUT(oom, name, SECONDS)

/* How it ended can still be asked for. */
static bool lives(pid_t pid)
{
	siginfo_t info = {};

	return !waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) &&
	       !info.si_pid;
}

/* Whoever it is, of those three. */
static void wait_for_a_death(pid_t a, pid_t b, pid_t c)
{
	while (lives(a) && lives(b) && lives(c))
		sleep_ms(10);
}

OOM_TEST(maker)
{
	pid_t maker = fork();
	__s64 apid;
	char *p;

	if (!maker)
		_exit(make(false));
	/* Who was killed for his memory gives all of it back. */
	wait_for_number(&talk->made, 1);
	apid = xem_get(talk->segid, XPMEM_ABI_RDONLY);
	ASSERT_LT(0, apid);
	p = xem_attach_ext(apid, 0, LEN, XEMEM_LAZY | XEMEM_READ);
	ASSERT_EQ(0, xem_error(p));
	EXPECT_EQ(0, xem_peek(p));
	EXPECT_EQ(128 + SIGKILL, wait_status(maker));
	TH_LOG("after %ld MiB", talk->made * (LEN / MIB));
	EXPECT_TRUE(lives(self->bystander));
	EXPECT_EQ(SIGBUS, xem_peek(p));
}

OOM_TEST(importer)
{
	pid_t importer = fork(), maker;

	if (!importer)
		_exit(keep());
	maker = fork();
	if (!maker)
		_exit(make(true));
	wait_for_a_death(importer, maker, self->bystander);
	TH_LOG("after %ld MiB", talk->made * (LEN / MIB));
	EXPECT_FALSE(lives(importer));
	EXPECT_TRUE(lives(self->bystander));
	EXPECT_TRUE(lives(maker));
	kill(maker, SIGKILL);
	waitpid(maker, NULL, 0);
	kill(importer, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, wait_status(importer));
}

TEST_HARNESS_MAIN
