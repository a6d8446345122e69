// SPDX-License-Identifier: GPL-2.0
/*
 * Storms of time: timers of every kind, and a wall clock that is set.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "storm.h"

#define SLEEPERS	3
#define PERIOD_NS	200000
#define STEP_NS		1000000

static volatile sig_atomic_t expired;

static void on_timer(int number)
{
	(void)number;
	expired++;
}

static int timers_start(clockid_t clock)
{
	struct itimerspec every = {
		.it_interval.tv_nsec = PERIOD_NS,
		.it_value.tv_nsec = PERIOD_NS,
	};
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGALRM,
	};
	timer_t id;

	if (timer_create(clock, &event, &id) ||
	    timer_settime(id, 0, &every, NULL))
		return fail("timer of clock %d", clock);
	return 0;
}

/* All kinds at once: of the wall, of this process, by file, by sleep. */
static int timers_begin(int *fd)
{
	struct itimerspec every = {
		.it_interval.tv_nsec = PERIOD_NS,
		.it_value.tv_nsec = PERIOD_NS,
	};
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } };
	struct rlimit unlimited = { 1000000, RLIM_INFINITY };

	signal(SIGALRM, on_timer);
	signal(SIGPROF, on_timer);
	*fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC);
	if (*fd < 0 || timerfd_settime(*fd, 0, &every, NULL))
		return fail("timerfd");
	if (setitimer(ITIMER_REAL, &often, NULL) ||
	    setitimer(ITIMER_PROF, &often, NULL))
		return fail("setitimer");
	if (setrlimit(RLIMIT_CPU, &unlimited))
		return fail("RLIMIT_CPU");
	return timers_start(CLOCK_MONOTONIC) || timers_start(CLOCK_REALTIME) ||
	       timers_start(CLOCK_PROCESS_CPUTIME_ID);
}

static int timer_turn(unsigned int member)
{
	struct timespec nap = { .tv_nsec = 50000 };
	uint64_t count = 0;
	static int fd = -1;
	int before;

	(void)member;
	if (fd < 0 && timers_begin(&fd))
		return -1;
	before = expired;
	nanosleep(&nap, NULL);
	if (read(fd, &count, sizeof(count)) < 0 && errno != EINTR &&
	    errno != ECANCELED)
		return fail("timerfd");
	return expired - before + (int)count + 1;
}

static int timers_setup(void)
{
	return crew_start(SLEEPERS, timer_turn);
}

static int64_t offset_ns;
static struct timex clock_before;
static bool clock_known;

static int64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Sets the wall clock to @ns from where it would be without us. */
static int clock_shift(int64_t ns)
{
	struct timespec t;

	ns += clock_ns(CLOCK_MONOTONIC) + offset_ns;
	t.tv_sec = ns / 1000000000;
	t.tv_nsec = ns % 1000000000;
	return clock_settime(CLOCK_REALTIME, &t);
}

/* One who waits for a time of day is told of every change. */
static int waiter(void *arg)
{
	struct itimerspec at = { .it_interval.tv_sec = 1 };
	uint64_t count;
	int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC);

	(void)arg;
	if (fd < 0)
		return -1;
	for (;;) {
		at.it_value.tv_sec = clock_ns(CLOCK_REALTIME) / 1000000000 + 9;
		if (timerfd_settime(fd, TFD_TIMER_ABSTIME |
				    TFD_TIMER_CANCEL_ON_SET, &at, NULL) &&
		    errno != ECANCELED)
			return -1;
		if (read(fd, &count, sizeof(count)) < 0 && errno != ECANCELED)
			return -1;
	}
}

static int clock_setup(void)
{
	offset_ns = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
	if (adjtimex(&clock_before) < 0)
		return skip("adjtimex");
	clock_known = true;
	return child_start(waiter, NULL) < 0 ? -1 : 0;
}

static long clock_step(void)
{
	static int turn;
	struct timex t = { .modes = ADJ_FREQUENCY | ADJ_TICK };

	turn++;
	if (clock_shift(turn & 1 ? STEP_NS : -STEP_NS))
		return fail("clock_settime");
	t.freq = clock_before.freq + turn % 64 * 65536;
	t.tick = clock_before.tick + (turn & 1);
	if (adjtimex(&t) < 0)
		return fail("adjtimex");
	t = (struct timex){
		.modes = ADJ_SETOFFSET | ADJ_NANO,
		.time.tv_usec = STEP_NS / 2,
	};
	if (adjtimex(&t) < 0)
		return fail("adjtimex: ADJ_SETOFFSET");
	return 3;
}

static int clock_check(void)
{
	int64_t now;

	if (clock_shift(3600 * 1000000000LL))
		return fail("clock_settime");
	now = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
	errno = 0;
	if (now < offset_ns + 3599 * 1000000000LL)
		return fail("the clock does not go as it was set");
	return 0;
}

static void clock_undo(void)
{
	if (!clock_known)
		return;
	clock_before.modes = ADJ_FREQUENCY | ADJ_TICK | ADJ_STATUS;
	if (adjtimex(&clock_before) < 0 || clock_shift(0))
		fail("the clock was not set back");
}

const struct storm time_storms[] = {
	{
		.name = "timers",
		.what = "timers, timerfd, itimers, sleeps at a high rate",
		.setup = timers_setup,
		.step = crew_step,
	},
	{
		.name = "clock-set",
		.what = "the wall clock set and adjusted",
		.setup = clock_setup,
		.step = clock_step,
		.check = clock_check,
		.undo = clock_undo,
	},
	{ }
};
