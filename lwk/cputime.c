// SPDX-License-Identifier: GPL-2.0
/*
 * CPU time limits of members: RLIMIT_CPU, ITIMER_PROF, ITIMER_VIRTUAL and
 * timer_create(2) on CPU clocks.
 *
 * Linux lets the tick run in every thread of a process for as long as one of
 * these is armed, and batch systems set RLIMIT_CPU. A core of Linux watches
 * them instead, once a second, and lets the tick run only when one could
 * expire before it looks again.
 */
#include <linux/jiffies.h>
#include <linux/posix-timers.h>
#include <linux/sched/cputime.h>
#include <linux/sched/signal.h>
#include <linux/tick.h>
#include <linux/workqueue.h>

#include "internal.h"

#define LOOK_PERIOD	HZ
/* CPU time that one thread can use until the look after the next. */
#define LOOK_AHEAD_NS	(2 * (u64)NSEC_PER_SEC)

static void look(struct work_struct *work);
static DECLARE_DELAYED_WORK(looking, look);
/* Reservations that are held. */
static atomic_t nr_watched = ATOMIC_INIT(0);

static bool armed(const struct posix_cputimers *pct)
{
	unsigned int i;

	for (i = 0; i < CPUCLOCK_MAX; i++) {
		if (pct->bases[i].nextevt != U64_MAX)
			return true;
	}
	return false;
}

/* Could one of the timers in @pct expire in the next @ahead ns of CPU time? */
static bool expires_soon(const struct posix_cputimers *pct,
			 const struct task_cputime *used, u64 ahead)
{
	const u64 now[CPUCLOCK_MAX] = {
		[CPUCLOCK_PROF] = used->utime + used->stime,
		[CPUCLOCK_VIRT] = used->utime,
		[CPUCLOCK_SCHED] = used->sum_exec_runtime,
	};
	unsigned int i;

	for (i = 0; i < CPUCLOCK_MAX; i++) {
		if (pct->bases[i].nextevt < U64_MAX - ahead &&
		    now[i] + ahead >= pct->bases[i].nextevt)
			return true;
	}
	return false;
}

/*
 * siglock held: the thread cannot arm a timer meanwhile. @in_sum: the CPU time
 * of the process is wanted too. It is the sum of what the threads have noted,
 * and one that runs without a tick notes its own only when it is asked.
 */
static void look_at_thread(struct task_struct *t, bool in_sum)
{
	struct task_cputime used;

	lockdep_assert_held(&t->sighand->siglock);

	/* Most have none, and there may be thousands, interrupts off. */
	if (!in_sum && !armed(&t->posix_cputimers)) {
		tick_dep_clear_task(t, TICK_DEP_BIT_POSIX_TIMER);
		return;
	}
	used.sum_exec_runtime = task_sched_runtime(t);
	task_cputime(t, &used.utime, &used.stime);
	if (expires_soon(&t->posix_cputimers, &used, LOOK_AHEAD_NS))
		tick_dep_set_task(t, TICK_DEP_BIT_POSIX_TIMER);
	else
		tick_dep_clear_task(t, TICK_DEP_BIT_POSIX_TIMER);
}

/* siglock held: nobody arms a timer meanwhile, no thread comes or goes. */
static void look_at_process(struct task_struct *p)
{
	struct signal_struct *sig = p->signal;
	bool active = READ_ONCE(sig->posix_cputimers.timers_active);
	struct task_cputime used;
	struct task_struct *t;
	u64 ahead;

	for_each_thread(p, t)
		look_at_thread(t, active);

	if (!active) {
		tick_dep_clear_signal(sig, TICK_DEP_BIT_POSIX_TIMER);
		return;
	}
	thread_group_cputime(p, &used);
	ahead = LOOK_AHEAD_NS * get_nr_threads(p);
	if (expires_soon(&sig->posix_cputimers, &used, ahead))
		tick_dep_set_signal(p, TICK_DEP_BIT_POSIX_TIMER);
	else
		tick_dep_clear_signal(sig, TICK_DEP_BIT_POSIX_TIMER);
}

/**
 * lwk_cputime_look - let a process have the tick, or take it away
 * @p: a task of the process; the caller holds a reference or RCU.
 *
 * Context: any but hard interrupts.
 */
void lwk_cputime_look(struct task_struct *p)
{
	unsigned long flags;

	if (!lock_task_sighand(p, &flags))
		return;
	look_at_process(p);
	unlock_task_sighand(p, &flags);
}

static void look(struct work_struct *work)
{
	struct task_struct *p;

	/* Not about CPU time, but due as often. */
	lwk_guests_look();
	scoped_guard (rcu) {
		for_each_process(p) {
			if (READ_ONCE(p->lwk.rsv))
				lwk_cputime_look(p);
		}
	}
	if (atomic_read(&nr_watched))
		queue_delayed_work(system_unbound_wq, &looking, LOOK_PERIOD);
}

/**
 * lwk_cputime_watch - the first member of a reservation enters
 *
 * Context: process context, the member.
 */
void lwk_cputime_watch(void)
{
	lwk_cputime_look(current);
	if (atomic_inc_return(&nr_watched) == 1)
		queue_delayed_work(system_unbound_wq, &looking, LOOK_PERIOD);
}

/**
 * lwk_cputime_unwatch - the last member of a reservation has left
 *
 * Context: any.
 */
void lwk_cputime_unwatch(void)
{
	WARN_ON_ONCE(atomic_dec_return(&nr_watched) < 0);
}
