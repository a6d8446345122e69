// SPDX-License-Identifier: GPL-2.0
/*
 * CPU time limits of members: one that is far away costs no tick, one that is
 * near is enforced, by whatever way it was set. Needs an enclave of two cores
 * or more, and root.
 */
#include "lwk_member.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "../kselftest_harness.h"

#define FAR_S		3600
#define NEAR_S		3
/* Late by the period of the watch, and by what a busy host takes. */
#define LATE_S		3
/* Early by what is counted twice, see near_by_prlimit. */
#define EARLY_S		0.5
/* If it sets its limit itself: what a busy host takes from that one call. */
#define EARLY_OWN_S	0.1
/* The tick may run for two seconds after a start or a change. */
#define SETTLE_MS	2500
#define QUIET_MS	3000
#define TICK_MS		10
#define SPIN_MS		3000
/* A busy host may keep the member's core from running in some of them. */
#define TRIES		8
/* Of the signals that were due, at least one in so many must come. */
#define COARSE		4

FIXTURE(cputime)
{
	struct member member;
	int core[2];
};

FIXTURE_SETUP(cputime)
{
	ASSERT_TRUE(lwk_all_free());
	ASSERT_TRUE(lwk_two_cores(self->core));
}

FIXTURE_TEARDOWN(cputime)
{
	for (int i = 0; i < 100 && !lwk_all_free(); i++)
		sleep_ms(50);
	EXPECT_TRUE(lwk_all_free());
}

static int limit_cpu(pid_t pid, rlim_t seconds)
{
	struct rlimit limit = { seconds, RLIM_INFINITY };

	return prlimit(pid, RLIMIT_CPU, &limit, NULL);
}

static double seconds(struct timeval t)
{
	return t.tv_sec + t.tv_usec / 1e6;
}

/*
 * Waits for the end of @m, by SIGXCPU; the CPU time it took, as its parent is
 * told, or a negative number.
 */
static double killed_after(struct member *m)
{
	struct rusage usage;
	int status = 0;
	pid_t pid;

	pid = wait4(m->pid, &status, 0, &usage);
	munmap(m->page, sizeof(*m->page));
	close(m->dev);
	if (pid != m->pid || !WIFSIGNALED(status) ||
	    WTERMSIG(status) != SIGXCPU) {
		fprintf(stderr, "# ended with %#x\n", status);
		return -1;
	}
	fprintf(stderr, "# killed after %.2f s\n",
		seconds(usage.ru_utime) + seconds(usage.ru_stime));
	return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

static int spin(void *arg)
{
	member_ready();
	member_spin(&member_page->stop);
	return 0;
}

static void *spin_thread(void *arg)
{
	while (!member_page->stop)
		;
	return NULL;
}

/* One thread on each of two cores. */
static int spin_both(void *arg)
{
	pthread_t thread;

	CHECK(!pthread_create(&thread, NULL, spin_thread, NULL));
	spin(NULL);
	CHECK(!pthread_join(thread, NULL));
	return 0;
}

/* Timer interrupts of @core from SETTLE_MS on, QUIET_MS long. */
static long ticks(int core)
{
	long before;

	sleep_ms(SETTLE_MS);
	before = lwk_interrupts("LOC:", core);
	sleep_ms(QUIET_MS);
	return lwk_interrupts("LOC:", core) - before;
}

static int far_then_spin(void *arg)
{
	CHECK(!limit_cpu(0, FAR_S));
	return spin(NULL);
}

/* A batch system sets it before it starts the program. */
TEST_F_TIMEOUT(cputime, far_before_join, 120)
{
	struct rlimit none;

	ASSERT_EQ(0, getrlimit(RLIMIT_CPU, &none));
	ASSERT_EQ(0, limit_cpu(0, FAR_S));
	ASSERT_TRUE(member_start(&self->member, 0, self->core[1], spin, NULL));
	EXPECT_EQ(0, setrlimit(RLIMIT_CPU, &none));
	EXPECT_EQ(0, ticks(self->core[1]));
	EXPECT_EQ(0, member_end(&self->member));
}

TEST_F_TIMEOUT(cputime, far_after_join, 120)
{
	ASSERT_TRUE(member_start(&self->member, 0, self->core[1],
				 far_then_spin, NULL));
	EXPECT_EQ(0, ticks(self->core[1]));
	EXPECT_EQ(0, member_end(&self->member));
}

TEST_F_TIMEOUT(cputime, far_of_threads, 120)
{
	ASSERT_TRUE(member_start(&self->member, 2, 0, spin_both, NULL));
	ASSERT_EQ(0, limit_cpu(self->member.pid, FAR_S));
	EXPECT_EQ(0, ticks(self->core[0]));
	EXPECT_EQ(0, ticks(self->core[1]));
	EXPECT_EQ(0, member_end(&self->member));
}

static int near_then_spin(void *arg)
{
	CHECK(!limit_cpu(0, NEAR_S));
	return spin(NULL);
}

TEST_F_TIMEOUT(cputime, near, 120)
{
	double used;

	ASSERT_TRUE(member_start(&self->member, 0, self->core[1],
				 near_then_spin, NULL));
	used = killed_after(&self->member);
	EXPECT_LE(NEAR_S - EARLY_OWN_S, used);
	EXPECT_GT(NEAR_S + LATE_S, used);
}

/* The limit is the parent's, who is no member of anything. */
TEST_F_TIMEOUT(cputime, near_before_join, 120)
{
	struct rlimit none;
	double used;

	ASSERT_EQ(0, getrlimit(RLIMIT_CPU, &none));
	ASSERT_EQ(0, limit_cpu(0, NEAR_S));
	ASSERT_TRUE(member_start(&self->member, 0, self->core[1], spin, NULL));
	EXPECT_EQ(0, setrlimit(RLIMIT_CPU, &none));
	used = killed_after(&self->member);
	EXPECT_LE(NEAR_S - EARLY_OWN_S, used);
	EXPECT_GT(NEAR_S + LATE_S, used);
}

/* A child has its parent's limit, and CPU time of its own. */
static int fork_then_wait(void *arg)
{
	struct rusage usage;
	int status;
	double used;
	pid_t pid;

	CHECK(!limit_cpu(0, NEAR_S));
	pid = fork();
	CHECK(pid >= 0);
	if (!pid)
		_exit(spin(NULL));
	CHECK(wait4(pid, &status, 0, &usage) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU);
	used = seconds(usage.ru_utime) + seconds(usage.ru_stime);
	CHECK(used >= NEAR_S - EARLY_OWN_S && used < NEAR_S + LATE_S);
	return 0;
}

TEST_F_TIMEOUT(cputime, near_of_child, 120)
{
	ASSERT_TRUE(member_start(&self->member, 0, self->core[1],
				 fork_then_wait, NULL));
	EXPECT_EQ(0, wait_status(self->member.pid));
}

/*
 * Somebody else sets the first limit while the member computes: what a thread
 * has computed since it last entered the kernel is then counted twice, by
 * Linux. So this comes soon after the start.
 */
TEST_F_TIMEOUT(cputime, near_by_prlimit, 120)
{
	double used;

	ASSERT_TRUE(member_start(&self->member, 0, self->core[1], spin, NULL));
	ASSERT_EQ(0, limit_cpu(self->member.pid, NEAR_S));
	used = killed_after(&self->member);
	EXPECT_LE(NEAR_S - EARLY_S, used);
	EXPECT_GT(NEAR_S + LATE_S, used);
}

/* The same when it was far away before and nobody has ticked for a while. */
TEST_F_TIMEOUT(cputime, far_then_near, 120)
{
	double used;

	ASSERT_TRUE(member_start(&self->member, 0, self->core[1],
				 far_then_spin, NULL));
	EXPECT_EQ(0, ticks(self->core[1]));
	ASSERT_EQ(0, limit_cpu(self->member.pid, 2 * NEAR_S));
	used = killed_after(&self->member);
	EXPECT_LE(2 * NEAR_S - EARLY_OWN_S, used);
	EXPECT_GT(2 * NEAR_S + LATE_S, used);
}

/* Two threads use it up in half the time. */
TEST_F_TIMEOUT(cputime, near_of_threads, 120)
{
	double used;

	ASSERT_TRUE(member_start(&self->member, 2, 0, spin_both, NULL));
	ASSERT_EQ(0, limit_cpu(self->member.pid, 2 * NEAR_S));
	used = killed_after(&self->member);
	EXPECT_LE(2 * NEAR_S - EARLY_S, used);
	EXPECT_GT(2 * (NEAR_S + LATE_S), used);
}

/* Timers on CPU time: each way to have one. */

#define SIG_TIMER	SIGALRM

static int arm_itimer(int which, long first_ms, long every_ms)
{
	struct itimerval value = {
		.it_value = { first_ms / 1000, first_ms % 1000 * 1000 },
		.it_interval = { every_ms / 1000, every_ms % 1000 * 1000 },
	};

	return setitimer(which, &value, NULL);
}

static int arm_clock(clockid_t clock, long first_ms, long every_ms)
{
	static timer_t timer;
	static bool made;
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIG_TIMER,
	};
	struct itimerspec value = {
		.it_value = { first_ms / 1000, first_ms % 1000 * 1000000 },
		.it_interval = { every_ms / 1000, every_ms % 1000 * 1000000 },
	};

	if (!made && timer_create(clock, &event, &timer))
		return -1;
	made = true;
	return timer_settime(timer, 0, &value, NULL);
}

static int arm_prof(long first_ms, long every_ms)
{
	return arm_itimer(ITIMER_PROF, first_ms, every_ms);
}

static int arm_virtual(long first_ms, long every_ms)
{
	return arm_itimer(ITIMER_VIRTUAL, first_ms, every_ms);
}

static int arm_process(long first_ms, long every_ms)
{
	return arm_clock(CLOCK_PROCESS_CPUTIME_ID, first_ms, every_ms);
}

static int arm_thread(long first_ms, long every_ms)
{
	return arm_clock(CLOCK_THREAD_CPUTIME_ID, first_ms, every_ms);
}

FIXTURE(timer)
{
	struct member member;
	int core[2];
};

FIXTURE_VARIANT(timer)
{
	int (*arm)(long first_ms, long every_ms);
};

FIXTURE_VARIANT_ADD(timer, prof) { .arm = arm_prof };
FIXTURE_VARIANT_ADD(timer, virtual) { .arm = arm_virtual };
FIXTURE_VARIANT_ADD(timer, process) { .arm = arm_process };
FIXTURE_VARIANT_ADD(timer, thread) { .arm = arm_thread };

FIXTURE_SETUP(timer)
{
	ASSERT_TRUE(lwk_all_free());
	ASSERT_TRUE(lwk_two_cores(self->core));
}

FIXTURE_TEARDOWN(timer)
{
	EXPECT_TRUE(lwk_all_free());
}

static void catch_timers(void)
{
	signal(SIGPROF, member_handler);
	signal(SIGVTALRM, member_handler);
	signal(SIG_TIMER, member_handler);
}

/* Many, until told to disarm; then none. */
static int armed(void *arg)
{
	const FIXTURE_VARIANT(timer) *variant = arg;

	catch_timers();
	CHECK(!variant->arm(TICK_MS, TICK_MS));
	member_ready();
	member_spin(&member_page->go);
	CHECK(!variant->arm(0, 0));
	member_page->done = 1;
	member_spin(&member_page->stop);
	return 0;
}

/*
 * Signals in SPIN_MS, of how many could be: never more than time allows, and
 * fewer only where the host did not let this process run that often, either.
 */
static bool interval_kept(FIXTURE_DATA(timer) *self, bool *never_more)
{
	int before = self->member.page->signals, signals;
	long begin = now_ms(), turns = 0, due;

	for (; now_ms() < begin + SPIN_MS; turns++)
		sleep_ms(TICK_MS);
	signals = self->member.page->signals - before;
	due = (now_ms() - begin) / TICK_MS;
	fprintf(stderr, "# %d signals, %ld were due, %ld turns\n", signals, due,
		turns);
	*never_more = signals <= due + due / COARSE;
	return signals >= turns / COARSE;
}

TEST_F_TIMEOUT(timer, interval, 120)
{
	bool kept = false, never_more = true;
	int ended;

	ASSERT_TRUE(member_start(&self->member, 0, self->core[1], armed,
				 (void *)variant));
	/* Whoever watches has looked at it since it was armed. */
	sleep_ms(SETTLE_MS);
	for (int i = 0; i < TRIES && !kept && never_more; i++)
		kept = interval_kept(self, &never_more);
	EXPECT_TRUE(kept);
	EXPECT_TRUE(never_more);

	EXPECT_TRUE(member_go(&self->member));
	sleep_ms(SETTLE_MS);
	ended = self->member.page->signals;
	EXPECT_EQ(0, ticks(self->core[1]));
	EXPECT_EQ(ended, self->member.page->signals);
	EXPECT_EQ(0, member_end(&self->member));
}

/* One, later than anybody looks ahead. */
static int armed_once(void *arg)
{
	const FIXTURE_VARIANT(timer) *variant = arg;
	struct timespec used;

	catch_timers();
	CHECK(!variant->arm(NEAR_S * 1000, 0));
	member_ready();
	member_spin(&member_page->signals);
	CHECK(!clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used));
	CHECK(used.tv_sec >= NEAR_S && used.tv_sec < NEAR_S + LATE_S);
	member_page->done = 1;
	member_spin(&member_page->stop);
	return 0;
}

TEST_F_TIMEOUT(timer, once, 120)
{
	ASSERT_TRUE(member_start(&self->member, 0, self->core[1], armed_once,
				 (void *)variant));
	EXPECT_TRUE(member_wait(&self->member.page->done, 1));
	EXPECT_EQ(1, self->member.page->signals);
	EXPECT_EQ(0, member_end(&self->member));
}

TEST_HARNESS_MAIN
